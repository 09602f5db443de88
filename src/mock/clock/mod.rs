//! A world's clock: the only source of "now" below the listeners.
//!
//! It runs beside the machine's time, at any distance from it, or it stands still; both can be
//! changed at any moment, and every clone shows the change. What has to happen when it is moved
//! (work that becomes due, answers that are no longer true) is not its business: see
//! [`Master::change_clock`](crate::master::Master::change_clock). Start with [`Clock`].

mod change;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use crate::domain::{state::states, time::Timestamp};

pub(crate) use self::change::bounds;
pub use self::change::{
    ADVANCE_KEYS, CLOCK_KEYS, ClockAdvance, ClockChange, ClockTarget, MOST_ADVANCE_S, MOST_OFFSET_S,
};

/// The earliest time that a clock can be set to: 1970-01-01.
pub const EARLIEST: Timestamp = Timestamp::from_seconds(0);
/// The latest time that a clock can be set to: 9999-01-01. A year later the texts of times end.
pub const LATEST: Timestamp = Timestamp::from_seconds(253_370_764_800);

states! {
    /// Whether a clock goes.
    ClockMode {
        /// As fast as the machine's.
        Running = "running",
        /// It stands still until it is moved.
        Frozen = "frozen",
    }
}

/// All that there is to know of a clock, to be restored later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockState {
    /// It runs, so many microseconds ahead of the machine's time.
    Running {
        /// How far ahead; negative if it is behind.
        offset_us: i64,
    },
    /// It stands still.
    Frozen {
        /// What it shows.
        at: Timestamp,
    },
}

/// What a clock shows at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// The world's time.
    pub now: Timestamp,
    /// The machine's time at the same moment.
    pub real_now: Timestamp,
    /// Whether it goes.
    pub mode: ClockMode,
}

/// The source of every time that a world keeps, sends or compares with.
///
/// Clones show the same time.
// It is one number, so that reading it takes no lock: the last bit says whether it stands still,
// the others what it shows then, or how far it is ahead.
#[derive(Debug, Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// A clock that shows the machine's time.
    pub fn system() -> Self {
        Self::of(ClockState::Running { offset_us: 0 })
    }

    /// A clock that stands still at this time until it is moved.
    pub fn frozen(at: Timestamp) -> Self {
        Self::of(ClockState::Frozen { at })
    }

    /// A clock in this state.
    pub fn of(state: ClockState) -> Self {
        Self(Arc::new(AtomicI64::new(state.packed())))
    }

    /// The present time of the world.
    pub fn now(&self) -> Timestamp {
        match self.state() {
            ClockState::Running { offset_us } => machine_now().plus_micros(offset_us),
            ClockState::Frozen { at } => at,
        }
    }

    /// What it shows beside the machine's time.
    pub fn reading(&self) -> ClockReading {
        let real_now = machine_now();
        match self.state() {
            ClockState::Running { offset_us } => ClockReading {
                now: real_now.plus_micros(offset_us),
                real_now,
                mode: ClockMode::Running,
            },
            ClockState::Frozen { at } => ClockReading {
                now: at,
                real_now,
                mode: ClockMode::Frozen,
            },
        }
    }

    /// Whether it goes.
    pub fn mode(&self) -> ClockMode {
        match self.state() {
            ClockState::Running { .. } => ClockMode::Running,
            ClockState::Frozen { .. } => ClockMode::Frozen,
        }
    }

    /// Whether it shows the machine's time.
    pub fn is_real(&self) -> bool {
        self.state() == ClockState::Running { offset_us: 0 }
    }

    /// All that there is to know of it, to be restored.
    pub fn state(&self) -> ClockState {
        ClockState::unpacked(self.0.load(Ordering::Acquire))
    }

    /// Makes it as it was. One that ran then runs at the same distance from the machine's time.
    pub fn restore(&self, state: ClockState) {
        self.0.store(state.packed(), Ordering::Release);
    }

    /// Sets it to this time, from which it goes on or not as before.
    pub fn set(&self, now: Timestamp) {
        self.put(now, self.mode());
    }

    /// Sets it to this time, from which it goes on or not.
    pub fn put(&self, now: Timestamp, mode: ClockMode) {
        self.restore(match mode {
            ClockMode::Running => ClockState::Running {
                offset_us: now.micros_since(machine_now()),
            },
            ClockMode::Frozen => ClockState::Frozen { at: now },
        });
    }

    /// Sets it to this time, unless it is there already or later. Says whether it was set.
    pub fn reach(&self, time: Timestamp) -> bool {
        let is_before = self.now() < time;
        if is_before {
            self.set(time);
        }
        is_before
    }

    /// Moves it on by `micros` microseconds.
    pub fn advance_micros(&self, micros: i64) {
        self.0.fetch_add(micros.saturating_mul(2), Ordering::AcqRel);
    }
}

impl ClockState {
    const fn packed(self) -> i64 {
        match self {
            Self::Running { offset_us } => offset_us.saturating_mul(2),
            Self::Frozen { at } => at.as_micros().saturating_mul(2) | 1,
        }
    }

    const fn unpacked(packed: i64) -> Self {
        let micros = packed >> 1;
        if packed & 1 == 0 {
            Self::Running { offset_us: micros }
        } else {
            Self::Frozen {
                at: Timestamp::from_micros(micros),
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where the machine's time enters a world"
)]
fn machine_now() -> Timestamp {
    let micros = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_795_422_600);

    #[test]
    fn a_frozen_clock_moves_only_when_told_for_every_clone() {
        let clock = Clock::frozen(Timestamp::from_seconds(5));
        let other = clock.clone();
        clock.advance_micros(1_500_000);
        assert_eq!(other.now(), Timestamp::from_micros(6_500_000));
        clock.set(START);
        assert_eq!((other.now(), other.mode()), (START, ClockMode::Frozen));
        assert!(!clock.is_real());
    }

    #[test]
    fn a_system_clock_shows_this_century() {
        let clock = Clock::system();
        assert!(clock.now() > Timestamp::from_seconds(1_700_000_000));
        assert!(clock.is_real());
        let reading = clock.reading();
        assert_eq!(reading.now, reading.real_now);
    }

    #[test]
    fn a_clock_runs_on_from_where_it_is_set() {
        let clock = Clock::system();
        clock.set(START);
        let (first, second) = (clock.now(), clock.now());
        assert!(first >= START && second >= first);
        // An hour is longer than this test takes.
        assert!(second.micros_since(START) < 3_600_000_000);
        clock.put(clock.now(), ClockMode::Frozen);
        assert_eq!(clock.now(), clock.now());
        clock.put(EARLIEST, ClockMode::Running);
        assert!(clock.now() >= EARLIEST && clock.now() < START);
    }

    #[test]
    fn a_state_is_restored_as_it_was() {
        for state in [
            ClockState::Running { offset_us: 0 },
            ClockState::Running { offset_us: -7 },
            ClockState::Running {
                offset_us: LATEST.as_micros(),
            },
            ClockState::Frozen { at: START },
            ClockState::Frozen { at: EARLIEST },
            ClockState::Frozen { at: LATEST },
            ClockState::Frozen {
                at: Timestamp::from_micros(-1),
            },
        ] {
            let clock = Clock::of(state);
            assert_eq!(clock.state(), state);
            let other = Clock::system();
            other.restore(clock.state());
            assert_eq!(other.state(), state);
        }
    }
}
