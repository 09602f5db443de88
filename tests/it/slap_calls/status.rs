//! Statuses: `slap.md` 4.9 and 5.16.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{RELEASE, Request, TestMaster};

const AT: [(&str, &str); 3] = [
    ("computer_id", "COMP-1"),
    ("computer_partition_id", "slappart0"),
    ("url", RELEASE),
];

#[tokio::test]
async fn a_status_is_known_or_it_is_said_that_there_is_none() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let computer = async || master.get("getComputerStatus", &AT[..1]).await;
    assert_snapshot!("status_computer_no_data", computer().await.shown());
    master.information("COMP-1").await;
    assert_snapshot!("status_computer", computer().await.shown());
    master.request(Request::new("web")).await.expect(200);
    let partition = async || master.get("getComputerPartitionStatus", &AT[..2]).await;
    assert_snapshot!("status_partition_no_data", partition().await.shown());
    master
        .report("startedComputerPartition", "COMP-1", "slappart0")
        .await
        .expect(200);
    assert_snapshot!("status_partition", partition().await.shown());
    let fields = [AT[0], AT[2]];
    let installation = async || master.get("getSoftwareInstallationStatus", &fields).await;
    master.supply("COMP-1", RELEASE).await;
    assert_snapshot!("status_installation_no_data", installation().await.shown());
    master
        .post("buildingSoftwareRelease", &fields)
        .await
        .expect(200);
    assert_snapshot!("status_installation", installation().await.shown());
}

/// Who is taken to report (`semantics.md` 10.5): the instance on the partition, or the one that
/// the header names, if it is known.
#[tokio::test]
async fn the_author_of_a_status_is_who_calls() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    let own = master.request(Request::new("web")).await.expect(200);
    let other = master.request(Request::new("other")).await.expect(200);
    let author = async || {
        let status = master.get("getComputerPartitionStatus", &AT[..2]).await;
        status.told("user").to_owned()
    };
    let started = "startedComputerPartition";
    master
        .report(started, "COMP-1", "slappart0")
        .await
        .expect(200);
    assert_eq!(author().await, own.told("_instance_guid"));
    master
        .post_as(("COMP-1", "slappart1"), started, &AT[..2])
        .await
        .expect(200);
    assert_eq!(author().await, other.told("_instance_guid"));
    master
        .post_as(("COMP-9", "slappart1"), started, &AT[..2])
        .await
        .expect(200);
    assert_eq!(author().await, own.told("_instance_guid"));
}

#[tokio::test]
async fn a_status_grows_old_and_is_forgotten() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master.request(Request::new("web")).await.expect(200);
    master
        .report("startedComputerPartition", "COMP-1", "slappart0")
        .await
        .expect(200);
    let partition = async || master.get("getComputerPartitionStatus", &AT[..2]).await;
    master.advance(217);
    assert_eq!(
        partition().await.told("no_data_since_5_minutes"),
        "<int>1</int>"
    );
    assert_eq!(
        partition().await.told("no_data_since_15_minutes"),
        "<int>0</int>"
    );
    master.advance(433 - 217);
    assert_eq!(
        partition().await.told("no_data_since_15_minutes"),
        "<int>1</int>"
    );
    master.advance(2 * 86_400);
    assert_eq!(partition().await.told("no_data"), "<int>1</int>");
}

/// C.66, C.67, C.72.
#[tokio::test]
async fn what_has_no_status_is_answered_by_preset() {
    for (preset, nothing_there, unknown_computer, unknown_partition) in [
        (Preset::Default, 200, 404, 404),
        (Preset::Real, 500, 500, 500),
        (Preset::Slapproxy, 200, 404, 404),
    ] {
        let master = TestMaster::preset(preset)
            .default_computer("COMP-1")
            .start()
            .await;
        master.format("COMP-1", 1).await;
        let partition = async |computer: &str, partition: &str| {
            let fields = [
                ("computer_id", computer),
                ("computer_partition_id", partition),
            ];
            master.get("getComputerPartitionStatus", &fields).await
        };
        partition("COMP-1", "slappart0").await.expect(nothing_there);
        partition("COMP-9", "slappart0")
            .await
            .expect(unknown_computer);
        partition("COMP-1", "slappart9")
            .await
            .expect(unknown_partition);
        let installation = async |computer: &str| {
            let fields = [("computer_id", computer), ("url", RELEASE)];
            master.get("getSoftwareInstallationStatus", &fields).await
        };
        installation("COMP-1").await.expect(nothing_there);
        installation("COMP-9").await.expect(404);
        master
            .get("getComputerStatus", &[("computer_id", "COMP-9")])
            .await
            .expect(404);
    }
}

#[tokio::test]
async fn where_nothing_is_the_reading_is_about_the_place() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let answer = master
        .get("getComputerPartitionStatus", &AT[..2])
        .await
        .expect(200);
    assert_eq!(answer.told("reference"), "<string>slappart0</string>");
    assert_eq!(
        answer.told("portal_type"),
        "<string>Software Instance</string>"
    );
    let fields = [AT[0], AT[2]];
    let answer = master
        .get("getSoftwareInstallationStatus", &fields)
        .await
        .expect(200);
    assert_eq!(
        answer.told("reference"),
        format!("<string>{RELEASE}</string>")
    );
    assert_eq!(
        answer.told("portal_type"),
        "<string>Software Installation</string>"
    );
}
