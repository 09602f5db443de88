//! What is counted of all that happens: calls, how long they took, events, what interfered.
//!
//! One value is shared by the worlds of a process; nothing in it is per world, so that a thousand
//! worlds make it no larger. What is known by looking, such as how full a journal is, is not
//! counted here. Everything on the way of a call is an atomic number.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::domain::event::EventKind;

/// The upper bounds of how long calls take, in microseconds, growing.
pub const DURATION_BOUNDS_US: [u64; 15] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
    5_000_000, 30_000_000,
];
/// The outcomes of a call, in the order in which [`CallCount::outcomes`] counts them.
pub const OUTCOMES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "unanswered"];
/// Where what was not answered is counted.
const UNANSWERED: usize = 5;

/// The counters of a process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    calls: RwLock<BTreeMap<(&'static str, &'static str), Arc<Calls>>>,
    in_flight: AtomicI64,
    worlds: AtomicI64,
    events: RwLock<BTreeMap<&'static str, Arc<AtomicU64>>>,
    interferences: RwLock<BTreeMap<&'static str, Arc<AtomicU64>>>,
}

#[derive(Debug, Default)]
struct Calls {
    outcomes: [AtomicU64; OUTCOMES.len()],
    within: [AtomicU64; DURATION_BOUNDS_US.len()],
    total_us: AtomicU64,
}

/// What was counted of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCount {
    /// Its dialect.
    pub dialect: &'static str,
    /// Its name there.
    pub call: &'static str,
    /// How often it ended so, by [`OUTCOMES`].
    pub outcomes: [u64; OUTCOMES.len()],
    /// How often it took no longer than each of [`DURATION_BOUNDS_US`] and longer than the one
    /// before.
    pub within: [u64; DURATION_BOUNDS_US.len()],
    /// How long all of them took.
    pub total: Duration,
}

/// Holds a place among what is under way, until it is dropped.
#[derive(Debug)]
pub struct Place(Metrics, fn(&Inner) -> &AtomicI64);

impl Drop for Place {
    fn drop(&mut self) {
        self.1(&self.0.0).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// A call is under way as long as the value is kept.
    pub fn call_begins(&self) -> Place {
        self.take(|inner| &inner.in_flight)
    }

    /// A world is open as long as the value is kept.
    pub fn world_opens(&self) -> Place {
        self.take(|inner| &inner.worlds)
    }

    fn take(&self, which: fn(&Inner) -> &AtomicI64) -> Place {
        which(&self.0).fetch_add(1, Ordering::Relaxed);
        Place(self.clone(), which)
    }

    /// A call ended, with this status or with none.
    pub fn call_ended(
        &self,
        dialect: &'static str,
        call: &'static str,
        status: Option<u16>,
        took: Duration,
    ) {
        let calls = entry(&self.0.calls, (dialect, call));
        let outcome = match status {
            Some(status @ 100..=599) => usize::from(status / 100) - 1,
            Some(_) | None => UNANSWERED,
        };
        add(calls.outcomes.get(outcome), 1);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bound = DURATION_BOUNDS_US.partition_point(|bound| *bound < micros);
        add(calls.within.get(bound), 1);
        add(Some(&calls.total_us), micros);
    }

    /// An event happened.
    pub fn happened(&self, kind: EventKind) {
        add(Some(&entry(&self.0.events, kind.as_str())), 1);
    }

    /// A rule interfered with a call, by an effect of this name.
    pub fn interfered(&self, effect: &'static str) {
        add(Some(&entry(&self.0.interferences, effect)), 1);
    }

    /// What was counted of every call that was ever made, by dialect and name.
    pub fn calls(&self) -> Vec<CallCount> {
        let calls = self.0.calls.read().unwrap_or_else(PoisonError::into_inner);
        calls
            .iter()
            .map(|((dialect, call), counts)| CallCount {
                dialect,
                call,
                outcomes: counts.outcomes.each_ref().map(value),
                within: counts.within.each_ref().map(value),
                total: Duration::from_micros(value(&counts.total_us)),
            })
            .collect()
    }

    /// How many events of a kind happened.
    pub fn events(&self, kind: EventKind) -> u64 {
        let events = self.0.events.read().unwrap_or_else(PoisonError::into_inner);
        events.get(kind.as_str()).map_or(0, |count| value(count))
    }

    /// How often rules interfered, by effect.
    pub fn interferences(&self) -> Vec<(&'static str, u64)> {
        let counts = &self.0.interferences;
        let counts = counts.read().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|(effect, count)| (*effect, value(count)))
            .collect()
    }

    /// How many calls are under way.
    pub fn calls_under_way(&self) -> i64 {
        self.0.in_flight.load(Ordering::Relaxed)
    }

    /// How many worlds are open.
    pub fn worlds(&self) -> i64 {
        self.0.worlds.load(Ordering::Relaxed)
    }
}

/// The counter under this name, which is made at its first use: names are constants of the
/// program, so there are as many as it has words.
fn entry<K: Ord + Copy, V: Default>(counters: &RwLock<BTreeMap<K, Arc<V>>>, name: K) -> Arc<V> {
    let known = counters.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(counter) = known.get(&name) {
        return Arc::clone(counter);
    }
    drop(known);
    let mut known = counters.write().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(known.entry(name).or_default())
}

fn add(counter: Option<&AtomicU64>, more: u64) {
    if let Some(counter) = counter {
        counter.fetch_add(more, Ordering::Relaxed);
    }
}

fn value(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_name_outcome_and_time() {
        let metrics = Metrics::default();
        let took = |micros| Duration::from_micros(micros);
        for (status, micros) in [(Some(200), 50), (Some(204), 51), (Some(404), 40_000_000)] {
            metrics.call_ended("slap", "getRunId", status, took(micros));
        }
        metrics
            .clone()
            .call_ended("slap", "getRunId", None, took(1));
        metrics.call_ended("control", "tokens", Some(503), took(1));
        let [tokens, run_id] = metrics.calls().try_into().unwrap();
        assert_eq!(
            (tokens.dialect, tokens.outcomes),
            ("control", [0, 0, 0, 0, 1, 0])
        );
        assert_eq!(run_id.outcomes, [0, 2, 0, 1, 0, 1]);
        assert_eq!(run_id.within[..3], [2, 1, 0]);
        assert_eq!(
            run_id.within.iter().sum::<u64>(),
            3,
            "one took longer than all bounds"
        );
        assert_eq!(run_id.total, took(40_000_102));
    }

    #[test]
    fn a_place_is_given_back_when_it_is_dropped() {
        let metrics = Metrics::default();
        let (one, two) = (metrics.call_begins(), metrics.call_begins());
        let world = metrics.world_opens();
        assert_eq!((metrics.calls_under_way(), metrics.worlds()), (2, 1));
        drop((one, world));
        assert_eq!((metrics.calls_under_way(), metrics.worlds()), (1, 0));
        drop(two);
        assert_eq!(metrics.calls_under_way(), 0);
    }

    #[test]
    fn events_and_interferences_are_counted_by_word() {
        let metrics = Metrics::default();
        metrics.happened(EventKind::CertificateIssued);
        metrics.interfered("status");
        metrics.interfered("status");
        assert_eq!(metrics.events(EventKind::CertificateIssued), 1);
        assert_eq!(metrics.events(EventKind::CertificateRevoked), 0);
        assert_eq!(metrics.interferences(), [("status", 2)]);
    }
}
