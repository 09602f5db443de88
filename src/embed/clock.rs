//! The world's time, in the hands of a test.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Method, Slapmaster};
use crate::domain::time::Timestamp;

/// The world's clock.
#[derive(Debug, Clone, Copy)]
pub struct ClockHandle<'m>(pub(super) &'m Slapmaster);

/// What the clock shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockTold {
    /// The world's time.
    pub now: Timestamp,
    /// Whether it stands still.
    pub is_frozen: bool,
    /// When the background works next by itself, if something is due.
    pub next_due: Option<Timestamp>,
}

/// A point in time: a text like `2026-11-23T08:30:00Z`, or a [`Timestamp`].
pub trait Moment {
    /// The text.
    fn text(self) -> String;
}

impl Moment for &str {
    fn text(self) -> String {
        self.to_owned()
    }
}

impl Moment for Timestamp {
    fn text(self) -> String {
        self.rfc3339().unwrap_or_default()
    }
}

impl ClockHandle<'_> {
    /// What it shows.
    pub fn read(self) -> Answer<ClockTold> {
        self.0.told(Method::GET, "clock", None, |told| read(&told))
    }

    /// Stops it where it is.
    pub fn freeze(self) -> Answer<ClockTold> {
        self.change(json!({ "mode": "frozen" }))
    }

    /// Stops it at this time.
    pub fn freeze_at(self, now: impl Moment) -> Answer<ClockTold> {
        self.change(json!({ "mode": "frozen", "now": now.text() }))
    }

    /// Sets it to this time, from which it goes on or not as before.
    pub fn set(self, now: impl Moment) -> Answer<ClockTold> {
        self.change(json!({ "now": now.text() }))
    }

    /// Lets it run from where it is.
    pub fn run(self) -> Answer<ClockTold> {
        self.change(json!({ "mode": "running" }))
    }

    /// Lets it show the machine's time again.
    pub fn run_with_the_machine(self) -> Answer<ClockTold> {
        self.change(json!({ "mode": "running", "offset_s": 0 }))
    }

    /// Moves it on; answered when all is done that became due meanwhile.
    pub fn advance(self, by: Duration) -> Answer<ClockTold> {
        self.advanced(json!({ "seconds": by.as_secs_f64() }))
    }

    /// The same, to a certain time.
    pub fn advance_to(self, to: impl Moment) -> Answer<ClockTold> {
        self.advanced(json!({ "to": to.text() }))
    }

    fn change(self, body: Value) -> Answer<ClockTold> {
        self.0
            .told(Method::PUT, "clock", Some(body), |told| read(&told))
    }

    fn advanced(self, body: Value) -> Answer<ClockTold> {
        let read = |told: Value| read(&told);
        self.0.told(Method::POST, "clock/advance", Some(body), read)
    }
}

fn read(told: &Value) -> Option<ClockTold> {
    let time = |key: &str| told.get(key)?.as_str().and_then(Timestamp::from_rfc3339);
    Some(ClockTold {
        now: time("now")?,
        is_frozen: told.get("mode")? == "frozen",
        next_due: time("next_due"),
    })
}
