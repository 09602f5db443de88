//! Lets the worlds of the process do what is due in the background, and sleeps in between.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::{master::Master, mock::background::Wake};

/// How long it is waited, once a world has something to do, for others to say the same.
const GATHER: Duration = Duration::from_millis(10);

/// Lets each world work when something is due in it, for ever. `worlds` says which there are;
/// each of them tells `wake` when something is due sooner than it said before.
pub(crate) async fn drive(worlds: impl Fn() -> Vec<Master>, wake: Wake) {
    let mut deadline = None;
    loop {
        let rest = worlds().iter().filter_map(Master::background_rest).min();
        let due = rest.map(|rest| Instant::now() + rest.max(GATHER));
        // Who was woken early must not let others wait longer than they were promised.
        deadline = deadline.into_iter().chain(due).min();
        let woken = if let Some(deadline) = deadline {
            timeout_at(deadline, wake.woken()).await.is_ok()
        } else {
            wake.woken().await;
            true
        };
        if woken {
            sleep(GATHER).await;
            continue;
        }
        deadline = None;
        for master in worlds() {
            if let Err(error) = master.background_tick().await {
                tracing::error!(error = %error, "the background work failed");
            }
        }
    }
}
