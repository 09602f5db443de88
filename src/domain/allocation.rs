//! Where an instance may be allocated (`semantics.md` 4).
//!
//! [`Filter::read`] reads the SLA once; [`Filter::admits`] is then asked of each candidate, in
//! the order in which the store brings them. The first one admitted is taken.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    behaviour::{AllocationSla, Behaviour, CapacityCheck, InterfaceKeys, RequireSupply},
    identifier::{
        ComputerReference, InstanceReference, NetworkReference, PartitionReference,
        ProjectReference,
    },
    parameters::Parameters,
    state::{AllocationScope, CapacityScope, InstanceKind, Subscription},
    status::{AccessStatus, StatusKind},
    time::Timestamp,
};

/// SLA keys that name a category of the computer.
pub const CATEGORY_KEYS: [&str; 11] = [
    "cpu_core",
    "cpu_frequency",
    "cpu_type",
    "group",
    "local_area_network_type",
    "memory_size",
    "memory_type",
    "region",
    "storage_capacity",
    "storage_interface",
    "storage_redundancy",
];
/// SLA keys that concern the node, not the allocation.
const NODE_KEYS: [&str; 4] = [
    "fw_authorized_sources",
    "fw_rejected_sources",
    "fw_restricted_access",
    "retention_delay",
];
/// SLA keys that the client's interface names and production does not know.
const INTERFACE_KEYS: [&str; 2] = ["partition_type", "port"];
/// After how long a silence the capacity check closes a computer.
const SILENCE_MICROS: i64 = 600_000_000;

/// Why an instance is not allocated. Told in the journal, never to the requester.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllocationFailure {
    /// The SLA has a key that nothing satisfies.
    #[error("the SLA key `{0}` is not known, so nothing satisfies it")]
    UnknownKey(String),
    /// The SLA's mode is not known.
    #[error("the SLA mode `{0}` is not known, so nothing satisfies it")]
    UnknownMode(String),
    /// No free partition satisfies the SLA.
    #[error("no free partition on an open computer satisfies the SLA")]
    NoFreePartition,
    /// No instance can host it.
    #[error("no live instance with this software release and type can host it")]
    NoHost,
    /// The tree or instance is not subscribed.
    #[error("not registered for consumption")]
    NotSubscribed,
    /// No product of the project has this release and type.
    #[error("no software product of the project matches this release and type")]
    NoProduct,
    /// It was never started (`allocation.stopped`).
    #[error("it is not started")]
    NotStarted,
}

/// What the SLA and the tree demand of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// `computer_guid`.
    pub computer: Option<ComputerReference>,
    /// `instance_guid`, as written.
    instance: Option<String>,
    /// `network_guid`.
    network: Option<String>,
    /// `project_guid`.
    project: Option<String>,
    /// `mode` is `unique_by_network`.
    pub unique_by_network: bool,
    /// `capability`.
    capability: Option<String>,
    /// Categories.
    categories: BTreeMap<String, String>,
    /// Whether partitions with capabilities are set apart.
    capabilities_count: bool,
}

impl Filter {
    /// Reads the SLA of an instance of this kind. Keys without a value restrict nothing.
    pub fn read(
        sla: &Parameters,
        kind: InstanceKind,
        behaviour: &Behaviour,
    ) -> Result<Self, AllocationFailure> {
        let full = behaviour.allocation_sla == AllocationSla::Full;
        let mut filter = Self {
            capabilities_count: full,
            ..Self::default()
        };
        for (key, value) in sla.iter() {
            let known = match key {
                "computer_guid" => {
                    filter.computer = value.map(|text| ComputerReference::trusted(text.to_owned()));
                    true
                }
                "instance_guid" if full || kind == InstanceKind::Shared => {
                    filter.instance = value.map(str::to_owned);
                    true
                }
                "network_guid" if full => {
                    filter.network = value.map(str::to_owned);
                    true
                }
                "project_guid" if full => {
                    filter.project = value.map(str::to_owned);
                    true
                }
                "capability" if full => {
                    filter.capability = value.map(str::to_owned);
                    true
                }
                "mode" if full => match value {
                    None => true,
                    Some("unique_by_network") => {
                        filter.unique_by_network = true;
                        true
                    }
                    Some(mode) => return Err(AllocationFailure::UnknownMode(mode.to_owned())),
                },
                _ if CATEGORY_KEYS.contains(&key) && full => {
                    if let Some(value) = value {
                        filter.categories.insert(key.to_owned(), value.to_owned());
                    }
                    true
                }
                _ => {
                    NODE_KEYS.contains(&key)
                        || (INTERFACE_KEYS.contains(&key)
                            && behaviour.interface_keys == InterfaceKeys::Record)
                }
            };
            if !known && full {
                return Err(AllocationFailure::UnknownKey(key.to_owned()));
            }
        }
        Ok(filter)
    }

