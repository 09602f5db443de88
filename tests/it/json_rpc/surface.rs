//! The whole surface at once: every method, by the one list of them.

use axum::{
    body::Body,
    http::{Method, header},
};
use serde_json::json;
use slapmaster::front::json_rpc::ROUTES;

use super::problem;
use crate::support::master::{Answer, TestMaster, request};

const METHODS: [Method; 6] = [
    Method::GET,
    Method::HEAD,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::OPTIONS,
];

async fn send(
    master: &TestMaster,
    method: Method,
    path: &str,
    kind: Option<&str>,
    body: impl Into<Body>,
) -> Answer {
    let mut call = request(method, path);
    if let Some(kind) = kind {
        call = call.header(header::CONTENT_TYPE, kind);
    }
    master.send(call.body(body.into()).unwrap()).await
}

const JSON: Option<&str> = Some("application/json");

#[test]
fn there_are_25_methods() {
    assert_eq!(ROUTES.len(), 25);
}

#[tokio::test]
async fn every_method_checks_in_productions_order() {
    let master = TestMaster::start().await;
    let before = master.dump().await;
    for route in ROUTES {
        let path = route.path;
        let post = Method::POST;
        // The media type comes before the verb, the verb before the body.
        let answer = send(&master, Method::GET, path, None, "").await;
        problem(&answer, 415, "unexpected-media-type");
        let answer = send(&master, post.clone(), path, Some("text/plain"), "{").await;
        let title = problem(&answer, 415, "unexpected-media-type");
        assert!(title.contains("`text/plain`"), "{title}");
        let answer = send(&master, Method::GET, path, JSON, "{").await;
        problem(&answer, 405, "not-allowed-http-method");
        for body in ["", "{", "1+2:\"", "{} x", "NaN"] {
            let answer = send(&master, post.clone(), path, JSON, body).await;
            let title = problem(&answer, 400, "not-parsable-json-content");
            assert!(title.contains("line 1 column"), "{title}");
        }
        for body in ["[]", "null", "\"x\"", "1"] {
            let answer = send(&master, post.clone(), path, JSON, body).await;
            problem(&answer, 400, "not-json-object-content");
        }
        let answer = send(&master, post.clone(), path, JSON, r#"{"limit": 1}"#).await;
        problem(&answer, 400, "invalid-json-object-content");
    }
    assert_eq!(master.dump().await, before);
}

#[tokio::test]
async fn every_method_is_posted_only() {
    let master = TestMaster::start().await;
    for route in ROUTES {
        for method in METHODS {
            let answer = send(&master, method.clone(), route.path, JSON, "{}").await;
            assert_eq!(answer.status, 405, "{method} {}", route.path);
            assert_eq!(answer.header("allow"), Some("POST"));
            assert_eq!(answer.body.is_empty(), method == Method::HEAD);
        }
    }
}

#[tokio::test]
async fn a_path_that_is_no_method_is_not_found_in_the_dialects_form() {
    let master = TestMaster::start().await;
    for path in [
        "/slapos.get.v0.nothing",
        "/slapos.get.v1.software_instance",
        "/slapos.get.v0.software_instance/",
        "/slapos.",
    ] {
        for method in [Method::POST, Method::GET] {
            let answer = send(&master, method, path, None, "").await;
            assert_eq!(problem(&answer, 404, "not-found"), path);
        }
    }
    let answer = send(
        &master,
        Method::POST,
        "//slapos.get.v0.hateoas_url",
        JSON,
        "{}",
    )
    .await;
    answer.expect(200);
}

#[tokio::test]
async fn the_query_string_and_accept_are_not_looked_at() {
    let master = TestMaster::start().await;
    let call = request(
        Method::POST,
        "/slapos.allDocs.v0.instance_tree_list?limit=1&x",
    )
    .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
    .header(header::ACCEPT, "text/html");
    let answer = master.send(call.body(Body::from("{}")).unwrap()).await;
    assert_eq!(answer.expect(200).json(), json!({"result_list": []}));
}

#[tokio::test]
async fn the_log_line_names_method_and_computer() {
    let master = TestMaster::start().await;
    let path = "/slapos.get.v0.compute_node_status";
    let body = r#"{"computer_guid": "COMP-9"}"#;
    let facts = send(&master, Method::POST, path, JSON, body)
        .await
        .facts
        .unwrap();
    assert_eq!(
        (facts.dialect, facts.call),
        ("json-rpc", "slapos.get.v0.compute_node_status")
    );
    assert_eq!(facts.computer.as_deref(), Some("COMP-9"));
}
