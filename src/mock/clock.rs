//! A world's clock: the only source of "now" below the listeners.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use crate::domain::time::Timestamp;

/// The source of every time that a world keeps, sends or compares with.
///
/// Clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that shows the machine's time.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `start` until it is moved.
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.as_micros()))))
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => system_now(),
            Source::Manual(micros) => Timestamp::from_micros(micros.load(Ordering::Relaxed)),
        }
    }

    /// Moves a manual clock on by `micros` microseconds; a system clock goes by itself.
    pub fn advance_micros(&self, micros: i64) {
        match &self.0 {
            Source::System => {}
            Source::Manual(now) => {
                now.fetch_add(micros, Ordering::Relaxed);
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where the machine's time enters a world"
)]
fn system_now() -> Timestamp {
    let micros = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told_for_every_clone() {
        let clock = Clock::manual(Timestamp::from_seconds(5));
        let other = clock.clone();
        clock.advance_micros(1_500_000);
        assert_eq!(other.now(), Timestamp::from_micros(6_500_000));
    }

    #[test]
    fn a_system_clock_shows_this_century() {
        assert!(Clock::system().now() > Timestamp::from_seconds(1_700_000_000));
    }
}
