//! What is counted. That Prometheus reads it is shown by the conformance tests, which have its
//! parser.

use crate::support::master::{TestMaster, configuration};

async fn page(master: &TestMaster) -> String {
    let answer = master.read("/_mock/metrics", &[]).await.expect(200);
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("text/plain; version=0.0.4; charset=utf-8"));
    answer.body
}

#[track_caller]
fn check(page: &str, sample: &str) {
    let line = format!("slapmaster_{sample}");
    assert!(
        page.lines().any(|found| found == line),
        "no `{line}` in {page}"
    );
}

#[tokio::test]
async fn calls_and_events_are_counted_by_what_they_are() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    for _ in 0..3 {
        master.information("COMP-1").await.expect(200);
    }
    master.information("COMP-2").await.expect(404);
    let broken = [("xml", "x")];
    let call = "loadComputerConfigurationFromXML";
    master.post(call, &broken).await.expect(400);
    master.read("/nothing", &[]).await.expect(404);
    let page = page(&master).await;
    let calls = |dialect, call, outcome, count| {
        check(
            &page,
            &format!(
                "calls_total{{dialect=\"{dialect}\",call=\"{call}\",outcome=\"{outcome}\"}} {count}"
            ),
        );
    };
    calls("slap", "getFullComputerInformation", "2xx", 3);
    calls("slap", "getFullComputerInformation", "4xx", 1);
    calls("slap", call, "2xx", 1);
    calls("slap", call, "4xx", 1);
    calls("none", "unknown", "4xx", 1);
    let name = "dialect=\"slap\",call=\"getFullComputerInformation\"";
    check(
        &page,
        &format!("call_duration_seconds_bucket{{{name},le=\"+Inf\"}} 4"),
    );
    check(&page, &format!("call_duration_seconds_count{{{name}}} 4"));
    check(&page, "events_total{event=\"computer_formatted\"} 1");
    check(&page, "events_total{event=\"computer_seen\"} 1");
    check(&page, "calls_in_flight 1");
    check(&page, "worlds 1");
    let version = env!("CARGO_PKG_VERSION");
    check(&page, &format!("build_info{{version=\"{version}\"}} 1"));
}

#[tokio::test]
async fn certificates_are_counted_as_they_are_at_this_moment() {
    let master = TestMaster::start().await;
    let xml = configuration("COMP-1", 1);
    let call = "loadComputerConfigurationFromXML";
    master.post(call, &[("xml", &xml)]).await.expect(200);
    let computer = [("computer_id", "COMP-1")];
    let certificates = async |issued, revoked, valid| {
        let page = page(&master).await;
        check(&page, &format!("certificates_issued_total {issued}"));
        check(&page, &format!("certificates_revoked_total {revoked}"));
        check(&page, &format!("certificates_valid {valid}"));
    };
    certificates(0, 0, 0).await;
    master
        .post("generateComputerCertificate", &computer)
        .await
        .expect(200);
    certificates(1, 0, 1).await;
    master
        .post("revokeComputerCertificate", &computer)
        .await
        .expect(200);
    certificates(1, 1, 0).await;
    master
        .post("generateComputerCertificate", &computer)
        .await
        .expect(200);
    certificates(2, 1, 1).await;
    // Long after the certificate expired.
    master.advance(50 * 365 * 86_400);
    certificates(2, 1, 0).await;
}

#[tokio::test]
async fn health_is_not_counted_and_looking_at_the_numbers_leaves_no_entry() {
    let master = TestMaster::start().await;
    master.read("/_mock/health/live", &[]).await.expect(200);
    let before = page(&master).await;
    assert!(!before.contains("health"), "{before}");
    let after = page(&master).await;
    check(
        &after,
        "calls_total{dialect=\"control\",call=\"metrics\",outcome=\"2xx\"} 1",
    );
    check(&after, "journal_entries 0");
}
