//! `slapmaster ctl fault`.

use std::fs;

use serde_json::json;

use super::{World, done, failed, parsed};
use crate::support::{
    http::get,
    process::{command, run},
};

#[test]
fn rules_are_added_listed_shown_and_removed() {
    let world = World::start();
    assert_eq!(world.done("fault list"), "no rule is set\n");
    // The first command of a topic is meant where none is named.
    assert_eq!(world.done("fault"), "no rule is set\n");
    let added =
        world.done("fault add --call requestComputerPartition --status 503 --count 2 --name busy");
    assert!(added.contains("busy"), "{added}");
    world.done("fault set cold --call get* --computer COMP-1 --cold-cache");
    assert_eq!(
        world.done("fault list"),
        "\
name  match                          effect          when    count  matched  applied
busy  call=requestComputerPartition  status=503      before  2      0        0
cold  call=get* computer=COMP-1      cold_cache=yes  before         0        0
"
    );
    let shown = world.done("fault show cold");
    let line = |name: &str| {
        let found = shown.lines().find(|line| line.starts_with(name));
        found
            .unwrap_or_else(|| panic!("{name}: {shown}"))
            .split_whitespace()
            .collect::<Vec<_>>()
    };
    assert_eq!(line("effect"), ["effect", "cold_cache=yes"]);
    assert_eq!(line("matched"), ["matched", "0"]);
    assert_eq!(world.done("fault remove busy"), "removed  1\n");
    assert_eq!(world.done("fault clear"), "removed  1\n");
    assert_eq!(world.json("fault list"), json!({ "faults": [] }));
}

#[test]
fn a_rule_works() {
    let world = World::start();
    world.done("fault add --call getRunId --status 418 --body tea --header X-Tea=green --count 1");
    let answer = get(world.server.address(), "/getRunId");
    assert_eq!((answer.status, answer.body.as_str()), (418, "tea"));
    assert_eq!(answer.header("x-tea"), "green");
    assert_eq!(get(world.server.address(), "/getRunId").status, 200);
    assert_eq!(world.json("fault list")["faults"][0]["applied"], 1);
}

#[test]
fn a_rule_is_given_as_text_as_a_file_or_on_standard_input() {
    let world = World::start();
    let rule = "match: {call: getRunId}\neffect: {delay_ms: [1, 2]}\ncount: 3\n";
    let file = world.server.path("rule.yaml");
    fs::write(&file, rule).unwrap();
    let by_file = world.ctl_with(&["fault", "add", file.to_str().unwrap(), "--json"]);
    let by_text = world.ctl_with(&["fault", "add", rule, "--json"]);
    let by_json = world.ctl_with(&[
        "fault",
        "add",
        "--json",
        r#"{"match": {"call": "getRunId"}, "effect": {"delay_ms": [1, 2]}, "count": 3}"#,
    ]);
    let by_input = run(
        command(&["ctl", "--url", world.url(), "--json", "fault", "add", "-"])
            .stdin(fs::File::open(&file).unwrap()),
    );
    for outcome in [by_file, by_text, by_json, by_input] {
        let set = parsed(&done(outcome));
        assert_eq!(set["effect"], json!({ "delay_ms": [1, 2] }));
        assert_eq!(set["count"], 3);
    }
    assert_eq!(
        world.json("fault list")["faults"].as_array().unwrap().len(),
        4
    );
}

#[test]
fn flags_take_the_place_of_what_the_rule_says() {
    let world = World::start();
    let set = parsed(&done(world.ctl_with(&[
        "fault",
        "set",
        "x",
        "{match: {call: a, title: t}, effect: {status: 500}, count: 1}",
        "--call",
        "getRunId",
        "--call",
        "getH*",
        "--status",
        "503",
        "--delay-ms",
        "5-10",
        "--sequence",
        "fail, pass",
        "--probability",
        "0.5",
        "--lifetime",
        "1h30m",
        "--nth",
        "2",
        "--caller-kind",
        "computer",
        "--caller",
        "COMP-1",
        "--when",
        "after",
        "--json",
    ])));
    assert_eq!(
        set["match"],
        json!({
            "call": ["getRunId", "getH*"],
            "caller": { "kind": "computer", "reference": "COMP-1" },
            "title": "t",
            "nth": [2],
        })
    );
    assert_eq!(set["effect"], json!({ "delay_ms": [5, 10], "status": 503 }));
    let others = ["count", "sequence", "probability", "lifetime_s", "when"].map(|key| &set[key]);
    assert_eq!(
        others,
        [
            &json!(1),
            &json!(["fail", "pass"]),
            &json!(0.5),
            &json!(5400),
            &json!("after")
        ]
    );
}

#[test]
fn what_the_server_does_not_take_sets_nothing() {
    let world = World::start();
    let outcome = world.ctl_with(&["fault", "add", "{efect: {drop: true}}"]);
    failed(
        &outcome,
        3,
        "`efect`: is not known here, perhaps `effect` was meant",
    );
    world.done("fault add --name one --drop");
    failed(&world.ctl("fault add --name one --drop"), 3, "Conflict: ");
    assert_eq!(
        world.json("fault list")["faults"].as_array().unwrap().len(),
        1
    );
}
