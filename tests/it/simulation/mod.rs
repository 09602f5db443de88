//! Simulated computers: what clients see of them, what the control surface does to them, and that
//! they cost nothing at rest.

mod control;
mod fixtures;
mod life;
mod restore;
mod scale;

use axum::http::Method;
use serde_json::Value;
use slapmaster::master::Master;

use crate::support::master::{Answer, TestMaster, request};

/// The computers of the control surface.
const COMPUTERS: &str = "/_mock/v1/computers";
/// The release of these tests.
const RELEASE: &str = "https://example.org/web/software.cfg";

/// A call of the control surface with a body in JSON.
async fn control(master: &TestMaster, method: Method, path: &str, body: &Value) -> Answer {
    let call = request(method, path).header("content-type", "application/json");
    master
        .send(call.body(body.to_string().into()).unwrap())
        .await
}

/// A call about COMP-1.
async fn ask(master: &TestMaster, what: &str, body: &Value) -> Answer {
    control(
        master,
        Method::POST,
        &format!("{COMPUTERS}/COMP-1/{what}"),
        body,
    )
    .await
}

/// Lets time go on, second by second, with all the work that is due.
async fn play(master: &TestMaster, seconds: i64) {
    let present = present(master);
    present.simulate_due_work().await.unwrap();
    for _ in 0..seconds {
        present.clock().advance_micros(1_000_000);
        present.simulate_due_work().await.unwrap();
    }
}

/// The world as it is now, also after it went back.
fn present(master: &TestMaster) -> Master {
    master.worlds.default_world().master()
}

/// The events of some kinds, in words, and that simulated computers did them where they did.
fn events(master: &TestMaster, kinds: &[&str]) -> Vec<String> {
    use slapmaster::mock::journal::{Order, What};
    let all = present(master)
        .journal()
        .select((0, u64::MAX), Order::Oldest, usize::MAX, |_| true);
    all.iter()
        .filter_map(|entry| match &entry.what {
            What::Event(event) if kinds.contains(&event.kind.as_str()) => {
                let mark = if event.by_simulation { "*" } else { "" };
                Some(format!("{mark}{}", event.text))
            }
            What::Event(_) | What::Call(_) => None,
        })
        .collect()
}

/// What COMP-1 is at, by the control surface.
async fn at_work(master: &TestMaster) -> Value {
    let told = master.read(&format!("{COMPUTERS}/COMP-1"), &[]).await;
    told.expect(200).json()
}

/// How the instance on a partition of COMP-1 stands, in its status.
async fn status(master: &TestMaster, partition: &str) -> String {
    let fields = [
        ("computer_id", "COMP-1"),
        ("computer_partition_id", partition),
    ];
    let answer = master.get("getComputerPartitionStatus", &fields).await;
    answer.expect(200).told("text").to_owned()
}
