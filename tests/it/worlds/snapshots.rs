//! Named snapshots: keeping, forgetting, comparing, and how many there may be.

use axum::http::Method;
use serde_json::{Value, json};
use slapmaster::{domain::behaviour::Preset, front::worlds::WorldLimits};

use super::CONTROL;
use crate::support::master::{Request, TestMaster};

#[tokio::test]
async fn a_snapshot_is_kept_listed_replaced_and_forgotten() {
    let master = TestMaster::start().await;
    let list = format!("/{CONTROL}/snapshots");
    assert_eq!(master.read(&list, &[]).await.json()["snapshots"], json!([]));
    master.keep("", "b").await;
    master.keep("", "a").await;
    master.format("COMP-1", 1).await;
    let replaced = master.keep("", "b").await;
    assert!(replaced["bytes"].as_u64().unwrap() > 1000);
    let all = master.read(&list, &[]).await.expect(200).json();
    let names: Vec<&Value> = all["snapshots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["a", "b"]);
    let one = master
        .read(&format!("{list}/b"), &[])
        .await
        .expect(200)
        .json();
    assert_eq!(one, replaced);
    master
        .control(Method::DELETE, &format!("{list}/a"), None)
        .await
        .expect(204);
    for (method, path) in [
        (Method::GET, "a"),
        (Method::DELETE, "a"),
        (Method::POST, "a/restore"),
        (Method::GET, "a/difference"),
        (Method::GET, "b/difference?to=a"),
    ] {
        let path = format!("{list}/{path}");
        let gone = master
            .control(method, &path, Some(&json!({})))
            .await
            .expect(404);
        assert!(
            gone.body.contains("no snapshot `a`"),
            "{path}: {}",
            gone.body
        );
    }
    master.ask("", "snapshots/b/restore").await.expect(200);
    assert!(master.knows("", "COMP-1").await);
}

#[tokio::test]
async fn snapshots_are_bounded_in_number_and_bytes() {
    let limits = WorldLimits {
        snapshots: 2,
        snapshot_bytes: 1_000_000,
        ..WorldLimits::default()
    };
    let master = TestMaster::preset(Preset::Default)
        .limits(limits)
        .start()
        .await;
    let put = async |prefix: &str, name: &str| {
        let path = format!("{prefix}/{CONTROL}/snapshots/{name}");
        master.control(Method::PUT, &path, Some(&json!({}))).await
    };
    put("", "a").await.expect(200);
    put("", "b").await.expect(200);
    let refused = put("", "c").await.expect(409);
    assert!(refused.body.contains("has 2 snapshots"), "{}", refused.body);
    put("", "b").await.expect(200);
    // The journal is a part of a snapshot.
    let long = "x".repeat(15_000);
    for _ in 0..80 {
        master.get("getRunId", &[("x", &long)]).await;
    }
    let refused = put("", "a").await.expect(409);
    assert!(
        refused.body.contains("may take 1000000"),
        "{}",
        refused.body
    );
    let taken = master.worlds.snapshot_bytes();
    master.make("w", &json!({})).await.expect(201);
    put("/w/w", "a").await.expect(200);
    assert!(master.worlds.snapshot_bytes() > taken);
    master
        .control(Method::DELETE, "/_mock/v1/worlds/w", None)
        .await
        .expect(204);
    assert_eq!(master.worlds.snapshot_bytes(), taken);
}

#[tokio::test]
async fn a_difference_tells_what_was_added_removed_and_changed_in_words() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    master.request(Request::new("web")).await.expect(200);
    master.keep("", "before").await;
    master.request(Request::new("db")).await.expect(200);
    master
        .report("startedComputerPartition", "COMP-1", "slappart0")
        .await
        .expect(200);
    master.keep("", "after").await;
    let path = format!("/{CONTROL}/snapshots/before/difference");
    let told = master.read(&path, &[]).await.expect(200).json();
    let find = |told: &Value, kind: &str, name: &str| {
        let all = told["differences"].as_array().unwrap().clone();
        let mut found = all
            .into_iter()
            .filter(|one| one["kind"] == kind && one["name"] == name);
        found
            .next()
            .unwrap_or_else(|| panic!("no {kind} {name} in {told:#}"))
    };
    let instance = find(&told, "instance", "SOFTINST-2");
    assert_eq!(instance["change"], "added");
    assert_eq!(instance["fields"]["title"], "db");
    assert_eq!(instance["fields"]["place"], "COMP-1/slappart1");
    let partition = find(&told, "partition", "COMP-1/slappart1");
    assert_eq!(partition["change"], "changed");
    assert_eq!(
        partition["fields"]["state"],
        json!({"before": "free", "after": "busy"})
    );
    let status = find(&told, "status", "instance SOFTINST-1");
    assert_eq!(status["change"], "added");
    assert_eq!(status["fields"]["state"], "started");
    assert_eq!(find(&told, "tree", "HOSTSUBS-2")["change"], "added");
    assert!(!told.to_string().contains("PRIVATE KEY"));

    let same = master
        .look(&path, &[("to", "after")])
        .await
        .expect(200)
        .json();
    assert_eq!(same, told);
    let back = format!("/{CONTROL}/snapshots/after/difference");
    let back = master
        .look(&back, &[("to", "before")])
        .await
        .expect(200)
        .json();
    assert_eq!(find(&back, "instance", "SOFTINST-2")["change"], "removed");
    assert_eq!(
        (&back["removed"], &back["added"]),
        (&told["added"], &told["removed"])
    );
    let none = master
        .look(&path, &[("to", "before")])
        .await
        .expect(200)
        .json();
    assert_eq!(none["differences"], json!([]));
    let refused = master.look(&path, &[("too", "after")]).await.expect(400);
    assert!(refused.body.contains("perhaps `to`"), "{}", refused.body);
}

