//! What obeys the clock, forwards and backwards.

use serde_json::json;
use slapmaster::domain::time::Timestamp;
use x509_parser::{prelude::FromDer, revocation_list::CertificateRevocationList};

use super::START;
use crate::support::master::{Request, TestMaster, form, request};
use axum::{body::Body, http::Method};

const NO_DATA: &str = "#error no data found for SOFTINST-1";
const STARTED: &str = "#access Instance correctly started";

async fn with_started_instance() -> TestMaster {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master.request(Request::new("web")).await.expect(200);
    let started = "startedComputerPartition";
    let done = master.report(started, "COMP-1", "slappart0").await;
    done.expect(200);
    master
}

#[tokio::test]
async fn a_poll_that_was_rendered_shows_no_status_of_another_time() {
    let master = with_started_instance().await;
    let status = async || {
        let polled = master.information("COMP-1").await.expect(200);
        let told = polled.text_of("_access_status").to_owned();
        let body = json!({ "instance_guid": "SOFTINST-1" });
        let read = master
            .post_json("/slapos.get.v0.software_instance", &body)
            .await;
        assert_eq!(
            read.expect(200).json()["access_status_message"],
            told.as_str()
        );
        told
    };
    assert_eq!(status().await, STARTED);
    // The status is of the start, and is forgotten after two days.
    master.advance_through(172_799).await;
    assert_eq!(status().await, STARTED);
    master.advance_through(1).await;
    assert_eq!(status().await, NO_DATA);
    master.set_clock(&json!({ "now": START })).await;
    assert_eq!(status().await, STARTED);
    master
        .set_clock(&json!({ "now": "2027-01-01T00:00:00Z" }))
        .await;
    assert_eq!(status().await, NO_DATA);
}

#[tokio::test]
async fn a_report_of_the_future_counts_as_made_when_the_clock_was_moved_back() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master.information("COMP-1").await.expect(200);
    master.advance_through(86_400).await;
    let bang = [("computer_id", "COMP-1"), ("message", "help")];
    master.post("computerBang", &bang).await.expect(200);
    let status = async || {
        let fields = [("computer_id", "COMP-1")];
        let told = master.get("getComputerStatus", &fields).await.expect(200);
        let told = |key: &str| told.text_of(key).to_owned();
        (told("text"), told("created_at"))
    };
    assert_eq!(status().await.0, "#error bang: help");
    master.set_clock(&json!({ "now": START })).await;
    let at_start = "Mon, 23 Nov 2026 08:30:00 GMT".to_owned();
    assert_eq!(
        status().await,
        ("#error bang: help".to_owned(), at_start.clone())
    );
    // A poll is no older than the report that it answers, and wins.
    master.information("COMP-1").await.expect(200);
    assert_eq!(
        status().await,
        ("#access COMP-1".to_owned(), at_start.clone())
    );
    master.master.background_tick().await.unwrap();
    assert_eq!(status().await, ("#access COMP-1".to_owned(), at_start));
}

#[tokio::test]
async fn a_contact_that_is_not_written_yet_goes_back_with_the_clock() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master.advance_through(86_400).await;
    master.information("COMP-1").await.expect(200);
    master.set_clock(&json!({ "now": START })).await;
    master.master.background_tick().await.unwrap();
    let fields = [("computer_id", "COMP-1")];
    let told = master.get("getComputerStatus", &fields).await.expect(200);
    assert_eq!(told.text_of("created_at"), "Mon, 23 Nov 2026 08:30:00 GMT");
}

#[tokio::test]
async fn a_change_on_a_clock_that_was_moved_back_has_a_later_timestamp() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let timestamp = async || -> i64 {
        let polled = master.information("COMP-1").await.expect(200);
        let told = polled.told("timestamp");
        let digits: String = told.chars().filter(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    };
    let mut last = 0;
    for (number, now) in ["2050-01-01T00:00:00Z", START, "1970-01-01T00:00:00Z"]
        .iter()
        .enumerate()
    {
        master.set_clock(&json!({ "now": now })).await;
        let web = Request::new("web").parameter("n", &number.to_string());
        master.request(web).await.expect(200);
        let present = timestamp().await;
        assert!(present > last, "{now}: {present} after {last}");
        last = present;
    }
}

