//! The whole control surface: its token, and refusals that every call shares.

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use serde_json::json;
use slapmaster::{
    domain::behaviour::Preset,
    front::{
        Route,
        control::{OPEN_ROUTES, ROUTES},
    },
};

use crate::support::master::{Answer, TestMaster, request};

const TOKEN: &str = "open-sesame";

/// A route's path with something in the place of what a caller chooses.
fn path(route: &str) -> String {
    route
        .replace("{serial}", "abcdef")
        .replace("{name}", "x")
        .replace("{reference}", "COMP-9")
}

async fn send(
    master: &TestMaster,
    method: &Method,
    path: &str,
    authorization: Option<&str>,
) -> Answer {
    let mut call = request(method.clone(), path);
    if let Some(authorization) = authorization {
        call = call.header(header::AUTHORIZATION, authorization);
    }
    master.send(call.body(Body::empty()).unwrap()).await
}

#[track_caller]
fn problem(answer: &Answer, status: u16) {
    let answer = answer.clone().expect(status);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    let told = answer.json();
    assert_eq!(told["type"], "about:blank");
    assert_eq!(told["status"], status);
    for key in ["title", "detail"] {
        assert!(!told[key].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn everything_but_health_and_what_verifies_asks_for_the_control_token() {
    let setup = TestMaster::preset(Preset::Default).control_token(TOKEN);
    let master = setup.start().await;
    let right = format!("Bearer {TOKEN}");
    for route in OPEN_ROUTES {
        let answer = send(&master, &route.method, &path(route.path), None).await;
        assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{}", route.path);
    }
    for route in ROUTES {
        if OPEN_ROUTES.contains(route) {
            continue;
        }
        let path = path(route.path);
        for wrong in [
            None,
            Some("Bearer open-sesam"),
            Some("Bearer open-sesame1"),
            Some("Bearer "),
            Some("Basic open-sesame"),
            Some(TOKEN),
        ] {
            let answer = send(&master, &route.method, &path, wrong).await;
            problem(&answer, 401);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert!(!answer.body.contains("open"), "{}", answer.body);
            let facts = format!("{:?}", answer.facts.unwrap());
            assert!(!facts.contains("open"), "{facts}");
        }
        let answer = send(&master, &route.method, &path, Some(&right)).await;
        assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    // Not even what there is is told.
    problem(
        &send(&master, &Method::GET, "/_mock/v1/nothing", None).await,
        401,
    );
    problem(
        &send(&master, &Method::PUT, "/_mock/v1/tokens", None).await,
        401,
    );
    problem(
        &send(&master, &Method::GET, "//_mock//v1/tokens", None).await,
        401,
    );
}

#[tokio::test]
async fn no_client_certificate_is_asked_for() {
    let master = TestMaster::start().await;
    for path in [
        "/_mock/v1/ca.pem",
        "/_mock/v1/tokens",
        "/_mock/health/ready",
    ] {
        let call = request(Method::GET, path).body(Body::empty()).unwrap();
        let answer = master.send_as(None, call).await;
        assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn every_control_route_takes_its_own_methods_only() {
    let master = TestMaster::start().await;
    for route in ROUTES {
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            let is_taken = |other: &Route| other.path == route.path && other.method == method;
            if ROUTES.iter().any(is_taken) {
                continue;
            }
            let answer = send(&master, &method, &path(route.path), None).await;
            problem(&answer, 405);
            let allow = answer.header("allow").unwrap();
            assert!(allow.contains(route.method.as_str()), "{allow}");
        }
    }
    problem(
        &send(&master, &Method::GET, "/_mock/v1/nothing", None).await,
        404,
    );
}

#[tokio::test]
async fn a_body_is_json_of_a_decent_size() {
    let master = TestMaster::start().await;
    for route in ROUTES {
        if ![Method::POST, Method::PUT].contains(&route.method) {
            continue;
        }
        let send = async |kind: Option<&str>, body: String| {
            let mut call = request(route.method.clone(), &path(route.path));
            if let Some(kind) = kind {
                call = call.header(header::CONTENT_TYPE, kind);
            }
            master.send(call.body(Body::from(body)).unwrap()).await
        };
        for kind in [None, Some("text/plain"), Some("application/jsonx")] {
            problem(&send(kind, "{}".to_owned()).await, 415);
        }
        let json = Some("Application/JSON; charset=utf-8");
        // Where a fixture fits in, or nothing is a wish too.
        let takes_fixtures = route.path == "/_mock/v1/worlds/{name}";
        for body in ["", "{", "[]", "{\"a\": 1, \"a\": 1}"] {
            if !(takes_fixtures && body.is_empty()) {
                problem(&send(json, body.to_owned()).await, 400);
            }
        }
        let is_fixture = route.path.starts_with("/_mock/v1/fixture");
        let most = if takes_fixtures || is_fixture {
            8 << 20
        } else {
            64 << 10
        };
        let large = json!({ "purpose": "x".repeat(most) }).to_string();
        problem(&send(json, large).await, 413);
    }
}

#[tokio::test]
async fn the_log_is_told_the_topic_and_not_what_was_asked() {
    let master = TestMaster::start().await;
    let call = async |path: &str| {
        let facts = master.read(path, &[]).await.facts.unwrap();
        (facts.dialect, facts.call)
    };
    assert_eq!(call("/_mock/v1/ca.pem").await, ("control", "ca.pem"));
    assert_eq!(
        call("/_mock/v1/certificates/abcdef").await,
        ("control", "certificates/{serial}")
    );
    assert_eq!(call("/_mock/v1/tokens?x=1").await, ("control", "tokens"));
    assert_eq!(call("/_mock/health/live").await, ("control", "health/live"));
}