    /// Whether an instance may be allocated to the candidate.
    pub fn admits(&self, candidate: &Candidate, tree: &TreeFacts, behaviour: &Behaviour) -> bool {
        let computer = &candidate.computer;
        let supplied = candidate.is_host()
            || behaviour.require_supply == RequireSupply::Off
            || candidate.supplied;
        computer.is_open(behaviour.capacity_check, tree.now)
            && supplied
            && computer.project == tree.project
            && self
                .computer
                .as_ref()
                .is_none_or(|c| *c == computer.reference)
            && matches_text(self.project.as_deref(), Some(computer.project.as_str()))
            && matches_text(
                self.network.as_deref(),
                computer.network.as_ref().map(NetworkReference::as_str),
            )
            && self.admits_network(computer, tree)
            && self.admits_capabilities(&candidate.capabilities)
            && self.admits_instance(candidate, behaviour)
            && self
                .categories
                .iter()
                .all(|(key, value)| computer.categories.get(key) == Some(value))
    }

    fn admits_network(&self, computer: &ComputerFacts, tree: &TreeFacts) -> bool {
        !self.unique_by_network
            || computer
                .network
                .as_ref()
                .is_some_and(|network| !tree.used_networks.contains(network))
    }

    fn admits_capabilities(&self, capabilities: &[String]) -> bool {
        match &self.capability {
            _ if !self.capabilities_count => true,
            None => capabilities.is_empty(),
            Some(capability) => capabilities.contains(capability),
        }
    }

    /// Both forms of a guid are understood; the bare partition is slapproxy's (C.27).
    fn admits_instance(&self, candidate: &Candidate, behaviour: &Behaviour) -> bool {
        let Some(wanted) = &self.instance else {
            return true;
        };
        let Some(host) = &candidate.host else {
            return false;
        };
        let computer = candidate.computer.reference.as_str();
        let partition = candidate.partition.as_str();
        host.as_str() == wanted
            || wanted
                .strip_prefix(computer)
                .and_then(|rest| rest.strip_prefix('-'))
                == Some(partition)
            || (behaviour.allocation_sla == AllocationSla::Ignore && wanted == partition)
    }
}

fn matches_text(wanted: Option<&str>, found: Option<&str>) -> bool {
    wanted.is_none() || wanted == found
}

/// What is known of the tree for which a partition is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFacts {
    /// Its project.
    pub project: ProjectReference,
    /// Networks on which it has instances; only filled for `unique_by_network`.
    pub used_networks: BTreeSet<NetworkReference>,
    /// Now.
    pub now: Timestamp,
}

/// A partition that may be taken: a free one, or that of a possible host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Row in the store.
    pub partition_id: i64,
    /// Its reference.
    pub partition: PartitionReference,
    /// Its capabilities.
    pub capabilities: Vec<String>,
    /// The instance on it, for a shared instance.
    pub host: Option<InstanceReference>,
    /// Whether the release is supplied on its computer.
    pub supplied: bool,
    /// Its computer.
    pub computer: ComputerFacts,
}

impl Candidate {
    const fn is_host(&self) -> bool {
        self.host.is_some()
    }
}

