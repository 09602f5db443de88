//! When the background of a world works: by itself, when something is due, or on demand.
//!
//! What it does is a round (`round.rs`), the work of simulated computers (`simulate/`) and writing
//! the contacts of computers. A round is due a
//! second after the first change since the last one, by the world's clock: one that found nothing
//! to do is followed by none until something changes, so that an idle world costs nothing. Whoever
//! drives the worlds of a process asks each how long it can wait ([`Master::background_rest`]) and
//! lets it work then ([`Master::background_tick`]).

use std::{
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use super::{
    Master, Result, World,
    round::{Rounds, runs_rounds},
};
use crate::{
    domain::{
        behaviour::{AllocationMoment, Behaviour},
        event::{About, EventKind},
        time::Timestamp,
    },
    mock::{
        background::{AllocationMode, BackgroundChange, BackgroundMode, BackgroundState, Wake},
        clock::ClockMode,
        journal::{self, Event},
    },
};

/// How long after a change a round comes, and how often contacts are written at most.
const PERIOD: Duration = Duration::from_secs(1);
/// The same on the world's clock, in microseconds.
const PERIOD_MICROS: i64 = 1_000_000;
/// What is never.
const NEVER: i64 = i64::MAX;
/// How many rounds somebody who waits for calm may ask for.
pub const MOST_ROUNDS: u64 = 10_000;

/// What a world keeps of its background.
#[derive(Debug)]
pub(super) struct Background {
    state: RwLock<BackgroundState>,
    /// When the first thing changed that a round has not looked at; [`NEVER`] if nothing did.
    unsettled_at_us: AtomicI64,
    /// When a round was run last; [`NEVER`] while none was.
    last_round_us: AtomicI64,
    /// Held by whoever lets time pass, or works through what is due.
    turns: tokio::sync::Mutex<()>,
    wake: Wake,
}

/// How the background of a world stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackgroundReading {
    /// How it works.
    pub state: BackgroundState,
    /// Whether the behaviour leaves something to rounds.
    pub rounds: bool,
    /// When a round was run last, if one was.
    pub last_round_at: Option<Timestamp>,
    /// When it works next by itself, as far as that is known.
    pub next_due: Option<Timestamp>,
}

/// What became of waiting for calm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// How many rounds were run.
    pub rounds: u64,
    /// Whether the last of them found nothing to do.
    pub settled: bool,
}

impl Background {
    /// Of a world that is opened at `now`: what it holds may wait for a round.
    pub(super) fn new(now: Timestamp, wake: Wake) -> Self {
        Self {
            state: RwLock::default(),
            unsettled_at_us: AtomicI64::new(now.as_micros()),
            last_round_us: AtomicI64::new(NEVER),
            turns: tokio::sync::Mutex::default(),
            wake,
        }
    }

    pub(super) fn state(&self) -> BackgroundState {
        *self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: BackgroundState) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
        self.wake.wake();
    }

    /// Something changed that a round has to look at.
    pub(super) fn unsettle(&self, now: Timestamp) {
        let before = self
            .unsettled_at_us
            .fetch_min(now.as_micros(), Ordering::AcqRel);
        if before == NEVER {
            self.wake.wake();
        }
    }

    /// Nothing is there that a round could look at.
    pub(super) fn calm(&self) {
        self.unsettled_at_us.store(NEVER, Ordering::Release);
    }

    /// A round is run now: what changed until here is looked at.
    pub(super) fn round_begins(&self, now: Timestamp) {
        self.calm();
        self.last_round_us.store(now.as_micros(), Ordering::Release);
    }

    /// The clock was moved back: nothing that was is later than `now`.
    pub(super) fn not_after(&self, now: Timestamp) {
        for at in [&self.unsettled_at_us, &self.last_round_us] {
            if at.load(Ordering::Acquire) != NEVER {
                at.fetch_min(now.as_micros(), Ordering::AcqRel);
            }
        }
    }

    /// Whom it tells that something is due.
    pub(super) fn wake_of_process(&self) -> Wake {
        self.wake.clone()
    }

    /// The background of a world that goes on at `now` as `state` says.
    pub(super) fn again(state: BackgroundState, now: Timestamp, wake: Wake) -> Self {
        let background = Self::new(now, wake);
        background.set(state);
        background
    }

    /// Something may be due sooner than it was.
    pub(super) fn wake(&self) {
        self.wake.wake();
    }

    /// Waits until nobody else lets time pass.
    pub(super) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turns.lock().await
    }
}

impl Master {
    /// How the background stands.
    pub fn background(&self) -> BackgroundReading {
        let background = &self.0.background;
        let last = background.last_round_us.load(Ordering::Acquire);
        BackgroundReading {
            state: background.state(),
            rounds: runs_rounds(&self.0.behaviour()),
            last_round_at: (last != NEVER).then(|| Timestamp::from_micros(last)),
            next_due: self.next_due(),
        }
    }

    /// How the background works, to be restored.
    pub fn background_state(&self) -> BackgroundState {
        self.0.background.state()
    }

    /// Makes the background work as it did, without a word of it.
    pub fn restore_background(&self, state: BackgroundState) {
        self.0.background.set(state);
        self.0.background.unsettle(self.0.clock.now());
    }

    /// Makes the background work otherwise. What waited while allocation was paused is allocated
    /// before this ends, where the behaviour does not leave it to rounds.
    pub async fn change_background(&self, change: BackgroundChange) -> Result<()> {
        let before = self.0.background.state();
        self.begin_background(change);
        let after = self.0.background.state();
        let resumed = before.allocation == AllocationMode::Paused
            && after.allocation == AllocationMode::Running;
        if resumed && self.0.behaviour().allocation_moment == AllocationMoment::Request {
            self.round(Rounds::Resumed).await?;
        }
        Ok(())
    }

