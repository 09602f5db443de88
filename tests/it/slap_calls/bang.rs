//! `softwareInstanceBang`, `computerBang`: `slap.md` 5.7 and 5.14.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{Request, TestMaster};

async fn with_tree(preset: Preset) -> TestMaster {
    let master = TestMaster::preset(preset).switch("allocation.moment", "request");
    let master = master
        .switch("allocation.require_supply", "off")
        .switch("allocation.candidates", "ordered")
        .switch("allocation.capacity_check", "off")
        .default_computer("COMP-1")
        .start()
        .await;
    master.format("COMP-1", 3).await;
    master.request(Request::new("web")).await.expect(200);
    for title in ["db", "cache"] {
        master
            .request(Request::new(title).by("COMP-1", "slappart0"))
            .await
            .expect(200);
    }
    master.advance(10);
    master
}

async fn timestamps(master: &TestMaster) -> Vec<String> {
    let mut all = Vec::new();
    for number in 0..3 {
        let answer = master
            .partition("COMP-1", &format!("slappart{number}"))
            .await;
        all.push(answer.told("timestamp").to_owned());
    }
    all
}

fn moved(before: &[String], after: &[String]) -> Vec<bool> {
    before.iter().zip(after).map(|(b, a)| b != a).collect()
}

/// C.62.
#[tokio::test]
async fn an_instance_bang_reaches_the_tree_or_the_ancestors() {
    for (preset, expected) in [
        (Preset::Default, [true, true, true]),
        (Preset::Real, [true, true, false]),
        (Preset::Slapproxy, [true, true, true]),
    ] {
        let master = with_tree(preset).await;
        let before = timestamps(&master).await;
        let fields = [
            ("computer_id", "COMP-1"),
            ("computer_partition_id", "slappart1"),
            ("message", "promise failed"),
        ];
        let answer = master.post("softwareInstanceBang", &fields).await;
        assert_snapshot!("bang_instance", answer.shown());
        assert_eq!(
            moved(&before, &timestamps(&master).await),
            expected,
            "{preset}"
        );
        let status = master.get("getComputerPartitionStatus", &fields[..2]).await;
        assert_eq!(
            status.told("text"),
            "<string>#error bang called: promise failed</string>"
        );
    }
}

/// C.63, C.64.
#[tokio::test]
async fn a_computer_bang_reaches_its_instances() {
    for (preset, expected) in [
        (Preset::Default, [true, true, true]),
        (Preset::Slapproxy, [false, false, false]),
    ] {
        let master = with_tree(preset).await;
        let before = timestamps(&master).await;
        let fields = [("computer_id", "COMP-1"), ("message", "None")];
        let answer = master.post("computerBang", &fields).await;
        assert_snapshot!("bang_computer", answer.shown());
        assert_eq!(
            moved(&before, &timestamps(&master).await),
            expected,
            "{preset}"
        );
        let status = master.get("getComputerStatus", &fields[..1]).await;
        assert_eq!(status.told("text"), "<string>#error bang: None</string>");
    }
}

#[tokio::test]
async fn an_empty_message_leaves_the_word() {
    let master = with_tree(Preset::Default).await;
    let fields = [("computer_id", "COMP-1"), ("message", "")];
    master.post("computerBang", &fields).await.expect(200);
    let status = master.get("getComputerStatus", &fields[..1]).await;
    assert_eq!(status.told("text"), "<string>#error bang</string>");
}

/// C.68, C.69.
#[tokio::test]
async fn bangs_about_nothing_are_answered_by_preset() {
    for (preset, on_computer, on_instance) in [
        (Preset::Default, 404, 404),
        (Preset::Real, 404, 500),
        (Preset::Slapproxy, 200, 200),
    ] {
        let master = TestMaster::preset(preset).start().await;
        let fields = [
            ("message", "x"),
            ("computer_id", "COMP-9"),
            ("computer_partition_id", "slappart0"),
        ];
        master
            .post("computerBang", &fields[..2])
            .await
            .expect(on_computer);
        master
            .post("softwareInstanceBang", &fields)
            .await
            .expect(on_instance);
    }
}
