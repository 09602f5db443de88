//! A guess whether a request was made before, word for word.
//!
//! Most requests are repeated unchanged all day, and one look-up then answers them; for a request
//! that is new that look-up is wasted. The guess decides only which is tried first: a wrong one
//! costs a look-up, never an answer.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::domain::request::RequestInstance;

/// How many requesters and titles are remembered apart.
const SLOTS: usize = 4096;

/// What was last requested, by a digest for each requester and title.
#[derive(Debug)]
pub(super) struct Repeats {
    hasher: RandomState,
    slots: Box<[AtomicU64]>,
}

impl Default for Repeats {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl Repeats {
    /// Whether this probably is what was requested last under its title. From now on it is.
    pub(super) fn is_repeated(&self, request: &RequestInstance) -> bool {
        let digest = self.hasher.hash_one(request);
        let name = self.hasher.hash_one((&request.requester, &request.title));
        let place = usize::try_from(name % SLOTS as u64).unwrap_or_default();
        self.slots
            .get(place)
            .is_some_and(|slot| slot.swap(digest, Ordering::Relaxed) == digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        identifier::{SoftwareReleaseUri, SoftwareType, Title},
        parameters::Parameters,
        request::Requester,
        state::InstanceKind,
    };

    #[test]
    fn only_the_same_words_again_are_a_repetition() {
        let repeats = Repeats::default();
        let mut request = RequestInstance {
            requester: Requester::Caller,
            title: Title::trusted("web".to_owned()),
            kind: InstanceKind::Software,
            release: SoftwareReleaseUri::trusted("release".to_owned()),
            software_type: SoftwareType::trusted("default".to_owned()),
            parameters: Parameters::new(),
            sla: Parameters::new(),
            state: None,
            project: None,
        };
        assert!(!repeats.is_repeated(&request));
        assert!(repeats.is_repeated(&request));
        request.parameters.insert("n", "1");
        assert!(!repeats.is_repeated(&request));
        assert!(repeats.is_repeated(&request));
    }
}
