//! What an operation will tell of once it is committed.
//!
//! A seed tells of hundreds of thousands of events. Those that no journal would keep are not held
//! either: of them is known what is counted.

use std::collections::VecDeque;

use crate::{
    domain::{event::EventKind, time::Shift},
    mock::journal::Event,
};

/// Events, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// How many are held.
    most: usize,
    last: VecDeque<Event>,
    /// What those before them were.
    before: Vec<EventKind>,
}

impl Told {
    /// No events; of those to come, the last `most` are held.
    pub(super) fn of_at_most(most: usize) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    pub(super) fn push(&mut self, event: Event) {
        self.last.push_back(event);
        while self.last.len() > self.most {
            self.before
                .extend(self.last.pop_front().map(|event| event.kind));
        }
    }

    /// How many there are, held or not.
    pub(super) fn count(&self) -> usize {
        self.before.len() + self.last.len()
    }

    /// Those that are held.
    pub(super) fn last(&self) -> impl Iterator<Item = &Event> {
        self.last.iter()
    }

    /// The same at another time.
    pub(super) fn moved(mut self, shift: Shift) -> Self {
        for event in &mut self.last {
            event.at = shift.moved(event.at);
        }
        self
    }

    /// What those were that are not.
    pub(super) fn before(&self) -> &[EventKind] {
        &self.before
    }
}
