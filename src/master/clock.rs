//! A world's clock, moved: what has to happen meanwhile happens.
//!
//! Moved on, it goes through the moments at which something is due, in their order, so that each
//! thing happens at its own time. Moved back, nothing that was is undone; what was reported at a
//! time that has yet to come counts as reported now, because statuses are judged by their age.

use super::{Master, Result};
use crate::{
    domain::{
        event::{About, EventKind},
        text::InvalidValue,
        time::Timestamp,
    },
    mock::{
        clock::{
            ClockAdvance, ClockChange, ClockMode, ClockReading, ClockState, ClockTarget, EARLIEST,
            LATEST, bounds,
        },
        journal::{self, Event},
    },
    store,
};

/// Through how many moments the clock goes one by one when it is moved; what is due after them is
/// done at the end.
pub const MOST_MOMENTS: usize = 10_000;
/// For how long it does so, in microseconds of the world's time: a hundred days. Beyond that,
/// what simulated computers report anew every day would fill the journal, and take its time.
const MOST_DISTANCE_US: i64 = 100 * 86_400 * 1_000_000;

impl Master {
    /// Changes the clock, and does what becomes due by that before it ends. A target that no clock
    /// can show is [`MasterError::Invalid`](super::MasterError::Invalid).
    pub async fn change_clock(&self, change: ClockChange) -> Result<ClockReading> {
        let master = self.clone();
        to_its_end(async move {
            let _turn = master.0.background.turn().await;
            let before = master.0.clock.reading();
            let target = target_of(change, before)?;
            let mode = change.mode.unwrap_or(before.mode);
            if mode == ClockMode::Frozen {
                // While it goes through what is due it stands still, or it would never arrive.
                master.0.clock.put(before.now, ClockMode::Frozen);
            }
            if let Some(target) = target {
                master.move_to(before.now, target).await?;
            }
            master.clock_changed(change, before, target);
            Ok(master.0.clock.reading())
        })
        .await
    }

    /// As [`Self::change_clock`] in a world in which nothing is yet, so that nothing is due.
    pub fn begin_clock(&self, change: ClockChange) -> Result<()> {
        let before = self.0.clock.reading();
        let target = target_of(change, before)?;
        let mode = change.mode.unwrap_or(before.mode);
        if target.is_some() || mode == ClockMode::Frozen {
            self.0.clock.put(target.unwrap_or(before.now), mode);
        }
        self.0.background.calm();
        self.clock_changed(change, before, target);
        Ok(())
    }

    /// The clock, which showed `before`, is at its target and is to go on from there or not.
    fn clock_changed(&self, change: ClockChange, before: ClockReading, target: Option<Timestamp>) {
        let mode = change.mode.unwrap_or(before.mode);
        match change.target {
            Some(ClockTarget::Offset(offset_us)) if mode == ClockMode::Running => {
                // Not what was left of it meanwhile: at 0 it is the machine's time again.
                self.0.clock.restore(ClockState::Running { offset_us });
            }
            None if mode == before.mode => {}
            Some(_) | None => self.0.clock.put(self.0.clock.now(), mode),
        }
        self.clock_moved(before, target.unwrap_or(before.now));
    }

    /// Moves the clock on, through all that becomes due meanwhile. A time that is past, or that no
    /// clock can show, is [`MasterError::Invalid`](super::MasterError::Invalid).
    pub async fn advance_clock(&self, advance: ClockAdvance) -> Result<ClockReading> {
        let master = self.clone();
        to_its_end(async move {
            let _turn = master.0.background.turn().await;
            let before = master.0.clock.reading();
            let target = match advance {
                ClockAdvance::By(micros) => shown("seconds", before.now.plus_micros(micros))?,
                ClockAdvance::To(to) if to < before.now => {
                    let now = before.now.rfc3339().unwrap_or_default();
                    let reason = format!(
                        "is before {now}, which the clock shows: a later time was expected"
                    );
                    return Err(InvalidValue::new("to", reason).into());
                }
                ClockAdvance::To(to) => shown("to", to)?,
            };
            master.move_to(before.now, target).await?;
            master.clock_moved(before, target);
            Ok(master.0.clock.reading())
        })
        .await
    }

    async fn move_to(&self, from: Timestamp, target: Timestamp) -> Result<()> {
        if target < from {
            return self.move_back(target).await;
        }
        let until = target.min(from.plus_micros(MOST_DISTANCE_US));
        for _ in 0..MOST_MOMENTS {
            let Some(due) = self.next_due().filter(|due| *due < until) else {
                break;
            };
            self.0.clock.reach(due);
            self.do_due(due).await?;
        }
        self.0.clock.reach(target);
        self.do_due(target).await
    }

    async fn move_back(&self, target: Timestamp) -> Result<()> {
        self.0.clock.set(target);
        self.0.pulses.not_after(target);
        self.0.background.not_after(target);
        self.0
            .operate(target, |operation, target| {
                Box::pin(async move {
                    store::status::not_after(operation.tx, *target).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Tells of what became of the clock, which was set to `target`, and forgets what was true
    /// before.
    pub(super) fn clock_moved(&self, before: ClockReading, target: Timestamp) {
        self.0.pulses.touch_all();
        let after = self.0.clock.reading();
        let moved = after.now.micros_since(before.now)
            != after.real_now.micros_since(before.real_now)
            || after.mode != before.mode;
        if moved {
            let event = Event {
                at: after.now,
                kind: EventKind::ClockChanged,
                subject: "clock".to_owned(),
                about: About::default(),
                text: in_words(before, after.mode, target),
                by_simulation: false,
            };
            self.0.tell(journal::request(), event);
        }
        self.0.background.wake();
    }
}

/// Runs something to its end, whether or not whoever asked for it stays.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let work = journal::of_request(journal::request(), work);
    match tokio::spawn(work).await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only the end of the runtime ends it before its time; nobody is there to be told.
            Err(_) => std::future::pending().await,
        },
    }
}

/// What the clock shall show, if that is another time.
fn target_of(change: ClockChange, before: ClockReading) -> Result<Option<Timestamp>> {
    let target = match change.target {
        None => return Ok(None),
        Some(ClockTarget::At(at)) => shown("now", at),
        Some(ClockTarget::Offset(micros)) => shown("offset_s", before.real_now.plus_micros(micros)),
    };
    Ok(Some(target?))
}

/// A time that a clock can show, which a key of what was asked leads to.
fn shown(key: &str, time: Timestamp) -> std::result::Result<Timestamp, InvalidValue> {
    if (EARLIEST..=LATEST).contains(&time) {
        return Ok(time);
    }
    let expected = bounds();
    let reason = format!("leads to a time that is out of bounds: {expected} was expected");
    Err(InvalidValue::new(key, reason))
}

fn in_words(before: ClockReading, mode: ClockMode, target: Timestamp) -> String {
    let time = |at: Timestamp| at.rfc3339().unwrap_or_default();
    let (from, to) = (time(before.now), time(target));
    let what = match (before.mode, mode) {
        (ClockMode::Running, ClockMode::Frozen) => "was frozen at",
        (ClockMode::Frozen, ClockMode::Running) => "runs again from",
        (ClockMode::Frozen, ClockMode::Frozen) | (ClockMode::Running, ClockMode::Running) => {
            "was moved to"
        }
    };
    format!("the clock {what} {to}; it showed {from}")
}
