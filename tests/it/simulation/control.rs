//! What the control surface does to simulated computers.

use axum::http::Method;
use serde_json::json;

use super::{COMPUTERS, RELEASE, ask, at_work, control, events, play, status};
use crate::support::master::{Request, TestMaster};

/// COMP-1, which builds in 10 s and starts in 2 s, with software asked for.
async fn world() -> TestMaster {
    let master = TestMaster::start().await;
    let computer = json!({
        "reference": "COMP-1",
        "title": "Paris",
        "partitions": 2,
        "software": [RELEASE],
        "simulate": { "build_s": 10, "start_s": 2, "retry_s": 5 },
    });
    let made = control(&master, Method::POST, COMPUTERS, &computer)
        .await
        .expect(201);
    let told = made.json();
    assert_eq!(told["title"], "Paris");
    assert_eq!(
        told["simulate"],
        json!({ "build_s": 10, "start_s": 2, "retry_s": 5 })
    );
    master
}

async fn started(master: &TestMaster) {
    let web = Request::new("web").release(RELEASE);
    master.request(web).await.expect(200);
    play(master, 12).await;
    assert!(
        status(master, "slappart0")
            .await
            .contains("#access Instance correctly started")
    );
}

#[tokio::test]
async fn a_computer_is_made_listed_and_shown_with_what_it_is_at() {
    let master = world().await;
    started(&master).await;
    let told = at_work(&master).await;
    assert_eq!(
        told["work"],
        json!({
            "software_held_at": null,
            "instances_held_at": null,
            "failures": [],
            "software": [{ "release": RELEASE, "phase": "done", "goal": "available", "due": null }],
            "instances": [{
                "partition": "slappart0", "title": "web", "wanted": "started",
                "phase": "done", "goal": "started", "due": "2026-11-24T08:30:12Z",
            }],
        })
    );
    master.format("COMP-2", 3).await;
    let list = master.read(COMPUTERS, &[]).await.expect(200).json();
    let rows: Vec<_> = list["computers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["reference"].clone(),
                row["partitions"].clone(),
                row["busy"].clone(),
                row["simulate"].is_null(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (json!("COMP-1"), json!(2), json!(1), false),
            (json!("COMP-2"), json!(3), json!(0), true),
        ]
    );
    // Its addresses are others than those of the first.
    let third = json!({ "reference": "COMP-3", "partitions": 1, "simulate": "slow" });
    control(&master, Method::POST, COMPUTERS, &third)
        .await
        .expect(201);
    let told = master.information("COMP-3").await.expect(200);
    assert!(!told.body.contains("2001:db8:1::1"), "{}", told.body);
}

#[tokio::test]
async fn what_is_held_stands_still_until_it_is_released() {
    let master = world().await;
    play(&master, 4).await;
    let held = ask(&master, "hold", &json!({})).await.expect(200).json();
    assert!(held["work"]["software_held_at"].is_string(), "{held}");
    play(&master, 100).await;
    assert_eq!(
        at_work(&master).await["work"]["software"][0]["phase"],
        "working"
    );
    ask(&master, "release", &json!({ "what": "software" }))
        .await
        .expect(200);
    play(&master, 6).await;
    assert_eq!(
        at_work(&master).await["work"]["software"][0]["phase"],
        "done"
    );
    let web = Request::new("web").release(RELEASE);
    master.request(web).await.expect(200);
    play(&master, 50).await;
    assert!(
        status(&master, "slappart0").await.contains("no data"),
        "instances are held"
    );
    ask(&master, "release", &json!({})).await.expect(200);
    play(&master, 2).await;
    assert!(
        status(&master, "slappart0")
            .await
            .contains("correctly started")
    );
    assert_eq!(
        events(&master, &["simulation_held", "simulation_released"]),
        [
            "the work on software and instances of computer COMP-1 stands still",
            "the work on software of computer COMP-1 goes on",
            "the work on software and instances of computer COMP-1 goes on",
        ]
    );
}

#[tokio::test]
async fn what_runs_fails_when_that_is_ordered_and_recovers() {
    let master = world().await;
    started(&master).await;
    let plug = json!({ "partition": "slappart0", "text": "pulled the plug", "count": 3 });
    let told = ask(&master, "fail", &plug).await.expect(200).json();
    assert_eq!(
        told["work"]["failures"],
        json!([{ "partition": "slappart0", "text": "pulled the plug", "left": 3 }])
    );
    play(&master, 0).await;
    assert!(
        status(&master, "slappart0")
            .await
            .contains("pulled the plug")
    );
    let told = ask(&master, "recover", &json!({})).await.expect(200).json();
    assert_eq!(told["work"]["failures"], json!([]));
    play(&master, 2).await;
    assert!(
        status(&master, "slappart0")
            .await
            .contains("correctly started")
    );
    assert_eq!(
        events(
            &master,
            &["failure_ordered", "instance_error", "recovery_ordered"]
        ),
        [
            "the instance on COMP-1/slappart0 is to fail 3 times: pulled the plug",
            "*instance `web` reported an error on COMP-1/slappart0: pulled the plug",
            "what computer COMP-1 works on is to recover",
        ]
    );
}

#[tokio::test]
async fn the_next_build_fails_so_many_times() {
    let master = world().await;
    ask(&master, "fail", &json!({ "release": RELEASE, "count": 1 }))
        .await
        .expect(200);
    play(&master, 40).await;
    let reported = events(&master, &["software_error", "software_available"]);
    assert_eq!(reported.len(), 2, "{reported:?}");
    assert!(reported[0].contains("failed on COMP-1: simulated: it was ordered to fail"));
}

