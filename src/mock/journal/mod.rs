//! The journal: the last things that happened in a world, as calls and as events in words.
//!
//! It is bounded by number and by bytes; the oldest entries go, and counters tell how many went.
//! Whoever reads on holds a number, not a place in a queue ([`Journal::after`]), so that a slow
//! reader costs nothing and is told how much it lost. Bodies are kept as they were sent, secrets
//! included: what is shown of them is for the room that shows it to redact.
//! Start with [`Journal::append`]; what can be asked is in `filter.rs`.

mod entry;
mod filter;
mod underway;

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

use crate::domain::{request_id::RequestId, time::Timestamp};

pub use self::{
    entry::{Body, Call, Entry, Event, Unredacted, What},
    filter::{Condition, Filter, Kind, NearMiss, StatusFilter, Words},
    underway::{of_request, request},
};

/// How many bytes of one event's text a journal keeps.
const TEXT_BYTES: usize = 64 * 1024;
/// How many bytes of one body a journal keeps, from its beginning.
pub const BODY_BYTES: usize = 16 * 1024;
/// How many entries are looked at before others are let in again.
const READ_AT_ONCE: usize = 1024;

/// How much a journal keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalLimits {
    /// How many entries. With 0 there is no journal: calls are not even looked at for it.
    pub entries: usize,
    /// How many bytes, as far as they are known: entries, their texts and bodies.
    pub bytes: usize,
    /// Whether calls are kept with the beginnings of their bodies.
    pub bodies: bool,
}

impl Default for JournalLimits {
    fn default() -> Self {
        Self {
            entries: 10_000,
            bytes: 16 * 1024 * 1024,
            bodies: true,
        }
    }
}

/// What happened in a world, oldest first. Clones share the same entries.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    limits: JournalLimits,
    numbers: Numbers,
    kept: Mutex<Kept>,
    /// Anything was added, or taken away.
    changed: Notify,
    /// An event was added: what is waited for may be so now.
    happened: Notify,
    ended: AtomicBool,
}

/// The numbers of entries, shared by the journals that a world has one after the other.
#[derive(Debug, Clone, Default)]
struct Numbers(Arc<AtomicU64>);

impl Numbers {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn last(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    /// How many entries keep a body, by where it is in memory and its length. An answer that is
    /// given again and again from memory is one body.
    bodies: HashMap<(usize, usize), usize>,
    /// How many entries went because there was no room.
    gone: u64,
}

/// How full a journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalSize {
    /// Entries that are kept.
    pub entries: usize,
    /// Bytes that they take.
    pub bytes: usize,
    /// Entries that went because there was no room, since the world was opened.
    pub gone: u64,
    /// The number of the last entry; 0 if there was none ever.
    pub last: u64,
}

/// What was read in one go.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Oldest first.
    pub entries: Vec<Arc<Entry>>,
    /// How many entries went before they could be read.
    pub lost: u64,
    /// Where to read on.
    pub last: u64,
}

/// The entries of a journal at one moment, for a snapshot.
#[derive(Debug, Clone, Default)]
pub struct JournalState {
    entries: Vec<Arc<Entry>>,
    bytes: usize,
}

impl JournalState {
    /// How many bytes the entries take, as the journal counts them.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Journal {
    /// An empty journal.
    pub fn new(limits: JournalLimits) -> Self {
        Self(Arc::new(Inner {
            limits,
            ..Inner::default()
        }))
    }

    /// How much it keeps.
    pub fn limits(&self) -> JournalLimits {
        self.0.limits
    }

    /// Adds an event of the request under way; a very long text is cut.
    pub fn happened(&self, request: Option<RequestId>, mut event: Event) {
        if event.text.len() > TEXT_BYTES {
            let end = event.text.floor_char_boundary(TEXT_BYTES);
            event.text.truncate(end);
        }
        let at = event.at;
        self.append(at, request, What::Event(Box::new(event)));
        self.0.happened.notify_waiters();
    }

    /// So many events happened that would have gone before anybody could read them: they have their
    /// numbers, and count among those that went.
    pub fn passed_over(&self, events: usize) {
        let events = events as u64;
        let mut kept = self.kept();
        self.0.numbers.0.fetch_add(events, Ordering::Relaxed);
        kept.gone += events;
    }

    /// Adds a call that ended.
    pub fn called(&self, at: Timestamp, request: Option<RequestId>, call: Call) {
        self.append(at, request, What::Call(Box::new(call)));
    }

    fn append(&self, at: Timestamp, request: Option<RequestId>, what: What) {
        let mut entry = Arc::new(Entry {
            sequence: 0,
            at,
            request,
            what,
        });
        let mut went = Vec::new();
        let mut kept = self.kept();
        if let Some(entry) = Arc::get_mut(&mut entry) {
            entry.sequence = self.0.numbers.next();
        }
        kept.add(entry);
        while kept.entries.len() > self.0.limits.entries || kept.bytes > self.0.limits.bytes {
            let Some(oldest) = kept.remove_oldest() else {
                break;
            };
            kept.gone += 1;
            went.push(oldest);
        }
        drop(kept);
        // What went is freed where nobody waits for it.
        drop(went);
        self.0.changed.notify_waiters();
    }

    /// How full it is.
    pub fn size(&self) -> JournalSize {
        let kept = self.kept();
        JournalSize {
            entries: kept.entries.len(),
            bytes: kept.bytes,
            gone: kept.gone,
            last: self.0.numbers.last(),
        }
    }

