//! Bad input, of any method: the status, what is at fault, and nothing changed.

use axum::{
    body::Body,
    http::{Method, header},
};
use serde_json::json;

use super::{formatted, guid, instance, problem, refused, requested, wanted, with};
use crate::support::master::{Answer, TestMaster, request};

async fn send(master: &TestMaster, body: impl Into<Body>) -> Answer {
    let call = request(Method::POST, "/slapos.post.v0.software_instance")
        .header(header::CONTENT_TYPE, "application/json");
    master.send(call.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn what_is_not_utf8_json_is_placed() {
    let master = formatted(1).await;
    let before = master.dump().await;
    let check = async |body: &[u8], expected: &str| {
        let answer = send(&master, body.to_vec()).await;
        assert_eq!(problem(&answer, 400, "not-parsable-json-content"), expected);
    };
    check(b"{\"title\": \"\xff\"}", "Not UTF-8: line 1 column 12").await;
    check(
        b"{\n \"title\" 1}",
        "Expecting ':' delimiter: line 2 column 10",
    )
    .await;
    let deep = "{\"parameters\": ".to_owned() + &"[".repeat(100_000);
    check(
        deep.as_bytes(),
        "Nested deeper than 128 levels: line 1 column 143",
    )
    .await;
    check(
        b"{\"title\": \"\\ud800\"}",
        "Half of a surrogate pair in \\escape: line 1 column 12",
    )
    .await;
    assert_eq!(master.dump().await, before);
}

#[tokio::test]
async fn the_last_of_repeated_keys_counts() {
    let master = formatted(1).await;
    let body = r#"{"title": "a", "software_release_uri": "u", "software_type": "t", "title": "b"}"#;
    let answer = send(&master, body).await.expect(200);
    assert_eq!(answer.json()["title"], "b");
}

#[tokio::test]
async fn a_byte_order_mark_is_skipped() {
    let master = formatted(1).await;
    let body = format!("\u{feff}{}", wanted("web"));
    send(&master, body).await.expect(200);
}

#[tokio::test]
async fn a_body_beyond_8_mib_is_too_large() {
    let master = formatted(1).await;
    let before = master.dump().await;
    let large = with(
        wanted("web"),
        json!({"parameters": {"a": "x".repeat(8 << 20)}}),
    );
    let answer = send(&master, large.to_string()).await;
    problem(&answer, 413, "content-too-large");
    assert_eq!(master.dump().await, before);
    let large = with(
        wanted("web"),
        json!({"parameters": {"a": "x".repeat(7 << 20)}}),
    );
    send(&master, large.to_string()).await.expect(200);
}

#[tokio::test]
async fn many_keys_and_partitions_take_no_time() {
    let master = TestMaster::start().await;
    let keys: Vec<String> = (0..100_000).map(|n| format!("\"k{n}\": 1")).collect();
    let body = format!("{{{}}}", keys.join(","));
    let answer = send(&master, body).await;
    let title = problem(&answer, 400, "invalid-json-object-content");
    assert!(title.len() < 3000);
    let partitions = vec![json!({"partition_id": "a"}); 100_000];
    let arguments = json!({"computer_guid": "COMP-1", "compute_partition_list": partitions});
    let method = "put.v0.compute_node_format";
    super::done(&master, method, &arguments, "Format handled").await;
}

#[tokio::test]
async fn a_violation_says_where_and_what() {
    let master = formatted(1).await;
    let web = requested(&master, &wanted("web")).await;
    let kind = "invalid-json-object-content";
    let check = async |method: &str, arguments: serde_json::Value, expected: &str| {
        let title = refused(&master, method, &arguments, 400, kind).await;
        assert_eq!(title, expected, "{method}");
    };
    let post = "post.v0.software_instance";
    check(post, json!({}), "'title' is a required property").await;
    check(
        post,
        with(wanted("a"), json!({"state": "paused"})),
        "`state`: 'paused' is not one of ['started', 'stopped', 'destroyed']",
    )
    .await;
    check(
        post,
        with(wanted("a"), json!({"limit": 1})),
        "Additional properties are not allowed ('limit' was unexpected)",
    )
    .await;
    check(
        post,
        with(
            wanted("a"),
            json!({"sla_parameters": {"retention_delay": "7.0"}}),
        ),
        "`sla_parameters.retention_delay`: '7.0' is not of type 'number'",
    )
    .await;
    check(
        "get.v0.software_instance",
        json!({"instance_guid": 12}),
        "`instance_guid`: 12 is not of type 'string'",
    )
    .await;
    check(
        "put.v0.compute_node_format",
        json!({"computer_guid": "COMP-1", "compute_partition_list": [{"partition_id": "a"}, {}]}),
        "`compute_partition_list[1]`: 'partition_id' is a required property",
    )
    .await;
    let long = json!({"title": "é".repeat(201)});
    let title = refused(&master, "get.v0.instance_tree", &long, 400, kind).await;
    assert!(title.ends_with("is too long"), "{title}");
    assert_eq!(instance(&master, guid(&web)).await, web);
}
