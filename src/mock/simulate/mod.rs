//! Simulated computers: nodes that the mock master plays itself.
//!
//! What a computer does is decided by [`pass`], which knows what is wanted of it, how it is
//! simulated ([`Rules`]) and what it is at ([`Progress`]): plain values, of which the database
//! keeps the last two. In memory there is an agenda alone ([`Simulation`]): when which computer
//! has to look again. It is made anew from the database when a world is opened, and a change of
//! what a computer is told makes it due at once, so that a fleet at rest costs nothing.

mod pass;
mod progress;
mod read;
mod rules;
mod seen;
mod stored;
mod template;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use self::{
    pass::pass,
    progress::{Goal, MOST_ORDERED, Ordered, Part, Phase, Progress, Work, WorkKey},
    read::{
        BREAKDOWN_KEYS, FAILURE_KEYS, MOST_COUNTED, MOST_PUBLISHED, MOST_RULES, MOST_TEXT_BYTES,
        SIMULATE_KEYS, SIMULATE_RULE_KEYS,
    },
    rules::{Profile, Rules},
    seen::{Deed, Seen, SeenInstance, SeenShared, SeenSoftware, Told},
    template::{Scope, Template},
};
use crate::domain::{identifier::ComputerReference, time::Timestamp};

/// How many sets of rules are kept as they were read; beyond that, all are read anew.
const MOST_READ: usize = 1_000;

/// The simulated computers of a world, to be made again: what they are at is in the database.
#[derive(Debug, Clone, Default)]
pub struct SimulationState(Vec<(i64, ComputerReference, Timestamp)>);

/// The simulated computers of a world: when which of them has to look again.
#[derive(Debug)]
pub struct Simulation {
    seed: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    by_id: HashMap<i64, Played>,
    since: HashMap<ComputerReference, Timestamp>,
    agenda: BTreeSet<(Timestamp, i64)>,
    rules: HashMap<String, Arc<Rules>>,
}

#[derive(Debug)]
struct Played {
    reference: ComputerReference,
    due: Option<Timestamp>,
    seen: bool,
}

impl Simulation {
    /// None yet; what they draw is decided by the seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            state: Mutex::default(),
        }
    }

    /// Those of a world that goes back to this, each of which looks at it now.
    pub fn again(seed: u64, state: &SimulationState, now: Timestamp) -> Self {
        let simulation = Self::new(seed);
        for (id, reference, since) in &state.0 {
            simulation.add(*id, reference, *since, now);
        }
        simulation
    }

    /// Which there are, to be made again.
    pub fn state(&self) -> SimulationState {
        let state = self.state_now();
        let played = state.by_id.iter().filter_map(|(id, played)| {
            let since = state.since.get(&played.reference)?;
            Some((*id, played.reference.clone(), *since))
        });
        SimulationState(played.collect())
    }

    /// What decides what they draw.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    fn state_now(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A computer is simulated from now on, if it was not before; it is due.
    pub fn add(&self, id: i64, reference: &ComputerReference, since: Timestamp, now: Timestamp) {
        let mut state = self.state_now();
        state.since.entry(reference.clone()).or_insert(since);
        state.by_id.entry(id).or_insert_with(|| Played {
            reference: reference.clone(),
            due: None,
            seen: false,
        });
        state.schedule(id, now);
    }

    /// A computer is simulated no more.
    pub fn remove(&self, id: i64) {
        let mut state = self.state_now();
        if let Some(played) = state.by_id.remove(&id) {
            state.since.remove(&played.reference);
            if let Some(due) = played.due {
                state.agenda.remove(&(due, id));
            }
        }
    }

    /// Since when a computer is simulated, if it is.
    pub fn since(&self, reference: &str) -> Option<Timestamp> {
        self.state_now().since.get(reference).copied()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.state_now().by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What these computers are told has changed: those that are simulated look at it now. Says
    /// whether any of them would not have by then.
    pub fn wake(&self, computers: &BTreeSet<i64>, now: Timestamp) -> bool {
        let mut state = self.state_now();
        if state.by_id.is_empty() {
            return false;
        }
        let mut any = false;
        for id in computers {
            any |= state.schedule(*id, now);
        }
        any
    }

    /// When the first of them is due.
    pub fn due(&self) -> Option<Timestamp> {
        self.state_now().agenda.first().map(|(due, _)| *due)
    }

    /// Up to so many that are due, which are due no more until they are told when again; each
    /// with whether it looks for the first time.
    pub fn take_due(&self, most: usize, now: Timestamp) -> Vec<(i64, bool)> {
        let mut state = self.state_now();
        let mut taken = Vec::new();
        while taken.len() < most {
            let Some((due, id)) = state.agenda.first().copied() else {
                break;
            };
            if due > now {
                break;
            }
            state.agenda.pop_first();
            if let Some(played) = state.by_id.get_mut(&id) {
                played.due = None;
                taken.push((id, !std::mem::replace(&mut played.seen, true)));
            }
        }
        taken
    }

    /// A computer looks again then, if not before.
    pub fn schedule(&self, id: i64, due: Timestamp) {
        self.state_now().schedule(id, due);
    }

    /// The rules that a text of the database says.
    pub fn rules(&self, stored: &str) -> Option<Arc<Rules>> {
        if let Some(known) = self.state_now().rules.get(stored) {
            return Some(Arc::clone(known));
        }
        let read = Arc::new(Rules::from_stored(stored)?);
        let mut state = self.state_now();
        if state.rules.len() >= MOST_READ {
            state.rules.clear();
        }
        state.rules.insert(stored.to_owned(), Arc::clone(&read));
        Some(read)
    }
}

impl State {
    /// Makes a computer due then, unless it is due before. False if it is not simulated, or was
    /// due by then.
    fn schedule(&mut self, id: i64, due: Timestamp) -> bool {
        let Some(played) = self.by_id.get_mut(&id) else {
            return false;
        };
        match played.due {
            Some(before) if before <= due => return false,
            Some(before) => {
                self.agenda.remove(&(before, id));
            }
            None => {}
        }
        played.due = Some(due);
        self.agenda.insert((due, id));
        true
    }
}