#[tokio::test]
async fn how_it_is_simulated_is_told_changed_and_ended() {
    let master = world().await;
    let path = format!("{COMPUTERS}/COMP-1/simulate");
    let told = master.read(&path, &[]).await.expect(200).json();
    assert_eq!(told["build_s"], 10);
    let instant = json!({ "profile": "instant" });
    let told = control(&master, Method::PUT, &path, &instant)
        .await
        .expect(200)
        .json();
    assert_eq!(told, instant);
    // The build that is under way has its time already.
    play(&master, 10).await;
    let web = Request::new("web").release(RELEASE);
    master.request(web).await.expect(200);
    play(&master, 0).await;
    assert!(
        status(&master, "slappart0")
            .await
            .contains("correctly started")
    );
    let told = control(&master, Method::DELETE, &path, &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(told, json!({ "removed": 1 }));
    master.read(&path, &[]).await.expect(409);
    control(&master, Method::DELETE, &path, &json!({}))
        .await
        .expect(409);
    assert_eq!(master.master.simulated_due(), None);
    // It was there until now, and is silent from now on.
    master.advance(500);
    let told = master
        .get("getComputerStatus", &[("computer_id", "COMP-1")])
        .await
        .expect(200);
    assert!(
        told.told("no_data_since_15_minutes").contains('1'),
        "{}",
        told.body
    );
    let told = at_work(&master).await;
    assert_eq!(
        (&told["simulate"], &told["work"]),
        (&json!(null), &json!(null))
    );
    // Somebody else reports for it now; it can be simulated again.
    control(&master, Method::PUT, &path, &json!("healthy"))
        .await
        .expect(200);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_place_and_changes_nothing() {
    let master = world().await;
    play(&master, 1).await;
    let before = master.dump().await;
    let one = format!("{COMPUTERS}/COMP-1");
    for (method, path, body, status, expected) in [
        (
            Method::POST,
            COMPUTERS.to_owned(),
            json!({ "reference": "COMP-1" }),
            409,
            "already has a computer `COMP-1`",
        ),
        (
            Method::POST,
            COMPUTERS.to_owned(),
            json!({ "title": "x" }),
            400,
            "`reference`",
        ),
        (
            Method::POST,
            COMPUTERS.to_owned(),
            json!({ "reference": "A", "project": "P-9" }),
            409,
            "no project `P-9`",
        ),
        (
            Method::POST,
            COMPUTERS.to_owned(),
            json!({ "reference": "A", "simulate": { "build_s": "x" } }),
            400,
            "`simulate.build_s`",
        ),
        (
            Method::POST,
            COMPUTERS.to_owned(),
            json!({ "reference": "A", "partitions": [{}] }),
            400,
            "`partitions[0]`",
        ),
        (
            Method::POST,
            COMPUTERS.to_owned(),
            json!({ "reference": "A", "record": { "created_at": "2026-01-01T00:00:00Z" } }),
            400,
            "`record`: is what another world kept",
        ),
        (
            Method::POST,
            COMPUTERS.to_owned(),
            json!({ "referense": "A" }),
            400,
            "perhaps `reference` was meant",
        ),
        (
            Method::PUT,
            format!("{one}/simulate"),
            json!({ "profile": "helthy" }),
            400,
            "perhaps `healthy` was meant",
        ),
        (
            Method::PUT,
            format!("{COMPUTERS}/COMP-9/simulate"),
            json!("healthy"),
            404,
            "`COMP-9` is not known",
        ),
        (
            Method::POST,
            format!("{one}/hold"),
            json!({ "what": "all" }),
            400,
            "`what`",
        ),
        (
            Method::POST,
            format!("{one}/hold"),
            json!({ "whut": "all" }),
            400,
            "perhaps `what` was meant",
        ),
        (
            Method::POST,
            format!("{one}/fail"),
            json!({ "partition": "slappart7" }),
            404,
            "slappart7",
        ),
        (
            Method::POST,
            format!("{one}/fail"),
            json!({ "partition": "slappart0", "release": "x" }),
            400,
            "one of the two",
        ),
        (
            Method::POST,
            format!("{one}/fail"),
            json!({ "count": 0 }),
            400,
            "`count`",
        ),
        (
            Method::POST,
            format!("{one}/fail"),
            json!({ "text": "\u{1}" }),
            400,
            "`text`",
        ),
        (
            Method::POST,
            format!("{COMPUTERS}/scale"),
            json!({ "count": 10_001 }),
            400,
            "`count`",
        ),
        (
            Method::POST,
            format!("{COMPUTERS}/scale"),
            json!({}),
            400,
            "`count`: is missing",
        ),
        (
            Method::POST,
            format!("{COMPUTERS}/scale"),
            json!({ "count": 1, "simulate": { "start_s": -1 } }),
            400,
            "`simulate.start_s`",
        ),
    ] {
        let answer = control(&master, method, &path, &body).await.expect(status);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(expected), "{path} {body}: {detail}");
    }
    assert_eq!(master.dump().await, before);
    master.format("COMP-2", 1).await;
    for what in ["hold", "release", "fail", "recover"] {
        let path = format!("{COMPUTERS}/COMP-2/{what}");
        let answer = control(&master, Method::POST, &path, &json!({}))
            .await
            .expect(409);
        assert!(answer.body.contains("is not simulated"), "{}", answer.body);
    }
    let plug = json!({ "text": "x" });
    for _ in 0..100 {
        ask(&master, "fail", &plug).await.expect(200);
    }
    ask(&master, "fail", &plug).await.expect(409);
}
