//! What searches of the HATEOAS dialect cost: `cargo bench --bench search`.
//!
//! A tree by its title, and the list of forty, among ever more trees; each an exchange with the
//! whole router but without a socket, the median of many, one after the other.
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
    body::{Body, to_bytes},
    http::Request,
};
use slapmaster::{
    fixture::Fixture,
    front::{
        self, AppState, address::PublicAddress, auth::Access, json_rpc::JsonRpcState,
        readiness::Readiness, slap::SlapState,
    },
    master::{Master, WorldSettings},
};
use tower::ServiceExt as _;

const SIZES: [usize; 3] = [100, 1_000, 10_000];
const REQUESTS: usize = 400;
const LIVE: &str = "/hateoas/ERP5Document_getHateoas?mode=search&query=portal_type%3A%22Instance%20Tree%22%20AND%20validation_state%3Avalidated";

#[tokio::main(flavor = "current_thread")]
async fn main() {
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

/// A world with so many trees, which all wait for room.
async fn world(size: usize) -> Router {
    let master = Master::open(WorldSettings::default()).await.unwrap();
    let mut text = String::from("trees:\n");
    for number in 0..size {
        writeln!(
            text,
            "- {{title: tree {number}, release: \"https://sr.example.org/a.cfg\", waiting: true}}"
        )
        .unwrap();
    }
    let fixture = Fixture::parse(&[("world.yaml".into(), text)]).unwrap();
    fixture.apply(&master).await.unwrap();
    front::router(AppState {
        master,
        readiness: Readiness::default(),
        access: Access::default(),
        address: PublicAddress::default(),
        slap: SlapState::default(),
        json_rpc: JsonRpcState::default(),
        control_token: None,
    })
}

async fn median(router: &Router, path: &str, rows: usize) -> Duration {
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let request = Request::get(path).header("Host", "master.example.org");
        let request = request.body(Body::empty()).unwrap();
        let start = Instant::now();
        let response = router.clone().oneshot(request).await.unwrap();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        times.push(start.elapsed());
        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let found = answer.pointer("/_embedded/contents").unwrap();
        assert_eq!(found.as_array().unwrap().len(), rows, "{path}");
    }
    times.sort();
    *times.get(times.len() / 2).unwrap()
}
