//! A world to start from, in full: what a fixture describes, as plain values.
//!
//! A [`Seed`] names things by their own references and titles. Nothing in it needs to be right:
//! what contradicts itself, the rules or the world is refused, with the place of what was wrong.

use std::collections::BTreeMap;

use super::{
    computer::ComputerFormat,
    forwarding::ForwardedRequest,
    identifier::{
        InstanceReference, NetworkReference, PartitionAddress, ProductReference, ProjectReference,
        SoftwareReleaseUri, SoftwareType, Title, TreeReference, UserReference,
    },
    instance::Wanted,
    local_release::ReleaseRoot,
    parameters::Parameters,
    permission::Function,
    record::{
        CertificateRecord, ComputerRecord, Counters, InstanceRecord, SoftwareRecord, TokenRecord,
        TreeRecord, UsageRecord,
    },
    software::SoftwareReport,
    state::{AllocationScope, CapacityScope, InstallationState, InstanceKind, Subscription},
    status::StatusReport,
    time::Timestamp,
    token::NewToken,
};

/// Where a thing is described: a number that only means something to whoever made the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeedPlace(pub usize);

/// Why a seed is refused; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; expected {expected}")]
pub struct SeedRefused {
    /// Where the thing is described that cannot be.
    pub place: SeedPlace,
    /// What is wrong.
    pub reason: String,
    /// What was expected.
    pub expected: &'static str,
}

/// All that a world shall hold. Lists apply in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seed {
    /// Who describes it.
    pub origin: SeedOrigin,
    /// Projects beside the default one.
    pub projects: Vec<(SeedPlace, ProjectReference)>,
    /// Users beside the default one, who may be described too.
    pub users: Vec<SeedUser>,
    /// Software products.
    pub products: Vec<SeedProduct>,
    /// Computers with their software.
    pub computers: Vec<SeedComputer>,
    /// Instance trees with their instances.
    pub trees: Vec<SeedTree>,
    /// Tokens.
    pub tokens: Vec<(SeedPlace, NewToken)>,
    /// Requests that were forwarded to other masters; one that is repeated counts once.
    pub forwarded: Vec<ForwardedRequest>,
    /// The folder that local software releases are below; none to leave it as it is.
    pub local_release_root: Option<ReleaseRoot>,
    /// Tokens as another world kept them.
    pub kept_tokens: Vec<TokenRecord>,
    /// Certificates that were issued, by the authority that the world has.
    pub certificates: Vec<CertificateRecord>,
    /// Usage reports, oldest first.
    pub usage: Vec<UsageRecord>,
    /// Numbers that references go on from, where the world's own are not higher.
    pub counters: Counters,
}

/// Who describes a [`Seed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SeedOrigin {
    /// Somebody who thought of it: every rule holds, and software instances get their
    /// certificates at once.
    #[default]
    Fixture,
    /// A slapproxy, in which it was: it does not count the children of an instance, and may hold
    /// so many instances that each is given its certificate when that is first asked for.
    Slapproxy,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedUser {
    /// Where it is described.
    pub place: SeedPlace,
    /// Its reference.
    pub reference: UserReference,
    /// What it does, by project; none for [`Function::USUAL`] in the default one.
    pub functions: Option<Vec<(ProjectReference, Function)>>,
}

/// A software product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedProduct {
    /// Where it is described.
    pub place: SeedPlace,
    /// Its reference.
    pub reference: ProductReference,
    /// Its project; none for the default one.
    pub project: Option<ProjectReference>,
    /// Its releases, each with when it is offered from; none for the moment of the seed.
    pub releases: Vec<(SoftwareReleaseUri, Option<Timestamp>)>,
    /// The software types that it offers, with the weight of an instance of each.
    pub types: Vec<(SoftwareType, i64)>,
}

/// A computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedComputer {
    /// Where it is described.
    pub place: SeedPlace,
    /// Its project; none for the default one.
    pub project: Option<ProjectReference>,
    /// What it says of itself and its partitions.
    pub format: ComputerFormat,
    /// What its owner and the world say of it.
    pub policy: ComputerPolicy,
    /// The software releases that are asked for on it.
    pub software: Vec<SeedSoftware>,
    /// What it last reported of itself.
    pub report: Option<StatusReport>,
    /// What another world kept of it; then there is one of each of its partitions and software.
    pub record: Option<ComputerRecord>,
    /// How it is simulated, if it is, as `mock::simulate::Rules::stored` writes it.
    pub simulate: Option<String>,
}

/// What is said of a computer beside its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComputerPolicy {
    /// Its title; none for its reference.
    pub title: Option<String>,
    /// The network that it is in.
    pub network: Option<NetworkReference>,
    /// Its categories by SLA key.
    pub categories: BTreeMap<String, String>,
    /// Its owner's policy.
    pub allocation_scope: AllocationScope,
    /// Whether there is room, set by hand.
    pub capacity_scope: CapacityScope,
    /// The weight of instances that it can hold.
    pub capacity_quantity: i64,
    /// Whether it is subscribed.
    pub subscription: Subscription,
}

impl Default for ComputerPolicy {
    /// An open computer, in no network, with room for whatever comes.
    fn default() -> Self {
        Self {
            title: None,
            network: None,
            categories: BTreeMap::new(),
            allocation_scope: AllocationScope::Open,
            capacity_scope: CapacityScope::Open,
            capacity_quantity: 1_000_000,
            subscription: Subscription::Subscribed,
        }
    }
}

/// A software release on a computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedSoftware {
    /// Where it is described.
    pub place: SeedPlace,
    /// The release.
    pub release: SoftwareReleaseUri,
    /// What is asked of it.
    pub state: InstallationState,
    /// What the computer last reported of it.
    pub report: Option<SoftwareReport>,
    /// What another world kept of it.
    pub record: Option<SoftwareRecord>,
}

/// An instance tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedTree {
    /// Where it is described.
    pub place: SeedPlace,
    /// Its reference; none for the next one.
    pub reference: Option<TreeReference>,
    /// Its owner; none for the default user.
    pub owner: Option<UserReference>,
    /// Its project; none for the default one.
    pub project: Option<ProjectReference>,
    /// Whether requests are propagated to its root.
    pub subscription: Subscription,
    /// Its instances: the root first, and each after its requester.
    pub instances: Vec<SeedInstance>,
    /// What another world kept of it; then there is one of each of its instances, of which several
    /// may have no requester, or there is none.
    pub record: Option<TreeRecord>,
}

/// An instance of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedInstance {
    /// Where it is described.
    pub place: SeedPlace,
    /// Its reference; none for the next one.
    pub reference: Option<InstanceReference>,
    /// Its title; the root's is the tree's.
    pub title: Title,
    /// Its kind.
    pub kind: InstanceKind,
    /// What is wanted of it.
    pub wanted: Wanted,
    /// Which instance of the tree requested it; none for the root.
    pub parent: Option<usize>,
    /// Where it is.
    pub room: SeedRoom,
    /// What it published.
    pub connection: Parameters,
    /// What was last reported of it.
    pub report: Option<StatusReport>,
    /// What another world kept of it.
    pub record: Option<InstanceRecord>,
}

/// Where an instance is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeedRoom {
    /// Where the rules of allocation put it; there must be room.
    Allocated,
    /// Nowhere yet: it waits, until the rules find room for it.
    Waiting,
    /// On this partition; a shared instance: served by the instance on it.
    On(PartitionAddress),
    /// Served by this instance of the seed.
    Host {
        /// The place of its tree in the list of trees.
        tree: usize,
        /// Its own place in that tree's list.
        instance: usize,
    },
}
