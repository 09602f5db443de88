//! What reads return: the model as a node or a requester is told it, before it is written for
//! any wire.

use crate::domain::{
    certificate::{
        Certificate, CertificateKind, CertificateSerial, CertificateStatus, CertificateSubject,
        Validity,
    },
    computer::Address,
    identifier::{
        ComputerReference, InstanceReference, PartitionAddress, PartitionReference,
        SoftwareReleaseUri, SoftwareType, Title,
    },
    parameters::Parameters,
    secret::Secret,
    software::SoftwareInstallation,
    state::{InstanceKind, RequestedState},
    time::Timestamp,
};

/// All that a computer is told: `getFullComputerInformation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComputerView {
    /// The computer.
    pub reference: ComputerReference,
    /// Its listed partitions in natural order.
    pub partitions: Vec<PartitionView>,
    /// Its live software installations, oldest first.
    pub installations: Vec<SoftwareInstallation>,
}

/// A partition and what is on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionView {
    /// Its computer.
    pub computer: ComputerReference,
    /// Its reference.
    pub reference: PartitionReference,
    /// Its live software instance; a free one, or one whose instance ended, has none.
    pub instance: Option<OccupantView>,
}

/// The live software instance on a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OccupantView {
    /// Its reference.
    pub reference: InstanceReference,
    /// Its title.
    pub title: Title,
    /// Title of its tree.
    pub tree_title: Title,
    /// Its release.
    pub release: SoftwareReleaseUri,
    /// Its software type.
    pub software_type: SoftwareType,
    /// What is wanted of it.
    pub state: RequestedState,
    /// Its parameters.
    pub parameters: Parameters,
    /// What it published.
    pub connection: Parameters,
    /// Its SLA.
    pub sla: Parameters,
    /// Its status text, `#access …`, or that there is none.
    pub access_status: String,
    /// The shared instances that it serves.
    pub shared: Vec<SharedView>,
    /// Addresses of its partition, in stored order.
    pub addresses: Vec<Address>,
    /// The visible timestamp (`semantics.md` 8.3).
    pub timestamp: Timestamp,
}

/// A shared instance in its host's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedView {
    /// Its reference.
    pub reference: InstanceReference,
    /// Its title.
    pub title: Title,
    /// Title of the tree that it belongs to.
    pub tree_title: Title,
    /// Whether it is the root of that tree.
    pub is_root: bool,
    /// Its software type.
    pub software_type: SoftwareType,
    /// Its parameters.
    pub parameters: Parameters,
    /// Its connection parameters.
    pub connection: Parameters,
    /// When it was last changed or banged.
    pub timestamp: Timestamp,
}

/// An allocated instance as its requester is told it: the answer of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedView {
    /// Its partition; of a shared instance, its host's.
    pub at: PartitionAddress,
    /// Its kind.
    pub kind: InstanceKind,
    /// Its reference.
    pub reference: InstanceReference,
    /// Its title.
    pub title: Title,
    /// Title of its tree.
    pub tree_title: Title,
    /// Whether it is the root of its tree.
    pub is_root: bool,
    /// Its release.
    pub release: SoftwareReleaseUri,
    /// Its software type.
    pub software_type: SoftwareType,
    /// What is wanted of it.
    pub state: RequestedState,
    /// Its parameters.
    pub parameters: Parameters,
    /// What it, or its host for it, published.
    pub connection: Parameters,
    /// Its SLA.
    pub sla: Parameters,
    /// The shared instances that it serves; none for a shared instance.
    pub shared: Vec<SharedView>,
    /// Addresses of the partition, in stored order.
    pub addresses: Vec<Address>,
    /// The visible timestamp.
    pub timestamp: Timestamp,
}

