//! What somebody can wait for: how instances, software and computers stand.

use super::{
    event::About,
    identifier::{ComputerReference, SoftwareReleaseUri},
    parameters::Parameters,
    state::states,
};

states! {
    /// How an instance can stand.
    InstanceStanding {
        /// It is on a partition.
        Allocated = "allocated",
        /// It was last reported started.
        Started = "started",
        /// It was last reported stopped.
        Stopped = "stopped",
        /// It was last reported to have failed, or banged.
        Error = "error",
        /// There was one, and it ended.
        Destroyed = "destroyed",
    }
}

states! {
    /// How software can stand on a computer.
    SoftwareStanding {
        /// It was last reported available.
        Available = "available",
        /// It was last reported to be being built.
        Building = "building",
        /// It was last reported to have failed to build.
        Error = "error",
        /// It was there, and is gone.
        Destroyed = "destroyed",
    }
}

/// Something that is so, or is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// An instance of this title or guid stands so, and has published at least these connection
    /// parameters.
    Instance {
        /// Its title or guid.
        name: String,
        /// How it stands, if that matters.
        is: Option<InstanceStanding>,
        /// What it published, as far as that matters.
        connection: Parameters,
    },
    /// Software stands so on a computer.
    Software {
        /// The computer.
        computer: ComputerReference,
        /// The release.
        release: SoftwareReleaseUri,
        /// How it stands.
        is: SoftwareStanding,
    },
    /// A computer has asked for its information, or something was reported of it.
    Seen(ComputerReference),
    /// No instance waits for a partition.
    NothingWaiting,
}

/// Whether something is so, and what was found instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standings {
    /// Whether it is so.
    pub holds: bool,
    /// What was found, in words; values of connection parameters are not told.
    pub seen: Vec<String>,
}

impl Standing {
    /// Whether an event about this can have changed it.
    pub fn may_follow(&self, about: &About) -> bool {
        match self {
            Self::Instance { name, .. } => about.is_of_instance(name),
            Self::Software { computer, .. } | Self::Seen(computer) => {
                about.computer.as_ref() == Some(computer)
            }
            Self::NothingWaiting => about.instance.is_some(),
        }
    }
}
