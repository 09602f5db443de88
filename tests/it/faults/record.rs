//! What the journal and the counters have of what rules did.

use serde_json::{Value, json};

use crate::support::master::{Request, TestMaster};

/// The only call that the rule changed, as the journal has it.
async fn entry(master: &TestMaster) -> Value {
    let listed = master.get("_mock/v1/journal", &[("rule", "x")]).await;
    let listed = listed.expect(200).json();
    let entries = listed["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{listed}");
    entries[0].clone()
}

#[tokio::test]
async fn a_call_that_a_rule_changed_is_told_and_counted_as_the_client_got_it() {
    let refusal = json!({ "status": 503, "body": "no" });
    for (effect, when, status, text, counted, outcome) in [
        (&refusal, "before", json!(503), "no", "answered", "5xx"),
        (&refusal, "after", json!(503), "no", "answered", "5xx"),
        (
            &json!({ "drop": true }),
            "after",
            Value::Null,
            "",
            "dropped",
            "unanswered",
        ),
    ] {
        let what = format!("{effect} {when}");
        let master = TestMaster::start().await;
        master.format("COMP-1", 1).await;
        let of = json!({ "call": "getFullComputerInformation" });
        let rule = json!({ "name": "x", "match": of, "when": when, "effect": effect });
        master.fault(&rule).await;
        let answer = master.information("COMP-1").await;
        assert_eq!(answer.body, text, "{what}");
        // It is for other calls.
        master.get("getRunId", &[]).await.expect(200);

        let entry = entry(&master).await;
        assert_eq!(entry["call"], "getFullComputerInformation");
        assert_eq!(entry["dialect"], "slap");
        assert_eq!(entry["computer"], "COMP-1");
        assert_eq!(entry["status"], status, "{what}");
        let body = &entry["response_body"];
        assert_eq!(body["text"].as_str().unwrap_or_default(), text, "{what}");
        let page = master.read("/_mock/metrics", &[]).await.expect(200).body;
        let counted = format!("faults_injected_total{{effect=\"{counted}\"}} 1");
        let ended = format!("call=\"getFullComputerInformation\",outcome=\"{outcome}\"}} 1");
        for sample in [counted, ended] {
            assert!(page.contains(&sample), "no `{sample}` in {page}");
        }
    }
}

#[tokio::test]
async fn a_call_that_never_reached_its_dialect_is_found_by_what_it_names() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let effect = json!({ "not_ready": true });
    master
        .fault(&json!({ "name": "x", "effect": effect, "count": 1 }))
        .await;
    let request = Request::new("web").by("COMP-1", "slappart0");
    master.request(request).await.expect(408);
    let entry = entry(&master).await;
    for (key, value) in [
        ("call", "requestComputerPartition"),
        ("computer", "COMP-1"),
        ("partition", "slappart0"),
        ("instance", "web"),
    ] {
        assert_eq!(entry[key], value, "{key}");
    }
    let events = [("event", "instance_requested")];
    let listed = master.get("_mock/v1/journal", &events).await;
    assert_eq!(listed.expect(200).json()["entries"], json!([]));
}
