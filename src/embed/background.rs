//! What is done without a call, in the hands of a test.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Method, Slapmaster, number};

/// The background of the world.
#[derive(Debug, Clone, Copy)]
pub struct BackgroundHandle<'m>(pub(super) &'m Slapmaster);

/// What became of waiting for calm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// How many rounds were run.
    pub rounds: u64,
    /// Whether the last of them found nothing to do any more.
    pub settled: bool,
}

impl BackgroundHandle<'_> {
    /// From now on it works on demand alone.
    pub fn work_on_demand(self) -> Answer<()> {
        self.change(json!({ "mode": "manual" }))
    }

    /// From now on it works by itself again.
    pub fn work_by_itself(self) -> Answer<()> {
        self.change(json!({ "mode": "timer" }))
    }

    /// From now on nothing is allocated but by rounds that are asked for.
    pub fn pause_allocation(self) -> Answer<()> {
        self.change(json!({ "allocation": "paused" }))
    }

    /// Allocation goes on; what waited is allocated.
    pub fn resume_allocation(self) -> Answer<()> {
        self.change(json!({ "allocation": "running" }))
    }

    /// Runs one round. Says whether it found anything to do.
    pub fn round(self) -> Answer<bool> {
        let read = |told: Value| told.get("changed")?.as_bool();
        let body = Some(json!({}));
        self.0.told(Method::POST, "background/round", body, read)
    }

    /// Runs rounds until nothing is left to do, or a hundred were run.
    pub fn settle(self) -> Answer<Settled> {
        self.settle_within(Duration::ZERO)
    }

    /// The same, and moves the clock on, by so much at most, to what will be due.
    pub fn settle_within(self, advance_up_to: Duration) -> Answer<Settled> {
        let body = json!({ "advance_up_to_s": advance_up_to.as_secs() });
        let read = |told: Value| {
            Some(Settled {
                rounds: number(&told, "rounds")?,
                settled: told.get("settled")?.as_bool()?,
            })
        };
        self.0
            .told(Method::POST, "background/settle", Some(body), read)
    }

    fn change(self, body: Value) -> Answer<()> {
        self.0
            .told(Method::PUT, "background", Some(body), |_| Some(()))
    }
}
