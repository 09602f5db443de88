//! A world with a document of every kind, and how it is asked.

use std::fmt::Write as _;

use axum::{body::Body, http::Method};
use serde_json::Value;
use slapmaster::domain::behaviour::Preset;

use crate::support::{
    certificates::Certificate,
    master::{Answer, RELEASE, Request, TestMaster, dictionary, request},
};

/// The path of searches and documents.
const CALL: &str = "/hateoas/ERP5Document_getHateoas";

/// The columns of every document.
pub(super) const COLUMNS: [&str; 26] = [
    "uid",
    "id",
    "relative_url",
    "portal_type",
    "title",
    "reference",
    "validation_state",
    "slap_state",
    "url_string",
    "source_reference",
    "text_content",
    "connection_xml",
    "getConnectionXmlAsDict",
    "SoftwareInstance_getNewsDict",
    "SoftwareInstallation_getNewsDict",
    "default_specialise_title",
    "specialise_title",
    "default_specialise_reference",
    "default_specialise_uid",
    "default_aggregate_reference",
    "default_aggregate_uid",
    "successor_related_uid",
    "default_successor_uid",
    "creation_date",
    "modification_date",
    "root_slave",
];

/// A world under a preset: on `COMP-1` the tree `tree one` with its child `db`, and the stopped
/// tree `still`; the shared tree `site`, served by `tree one`; `COMP-2`, which never called.
pub(super) async fn populated(preset: Preset) -> TestMaster {
    let setup = TestMaster::preset(preset)
        .switch("allocation.moment", "request")
        .switch("allocation.require_supply", "off")
        .switch("allocation.capacity_check", "off")
        .switch("allocation.candidates", "ordered")
        .switch("format.unknown_computer", "create")
        .switch("guid.style", "reference");
    let master = setup.default_computer("COMP-1").start().await;
    master.format("COMP-1", 4).await;
    master.format("COMP-2", 1).await;
    master.supply("COMP-1", RELEASE).await;
    let one = Request::new("tree one").parameter("k", "v & w");
    master.request(on_first(one)).await.expect(200);
    let child = Request::new("db").by("COMP-1", "slappart0");
    master.request(child).await.expect(200);
    let still = on_first(Request::new("still"));
    master.request(still.clone()).await.expect(200);
    master.request(still.state("stopped")).await.expect(200);
    master
        .request(Request::new("site").shared())
        .await
        .expect(200);
    publish(&master, "slappart0", &[("url", "http://[fd00::1]/")]).await;
    master.advance(60);
    let software = [("computer_id", "COMP-1"), ("url", RELEASE)];
    let available = master.post("availableSoftwareRelease", &software).await;
    available.expect(200);
    for partition in ["slappart0", "slappart1"] {
        let started = master.report("startedComputerPartition", "COMP-1", partition);
        started.await.expect(200);
    }
    master.advance(60);
    master.information("COMP-1").await.expect(200);
    master
}

/// The request, to be answered by `COMP-1`.
pub(super) fn on_first(request: Request) -> Request {
    request.sla("computer_guid", "COMP-1")
}

/// Publishes connection parameters for the instance on a partition of `COMP-1`.
pub(super) async fn publish(master: &TestMaster, partition: &str, pairs: &[(&str, &str)]) {
    let xml = dictionary(pairs);
    let fields = [
        ("computer_id", "COMP-1"),
        ("computer_partition_id", partition),
        ("connection_xml", xml.as_str()),
    ];
    let published = master.post("setComputerPartitionConnectionXml", &fields);
    published.await.expect(200);
}

/// A text as part of a query string.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        write!(escaped, "%{byte:02X}").unwrap();
    }
    escaped
}

/// The path of a search, with further parameters.
pub(super) fn search_path(query: &str, more: &str) -> String {
    format!("{CALL}?mode=search&query={}{more}", escaped(query))
}

/// The path of a document as clients ask for it.
pub(super) fn document_path(relative_url: &str) -> String {
    let path = escaped(relative_url);
    format!("{CALL}?mode=traverse&relative_url={path}&view=slaposjs_view")
}

/// What a search is answered.
pub(super) async fn search(master: &TestMaster, query: &str, more: &str) -> Answer {
    master.read(&search_path(query, more), &[]).await
}

/// The rows that a search finds.
pub(super) async fn found(master: &TestMaster, query: &str, more: &str) -> Vec<Value> {
    rows(&search(master, query, more).await)
}

/// The rows of an answer.
#[track_caller]
pub(super) fn rows(answer: &Answer) -> Vec<Value> {
    let document = answer.clone().expect(200).json();
    document["_embedded"]["contents"]
        .as_array()
        .unwrap()
        .clone()
}

/// The titles of the documents that a search finds.
pub(super) async fn titles(master: &TestMaster, query: &str, more: &str) -> Vec<String> {
    let more = format!("&select_list=title{more}");
    texts(&found(master, query, &more).await, "title")
}

/// The texts in a column.
pub(super) fn texts(rows: &[Value], column: &str) -> Vec<String> {
    let texts = rows
        .iter()
        .map(|row| row[column].as_str().unwrap().to_owned());
    texts.collect()
}

/// A document as clients ask for it.
pub(super) async fn document(master: &TestMaster, relative_url: &str) -> Value {
    let answer = master.read(&document_path(relative_url), &[]).await;
    answer.expect(200).json()
}

/// The value of a field in a document.
pub(super) fn field<'d>(document: &'d Value, name: &str) -> &'d Value {
    &document["_embedded"]["_view"][name]["default"]
}

/// `GET` with a client certificate.
pub(super) async fn read_with(
    master: &TestMaster,
    certificate: &Certificate,
    path: &str,
) -> Answer {
    let call = request(Method::GET, path).body(Body::empty()).unwrap();
    master.send_with(certificate, call).await
}
