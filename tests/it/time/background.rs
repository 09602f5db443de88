//! Rounds by time, on demand and until nothing is left; and allocation that is paused.

use serde_json::{Value, json};
use slapmaster::domain::behaviour::Preset;

use super::{BACKGROUND, CLOCK, ROUND, SETTLE, START};
use crate::support::master::{Request, TestMaster};

async fn by_rounds() -> TestMaster {
    let setup = TestMaster::preset(Preset::Default).switch("allocation.moment", "round");
    let master = setup.start().await;
    master.format("COMP-1", 3).await;
    // What the world began with is looked at once.
    master.advance_through(1).await;
    master
}

async fn background(master: &TestMaster) -> Value {
    master.read(BACKGROUND, &[]).await.expect(200).json()
}

#[tokio::test]
async fn a_round_comes_a_second_after_what_it_is_for_and_no_other() {
    let master = by_rounds().await;
    let idle = background(&master).await;
    assert_eq!(idle["mode"], "timer");
    assert_eq!(idle["rounds"], true);
    assert_eq!(idle["last_round_at"], "2026-11-23T08:30:01Z");
    assert_eq!(idle["next_due"], Value::Null, "nothing is left to do");
    master.request(Request::new("web")).await.expect(408);
    assert_eq!(
        background(&master).await["next_due"],
        "2026-11-23T08:30:02Z"
    );
    let told = master.read(CLOCK, &[]).await.expect(200).json();
    assert_eq!(told["next_due"], "2026-11-23T08:30:02Z");
    // The clock stands still: nothing comes by itself.
    master.master.background_tick().await.unwrap();
    master.request(Request::new("web")).await.expect(408);
    master
        .set_clock(&json!({ "now": "2026-11-23T08:30:01.999999Z" }))
        .await;
    master.request(Request::new("web")).await.expect(408);
    let told = master.advance_through(1).await;
    assert_eq!(told["now"], "2026-11-23T08:30:02.999999Z");
    master.request(Request::new("web")).await.expect(200);
}

#[tokio::test]
async fn what_is_due_happens_at_its_own_time_while_the_clock_passes_it() {
    let master = by_rounds().await;
    master.request(Request::new("web")).await.expect(408);
    master
        .set_clock(&json!({ "now": "2026-11-24T00:00:00Z" }))
        .await;
    let (at, text) = master.happened("instance_allocated").await.remove(0);
    assert_eq!(at, "2026-11-23T08:30:02Z", "{text}");
    let (at, _) = master.happened("clock_changed").await.pop().unwrap();
    assert_eq!(at, "2026-11-24T00:00:00Z");
    let rounds = master.happened("round_run").await.len();
    // A day has 86400 seconds, and one of them had something for a round.
    assert_eq!(rounds, 1);
}

#[tokio::test]
async fn a_background_on_demand_does_nothing_by_itself() {
    let master = by_rounds().await;
    let told = master
        .put_json(BACKGROUND, &json!({ "mode": "manual" }))
        .await;
    assert_eq!(told.expect(200).json()["mode"], "manual");
    master.request(Request::new("web")).await.expect(408);
    master.advance_through(3600).await;
    master.master.background_tick().await.unwrap();
    master.request(Request::new("web")).await.expect(408);
    assert_eq!(background(&master).await["next_due"], Value::Null);
    let round = async || master.post_json(ROUND, &json!({})).await.expect(200).json();
    assert_eq!(round().await["changed"], true);
    master.request(Request::new("web")).await.expect(200);
    assert_eq!(round().await["changed"], false);
    master.request(Request::new("db")).await.expect(408);
    let told = master
        .put_json(BACKGROUND, &json!({ "mode": "timer" }))
        .await;
    told.expect(200);
    master.advance_through(1).await;
    master.request(Request::new("db")).await.expect(200);
    let words: Vec<String> = master
        .happened("background_changed")
        .await
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    let expected = [
        "the background works on demand",
        "the background works by itself",
    ];
    assert_eq!(words, expected);
}

#[tokio::test]
async fn settling_runs_rounds_until_nothing_is_left_or_enough_were_run() {
    let setup = TestMaster::preset(Preset::Default).switch("cascade.stop", "round");
    let master = setup.start().await;
    master.format("COMP-1", 4).await;
    master
        .put_json(BACKGROUND, &json!({ "mode": "manual" }))
        .await
        .expect(200);
    master.request(Request::new("root")).await.expect(200);
    for (child, number) in [("a", 0), ("b", 1), ("c", 2)] {
        let by = format!("slappart{number}");
        let request = Request::new(child).by("COMP-1", &by);
        master.request(request).await.expect(200);
    }
    let settle = async |body: Value| master.post_json(SETTLE, &body).await.expect(200).json();
    assert_eq!(
        settle(json!({})).await,
        json!({ "rounds": 1, "settled": true, "now": START })
    );
    master
        .request(Request::new("root").state("stopped"))
        .await
        .expect(200);
    // A round a level: three children below the root, and one round that finds nothing.
    let limited = settle(json!({ "most_rounds": 2 })).await;
    assert_eq!(
        limited,
        json!({ "rounds": 2, "settled": false, "now": START })
    );
    let done = settle(json!({ "advance_up_to_s": 60 })).await;
    assert_eq!(done, json!({ "rounds": 2, "settled": true, "now": START }));
    let polled = master.information("COMP-1").await.expect(200).body;
    assert_eq!(
        polled.matches("<string>stopped</string>").count(),
        4,
        "{polled}"
    );
}

