//! Rules in fixtures.

use std::path::PathBuf;

use serde_json::json;
use slapmaster::fixture::{Fixture, FixtureError};

use super::FAULTS;
use crate::support::master::{Request, TestMaster};

fn fixture(text: &str) -> Result<Fixture, FixtureError> {
    Fixture::parse(&[(PathBuf::from("world.yaml"), text.to_owned())])
}

#[tokio::test]
async fn a_world_may_begin_with_rules() {
    let master = TestMaster::start().await;
    master.fault(&json!({ "effect": { "drop": true } })).await;
    master
        .seed(
            "computers: [{reference: COMP-1, partitions: 1}]\n\
             faults:\n\
             - match: {call: requestComputerPartition, title: web}\n  \
               effect: {not_ready: true}\n  \
               count: 2\n\
             - {name: fault-1, match: {call: get*}, effect: {status: 503}, probability: 0.0}\n",
        )
        .await;
    for status in [408, 408, 200] {
        master.request(Request::new("web")).await.expect(status);
    }
    let told = master.read(FAULTS, &[]).await.expect(200).json();
    let names: Vec<_> = told["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["name"])
        .collect();
    assert_eq!(names, ["fault-2", "fault-1"]);
}

#[tokio::test]
async fn a_fixture_without_rules_leaves_them() {
    let master = TestMaster::start().await;
    master.fault(&json!({ "effect": { "drop": true } })).await;
    master.seed("computers: [{reference: COMP-1}]").await;
    let told = master.read(FAULTS, &[]).await.expect(200).json();
    assert_eq!(told["faults"].as_array().unwrap().len(), 1);
}

#[test]
fn a_malformed_rule_is_refused_where_it_stands() {
    for (text, expected) in [
        ("faults: {}", "1:9: `faults` is a map; expected a list"),
        (
            "faults:\n- drop\n",
            "2:3: `rule`: is a text, an object was expected",
        ),
        (
            "faults:\n- match: {call: getRunId}\n",
            "2:3: `effect`: is missing, what the rule does was expected",
        ),
        (
            "faults:\n- effect:\n    statsu: 500\n",
            "3:13: `effect.statsu`: is not known here, perhaps `status` was meant; expected were: \
             `delay_ms`, `status`, `headers`, `body`, `not_ready`, `cold_cache`, `drop`, \
             `cut_after_bytes`, `stale`",
        ),
        (
            "faults:\n- effect: {drop: true}\n  match: {nth: [1, 0]}\n",
            "3:20: `match.nth[1]`: is the number `0`, a whole number from 1 to 1000000000 was \
             expected",
        ),
        (
            "faults:\n- {name: a, effect: {drop: true}}\n- {name: a, effect: {drop: true}}\n",
            "3:3: fault rule `a` is there already, in line 2; expected it once",
        ),
        (
            "faults:\n- {effect: {drop: true, drop: true}}\n",
            "2:25: `drop` is there twice; expected it once",
        ),
    ] {
        let said = fixture(text).unwrap_err().to_string();
        assert_eq!(said, format!("world.yaml:{expected}"), "{text}");
    }
    let many = "faults:\n".to_owned() + &"- effect: {drop: true}\n".repeat(1001);
    let said = fixture(&many).unwrap_err().to_string();
    let expected = "world.yaml:1002:3: there are more than 1000 fault rules; expected no more";
    assert_eq!(said, expected);
}
