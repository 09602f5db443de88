//! What holds at every moment.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    prop_assert, prop_assert_eq,
    test_runner::{TestCaseError, TestCaseResult},
};

use super::snapshot::{Instance, Snapshot};

/// Checks what holds of a world by itself, settled or not.
pub(super) fn check(now: &Snapshot) -> TestCaseResult {
    unique(now)?;
    trees(now)?;
    states(now)?;
    places(now)?;
    statuses(now)?;
    certificates(now)?;
    told(now)
}

fn once<T: Ord + std::fmt::Debug>(what: &str, keys: impl Iterator<Item = T>) -> TestCaseResult {
    let mut seen = BTreeSet::new();
    for key in keys {
        let shown = format!("{key:?}");
        prop_assert!(seen.insert(key), "{what} twice: {shown}");
    }
    Ok(())
}

/// A.1 to A.4.
fn unique(now: &Snapshot) -> TestCaseResult {
    once("A.1 guid", now.instances.iter().map(|i| &i.reference))?;
    once("A.1 tree", now.trees.iter().map(|t| &t.reference))?;
    once("A.1 computer", now.computers.iter().map(|c| &c.reference))?;
    let installations = now.installations.iter();
    once(
        "A.1 installation",
        installations.clone().map(|i| &i.reference),
    )?;
    let trees = now.trees.iter().filter(|t| t.validation == "validated");
    once("A.2 tree", trees.map(|t| (t.owner_id, &t.title)))?;
    once("A.3 title", now.live().map(|i| (i.tree_id, &i.title)))?;
    let live = installations.filter(|i| i.validation == "validated");
    once(
        "A.4 installation",
        live.map(|i| (i.computer_id, &i.release)),
    )
}

/// A.6: the requesters of every instance lead to its tree.
fn trees(now: &Snapshot) -> TestCaseResult {
    for instance in now.live() {
        let mut seen = BTreeSet::new();
        let mut place = instance;
        while let Some(parent_id) = place.parent_id {
            prop_assert!(seen.insert(place.id), "A.6 cycle at {}", place.title);
            let parent = now.instance(parent_id);
            prop_assert!(parent.is_some(), "A.6 no parent of {}", place.title);
            place = parent.unwrap();
            prop_assert_eq!(place.tree_id, instance.tree_id, "A.6 other tree");
        }
    }
    let mut children: BTreeMap<_, u32> = BTreeMap::new();
    for instance in now.live() {
        *children
            .entry((instance.tree_id, instance.parent_id))
            .or_default() += 1;
    }
    prop_assert!(children.values().all(|count| *count <= 100), "A.7");
    Ok(())
}

/// A.9 and A.10.
fn states(now: &Snapshot) -> TestCaseResult {
    for instance in now.instances.iter().filter(|i| !i.is_live()) {
        prop_assert_eq!(&instance.slap_state, "destroyed", "A.9 {:?}", instance);
    }
    for installation in &now.installations {
        let ended = installation.validation == "invalidated";
        prop_assert!(!ended || installation.state == "destroyed", "A.9");
    }
    for tree in &now.trees {
        let archived = tree.validation == "invalidated";
        prop_assert_eq!(archived, tree.slap_state == "destroyed", "A.10 {:?}", tree);
    }
    Ok(())
}

/// A.15 to A.17, as far as they hold before settling too.
fn places(now: &Snapshot) -> TestCaseResult {
    for partition in &now.partitions {
        let linked: Vec<&Instance> = now
            .instances
            .iter()
            .filter(|i| i.partition_id == Some(partition.id))
            .collect();
        let software = linked
            .iter()
            .filter(|i| i.is_live() && i.kind == "software")
            .count();
        prop_assert!(software <= 1, "A.15 {:?}", partition);
        let busy = partition.slap_state == "busy";
        prop_assert_eq!(busy, !linked.is_empty(), "A.16 {:?}", partition);
        let inactive = partition.slap_state == "inactive";
        prop_assert!(!inactive || partition.validation == "invalidated", "A.17");
    }
    for instance in now.live() {
        let noted = instance.allocation_failure.is_some();
        prop_assert!(!noted || instance.partition_id.is_none(), "{:?}", instance);
    }
    Ok(())
}

