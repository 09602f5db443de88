//! What a world keeps in memory of its computers: whether what they are told has changed, and
//! when they last asked.
//!
//! Both keep a poll from touching the database. A revision changes with every commit that
//! changes what the computer is told; a contact is noted here and written at most once a second,
//! or when the world is closed.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
};

use crate::domain::{
    identifier::ComputerReference,
    status::{AccessStatus, StatusReport},
    time::Timestamp,
};

/// When a computer asked for its information, since that was last written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Contact {
    /// The first time.
    first: Timestamp,
    /// The last time.
    last: Timestamp,
}

impl Contact {
    /// Contacts from the one moment to the other.
    pub(super) const fn between(first: Timestamp, last: Timestamp) -> Self {
        Self { first, last }
    }

    /// The computer's status with this contact, given the written one.
    ///
    /// A report that was written later than the contact stands. One of the same moment does not:
    /// the contacts that were there when it was written were forgotten with it.
    pub(super) fn applied_to(
        self,
        written: Option<AccessStatus>,
        computer: &ComputerReference,
    ) -> Option<AccessStatus> {
        if written
            .as_ref()
            .is_some_and(|status| status.created_at > self.last)
        {
            return written;
        }
        let report = StatusReport::contact(computer);
        let user = computer.as_str();
        let begun = AccessStatus::after(written.as_ref(), &report, user, self.first);
        Some(AccessStatus::after(Some(&begun), &report, user, self.last))
    }
}

/// One computer's part.
#[derive(Debug)]
struct Pulse {
    reference: ComputerReference,
    revision: AtomicU64,
    /// When the first status that the computer is told is forgotten.
    stale_at_us: AtomicI64,
    contact: Mutex<Option<Contact>>,
    /// Whether it asked since the world was opened.
    seen: AtomicBool,
}

/// What became of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noted {
    /// The computer was never loaded; nothing was noted.
    Unknown,
    /// The computer had asked before, and there was something to write already.
    Again,
    /// The computer had asked before, and from now on there is something to write.
    ToWrite,
    /// It is the first since the world was opened.
    First,
}

#[derive(Debug, Default)]
struct Index {
    by_reference: HashMap<String, Arc<Pulse>>,
    by_id: HashMap<i64, Arc<Pulse>>,
}

/// The pulses of a world's computers.
#[derive(Debug, Default)]
pub(super) struct Pulses {
    index: RwLock<Index>,
    last_revision: AtomicU64,
    contacted: Mutex<Vec<Arc<Pulse>>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pulses {
    fn find(&self, computer: &str) -> Option<Arc<Pulse>> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        index.by_reference.get(computer).cloned()
    }

