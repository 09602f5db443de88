//! The whole surface at once: every route, by the one list of them.

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use slapmaster::front::slap::ROUTES;

use crate::support::master::{TestMaster, request};

const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::OPTIONS,
];

#[tokio::test]
async fn every_route_takes_its_own_method_only() {
    let master = TestMaster::start().await;
    for route in ROUTES {
        let (allow, allowed) = if route.method == Method::GET {
            ("GET,HEAD", [Method::GET, Method::HEAD].as_slice())
        } else {
            ("POST", [Method::POST].as_slice())
        };
        for method in METHODS {
            let call = request(method.clone(), route.path);
            let answer = master.send(call.body(Body::empty()).unwrap()).await;
            let line = format!("{method} {}", route.path);
            if allowed.contains(&method) {
                assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{line}");
                continue;
            }
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{line}");
            assert_eq!(answer.header("allow"), Some(allow), "{line}");
            assert_eq!(answer.body.is_empty(), method == Method::HEAD, "{line}");
        }
    }
}

#[tokio::test]
async fn every_refusal_is_a_sentence_in_plain_text() {
    let master = TestMaster::start().await;
    for route in ROUTES {
        let call = request(route.method.clone(), route.path);
        let answer = master.send(call.body(Body::empty()).unwrap()).await;
        if answer.status == StatusCode::OK {
            assert!(["/getRunId", "/getHateoasUrl"].contains(&route.path));
            continue;
        }
        let line = format!("{} {}", route.method, route.path);
        let content_type = answer.header("content-type");
        assert_eq!(content_type, Some("text/plain; charset=utf-8"), "{line}");
        assert!(answer.body.ends_with('\n'), "{line}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_head_request_is_answered_without_a_body() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let uri = "/getFullComputerInformation?computer_id=COMP-1";
    let call = request(Method::HEAD, uri).body(Body::empty()).unwrap();
    let answer = master.send(call).await.expect(200);
    assert_eq!(answer.body, "");
    assert_eq!(
        answer.header("content-type"),
        Some("text/xml; charset=utf-8")
    );
}

#[tokio::test]
async fn a_path_that_is_no_call_is_not_found() {
    let master = TestMaster::start().await;
    for path in [
        "/getComputerInformations",
        "/getfullcomputerinformation",
        "/x",
    ] {
        let call = request(Method::GET, path).body(Body::empty()).unwrap();
        let answer = master.send(call).await.expect(404);
        assert_eq!(
            answer.header(header::CONTENT_TYPE.as_str()),
            Some("text/plain; charset=utf-8"),
            "{path}"
        );
    }
}
