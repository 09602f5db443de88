//! What was called and what happened, in the hands of a test: read, waited for, verified. What the
//! filters mean is in `docs/journal.md`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Answer, Method, Slapmaster, number, url_encode};
use crate::domain::time::Timestamp;

/// The journal of the world.
#[derive(Debug, Clone, Copy)]
pub struct JournalHandle<'m>(pub(super) &'m Slapmaster);

/// Which entries: those that every filter admits.
#[derive(Debug, Clone, Default)]
#[must_use = "a filter does nothing until a journal is asked with it"]
pub struct Entries(Map<String, Value>);

/// An entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number, which grows.
    pub sequence: u64,
    /// When, by the world's clock.
    pub at: Timestamp,
    /// Everything that is told of it, by name.
    pub told: Value,
}

impl Entry {
    /// A text that is told of it, as `text`, `call` or `caller`; empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        self.told
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// How something has to stand.
#[derive(Debug, Clone)]
#[must_use = "nothing is waited for until a journal is asked with it"]
pub struct Standing(Value);

impl Standing {
    /// The instance of this title or guid `is` `allocated`, `started`, `stopped`, `error` or
    /// `destroyed`.
    pub fn instance(name: &str, is: &str) -> Self {
        Self(json!({ "instance": name, "is": is }))
    }

    /// The software release on this computer `is` `available`, `building`, `error` or
    /// `destroyed`.
    pub fn software(computer: &str, release: &str, is: &str) -> Self {
        Self(json!({ "computer": computer, "release": release, "is": is }))
    }

    /// The computer asked for its information.
    pub fn seen(computer: &str) -> Self {
        Self(json!({ "computer": computer, "is": "seen" }))
    }

    /// No instance waits for a partition.
    pub fn nothing_waiting() -> Self {
        Self(json!({ "is": "nothing_waiting" }))
    }
}

impl Entries {
    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// Calls of this name.
    pub fn calls(name: &str) -> Self {
        Self::all().with("call", name)
    }

    /// Events of this kind, as `instance_started`.
    pub fn events(kind: &str) -> Self {
        Self::all().with("event", kind)
    }

    /// About this computer.
    pub fn computer(self, reference: &str) -> Self {
        self.with("computer", reference)
    }

    /// About this partition of a computer.
    pub fn partition(self, reference: &str) -> Self {
        self.with("partition", reference)
    }

    /// About the instance of this title or guid.
    pub fn instance(self, name: &str) -> Self {
        self.with("instance", name)
    }

    /// About this software release.
    pub fn release(self, url: &str) -> Self {
        self.with("release", url)
    }

    /// Calls by this caller.
    pub fn caller(self, reference: &str) -> Self {
        self.with("caller", reference)
    }

    /// Calls that were answered so: `200`, `4xx`, `none`.
    pub fn status(self, status: &str) -> Self {
        self.with("status", status)
    }

    /// Calls with which this fault rule interfered.
    pub fn rule(self, name: &str) -> Self {
        self.with("rule", name)
    }

    /// In whose words, path or bodies this is.
    pub fn text(self, text: &str) -> Self {
        self.with("text", text)
    }

    /// Any filter by its name.
    pub fn with(mut self, filter: &str, value: &str) -> Self {
        self.0.insert(filter.to_owned(), value.into());
        self
    }
}

impl JournalHandle<'_> {
    /// The newest thousand of these entries, oldest first.
    pub fn entries(self, entries: &Entries) -> Answer<Vec<Entry>> {
        let mut path = "journal?order=newest&limit=1000".to_owned();
        for (name, value) in &entries.0 {
            path.push('&');
            url_encode(&mut path, name);
            path.push('=');
            url_encode(&mut path, value.as_str().unwrap_or_default());
        }
        self.0.told(Method::GET, &path, None, |told| {
            let told = told.get("entries")?.as_array()?;
            told.iter().rev().map(read).collect()
        })
    }

    /// Waits until so many of these entries are there, at most for this long in real time; told
    /// the number of the last one. A refusal says what was there instead.
    pub fn wait(self, count: u64, entries: &Entries, at_most: Duration) -> Answer<u64> {
        let body = json!({ "entry": entries.0, "count": count, "timeout_s": at_most.as_secs() });
        let read = |told: Value| number(&told, "last");
        self.0.told(Method::POST, "journal/wait", Some(body), read)
    }

    /// Waits until something stands so, at most for this long in real time.
    pub fn wait_until(self, standing: &Standing, at_most: Duration) -> Answer<()> {
        let body = json!({ "state": standing.0, "timeout_s": at_most.as_secs() });
        self.0
            .told(Method::POST, "journal/wait", Some(body), |_| Some(()))
    }

    /// Whether exactly so many of these entries are there. If not, the refusal says what is, and
    /// which entries are almost such.
    pub fn verify_exactly(self, count: u64, entries: &Entries) -> Answer<Vec<Entry>> {
        self.verify(entries, "exactly", &count.into())
    }

    /// Whether at least so many of these entries are there.
    pub fn verify_at_least(self, count: u64, entries: &Entries) -> Answer<Vec<Entry>> {
        self.verify(entries, "at_least", &count.into())
    }

    /// Whether none of these entries is there.
    pub fn verify_none(self, entries: &Entries) -> Answer<Vec<Entry>> {
        self.verify(entries, "none", &true.into())
    }

    /// Takes every entry away.
    pub fn clear(self) -> Answer<()> {
        self.0.told(Method::DELETE, "journal", None, |_| Some(()))
    }

    fn verify(self, entries: &Entries, key: &str, count: &Value) -> Answer<Vec<Entry>> {
        let body = json!({ "entry": entries.0, key: count });
        let read = |told: Value| told.get("entries")?.as_array()?.iter().map(read).collect();
        self.0
            .told(Method::POST, "journal/verify", Some(body), read)
    }
}

fn read(told: &Value) -> Option<Entry> {
    Some(Entry {
        sequence: number(told, "sequence")?,
        at: Timestamp::from_rfc3339(told.get("at")?.as_str()?)?,
        told: told.clone(),
    })
}
