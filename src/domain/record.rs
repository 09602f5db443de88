//! Things as a world keeps them, with what it wrote down of them beside what somebody asked for.
//!
//! A seed whose parts have records ([`super::seed::Seed`]) is put into a world as it is: no rule is
//! asked, since the world that it is taken from asked them. References and titles stand for rows, as
//! in every seed.

use super::{
    certificate::CertificateSubject,
    identifier::{ComputerReference, InstallationReference, Title},
    instance::Wanted,
    secret::Secret,
    seed::SeedPlace,
    state::{InstanceKind, PartitionState, Validation},
    status::AccessStatus,
    time::Timestamp,
    token::Token,
};

/// What is kept of a computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComputerRecord {
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it counts.
    pub validation: Validation,
    /// What was last reported of it.
    pub status: Option<AccessStatus>,
    /// What is kept of its partitions, one for each of its format.
    pub partitions: Vec<PartitionRecord>,
    /// What it is at, if it is simulated.
    pub work: Option<WorkRecord>,
}

/// What is kept of the work of a simulated computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkRecord {
    /// Since when it is simulated.
    pub since: Timestamp,
    /// What it is at, as the database keeps it, but with references in the place of rows.
    pub progress: String,
}

/// What is kept of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionRecord {
    /// When it was last edited or taken.
    pub changed_at: Timestamp,
    /// Its slap state.
    pub state: PartitionState,
    /// Whether its computer lists it.
    pub validation: Validation,
    /// Its place in the last format that listed it.
    pub position: i64,
}

/// What is kept of software on a computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoftwareRecord {
    /// Its reference.
    pub reference: InstallationReference,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Whether it counts.
    pub validation: Validation,
    /// What was last reported of it.
    pub status: Option<AccessStatus>,
}

/// What is kept of an instance tree beside its instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeRecord {
    /// When it was made.
    pub created_at: Timestamp,
    /// Live, or archived.
    pub validation: Validation,
    /// Its title, which need not be that of an instance.
    pub title: Title,
    /// The kind of its root.
    pub kind: InstanceKind,
    /// What its owner last asked for.
    pub wanted: Wanted,
}

/// What is kept of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceRecord {
    /// When it was made, which no other instance was.
    pub created_at: Timestamp,
    /// When it was last changed or banged.
    pub changed_at: Timestamp,
    /// Whether it still counts.
    pub validation: Validation,
    /// Why it was not allocated when that was last tried.
    pub failure: Option<String>,
    /// What was last reported of it.
    pub status: Option<AccessStatus>,
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Where it is described.
    pub place: SeedPlace,
    /// The token.
    pub token: Token,
}

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRecord {
    /// Where it is described.
    pub place: SeedPlace,
    /// Whose it is.
    pub subject: CertificateSubject,
    /// The certificate, from which its serial number, its name and its time are read.
    pub pem: String,
    /// Its key, where that is handed out again.
    pub key_pem: Option<Secret>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A usage report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRecord {
    /// Where it is described.
    pub place: SeedPlace,
    /// The computer that sent it.
    pub computer: ComputerReference,
    /// Under which reference it is kept.
    pub reference: String,
    /// Which version of that it is.
    pub version: i64,
    /// The report as it was sent.
    pub document: String,
    /// When it came.
    pub created_at: Timestamp,
}

/// What goes on from where it was: the last number of each kind of reference, and the last
/// timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// `COMP-n`.
    pub computers: i64,
    /// `HOSTSUBS-n`.
    pub trees: i64,
    /// `SOFTINST-n`.
    pub instances: i64,
    /// `SOFTINSTALL-n`.
    pub installations: i64,
    /// The last timestamp that was given to anything: the next is later.
    pub last_stamp: Timestamp,
}

/// A certificate authority with its key, both in PEM form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenAuthority {
    /// Its certificate.
    pub certificate_pem: String,
    /// Its key.
    pub key_pem: Secret,
}
