//! What each effect looks like in each dialect, and what it leaves in the database.

use axum::{
    body::Body,
    http::{Method, Request as HttpRequest, header},
};
use serde_json::{Value, json};
use slapmaster::front::log::InterferenceKind;

use super::FAULTS;
use crate::support::master::{Answer, Request, TestMaster, request};

/// A call in each dialect.
fn calls() -> [(&'static str, HttpRequest<Body>); 4] {
    let call = |method, path: &str, kind: &str, body: &'static str| {
        let call = request(method, path).header(header::CONTENT_TYPE, kind);
        call.body(Body::from(body)).unwrap()
    };
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    [
        ("slap", call(Method::GET, "/getRunId", form, "")),
        (
            "json-rpc",
            call(Method::POST, "/slapos.get.v0.hateoas_url", json, "{}"),
        ),
        (
            "web",
            call(Method::POST, "//Person_requestComputer", form, "title=a"),
        ),
        ("hateoas", call(Method::GET, "/hateoas", form, "")),
    ]
}

async fn under(rule: Value) -> Vec<(&'static str, Answer)> {
    let master = TestMaster::start().await;
    master.fault(&rule).await;
    let mut answers = Vec::new();
    for (dialect, call) in calls() {
        let answer = master.send(call).await;
        let facts = answer.facts.clone().unwrap();
        assert_eq!(facts.dialect, dialect);
        assert_eq!(answer.interference.as_ref().unwrap().rule, "x");
        answers.push((dialect, answer));
    }
    answers
}

fn shown(answers: &[(&'static str, Answer)]) -> Vec<(&'static str, u16, String, String)> {
    answers
        .iter()
        .map(|(dialect, answer)| {
            let kind = answer.header("content-type").unwrap_or("-").to_owned();
            (*dialect, answer.status.as_u16(), kind, answer.body.clone())
        })
        .collect()
}

#[tokio::test]
async fn a_status_has_the_form_that_the_dialect_gives_a_refusal() {
    let answers = under(json!({ "name": "x", "effect": { "status": 502 } })).await;
    let (plain, words) = (
        "text/plain; charset=utf-8".to_owned(),
        "The fault rule `x` says so.".to_owned(),
    );
    let line = words.clone() + "\n";
    let object = json!({ "status": 502, "type": "fault", "title": words }).to_string();
    let expected = [
        ("slap", 502, plain.clone(), line.clone()),
        ("json-rpc", 502, "application/json".to_owned(), object),
        ("web", 502, plain.clone(), line.clone()),
        ("hateoas", 502, plain, line),
    ];
    assert_eq!(shown(&answers), expected);
}

#[tokio::test]
async fn a_body_and_headers_are_sent_as_they_are_given() {
    let effect = json!({ "status": 200, "body": "é", "headers": { "Retry-After": "7" } });
    let answers = under(json!({ "name": "x", "effect": effect })).await;
    let kinds: Vec<_> = shown(&answers)
        .into_iter()
        .map(|(_, _, kind, _)| kind)
        .collect();
    let plain = "text/plain; charset=utf-8";
    assert_eq!(
        kinds,
        [plain, "application/json", plain, "application/hal+json"]
    );
    for (dialect, answer) in answers {
        assert_eq!(answer.status, 200, "{dialect}");
        assert_eq!(answer.body, "é");
        assert_eq!(answer.header("retry-after"), Some("7"));
    }
    let effect =
        json!({ "status": 418, "body": "<p>", "headers": { "content-type": "text/html" } });
    for (dialect, answer) in under(json!({ "name": "x", "effect": effect })).await {
        assert_eq!(
            answer.header("content-type"),
            Some("text/html"),
            "{dialect}"
        );
    }
    let effect = json!({ "status": 204, "body": "not sent" });
    for (_, answer) in under(json!({ "name": "x", "effect": effect })).await {
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
    }
}

#[tokio::test]
async fn not_ready_is_said_in_the_dialects_own_way() {
    let answers = under(json!({ "name": "x", "effect": { "not_ready": true } })).await;
    let object = json!({
        "message": "Software Instance Not Ready",
        "name": "SoftwareInstanceNotReady",
        "status": 102,
    });
    let none = || ("-".to_owned(), String::new());
    let (kind, empty) = none();
    let expected = [
        ("slap", 408, kind.clone(), empty.clone()),
        (
            "json-rpc",
            200,
            "application/json".to_owned(),
            object.to_string(),
        ),
        ("web", 408, kind.clone(), empty.clone()),
        ("hateoas", 408, kind, empty),
    ];
    assert_eq!(shown(&answers), expected);
    assert_eq!(answers[0].1.header("cache-control"), Some("private"));
}

#[tokio::test]
async fn a_cold_cache_and_a_dropped_connection_say_nothing() {
    for (_, answer) in under(json!({ "name": "x", "effect": { "cold_cache": true } })).await {
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (503, ""));
        let kind = answer.interference.unwrap().kind;
        assert_eq!(kind, InterferenceKind::Answered);
    }
    for (_, answer) in under(json!({ "name": "x", "effect": { "drop": true } })).await {
        let kind = answer.interference.unwrap().kind;
        assert_eq!(kind, InterferenceKind::Dropped);
    }
}

#[tokio::test]
async fn a_computer_meets_a_cold_cache_once() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master.format("COMP-2", 1).await;
    let of = json!({ "call": "getFullComputerInformation" });
    let rule = json!({ "name": "cold", "match": of, "effect": { "cold_cache": true } });
    master.fault(&rule).await;
    for (computer, status) in [
        ("COMP-1", 503),
        ("COMP-1", 200),
        ("COMP-2", 503),
        ("COMP-2", 200),
    ] {
        master.information(computer).await.expect(status);
    }
    assert_eq!(master.counts("cold").await, (4, 2));
}