#[tokio::test]
async fn allocation_is_paused_done_step_by_step_and_goes_on() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 3).await;
    let pause = json!({ "allocation": "paused" });
    let told = master.put_json(BACKGROUND, &pause).await.expect(200).json();
    assert_eq!(told["allocation"], "paused");
    for title in ["a", "b"] {
        master.request(Request::new(title)).await.expect(408);
    }
    master.advance_through(60).await;
    master.request(Request::new("a")).await.expect(408);
    master.post_json(ROUND, &json!({})).await.expect(200);
    master.request(Request::new("a")).await.expect(200);
    master.request(Request::new("c")).await.expect(408);
    let resume = json!({ "allocation": "running" });
    master.put_json(BACKGROUND, &resume).await.expect(200);
    assert_eq!(master.happened("instance_allocated").await.len(), 3);
    master.request(Request::new("c")).await.expect(200);
}

#[tokio::test]
async fn paused_allocation_waits_though_rounds_come_for_other_things() {
    let setup = TestMaster::preset(Preset::Default)
        .switch("allocation.moment", "round")
        .switch("cascade.stop", "round");
    let master = setup.start().await;
    master.format("COMP-1", 2).await;
    let pause = json!({ "allocation": "paused" });
    master.put_json(BACKGROUND, &pause).await.expect(200);
    master.request(Request::new("web")).await.expect(408);
    master.advance_through(5).await;
    master.request(Request::new("web")).await.expect(408);
    let resume = json!({ "allocation": "running" });
    master.put_json(BACKGROUND, &resume).await.expect(200);
    master.request(Request::new("web")).await.expect(408);
    master.advance_through(1).await;
    master.request(Request::new("web")).await.expect(200);
}

#[tokio::test]
async fn rounds_go_on_when_the_clock_was_moved_back() {
    let master = by_rounds().await;
    master
        .set_clock(&json!({ "now": "2040-01-01T00:00:00Z" }))
        .await;
    master.request(Request::new("web")).await.expect(408);
    master.set_clock(&json!({ "now": START })).await;
    let told = background(&master).await;
    assert_eq!(told["next_due"], "2026-11-23T08:30:01Z");
    master.advance_through(1).await;
    master.request(Request::new("web")).await.expect(200);
    assert_eq!(
        background(&master).await["last_round_at"],
        "2026-11-23T08:30:01Z"
    );
}

#[tokio::test]
async fn a_world_that_leaves_nothing_to_rounds_is_due_nothing() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master.request(Request::new("web")).await.expect(200);
    let told = background(&master).await;
    assert_eq!(told["rounds"], false);
    assert_eq!(told["next_due"], Value::Null);
    assert_eq!(told["last_round_at"], Value::Null);
    assert_eq!(master.master.background_rest(), None);
}

#[tokio::test]
async fn what_the_background_cannot_do_is_refused_and_changes_nothing() {
    let master = TestMaster::start().await;
    for (body, expected) in [
        (
            json!({}),
            "`background`: is empty, `mode` or `allocation` was expected",
        ),
        (
            json!({ "mode": "never" }),
            "`mode`: is `never`; one of `timer`, `manual` was expected",
        ),
        (
            json!({ "mode": "manual", "alocation": "paused" }),
            "`alocation`: is not known here, perhaps `allocation` was meant; expected were: \
             `mode`, `allocation`",
        ),
    ] {
        let problem = master.put_json(BACKGROUND, &body).await.expect(400).json();
        assert_eq!(problem["detail"], expected);
    }
    for (body, expected) in [
        (
            json!({ "most_rounds": 0 }),
            "`most_rounds`: is 0, a whole number from 1 to 10000 was expected",
        ),
        (
            json!({ "rounds": 1 }),
            "`rounds`: is not known here; expected were: `most_rounds`, `advance_up_to_s`",
        ),
        (
            json!({ "advance_up_to_s": -1 }),
            "`advance_up_to_s`: is -1, a whole number from 0 to 315360000 was expected",
        ),
    ] {
        let problem = master.post_json(SETTLE, &body).await.expect(400).json();
        assert_eq!(problem["detail"], expected);
    }
    let told = background(&master).await;
    assert_eq!(
        (&told["mode"], &told["allocation"]),
        (&json!("timer"), &json!("running"))
    );
    assert!(master.happened("background_changed").await.is_empty());
}
