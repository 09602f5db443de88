//! The background of a world as it is told to work: by itself or on demand.
//!
//! What the background does is the master's business; here is what a test may say of when.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::domain::{
    given::{Given, Read, Reading},
    state::states,
};

/// The keys of a change.
pub const BACKGROUND_KEYS: [&str; 2] = ["mode", "allocation"];

states! {
    /// When the background works.
    BackgroundMode {
        /// By itself, when something is due.
        Timer = "timer",
        /// When somebody asks for it.
        Manual = "manual",
    }
}

states! {
    /// Whether what waits is allocated.
    AllocationMode {
        /// When the behaviour says so.
        Running = "running",
        /// When somebody asks for a round.
        Paused = "paused",
    }
}

/// How the background of a world works, to be restored later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackgroundState {
    /// When it works.
    pub mode: BackgroundMode,
    /// Whether what waits is allocated.
    pub allocation: AllocationMode,
}

impl Default for BackgroundState {
    /// By itself, with allocation.
    fn default() -> Self {
        Self {
            mode: BackgroundMode::Timer,
            allocation: AllocationMode::Running,
        }
    }
}

/// How the background of a world shall work from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BackgroundChange {
    /// When it shall work; otherwise that stays as it is.
    pub mode: Option<BackgroundMode>,
    /// Whether what waits shall be allocated; otherwise that stays as it is.
    pub allocation: Option<AllocationMode>,
}

impl BackgroundChange {
    /// Reads a change, which must name something.
    pub fn read(given: &Given) -> Read<Self> {
        let whole = Reading::of("background", given);
        whole.only(&BACKGROUND_KEYS)?;
        let change = Self {
            mode: whole.get("mode").map(|given| given.word()).transpose()?,
            allocation: whole
                .get("allocation")
                .map(|given| given.word())
                .transpose()?,
        };
        if change == Self::default() {
            return Err(whole.refused("is empty, `mode` or `allocation` was expected"));
        }
        Ok(change)
    }

    /// What becomes of a background that worked so.
    #[must_use]
    pub fn applied_to(self, state: BackgroundState) -> BackgroundState {
        BackgroundState {
            mode: self.mode.unwrap_or(state.mode),
            allocation: self.allocation.unwrap_or(state.allocation),
        }
    }
}

/// Tells whoever drives the worlds of a process that one of them has something to do sooner than
/// it said. Clones tell the same one.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Something is to be done.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits until something is to be done; at once, if that was told since the last time.
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let given = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            Given::Map(
                pairs
                    .map(|(key, value)| ((*key).to_owned(), Given::from(*value)))
                    .collect(),
            )
        };
        let read = |pairs: &[(&str, &str)]| BackgroundChange::read(&given(pairs));
        let manual = read(&[("mode", "manual")]).unwrap();
        let changed = manual.applied_to(BackgroundState::default());
        assert_eq!(changed.mode, BackgroundMode::Manual);
        assert_eq!(changed.allocation, AllocationMode::Running);
        let paused = read(&[("allocation", "paused")]).unwrap();
        let changed = paused.applied_to(changed);
        assert_eq!(changed.mode, BackgroundMode::Manual);
        assert_eq!(changed.allocation, AllocationMode::Paused);
        for (pairs, expected) in [
            (
                &[][..],
                "`background`: is empty, `mode` or `allocation` was expected",
            ),
            (
                &[("mode", "timers")],
                "`mode`: is `timers`, perhaps `timer` was meant; one of `timer`, `manual` was \
                 expected",
            ),
            (
                &[("allocation", "off")],
                "`allocation`: is `off`; one of `running`, `paused` was expected",
            ),
        ] {
            assert_eq!(read(pairs).unwrap_err().to_string(), expected);
        }
    }
}
