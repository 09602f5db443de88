//! Rules by which calls go wrong, in the hands of a test. What they mean, and in which order they
//! are asked, is in `docs/faults.md`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Answer, Method, Moment, Slapmaster, below, number};

/// The fault rules of the world.
#[derive(Debug, Clone, Copy)]
pub struct FaultsHandle<'m>(pub(super) &'m Slapmaster);

/// A rule that is to be set: which calls, what happens to them, how often.
#[derive(Debug, Clone, Default)]
#[must_use = "a rule does nothing until it is set"]
pub struct Fault {
    rule: Map<String, Value>,
    matching: Map<String, Value>,
    effect: Map<String, Value>,
}

/// A rule that is set, and what it did until now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultTold {
    /// Its name.
    pub name: String,
    /// How many calls it fitted.
    pub matched: u64,
    /// How many calls it was applied to.
    pub applied: u64,
}

impl Fault {
    /// A rule for calls of this name, as `requestComputerPartition` or `get*`.
    pub fn on(call: &str) -> Self {
        Self::default().matching("call", call)
    }

    /// A rule for every call.
    pub fn on_everything() -> Self {
        Self::default()
    }

    /// Under this name, by which it can be looked up and removed.
    pub fn named(self, name: &str) -> Self {
        self.rule("name", name)
    }

    /// Only calls of this dialect: `slap`, `json-rpc`, `web` or `hateoas`.
    pub fn dialect(self, dialect: &str) -> Self {
        self.matching("dialect", dialect)
    }

    /// Only calls by who has this reference.
    pub fn caller(self, reference: &str) -> Self {
        self.matching("caller", json!({ "reference": reference }))
    }

    /// Only calls about this computer.
    pub fn computer(self, reference: &str) -> Self {
        self.matching("computer", reference)
    }

    /// Only calls about this partition of a computer.
    pub fn partition(self, reference: &str) -> Self {
        self.matching("partition", reference)
    }

    /// Only calls about the instance of this title.
    pub fn title(self, title: &str) -> Self {
        self.matching("title", title)
    }

    /// Only the nth of the calls that fit otherwise, counted from 1.
    pub fn nth(self, nth: u64) -> Self {
        self.matching("nth", nth)
    }

    /// The client is told to come again.
    pub fn not_ready(self) -> Self {
        self.effect("not_ready", true)
    }

    /// The client is answered with this status, in the form of its dialect.
    pub fn status(self, status: u16) -> Self {
        self.effect("status", status)
    }

    /// The body of that answer.
    pub fn body(self, body: &str) -> Self {
        self.effect("body", body)
    }

    /// The call is held back for so long, in real milliseconds.
    pub fn delay(self, delay: Duration) -> Self {
        let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.effect("delay_ms", millis)
    }

    /// The connection ends without an answer.
    pub fn drop_connection(self) -> Self {
        self.effect("drop", true)
    }

    /// The connection ends after so many bytes of the answer.
    pub fn cut_after_bytes(self, bytes: u64) -> Self {
        self.effect("cut_after_bytes", bytes)
    }

    /// The first call of each caller about each thing finds a cold cache.
    pub fn cold_cache(self) -> Self {
        self.effect("cold_cache", true)
    }

    /// A change is told one call later.
    pub fn stale(self) -> Self {
        self.effect("stale", true)
    }

    /// It happens after what the call changed was committed.
    pub fn after_commit(self) -> Self {
        self.rule("when", "after")
    }

    /// So many calls, no more.
    pub fn times(self, count: u64) -> Self {
        self.rule("count", count)
    }

    /// What happens to the first call, the second and so on: `true` for those that go wrong.
    pub fn sequence(self, fails: &[bool]) -> Self {
        let words = fails
            .iter()
            .map(|fails| if *fails { "fail" } else { "pass" });
        self.rule("sequence", words.collect::<Vec<_>>())
    }

    /// How probable it is for each call, from 0 to 1; drawn by the seed.
    pub fn probability(self, probability: f64) -> Self {
        self.rule("probability", probability)
    }

    /// From this time of the world's clock.
    pub fn from(self, from: impl Moment) -> Self {
        self.rule("from", from.text())
    }

    /// Until this time of the world's clock.
    pub fn until(self, until: impl Moment) -> Self {
        self.rule("until", until.text())
    }

    /// Gone after so many seconds of the world's clock.
    pub fn lifetime_s(self, seconds: u64) -> Self {
        self.rule("lifetime_s", seconds)
    }

    fn rule(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.rule.insert(key.to_owned(), value.into());
        self
    }

    fn matching(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.matching.insert(key.to_owned(), value.into());
        self
    }

    fn effect(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.effect.insert(key.to_owned(), value.into());
        self
    }

    /// As the control surface takes it.
    fn written(mut self) -> Value {
        self.rule.insert("match".to_owned(), self.matching.into());
        self.rule.insert("effect".to_owned(), self.effect.into());
        self.rule.into()
    }
}

impl FaultsHandle<'_> {
    /// Sets a rule behind all others; told with its name.
    pub fn set(self, fault: Fault) -> Answer<FaultTold> {
        let body = Some(fault.written());
        self.0
            .told(Method::POST, "faults", body, |told| read(&told))
    }

    /// The rule of this name.
    pub fn one(self, name: &str) -> Answer<FaultTold> {
        let path = below("faults", name);
        self.0.told(Method::GET, &path, None, |told| read(&told))
    }

    /// Every rule, in the order in which they are asked.
    pub fn list(self) -> Answer<Vec<FaultTold>> {
        self.0.told(Method::GET, "faults", None, |told| {
            told.get("faults")?.as_array()?.iter().map(read).collect()
        })
    }

    /// Removes the rule of this name.
    pub fn remove(self, name: &str) -> Answer<()> {
        let path = below("faults", name);
        self.0.told(Method::DELETE, &path, None, |_| Some(()))
    }

    /// Removes every rule, and says how many there were.
    pub fn clear(self) -> Answer<u64> {
        let read = |told: Value| number(&told, "removed");
        self.0.told(Method::DELETE, "faults", None, read)
    }
}

fn read(told: &Value) -> Option<FaultTold> {
    Some(FaultTold {
        name: told.get("name")?.as_str()?.to_owned(),
        matched: number(told, "matched")?,
        applied: number(told, "applied")?,
    })
}