    fn next_revision(&self) -> u64 {
        self.last_revision.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The computer's revision; 0 while it has none, and what it is told cannot be kept.
    pub(super) fn revision(&self, computer: &str, now: Timestamp) -> u64 {
        let Some(pulse) = self.find(computer) else {
            return 0;
        };
        if pulse.stale_at_us.load(Ordering::Acquire) <= now.as_micros() {
            pulse.stale_at_us.store(i64::MAX, Ordering::Release);
            pulse
                .revision
                .store(self.next_revision(), Ordering::Release);
        }
        pulse.revision.load(Ordering::Acquire)
    }

    /// What was just told of the computer holds until then, as far as time goes. It may be a part
    /// of what there is to tell, so that the earliest time stands.
    pub(super) fn holds_until(&self, computer: &str, stale_at: Timestamp) {
        if let Some(pulse) = self.find(computer) {
            pulse
                .stale_at_us
                .fetch_min(stale_at.as_micros(), Ordering::AcqRel);
        }
    }

    /// Gives a computer a pulse, if it has none.
    pub(super) fn register(&self, id: i64, reference: &ComputerReference) {
        if self.find(reference.as_str()).is_some() {
            return;
        }
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        if index.by_reference.contains_key(reference.as_str()) {
            return;
        }
        let pulse = Arc::new(Pulse {
            reference: reference.clone(),
            revision: AtomicU64::new(self.next_revision()),
            stale_at_us: AtomicI64::new(i64::MAX),
            contact: Mutex::new(None),
            seen: AtomicBool::new(false),
        });
        index.by_id.insert(id, Arc::clone(&pulse));
        index
            .by_reference
            .insert(reference.as_str().to_owned(), pulse);
    }

    /// What these computers are told has changed. Called after the commit.
    pub(super) fn touch(&self, computers: impl IntoIterator<Item = i64>) {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        for id in computers {
            if let Some(pulse) = index.by_id.get(&id) {
                pulse
                    .revision
                    .store(self.next_revision(), Ordering::Release);
            }
        }
    }

    /// What every computer is told may have changed.
    pub(super) fn touch_all(&self) {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        for pulse in index.by_id.values() {
            pulse
                .revision
                .store(self.next_revision(), Ordering::Release);
        }
    }

    /// The clock was moved back: no contact was later than `now`.
    pub(super) fn not_after(&self, now: Timestamp) {
        for pulse in locked(&self.contacted).iter() {
            if let Some(contact) = &mut *locked(&pulse.contact) {
                contact.first = contact.first.min(now);
                contact.last = contact.last.min(now);
            }
        }
    }

    /// Notes that a computer asked, if it has a pulse.
    pub(super) fn note_contact(&self, computer: &str, now: Timestamp) -> Noted {
        let Some(pulse) = self.find(computer) else {
            return Noted::Unknown;
        };
        let mut contact = locked(&pulse.contact);
        let first_since_written = contact.is_none();
        let first = contact.map_or(now, |contact| contact.first);
        *contact = Some(Contact { first, last: now });
        drop(contact);
        if !first_since_written {
            return Noted::Again;
        }
        let first = !pulse.seen.swap(true, Ordering::Relaxed);
        let mut contacted = locked(&self.contacted);
        let alone = contacted.is_empty();
        contacted.push(pulse);
        match (first, alone) {
            (true, _) => Noted::First,
            (false, true) => Noted::ToWrite,
            (false, false) => Noted::Again,
        }
    }

    /// The contact of a computer that is not written yet.
    pub(super) fn contact(&self, computer: &str) -> Option<Contact> {
        let pulse = self.find(computer)?;
        *locked(&pulse.contact)
    }

    /// Whether there are contacts that are not written yet.
    pub(super) fn has_contacts(&self) -> bool {
        !locked(&self.contacted).is_empty()
    }

    /// The computers with contacts that are not written yet.
    pub(super) fn contacted(&self) -> Vec<(ComputerReference, Contact)> {
        locked(&self.contacted)
            .iter()
            .filter_map(|pulse| Some((pulse.reference.clone(), (*locked(&pulse.contact))?)))
            .collect()
    }

    /// These contacts are written now; those noted since are kept.
    pub(super) fn written(&self, contacts: &[(ComputerReference, Contact)]) {
        let written: HashMap<&str, Contact> = contacts
            .iter()
            .map(|(c, contact)| (c.as_str(), *contact))
            .collect();
        locked(&self.contacted).retain(|pulse| {
            let mut contact = locked(&pulse.contact);
            let done = written.get(pulse.reference.as_str()).copied() == *contact;
            if done {
                *contact = None;
            }
            !done
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::status::StatusKind;

    fn computer() -> ComputerReference {
        ComputerReference::trusted("COMP-1".to_owned())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_revision_changes_with_each_touch_and_only_then() {
        let pulses = Pulses::default();
        assert_eq!(pulses.revision("COMP-1", at(0)), 0);
        pulses.register(7, &computer());
        let first = pulses.revision("COMP-1", at(0));
        assert_ne!(first, 0);
        pulses.register(7, &computer());
        pulses.touch([8]);
        assert_eq!(pulses.revision("COMP-1", at(0)), first);
        pulses.touch([7]);
        let second = pulses.revision("COMP-1", at(0));
        assert!(second > first);
        pulses.holds_until("COMP-1", at(9));
        assert_eq!(pulses.revision("COMP-1", at(8)), second);
        assert!(pulses.revision("COMP-1", at(9)) > second);
    }

    #[test]
    fn a_contact_is_kept_until_it_is_written_and_a_later_one_still() {
        let pulses = Pulses::default();
        assert_eq!(pulses.note_contact("COMP-1", at(1)), Noted::Unknown);
        pulses.register(7, &computer());
        assert_eq!(pulses.note_contact("COMP-1", at(1)), Noted::First);
        assert_eq!(pulses.note_contact("COMP-1", at(2)), Noted::Again);
        let contacts = pulses.contacted();
        assert_eq!(
            contacts,
            [(
                computer(),
                Contact {
                    first: at(1),
                    last: at(2)
                }
            )]
        );
        pulses.note_contact("COMP-1", at(3));
        pulses.written(&contacts);
        let later = pulses.contacted();
        assert_eq!(later.len(), 1);
        pulses.written(&later);
        assert_eq!(pulses.contact("COMP-1"), None);
        assert_eq!(pulses.note_contact("COMP-1", at(4)), Noted::ToWrite);
        pulses.written(&pulses.contacted());
        assert!(pulses.contacted().is_empty());
    }

    #[test]
    fn a_contact_ends_an_error_and_yields_to_a_later_report() {
        let bang = StatusReport::computer_bang("x");
        let error = AccessStatus::after(None, &bang, "COMP-1", at(5));
        let after = |first, last| {
            Contact {
                first: at(first),
                last: at(last),
            }
            .applied_to(Some(error.clone()), &computer())
            .map(|status| (status.kind, status.since, status.created_at))
        };
        assert_eq!(after(6, 9), Some((StatusKind::Access, at(6), at(9))));
        assert_eq!(after(5, 5), Some((StatusKind::Access, at(5), at(5))));
        assert_eq!(after(1, 4), Some((StatusKind::Error, at(5), at(5))));
    }
}
