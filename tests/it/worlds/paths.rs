//! What a path says of a world: all dialects below it, absolute URLs, and worlds that are not
//! there.

use std::sync::Arc;

use axum::http::Method;
use serde_json::json;
use slapmaster::{domain::behaviour::Preset, front::address::PublicAddress};

use super::{CONTROL, FIXTURE, WORLDS};
use crate::support::master::TestMaster;

#[tokio::test]
async fn two_worlds_know_nothing_of_each_other_in_any_dialect() {
    let master = TestMaster::start().await;
    master
        .make("a", &json!({ "fixture": FIXTURE }))
        .await
        .expect(201);
    master.make("b", &json!({})).await.expect(201);
    for (prefix, known) in [("/w/a", true), ("/w/b", false), ("", false)] {
        assert_eq!(master.knows(prefix, "COMP-1").await, known, "{prefix}");
        let path = format!("{prefix}/slapos.get.v0.compute_node_status");
        let body = json!({"computer_guid": "COMP-1"});
        let json_rpc = master.control(Method::POST, &path, Some(&body)).await;
        assert_eq!(json_rpc.status == 200, known, "{prefix}: {}", json_rpc.body);
        let search = format!("{prefix}/hateoas/ERP5Document_getHateoas");
        let query = [
            ("mode", "search"),
            ("query", "portal_type:\"Compute Node\""),
        ];
        let found = master.look(&search, &query).await.expect(200).json();
        let count = found["_embedded"]["contents"].as_array().unwrap().len();
        assert_eq!(count == 1, known, "{prefix}: {found}");
    }
    master.format_in("/w/b", "COMP-9", 1).await;
    assert!(!master.knows("/w/a", "COMP-9").await);
    // What happened is told where it happened.
    let told = |prefix: &str| format!("{prefix}/{CONTROL}/journal");
    let query = [("event", "computer_made")];
    for (prefix, count) in [("/w/a", 1), ("/w/b", 1), ("", 0)] {
        let entries = master.look(&told(prefix), &query).await.expect(200).json();
        assert_eq!(
            entries["entries"].as_array().unwrap().len(),
            count,
            "{prefix}"
        );
    }
}

#[tokio::test]
async fn absolute_urls_lead_into_the_world() {
    let address = PublicAddress {
        external_url: Some(Arc::from("https://slap.example/base")),
        ..PublicAddress::default()
    };
    for (setup, base) in [
        (
            TestMaster::preset(Preset::Default),
            "http://master.example.org",
        ),
        (
            TestMaster::preset(Preset::Default).address(address),
            "https://slap.example/base",
        ),
    ] {
        let master = setup.start().await;
        let made = master.make("a", &json!({})).await.expect(201).json();
        assert_eq!(made["url"], format!("{base}/w/a/"));
        let url = master.get("w/a/getHateoasUrl", &[]).await.expect(200);
        assert_eq!(url.body, format!("{base}/w/a/hateoas"));
        let root = master.read("/w/a/hateoas", &[]).await.expect(200);
        assert!(
            root.body.contains(&format!("{base}/w/a/hateoas")),
            "{}",
            root.body
        );
        let url = master.get("getHateoasUrl", &[]).await.expect(200);
        assert_eq!(url.body, format!("{base}/hateoas"));
    }
}

#[tokio::test]
async fn slashes_and_the_page_are_as_at_the_root() {
    let master = TestMaster::start().await;
    master.make("a", &json!({})).await.expect(201);
    for path in ["/w/a", "/w/a/"] {
        let page = master.read(path, &[]).await.expect(200);
        assert!(
            page.header("content-type")
                .unwrap()
                .starts_with("text/html")
        );
    }
    master.get("w/a//getRunId", &[]).await.expect(200);
    // There is no world in a world.
    master.get("w/a/w/a/getRunId", &[]).await.expect(404);
}

#[tokio::test]
async fn a_world_that_is_not_there_is_told_in_the_form_of_the_dialect() {
    let master = TestMaster::start().await;
    let body = json!({});
    let json_rpc = "/w/x/slapos.get.v0.hateoas_url";
    let answer = master.control(Method::POST, json_rpc, Some(&body)).await;
    assert_eq!(answer.clone().expect(404).json()["status"], 404);
    assert!(answer.body.contains("no world `x`"), "{}", answer.body);
    for path in ["/w/x/getRunId", "/w/x/hateoas", "/w/x", "/w/"] {
        let answer = master.read(path, &[]).await.expect(404);
        assert!(
            answer
                .header("content-type")
                .unwrap()
                .starts_with("text/plain")
        );
        assert!(
            answer.body.starts_with("There is no world `"),
            "{}",
            answer.body
        );
    }
    let path = format!("/w/x/{CONTROL}/faults");
    let answer = master.read(&path, &[]).await.expect(404);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    // Nothing of that is in the journal of the default world.
    let told = master.look("/_mock/v1/journal", &[("path", "*x*")]).await;
    assert!(!told.body.contains("/w/x"), "{}", told.body);
}

#[tokio::test]
async fn worlds_are_made_at_the_root_only_and_each_has_the_rest_of_the_surface() {
    let master = TestMaster::start().await;
    master.make("a", &json!({})).await.expect(201);
    for (method, path) in [
        (Method::GET, WORLDS.to_owned()),
        (Method::PUT, format!("{WORLDS}/b")),
        (Method::DELETE, format!("{WORLDS}/a")),
    ] {
        let path = format!("/w/a{path}");
        let answer = master.control(method, &path, Some(&json!({}))).await;
        let answer = answer.expect(404);
        assert!(answer.body.contains("at the root"), "{}", answer.body);
    }
    let rule = json!({"name": "r", "match": {"call": "getRunId"}, "effect": {"status": 503}});
    let faults = "/w/a/_mock/v1/faults";
    master
        .control(Method::POST, faults, Some(&rule))
        .await
        .expect(201);
    master.get("w/a/getRunId", &[]).await.expect(503);
    master.get("getRunId", &[]).await.expect(200);
    let told = master.look("/w/a/_mock/v1/journal", &[("rule", "r")]).await;
    assert_eq!(
        told.expect(200).json()["entries"].as_array().unwrap().len(),
        1
    );
    let metrics = master.read("/_mock/metrics", &[]).await.expect(200);
    assert!(
        metrics.body.contains("slapmaster_worlds 2"),
        "{}",
        metrics.body
    );
}
