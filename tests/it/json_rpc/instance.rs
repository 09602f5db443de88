//! What is told of an instance, and what it tells.

use serde_json::{Value, json};

use super::{
    call_as, done, formatted, guid, instance, not_ready, problem, refused, requested, result, told,
    wanted, with,
};
use crate::support::master::{RELEASE, TestMaster};

const STATE: &str = "put.v0.software_instance_reported_state";
const ERROR: &str = "put.v0.software_instance_error";
const BANG: &str = "put.v0.software_instance_bang";
const TITLE: &str = "put.v0.software_instance_title";
const CONNECTION: &str = "put.v0.software_instance_connection_parameter";
const CERTIFICATE: &str = "get.v0.software_instance_certificate";
const HOSTED: &str = "allDocs.v0.instance_node_instance_list";
const PARTITION: &str = "get.v0.compute_partition";
const TREE: &str = "get.v0.instance_tree";

fn about(guid: &str, more: Value) -> Value {
    with(json!({"instance_guid": guid}), more)
}

fn at(partition: &str) -> Value {
    json!({"computer_guid": "COMP-1", "compute_partition_id": partition})
}

#[tokio::test]
async fn every_read_tells_the_same_of_an_instance() {
    let master = formatted(2).await;
    let arguments = with(
        wanted("web"),
        json!({"parameters": {"b": "1", "a": ""}, "sla_parameters": {"computer_guid": "COMP-1"}}),
    );
    let web = requested(&master, &arguments).await;
    let timestamp = web["processing_timestamp"].as_i64().unwrap();
    assert!(timestamp > 1_700_000_000_000_000, "{timestamp}");
    assert_eq!(
        web,
        json!({
            "title": "web",
            "instance_guid": "SOFTINST-1",
            "software_release_uri": RELEASE,
            "software_type": "default",
            "state": "started",
            "connection_parameters": {},
            "parameters": {"a": null, "b": "1"},
            "shared": false,
            "root_instance_title": "web",
            "ip_list": [["slaptap0", "10.0.0.0"]],
            "full_ip_list": [],
            "sla_parameters": {"computer_guid": "COMP-1"},
            "computer_guid": "COMP-1",
            "compute_partition_id": "slappart0",
            "processing_timestamp": timestamp,
            "access_status_message": "#error no data found for SOFTINST-1",
        })
    );
    assert_eq!(instance(&master, "SOFTINST-1").await, web);
    assert_eq!(result(&master, PARTITION, &at("slappart0")).await, web);
    assert_eq!(result(&master, TREE, &json!({"title": "web"})).await, web);
    assert_eq!(requested(&master, &arguments).await, web);
}

#[tokio::test]
async fn a_shared_instance_is_told_with_its_hosts_place() {
    let master = formatted(1).await;
    let web = requested(&master, &wanted("web")).await;
    let arguments = with(
        wanted("front"),
        json!({"shared": true, "parameters": {"url": "http://a"}}),
    );
    let front = requested(&master, &arguments).await;
    assert_eq!(
        (&front["shared"], guid(&front)),
        (&json!(true), "SOFTINST-2")
    );
    for key in ["computer_guid", "compute_partition_id", "ip_list"] {
        assert_eq!(front[key], web[key], "{key}");
    }
    assert_eq!(instance(&master, "SOFTINST-2").await, front);
    let tree = result(&master, TREE, &json!({"title": "front"})).await;
    assert_eq!(tree, front);
    let listed = result(&master, HOSTED, &about("SOFTINST-1", json!({}))).await;
    let row = |state: &str| {
        json!({"result_list": [{
            "title": "front",
            "instance_guid": "SOFTINST-2",
            "state": state,
            "software_type": "default",
            "parameters": {"url": "http://a"},
            "compute_partition_id": "slappart0",
        }]})
    };
    assert_eq!(listed, row("started"));
    requested(&master, &with(arguments, json!({"state": "stopped"}))).await;
    let listed = result(&master, HOSTED, &about("SOFTINST-1", json!({}))).await;
    assert_eq!(listed, row("stopped"));
}

