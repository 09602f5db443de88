//! The fixtures that worlds were made of lately, as they were read: a test suite makes its worlds of
//! the same few.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
        if let Some(known) = self.find(text) {
            return Ok(known);
        }
        let fixture = Arc::new(Fixture::parse(&[(
            PathBuf::from(FIXTURE),
            text.to_owned(),
        )])?);
        let mut kept = self.kept();
        // Somebody else may have read it meanwhile.
        if text.len() <= LONGEST && kept.iter().all(|(known, _)| known != text) {
            kept.push_back((text.to_owned(), Arc::clone(&fixture)));
            if kept.len() > MOST {
                kept.pop_front();
            }
        }
        Ok(fixture)
    }

    /// The one of this text, which is the last used one from now on.
    fn find(&self, text: &str) -> Option<Arc<Fixture>> {
        let mut kept = self.kept();
        let place = kept.iter().position(|(known, _)| known == text)?;
        let found = kept.remove(place)?;
        let fixture = Arc::clone(&found.1);
        kept.push_back(found);
        Some(fixture)
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<(String, Arc<Fixture>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        assert!(lately.find(&text(1)).is_some());
        for number in MOST..2 * MOST - 1 {
            lately.read(&text(number)).unwrap();
        }
        assert!(lately.find(&text(0)).is_none());
        assert!(lately.find(&text(1)).is_some());
    }

    #[test]
    fn neither_a_long_one_nor_a_wrong_one_is_kept() {
        let lately = Lately::default();
        let long = text(1) + &"#".repeat(LONGEST);
        lately.read(&long).unwrap();
        assert!(lately.find(&long).is_none());
        lately.read("computers: 1").unwrap_err();
        assert!(lately.find("computers: 1").is_none());
    }
}
