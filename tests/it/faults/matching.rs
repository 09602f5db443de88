//! Which calls a rule is for, by what they name in each dialect and by who makes them.

use axum::{
    body::Body,
    http::{Method, Request as HttpRequest, header},
};
use serde_json::{Value, json};

use crate::support::{
    certificates::Certificate,
    master::{Request, TestMaster, configuration, form, request},
};

fn json_call(method: &str, body: &Value) -> HttpRequest<Body> {
    request(Method::POST, &format!("/slapos.{method}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

/// A computer with two partitions: `web` is on the first, `db`, which it requested, on the other.
async fn world() -> TestMaster {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    master.request(Request::new("web")).await.expect(200);
    let child = Request::new("db").by("COMP-1", "slappart0");
    master.request(child).await.expect(200);
    master
}

/// Whether a rule with this match is applied to the call.
async fn is_for(master: &TestMaster, matching: Value, call: HttpRequest<Body>) -> bool {
    let rule = json!({ "name": "x", "match": matching, "effect": { "status": 599 } });
    let path = format!("{}/x", super::FAULTS);
    let put = request(Method::PUT, &path).header(header::CONTENT_TYPE, "application/json");
    let put = put.body(Body::from(rule.to_string())).unwrap();
    master.send(put).await.expect(200);
    let answer = master.send(call).await;
    assert_eq!(answer.status == 599, answer.interference.is_some());
    answer.status == 599
}

const PLACE: [(&str, &str); 2] = [
    ("computer_id", "COMP-1"),
    ("computer_partition_id", "slappart1"),
];

#[tokio::test]
async fn the_instance_that_a_call_is_about_is_known_by_its_title() {
    let master = world().await;
    let db = || json!({ "title": "db" });
    let web = || json!({ "title": "web" });
    // By the request, by the partition, by the guid.
    let requested = |title: &str| {
        let fields = [
            ("partition_reference", title),
            ("software_release", "https://x"),
        ];
        form(
            "requestComputerPartition",
            Some(("COMP-1", "slappart0")),
            &fields,
        )
    };
    assert!(is_for(&master, db(), requested("db")).await);
    assert!(!is_for(&master, db(), requested("web")).await);
    let started = || form("startedComputerPartition", None, &PLACE);
    assert!(is_for(&master, db(), started()).await);
    assert!(!is_for(&master, web(), started()).await);
    let guid = json!({ "instance_guid": "SOFTINST-2" });
    let by_guid = || json_call("get.v0.software_instance", &guid);
    assert!(is_for(&master, db(), by_guid()).await);
    assert!(!is_for(&master, web(), by_guid()).await);
    let place = json!({ "computer_guid": "COMP-1", "compute_partition_id": "slappart1" });
    assert!(is_for(&master, db(), json_call("get.v0.compute_partition", &place)).await);
    // The new name of an instance is not its name yet.
    let renamed = json!({ "instance_guid": "SOFTINST-2", "title": "web" });
    let rename = || json_call("put.v0.software_instance_title", &renamed);
    assert!(is_for(&master, db(), rename()).await);
    assert!(!is_for(&master, web(), rename()).await);
    let tree = json!({ "title": "web" });
    assert!(is_for(&master, web(), json_call("get.v0.instance_tree", &tree)).await);
}

#[tokio::test]
async fn computer_and_partition_are_those_that_a_call_names() {
    let master = world().await;
    let on = |partition: &str| json!({ "computer": "COMP-1", "partition": partition });
    let of = |computer: &str| json!({ "computer": computer });
    let get = |path: &str| request(Method::GET, path).body(Body::empty()).unwrap();
    let started = || form("startedComputerPartition", None, &PLACE);
    assert!(is_for(&master, on("slappart1"), started()).await);
    assert!(!is_for(&master, on("slappart0"), started()).await);
    let poll = || get("/getFullComputerInformation?computer_id=COMP-1");
    assert!(is_for(&master, of("COMP-1"), poll()).await);
    assert!(!is_for(&master, of("COMP-2"), poll()).await);
    let read = "/registerComputerPartition?computer_reference=COMP-1\
                &computer_partition_reference=slappart0";
    assert!(is_for(&master, on("slappart0"), get(read)).await);
    let xml = configuration("COMP-9", 1);
    let format = || form("loadComputerConfigurationFromXML", None, &[("xml", &xml)]);
    assert!(is_for(&master, of("COMP-9"), format()).await);
    assert!(!is_for(&master, of("COMP-1"), format()).await);
    // Where the instance is, and what the header alone says.
    let guid = json!({ "instance_guid": "SOFTINST-2" });
    let by_guid = || json_call("put.v0.software_instance_bang", &guid);
    assert!(is_for(&master, on("slappart1"), by_guid()).await);
    let by_header = form(
        "requestComputerPartition",
        Some(("COMP-1", "slappart0")),
        &[
            ("partition_reference", "db"),
            ("software_release", "https://x"),
        ],
    );
    assert!(is_for(&master, on("slappart0"), by_header).await);
    // A call that cannot be read names nothing, and is refused for that.
    let broken = form("startedComputerPartition", None, &[]);
    assert!(!is_for(&master, of("COMP-1"), broken).await);
}

#[tokio::test]
async fn on_an_open_listener_the_call_says_who_makes_it() {
    let master = world().await;
    let caller =
        |kind: &str, reference: &str| json!({ "caller": { "kind": kind, "reference": reference } });
    let requested = |by| {
        let fields = [
            ("partition_reference", "db"),
            ("software_release", "https://x"),
        ];
        form("requestComputerPartition", by, &fields)
    };
    let by_instance = || requested(Some(("COMP-1", "slappart0")));
    for reference in ["COMP-1/slappart0", "SOFTINST-1"] {
        assert!(is_for(&master, caller("instance", reference), by_instance()).await);
    }
    assert!(!is_for(&master, caller("instance", "SOFTINST-2"), by_instance()).await);
    assert!(is_for(&master, caller("user", "default-user"), requested(None)).await);
    let poll = request(
        Method::GET,
        "/getFullComputerInformation?computer_id=COMP-1",
    );
    let poll = poll.body(Body::empty()).unwrap();
    assert!(is_for(&master, caller("computer", "COMP-1"), poll).await);
    let bang = json_call(
        "put.v0.software_instance_bang",
        &json!({ "instance_guid": "SOFTINST-2" }),
    );
    assert!(is_for(&master, caller("instance", "SOFTINST-2"), bang).await);
    let supply = form(
        "supplySupply",
        None,
        &[("computer_id", "COMP-1"), ("url", "https://x")],
    );
    assert!(is_for(&master, caller("user", "default-user"), supply).await);
    let token = form("Person_requestComputer", None, &[("title", "x")]);
    assert!(is_for(&master, json!({ "caller": { "kind": "anonymous" } }), token).await);
}

#[tokio::test]
async fn a_certificate_says_who_calls() {
    let master = world().await;
    let computer = master.issue(("computer", "COMP-1")).await;
    let user = master.issue(("user", "default-user")).await;
    let rule = json!({
        "name": "x",
        "match": { "caller": { "kind": "computer", "reference": "COMP-1" } },
        "effect": { "status": 599 },
    });
    master.fault(&rule).await;
    let poll = || {
        let poll = request(
            Method::GET,
            "/getFullComputerInformation?computer_id=COMP-1",
        );
        poll.body(Body::empty()).unwrap()
    };
    let ask = async |certificate: &Certificate| {
        let answer = master.send_with(certificate, poll()).await;
        answer.status.as_u16()
    };
    assert_eq!(ask(&computer).await, 599);
    assert_eq!(ask(&user).await, 200);
    let path = format!("{}/x", super::FAULTS);
    let removed = request(Method::DELETE, &path).body(Body::empty()).unwrap();
    master.send(removed).await.expect(200);
    let anybody = json!({ "caller": { "kind": "anonymous" } });
    master
        .fault(&json!({ "match": anybody, "effect": { "status": 599 } }))
        .await;
    assert_eq!(ask(&computer).await, 200);
    assert_eq!(master.send_as(None, poll()).await.status, 599);
}
