//! What a simulated computer sees, and what it tells: plain values between [`super::pass`] and
//! whoever carries it out.

use crate::domain::{
    computer::Address,
    identifier::{PartitionReference, SoftwareReleaseUri},
    parameters::Parameters,
    software::SoftwareReport,
    state::{InstallationState, RequestedState},
    time::Timestamp,
};

/// What is wanted of a computer, and what it last reported.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The computer's reference.
    pub computer: String,
    /// Its software.
    pub software: Vec<SeenSoftware>,
    /// The instances on its partitions.
    pub instances: Vec<SeenInstance>,
}

/// Software that is asked for.
#[derive(Debug, Clone)]
pub struct SeenSoftware {
    /// Row of the installation.
    pub id: i64,
    /// The release.
    pub release: SoftwareReleaseUri,
    /// What is wanted of it.
    pub wanted: InstallationState,
    /// Whether it was last reported available.
    pub is_available: bool,
}

/// An instance on a partition.
#[derive(Debug, Clone)]
pub struct SeenInstance {
    /// Row.
    pub id: i64,
    /// Its partition.
    pub partition: PartitionReference,
    /// The addresses of the partition.
    pub addresses: Vec<Address>,
    /// Its guid.
    pub reference: String,
    /// Its title.
    pub title: String,
    /// Title of its tree.
    pub tree: String,
    /// Its release.
    pub release: SoftwareReleaseUri,
    /// Its software type.
    pub software_type: String,
    /// Its parameters.
    pub parameters: Parameters,
    /// What is wanted of it.
    pub wanted: RequestedState,
    /// The timestamp that changes with everything that it is told.
    pub timestamp: Timestamp,
    /// Whether it was last reported to be as it is wanted.
    pub is_as_wanted: bool,
    /// The shared instances that it serves.
    pub shared: Vec<SeenShared>,
}

/// A shared instance in its host's list.
#[derive(Debug, Clone)]
pub struct SeenShared {
    /// Its guid.
    pub reference: String,
    /// Its title.
    pub title: String,
    /// Title of its tree.
    pub tree: String,
    /// Its software type.
    pub software_type: String,
    /// Its parameters.
    pub parameters: Parameters,
}

/// Something that a computer tells the master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A report on software.
    Software {
        /// The release.
        release: SoftwareReleaseUri,
        /// What.
        report: SoftwareReport,
    },
    /// Connection parameters of an instance, or of a shared one that it serves.
    Publish {
        /// The partition.
        partition: PartitionReference,
        /// The guid of the shared instance.
        shared: Option<String>,
        /// What is published.
        connection: Parameters,
    },
    /// A report on an instance.
    Instance {
        /// The partition.
        partition: PartitionReference,
        /// What.
        report: Told,
    },
}

impl Deed {
    /// What it is, for a log: what it says may be a secret.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Software { .. } => "report on software",
            Self::Publish { .. } => "publish",
            Self::Instance { .. } => "report on an instance",
        }
    }
}

/// What is reported of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It runs.
    Started,
    /// It does not run.
    Stopped,
    /// Nothing is left of it.
    Destroyed,
    /// It failed.
    Error(String),
}
