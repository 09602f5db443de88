//! What calls were answered last, for answers that come once more: bounded, the oldest go.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;

/// How many bytes of answers are remembered.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// How many answers are remembered.
const MOST_ANSWERS: usize = 10_000;

/// An answer as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its status.
    pub status: u16,
    /// Its headers: names and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its body.
    pub body: Bytes,
}

impl Told {
    /// Whether both say the same; headers may be those of another moment.
    fn says_the_same(&self, other: &Self) -> bool {
        self.status == other.status && self.body == other.body
    }

    fn bytes(&self) -> usize {
        let headers = self.headers.iter();
        let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
        headers + self.body.len()
    }
}

/// The last answers, by what was asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    answers: HashMap<u64, Arc<Told>>,
    /// What was asked, longest ago first.
    order: VecDeque<u64>,
    bytes: usize,
}

impl Memory {
    /// Remembers an answer, and gives the one that was remembered before if that says something
    /// else.
    pub(super) fn replace(&mut self, content: u64, answer: Told) -> Option<Told> {
        self.bytes += answer.bytes();
        let before = self.answers.insert(content, Arc::new(answer));
        match &before {
            Some(before) => self.bytes = self.bytes.saturating_sub(before.bytes()),
            None => self.order.push_back(content),
        }
        let changed = before.filter(|before| {
            let present = self.answers.get(&content);
            present.is_some_and(|present| !present.says_the_same(before))
        });
        while self.bytes > MOST_BYTES || self.answers.len() > MOST_ANSWERS {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            let gone = self.answers.remove(&oldest);
            self.bytes = self
                .bytes
                .saturating_sub(gone.map_or(0, |gone| gone.bytes()));
        }
        changed.map(Arc::unwrap_or_clone)
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        if !self.order.is_empty() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: Vec<u8>) -> Told {
        Told {
            status: 200,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    #[test]
    fn an_answer_that_changed_gives_the_one_before() {
        let mut memory = Memory::default();
        let mut replace = |body: &str| {
            let before = memory.replace(1, told(body.as_bytes().to_vec()));
            before.map(|before| String::from_utf8(before.body.to_vec()).unwrap())
        };
        assert_eq!(replace("a"), None);
        assert_eq!(replace("a"), None);
        assert_eq!(replace("b").as_deref(), Some("a"));
        assert_eq!(replace("b"), None);
        assert_eq!(replace("c").as_deref(), Some("b"));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut memory = Memory::default();
        for content in 0..5 {
            memory.replace(content, told(vec![0; MOST_BYTES / 4]));
        }
        assert_eq!(memory.answers.len(), 4);
        assert!(memory.bytes <= MOST_BYTES);
        assert!(!memory.answers.contains_key(&0));
        memory.replace(4, told(vec![0; MOST_BYTES + 1]));
        assert_eq!((memory.answers.len(), memory.bytes), (0, 0));
        for content in 0..=MOST_ANSWERS as u64 {
            memory.replace(content, told(Vec::new()));
        }
        assert_eq!(memory.answers.len(), MOST_ANSWERS);
        memory.forget();
        assert!(memory.answers.is_empty() && memory.order.is_empty());
    }
}