/// What allocation must know of a computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComputerFacts {
    /// Row in the store.
    pub id: i64,
    /// Its reference.
    pub reference: ComputerReference,
    /// Its project.
    pub project: ProjectReference,
    /// Its network, if any.
    pub network: Option<NetworkReference>,
    /// Its categories by SLA key.
    pub categories: BTreeMap<String, String>,
    /// The policy of its owner.
    pub allocation_scope: AllocationScope,
    /// What was set by hand.
    pub capacity_scope: CapacityScope,
    /// Whether it is subscribed.
    pub subscription: Subscription,
    /// Its status; only looked at by the capacity check.
    pub status: Option<AccessStatus>,
    /// Weight of the instances on it; only looked at by the capacity check.
    pub consumed_weight: i64,
    /// Weight that it can hold.
    pub capacity_quantity: i64,
}

impl ComputerFacts {
    /// Whether instances may be allocated on it at all (`semantics.md` 2.5).
    pub fn is_open(&self, check: CapacityCheck, now: Timestamp) -> bool {
        let has_room = match check {
            CapacityCheck::Off => true,
            CapacityCheck::On => {
                self.consumed_weight < self.capacity_quantity
                    && self.status.as_ref().is_some_and(|status| {
                        status.kind != StatusKind::Error
                            && now.micros_since(status.created_at) <= SILENCE_MICROS
                    })
            }
        };
        has_room
            && self.allocation_scope == AllocationScope::Open
            && self.capacity_scope == CapacityScope::Open
            && self.subscription == Subscription::Subscribed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::behaviour::Preset;

    fn sla(pairs: &[(&str, &str)]) -> Parameters {
        pairs.iter().map(|(k, v)| (*k, Some(*v))).collect()
    }

    fn candidate() -> Candidate {
        Candidate {
            partition_id: 1,
            partition: PartitionReference::trusted("slappart3".to_owned()),
            capabilities: Vec::new(),
            host: None,
            supplied: false,
            computer: ComputerFacts {
                id: 1,
                reference: ComputerReference::trusted("COMP-2".to_owned()),
                project: ProjectReference::trusted("PROJ-1".to_owned()),
                network: Some(NetworkReference::trusted("NET-1".to_owned())),
                categories: [("region".to_owned(), "europe/france".to_owned())].into(),
                allocation_scope: AllocationScope::Open,
                capacity_scope: CapacityScope::Open,
                subscription: Subscription::Subscribed,
                status: None,
                consumed_weight: 0,
                capacity_quantity: 10,
            },
        }
    }

    fn tree() -> TreeFacts {
        TreeFacts {
            project: ProjectReference::trusted("PROJ-1".to_owned()),
            used_networks: BTreeSet::new(),
            now: Timestamp::from_seconds(1_000),
        }
    }

    fn admitted(pairs: &[(&str, &str)], kind: InstanceKind, candidate: &Candidate) -> bool {
        let behaviour = Behaviour::default();
        Filter::read(&sla(pairs), kind, &behaviour)
            .is_ok_and(|filter| filter.admits(candidate, &tree(), &behaviour))
    }

    #[test]
    fn every_known_key_admits_what_it_names_and_nothing_else() {
        let software =
            |pairs: &[(&str, &str)]| admitted(pairs, InstanceKind::Software, &candidate());
        for (key, right, wrong) in [
            ("computer_guid", "COMP-2", "COMP-20"),
            ("network_guid", "NET-1", "NET-2"),
            ("project_guid", "PROJ-1", "PROJ-2"),
            ("region", "europe/france", "europe"),
        ] {
            assert!(software(&[(key, right)]), "{key}");
            assert!(!software(&[(key, wrong)]), "{key}");
        }
        assert!(software(&[]) && software(&[("region", "")]));
        assert!(software(&[
            ("retention_delay", "7.0"),
            ("fw_restricted_access", "on")
        ]));
        assert!(
            !software(&[("cpu_core", "4")]),
            "a category that it has not"
        );
        assert!(!software(&[("capability", "x")]));
        assert!(
            !software(&[("instance_guid", "SOFTINST-1")]),
            "nothing sits on a free partition"
        );
    }

    /// `semantics.md` B.66 and B.70.
    #[test]
    fn an_unknown_key_or_mode_is_never_satisfied_unless_the_sla_is_ignored() {
        let read = |pairs: &[(&str, &str)], preset| {
            Filter::read(
                &sla(pairs),
                InstanceKind::Software,
                &Behaviour::preset(preset),
            )
            .err()
        };
        let unknown = |key: &str| Some(AllocationFailure::UnknownKey(key.to_owned()));
        assert_eq!(read(&[("foo", "1")], Preset::Default), unknown("foo"));
        assert_eq!(read(&[("foo", "1")], Preset::Slapproxy), None);
        assert_eq!(read(&[("port", "1")], Preset::Default), None);
        assert_eq!(read(&[("port", "1")], Preset::Real), unknown("port"));
        assert_eq!(
            read(&[("mode", "other")], Preset::Default),
            Some(AllocationFailure::UnknownMode("other".to_owned()))
        );
    }

    /// `semantics.md` B.68.
    #[test]
    fn a_partition_with_capabilities_is_only_for_those_who_ask() {
        let mut special = candidate();
        special.capabilities = vec!["x".to_owned(), "50%".to_owned()];
        let software = |pairs: &[(&str, &str)]| admitted(pairs, InstanceKind::Software, &special);
        assert!(!software(&[]));
        assert!(software(&[("capability", "x")]) && software(&[("capability", "50%")]));
        assert!(!software(&[("capability", "%")]));
        let proxy = Behaviour::preset(Preset::Slapproxy);
        let filter = Filter::read(&sla(&[]), InstanceKind::Software, &proxy).unwrap();
        assert!(filter.admits(&special, &tree(), &proxy));
    }

    /// `semantics.md` B.69.
    #[test]
    fn unique_by_network_takes_a_network_once() {
        let behaviour = Behaviour::default();
        let pairs = sla(&[("mode", "unique_by_network")]);
        let filter = Filter::read(&pairs, InstanceKind::Software, &behaviour).unwrap();
        assert!(filter.admits(&candidate(), &tree(), &behaviour));
        let mut used = tree();
        used.used_networks.extend(candidate().computer.network);
        assert!(!filter.admits(&candidate(), &used, &behaviour));
        let mut alone = candidate();
        alone.computer.network = None;
        assert!(!filter.admits(&alone, &tree(), &behaviour));
    }

    #[test]
    fn a_host_is_named_in_either_form() {
        let mut host = candidate();
        host.host = Some(InstanceReference::trusted("SOFTINST-4".to_owned()));
        let shared = |guid| admitted(&[("instance_guid", guid)], InstanceKind::Shared, &host);
        assert!(shared("SOFTINST-4") && shared("COMP-2-slappart3"));
        assert!(!shared("SOFTINST-40") && !shared("slappart3"));
    }

    /// `semantics.md` B.71 and B.72.
    #[test]
    fn a_closed_silent_failing_or_full_computer_takes_nothing() {
        let now = Timestamp::from_seconds(10_000);
        let open = |facts: &ComputerFacts, check| facts.is_open(check, now);
        let mut facts = candidate().computer;
        assert!(open(&facts, CapacityCheck::Off) && !open(&facts, CapacityCheck::On));
        let report = crate::domain::status::StatusReport::contact(&facts.reference);
        let seen = |at| AccessStatus::after(None, &report, "COMP-2", Timestamp::from_seconds(at));
        facts.status = Some(seen(9_400));
        assert!(open(&facts, CapacityCheck::On));
        facts.status = Some(seen(9_399));
        assert!(!open(&facts, CapacityCheck::On));
        facts.status = Some(seen(10_000));
        facts.consumed_weight = 10;
        assert!(!open(&facts, CapacityCheck::On) && open(&facts, CapacityCheck::Off));
        facts.allocation_scope = AllocationScope::CloseMaintenance;
        assert!(!open(&facts, CapacityCheck::Off));
    }
}
