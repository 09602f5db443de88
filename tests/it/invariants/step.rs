//! What holds between the moments before and after an operation.

use std::collections::BTreeSet;

use proptest::{prop_assert, prop_assert_eq, test_runner::TestCaseResult};
use slapmaster::{
    domain::{computer::ComputerFormat, identifier::PartitionAddress},
    master::{MasterError, RequestOutcome, RequestedView},
};

use crate::support::world::TestWorld;

use super::{
    operation::{Deed, Operation, Outcome, Reported},
    settled::admits,
    snapshot::{Instance, Snapshot},
};

/// How long a status is known, in microseconds.
const STATUS_US: i64 = 2 * 86_400 * 1_000_000;

/// Checks what the operation may have changed.
pub(super) fn check(
    operation: &Operation,
    outcome: &Outcome,
    before: &Snapshot,
    after: &Snapshot,
) -> TestCaseResult {
    if let Outcome::Refused(error) = outcome {
        let internal = matches!(error, MasterError::Internal(_));
        prop_assert!(!internal, "{:?}", error);
    }
    if matches!(outcome, Outcome::Refused(_) | Outcome::Skipped) {
        prop_assert_eq!(&before.dump, &after.dump, "A.43 {:?}", outcome);
    }
    records(before, after)?;
    allocation(before, after)?;
    timestamps(before, after)?;
    statuses(before, after)?;
    revisions(before, after)?;
    certificates(operation, outcome, before, after)?;
    match (operation, outcome) {
        (Operation::Format(_), Outcome::Formatted(format)) => formatted(format, before, after),
        (Operation::On(_, Deed::Report(report)), Outcome::To(at)) => {
            reported(*report, at, before, after)
        }
        (Operation::On(_, Deed::Rename(..)), Outcome::To(_)) => unmoved(before, after),
        (Operation::Software(..) | Operation::Poll(_) | Operation::Advance(_), _) => {
            prop_assert_eq!(but_statuses(before), but_statuses(after), "A.14");
            Ok(())
        }
        (Operation::On(_, Deed::Publish(shared, _)), Outcome::To(at)) => {
            let published = shared
                .and_then(|index| before.shared_on(at, index))
                .or_else(|| before.occupant(at).map(|i| i.reference.clone()));
            let id = before
                .live()
                .find(|i| Some(&i.reference) == published.as_ref());
            published_by(id.unwrap(), before, after)
        }
        (Operation::On(_, Deed::Bang), Outcome::To(at)) => banged(at, before, after),
        (_, Outcome::Requested(RequestOutcome::Changed(view), _)) => answered(view, after),
        _ => Ok(()),
    }
}

/// A.24, A.26 and A.33: the same again changes nothing.
pub(super) async fn check_again(
    operation: &Operation,
    outcome: &Outcome,
    world: &TestWorld,
    before: &Snapshot,
    after: &Snapshot,
) -> TestCaseResult {
    match (operation, outcome) {
        (_, Outcome::Requested(answer, played)) if played.state() != "destroyed" => {
            let again = played.again(world).await;
            prop_assert!(again.is_ok(), "A.24 {again:?}");
            let again = again.unwrap();
            prop_assert_eq!(told(&again, after), told(answer, after), "A.24");
        }
        (_, Outcome::Formatted(format)) => world.try_format(format.clone()).await.unwrap(),
        (Operation::On(_, Deed::Publish(..)), Outcome::To(_)) => {
            operation.run(world, before).await;
        }
        _ => return Ok(()),
    }
    prop_assert_eq!(&world.dump().await, &after.dump, "A.24, A.26, A.33");
    Ok(())
}

/// What a requester is told by an outcome.
fn told<'s>(outcome: &'s RequestOutcome, now: &'s Snapshot) -> Option<&'s RequestedView> {
    match outcome {
        RequestOutcome::Unchanged { instance, .. } => now.told.requesters.get(instance.as_str()),
        RequestOutcome::Changed(view) => Some(view),
        RequestOutcome::Waiting(_) | RequestOutcome::NotReady => None,
    }
}

