//! What happens in a world, by kind, and what it is about.

use super::{
    identifier::{
        ComputerReference, InstanceReference, PartitionAddress, PartitionReference,
        SoftwareReleaseUri, Title, TreeReference,
    },
    instance::Instance,
    state::states,
    status::StatusReport,
};

states! {
    /// What happened, as far as somebody waits for it or counts it.
    EventKind {
        /// A tree was made by a first request.
        TreeMade = "tree_made",
        /// An instance was made by a first request.
        InstanceRequested = "instance_requested",
        /// An instance was given a partition, or a host.
        InstanceAllocated = "instance_allocated",
        /// An instance waits for a partition, and why; told anew when the reason changes.
        InstanceWaiting = "instance_waiting",
        /// Something else than the state is wanted of an instance: parameters, SLA, software,
        /// requester.
        InstanceChanged = "instance_changed",
        /// Another state is wanted of an instance.
        InstanceStateAsked = "instance_state_asked",
        /// An instance was reported started.
        InstanceStarted = "instance_started",
        /// An instance was reported stopped.
        InstanceStopped = "instance_stopped",
        /// An instance was reported to have failed.
        InstanceError = "instance_error",
        /// An instance ended.
        InstanceDestroyed = "instance_destroyed",
        /// Something of an instance is to be processed anew.
        InstanceBanged = "instance_banged",
        /// An instance got another title.
        InstanceRenamed = "instance_renamed",
        /// An instance was requested of another master.
        RequestForwarded = "request_forwarded",
        /// The destruction of an instance was requested of the master that has it.
        DestructionForwarded = "destruction_forwarded",
        /// An instance published other connection parameters.
        ConnectionPublished = "connection_published",
        /// A partition holds nothing any more.
        PartitionFreed = "partition_freed",
        /// A computer was made.
        ComputerMade = "computer_made",
        /// A computer was taken away.
        ComputerRemoved = "computer_removed",
        /// A computer told its partitions and addresses.
        ComputerFormatted = "computer_formatted",
        /// A computer asked for its information for the first time since the world was opened.
        ComputerSeen = "computer_seen",
        /// Everything on a computer is to be processed anew.
        ComputerBanged = "computer_banged",
        /// Software is wanted on a computer, or no longer.
        SoftwareAsked = "software_asked",
        /// Software was reported to be being built.
        SoftwareBuilding = "software_building",
        /// Software was reported available.
        SoftwareAvailable = "software_available",
        /// Software was reported to have failed to build.
        SoftwareError = "software_error",
        /// Software is gone from a computer.
        SoftwareDestroyed = "software_destroyed",
        /// A usage report was kept.
        UsageReported = "usage_reported",
        /// A certificate was issued.
        CertificateIssued = "certificate_issued",
        /// A certificate was revoked.
        CertificateRevoked = "certificate_revoked",
        /// A token was made.
        TokenMade = "token_made",
        /// A token was used, and is spent unless it can be used again.
        TokenUsed = "token_used",
        /// A background round was run.
        RoundRun = "round_run",
        /// A computer is simulated from now on, or otherwise than before, or no more.
        ComputerSimulated = "computer_simulated",
        /// What a simulated computer works on stands still.
        SimulationHeld = "simulation_held",
        /// What a simulated computer works on goes on.
        SimulationReleased = "simulation_released",
        /// It was ordered that a simulated computer fails.
        FailureOrdered = "failure_ordered",
        /// What failed on a simulated computer is to recover.
        RecoveryOrdered = "recovery_ordered",
        /// The background was told to work otherwise.
        BackgroundChanged = "background_changed",
        /// The clock was set, frozen, moved on or let run again.
        ClockChanged = "clock_changed",
    }
}

impl EventKind {
    /// What a report of an instance tells.
    pub fn of_instance(report: &StatusReport) -> Self {
        match report.state {
            Some("started") => Self::InstanceStarted,
            Some("stopped") => Self::InstanceStopped,
            Some(_) | None => Self::InstanceError,
        }
    }

    /// What a report of software tells.
    pub fn of_software(report: &StatusReport) -> Self {
        match report.state {
            Some("building") => Self::SoftwareBuilding,
            Some("available") => Self::SoftwareAvailable,
            Some(_) | None => Self::SoftwareError,
        }
    }
}

/// What an event is about, as far as it is about such a thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The computer.
    pub computer: Option<ComputerReference>,
    /// The partition on it.
    pub partition: Option<PartitionReference>,
    /// The instance's guid.
    pub instance: Option<InstanceReference>,
    /// The instance's title.
    pub title: Option<Title>,
    /// The tree.
    pub tree: Option<TreeReference>,
    /// The software release.
    pub release: Option<SoftwareReleaseUri>,
}

impl About {
    /// A computer.
    pub fn computer(reference: &ComputerReference) -> Self {
        Self {
            computer: Some(reference.clone()),
            ..Self::default()
        }
    }

    /// An instance, wherever it is, and the release that is wanted of it.
    pub fn instance(instance: &Instance) -> Self {
        Self {
            instance: Some(instance.reference.clone()),
            title: Some(instance.title.clone()),
            release: Some(instance.wanted.release.clone()),
            ..Self::default()
        }
    }

    /// The same, on a partition.
    #[must_use]
    pub fn on(mut self, at: &PartitionAddress) -> Self {
        self.computer = Some(at.computer.clone());
        self.partition = Some(at.partition.clone());
        self
    }

    /// The same, in a tree.
    #[must_use]
    pub fn in_tree(mut self, tree: &TreeReference) -> Self {
        self.tree = Some(tree.clone());
        self
    }

    /// The same, of a software release.
    #[must_use]
    pub fn of_release(mut self, release: &SoftwareReleaseUri) -> Self {
        self.release = Some(release.clone());
        self
    }

    /// What it is about, by name.
    pub fn facts(&self) -> [(&'static str, Option<&str>); 6] {
        [
            (
                "computer",
                self.computer.as_ref().map(ComputerReference::as_str),
            ),
            (
                "partition",
                self.partition.as_ref().map(PartitionReference::as_str),
            ),
            (
                "instance",
                self.instance.as_ref().map(InstanceReference::as_str),
            ),
            ("title", self.title.as_ref().map(Title::as_str)),
            ("tree", self.tree.as_ref().map(TreeReference::as_str)),
            (
                "release",
                self.release.as_ref().map(SoftwareReleaseUri::as_str),
            ),
        ]
    }

    /// Whether it is about the instance of this title or guid.
    pub fn is_of_instance(&self, name: &str) -> bool {
        let mut facts = self.facts().into_iter();
        facts.any(|fact| fact == ("instance", Some(name)) || fact == ("title", Some(name)))
    }

    /// The place that it is about, in words.
    pub fn place(&self) -> Option<String> {
        let computer = self.computer.as_ref()?;
        Some(match &self.partition {
            Some(partition) => format!("{computer}/{partition}"),
            None => computer.to_string(),
        })
    }
}
