//! Reports of instances: `slap.md` 5.4 to 5.6 and 5.26.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{Answer, Request, TestMaster};

/// Every report that needs no more than a partition.
const REPORTS: [&str; 5] = [
    "startedComputerPartition",
    "stoppedComputerPartition",
    "destroyedComputerPartition",
    "buildingComputerPartition",
    "availableComputerPartition",
];

async fn with_instance() -> TestMaster {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    master.request(Request::new("web")).await.expect(200);
    master
}

async fn status(master: &TestMaster) -> Answer {
    let fields = [
        ("computer_id", "COMP-1"),
        ("computer_partition_id", "slappart0"),
    ];
    master
        .get("getComputerPartitionStatus", &fields)
        .await
        .expect(200)
}

#[tokio::test]
async fn started_and_stopped_set_the_status_and_nothing_else() {
    let master = with_instance().await;
    let before = master.partition("COMP-1", "slappart0").await.body;
    let answer = master
        .report("startedComputerPartition", "COMP-1", "slappart0")
        .await;
    assert_snapshot!("report_started", answer.shown());
    assert_eq!(
        status(&master).await.told("text"),
        "<string>#access Instance correctly started</string>"
    );
    master
        .report("stoppedComputerPartition", "COMP-1", "slappart0")
        .await
        .expect(200);
    assert_eq!(
        status(&master).await.told("state"),
        "<string>stopped</string>"
    );
    assert_eq!(master.partition("COMP-1", "slappart0").await.body, before);
}

#[tokio::test]
async fn old_clients_reports_are_acknowledged_without_effect() {
    let master = with_instance().await;
    let before = master.information("COMP-1").await.body;
    for call in ["buildingComputerPartition", "availableComputerPartition"] {
        let answer = master.report(call, "COMP-1", "slappart0").await.expect(200);
        assert_eq!(answer.body, "None");
    }
    assert_eq!(master.information("COMP-1").await.body, before);
}

#[tokio::test]
async fn a_destroyed_report_frees_what_was_to_be_destroyed() {
    let master = with_instance().await;
    let report = async || {
        master
            .report("destroyedComputerPartition", "COMP-1", "slappart0")
            .await
    };
    // Wanted: ignored (C.48).
    report().await.expect(200);
    let told = master.partition("COMP-1", "slappart0").await;
    assert_eq!(told.told("_requested_state"), "<string>started</string>");
    master
        .request(Request::new("web").state("destroyed"))
        .await
        .expect(408);
    assert_snapshot!("report_destroyed", report().await.shown());
    let told = master.partition("COMP-1", "slappart0").await;
    assert_eq!(told.told("_need_modification"), "<int>0</int>");
    // slapgrid takes 404 as "already gone".
    assert_snapshot!("report_destroyed_again", report().await.shown());
}

/// C.47.
#[tokio::test]
async fn slapproxy_tells_that_children_are_left() {
    let master = TestMaster::preset(Preset::Slapproxy).start().await;
    master.format("COMP-1", 2).await;
    master.request(Request::new("web")).await.expect(200);
    let child = Request::new("db")
        .by("COMP-1", "slappart0")
        .sla("computer_guid", "COMP-1");
    master.request(child).await.expect(200);
    master
        .request(Request::new("web").state("destroyed"))
        .await
        .expect(200);
    let answer = master
        .report("destroyedComputerPartition", "COMP-1", "slappart0")
        .await;
    assert_snapshot!("report_destroyed_children_left", answer.shown());
    master
        .report("destroyedComputerPartition", "COMP-1", "slappart1")
        .await
        .expect(200);
    let answer = master
        .report("destroyedComputerPartition", "COMP-1", "slappart0")
        .await;
    assert_eq!(answer.expect(200).body, "None");
}

#[tokio::test]
async fn an_error_is_the_instances_or_a_shared_ones() {
    let master = with_instance().await;
    let shared = master
        .request(Request::new("domain").shared())
        .await
        .expect(200);
    let reference = shared.text_of("_instance_guid").to_owned();
    let at = [
        ("computer_id", "COMP-1"),
        ("computer_partition_id", "slappart0"),
        ("error_log", "\u{1b}[31mit failed\u{0}"),
    ];
    let call = "softwareInstanceError";
    let answer = master.post(call, &at).await;
    assert_snapshot!("report_error", answer.shown());
    assert_eq!(
        status(&master).await.told("text"),
        "<string>#error while instanciating: [31mit failed</string>"
    );
    master
        .report("startedComputerPartition", "COMP-1", "slappart0")
        .await
        .expect(200);
    let fields = [at[0], at[1], at[2], ("slave_reference", &reference)];
    master.post(call, &fields).await.expect(200);
    assert_eq!(
        status(&master).await.told("text"),
        "<string>#access Instance correctly started</string>"
    );
    // The text `None` is a reference here (slap.md 5.6); an empty one is none.
    let fields = [at[0], at[1], at[2], ("slave_reference", "None")];
    master.post(call, &fields).await.expect(404);
    let fields = [at[0], at[1], at[2], ("slave_reference", "")];
    master.post(call, &fields).await.expect(200);
}

/// C.69: production tests access before it finds that nothing is there.
#[tokio::test]
async fn a_busy_partition_without_instance_is_answered_by_preset() {
    for (value, status) in [("plain", 404), ("production", 401), ("proxy", 200)] {
        let master = TestMaster::preset(Preset::Default)
            .switch("allocation.moment", "round")
            .switch("errors.unknown", value)
            .start()
            .await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await.expect(408);
        master.round().await;
        master
            .request(Request::new("web").state("destroyed"))
            .await
            .expect(408);
        let report = async || {
            master
                .report("destroyedComputerPartition", "COMP-1", "slappart0")
                .await
        };
        report().await.expect(200);
        // The instance ended; its partition is freed by the next round.
        report().await.expect(status);
        master.round().await;
        report()
            .await
            .expect(if value == "proxy" { 200 } else { 404 });
    }
}

/// C.68, C.69.
#[tokio::test]
async fn reports_about_nothing_are_answered_by_preset() {
    for (preset, computer, others) in [
        (Preset::Default, 404, 404),
        (Preset::Real, 500, 404),
        (Preset::Slapproxy, 200, 200),
    ] {
        let master = TestMaster::preset(preset)
            .default_computer("COMP-1")
            .start()
            .await;
        master.format("COMP-1", 1).await;
        for call in REPORTS {
            master
                .report(call, "COMP-9", "slappart0")
                .await
                .expect(computer);
            master
                .report(call, "COMP-1", "slappart9")
                .await
                .expect(others);
            let answer = master
                .report(call, "COMP-1", "slappart0")
                .await
                .expect(others);
            let expected = if others == 200 {
                "None"
            } else {
                "no live instance is on partition `slappart0` of computer `COMP-1`\n"
            };
            assert_eq!(answer.body, expected, "{preset}: {call}");
        }
    }
}
