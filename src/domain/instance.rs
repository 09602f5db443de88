//! Instances and the trees that they form.

use super::{
    identifier::{
        InstanceReference, PartitionAddress, ProjectReference, SoftwareReleaseUri, SoftwareType,
        Title, TreeReference, UserReference,
    },
    parameters::Parameters,
    state::{InstanceKind, RequestedState, Subscription, Validation},
    time::Timestamp,
};

/// How many children one requester may have (`semantics.md` 3.4).
pub const MOST_CHILDREN: i64 = 100;

/// What a request says that an instance shall be; stored with the tree and with each instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The software release.
    pub release: SoftwareReleaseUri,
    /// The software type.
    pub software_type: SoftwareType,
    /// Instance parameters.
    pub parameters: Parameters,
    /// SLA filter.
    pub sla: Parameters,
    /// The slap state.
    pub state: RequestedState,
}

impl Wanted {
    /// Whether nothing but parameters and SLA may differ.
    pub fn is_same_but_for_values(&self, other: &Self) -> bool {
        self.release == other.release
            && self.software_type == other.software_type
            && self.state == other.state
    }

    /// What differs besides the state, in words.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let parts = [
            (self.parameters != other.parameters, "parameters"),
            (self.sla != other.sla, "SLA"),
            (self.release != other.release, "software release"),
            (self.software_type != other.software_type, "software type"),
        ];
        let differ = |(differs, part): (bool, &'static str)| differs.then_some(part);
        parts.into_iter().filter_map(differ).collect()
    }
}

/// A contract: what a user asked for, with the tree of instances that serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceTree {
    /// Row in the store.
    pub id: i64,
    /// `HOSTSUBS-n`.
    pub reference: TreeReference,
    /// Title, unique among its owner's live trees.
    pub title: Title,
    /// The person that it belongs to.
    pub owner: UserReference,
    /// The project that it belongs to.
    pub project: ProjectReference,
    /// Whether its root is a shared instance.
    pub kind: InstanceKind,
    /// What is wanted of its root.
    pub wanted: Wanted,
    /// Live, or archived (`Invalidated`).
    pub validation: Validation,
    /// Whether requests are propagated to the root.
    pub subscription: Subscription,
}

/// A software instance or a shared instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Row in the store.
    pub id: i64,
    /// `SOFTINST-n`.
    pub reference: InstanceReference,
    /// Its kind, which never changes.
    pub kind: InstanceKind,
    /// Title, unique among its tree's live instances.
    pub title: Title,
    /// The tree that it belongs to, which never changes.
    pub tree_id: i64,
    /// The instance that requested it; a root was requested by its tree.
    pub parent_id: Option<i64>,
    /// What is wanted of it.
    pub wanted: Wanted,
    /// What it published.
    pub connection: Parameters,
    /// Whether it still counts.
    pub validation: Validation,
    /// Where it is allocated; a shared instance: where its host is.
    pub partition_id: Option<i64>,
    /// The computer of that partition.
    pub computer_id: Option<i64>,
    /// When it was last banged or changed.
    pub stamped_at: Timestamp,
    /// Whether it may be allocated.
    pub subscription: Subscription,
}

impl Instance {
    /// Whether it is the root of this tree: requested by the tree itself, under its title.
    pub fn is_root_of(&self, tree: &InstanceTree) -> bool {
        self.tree_id == tree.id && self.parent_id.is_none() && self.title == tree.title
    }
}

/// By what a call names the instance that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceName {
    /// The software instance on a partition.
    On(PartitionAddress),
    /// A shared instance, by the reference under which the software instance on a partition is
    /// told of it.
    HostedOn(PartitionAddress, String),
    /// An instance of either kind, wherever it is, by the guid that was told of it.
    Guid(String),
}

impl InstanceName {
    /// The software instance on a partition, or the shared one of this reference that it hosts.
    pub fn on(at: PartitionAddress, shared: Option<String>) -> Self {
        match shared {
            None => Self::On(at),
            Some(shared) => Self::HostedOn(at, shared),
        }
    }
}

impl From<PartitionAddress> for InstanceName {
    fn from(at: PartitionAddress) -> Self {
        Self::On(at)
    }
}

/// Whether a live instance of this kind, of which this is wanted, is shown in the list of its host
/// (`semantics.md` 3.8): a stopped or destroyed one leaves it.
pub fn is_listed_by_host(kind: InstanceKind, state: RequestedState) -> bool {
    kind == InstanceKind::Shared && state == RequestedState::Started
}
