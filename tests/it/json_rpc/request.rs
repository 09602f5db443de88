//! `post.v0.software_instance` and the list of trees.

use serde_json::{Value, json};
use slapmaster::domain::behaviour::Preset;

use super::{
    call_as, formatted, guid, instance, not_ready, problem, refused, requested, result, told,
    wanted, with,
};
use crate::support::master::TestMaster;

const POST: &str = "post.v0.software_instance";
const TREES: &str = "allDocs.v0.instance_tree_list";

#[tokio::test]
async fn a_request_with_nothing_free_is_told_without_a_place() {
    let master = formatted(0).await;
    let web = requested(&master, &wanted("web")).await;
    for key in [
        "computer_guid",
        "compute_partition_id",
        "root_instance_title",
    ] {
        assert_eq!(web[key], "", "{key}");
    }
    assert_eq!(
        (&web["ip_list"], &web["full_ip_list"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(guid(&web), "SOFTINST-1");
    assert_eq!(instance(&master, "SOFTINST-1").await, web);
    let tree = result(&master, "get.v0.instance_tree", &json!({"title": "web"})).await;
    assert_eq!(tree, web);
    master.format("COMP-1", 1).await;
    let placed = requested(&master, &wanted("web")).await;
    assert_eq!(
        (guid(&placed), &placed["compute_partition_id"]),
        ("SOFTINST-1", &json!("slappart0"))
    );
}

#[tokio::test]
async fn a_request_that_waits_for_a_round_is_told_at_once() {
    let master = TestMaster::preset(Preset::Real)
        .switch("allocation.require_supply", "off")
        .switch("allocation.capacity_check", "off")
        .default_computer("COMP-1")
        .start()
        .await;
    master.format("COMP-1", 1).await;
    let web = requested(&master, &wanted("web")).await;
    assert_eq!(web["computer_guid"], "");
    master.round().await;
    assert_eq!(
        requested(&master, &wanted("web")).await["computer_guid"],
        "COMP-1"
    );
}

#[tokio::test]
async fn the_header_says_which_instance_requests() {
    let master = formatted(4).await;
    requested(&master, &wanted("web")).await;
    let db = told(call_as(&master, Some(("COMP-1", "slappart0")), POST, &wanted("db")).await);
    assert_eq!(db["root_instance_title"], "web");
    // Another member of the tree that asks for it gets the same one.
    let again = told(call_as(&master, Some(("COMP-1", "slappart0")), POST, &wanted("sub")).await);
    assert_eq!(again["root_instance_title"], "web");
    let moved = told(call_as(&master, Some(("COMP-1", "slappart2")), POST, &wanted("db")).await);
    assert_eq!(guid(&moved), guid(&db));
    let before = master.dump().await;
    for (computer, partition) in [
        ("COMP-9", "slappart0"),
        ("COMP-1", "ghost"),
        ("COMP-1", "slappart3"),
    ] {
        let answer = call_as(&master, Some((computer, partition)), POST, &wanted("x")).await;
        problem(&answer, 403, "SOFTWARE-INSTANCE-NOT-FOUND");
    }
    assert_eq!(master.dump().await, before);
}

#[tokio::test]
async fn values_come_back_as_they_are_kept() {
    let master = formatted(1).await;
    let arguments = with(
        wanted("web"),
        json!({
            "software_type": "",
            "parameters": {
                "i": 1, "f": 1.5, "t": true, "n": null, "l": [1, "a"], "d": {"b": 1, "a": "é"},
                "e": "", "_": "{\"a\": 1}", "é": "😀", "timestamp": "x",
            },
            "sla_parameters": {"computer_guid": "COMP-1", "retention_delay": 7.0},
        }),
    );
    let web = requested(&master, &arguments).await;
    assert_eq!(web["software_type"], "default");
    assert_eq!(
        web["parameters"],
        json!({
            "i": "1", "f": "1.5", "t": "True", "n": "None", "l": "[1, 'a']",
            "d": "{'b': 1, 'a': 'é'}", "e": null, "_": "{\"a\": 1}", "é": "😀", "timestamp": "x",
        })
    );
    let sla = json!({"computer_guid": "COMP-1", "retention_delay": 7.0});
    assert_eq!(web["sla_parameters"], sla);
    // A client sends back what it read.
    let back = with(
        wanted("web"),
        json!({"parameters": web["parameters"], "sla_parameters": web["sla_parameters"]}),
    );
    requested(&master, &back).await;
    let backup = with(wanted("backup"), json!({"software_type": "pull-backup"}));
    let backup = requested(&master, &backup).await;
    assert_eq!(backup["sla_parameters"], json!({"retention_delay": 7.0}));
}

#[tokio::test]
async fn a_repeated_request_changes_nothing_and_another_is_applied() {
    let master = formatted(1).await;
    let first = requested(&master, &wanted("web")).await;
    let before = master.dump().await;
    assert_eq!(requested(&master, &wanted("web")).await, first);
    assert_eq!(master.dump().await, before);
    let changed = with(
        wanted("web"),
        json!({"software_release_uri": "other", "state": "stopped", "parameters": {"a": "1"}}),
    );
    let second = requested(&master, &changed).await;
    assert_eq!(guid(&second), guid(&first));
    assert_eq!(
        (
            &second["software_release_uri"],
            &second["state"],
            &second["parameters"]
        ),
        (&json!("other"), &json!("stopped"), &json!({"a": "1"}))
    );
    assert!(second["processing_timestamp"].as_i64() > first["processing_timestamp"].as_i64());
}

#[tokio::test]
async fn what_is_to_be_destroyed_is_not_ready_and_unknown_makes_nothing() {
    let master = formatted(1).await;
    let destroyed = with(wanted("web"), json!({"state": "destroyed"}));
    let before = master.dump().await;
    assert_eq!(requested(&master, &destroyed).await, not_ready());
    assert_eq!(master.dump().await, before);
    requested(&master, &wanted("web")).await;
    assert_eq!(requested(&master, &destroyed).await, not_ready());
}

#[tokio::test]
async fn refusals_have_a_type() {
    let master = formatted(2).await;
    requested(&master, &wanted("web")).await;
    let kind = "REQUEST-REFUSED";
    let shared = with(wanted("web"), json!({"shared": true}));
    refused(&master, POST, &shared, 403, kind).await;
    let nothing = with(wanted("new"), json!({"software_release_uri": ""}));
    refused(&master, POST, &nothing, 403, kind).await;
    let by = Some(("COMP-1", "slappart0"));
    let answer = call_as(&master, by, POST, &wanted("web")).await;
    problem(&answer, 403, kind);
    let kind = "invalid-json-object-content";
    for illegal in [
        json!({"title": ""}),
        json!({"title": "a\u{8}"}),
        json!({"software_release_uri": "\u{0}"}),
        json!({"software_type": "\u{1}"}),
        json!({"parameters": {"a": "\u{fffe}"}}),
        json!({"parameters": {"\u{1}": ""}}),
        json!({"sla_parameters": {"x": "\u{1}"}}),
    ] {
        let (key, _) = illegal.as_object().unwrap().iter().next().unwrap();
        let key = key.clone();
        let title = refused(&master, POST, &with(wanted("new"), illegal), 400, kind).await;
        assert!(title.contains(&key), "{title}");
    }
}

#[tokio::test]
async fn production_breaks_where_a_rule_refuses() {
    let master = TestMaster::preset(Preset::Default)
        .switch("errors", "production")
        .start()
        .await;
    master.format("COMP-1", 1).await;
    requested(&master, &wanted("web")).await;
    let shared = with(wanted("web"), json!({"shared": true}));
    let title = refused(&master, POST, &shared, 500, "unknown-error").await;
    assert!(title.contains("cannot become a shared one"), "{title}");
}

#[tokio::test]
async fn a_person_lists_trees_by_title() {
    let master = formatted(2).await;
    let titles = async || -> Vec<Value> {
        let listed = result(&master, TREES, &json!({})).await;
        let rows = listed["result_list"].as_array().unwrap().clone();
        rows.into_iter()
            .map(|mut row| row["title"].take())
            .collect()
    };
    assert_eq!(titles().await, [] as [Value; 0]);
    requested(&master, &wanted("web")).await;
    requested(&master, &with(wanted("front"), json!({"shared": true}))).await;
    requested(&master, &wanted("a")).await;
    let by = Some(("COMP-1", "slappart0"));
    told(call_as(&master, by, POST, &wanted("child")).await);
    assert_eq!(titles().await, ["a", "front", "web"]);
    requested(&master, &with(wanted("a"), json!({"state": "destroyed"}))).await;
    assert_eq!(titles().await, ["front", "web"]);
}
