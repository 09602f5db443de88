//! What reads of the dialects cost: `cargo bench --bench reads`.
//!
//! The HATEOAS dialect: a tree by its title, and the list of forty, among ever more trees. The
//! JSON dialect: what is told of a partition and of an instance, beside the same question in the
//! classic one. The poll of a node of 100 partitions, what of it the journal takes, and what a
//! fault rule that is for other calls adds to a poll. Each is an
//! exchange with the whole router but without a socket, the median of
//! many, one after the other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement that cannot go on fails, and says what it measured"
)]

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::Request,
};
use slapmaster::{
    domain::time::Timestamp,
    fixture::Fixture,
    front::{self, AppState},
    master::{Master, WorldSettings},
    mock::journal::{self, Call, Journal, Unredacted},
};
use tower::ServiceExt as _;

const SIZES: [usize; 3] = [100, 1_000, 10_000];
const REQUESTS: usize = 400;
const ENTRIES: u32 = 200_000;
const LIVE: &str = "/hateoas/ERP5Document_getHateoas?mode=search&query=portal_type%3A%22Instance%20Tree%22%20AND%20validation_state%3Avalidated";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    polls().await;
    instances().await;
    polls_and_entries().await;
    searches().await;
}

/// A computer's poll, without a fault rule and with one that is for other calls.
async fn polls() {
    let computers = "computers: [{reference: COMP-1, partitions: 10}]\n";
    let rule = "faults: [{match: {call: supplySupply}, effect: {drop: true}}]\n";
    let path = "/getFullComputerInformation?computer_id=COMP-1";
    let get = || request("GET", path, Body::empty());
    let mut times = Vec::new();
    for text in [computers.to_owned(), format!("{computers}{rule}")] {
        times.push(micros(exchange(&router(&text).await, get, |_| {}).await));
    }
    println!("medians in microseconds; a poll without fault rules, with one: {times:.1?}");
}

async fn searches() {
    println!("medians in microseconds; trees, one by its title, a list of 40:");
    let mut by_title = Vec::new();
    for size in SIZES {
        let router = world(size).await;
        let middle = size / 2;
        let title = format!(
            "{LIVE}%20AND%20title%3A%3D%22tree%20{middle}%22&select_list=title&select_list=relative_url&limit=40"
        );
        let list = format!("{LIVE}&select_list=title&select_list=url_string&limit=40");
        let (one, forty) = (
            median(&router, &title, 1).await,
            median(&router, &list, 40).await,
        );
        println!("{size:>6} {:>8} {:>8}", one.as_micros(), forty.as_micros());
        // What is not optimised is not what is promised.
        assert!(
            cfg!(debug_assertions) || forty < Duration::from_millis(2),
            "a list of 40 takes {forty:?}"
        );
        by_title.push(one.as_secs_f64());
    }
    let (Some(first), Some(last)) = (by_title.first(), by_title.last()) else {
        return;
    };
    let growth = last / first;
    println!("one by its title, last to first: {growth:.2}");
    assert!(
        growth < 1.5,
        "a search by title is not constant: {growth:.2}"
    );
}