/// The answer to a request is what is there once it is committed.
fn answered(view: &RequestedView, after: &Snapshot) -> TestCaseResult {
    let now = after.told.requesters.get(view.reference.as_str());
    prop_assert_eq!(Some(view), now, "3.12");
    Ok(())
}

/// A.1, A.5, A.8: nothing is deleted, changes what it is, or comes back.
fn records(before: &Snapshot, after: &Snapshot) -> TestCaseResult {
    for old in &before.instances {
        let Some(new) = after.instance(old.id) else {
            prop_assert!(false, "A.5 {} was deleted", old.reference);
            continue;
        };
        prop_assert_eq!(
            (&old.reference, &old.kind, old.tree_id),
            (&new.reference, &new.kind, new.tree_id),
            "A.5"
        );
        let back = old.slap_state == "destroyed" && new.slap_state != "destroyed";
        prop_assert!(!back, "A.8 {}", old.reference);
        prop_assert!(old.is_live() || !new.is_live(), "A.8 {}", old.reference);
    }
    for old in &before.trees {
        let new = after.tree(old.id);
        prop_assert_eq!(
            (&old.reference, &old.kind),
            (&new.reference, &new.kind),
            "A.5"
        );
        let archived = old.validation == "invalidated";
        prop_assert!(!archived || new == old, "A.8 {}", old.reference);
    }
    for old in &before.installations {
        let new = after.installations.iter().find(|new| new.id == old.id);
        prop_assert!(new.is_some(), "A.5 {}", old.reference);
        let ended = old.validation == "invalidated";
        prop_assert!(!ended || new == Some(old), "A.8 {}", old.reference);
    }
    for old in &before.partitions {
        let new = after.partitions.iter().find(|new| new.id == old.id);
        prop_assert!(
            new.is_some_and(|new| new.reference == old.reference),
            "A.34"
        );
    }
    Ok(())
}

/// A.17 to A.21.
fn allocation(before: &Snapshot, after: &Snapshot) -> TestCaseResult {
    for new in &after.instances {
        let old = before.instance(new.id);
        let old_place = old.and_then(|old| old.partition_id);
        match (old_place, new.partition_id) {
            (Some(old), Some(new)) => prop_assert_eq!(old, new, "A.18"),
            (Some(_), None) => prop_assert!(!new.is_live(), "A.18 {} lost its place", new.title),
            (None, Some(place)) => {
                let place = after.partition(place);
                prop_assert_eq!(&place.validation, "validated", "A.17");
                let networks = before.live().filter(|i| {
                    // Those that are still there: what ends in this operation gives its up.
                    after.instance(i.id).is_some_and(Instance::is_live)
                });
                let fits = admits(new, place, after, networks);
                prop_assert!(fits, "A.19 to A.21 {:?} on {:?}", new, place);
            }
            (None, None) => {}
        }
    }
    Ok(())
}

/// A.23 and A.25.
fn timestamps(before: &Snapshot, after: &Snapshot) -> TestCaseResult {
    for old in &before.instances {
        let new = after.instance(old.id).unwrap();
        prop_assert!(new.stamped_us >= old.stamped_us, "A.23 {}", old.reference);
        let changed = old.wanted() != new.wanted() && new.is_live();
        if changed {
            prop_assert!(new.stamped_us > old.stamped_us, "A.25 {}", old.reference);
        }
        let told = |snapshot: &Snapshot| {
            let view = snapshot.told.requesters.get(&old.reference);
            view.map(|view| view.timestamp)
        };
        let same_place = old.partition_id == new.partition_id;
        if let (true, Some(earlier), Some(later)) = (same_place, told(before), told(after)) {
            prop_assert!(later >= earlier, "A.23 {}", old.reference);
            prop_assert!(!changed || later > earlier, "A.25 {}", old.reference);
        }
        let listed = old.is_listed() || new.is_listed();
        if let (true, true, Some(place)) = (changed, listed, old.partition_id) {
            let host = |s: &Snapshot| s.live_on(place).find(|i| i.kind == "software").cloned();
            if let (Some(earlier), Some(later)) = (host(before), host(after)) {
                let time = |s: &Snapshot, host: &Instance| {
                    s.told.requesters.get(&host.reference).map(|v| v.timestamp)
                };
                let grew = time(after, &later) > time(before, &earlier);
                prop_assert!(grew, "A.25 host of {}", old.reference);
            }
        }
    }
    Ok(())
}

