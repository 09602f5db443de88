//! What holds once nothing is left to be done in the background.

use std::collections::BTreeMap;

use proptest::{prop_assert, test_runner::TestCaseResult};
use slapmaster::domain::{
    behaviour::{AllocateStopped, CapacityCheck, InterfaceKeys, RenameRoot, RequireSupply},
    status::StatusKind,
};

use crate::support::world::TestWorld;

use super::snapshot::{Computer, Instance, Partition, Snapshot};

/// Checks what holds of a settled world.
pub(super) fn check(world: &TestWorld, now: &Snapshot) -> TestCaseResult {
    for instance in &now.instances {
        let tree = now.tree(instance.tree_id);
        let state = instance.slap_state.as_str();
        if !instance.is_live() {
            prop_assert!(instance.partition_id.is_none(), "A.16 {:?}", instance);
            continue;
        }
        let unreported = instance.kind == "shared" || instance.partition_id.is_none();
        prop_assert!(state != "destroyed" || !unreported, "A.11 {:?}", instance);
        let archived = tree.validation == "invalidated";
        prop_assert!(!archived || state == "destroyed", "A.12 {:?}", instance);
        let stopped = tree.slap_state == "stopped";
        prop_assert!(!stopped || state != "started", "A.13 {:?}", instance);
        if instance.partition_id.is_none() {
            waits_rightly(world, now, instance)?;
        }
    }
    let recreates = world.master.behaviour().rename_root == RenameRoot::Recreate;
    for tree in now.trees.iter().filter(|t| t.validation == "validated") {
        let mut titled = now
            .live()
            .filter(|i| i.tree_id == tree.id && i.title == tree.title);
        let found = titled.next();
        let is_root = found.is_some_and(|i| i.parent_id.is_none() || recreates);
        prop_assert!(is_root, "1.2 no root of {:?}", tree);
    }
    Ok(())
}

/// A.22: there is no place for an instance that waits.
fn waits_rightly(world: &TestWorld, now: &Snapshot, instance: &Instance) -> TestCaseResult {
    let behaviour = world.master.behaviour();
    if instance.slap_state != "started" && behaviour.allocate_stopped == AllocateStopped::Off {
        return Ok(());
    }
    let interface_key = instance.sla.contains("\"port\"");
    if interface_key && behaviour.interface_keys == InterfaceKeys::Block {
        return Ok(());
    }
    for partition in now.partitions.iter().filter(|p| is_takeable(instance, p)) {
        let computer = now.computer(partition.computer_id);
        let open = behaviour.capacity_check == CapacityCheck::Off || is_seen(now, computer);
        let supplied = instance.kind == "shared"
            || behaviour.require_supply == RequireSupply::Off
            || is_supplied(now, computer, &instance.release);
        let fits = admits(instance, partition, now, now.live());
        prop_assert!(
            !(open && supplied && fits),
            "A.22 {:?} waits for {:?}",
            instance,
            partition
        );
    }
    Ok(())
}

fn is_takeable(instance: &Instance, partition: &Partition) -> bool {
    if partition.validation != "validated" {
        return false;
    }
    match instance.kind.as_str() {
        "software" => partition.slap_state == "free",
        _ => partition.slap_state == "busy",
    }
}

fn is_seen(now: &Snapshot, computer: &Computer) -> bool {
    let reading = now.statuses.get(&computer.reference).unwrap();
    reading.status.as_ref().is_some_and(|status| {
        let age = now.now_us - status.created_at.as_micros();
        status.kind != StatusKind::Error && age <= 600_000_000
    })
}

fn is_supplied(now: &Snapshot, computer: &Computer, release: &str) -> bool {
    now.installations.iter().any(|installation| {
        installation.computer_id == computer.id
            && installation.release == release
            && installation.state == "available"
            && installation.validation == "validated"
    })
}

/// A.19 to A.21: whether the partition satisfies the instance's SLA and, for a shared one, hosts
/// what can serve it. `others` are those whose networks count.
pub(super) fn admits<'s>(
    instance: &Instance,
    partition: &Partition,
    now: &Snapshot,
    others: impl Iterator<Item = &'s Instance>,
) -> bool {
    let sla: BTreeMap<String, String> = serde_json::from_str(&instance.sla).unwrap();
    let computer = now.computer(partition.computer_id);
    let capabilities: Vec<String> = serde_json::from_str(&partition.capabilities).unwrap();
    let host = now.live_on(partition.id).find(|i| {
        i.kind == "software"
            && i.slap_state != "destroyed"
            && i.release == instance.release
            && i.software_type == instance.software_type
    });
    let hosted = instance.kind == "software" || host.is_some();
    let capable = match sla.get("capability") {
        None => capabilities.is_empty(),
        Some(wanted) => capabilities.contains(wanted),
    };
    let mut networks: Vec<&str> = Vec::new();
    for other in others {
        let same_tree = other.tree_id == instance.tree_id && other.id != instance.id;
        if let (true, Some(place)) = (same_tree, other.partition_id) {
            let network = &now.computer(now.partition(place).computer_id).network;
            networks.extend(network.as_deref());
        }
    }
    let keys = sla.iter().all(|(key, value)| match key.as_str() {
        "capability" | "port" | "retention_delay" => true,
        "computer_guid" => computer.reference == *value,
        "network_guid" => computer.network.as_ref() == Some(value),
        "mode" => computer
            .network
            .as_deref()
            .is_some_and(|network| !networks.contains(&network)),
        "instance_guid" => {
            instance.kind == "shared" && host.is_some_and(|host| host.reference == *value)
        }
        _ => false,
    });
    hosted && capable && keys
}
