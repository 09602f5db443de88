//! `loadComputerConfigurationFromXML`: `slap.md` 5.12.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{TestMaster, configuration, dictionary};

const CALL: &str = "loadComputerConfigurationFromXML";

#[tokio::test]
async fn formatting_makes_a_computer_with_its_partitions() {
    let master = TestMaster::start().await;
    let xml = configuration("COMP-1", 11);
    let answer = master.post(CALL, &[("xml", &xml)]).await;
    assert_snapshot!("format", answer.shown());
    let body = master.information("COMP-1").await.expect(200).body;
    let listed: Vec<&str> = body
        .split("<string>_partition_id</string><string>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap())
        .collect();
    // Natural order (C.75).
    assert_eq!(listed[1..3], ["slappart1", "slappart2"]);
    assert_eq!((listed.len(), listed[10]), (11, "slappart10"));
}

#[tokio::test]
async fn formatting_an_unknown_computer_is_refused_as_production_does() {
    let master = TestMaster::preset(Preset::Real).start().await;
    let xml = configuration("COMP-1", 1);
    let answer = master.post(CALL, &[("xml", &xml)]).await;
    assert_snapshot!("format_unknown_computer", answer.shown());
    let master = TestMaster::preset(Preset::Real)
        .default_computer("COMP-1")
        .start()
        .await;
    master.post(CALL, &[("xml", &xml)]).await.expect(200);
}

#[tokio::test]
async fn a_partition_that_is_not_sent_any_more_is_not_listed() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    master.format("COMP-1", 1).await;
    let body = master.information("COMP-1").await.body;
    assert!(
        body.contains("slappart0") && !body.contains("slappart1"),
        "{body}"
    );
    let at = master.partition("COMP-1", "slappart1").await.expect(200);
    assert_eq!(at.told("_need_modification"), "<int>0</int>");
}

#[tokio::test]
async fn what_is_wrong_in_a_configuration_is_named_and_changes_nothing() {
    let master = TestMaster::start().await;
    let check = async |xml: &str, expected: &str| {
        let answer = master.post(CALL, &[("xml", xml)]).await;
        assert_eq!(answer.expect(400).body, expected);
    };
    check(
        "<marshal><string>x</string></marshal>",
        "`xml`: is a text, a dictionary was expected\n",
    )
    .await;
    check(
        &dictionary(&[("reference", "COMP-1")]),
        "`partition_list`: is missing, a list was expected\n",
    )
    .await;
    let twice = configuration("COMP-1", 2).replace("slappart1", "slappart0");
    check(
        &twice,
        "`partition_list[1].reference`: `slappart0` was listed before\n",
    )
    .await;
    let wrong = configuration("COMP-1", 2).replace("<string>slaptap1</string>", "<int>1</int>");
    check(
        &wrong,
        "`partition_list[1].tap.name`: is an integer, a text was expected\n",
    )
    .await;
    master.information("COMP-1").await.expect(404);
}