/// A.28.
fn statuses(before: &Snapshot, after: &Snapshot) -> TestCaseResult {
    for old in &before.access {
        let same = |new: &&_| {
            let new: &super::snapshot::AccessStatus = new;
            (&new.subject, &new.reference) == (&old.subject, &old.reference)
        };
        let Some(new) = after.access.iter().find(same) else {
            continue;
        };
        let known = after.now_us - old.created_us < STATUS_US;
        if known && new.kind == old.kind && old.subject != "computer" {
            prop_assert_eq!(new.since_us, old.since_us, "A.28 {:?}", new);
        }
    }
    Ok(())
}

/// A.38; and a certificate never changes but by being revoked, for good.
fn certificates(
    operation: &Operation,
    outcome: &Outcome,
    before: &Snapshot,
    after: &Snapshot,
) -> TestCaseResult {
    for old in &before.certificates {
        let new = after.certificates.iter().find(|c| c.serial == old.serial);
        prop_assert!(new.is_some(), "A.1 {} was deleted", old.serial);
        let mut expected = old.clone();
        if old.revoked_us.is_none() {
            expected.revoked_us = new.unwrap().revoked_us;
        }
        prop_assert_eq!(new, Some(&expected), "A.38");
    }
    let done = matches!(outcome, Outcome::Done);
    if let Operation::Generate(computer) = operation {
        let known = before.computers.iter().any(|c| c.reference == *computer);
        prop_assert_eq!(done, known && !before.is_certified(computer), "A.38");
        prop_assert_eq!(after.is_certified(computer), known, "A.38");
    }
    if let Operation::Revoke(computer) = operation {
        prop_assert_eq!(done, before.is_certified(computer), "A.38");
        prop_assert!(!after.is_certified(computer), "A.38");
    }
    Ok(())
}

/// What is kept of what was told holds until the computer's revision changes.
fn revisions(before: &Snapshot, after: &Snapshot) -> TestCaseResult {
    let kept = |computer: &str| {
        let old = before.revisions.get(computer).copied().unwrap_or_default();
        old != 0 && after.revisions.get(computer) == Some(&old)
    };
    for (computer, told) in &before.told.computers {
        if kept(computer) {
            let now = after.told.computers.get(computer);
            prop_assert_eq!(Some(told), now, "told to {} from memory", computer);
        }
    }
    for (reference, told) in &before.told.requesters {
        if kept(told.at.computer.as_str())
            && let Some(now) = after.told.requesters.get(reference)
        {
            prop_assert_eq!(told, now, "told of {} from memory", reference);
        }
    }
    Ok(())
}

/// Every row but those of statuses.
fn but_statuses(snapshot: &Snapshot) -> Vec<&String> {
    let rows = snapshot.dump.iter();
    rows.filter(|row| {
        !row.starts_with("access_status ") && !row.starts_with("software_installation ")
    })
    .collect()
}

/// A.27: no timestamp moved.
fn unmoved(before: &Snapshot, after: &Snapshot) -> TestCaseResult {
    for old in &before.instances {
        let new = after.instance(old.id).unwrap();
        prop_assert_eq!(old.stamped_us, new.stamped_us, "A.27 {}", old.reference);
    }
    for old in &before.partitions {
        let new = after.partition(old.id);
        prop_assert_eq!(old.touched_us, new.touched_us, "A.27 {}", old.reference);
    }
    Ok(())
}

