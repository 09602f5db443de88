//! The fixtures that worlds were made of lately, as they were read: a test suite makes its worlds of
//! the same few.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use crate::fixture::{Fixture, FixtureError};

/// What a refused fixture is called.
const FIXTURE: &str = "fixture";
/// How many are kept.
const MOST: usize = 8;
/// How long the text of one may be to be kept, in bytes: of a long one, all else takes longer.
const LONGEST: usize = 64 * 1024;

/// Fixtures by their texts, the last used ones at the end.
#[derive(Debug, Default)]
pub(super) struct Lately(Mutex<VecDeque<(String, Arc<Fixture>)>>);

impl Lately {
    /// What the text describes.
    pub(super) fn read(&self, text: &str) -> Result<Arc<Fixture>, FixtureError> {
        if let Some(known) = self.take(text) {
            return Ok(self.keep(text, known));
        }
        let fixture = Fixture::parse(&[(PathBuf::from(FIXTURE), text.to_owned())])?;
        Ok(self.keep(text, Arc::new(fixture)))
    }

    fn take(&self, text: &str) -> Option<Arc<Fixture>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(known, _)| known == text)?;
        kept.remove(place).map(|(_, fixture)| fixture)
    }

    fn keep(&self, text: &str, fixture: Arc<Fixture>) -> Arc<Fixture> {
        if text.len() <= LONGEST {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push_back((text.to_owned(), Arc::clone(&fixture)));
            if kept.len() > MOST {
                kept.pop_front();
            }
        }
        fixture
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: usize) -> String {
        format!("computers: [{{reference: COMP-{number}}}]\n")
    }

    #[test]
    fn one_that_is_used_again_is_not_read_again_and_the_oldest_goes() {
        let lately = Lately::default();
        let first = lately.read(&text(0)).unwrap();
        for number in 1..MOST {
            lately.read(&text(number)).unwrap();
        }
        let again = lately.read(&text(0)).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let second = lately.take(&text(1)).unwrap();
        lately.keep(&text(1), second);
        for number in MOST..2 * MOST - 1 {
            lately.read(&text(number)).unwrap();
        }
        assert!(lately.take(&text(0)).is_none());
        assert!(lately.take(&text(1)).is_some());
    }

    #[test]
    fn neither_a_long_one_nor_a_wrong_one_is_kept() {
        let lately = Lately::default();
        let long = text(1) + &"#".repeat(LONGEST);
        lately.read(&long).unwrap();
        assert!(lately.take(&long).is_none());
        lately.read("computers: 1").unwrap_err();
        assert!(lately.take("computers: 1").is_none());
    }
}
