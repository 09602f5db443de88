//! Rules on the control surface: set, listed, removed, refused.

use axum::{
    body::Body,
    http::{Method, header},
};
use serde_json::{Value, json};

use super::FAULTS;
use crate::support::master::{Answer, TestMaster, request};

impl TestMaster {
    async fn put_fault(&self, name: &str, rule: &Value) -> Answer {
        let call = request(Method::PUT, &format!("{FAULTS}/{name}"));
        let call = call.header(header::CONTENT_TYPE, "application/json");
        self.send(call.body(Body::from(rule.to_string())).unwrap())
            .await
    }

    async fn delete(&self, path: &str) -> Answer {
        let call = request(Method::DELETE, path);
        self.send(call.body(Body::empty()).unwrap()).await
    }

    async fn names(&self) -> Vec<String> {
        let told = self.read(FAULTS, &[]).await.expect(200).json();
        let rules = told["faults"].as_array().unwrap().iter();
        rules
            .map(|rule| rule["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[tokio::test]
async fn a_rule_is_told_as_it_was_set_with_what_it_did() {
    let master = TestMaster::start().await;
    let rule = json!({
        "name": "flaky",
        "match": {
            "call": ["getRunId", "get*"],
            "dialect": "slap",
            "caller": { "kind": "user", "reference": "default-user" },
            "nth": [2, 3],
        },
        "effect": { "delay_ms": [0, 1], "status": 503, "headers": { "x-a": "b" }, "body": "c" },
        "when": "after",
        "count": 1,
        "sequence": ["fail", "fail", "pass"],
        "probability": 1.0,
        "from": "2026-11-23T08:00:00Z",
        "until": "2026-11-23T09:00:00Z",
        "lifetime_s": 60,
    });
    master.fault(&rule).await;
    for status in [200, 503, 200] {
        master.get("getRunId", &[]).await.expect(status);
    }
    let mut expected = rule;
    expected["created_at"] = "2026-11-23T08:30:00Z".into();
    expected["expires_at"] = "2026-11-23T08:31:00Z".into();
    expected["matched"] = 3.into();
    expected["applied"] = 1.into();
    let path = format!("{FAULTS}/flaky");
    assert_eq!(master.read(&path, &[]).await.expect(200).json(), expected);
    let listed = master.read(FAULTS, &[]).await.expect(200).json();
    assert_eq!(listed, json!({ "faults": [expected] }));
    master.advance(60);
    master.read(&path, &[]).await.expect(404);
    assert_eq!(master.names().await, Vec::<String>::new());
}

#[tokio::test]
async fn rules_are_set_in_their_order_and_removed_one_by_one_or_all() {
    let master = TestMaster::start().await;
    let drop = json!({ "effect": { "drop": true } });
    assert_eq!(
        master.post_json(FAULTS, &drop).await.expect(201).json()["name"],
        "fault-1"
    );
    for _ in 0..2 {
        let told = master.put_fault("b", &drop).await.expect(200).json();
        assert_eq!((&told["name"], &told["matched"]), (&json!("b"), &json!(0)));
    }
    master.post_json(FAULTS, &drop).await.expect(201);
    assert_eq!(master.names().await, ["fault-1", "b", "fault-2"]);
    let named = json!({ "name": "b", "effect": { "status": 500 } });
    master.post_json(FAULTS, &named).await.expect(409);
    master.put_fault("b", &named).await.expect(200);
    assert_eq!(master.names().await, ["fault-1", "b", "fault-2"]);
    let removed = master.delete(&format!("{FAULTS}/b")).await.expect(200);
    assert_eq!(removed.json(), json!({ "removed": 1 }));
    master.delete(&format!("{FAULTS}/b")).await.expect(404);
    assert_eq!(master.names().await, ["fault-1", "fault-2"]);
    let removed = master.delete(FAULTS).await.expect(200);
    assert_eq!(removed.json(), json!({ "removed": 2 }));
    assert_eq!(master.delete(FAULTS).await.json(), json!({ "removed": 0 }));
    master.get("getRunId", &[]).await.expect(200);
}

#[tokio::test]
async fn what_is_no_rule_is_refused_and_changes_nothing() {
    let master = TestMaster::start().await;
    let detail = |answer: Answer| answer.json()["detail"].as_str().unwrap().to_owned();
    for (rule, expected) in [
        (json!([]), "`rule`: is a list, an object was expected"),
        (
            json!({ "effect": { "delay_ms": 600_001 } }),
            "`effect.delay_ms`: is the number `600001`, a whole number from 0 to 600000 was \
             expected",
        ),
        (
            json!({ "effect": { "statsu": 500 } }),
            "`effect.statsu`: is not known here, perhaps `status` was meant; expected were: \
             `delay_ms`, `status`, `headers`, `body`, `not_ready`, `cold_cache`, `drop`, \
             `cut_after_bytes`, `stale`",
        ),
        (
            json!({ "match": { "call": "getRunID" }, "effect": { "drop": true } }),
            "`match.call`: is `getRunID`, which is no call, perhaps `getRunId` was meant; the \
             name of a call was expected, or its beginning and `*`",
        ),
    ] {
        let answer = master.post_json(FAULTS, &rule).await.expect(400);
        assert_eq!(detail(answer), expected);
        let answer = master.put_fault("x", &rule).await.expect(400);
        assert_eq!(detail(answer), expected);
    }
    let other = json!({ "name": "y", "effect": { "drop": true } });
    let answer = master.put_fault("x", &other).await.expect(400);
    let expected = "`name`: is `y`, `x` was expected, as in the path";
    assert_eq!(detail(answer), expected);
    master.put_fault("a%20b", &other).await.expect(400);
    let twice = r#"{"effect": {"drop": true, "drop": true}}"#;
    let call = request(Method::POST, FAULTS).header(header::CONTENT_TYPE, "application/json");
    let answer = master.send(call.body(Body::from(twice)).unwrap()).await;
    assert!(detail(answer.expect(400)).contains("the key `drop` is there twice"));
    assert_eq!(master.names().await, Vec::<String>::new());
    master.get("getRunId", &[]).await.expect(200);
}

#[tokio::test]
async fn a_thousand_rules_are_the_most() {
    let master = TestMaster::start().await;
    let rule = json!({ "match": { "dialect": "web" }, "effect": { "drop": true } });
    for _ in 0..1000 {
        master.fault(&rule).await;
    }
    let answer = master.post_json(FAULTS, &rule).await.expect(409).json();
    let expected = "The rule was not set: there are 1000 rules, which is the most that a world \
                    may have.";
    assert_eq!(answer["detail"], expected);
    master.put_fault("fault-1", &rule).await.expect(200);
    master.put_fault("other", &rule).await.expect(409);
}