    /// At most `limit` entries whose numbers are above `after`, oldest first.
    pub fn after(&self, after: u64, limit: usize) -> Batch {
        let kept = self.kept();
        let start = kept
            .entries
            .partition_point(|entry| entry.sequence <= after);
        let entries: Vec<_> = kept.entries.range(start..).take(limit).cloned().collect();
        // Under the lock: no number is given meanwhile.
        let last_ever = self.0.numbers.last();
        let first = entries
            .first()
            .map_or(last_ever + 1, |entry| entry.sequence);
        Batch {
            lost: first.saturating_sub(after.saturating_add(1)),
            last: entries
                .last()
                .map_or(last_ever.max(after), |entry| entry.sequence),
            entries,
        }
    }

    /// The entries between two numbers, both excluded, that `admits` takes: at most `limit`,
    /// from the oldest or from the newest on.
    pub fn select(
        &self,
        between: (u64, u64),
        order: Order,
        limit: usize,
        mut admits: impl FnMut(&Entry) -> bool,
    ) -> Vec<Arc<Entry>> {
        let (mut after, mut before) = between;
        let mut found = Vec::new();
        while found.len() < limit {
            let chunk = self.chunk(after, before, order);
            let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else {
                break;
            };
            match order {
                Order::Oldest => after = last.sequence,
                Order::Newest => before = first.sequence,
            }
            let room = limit - found.len();
            let admitted = chunk.iter().filter(|entry| admits(entry));
            match order {
                Order::Oldest => found.extend(admitted.take(room).cloned()),
                Order::Newest => found.extend(
                    chunk
                        .iter()
                        .rev()
                        .filter(|entry| admits(entry))
                        .take(room)
                        .cloned(),
                ),
            }
        }
        found
    }

    fn chunk(&self, after: u64, before: u64, order: Order) -> Vec<Arc<Entry>> {
        let kept = self.kept();
        let start = kept
            .entries
            .partition_point(|entry| entry.sequence <= after);
        let end = kept
            .entries
            .partition_point(|entry| entry.sequence < before)
            .max(start);
        let (start, end) = match order {
            Order::Oldest => (start, end.min(start.saturating_add(READ_AT_ONCE))),
            Order::Newest => (start.max(end.saturating_sub(READ_AT_ONCE)), end),
        };
        kept.entries.range(start..end).cloned().collect()
    }

    /// The events about a subject, oldest first.
    pub fn about(&self, subject: &str) -> Vec<Event> {
        let about = |entry: &Entry| entry.event().is_some_and(|event| event.subject == subject);
        self.select((0, u64::MAX), Order::Oldest, usize::MAX, about)
            .iter()
            .filter_map(|entry| entry.event().cloned())
            .collect()
    }

    /// Takes every entry away. The numbers go on.
    pub fn clear(&self) {
        let mut kept = self.kept();
        let gone = kept.gone;
        let before = std::mem::replace(
            &mut *kept,
            Kept {
                gone,
                ..Kept::default()
            },
        );
        drop(kept);
        drop(before);
        self.0.changed.notify_waiters();
    }

    /// Its entries, for a snapshot.
    pub fn state(&self) -> JournalState {
        let kept = self.kept();
        JournalState {
            entries: kept.entries.iter().cloned().collect(),
            bytes: kept.bytes,
        }
    }

    /// The journal of a world that goes back to a snapshot: it holds these entries and no others,
    /// and its numbers go on behind all that this one or they ever had.
    ///
    /// Whoever waits at this one is not told of the other: [`Self::end`] it, and they ask again.
    #[must_use]
    pub fn continued(&self, state: &JournalState) -> Self {
        let last = state.entries.last().map_or(0, |entry| entry.sequence);
        let numbers = self.0.numbers.clone();
        numbers.0.fetch_max(last, Ordering::Relaxed);
        let mut kept = Kept {
            gone: self.kept().gone,
            ..Kept::default()
        };
        for entry in &state.entries {
            kept.add(Arc::clone(entry));
        }
        Self(Arc::new(Inner {
            limits: self.0.limits,
            numbers,
            kept: Mutex::new(kept),
            ..Inner::default()
        }))
    }

    /// Ends every wait and every stream, now and from now on: the world closes.
    pub fn end(&self) {
        self.0.ended.store(true, Ordering::Release);
        self.0.changed.notify_waiters();
        self.0.happened.notify_waiters();
    }

    /// Whether [`Self::end`] was called.
    pub fn is_ended(&self) -> bool {
        self.0.ended.load(Ordering::Acquire)
    }

    /// Returns at the next change that comes after this call, or at the end of the journal.
    ///
    /// The future is made *before* what is waited for is looked at, so that no change is missed.
    pub fn next_change(&self) -> impl Future<Output = ()> + Send + '_ {
        self.0.changed.notified()
    }

    /// As [`Self::next_change`], for events alone.
    pub fn next_event(&self) -> impl Future<Output = ()> + Send + '_ {
        self.0.happened.notified()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From which end a journal is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// From the oldest entry on.
    Oldest,
    /// From the newest entry back.
    Newest,
}

impl Kept {
    fn add(&mut self, entry: Arc<Entry>) {
        self.bytes += entry.weight();
        for body in entry.bodies() {
            let holders = self.bodies.entry(place(body)).or_insert(0);
            if *holders == 0 {
                self.bytes += body.len();
            }
            *holders += 1;
        }
        self.entries.push_back(entry);
    }

    fn remove_oldest(&mut self) -> Option<Arc<Entry>> {
        let entry = self.entries.pop_front()?;
        self.bytes -= entry.weight();
        for body in entry.bodies() {
            let place = place(body);
            let Some(holders) = self.bodies.get_mut(&place) else {
                continue;
            };
            *holders -= 1;
            if *holders == 0 {
                self.bodies.remove(&place);
                self.bytes -= body.len();
            }
        }
        Some(entry)
    }
}

fn place(body: &[u8]) -> (usize, usize) {
    (body.as_ptr().addr(), body.len())
}

#[cfg(test)]
mod tests;
