//! Going back while others call: everybody sees the world before or after, never half of both.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use axum::http::Method;
use serde_json::json;
use slapmaster::domain::behaviour::Preset;

use super::CONTROL;
use crate::support::master::{Request, TestMaster};

const INSTANCES: usize = 8;
const ROUNDS: usize = 25;

/// A world of which there are two snapshots, `stopped` and `started`, where every instance is
/// wanted so.
async fn with_two_moments(folder: Option<&tempfile::TempDir>) -> Arc<TestMaster> {
    let mut setup = TestMaster::preset(Preset::Default);
    if let Some(folder) = folder {
        setup = setup.database(&folder.path().join("world.db"));
    }
    let master = setup.start().await;
    master.format("COMP-1", INSTANCES + 4).await;
    for state in ["stopped", "started"] {
        for number in 0..INSTANCES {
            let request = Request::new(&format!("instance-{number}")).state(state);
            master.request(request).await.expect(200);
        }
        master.keep("", state).await;
    }
    Arc::new(master)
}

/// How many instances the computer is told to stop, and to start.
async fn told(master: &TestMaster) -> (usize, usize) {
    let body = master.information("COMP-1").await.expect(200).body;
    let count = |state: &str| body.matches(&format!("<string>{state}</string>")).count();
    (count("stopped"), count("started"))
}

async fn goes_back_and_forth(folder: Option<&tempfile::TempDir>) {
    let master = with_two_moments(folder).await;
    let done = Arc::new(AtomicBool::new(false));
    let polls = Arc::new(AtomicUsize::new(0));
    let mut callers = Vec::new();
    for caller in 0..3 {
        let (master, done, polls) = (Arc::clone(&master), Arc::clone(&done), Arc::clone(&polls));
        callers.push(tokio::spawn(async move {
            let mut seen = [false; 2];
            while !done.load(Ordering::Relaxed) {
                let (stopped, started) = told(&master).await;
                assert!(
                    (stopped, started) == (INSTANCES, 0) || (stopped, started) == (0, INSTANCES),
                    "half a world: {stopped} stopped, {started} started"
                );
                seen[usize::from(started > 0)] = true;
                polls.fetch_add(1, Ordering::Relaxed);
                // An answer from memory waits for nothing, and would leave no thread to others.
                tokio::task::yield_now().await;
                if caller == 0 {
                    // Something is written all the time, which both moments lack.
                    let path = format!("/{CONTROL}/tokens");
                    let token = json!({"purpose": "user"});
                    master
                        .control(Method::POST, &path, Some(&token))
                        .await
                        .expect(201);
                }
            }
            seen
        }));
    }
    for round in 0..ROUNDS {
        let before = polls.load(Ordering::Relaxed);
        let state = if round % 2 == 0 { "stopped" } else { "started" };
        master
            .ask("", &format!("snapshots/{state}/restore"))
            .await
            .expect(200);
        // Who asks after the answer sees what was gone back to.
        let expected = if state == "stopped" {
            (INSTANCES, 0)
        } else {
            (0, INSTANCES)
        };
        assert_eq!(told(&master).await, expected, "round {round}");
        while polls.load(Ordering::Relaxed) < before + 3 {
            tokio::task::yield_now().await;
        }
    }
    done.store(true, Ordering::Relaxed);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), [true, true]);
    }
    master
        .ask("", "snapshots/stopped/restore")
        .await
        .expect(200);
    let tokens = master.read(&format!("/{CONTROL}/tokens"), &[]).await.json();
    assert_eq!(tokens["tokens"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_half_a_world_in_a_temporary_database() {
    goes_back_and_forth(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_half_a_world_in_a_named_database() {
    goes_back_and_forth(Some(&tempfile::tempdir().unwrap())).await;
}
