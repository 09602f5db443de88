//! What a simulated computer is at: plain values, kept in the database between its passes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::{state::states, time::Timestamp};

/// How many failures can be ordered that have not come yet.
pub const MOST_ORDERED: usize = 100;

states! {
    /// How far a piece of work is.
    Phase {
        /// It was not begun: nothing is wanted, or what it needs is not there.
        Idle = "idle",
        /// It is being done.
        Working = "working",
        /// It is done.
        Done = "done",
        /// It failed, and is tried again.
        Failed = "failed",
    }
}

states! {
    /// What a piece of work is for.
    Goal {
        /// Software that is there.
        Available = "available",
        /// An instance that runs.
        Started = "started",
        /// An instance that does not run.
        Stopped = "stopped",
        /// Nothing is left.
        Destroyed = "destroyed",
    }
}

/// The work on a software release, or on an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// What for.
    pub goal: Goal,
    /// How far it is.
    pub phase: Phase,
    /// When it is done, or tried again, or breaks down.
    pub due: Option<Timestamp>,
    /// The timestamp of the instance that it is for; of software none.
    pub stamp: Timestamp,
    /// How often it was begun.
    pub attempts: u64,
    /// How often it failed because the rules say so.
    pub failed: u64,
    /// Whether the next try is spared: somebody asked that it recover.
    pub is_spared: bool,
}

impl Work {
    /// Work that was not begun.
    pub(super) const fn new(goal: Goal) -> Self {
        Self {
            goal,
            phase: Phase::Idle,
            due: None,
            stamp: Timestamp::from_micros(0),
            attempts: 0,
            failed: 0,
            is_spared: false,
        }
    }

    /// Whether its time has come.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

/// A failure that somebody ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    /// Of the building of this release alone.
    pub release: Option<String>,
    /// Of what is on this partition alone.
    pub partition: Option<String>,
    /// What is reported.
    pub text: String,
    /// How many times more.
    pub left: u64,
}

/// By what a piece of work is known: the row of what is worked on, or its reference.
pub trait WorkKey: Ord + Clone + Into<Value> {
    /// Reads what it is as a value.
    fn read(value: &Value) -> Option<Self>;
}

impl WorkKey for i64 {
    fn read(value: &Value) -> Option<Self> {
        value.as_i64()
    }
}

impl WorkKey for String {
    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

/// What a simulated computer is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress<K: WorkKey = i64> {
    /// Since when its software stands still.
    pub software_held_at: Option<Timestamp>,
    /// Since when its instances stand still.
    pub instances_held_at: Option<Timestamp>,
    /// Failures that are to come, oldest first.
    pub ordered: Vec<Ordered>,
    /// Work on software, by the installation.
    pub software: BTreeMap<K, Work>,
    /// Work on instances.
    pub instances: BTreeMap<K, Work>,
}

impl<K: WorkKey> Default for Progress<K> {
    fn default() -> Self {
        Self {
            software_held_at: None,
            instances_held_at: None,
            ordered: Vec::new(),
            software: BTreeMap::new(),
            instances: BTreeMap::new(),
        }
    }
}

/// What of a computer is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its software.
    Software,
    /// Its instances.
    Instances,
}

impl Progress {
    /// Lets a part stand still. False if it does already.
    pub fn hold(&mut self, part: Part, now: Timestamp) -> bool {
        let held = self.held_at(part);
        let is_new = held.is_none();
        *held = held.or(Some(now));
        is_new
    }

    /// Lets a part go on where it stood. False if it goes on already.
    pub fn release(&mut self, part: Part, now: Timestamp) -> bool {
        let Some(since) = self.held_at(part).take() else {
            return false;
        };
        let stood = now.micros_since(since).max(0);
        let work = match part {
            Part::Software => &mut self.software,
            Part::Instances => &mut self.instances,
        };
        for work in work.values_mut() {
            work.due = work.due.map(|due| due.plus_micros(stood));
        }
        true
    }

    fn held_at(&mut self, part: Part) -> &mut Option<Timestamp> {
        match part {
            Part::Software => &mut self.software_held_at,
            Part::Instances => &mut self.instances_held_at,
        }
    }

    /// The text of a failure that was ordered of a build, which is one less to come.
    pub(super) fn ordered_build(&mut self, release: &str) -> Option<String> {
        self.take(|ordered| {
            ordered.partition.is_none()
                && ordered
                    .release
                    .as_deref()
                    .is_none_or(|meant| meant == release)
        })
    }

    /// The text of a failure that was ordered of a start, which is one less to come.
    pub(super) fn ordered_start(&mut self, partition: &str) -> Option<String> {
        self.take(|ordered| {
            ordered.release.is_none()
                && ordered
                    .partition
                    .as_deref()
                    .is_none_or(|meant| meant == partition)
        })
    }

