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

/// What a simulated computer is at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Since when its software stands still.
    pub software_held_at: Option<Timestamp>,
    /// Since when its instances stand still.
    pub instances_held_at: Option<Timestamp>,
    /// Failures that are to come, oldest first.
    pub ordered: Vec<Ordered>,
    /// Work on software, by the row of the installation.
    pub software: BTreeMap<i64, Work>,
    /// Work on instances, by their rows.
    pub instances: BTreeMap<i64, Work>,
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

fn works(all: &BTreeMap<i64, Work>) -> Vec<Value> {
    let work = |(id, work): (&i64, &Work)| {
        json!([
            id,
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

fn read_works(value: &Value) -> Option<BTreeMap<i64, Work>> {
    let work = |value: &Value| {
        Some((
            value.get(0)?.as_i64()?,
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