#[tokio::test]
async fn what_is_not_there_is_refused_in_every_method() {
    let master = formatted(1).await;
    requested(&master, &wanted("web")).await;
    let shared = with(wanted("front"), json!({"shared": true}));
    let front = requested(&master, &shared).await;
    let kind = "SOFTWARE-INSTANCE-NOT-FOUND";
    for unknown in [
        "SOFTINST-99",
        "",
        "foo",
        "web______0",
        "a\u{0}",
        "COMP-1-slappart0",
    ] {
        for (method, more) in [
            ("get.v0.software_instance", json!({})),
            (CERTIFICATE, json!({})),
            (STATE, json!({"reported_state": "started"})),
            (STATE, json!({"reported_state": "destroyed"})),
            (ERROR, json!({"message": "x"})),
            (BANG, json!({"message": "x"})),
            (TITLE, json!({"title": "x"})),
            (CONNECTION, json!({"connection_parameter_dict": {"a": "b"}})),
        ] {
            refused(&master, method, &about(unknown, more), 403, kind).await;
        }
        let host = about(unknown, json!({}));
        refused(&master, HOSTED, &host, 403, "HOST-INSTANCE-NOT-FOUND").await;
    }
    let host = about(guid(&front), json!({}));
    refused(&master, HOSTED, &host, 403, "HOST-INSTANCE-NOT-FOUND").await;
    let shared = about(guid(&front), json!({}));
    refused(&master, CERTIFICATE, &shared, 403, kind).await;
    master.format("COMP-1", 2).await;
    refused(&master, PARTITION, &at("slappart1"), 403, kind).await;
    refused(&master, PARTITION, &at("slappart9"), 404, "not-found").await;
    let kind = "INSTANCE-TREE-NOT-FOUND";
    for title in ["nothing", "", "a\u{0}"] {
        refused(&master, TREE, &json!({"title": title}), 403, kind).await;
    }
}

#[tokio::test]
async fn reports_are_the_status_and_never_the_requested_state() {
    let master = formatted(1).await;
    let web = requested(&master, &wanted("web")).await;
    let status = async || instance(&master, guid(&web)).await["access_status_message"].take();
    let report = |state: &str| about(guid(&web), json!({"reported_state": state}));
    done(&master, STATE, &report("started"), "State reported").await;
    assert_eq!(status().await, "#access Instance correctly started");
    done(&master, STATE, &report("stopped"), "State reported").await;
    assert_eq!(status().await, "#access Instance correctly stopped");
    let failed = about(guid(&web), json!({"message": "x".repeat(100) + "end"}));
    done(&master, ERROR, &failed, "Error reported").await;
    let expected = format!("#error while instanciating: {}end", "x".repeat(77));
    assert_eq!(status().await, expected);
    let after = instance(&master, guid(&web)).await;
    assert_eq!(after["state"], "started");
    assert_eq!(after["processing_timestamp"], web["processing_timestamp"]);
    // Nobody asked for that.
    let before = master.dump().await;
    done(&master, STATE, &report("destroyed"), "State reported").await;
    assert_eq!(master.dump().await, before);
}

#[tokio::test]
async fn a_destroyed_instance_is_gone_once_that_is_reported() {
    let master = formatted(1).await;
    let web = requested(&master, &wanted("web")).await;
    let destroyed = with(wanted("web"), json!({"state": "destroyed"}));
    assert_eq!(requested(&master, &destroyed).await, not_ready());
    assert_eq!(instance(&master, guid(&web)).await["state"], "destroyed");
    // The tree ended with the request.
    let kind = "INSTANCE-TREE-NOT-FOUND";
    refused(&master, TREE, &json!({"title": "web"}), 403, kind).await;
    let report = about(guid(&web), json!({"reported_state": "destroyed"}));
    done(&master, STATE, &report, "State reported").await;
    let kind = "SOFTWARE-INSTANCE-NOT-FOUND";
    refused(&master, STATE, &report, 403, kind).await;
    refused(
        &master,
        CERTIFICATE,
        &about(guid(&web), json!({})),
        403,
        kind,
    )
    .await;
    refused(&master, PARTITION, &at("slappart0"), 403, kind).await;
    let next = requested(&master, &wanted("next")).await;
    assert_eq!(next["compute_partition_id"], "slappart0");
}