/// What a node asks all day, answered from memory, and what of it the journal takes.
async fn polls_and_entries() {
    let mut text = String::from("computers: [{reference: COMP-1, partitions: 100}]\ntrees:\n");
    for number in 0..100 {
        let release = "https://sr.example.org/a.cfg";
        writeln!(text, "- {{title: tree {number}, release: \"{release}\"}}").unwrap();
    }
    let router = router(&text).await;
    let path = "/getFullComputerInformation?computer_id=COMP-1";
    let get = || request("GET", path, Body::empty());
    let time = exchange(&router, get, |_| {}).await;
    println!(
        "getFullComputerInformation, 100 partitions: {:.1} us",
        micros(time)
    );

    let journal = Journal::default();
    let body = Bytes::from(vec![b'x'; 16 * 1024]);
    let start = Instant::now();
    for _ in 0..ENTRIES {
        let kept = |beginning: &Bytes| journal::Body {
            media_type: Some("text/xml; charset=utf-8".into()),
            length: 200_000,
            beginning: Unredacted::new(beginning.clone()),
        };
        let call = Call {
            method: "GET".into(),
            target: Unredacted::new(Bytes::copy_from_slice(path.as_bytes())),
            dialect: Some("slap"),
            name: Some("getFullComputerInformation"),
            caller: None,
            computer: Some("COMP-1".to_owned()),
            partition: None,
            instance: None,
            rule: None,
            status: Some(200),
            duration: Duration::ZERO,
            request_body: kept(&Bytes::new()),
            response_body: kept(&body),
        };
        journal.called(Timestamp::from_seconds(0), None, call);
    }
    let each = start.elapsed() / ENTRIES;
    println!("an entry of the journal: {} ns", each.as_nanos());
    assert!(
        cfg!(debug_assertions) || each < Duration::from_micros(1),
        "an entry takes {each:?}"
    );
}

/// What is told of an instance, in the classic dialect and in the JSON one.
async fn instances() {
    let text = "computers: [{reference: COMP-1, partitions: 20}]\n\
                trees: [{title: web, release: \"https://sr.example.org/a.cfg\"}]\n";
    let router = router(text).await;
    let classic = "/registerComputerPartition?computer_reference=COMP-1\
                   &computer_partition_reference=slappart0";
    let place = r#"{"computer_guid": "COMP-1", "compute_partition_id": "slappart0"}"#;
    let get = || request("GET", classic, Body::empty());
    let partition = || request("POST", "/slapos.get.v0.compute_partition", place.into());
    let guid = r#"{"instance_guid": "SOFTINST-1"}"#;
    let instance = || request("POST", "/slapos.get.v0.software_instance", guid.into());
    let classic = exchange(&router, get, |_| {}).await;
    println!(
        "medians in microseconds; registerComputerPartition: {:.1}",
        micros(classic)
    );
    for (name, time) in [
        (
            "get.v0.compute_partition",
            exchange(&router, partition, |_| {}).await,
        ),
        (
            "get.v0.software_instance",
            exchange(&router, instance, |_| {}).await,
        ),
    ] {
        let ratio = time.as_secs_f64() / classic.as_secs_f64();
        println!("{name}: {:.1}, ratio {ratio:.2} (asked: 1.5)", micros(time));
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn request(method: &str, path: &str, body: Body) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("Host", "master.example.org")
        .header("Content-Type", "application/json")
        .body(body)
        .unwrap()
}

/// A world with so many trees, which all wait for room.
async fn world(size: usize) -> Router {
    let mut text = String::from("trees:\n");
    for number in 0..size {
        writeln!(
            text,
            "- {{title: tree {number}, release: \"https://sr.example.org/a.cfg\", waiting: true}}"
        )
        .unwrap();
    }
    router(&text).await
}

async fn router(text: &str) -> Router {
    let master = Master::open(WorldSettings::default()).await.unwrap();
    let text = text.to_owned();
    let fixture = Fixture::parse(&[("world.yaml".into(), text)]).unwrap();
    fixture.apply(&master).await.unwrap();
    front::router(&AppState::new(master))
}

async fn median(router: &Router, path: &str, rows: usize) -> Duration {
    let get = || request("GET", path, Body::empty());
    exchange(router, get, |body| {
        let answer: serde_json::Value = serde_json::from_slice(body).unwrap();
        let found = answer.pointer("/_embedded/contents").unwrap();
        assert_eq!(found.as_array().unwrap().len(), rows, "{path}");
    })
    .await
}

/// The median time of an exchange that succeeds, whose body is checked.
async fn exchange(
    router: &Router,
    request: impl Fn() -> Request<Body>,
    check: impl Fn(&[u8]),
) -> Duration {
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let request = request();
        let start = Instant::now();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        times.push(start.elapsed());
        check(&body);
    }
    times.sort();
    *times.get(times.len() / 2).unwrap()
}