#[tokio::test]
async fn a_difference_tells_which_computers_are_simulated_and_how() {
    let master = TestMaster::start().await;
    for computer in ["COMP-1", "COMP-2", "COMP-3"] {
        master.format(computer, 1).await;
    }
    let simulate = async |computer: &str, how: &Value| {
        let path = format!("/{CONTROL}/computers/{computer}/simulate");
        let call = master.control(Method::PUT, &path, Some(how)).await;
        call.expect(200);
    };
    simulate("COMP-1", &json!("healthy")).await;
    simulate("COMP-2", &json!({ "build_s": 10 })).await;
    master.keep("", "before").await;
    let path = format!("/{CONTROL}/computers/COMP-1/simulate");
    let ended = master
        .control(Method::DELETE, &path, Some(&json!({})))
        .await;
    ended.expect(200);
    simulate("COMP-2", &json!({ "build_s": 20 })).await;
    simulate("COMP-3", &json!("flaky")).await;
    let path = format!("/{CONTROL}/snapshots/before/difference");
    let told = master.read(&path, &[]).await.expect(200).json();
    let found = told["differences"].as_array().unwrap().iter();
    let found: Vec<&Value> = found.filter(|one| one["kind"] == "simulation").collect();
    let since = "2026-11-23T08:30:00Z";
    assert_eq!(
        json!(found),
        json!([
            { "kind": "simulation", "name": "COMP-1", "change": "removed",
              "fields": { "rules": "healthy", "since": since } },
            { "kind": "simulation", "name": "COMP-2", "change": "changed",
              "fields": { "rules": { "before": { "build_s": 10 }, "after": { "build_s": 20 } } } },
            { "kind": "simulation", "name": "COMP-3", "change": "added",
              "fields": { "rules": "flaky", "since": since } },
        ])
    );
}

#[tokio::test]
async fn a_long_difference_is_cut_and_counted() {
    let master = TestMaster::start().await;
    master.keep("", "before").await;
    master.format("COMP-1", 1200).await;
    let path = format!("/{CONTROL}/snapshots/before/difference");
    let told = master.read(&path, &[]).await.expect(200).json();
    assert_eq!(told["added"], 1201);
    assert_eq!(told["left_out"], 201);
    assert_eq!(told["differences"].as_array().unwrap().len(), 1000);
}