/// A.28 and A.30.
fn statuses(now: &Snapshot) -> TestCaseResult {
    for status in &now.access {
        prop_assert!(status.since_us <= status.created_us, "A.28 {:?}", status);
    }
    for reading in now.statuses.values() {
        prop_assert!(reading.is_ageing() || !reading.is_old(), "A.30");
    }
    Ok(())
}

/// A.37 and A.40; and every live software instance has a certificate, an ended one none that
/// counts.
fn certificates(now: &Snapshot) -> TestCaseResult {
    once("A.1 serial", now.certificates.iter().map(|c| &c.serial))?;
    let of_computers = now.active().filter_map(|c| c.computer_id);
    once("A.37 certificate of computer", of_computers)?;
    let of_instances = now.active().filter_map(|c| c.instance_id);
    once("A.37 certificate of instance", of_instances)?;
    let active: BTreeSet<i64> = now.active().filter_map(|c| c.instance_id).collect();
    for instance in &now.instances {
        let expected = instance.is_live() && instance.kind == "software";
        prop_assert_eq!(
            active.contains(&instance.id),
            expected,
            "A.37, A.40 {:?}",
            instance
        );
    }
    for certificate in &now.certificates {
        let holder = match (certificate.computer_id, certificate.instance_id) {
            (Some(id), None) => &now.computer(id).reference,
            (None, Some(id)) => &now.instance(id).unwrap().reference,
            other => return Err(TestCaseError::fail(format!("{other:?}: {certificate:?}"))),
        };
        prop_assert_eq!(&certificate.common_name, holder, "A.39");
    }
    Ok(())
}

/// A.31, A.32 and A.42: what is told is what is there.
fn told(now: &Snapshot) -> TestCaseResult {
    let mut occupied = BTreeSet::new();
    for (computer, view) in &now.told.computers {
        for partition in &view.partitions {
            let Some(occupant) = &partition.instance else {
                continue;
            };
            let row = now
                .live()
                .find(|i| i.reference == occupant.reference.as_str());
            prop_assert!(row.is_some(), "A.42 {} is not live", occupant.reference);
            let row = row.unwrap();
            let place = now.partition(row.partition_id.unwrap());
            prop_assert_eq!(&place.reference, partition.reference.as_str(), "A.42");
            prop_assert_eq!(&now.computer(place.computer_id).reference, computer);
            prop_assert_eq!(occupant.state.as_str(), row.slap_state.as_str());
            occupied.insert(row.id);

            let expected: Vec<&Instance> =
                now.live_on(place.id).filter(|i| i.is_listed()).collect();
            let listed: Vec<&str> = occupant
                .shared
                .iter()
                .map(|s| s.reference.as_str())
                .collect();
            let references: Vec<&str> = expected.iter().map(|i| i.reference.as_str()).collect();
            prop_assert_eq!(listed, references, "A.31");
            let mut newest = place.touched_us.max(row.stamped_us);
            for (shared, row) in occupant.shared.iter().zip(expected) {
                let kept = shared.connection.get("url").map(str::to_owned);
                prop_assert_eq!(url(row), kept, "A.32");
                newest = newest.max(row.stamped_us);
            }
            let kept = occupant.connection.get("url").map(str::to_owned);
            prop_assert_eq!(url(row), kept, "A.32");
            prop_assert_eq!(occupant.timestamp.as_micros(), newest, "8.3");
        }
    }
    let expected: BTreeSet<i64> = now
        .live()
        .filter(|i| i.kind == "software")
        .filter(|i| {
            i.partition_id
                .is_some_and(|id| now.partition(id).validation == "validated")
        })
        .map(|i| i.id)
        .collect();
    prop_assert_eq!(occupied, expected, "A.42");
    Ok(())
}

fn url(instance: &Instance) -> Option<String> {
    let pairs: BTreeMap<String, String> = serde_json::from_str(&instance.connection).unwrap();
    pairs.get("url").cloned()
}
