//! Rendered answers about computers, kept until the computer is told something else.
//!
//! The poll is the hot path: a fleet asks for its information all day, and nearly always nothing
//! has changed. The one invariant: an answer is kept under the revision of its computer that was
//! read *before* the view was loaded, and is served only while that is the present revision. So
//! what is served is never older than the request for it.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use axum::http::HeaderValue;
use bytes::Bytes;

use crate::{domain::identifier::ComputerReference, front::record::Beginning};

use super::answer::LastModified;

/// How many bytes of answers a world keeps; beyond that, some computers' answers go.
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// What the classic dialect remembers of a world: rendered answers, nothing that decides.
///
/// Clones share it.
#[derive(Debug, Clone, Default)]
pub struct SlapState(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    pages: RwLock<Pages>,
    last_modified: LastModified,
}

#[derive(Debug, Default)]
struct Pages {
    computers: HashMap<String, Computer>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Computer {
    revision: u64,
    full: Option<FullPage>,
    partitions: HashMap<String, Bytes>,
    requested: HashMap<String, Bytes>,
    bytes: usize,
}

/// A computer's full information, rendered.
#[derive(Debug, Clone)]
pub(super) struct FullPage {
    /// The computer.
    pub(super) computer: Arc<ComputerReference>,
    /// The answer's body.
    pub(super) body: Bytes,
    /// A text that changes with the body.
    pub(super) etag: HeaderValue,
    /// As much of the body as a journal keeps.
    pub(super) beginning: Beginning,
}

/// Which of the smaller answers about a computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page<'a> {
    /// A partition's information, by its reference.
    Partition(&'a str),
    /// The answer to the request of an instance, by its reference.
    Requested(&'a str),
}

impl SlapState {
    /// The header of answers that are "modified now".
    pub(super) fn last_modified(&self) -> &LastModified {
        &self.0.last_modified
    }

    /// The computer's full information, if it was rendered at this revision.
    pub(super) fn full(&self, computer: &str, revision: u64) -> Option<FullPage> {
        self.at(computer, revision, |pages| pages.full.clone())
    }

    /// A smaller answer, if it was rendered at this revision.
    pub(super) fn page(&self, computer: &str, revision: u64, page: Page<'_>) -> Option<Bytes> {
        self.at(computer, revision, |pages| match page {
            Page::Partition(reference) => pages.partitions.get(reference).cloned(),
            Page::Requested(reference) => pages.requested.get(reference).cloned(),
        })
    }

    /// Keeps the computer's full information, rendered from what was loaded after `revision` was
    /// read.
    pub(super) fn keep_full(&self, revision: u64, page: FullPage) {
        let computer = Arc::clone(&page.computer);
        self.keep(computer.as_str(), revision, page.body.len(), |pages| {
            pages.full = Some(page);
        });
    }

    /// Keeps a smaller answer, rendered from what was loaded after `revision` was read.
    pub(super) fn keep_page(&self, computer: &str, revision: u64, page: Page<'_>, body: Bytes) {
        self.keep(computer, revision, body.len(), |pages| {
            match page {
                Page::Partition(reference) => pages.partitions.insert(reference.to_owned(), body),
                Page::Requested(reference) => pages.requested.insert(reference.to_owned(), body),
            };
        });
    }

    fn at<T>(
        &self,
        computer: &str,
        revision: u64,
        find: impl FnOnce(&Computer) -> Option<T>,
    ) -> Option<T> {
        // A computer at revision 0 is not in the master's memory: nobody would tell of a change.
        if revision == 0 {
            return None;
        }
        let pages = self.0.pages.read().unwrap_or_else(PoisonError::into_inner);
        let kept = pages.computers.get(computer)?;
        if kept.revision == revision {
            find(kept)
        } else {
            None
        }
    }

    fn keep(
        &self,
        computer: &str,
        revision: u64,
        bytes: usize,
        insert: impl FnOnce(&mut Computer),
    ) {
        if revision == 0 {
            return;
        }
        let mut pages = self.0.pages.write().unwrap_or_else(PoisonError::into_inner);
        pages.make_room(bytes);
        let mut kept = pages
            .computers
            .remove_entry(computer)
            .unwrap_or_else(|| (computer.to_owned(), Computer::default()));
        if kept.1.revision != revision {
            pages.bytes = pages.bytes.saturating_sub(kept.1.bytes);
            kept.1 = Computer {
                revision,
                ..Computer::default()
            };
        }
        insert(&mut kept.1);
        kept.1.bytes += bytes;
        pages.bytes += bytes;
        pages.computers.insert(kept.0, kept.1);
    }
}

impl Pages {
    /// Lets go of computers, whichever come first, until so many bytes more fit.
    fn make_room(&mut self, bytes: usize) {
        while self.bytes.saturating_add(bytes) > MAX_BYTES {
            let Some(first) = self.computers.keys().next().cloned() else {
                self.bytes = 0;
                return;
            };
            if let Some(gone) = self.computers.remove(&first) {
                self.bytes = self.bytes.saturating_sub(gone.bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &'static str) -> FullPage {
        FullPage {
            computer: Arc::new(ComputerReference::trusted("COMP-1".to_owned())),
            body: Bytes::from_static(body.as_bytes()),
            beginning: Beginning::of(&Bytes::new()),
            etag: HeaderValue::from_static("\"x\""),
        }
    }

    #[test]
    fn an_answer_is_served_at_its_own_revision_only() {
        let state = SlapState::default();
        state.keep_full(7, page("seven"));
        let full = |revision| state.full("COMP-1", revision).map(|page| page.body);
        assert_eq!(full(7).as_deref(), Some(b"seven".as_slice()));
        assert_eq!(full(8), None);
        assert!(state.full("COMP-2", 7).is_none());
        state.keep_page("COMP-1", 8, Page::Partition("a"), Bytes::from_static(b"8"));
        assert_eq!(full(7), None);
        let partition = |reference| state.page("COMP-1", 8, Page::Partition(reference));
        assert_eq!(partition("a").as_deref(), Some(b"8".as_slice()));
        assert_eq!(partition("b"), None);
        assert_eq!(state.page("COMP-1", 8, Page::Requested("a")), None);
    }

    #[test]
    fn a_computer_that_is_not_in_memory_is_not_kept() {
        let state = SlapState::default();
        state.keep_full(0, page("unknown"));
        assert!(state.full("COMP-1", 0).is_none());
        assert!(state.0.pages.read().unwrap().computers.is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut pages = Pages::default();
        for name in ["a", "b"] {
            let computer = Computer {
                bytes: MAX_BYTES / 2,
                ..Computer::default()
            };
            pages.computers.insert(name.to_owned(), computer);
            pages.bytes += MAX_BYTES / 2;
        }
        pages.make_room(1);
        assert_eq!((pages.computers.len(), pages.bytes), (1, MAX_BYTES / 2));
        pages.make_room(MAX_BYTES + 1);
        assert_eq!((pages.computers.len(), pages.bytes), (0, 0));
    }
}