    /// As [`Self::change_background`] in a world in which nothing is yet, so that nothing waits.
    pub fn begin_background(&self, change: BackgroundChange) {
        let before = self.0.background.state();
        let after = change.applied_to(before);
        if before == after {
            return;
        }
        self.restore_background(after);
        let event = Event {
            at: self.0.clock.now(),
            kind: EventKind::BackgroundChanged,
            subject: "background".to_owned(),
            about: About::default(),
            text: in_words(after).to_owned(),
            by_simulation: false,
        };
        self.0.tell(journal::request(), event);
    }

    /// The soonest moment at which the background works by itself; none while nothing is due, or
    /// while it works on demand.
    pub fn next_due(&self) -> Option<Timestamp> {
        if self.0.background.state().mode == BackgroundMode::Manual {
            return None;
        }
        self.soonest_due()
    }

    /// The soonest moment at which there is something to do, by itself or on demand.
    fn soonest_due(&self) -> Option<Timestamp> {
        let due = [self.round_due(), self.simulated_due()];
        due.into_iter().flatten().min()
    }

    /// When the next round is run by itself, if one is.
    fn round_due(&self) -> Option<Timestamp> {
        let since = self.0.background.unsettled_at_us.load(Ordering::Acquire);
        let due = Timestamp::from_micros(since).plus_micros(PERIOD_MICROS);
        (since != NEVER && runs_rounds(&self.0.behaviour())).then_some(due)
    }

    /// How long, in real time, there is nothing to do: for ever, if nothing happens.
    pub fn background_rest(&self) -> Option<Duration> {
        let contacts = self.0.pulses.has_contacts().then_some(PERIOD);
        let due = self.next_due().and_then(|due| {
            let micros = due.micros_since(self.0.clock.now());
            match u64::try_from(micros) {
                Err(_) | Ok(0) => Some(Duration::ZERO),
                Ok(micros) => match self.0.clock.mode() {
                    ClockMode::Running => Some(Duration::from_micros(micros)),
                    ClockMode::Frozen => None,
                },
            }
        });
        contacts.into_iter().chain(due).min()
    }

    /// What the background does by itself: writes contacts, and does all that is due now. While
    /// somebody else lets time pass, that one does what is due.
    pub async fn background_tick(&self) -> Result<()> {
        let written = self.write_contacts().await;
        if let Ok(_turn) = self.0.background.turns.try_lock() {
            self.do_due(self.0.clock.now()).await?;
        }
        written
    }

    /// Does all that is due by itself at `now`.
    pub(super) async fn do_due(&self, now: Timestamp) -> Result<()> {
        if self.0.background.state().mode == BackgroundMode::Manual {
            return Ok(());
        }
        if self.simulated_due().is_some_and(|due| due <= now) {
            self.simulate_due_work().await?;
        }
        if self.round_due().is_some_and(|due| due <= now) {
            self.round(Rounds::ByTimer).await?;
        }
        Ok(())
    }

    /// Does what is due of simulated computers, then runs one background round on demand: frees
    /// partitions, ends what ends by itself, carries states one level down, gives trees their
    /// roots, allocates what waits; in this order. Says whether there was anything to do.
    pub async fn run_round(&self) -> Result<bool> {
        self.write_contacts().await?;
        let deeds = self.simulate_due_work().await?;
        Ok(self.round(Rounds::Asked).await? || deeds > 0)
    }

    /// Runs rounds until one finds nothing to do, and no more than `most_rounds`. Where nothing is
    /// to be done now but will be within the next `advance_up_to_us` microseconds, moves the clock
    /// there and goes on.
    pub async fn settle(&self, most_rounds: u64, advance_up_to_us: i64) -> Result<Settled> {
        let _turn = self.0.background.turn().await;
        let before = self.0.clock.reading();
        let until = before.now.plus_micros(advance_up_to_us);
        let mut outcome = Settled {
            rounds: 0,
            settled: false,
        };
        let mut moved = false;
        while outcome.rounds < most_rounds && !outcome.settled {
            outcome.rounds += 1;
            if self.run_round().await? {
                continue;
            }
            match self.soonest_due().filter(|due| *due <= until) {
                None => outcome.settled = true,
                Some(due) => {
                    moved |= self.0.clock.reach(due);
                    self.do_due(due).await?;
                }
            }
        }
        if moved {
            self.clock_moved(before, self.0.clock.now());
        }
        Ok(outcome)
    }
}

impl World {
    /// The switches that operations go by: while allocation is paused, it waits for rounds that
    /// somebody asks for.
    pub(super) fn present_behaviour(&self) -> std::sync::Arc<Behaviour> {
        let behaviour = self.behaviour();
        match self.background.state().allocation {
            AllocationMode::Running => behaviour,
            AllocationMode::Paused => std::sync::Arc::new(Behaviour {
                allocation_moment: AllocationMoment::Manual,
                ..(*behaviour).clone()
            }),
        }
    }
}

const fn in_words(state: BackgroundState) -> &'static str {
    match (state.mode, state.allocation) {
        (BackgroundMode::Timer, AllocationMode::Running) => "the background works by itself",
        (BackgroundMode::Timer, AllocationMode::Paused) => {
            "the background works by itself, and allocation is paused"
        }
        (BackgroundMode::Manual, AllocationMode::Running) => "the background works on demand",
        (BackgroundMode::Manual, AllocationMode::Paused) => {
            "the background works on demand, and allocation is paused"
        }
    }
}