    /// The text of a failure that was ordered of what runs on a partition.
    pub(super) fn ordered_breakdown(&mut self, partition: &str) -> Option<String> {
        self.take(|ordered| ordered.partition.as_deref() == Some(partition))
    }

    fn take(&mut self, is_meant: impl Fn(&Ordered) -> bool) -> Option<String> {
        let place = self.ordered.iter().position(is_meant)?;
        let ordered = self.ordered.get_mut(place)?;
        ordered.left = ordered.left.saturating_sub(1);
        let text = ordered.text.clone();
        self.ordered.retain(|ordered| ordered.left > 0);
        Some(text)
    }

    /// Lets what failed be tried again now, and succeed: software of this row alone or instances
    /// of these rows alone, where some are named. Says how much failed.
    pub fn recover(
        &mut self,
        is_meant: impl Fn(&Ordered) -> bool,
        software: impl Fn(i64) -> bool,
        instances: impl Fn(i64) -> bool,
        now: Timestamp,
    ) -> usize {
        let before = self.ordered.len();
        self.ordered.retain(|ordered| !is_meant(ordered));
        let mut recovered = before - self.ordered.len();
        let software = self.software.iter_mut().filter(|(id, _)| software(**id));
        let instances = self.instances.iter_mut().filter(|(id, _)| instances(**id));
        for (_, work) in software.chain(instances) {
            if work.phase == Phase::Failed && work.goal != Goal::Destroyed {
                work.due = Some(now);
                work.is_spared = true;
                recovered += 1;
            }
        }
        recovered
    }
}

impl<K: WorkKey> Progress<K> {
    /// The same with other keys for the work on software and on instances. What has none is gone.
    pub fn under<L: WorkKey>(
        self,
        software: impl Fn(&K) -> Option<L>,
        instances: impl Fn(&K) -> Option<L>,
    ) -> Progress<L> {
        let work = self.software.into_iter();
        let software = work.filter_map(|(key, work)| Some((software(&key)?, work)));
        let work = self.instances.into_iter();
        let instances = work.filter_map(|(key, work)| Some((instances(&key)?, work)));
        Progress {
            software_held_at: self.software_held_at,
            instances_held_at: self.instances_held_at,
            ordered: self.ordered,
            software: software.collect(),
            instances: instances.collect(),
        }
    }

    /// As the database keeps it.
    pub fn stored(&self) -> String {
        let ordered: Vec<Value> = self
            .ordered
            .iter()
            .map(|one| json!([one.release, one.partition, one.text, one.left]))
            .collect();
        json!({
            "software_held": micros(self.software_held_at),
            "instances_held": micros(self.instances_held_at),
            "ordered": ordered,
            "software": works(&self.software),
            "instances": works(&self.instances),
        })
        .to_string()
    }

    /// What [`Self::stored`] gave; none if it did not give this.
    pub fn from_stored(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let ordered = value.get("ordered")?.as_array()?.iter();
        Some(Self {
            software_held_at: value.get("software_held").and_then(at),
            instances_held_at: value.get("instances_held").and_then(at),
            ordered: ordered.map(read_ordered).collect::<Option<_>>()?,
            software: read_works(value.get("software")?)?,
            instances: read_works(value.get("instances")?)?,
        })
    }
}

fn micros(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_micros)
}

fn at(value: &Value) -> Option<Timestamp> {
    value.as_i64().map(Timestamp::from_micros)
}

fn works<K: WorkKey>(all: &BTreeMap<K, Work>) -> Vec<Value> {
    let work = |(key, work): (&K, &Work)| {
        let key: Value = key.clone().into();
        json!([
            key,
            work.goal.as_str(),
            work.phase.as_str(),
            micros(work.due),
            work.stamp.as_micros(),
            work.attempts,
            work.failed,
            work.is_spared,
        ])
    };
    all.iter().map(work).collect()
}

fn read_works<K: WorkKey>(value: &Value) -> Option<BTreeMap<K, Work>> {
    let work = |value: &Value| {
        Some((
            K::read(value.get(0)?)?,
            Work {
                goal: value.get(1)?.as_str()?.parse().ok()?,
                phase: value.get(2)?.as_str()?.parse().ok()?,
                due: at(value.get(3)?),
                stamp: at(value.get(4)?)?,
                attempts: value.get(5)?.as_u64()?,
                failed: value.get(6)?.as_u64()?,
                is_spared: value.get(7)?.as_bool()?,
            },
        ))
    };
    value.as_array()?.iter().map(work).collect()
}

fn read_ordered(value: &Value) -> Option<Ordered> {
    let text = |place: usize| value.get(place)?.as_str().map(str::to_owned);
    Some(Ordered {
        release: text(0),
        partition: text(1),
        text: text(2)?,
        left: value.get(3)?.as_u64()?,
    })
}