#[tokio::test]
async fn before_the_change_nothing_happens_and_after_it_everything_did() {
    for effect in [
        json!({ "status": 500 }),
        json!({ "drop": true }),
        json!({ "not_ready": true }),
        json!({ "cold_cache": true }),
    ] {
        let master = TestMaster::start().await;
        master.format("COMP-1", 2).await;
        let untouched = master.dump().await;
        let rule = json!({ "name": "x", "effect": effect, "count": 1 });
        master.fault(&rule).await;
        let answer = master.request(Request::new("web")).await;
        assert_ne!(answer.status, 200, "{effect}");
        assert_eq!(master.dump().await, untouched, "{effect}");

        let rule = json!({ "name": "y", "effect": effect, "count": 1, "when": "after" });
        master.fault(&rule).await;
        let answer = master.request(Request::new("web")).await;
        assert_ne!(answer.status, 200, "{effect}");
        let changed = master.dump().await;
        assert_ne!(changed, untouched, "{effect}");
        // Who asks again finds what was made, and makes no second one.
        master.request(Request::new("web")).await.expect(200);
        assert_eq!(master.dump().await, changed, "{effect}");
    }
}

#[tokio::test]
async fn what_is_asked_again_is_told_as_before_the_change_once() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let of = json!({ "call": "getFullComputerInformation", "computer": "COMP-1" });
    let rule = json!({ "name": "stale", "match": of, "effect": { "stale": true } });
    master.fault(&rule).await;
    let free = master.information("COMP-1").await.expect(200);
    assert!(free.interference.is_none());
    master.request(Request::new("web")).await.expect(200);
    let stale = master.information("COMP-1").await.expect(200);
    assert_eq!(
        (&stale.body, stale.header("etag")),
        (&free.body, free.header("etag"))
    );
    assert_eq!(stale.interference.unwrap().rule, "stale");
    assert_eq!(stale.facts.unwrap().computer.as_deref(), Some("COMP-1"));
    let fresh = master.information("COMP-1").await.expect(200);
    assert_ne!(fresh.body, free.body);
    assert!(fresh.interference.is_none());
    assert_eq!(master.counts("stale").await, (3, 1));
}

#[tokio::test]
async fn an_answer_that_is_no_longer_than_the_cut_is_whole() {
    let master = TestMaster::start().await;
    let whole = master.get("getRunId", &[]).await.expect(200).body;
    let length = whole.len();
    master
        .fault(&json!({ "name": "x", "effect": { "cut_after_bytes": length } }))
        .await;
    let answer = master.get("getRunId", &[]).await.expect(200);
    assert_eq!(answer.body, whole);
    assert_eq!(
        answer.interference.unwrap().kind,
        InterferenceKind::Answered
    );
}

#[tokio::test]
async fn health_the_control_surface_and_the_page_are_never_touched() {
    let master = TestMaster::start().await;
    master
        .fault(&json!({ "name": "all", "match": { "call": "*" }, "effect": { "drop": true } }))
        .await;
    for path in [
        "/",
        "/_mock/health/live",
        "/_mock/openapi.json",
        "/_mock/v1/ca.pem",
        FAULTS,
    ] {
        let answer = master.read(path, &[]).await.expect(200);
        assert!(answer.interference.is_none(), "{path}");
    }
    // What is no call is none that could fail.
    let unknown = master.read("/slapos.get.v0.nothing", &[]).await;
    assert!(unknown.expect(404).interference.is_none());
    let wrong = master.read("/requestComputerPartition", &[]).await;
    assert!(wrong.expect(405).interference.is_none());
    assert_eq!(master.counts("all").await, (0, 0));
}
