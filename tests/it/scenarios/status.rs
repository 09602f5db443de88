//! Access statuses (`semantics.md` 7).

use slapmaster::domain::caller::Caller;
use slapmaster::{
    domain::status::{PortalType, StatusKind, StatusReading},
    master::{InstanceReport, RequestedView},
};

use crate::support::world::{RELEASE, TestWorld, at, computer, release};

async fn running() -> (TestWorld, RequestedView) {
    let world = TestWorld::start().await;
    world.format("COMP-1", 2).await;
    let web = world.request("web").on().await;
    (world, web)
}

fn no_data(reading: &StatusReading, reference: &str, portal_type: PortalType) {
    assert_eq!(reading.status, None);
    assert_eq!(reading.reference, reference);
    assert_eq!(reading.portal_type, portal_type);
}

/// B.93
#[tokio::test]
async fn a_status_that_was_never_reported_is_no_data() {
    let (world, web) = running().await;
    no_data(
        &world.computer_status("COMP-1").await,
        "COMP-1",
        PortalType::ComputeNode,
    );
    let reference = web.reference.as_str();
    let reading = world.status(&web.at).await;
    no_data(&reading, reference, PortalType::SoftwareInstance);
    assert!(reading.subject_exists);
    let told = world.occupant(&web.at).await.access_status;
    assert_eq!(told, format!("#error no data found for {reference}"));
    let free = world.status(&at("COMP-1", "slappart1")).await;
    no_data(&free, "slappart1", PortalType::SoftwareInstance);
    assert!(!free.subject_exists);
    let status = async || {
        let (computer, release) = (computer("COMP-1"), release(RELEASE));
        let reading = world
            .master
            .installation_status(&Caller::DefaultUser, &computer, &release);
        reading.await.unwrap()
    };
    no_data(&status().await, RELEASE, PortalType::SoftwareInstallation);
    world.supply("COMP-1", RELEASE, "available").await.unwrap();
    let supplied = status().await;
    no_data(&supplied, "SOFTINSTALL-1", PortalType::SoftwareInstallation);
    assert!(supplied.subject_exists);
}

/// B.94
#[tokio::test]
async fn the_same_kind_again_moves_created_at_and_not_since() {
    let (world, web) = running().await;
    world
        .report(&web.at, InstanceReport::Started)
        .await
        .unwrap();
    let first = world.status(&web.at).await.status.unwrap();
    world.advance(60);
    world
        .report(&web.at, InstanceReport::Started)
        .await
        .unwrap();
    let second = world.status(&web.at).await.status.unwrap();
    assert_eq!(second.created_at.micros_since(first.created_at), 60_000_000);
    assert_eq!((second.since, first.since), (first.since, first.created_at));
    assert_eq!(second.text(), "#access Instance correctly started");
    world
        .report(&web.at, InstanceReport::Stopped)
        .await
        .unwrap();
    let stopped = world.status(&web.at).await.status.unwrap();
    assert_eq!(stopped.text(), "#access Instance correctly stopped");
    assert_eq!(
        (stopped.state.as_str(), stopped.since),
        ("stopped", first.since)
    );
}

/// B.95
#[tokio::test]
async fn another_kind_moves_since_and_keeps_the_state() {
    let (world, web) = running().await;
    world
        .report(&web.at, InstanceReport::Started)
        .await
        .unwrap();
    world.advance(60);
    world.report_error(&web.at, "broken").await;
    let status = world.status(&web.at).await.status.unwrap();
    assert_eq!(status.since, status.created_at);
    assert_eq!(
        (status.kind, status.state.as_str()),
        (StatusKind::Error, "started")
    );
}

/// B.96
#[tokio::test]
async fn an_error_keeps_the_last_80_characters_of_its_log() {
    let (world, web) = running().await;
    let log = format!("{}{}", "a".repeat(420), "é".repeat(80));
    world.report_error(&web.at, &log).await;
    let text = format!("#error while instanciating: {}", "é".repeat(80));
    assert_eq!(world.status(&web.at).await.status.unwrap().text(), text);
    let told = world.master.journal().about(web.reference.as_str());
    assert!(told.iter().any(|event| event.text.contains(&log)));
}

/// B.97
#[tokio::test]
async fn a_status_ages() {
    let (world, web) = running().await;
    world
        .report(&web.at, InstanceReport::Started)
        .await
        .unwrap();
    for (seconds, ageing, old) in [(216, false, false), (24, true, false), (240, true, true)] {
        world.advance(seconds);
        let reading = world.status(&web.at).await;
        assert_eq!((reading.is_ageing(), reading.is_old()), (ageing, old));
    }
}

/// B.98
#[tokio::test]
async fn a_status_is_forgotten_after_two_days() {
    let (world, web) = running().await;
    world
        .report(&web.at, InstanceReport::Started)
        .await
        .unwrap();
    let told = world.poll("COMP-1").await;
    let occupant = told.partitions[0].instance.as_ref().unwrap();
    assert_eq!(occupant.access_status, "#access Instance correctly started");
    let revision = world.master.revision("COMP-1");
    world.advance(2 * 86_400 - 1);
    assert!(world.status(&web.at).await.status.is_some());
    assert!(world.computer_status("COMP-1").await.status.is_some());
    assert_eq!(world.master.revision("COMP-1"), revision);
    world.advance(1);
    assert_eq!(world.status(&web.at).await.status, None);
    assert_eq!(world.computer_status("COMP-1").await.status, None);
    // What the computer is told changes with it, though nothing was written.
    assert_ne!(world.master.revision("COMP-1"), revision);
    let told = world.occupant(&web.at).await.access_status;
    assert!(told.starts_with("#error no data found"), "{told}");
    // A new report begins anew: neither state nor beginning are remembered.
    world.report_error(&web.at, "broken").await;
    let status = world.status(&web.at).await.status.unwrap();
    assert_eq!(
        (status.state.as_str(), status.since),
        ("", status.created_at)
    );
}

/// B.99
#[tokio::test]
async fn a_computer_that_asks_was_seen_and_one_that_is_asked_about_was_not() {
    let (world, _) = running().await;
    world.computer("COMP-1").await;
    assert_eq!(world.computer_status("COMP-1").await.status, None);
    world.poll("COMP-1").await;
    let status = world.computer_status("COMP-1").await.status.unwrap();
    assert_eq!(
        (status.text().as_str(), status.user.as_str()),
        ("#access COMP-1", "COMP-1")
    );
    assert_eq!(status.state, "");
}

/// B.99: contacts keep `since` while they follow each other, written or not.
#[tokio::test]
async fn a_contact_is_soft_state_that_is_written_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let clock = crate::support::world::standing_clock();
    let setup = TestWorld::preset(slapmaster::domain::behaviour::Preset::Default)
        .database(&path)
        .clock(&clock);
    let world = setup.clone().start().await;
    world.format("COMP-1", 1).await;
    let before = world.dump().await;
    world.poll("COMP-1").await;
    world.advance(30);
    world.poll("COMP-1").await;
    assert_eq!(world.dump().await, before, "a poll writes nothing");
    let seen = world.computer_status("COMP-1").await;
    world.close().await;
    let world = setup.start().await;
    assert_eq!(world.computer_status("COMP-1").await, seen);
    let status = seen.status.unwrap();
    assert_eq!(status.created_at.micros_since(status.since), 30_000_000);
}