#[tokio::test]
async fn a_shared_instance_reported_destroyed_unasked_stays() {
    let master = formatted(1).await;
    requested(&master, &wanted("web")).await;
    let shared = with(wanted("front"), json!({"shared": true}));
    let front = requested(&master, &shared).await;
    let report = about(guid(&front), json!({"reported_state": "destroyed"}));
    done(&master, STATE, &report, "State reported").await;
    assert_eq!(instance(&master, guid(&front)).await["state"], "started");
    let destroyed = with(shared, json!({"state": "destroyed"}));
    assert_eq!(requested(&master, &destroyed).await, not_ready());
    let kind = "SOFTWARE-INSTANCE-NOT-FOUND";
    refused(&master, STATE, &report, 403, kind).await;
}

#[tokio::test]
async fn a_bang_moves_the_time_of_the_tree_and_is_the_status() {
    let master = formatted(2).await;
    let web = requested(&master, &wanted("web")).await;
    let by = Some(("COMP-1", "slappart0"));
    let post = "post.v0.software_instance";
    let db = told(call_as(&master, by, post, &wanted("db")).await);
    let bang = about(guid(&db), json!({"message": "reprocess please"}));
    done(&master, BANG, &bang, "Bang handled").await;
    for before in [&web, &db] {
        let after = instance(&master, guid(before)).await;
        assert!(
            after["processing_timestamp"].as_i64() > before["processing_timestamp"].as_i64(),
            "{before}"
        );
    }
    let status = &instance(&master, guid(&db)).await["access_status_message"];
    assert_eq!(status, "#error bang called: reprocess please");
    // A shared instance can be banged too.
    let shared = with(wanted("front"), json!({"shared": true}));
    let front = requested(&master, &shared).await;
    let bang = about(guid(&front), json!({"message": ""}));
    done(&master, BANG, &bang, "Bang handled").await;
}

#[tokio::test]
async fn an_instance_keeps_its_guid_when_it_is_renamed() {
    let master = formatted(2).await;
    let web = requested(&master, &wanted("web")).await;
    requested(&master, &wanted("other")).await;
    let rename = |title: &str| about(guid(&web), json!({"title": title}));
    let before = master.dump().await;
    done(&master, TITLE, &rename("web"), "Title updated").await;
    assert_eq!(master.dump().await, before);
    refused(&master, TITLE, &rename("other"), 403, "TITLE-TAKEN").await;
    let kind = "invalid-json-object-content";
    for illegal in ["", "a\u{8}b"] {
        refused(&master, TITLE, &rename(illegal), 400, kind).await;
    }
    done(&master, TITLE, &rename("site"), "Title updated").await;
    let after = instance(&master, guid(&web)).await;
    assert_eq!(
        (&after["title"], &after["root_instance_title"]),
        (&json!("site"), &json!("site"))
    );
    assert_eq!(after["processing_timestamp"], web["processing_timestamp"]);
    assert_eq!(
        result(&master, TREE, &json!({"title": "site"})).await,
        after
    );
}

#[tokio::test]
async fn what_is_published_moves_the_time_of_the_requester_only() {
    let master = formatted(3).await;
    let post = "post.v0.software_instance";
    let web = requested(&master, &wanted("web")).await;
    let db = told(call_as(&master, Some(("COMP-1", "slappart0")), post, &wanted("db")).await);
    let sub = told(call_as(&master, Some(("COMP-1", "slappart1")), post, &wanted("sub")).await);
    let publish = about(
        guid(&sub),
        json!({"connection_parameter_dict": {"url": "mysql://a/", "n": 1, "e": ""}}),
    );
    done(
        &master,
        CONNECTION,
        &publish,
        "connection parameter updated",
    )
    .await;
    let time =
        async |told: &Value| instance(&master, guid(told)).await["processing_timestamp"].take();
    assert_eq!(time(&web).await, web["processing_timestamp"]);
    assert_eq!(time(&sub).await, sub["processing_timestamp"]);
    let moved = time(&db).await;
    assert!(moved.as_i64() > db["processing_timestamp"].as_i64());
    assert_eq!(
        instance(&master, guid(&sub)).await["connection_parameters"],
        json!({"e": null, "n": "1", "url": "mysql://a/"})
    );
    let same = "connection parameter not modified as identical";
    done(&master, CONNECTION, &publish, same).await;
    assert_eq!(time(&db).await, moved);
    let nothing = about(guid(&sub), json!({"connection_parameter_dict": {}}));
    done(
        &master,
        CONNECTION,
        &nothing,
        "connection parameter updated",
    )
    .await;
    assert_eq!(
        instance(&master, guid(&sub)).await["connection_parameters"],
        json!({})
    );
    let illegal = about(
        guid(&sub),
        json!({"connection_parameter_dict": {"a": "\u{1}"}}),
    );
    let kind = "invalid-json-object-content";
    let title = refused(&master, CONNECTION, &illegal, 400, kind).await;
    assert!(
        title.starts_with("`connection_parameter_dict.a`"),
        "{title}"
    );
}

