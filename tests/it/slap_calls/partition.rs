//! `registerComputerPartition`: `slap.md` 5.2.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{Request, TestMaster};

#[tokio::test]
async fn a_partition_is_told_what_is_on_it() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    assert_snapshot!(
        "partition_free",
        master.partition("COMP-1", "slappart0").await.shown()
    );
    master
        .request(Request::new("web").parameter("a", "1"))
        .await
        .expect(200);
    assert_snapshot!(
        "partition_busy",
        master.partition("COMP-1", "slappart0").await.shown()
    );
}

#[tokio::test]
async fn it_is_answered_from_memory_until_something_changes() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    master.request(Request::new("web")).await.expect(200);
    let first = master.partition("COMP-1", "slappart0").await;
    assert_eq!(
        first.body,
        master.partition("COMP-1", "slappart0").await.body
    );
    assert_ne!(
        first.body,
        master.partition("COMP-1", "slappart1").await.body
    );
    master
        .request(Request::new("web").parameter("a", "2"))
        .await
        .expect(200);
    let changed = master.partition("COMP-1", "slappart0").await;
    assert_eq!(changed.told("a"), "<string>2</string>");
    master.advance(60);
    let later = master.partition("COMP-1", "slappart0").await;
    assert_eq!(later.body, changed.body);
    assert_eq!(
        later.header("last-modified"),
        Some("Mon, 23 Nov 2026 08:31:00 GMT")
    );
}

/// C.66, C.67.
#[tokio::test]
async fn unknown_ones_are_answered_by_preset() {
    for (preset, computer, partition) in [
        (Preset::Default, 404, 404),
        (Preset::Real, 500, 404),
        (Preset::Slapproxy, 500, 500),
    ] {
        let master = TestMaster::preset(preset)
            .default_computer("COMP-1")
            .start()
            .await;
        master.format("COMP-1", 1).await;
        master
            .partition("COMP-9", "slappart0")
            .await
            .expect(computer);
        let answer = master
            .partition("COMP-1", "slappart9")
            .await
            .expect(partition);
        assert_eq!(
            answer.body,
            "computer `COMP-1` has no partition `slappart9`\n"
        );
    }
}
