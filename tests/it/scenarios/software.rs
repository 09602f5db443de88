//! Supplying software and reporting on it (`semantics.md` 6).

use slapmaster::{
    domain::{behaviour::Preset, caller::Caller, request::RefusedValue, software::SoftwareReport},
    master::{MasterError, Missing},
};

use crate::support::world::{RELEASE, TestWorld, computer, release};

const COMPUTER: &str = "COMP-1";

async fn formatted() -> TestWorld {
    let world = TestWorld::start().await;
    world.format(COMPUTER, 1).await;
    world
}

fn asked(state: &str) -> String {
    format!("{state} {RELEASE}")
}

/// Text and state of the release's status.
async fn status(world: &TestWorld) -> (String, String) {
    let reading = world
        .master
        .installation_status(&Caller::DefaultUser, &computer(COMPUTER), &release(RELEASE))
        .await
        .unwrap();
    let status = reading.status.unwrap();
    (status.text(), status.state)
}

async fn report(world: &TestWorld, report: SoftwareReport) {
    world
        .report_software(COMPUTER, RELEASE, report)
        .await
        .unwrap();
}

fn failed() -> SoftwareReport {
    SoftwareReport::Error {
        log: "no compiler".to_owned(),
    }
}

/// B.14
#[tokio::test]
async fn a_supplied_release_is_told_as_available() {
    let world = formatted().await;
    world.supply(COMPUTER, RELEASE, "available").await.unwrap();
    assert_eq!(world.installations(COMPUTER).await, [asked("available")]);
}

/// B.15
#[tokio::test]
async fn a_release_supplied_again_is_still_one_installation() {
    let world = formatted().await;
    world.supply(COMPUTER, RELEASE, "available").await.unwrap();
    let before = world.dump().await;
    world.supply(COMPUTER, RELEASE, "available").await.unwrap();
    assert_eq!(world.dump().await, before);
}

/// B.16
#[tokio::test]
async fn asking_to_destroy_what_was_never_supplied_makes_nothing() {
    let world = formatted().await;
    let before = world.dump().await;
    world.supply(COMPUTER, RELEASE, "destroyed").await.unwrap();
    assert_eq!(world.dump().await, before);
}

/// B.17
#[tokio::test]
async fn a_release_asked_to_be_destroyed_is_told_so_and_still_live() {
    let world = formatted().await;
    world.supply(COMPUTER, RELEASE, "available").await.unwrap();
    world.supply(COMPUTER, RELEASE, "destroyed").await.unwrap();
    assert_eq!(world.installations(COMPUTER).await, [asked("destroyed")]);
    let record = "SELECT validation FROM software_installation";
    assert_eq!(world.text(record).await, "validated");
}

/// B.18
#[tokio::test]
async fn supplying_what_is_being_destroyed_begins_a_new_installation() {
    let world = formatted().await;
    world.supply(COMPUTER, RELEASE, "available").await.unwrap();
    world.supply(COMPUTER, RELEASE, "destroyed").await.unwrap();
    world.supply(COMPUTER, RELEASE, "available").await.unwrap();
    assert_eq!(world.installations(COMPUTER).await, [asked("available")]);
    let records = "SELECT reference || ' ' || validation FROM software_installation ORDER BY id";
    assert_eq!(
        world.texts(records).await,
        ["SOFTINSTALL-1 invalidated", "SOFTINSTALL-2 validated"]
    );
}

/// B.19
#[tokio::test]
async fn a_release_reported_gone_is_not_listed_any_more() {
    let world = formatted().await;
    world.supply(COMPUTER, RELEASE, "available").await.unwrap();
    world.supply(COMPUTER, RELEASE, "destroyed").await.unwrap();
    report(&world, SoftwareReport::Destroyed).await;
    assert!(world.installations(COMPUTER).await.is_empty());
}

/// B.20
#[tokio::test]
async fn a_release_that_nobody_asked_to_destroy_cannot_be_reported_gone() {
    let world = formatted().await;
    world.supply(COMPUTER, RELEASE, "available").await.unwrap();
    let before = world.dump().await;
    let refused = world
        .report_software(COMPUTER, RELEASE, SoftwareReport::Destroyed)
        .await;
    assert!(matches!(
        refused,
        Err(MasterError::RefusedValue(
            RefusedValue::NotAskedToBeDestroyed(_)
        ))
    ));
    assert_eq!(world.dump().await, before);
}

/// B.21
#[tokio::test]
async fn any_report_on_a_release_that_is_not_supplied_is_not_found() {
    for preset in Preset::ALL {
        let world = TestWorld::preset(*preset)
            .default_computer(COMPUTER)
            .start()
            .await;
        let before = world.dump().await;
        for report in [
            SoftwareReport::Building,
            SoftwareReport::Available,
            failed(),
            SoftwareReport::Destroyed,
        ] {
            let refused = world.report_software(COMPUTER, RELEASE, report).await;
            assert!(
                matches!(
                    refused,
                    Err(MasterError::NotFound(Missing::Installation { .. }))
                ),
                "{preset}"
            );
        }
        assert_eq!(world.dump().await, before);
    }
}

/// B.22
#[tokio::test]
async fn building_is_a_kind_and_a_state() {
    let world = formatted().await;
    world.supply(COMPUTER, RELEASE, "available").await.unwrap();
    report(&world, SoftwareReport::Building).await;
    let text = format!("#building software release {RELEASE}");
    assert_eq!(status(&world).await, (text, "building".to_owned()));
}

/// B.23
#[tokio::test]
async fn an_error_after_available_keeps_the_state() {
    let world = formatted().await;
    world.supply(COMPUTER, RELEASE, "available").await.unwrap();
    report(&world, SoftwareReport::Available).await;
    let text = format!("#access software release {RELEASE} available");
    assert_eq!(status(&world).await, (text, "available".to_owned()));
    report(&world, failed()).await;
    let text = format!("#error while installing {RELEASE}");
    assert_eq!(status(&world).await, (text, "available".to_owned()));
    let told = world.master.journal().about("SOFTINSTALL-1");
    assert!(told.iter().any(|event| event.text.contains("no compiler")));
}

/// B.24
#[tokio::test]
async fn an_unknown_state_of_software_is_refused() {
    for preset in Preset::ALL {
        let world = TestWorld::preset(*preset)
            .default_computer(COMPUTER)
            .start()
            .await;
        let before = world.dump().await;
        for computer in [COMPUTER, "COMP-unknown"] {
            let refused = world.supply(computer, RELEASE, "mana").await;
            assert!(
                matches!(
                    refused,
                    Err(MasterError::RefusedValue(RefusedValue::UnknownState(_))
                        | MasterError::NotFound(Missing::Computer(_)))
                ),
                "{preset}: {refused:?}"
            );
        }
        assert_eq!(world.dump().await, before, "{preset}");
    }
}

/// B.25
#[tokio::test]
async fn a_release_is_only_told_to_the_computer_that_it_is_supplied_on() {
    let world = formatted().await;
    world.format("COMP-2", 1).await;
    world.supply("COMP-2", RELEASE, "available").await.unwrap();
    assert!(world.installations(COMPUTER).await.is_empty());
    assert_eq!(world.installations("COMP-2").await, [asked("available")]);
}