#[tokio::test]
async fn an_instance_has_the_same_certificate_at_each_call() {
    let master = formatted(1).await;
    let web = requested(&master, &wanted("web")).await;
    let arguments = about(guid(&web), json!({}));
    let pair = result(&master, CERTIFICATE, &arguments).await;
    let certificate = pair["certificate"].as_str().unwrap();
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(
        pair["key"]
            .as_str()
            .unwrap()
            .starts_with("-----BEGIN PRIVATE KEY-----")
    );
    assert_eq!(result(&master, CERTIFICATE, &arguments).await, pair);
}

#[tokio::test]
async fn a_tree_that_is_not_subscribed_is_not_ready() {
    let master = TestMaster::start().await;
    master
        .seed(&format!(
            "computers:\n- {{reference: COMP-1, partitions: 1}}\n\
             trees:\n- {{title: web, release: {RELEASE}, subscription: not_subscribed}}\n"
        ))
        .await;
    let found = result(&master, TREE, &json!({"title": "web"})).await;
    assert_eq!(found, not_ready());
    let listed = result(&master, "allDocs.v0.instance_tree_list", &json!({})).await;
    assert_eq!(listed, json!({"result_list": [{"title": "web"}]}));
}

#[tokio::test]
async fn a_problem_tells_what_is_missing() {
    let master = TestMaster::start().await;
    let answer = super::call(
        &master,
        "get.v0.software_instance",
        &about("SOFTINST-é", json!({})),
    )
    .await;
    let title = problem(&answer, 403, "SOFTWARE-INSTANCE-NOT-FOUND");
    assert_eq!(
        title,
        "software instance `SOFTINST-é` is not known, or it ended"
    );
    assert!(answer.body.is_ascii(), "{}", answer.body);
}

#[tokio::test]
async fn what_is_kept_of_an_instance_is_what_is_told_anew() {
    let master = formatted(2).await;
    let arguments = with(
        wanted("web"),
        json!({"sla_parameters": {"computer_guid": "COMP-1"}}),
    );
    requested(&master, &arguments).await;
    let both = async || {
        // Often enough that what was kept is told.
        for _ in 0..3 {
            instance(&master, "SOFTINST-1").await;
            result(&master, PARTITION, &at("slappart0")).await;
        }
        let by_guid = instance(&master, "SOFTINST-1").await;
        assert_eq!(result(&master, PARTITION, &at("slappart0")).await, by_guid);
        by_guid
    };
    let text = |told: &Value| told["access_status_message"].as_str().unwrap().to_owned();
    assert!(text(&both().await).contains("no data"));
    let started = about("SOFTINST-1", json!({"reported_state": "started"}));
    result(&master, STATE, &started).await;
    assert!(text(&both().await).starts_with("#access"));
    let published = json!({"connection_parameter_dict": {"url": "http://example.org"}});
    result(&master, CONNECTION, &about("SOFTINST-1", published)).await;
    assert_eq!(
        both().await["connection_parameters"],
        json!({"url": "http://example.org"})
    );
    result(
        &master,
        TITLE,
        &about("SOFTINST-1", json!({"title": "shop"})),
    )
    .await;
    let renamed = both().await;
    assert_eq!(
        (&renamed["title"], &renamed["root_instance_title"]),
        (&json!("shop"), &json!("shop"))
    );
    // A status grows old by itself.
    master.advance(2 * 86_400 + 1);
    assert!(text(&both().await).contains("no data"));
    let destroyed = with(arguments, json!({"title": "shop", "state": "destroyed"}));
    call_as(&master, None, "post.v0.software_instance", &destroyed).await;
    assert_eq!(both().await["state"], json!("destroyed"));
    let gone = about("SOFTINST-1", json!({"reported_state": "destroyed"}));
    result(&master, STATE, &gone).await;
    for (method, arguments) in [
        (PARTITION, at("slappart0")),
        ("get.v0.software_instance", about("SOFTINST-1", json!({}))),
    ] {
        call_as(&master, None, method, &arguments).await.expect(403);
    }
}
