//! Reports of software: `slap.md` 5.13.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{Answer, RELEASE, TestMaster};

const FIELDS: [(&str, &str); 3] = [
    ("computer_id", "COMP-1"),
    ("url", RELEASE),
    ("error_log", "it failed"),
];

/// Every report; the one that needs no log ignores it.
const REPORTS: [&str; 4] = [
    "buildingSoftwareRelease",
    "availableSoftwareRelease",
    "softwareReleaseError",
    "destroyedSoftwareRelease",
];

async fn status(master: &TestMaster) -> Answer {
    master
        .get("getSoftwareInstallationStatus", &FIELDS[..2])
        .await
        .expect(200)
}

#[tokio::test]
async fn reports_set_the_status_of_the_installation() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master.supply("COMP-1", RELEASE).await;
    let check = async |call: &str, text: &str, state: &str| {
        let answer = master.post(call, &FIELDS).await.expect(200);
        assert_eq!(answer.body, "None");
        let status = status(&master).await;
        assert_eq!(status.told("text"), format!("<string>{text}</string>"));
        assert_eq!(status.told("state"), format!("<string>{state}</string>"));
    };
    let building = format!("#building software release {RELEASE}");
    check("buildingSoftwareRelease", &building, "building").await;
    let error = format!("#error while installing {RELEASE}");
    check("softwareReleaseError", &error, "building").await;
    let available = format!("#access software release {RELEASE} available");
    check("availableSoftwareRelease", &available, "available").await;
}

/// C.16.
#[tokio::test]
async fn software_is_gone_when_that_was_asked_for() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master.supply("COMP-1", RELEASE).await;
    let answer = master.post("destroyedSoftwareRelease", &FIELDS).await;
    assert_snapshot!("software_destroyed_unasked", answer.shown());
    let destroyed = [FIELDS[0], FIELDS[1], ("state", "destroyed")];
    master.post("supplySupply", &destroyed).await.expect(200);
    let answer = master.post("destroyedSoftwareRelease", &FIELDS).await;
    assert_snapshot!("software_destroyed", answer.shown());
    assert!(!master.information("COMP-1").await.body.contains(RELEASE));
    let proxy = TestMaster::preset(Preset::Slapproxy).start().await;
    proxy.format("COMP-1", 1).await;
    proxy.supply("COMP-1", RELEASE).await;
    proxy
        .post("destroyedSoftwareRelease", &FIELDS)
        .await
        .expect(200);
    assert!(!proxy.information("COMP-1").await.body.contains(RELEASE));
}

/// C.68, C.69.
#[tokio::test]
async fn reports_of_software_that_is_not_supplied_are_answered_by_preset() {
    for (preset, status) in [
        (Preset::Default, 404),
        (Preset::Real, 404),
        (Preset::Slapproxy, 200),
    ] {
        let master = TestMaster::preset(preset)
            .default_computer("COMP-1")
            .start()
            .await;
        for call in REPORTS {
            master.post(call, &FIELDS).await.expect(status);
            let unknown = [("computer_id", "COMP-9"), FIELDS[1], FIELDS[2]];
            master.post(call, &unknown).await.expect(status);
        }
    }
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let answer = master.post("availableSoftwareRelease", &FIELDS).await;
    assert_snapshot!("software_not_supplied", answer.shown());
}