/// An instance of either kind as it is told by itself, wherever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceView {
    /// Its partition, if it is on one; of a shared instance, its host's.
    pub at: Option<PartitionAddress>,
    /// Its kind.
    pub kind: InstanceKind,
    /// Its reference.
    pub reference: InstanceReference,
    /// Its title.
    pub title: Title,
    /// Title of its tree.
    pub tree_title: Title,
    /// Its release.
    pub release: SoftwareReleaseUri,
    /// Its software type.
    pub software_type: SoftwareType,
    /// What is wanted of it.
    pub state: RequestedState,
    /// Its parameters.
    pub parameters: Parameters,
    /// What it, or its host for it, published.
    pub connection: Parameters,
    /// Its SLA.
    pub sla: Parameters,
    /// Addresses of its partition, in stored order.
    pub addresses: Vec<Address>,
    /// The visible timestamp.
    pub timestamp: Timestamp,
    /// Its status text, `#access …`, or that there is none.
    pub access_status: String,
}

impl InstanceView {
    /// What its requester was told, with the status text.
    pub fn of_requested(view: RequestedView, access_status: String) -> Self {
        Self {
            at: Some(view.at),
            kind: view.kind,
            reference: view.reference,
            title: view.title,
            tree_title: view.tree_title,
            release: view.release,
            software_type: view.software_type,
            state: view.state,
            parameters: view.parameters,
            connection: view.connection,
            sla: view.sla,
            addresses: view.addresses,
            timestamp: view.timestamp,
            access_status,
        }
    }

    /// What the partition that it is on is told.
    pub(super) fn of_occupant(at: PartitionAddress, occupant: OccupantView) -> Self {
        Self {
            at: Some(at),
            kind: InstanceKind::Software,
            reference: occupant.reference,
            title: occupant.title,
            tree_title: occupant.tree_title,
            release: occupant.release,
            software_type: occupant.software_type,
            state: occupant.state,
            parameters: occupant.parameters,
            connection: occupant.connection,
            sla: occupant.sla,
            addresses: occupant.addresses,
            timestamp: occupant.timestamp,
            access_status: occupant.access_status,
        }
    }

    /// Whether it is the root of its tree, which alone bears its title.
    pub fn is_root(&self) -> bool {
        self.title == self.tree_title
    }
}

/// An instance in a list of those on a computer, or of those that another one hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedInstance {
    /// Its partition; of a shared instance, its host's.
    pub partition: PartitionReference,
    /// Its kind.
    pub kind: InstanceKind,
    /// Its reference.
    pub reference: InstanceReference,
    /// Its title.
    pub title: Title,
    /// Title of its tree.
    pub tree_title: Title,
    /// Its release.
    pub release: SoftwareReleaseUri,
    /// Its software type.
    pub software_type: SoftwareType,
    /// What is wanted of it.
    pub state: RequestedState,
    /// Its parameters.
    pub parameters: Parameters,
}

/// Which certificates are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateFilter {
    /// Those of this kind of subject.
    pub kind: Option<CertificateKind>,
    /// Those of this subject: its reference, or the server's first name.
    pub subject: Option<String>,
    /// Those that are this at present.
    pub status: Option<CertificateStatus>,
}

/// Which certificates are revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoke {
    /// The one of this serial number.
    Serial(CertificateSerial),
    /// Those of this subject that count.
    Subject(CertificateSubject),
}

/// A certificate that was issued, as it is at present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateView {
    /// Its serial number.
    pub serial: CertificateSerial,
    /// What kind of subject it has.
    pub kind: CertificateKind,
    /// Its common name: the reference of its subject, or the server's first name.
    pub common_name: String,
    /// From when to when it counts.
    pub validity: Validity,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// What it is at present.
    pub status: CertificateStatus,
    /// The certificate itself.
    pub pem: String,
}

impl CertificateView {
    /// A certificate as it is at `now`.
    pub(super) fn at(now: Timestamp, certificate: Certificate) -> Self {
        Self {
            status: certificate.status_at(now),
            serial: certificate.serial,
            kind: certificate.kind,
            common_name: certificate.common_name,
            validity: certificate.validity,
            issued_at: certificate.issued_at,
            revoked_at: certificate.revoked_at,
            pem: certificate.pem,
        }
    }
}

/// Certificate and key of a software instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatePair {
    /// The certificate.
    pub certificate_pem: String,
    /// The key, PKCS#8 in PEM form.
    pub key_pem: Secret,
    /// When the instance was last changed.
    pub changed_at: Timestamp,
}