#[tokio::test]
async fn a_certificate_counts_by_the_worlds_time_at_each_request() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let certificate = master.issue(("computer", "COMP-1")).await;
    let poll = async |expected: u16| {
        let path = "/getFullComputerInformation?computer_id=COMP-1";
        let call = request(Method::GET, path).body(Body::empty()).unwrap();
        let answer = master.send_with(&certificate, call).await.expect(expected);
        answer.body
    };
    poll(200).await;
    // 3650 days, and what is beyond is refused in words.
    master
        .set_clock(&json!({ "now": "2036-11-20T08:30:00Z" }))
        .await;
    poll(200).await;
    master.advance_through(2).await;
    let said = poll(401).await;
    assert!(said.contains("expired"), "{said}");
    // Issued certificates begin an hour early.
    master
        .set_clock(&json!({ "now": "2026-11-23T07:30:00Z" }))
        .await;
    poll(200).await;
    master
        .set_clock(&json!({ "now": "2026-11-23T07:29:59Z" }))
        .await;
    let said = poll(401).await;
    assert!(said.contains("not yet valid"), "{said}");
}

#[tokio::test]
async fn a_certificate_that_the_machine_would_call_expired_counts_in_a_world_of_then() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master
        .set_clock(&json!({ "now": "2001-01-01T00:00:00Z" }))
        .await;
    let certificate = master.issue(("computer", "COMP-1")).await;
    let fields = [("computer_id", "COMP-1"), ("message", "x")];
    let done = master
        .post_with(&certificate, "computerBang", &fields)
        .await;
    done.expect(200);
    master
        .set_clock(&json!({ "now": "2026-11-23T08:30:00Z" }))
        .await;
    let refused = master
        .post_with(&certificate, "computerBang", &fields)
        .await;
    refused.expect(401);
}

#[tokio::test]
async fn a_revocation_list_is_of_the_worlds_time() {
    let master = TestMaster::start().await;
    for now in [START, "2031-05-06T07:08:09Z", "1990-01-01T00:00:00Z"] {
        master.set_clock(&json!({ "now": now })).await;
        let list = master.read("/_mock/v1/crl.der", &[]).await.expect(200);
        let (_, list) = CertificateRevocationList::from_der(&list.bytes).unwrap();
        let seconds = Timestamp::from_rfc3339(now).unwrap().as_seconds();
        assert_eq!(list.last_update().timestamp(), seconds);
        assert_eq!(list.next_update().unwrap().timestamp(), seconds + 86_400);
    }
}

#[tokio::test]
async fn a_token_expires_when_the_clock_says_so() {
    let master = TestMaster::start().await;
    let body =
        json!({ "purpose": "user", "lifetime_s": 60, "reusable": true, "value": "demo-token" });
    master
        .post_json("/_mock/v1/tokens", &body)
        .await
        .expect(201);
    let use_it = async |status: u16| {
        let fields = [("access_token", "demo-token")];
        let answer = master
            .send(form("Person_getCertificate", None, &fields))
            .await;
        answer.expect(status);
    };
    use_it(200).await;
    master.advance_through(60).await;
    use_it(403).await;
    master.set_clock(&json!({ "now": START })).await;
    use_it(200).await;
}

#[tokio::test]
async fn a_fault_has_its_window_and_its_lifetime_on_the_clock() {
    let master = TestMaster::start().await;
    let faults = "/_mock/v1/faults";
    let window = json!({
        "match": { "call": "getRunId" },
        "effect": { "status": 503 },
        "from": "2026-11-23T09:00:00Z",
        "until": "2026-11-23T10:00:00Z",
    });
    master.post_json(faults, &window).await.expect(201);
    let lived = json!({
        "match": { "call": "getHostingSubscriptionIpList" },
        "effect": { "status": 503 },
        "lifetime_s": 60,
    });
    master.post_json(faults, &lived).await.expect(201);
    let run_id = async |status: u16| {
        master.get("getRunId", &[]).await.expect(status);
    };
    run_id(200).await;
    master.advance_through(1800).await;
    run_id(503).await;
    let left = master.read(faults, &[]).await.expect(200).json();
    assert_eq!(left["faults"].as_array().unwrap().len(), 1);
    master.advance_through(3600).await;
    run_id(200).await;
    master
        .set_clock(&json!({ "now": "2026-11-23T09:59:59.999999Z" }))
        .await;
    run_id(503).await;
}
