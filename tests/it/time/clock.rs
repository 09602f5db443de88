//! The clock as it is read and changed.

use serde_json::{Value, json};
use slapmaster::mock::clock::ClockState;

use super::{ADVANCE, CLOCK, START};
use crate::support::master::TestMaster;

#[tokio::test]
async fn a_clock_is_read_set_moved_on_and_let_run() {
    let master = TestMaster::start().await;
    let told = master.read(CLOCK, &[]).await.expect(200).json();
    assert_eq!(
        (&told["now"], &told["mode"]),
        (&json!(START), &json!("frozen"))
    );
    assert_eq!(told["next_due"], Value::Null);
    let told = master
        .set_clock(&json!({ "now": "2030-01-02T03:04:05.5Z" }))
        .await;
    assert_eq!(told["now"], "2030-01-02T03:04:05.5Z");
    assert_eq!(told["mode"], "frozen");
    let told = master.post_json(ADVANCE, &json!({ "seconds": 1.25 })).await;
    assert_eq!(told.expect(200).json()["now"], "2030-01-02T03:04:06.75Z");
    let to = "2030-01-03T00:00:00Z";
    let told = master.post_json(ADVANCE, &json!({ "to": to })).await;
    assert_eq!(told.expect(200).json()["now"], to);
    let told = master.set_clock(&json!({ "mode": "running" })).await;
    assert_eq!(told["mode"], "running");
    let ClockState::Running { offset_us } = master.master.clock().state() else {
        panic!("the clock stands still");
    };
    // What `now` is cannot be told; how far it is from the machine's can.
    let told_us = told["offset_s"].as_f64().unwrap() * 1e6;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a microsecond is not what is looked for"
    )]
    let kept_us = offset_us as f64;
    assert!((told_us - kept_us).abs() < 2.0, "{told_us} {kept_us}");
    let told = master
        .set_clock(&json!({ "mode": "frozen", "now": START }))
        .await;
    assert_eq!(
        (&told["now"], &told["mode"]),
        (&json!(START), &json!("frozen"))
    );
    let words: Vec<String> = master
        .happened("clock_changed")
        .await
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert_eq!(words.len(), 5, "{words:?}");
    assert_eq!(
        words[..4],
        [
            "the clock was moved to 2030-01-02T03:04:05.5Z; it showed 2026-11-23T08:30:00Z",
            "the clock was moved to 2030-01-02T03:04:06.75Z; it showed 2030-01-02T03:04:05.5Z",
            "the clock was moved to 2030-01-03T00:00:00Z; it showed 2030-01-02T03:04:06.75Z",
            "the clock runs again from 2030-01-03T00:00:00Z; it showed 2030-01-03T00:00:00Z",
        ]
    );
    assert!(words[4].starts_with("the clock was frozen at 2026-11-23T08:30:00Z; "));
}

#[tokio::test]
async fn the_machines_time_comes_back_at_no_distance_from_it() {
    let master = TestMaster::start().await;
    assert!(!master.master.clock().is_real());
    let told = master
        .set_clock(&json!({ "mode": "running", "offset_s": 0 }))
        .await;
    assert_eq!(told["offset_s"].as_f64(), Some(0.0));
    assert_eq!(told["now"], told["real_now"]);
    assert!(master.master.clock().is_real());
    // What says nothing new changes nothing, not by a microsecond.
    let before = master.happened("clock_changed").await.len();
    master.set_clock(&json!({ "mode": "running" })).await;
    assert!(master.master.clock().is_real());
    assert_eq!(master.happened("clock_changed").await.len(), before);
    let told = master.set_clock(&json!({ "offset_s": -1.5 })).await;
    assert_eq!(told["offset_s"], -1.5);
}

#[tokio::test]
async fn a_change_that_cannot_be_is_refused_and_changes_nothing() {
    let master = TestMaster::start().await;
    let bounds = "a time from 1970-01-01T00:00:00Z to 9999-01-01T00:00:00Z was expected";
    for (body, expected) in [
        (
            json!([]),
            "`clock`: is a list, an object was expected".to_owned(),
        ),
        (
            json!({}),
            "`clock`: is empty, `mode`, `now` or `offset_s` was expected".to_owned(),
        ),
        (
            json!({ "now": "1969-12-31T23:59:59Z" }),
            format!("`now`: is out of bounds: {bounds}"),
        ),
        (
            json!({ "now": "9999-01-01T00:00:01Z" }),
            format!("`now`: is out of bounds: {bounds}"),
        ),
        (
            json!({ "now": "noon" }),
            "`now`: is no time, one as `2026-11-23T08:30:00Z` was expected".to_owned(),
        ),
        (
            json!({ "nows": START }),
            "`nows`: is not known here, perhaps `now` was meant; expected were: `mode`, `now`, \
             `offset_s`"
                .to_owned(),
        ),
        (
            json!({ "mode": "stopped" }),
            "`mode`: is `stopped`; one of `running`, `frozen` was expected".to_owned(),
        ),
        (
            json!({ "now": START, "offset_s": 0 }),
            "`offset_s`: is there beside `now`, only one of both was expected".to_owned(),
        ),
    ] {
        let problem = master.put_json(CLOCK, &body).await.expect(400).json();
        assert_eq!(problem["detail"], expected, "{body}");
    }
    for (body, expected) in [
        (json!({}), "`clock`: is empty, `seconds` or `to` was expected".to_owned()),
        (
            json!({ "seconds": -1 }),
            "`seconds`: is the number `-1`, a number of seconds from 0 to 253370764800 was expected"
                .to_owned(),
        ),
        (
            json!({ "seconds": 253_370_764_800_i64 }),
            format!("`seconds`: leads to a time that is out of bounds: {bounds}"),
        ),
        (
            json!({ "to": "2026-11-23T08:29:59Z" }),
            format!("`to`: is before {START}, which the clock shows: a later time was expected"),
        ),
    ] {
        let problem = master.post_json(ADVANCE, &body).await.expect(400).json();
        assert_eq!(problem["detail"], expected, "{body}");
    }
    let told = master.read(CLOCK, &[]).await.expect(200).json();
    assert_eq!(
        (&told["now"], &told["mode"]),
        (&json!(START), &json!("frozen"))
    );
    assert!(master.happened("clock_changed").await.is_empty());
}

#[tokio::test]
async fn the_bounds_of_time_can_be_reached_and_worked_at() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    for now in ["1970-01-01T00:00:00Z", "9999-01-01T00:00:00Z"] {
        let told = master.set_clock(&json!({ "now": now })).await;
        assert_eq!(told["now"], now);
        master.information("COMP-1").await.expect(200);
        master.supply("COMP-1", "https://example.org/x.cfg").await;
        master.read("/_mock/v1/journal", &[]).await.expect(200);
    }
    // No authority lasts so long: that is said, and nothing else is wrong.
    let body = json!({ "computer": "COMP-1" });
    let problem = master.post_json("/_mock/v1/certificates", &body).await;
    let problem = problem.expect(409).json();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("authority expired"), "{detail}");
}
