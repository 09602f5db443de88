//! `useComputer`: `slap.md` 5.15.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{Answer, TestMaster};

/// What slapgrid sends for all partitions together.
const REPORT: &str = "<?xml version=\"1.0\"?><journal><transaction type=\"Sale Packing List\">\
    <title>Resource consumptions</title><start_date></start_date>\
    <stop_date>2026-11-23 at 08:30:00</stop_date><reference>COMP-1</reference>\
    <currency></currency><payment_mode></payment_mode><category></category>\
    <arrow type=\"Administration\"><source></source><destination></destination></arrow>\
    <movement><resource>CPU Consumption</resource><title>x</title><reference>slappart0</reference>\
    <quantity>42.42</quantity><price>0.00</price><VAT>None</VAT><category></category></movement>\
    </transaction></journal>";

async fn report(master: &TestMaster, computer: &str, report: &str) -> Answer {
    let fields = [("computer_id", computer), ("use_string", report)];
    master.post("useComputer", &fields).await
}

#[tokio::test]
async fn a_usage_report_is_checked_and_stored() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    assert_snapshot!("usage", report(&master, "COMP-1", REPORT).await.shown());
    report(&master, "COMP-1", REPORT).await.expect(200);
    let stored = master
        .master
        .usage_reports("TIOCONS-COMP-1-COMP-1")
        .await
        .unwrap();
    let versions: Vec<i64> = stored.iter().map(|(version, _)| *version).collect();
    assert_eq!((versions, stored[0].1.as_str()), (vec![1, 2], REPORT));
}

#[tokio::test]
async fn a_report_of_another_shape_is_refused_and_not_stored() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let wrong = REPORT.replace("42.42", "many");
    assert_snapshot!(
        "usage_invalid",
        report(&master, "COMP-1", &wrong).await.shown()
    );
    for text in ["", "not xml", "<journal/>", "<consumption/>"] {
        report(&master, "COMP-1", text).await.expect(400);
    }
    let stored = master
        .master
        .usage_reports("TIOCONS-COMP-1-COMP-1")
        .await
        .unwrap();
    assert_eq!(stored, []);
}

/// C.68.
#[tokio::test]
async fn usage_of_an_unknown_computer_is_answered_by_preset() {
    for (preset, status) in [
        (Preset::Default, 404),
        (Preset::Real, 404),
        (Preset::Slapproxy, 200),
    ] {
        let master = TestMaster::preset(preset).start().await;
        report(&master, "COMP-9", REPORT).await.expect(status);
    }
}
