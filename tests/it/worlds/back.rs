//! Reset and restore: what comes back, in a temporary database and in one that was named.

use axum::http::Method;
use serde_json::{Value, json};
use slapmaster::{
    domain::behaviour::Preset,
    master::{Master, WorldSettings},
};

use super::{CONTROL, FIXTURE};
use crate::support::master::{Request, TestMaster};

/// A default world that its fixture made, in a database that was named if there is a folder.
async fn filled(folder: Option<&tempfile::TempDir>) -> TestMaster {
    let mut setup = TestMaster::preset(Preset::Default);
    if let Some(folder) = folder {
        setup = setup.database(&folder.path().join("world.db"));
    }
    let master = setup.start().await;
    master.seed(FIXTURE).await;
    master.worlds.default_world().keep_baseline().await.unwrap();
    master
}

/// Everything that a world tells of itself, but for its journal.
async fn told(master: &TestMaster) -> Value {
    let (differences, _) = differences(master, "beginning").await;
    json!(differences)
}

async fn differences(master: &TestMaster, name: &str) -> (Vec<Value>, Value) {
    let path = format!("/{CONTROL}/snapshots/{name}/difference");
    let told = master.read(&path, &[]).await.expect(200).json();
    (told["differences"].as_array().unwrap().clone(), told)
}

#[tokio::test]
async fn a_reset_brings_back_what_the_fixtures_made_whatever_happened() {
    let folder = tempfile::tempdir().unwrap();
    for folder in [None, Some(&folder)] {
        let master = filled(folder).await;
        master.keep("", "beginning").await;
        let before = master.information("COMP-1").await.expect(200).body;
        for round in 0..3 {
            master.request(Request::new("other")).await.expect(200);
            master.format("COMP-2", 3).await;
            master
                .supply("COMP-1", "https://sr.example.org/other.cfg")
                .await;
            let rule = json!({"effect": {"status": 503}, "match": {"call": "getRunId"}});
            let faults = format!("/{CONTROL}/faults");
            master
                .control(Method::POST, &faults, Some(&rule))
                .await
                .expect(201);
            let token = json!({"purpose": "user"});
            let tokens = format!("/{CONTROL}/tokens");
            master
                .control(Method::POST, &tokens, Some(&token))
                .await
                .expect(201);
            master.get("getRunId", &[]).await.expect(503);
            assert_ne!(told(&master).await, json!([]), "round {round}");

            master.ask("", "reset").await.expect(200);
            assert_eq!(told(&master).await, json!([]), "round {round}");
            assert_eq!(master.information("COMP-1").await.expect(200).body, before);
            assert!(!master.knows("", "COMP-2").await);
            master.get("getRunId", &[]).await.expect(200);
        }
        // What is made then is numbered as the first time.
        let made = master.request(Request::new("other")).await.expect(200);
        assert_eq!(made.text_of("_instance_guid"), "SOFTINST-2");
    }
}

#[tokio::test]
async fn a_named_database_holds_what_was_gone_back_to_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let master = filled(Some(&folder)).await;
    let authority = master.master.authority_certificate_pem().to_owned();
    master.format("COMP-2", 3).await;
    master.ask("", "reset").await.expect(200);
    master.format("COMP-3", 1).await;
    master.worlds.close().await;
    drop(master);
    let settings = WorldSettings {
        database: Some(path),
        ..WorldSettings::default()
    };
    let again = Master::open(settings).await.unwrap();
    assert_eq!(again.authority_certificate_pem(), authority);
    let computers = again.snapshot().await.unwrap();
    let empty = Master::open(WorldSettings::default()).await.unwrap();
    let empty = empty.snapshot().await.unwrap();
    let found = empty.differences(&computers).await.unwrap();
    let names: Vec<&str> = found
        .iter()
        .filter(|one| one.kind.as_str() == "computer")
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["COMP-1", "COMP-3"]);
}

#[tokio::test]
async fn the_journal_goes_on_behind_what_was_left_and_tells_of_the_call_that_went_back() {
    let master = filled(None).await;
    let journal = format!("/{CONTROL}/journal");
    let last = async || {
        let told = master.read(&journal, &[]).await.expect(200).json();
        let entries = told["entries"].as_array().unwrap().clone();
        (told["last"].as_u64().unwrap(), entries)
    };
    let (_, before) = last().await;
    master.format("COMP-2", 3).await;
    let left = master.master.journal().size().last;
    let waiting = master.master.journal().clone();
    master.ask("", "reset").await.expect(200);
    assert!(waiting.is_ended(), "who waits there is answered");
    let (number, entries) = last().await;
    assert!(number > left);
    let (call, kept) = entries.split_last().unwrap();
    assert_eq!(kept, before);
    assert_eq!(call["path"], "/_mock/v1/reset");
    assert_eq!(call["sequence"], left + 1);
}

#[tokio::test]
async fn the_clock_and_the_counts_of_rules_are_those_of_the_snapshot() {
    let master = filled(None).await;
    let rule =
        json!({"name": "r", "match": {"call": "getRunId"}, "effect": {"status": 503}, "count": 2});
    let faults = format!("/{CONTROL}/faults");
    master
        .control(Method::POST, &faults, Some(&rule))
        .await
        .expect(201);
    master.get("getRunId", &[]).await.expect(503);
    let kept = master.keep("", "s").await;
    assert_eq!(kept["taken_at"], "2026-11-23T08:30:00Z");
    master.get("getRunId", &[]).await.expect(503);
    master.get("getRunId", &[]).await.expect(200);
    master.advance(3600);
    let back = master
        .ask("", "snapshots/s/restore")
        .await
        .expect(200)
        .json();
    assert_eq!(back["now"], "2026-11-23T08:30:00Z");
    let rule = master
        .read(&format!("{faults}/r"), &[])
        .await
        .expect(200)
        .json();
    assert_eq!((&rule["matched"], &rule["applied"]), (&json!(1), &json!(1)));
    master.get("getRunId", &[]).await.expect(503);
    master.get("getRunId", &[]).await.expect(200);
}

#[tokio::test]
async fn a_timestamp_is_never_given_twice_although_the_world_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    for folder in [None, Some(&folder)] {
        // Its clock stands still.
        let master = filled(folder).await;
        let mut given = std::collections::BTreeSet::new();
        for _ in 0..4 {
            let made = master.request(Request::new("other")).await.expect(200);
            assert!(given.insert(
                made.told("slap_computer_partition_id").to_owned() + made.told("timestamp")
            ));
            master.ask("", "reset").await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_copy_goes_back_to_what_it_was_made_as() {
    let master = filled(None).await;
    master.format("COMP-2", 1).await;
    master
        .make("a", &json!({"copy_of": "default"}))
        .await
        .expect(201);
    master.format_in("/w/a", "COMP-3", 1).await;
    master.ask("/w/a", "reset").await.expect(200);
    for (computer, known) in [("COMP-1", true), ("COMP-2", true), ("COMP-3", false)] {
        assert_eq!(master.knows("/w/a", computer).await, known, "{computer}");
    }
    master.ask("", "reset").await.expect(200);
    assert!(!master.knows("", "COMP-2").await);
    assert!(master.knows("/w/a", "COMP-2").await);
}
