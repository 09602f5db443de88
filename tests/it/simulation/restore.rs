//! Going back while simulated work is under way.

use axum::http::Method;
use serde_json::{Value, json};

use super::{RELEASE, at_work, control, events, play, status};
use crate::support::master::{Request, TestMaster};

const OTHER: &str = "https://example.org/other/software.cfg";

/// COMP-1 with software that is there, on which `web` is starting since 4 of 20 s, and other
/// software that is being built since 14 of 60 s.
async fn under_way(folder: Option<&tempfile::TempDir>) -> TestMaster {
    let mut setup = TestMaster::preset(slapmaster::domain::behaviour::Preset::Default);
    if let Some(folder) = folder {
        setup = setup.database(&folder.path().join("world.db"));
    }
    let master = setup.start().await;
    master
        .seed(&format!(
            "computers:\n- reference: COMP-1\n  partitions: 2\n  software: \
             [{{release: {RELEASE}, reported: available}}]\n  simulate: {{build_s: 60, start_s: \
             20, publish: {{url: 'http://[{{ipv6}}]/'}}}}\n"
        ))
        .await;
    play(&master, 0).await;
    master.supply("COMP-1", OTHER).await;
    play(&master, 10).await;
    let web = Request::new("web").release(RELEASE);
    master.request(web).await.expect(200);
    play(&master, 4).await;
    master
}

/// What COMP-1 is at: of each piece of work how far it is, and when it is due.
async fn work(master: &TestMaster) -> Value {
    let told = at_work(master).await;
    let of = |list: &str| {
        let all = told["work"][list].as_array().unwrap().iter();
        let all = all.map(|one| json!([one["phase"], one["due"]]));
        all.collect::<Vec<_>>()
    };
    json!({ "software": of("software"), "instances": of("instances") })
}

const REPORTS: [&str; 5] = [
    "software_building",
    "software_available",
    "instance_allocated",
    "connection_published",
    "instance_started",
];

async fn ask(master: &TestMaster, method: Method, path: &str, body: &Value) {
    let path = format!("/_mock/v1/{path}");
    control(master, method, &path, body).await.expect(200);
}

/// All goes on from where it was, second by second: the instance after 16 s, the build after 46.
async fn goes_on(master: &TestMaster) {
    play(master, 15).await;
    assert!(status(master, "slappart0").await.contains("no data"));
    play(master, 1).await;
    let told = status(master, "slappart0").await;
    assert!(told.contains("correctly started"), "{told}");
    play(master, 29).await;
    assert_eq!(work(master).await["software"][1][0], "working");
    play(master, 1).await;
    assert_eq!(work(master).await["software"][1][0], "done");
}

#[tokio::test]
async fn what_was_under_way_goes_on_from_where_the_snapshot_was() {
    let folder = tempfile::tempdir().unwrap();
    for folder in [None, Some(&folder)] {
        let master = under_way(folder).await;
        let at = work(&master).await;
        assert_eq!(
            at,
            json!({
                "software": [["done", null], ["working", "2026-11-23T08:31:00Z"]],
                "instances": [["working", "2026-11-23T08:30:30Z"]],
            })
        );
        let told = events(&master, &REPORTS);
        ask(&master, Method::PUT, "snapshots/half", &json!({})).await;
        // All is done, and undone again; more than once.
        for round in 0..2 {
            goes_on(&master).await;
            let more = Request::new("more").release(RELEASE);
            master.request(more).await.expect(200);
            play(&master, 30).await;
            let whole = events(&master, &REPORTS);
            assert_eq!(whole.len(), told.len() + 6, "round {round}: {whole:#?}");
            ask(&master, Method::POST, "snapshots/half/restore", &json!({})).await;
            assert_eq!(work(&master).await, at, "round {round}");
            assert_eq!(events(&master, &REPORTS), told, "round {round}");
            assert!(status(&master, "slappart0").await.contains("no data"));
        }
        // Each is told once more, as if nothing had been in between.
        goes_on(&master).await;
        let mut whole = told;
        whole.extend([
            "*instance `web` published connection parameters: url".to_owned(),
            "*instance `web` reported started on COMP-1/slappart0".to_owned(),
            format!("*software {OTHER} is available on COMP-1"),
        ]);
        assert_eq!(events(&master, &REPORTS), whole);
    }
}

#[tokio::test]
async fn a_clock_that_is_frozen_and_moved_on_finds_the_work_of_the_snapshot() {
    let master = under_way(None).await;
    let at = work(&master).await;
    ask(&master, Method::PUT, "clock", &json!({ "mode": "frozen" })).await;
    ask(&master, Method::PUT, "snapshots/half", &json!({})).await;
    let forward = |seconds: i64| json!({ "seconds": seconds });
    for round in 0..2 {
        ask(&master, Method::POST, "clock/advance", &forward(3600)).await;
        assert_eq!(
            work(&master).await["software"][1][0],
            "done",
            "round {round}"
        );
        ask(&master, Method::POST, "snapshots/half/restore", &json!({})).await;
        // It is as early as it was, and nothing happens by itself.
        assert_eq!(work(&master).await, at, "round {round}");
        play(&master, 0).await;
        assert_eq!(work(&master).await, at, "round {round}");
        ask(&master, Method::POST, "clock/advance", &forward(16)).await;
        let told = status(&master, "slappart0").await;
        assert!(told.contains("correctly started"), "{told}");
        let at_it = work(&master).await;
        assert_eq!(at_it["software"][1], at["software"][1], "round {round}");
        ask(&master, Method::POST, "snapshots/half/restore", &json!({})).await;
    }
    // Held work keeps the time that it had left, on both sides of a way back.
    control(
        &master,
        Method::POST,
        "/_mock/v1/computers/COMP-1/hold",
        &json!({}),
    )
    .await
    .expect(200);
    ask(&master, Method::PUT, "snapshots/held", &json!({})).await;
    ask(&master, Method::POST, "clock/advance", &forward(3600)).await;
    ask(&master, Method::POST, "snapshots/held/restore", &json!({})).await;
    ask(&master, Method::POST, "clock/advance", &forward(100)).await;
    assert!(status(&master, "slappart0").await.contains("no data"));
    control(
        &master,
        Method::POST,
        "/_mock/v1/computers/COMP-1/release",
        &json!({}),
    )
    .await
    .expect(200);
    ask(&master, Method::POST, "clock/advance", &forward(15)).await;
    assert!(status(&master, "slappart0").await.contains("no data"));
    ask(&master, Method::POST, "clock/advance", &forward(1)).await;
    let told = status(&master, "slappart0").await;
    assert!(told.contains("correctly started"), "{told}");
}
