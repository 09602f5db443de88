//! `getFullComputerInformation`, `getComputerInformation`: `slap.md` 5.1.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{RELEASE, Request, TestMaster};

#[tokio::test]
async fn a_computer_is_told_everything() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    assert_snapshot!(
        "information_fresh",
        master.information("COMP-1").await.shown()
    );
    master.supply("COMP-1", RELEASE).await;
    let request = Request::new("web")
        .parameter("a", "1")
        .parameter("empty", "");
    master
        .request(request.sla("computer_guid", "COMP-1"))
        .await
        .expect(200);
    let shared = Request::new("domain")
        .shared()
        .parameter("domain", "a.example.org");
    master.request(shared).await.expect(200);
    assert_snapshot!(
        "information_busy",
        master.information("COMP-1").await.shown()
    );
}

#[tokio::test]
async fn the_older_name_answers_the_same() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let fields = [("computer_id", "COMP-1")];
    master.information("COMP-1").await;
    let new = master.information("COMP-1").await;
    let old = master.get("getComputerInformation", &fields).await;
    assert_eq!(new.shown(), old.shown());
}

#[tokio::test]
async fn a_poll_is_answered_from_memory_until_something_changes() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master.format("COMP-2", 1).await;
    // The first one makes the computer known.
    master.information("COMP-1").await;
    let first = master.information("COMP-1").await;
    let again = master.information("COMP-1").await;
    assert_eq!(first.header("etag"), again.header("etag"));
    assert_eq!(first.body, again.body);
    master.supply("COMP-2", RELEASE).await;
    let other = master.information("COMP-1").await;
    assert_eq!(first.header("etag"), other.header("etag"));
    master.supply("COMP-1", RELEASE).await;
    let changed = master.information("COMP-1").await;
    assert_ne!(first.header("etag"), changed.header("etag"));
    assert!(changed.body.contains(RELEASE), "{}", changed.body);
}

/// Every change that a computer is told reaches the next poll, however it was made.
#[tokio::test]
async fn every_change_is_seen_by_the_next_poll() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    master.information("COMP-1").await;
    let mut last = master.information("COMP-1").await.body;
    let at = [
        ("computer_id", "COMP-1"),
        ("computer_partition_id", "slappart0"),
    ];
    let with = |name, value| vec![at[0], at[1], (name, value)];
    let none = ("slave_reference", "None");
    let connection = crate::support::master::dictionary(&[("url", "x")]);
    let url = ("url", RELEASE);
    let calls: Vec<(&str, Vec<(&str, &str)>)> = vec![
        ("supplySupply", vec![at[0], url]),
        ("supplySupply", vec![at[0], url, ("state", "destroyed")]),
        ("destroyedSoftwareRelease", vec![at[0], url]),
        (
            "requestComputerPartition",
            vec![
                ("partition_reference", "web"),
                ("software_release", RELEASE),
            ],
        ),
        ("startedComputerPartition", at.to_vec()),
        ("stoppedComputerPartition", at.to_vec()),
        ("softwareInstanceError", with("error_log", "x")),
        ("softwareInstanceBang", with("message", "x")),
        (
            "setComputerPartitionConnectionXml",
            vec![at[0], at[1], none, ("connection_xml", &connection)],
        ),
        ("softwareInstanceRename", with("new_name", "renamed")),
        ("computerBang", vec![at[0], ("message", "x")]),
    ];
    for (call, fields) in calls {
        master.advance(1);
        master.post(call, &fields).await.expect(200);
        let next = master.information("COMP-1").await.body;
        assert_ne!(last, next, "{call}");
        last = next;
    }
    // A status that grows old is forgotten without any call.
    master.advance(2 * 86_400);
    let next = master.information("COMP-1").await.body;
    assert!(next.contains("#error no data found for "), "{next}");
}

#[tokio::test]
async fn a_poll_marks_the_computer_as_seen() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let status = async || {
        master
            .get("getComputerStatus", &[("computer_id", "COMP-1")])
            .await
    };
    assert_eq!(status().await.told("no_data"), "<int>1</int>");
    master.information("COMP-1").await;
    assert_eq!(
        status().await.told("text"),
        "<string>#access COMP-1</string>"
    );
    master.advance(300);
    assert_eq!(
        status().await.told("no_data_since_5_minutes"),
        "<int>1</int>"
    );
    master.information("COMP-1").await;
    assert_eq!(
        status().await.told("no_data_since_5_minutes"),
        "<int>0</int>"
    );
    assert_eq!(
        status().await.told("created_at"),
        "<string>Mon, 23 Nov 2026 08:35:00 GMT</string>"
    );
}

/// C.66.
#[tokio::test]
async fn an_unknown_computer_is_answered_by_preset() {
    let plain = TestMaster::start().await;
    assert_snapshot!(
        "information_unknown",
        plain.information("COMP-9").await.shown()
    );
    let real = TestMaster::preset(Preset::Real).start().await;
    assert_snapshot!(
        "information_unknown_real",
        real.information("COMP-9").await.shown()
    );
    let proxy = TestMaster::preset(Preset::Slapproxy).start().await;
    proxy.information("COMP-9").await.expect(500);
}

/// C.66: `--default-computer`.
#[tokio::test]
async fn the_default_computer_needs_no_format() {
    for preset in Preset::ALL {
        let master = TestMaster::preset(*preset)
            .default_computer("COMP-0")
            .start()
            .await;
        let answer = master.information("COMP-0").await.expect(200);
        let lists = "<string>_computer_partition_list</string><list id=\"i4\"/>\
                     <string>_software_release_list</string><list id=\"i5\"/>";
        assert!(answer.body.contains(lists), "{}", answer.body);
    }
}
