//! Forwarding to other masters (`slap.md` 9.1, C.33): between two worlds over real sockets, and to
//! what is no master.

mod circle;
mod fronts;
mod masters;
mod stub;
mod targets;

use axum::{
    body::Body,
    http::{self, Method, header},
};
use serde_json::{Value, json};
use slapmaster::domain::{
    behaviour::Preset,
    forwarding::OtherMaster,
    identifier::{ComputerReference, PartitionAddress, PartitionReference, SoftwareReleaseUri},
};

use crate::support::master::{Place, Served, Setup, TestMaster, request};

/// A release that is requested of another master.
const REMOTE: &str = "https://sr.example.org/remote/software.cfg";

/// A master at this URL that gets [`REMOTE`].
fn other(url: &str) -> OtherMaster {
    OtherMaster {
        url: url.to_owned(),
        certificate: None,
        key: None,
        releases: vec![SoftwareReleaseUri::trusted(REMOTE.to_owned())],
        requester: None,
    }
}

/// The same, asked in the name of its COMP-2's slappart0.
fn other_by_partition(url: &str) -> OtherMaster {
    OtherMaster {
        requester: Some(PartitionAddress {
            computer: ComputerReference::trusted("COMP-2".to_owned()),
            partition: PartitionReference::trusted("slappart0".to_owned()),
        }),
        ..other(url)
    }
}

/// A world that is played as slapproxy is, with COMP-1, for which others are still to be named.
fn proxy() -> Setup {
    TestMaster::preset(Preset::Slapproxy).default_computer("COMP-1")
}

/// The same, with two partitions, which forwards to these masters.
async fn forwarding(others: impl IntoIterator<Item = OtherMaster>) -> TestMaster {
    let setup = others.into_iter().fold(proxy(), Setup::other_master);
    let master = setup.start().await;
    master.format("COMP-1", 2).await;
    master
}

/// A world that is played as slapproxy is, with COMP-2 and two partitions, and where it is served.
async fn target() -> (TestMaster, Served) {
    let master = TestMaster::preset(Preset::Slapproxy)
        .default_computer("COMP-2")
        .start()
        .await;
    master.format("COMP-2", 2).await;
    let served = master.serve(Place::free("http"));
    (master, served)
}

/// The pairs of title and URL that are kept.
async fn kept(master: &TestMaster) -> Vec<(String, String)> {
    let requests = master.master.forwarded_requests().await.unwrap();
    requests
        .into_iter()
        .map(|request| (request.title.as_str().to_owned(), request.master_url))
        .collect()
}

/// `post.v0.software_instance` of [`REMOTE`], with these arguments besides, in the name of the
/// instance on a partition if one is given.
fn in_json(title: &str, more: &Value, by: Option<(&str, &str)>) -> http::Request<Body> {
    let mut arguments = json!({
        "title": title,
        "software_release_uri": REMOTE,
        "software_type": "default",
    });
    for (key, value) in more.as_object().unwrap() {
        arguments[key] = value.clone();
    }
    let mut call = request(Method::POST, "/slapos.post.v0.software_instance")
        .header(header::CONTENT_TYPE, "application/json");
    if let Some((computer, partition)) = by {
        let identity =
            format!("X-SlapPartition computer_id={computer}, computer_partition_id={partition}");
        call = call.header(header::AUTHORIZATION, identity);
    }
    call.body(Body::from(arguments.to_string())).unwrap()
}
