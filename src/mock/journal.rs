//! The journal: the last things that happened in a world, in words.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use crate::domain::time::Timestamp;

/// How many events a journal keeps; older ones go.
const CAPACITY: usize = 10_000;
/// How many bytes of one event's text a journal keeps.
const TEXT_BYTES: usize = 64 * 1024;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, by the world's clock.
    pub at: Timestamp,
    /// Reference of what it happened to.
    pub subject: String,
    /// What happened, in words.
    pub text: String,
}

/// What happened in a world, bounded, oldest first. Clones share the same events.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<VecDeque<Event>>>);

impl Journal {
    /// Adds an event; a very long text is cut.
    pub fn append(&self, mut event: Event) {
        if event.text.len() > TEXT_BYTES {
            let end = event.text.floor_char_boundary(TEXT_BYTES);
            event.text.truncate(end);
        }
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() == CAPACITY {
            events.pop_front();
        }
        events.push_back(event);
    }

    /// The events about a subject, oldest first.
    pub fn about(&self, subject: &str) -> Vec<Event> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events
            .iter()
            .filter(|event| event.subject == subject)
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_events_go_and_long_texts_are_cut() {
        let journal = Journal::default();
        for n in 0..=CAPACITY {
            journal.append(Event {
                at: Timestamp::from_seconds(0),
                subject: if n == 0 { "first" } else { "later" }.to_owned(),
                text: "é".repeat(if n == CAPACITY { TEXT_BYTES } else { 1 }),
            });
        }
        assert!(journal.about("first").is_empty());
        let later = journal.about("later");
        assert_eq!(later.len(), CAPACITY);
        assert_eq!(later.last().map(|e| e.text.len()), Some(TEXT_BYTES));
    }
}