/// A.14 and A.27.
fn reported(
    report: Reported,
    at: &PartitionAddress,
    before: &Snapshot,
    after: &Snapshot,
) -> TestCaseResult {
    match report {
        Reported::Preparing => prop_assert_eq!(&before.dump, &after.dump, "A.14"),
        Reported::Destroyed => {
            let wanted = before.occupant(at).unwrap().slap_state != "destroyed";
            if wanted {
                prop_assert_eq!(&before.dump, &after.dump, "A.14");
            } else {
                let ended = after.instance(before.occupant(at).unwrap().id).unwrap();
                prop_assert!(!ended.is_live(), "A.11");
            }
        }
        Reported::Started | Reported::Stopped | Reported::Error | Reported::SharedError => {
            prop_assert_eq!(but_statuses(before), but_statuses(after), "A.14");
        }
    }
    Ok(())
}

/// A.26: the timestamp of the direct requester moves, and nothing else's.
fn published_by(publisher: &Instance, before: &Snapshot, after: &Snapshot) -> TestCaseResult {
    let now = after.instance(publisher.id).unwrap();
    let changed = now.connection != publisher.connection;
    for old in &before.instances {
        let new = after.instance(old.id).unwrap();
        let bumped = new.stamped_us > old.stamped_us;
        let requester = changed && publisher.parent_id == Some(old.id);
        prop_assert_eq!(bumped, requester, "A.26 {}", old.reference);
    }
    Ok(())
}

/// A bang moves the banged instance, and nothing of another tree.
fn banged(at: &PartitionAddress, before: &Snapshot, after: &Snapshot) -> TestCaseResult {
    let banged = before.occupant(at).unwrap();
    for old in &before.instances {
        let bumped = after.instance(old.id).unwrap().stamped_us > old.stamped_us;
        prop_assert!(bumped || old.id != banged.id, "8.1 {}", old.reference);
        prop_assert!(
            !bumped || old.tree_id == banged.tree_id,
            "8.1 {}",
            old.reference
        );
    }
    Ok(())
}

/// A.34 to A.36.
fn formatted(format: &ComputerFormat, before: &Snapshot, after: &Snapshot) -> TestCaseResult {
    for old in before.partitions.iter().filter(|p| p.slap_state == "busy") {
        prop_assert_eq!(&after.partition(old.id).slap_state, "busy", "A.34");
    }
    let computer = after
        .computers
        .iter()
        .find(|c| c.reference == format.reference.as_str())
        .unwrap();
    let live: BTreeSet<&str> = after
        .partitions
        .iter()
        .filter(|p| p.computer_id == computer.id && p.validation == "validated")
        .map(|p| p.reference.as_str())
        .collect();
    let sent = format.partitions.iter().map(|p| p.reference.as_str());
    prop_assert_eq!(live, sent.collect(), "A.35");
    for partition in &format.partitions {
        let row = after
            .partitions
            .iter()
            .find(|p| p.computer_id == computer.id && p.reference == partition.reference.as_str())
            .unwrap();
        let kept: BTreeSet<[String; 5]> = serde_json::from_str(&row.addresses).unwrap();
        let mut sent: BTreeSet<[String; 5]> = BTreeSet::new();
        for (address, netmask) in &partition.addresses {
            let tap = partition.tap_name.clone();
            sent.insert([
                tap,
                address.clone(),
                netmask.clone(),
                String::new(),
                String::new(),
            ]);
        }
        if let Some(route) = partition.route.clone() {
            let tap = format!("route_{}", partition.tap_name);
            sent.insert([
                tap,
                route.address,
                route.netmask,
                route.gateway,
                route.network,
            ]);
        }
        prop_assert_eq!(kept, sent, "A.36 {}", row.reference);
        let capabilities: Vec<String> = serde_json::from_str(&row.capabilities).unwrap();
        prop_assert_eq!(&capabilities, &partition.capabilities, "B.12");
    }
    Ok(())
}
