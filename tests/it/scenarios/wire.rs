//! Scenarios about what a front makes of a call, through the router of the classic dialect.

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use slapmaster::{
    front::{self, AppState},
    xml::marshal::{self, Value},
};
use tower::ServiceExt as _;

use crate::support::world::{RELEASE, TestWorld, at, parameters};

/// A world with one partition, and the dialect in front of it.
async fn fronted() -> (TestWorld, Router) {
    let world = TestWorld::start().await;
    world.format("COMP-1", 1).await;
    let router = front::router(&AppState::new(world.master.clone()));
    (world, router)
}

async fn post(router: &Router, call: &str, fields: &[(&str, &str)]) -> StatusCode {
    let encoded = |text: &str| {
        let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        bytes.concat()
    };
    let body: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/{call}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.join("&")))
        .unwrap();
    router.clone().oneshot(request).await.unwrap().status()
}

async fn request(router: &Router, title: &str, more: &[(&str, &str)]) -> StatusCode {
    let mut fields = vec![
        ("software_release", RELEASE),
        ("software_type", "default"),
        ("partition_reference", title),
    ];
    fields.extend_from_slice(more);
    post(router, "requestComputerPartition", &fields).await
}

/// B.37
#[tokio::test]
async fn shared_as_a_text_is_refused() {
    let (world, router) = fronted().await;
    let before = world.dump().await;
    let text = marshal::write(&Value::text("true"));
    let status = request(&router, "web", &[("shared_xml", &text)]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(world.dump().await, before);
}

/// B.38
#[tokio::test]
async fn a_title_that_is_empty_or_illegal_in_xml_is_malformed() {
    let (world, router) = fronted().await;
    let before = world.dump().await;
    for title in ["", "we\u{8}b"] {
        let status = request(&router, title, &[]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{title:?}");
    }
    assert_eq!(world.dump().await, before);
}

/// B.40
#[tokio::test]
async fn a_number_and_its_text_are_the_same_parameter() {
    let (world, router) = fronted().await;
    let place = at("COMP-1", "slappart0");
    let mut dumps = Vec::new();
    for value in [Value::Int(1), Value::text("1")] {
        let xml = marshal::write(&Value::dictionary([("count", value)]));
        let more = [("partition_parameter_xml", xml.as_str())];
        assert_eq!(request(&router, "web", &more).await, StatusCode::OK);
        let told = world.occupant(&place).await;
        assert_eq!(told.parameters, parameters(&[("count", "1")]));
        dumps.push(world.dump().await);
    }
    assert_eq!(dumps[0], dumps[1]);
}

/// B.55
#[tokio::test]
async fn the_call_that_once_unlinked_children_changes_nothing() {
    let (world, router) = fronted().await;
    let web = world.request("web").on().await;
    world.request("b").child_of(&web.at).waits().await;
    let before = world.dump().await;
    let xml = marshal::write(&Value::List(Vec::new()));
    let fields = [
        ("computer_id", "COMP-1"),
        ("computer_partition_id", "slappart0"),
        ("instance_reference_xml", xml.as_str()),
    ];
    let call = "updateComputerPartitionRelatedInstanceList";
    assert_eq!(post(&router, call, &fields).await, StatusCode::OK);
    world.settle().await;
    assert_eq!(world.dump().await, before);
}

/// B.114
#[tokio::test]
async fn a_usage_report_without_a_quantity_is_refused_and_not_kept() {
    let (world, router) = fronted().await;
    let report = |quantity: &str| {
        format!(
            "<journal><transaction type=\"Sale Packing List\"><title>t</title>\
             <start_date>2026-11-23</start_date><stop_date>2026-11-24</stop_date>\
             <reference>r</reference><currency>EUR</currency><payment_mode/><category/>\
             <arrow type=\"Destination\"/><movement><resource>cpu</resource>\
             <reference>COMP-1</reference>{quantity}<price>0.0</price><VAT/><category/>\
             </movement></transaction></journal>"
        )
    };
    let send = async |report: String| {
        let fields = [("computer_id", "COMP-1"), ("use_string", report.as_str())];
        post(&router, "useComputer", &fields).await
    };
    let before = world.dump().await;
    assert_eq!(send(report("")).await, StatusCode::BAD_REQUEST);
    assert_eq!(world.dump().await, before);
    let status = send(report("<quantity>1.5</quantity>")).await;
    assert_eq!(status, StatusCode::OK);
    let kept = world
        .master
        .usage_reports("TIOCONS-COMP-1-r")
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
}
