//! Requests that are made again, word for word, and what they are answered.
//!
//! Most requests are repeated unchanged all day, and one look-up then answers them; for a request
//! that is new that look-up is wasted. The guess decides only which is tried first: a wrong one
//! costs a look-up, never an answer.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

use super::{Master, RequestOutcome, Result};
use crate::{
    domain::{
        behaviour::{RequestProject, StateNone},
        caller::Caller,
        permission::Identity,
        request::{RequestInstance, Requester, wanted_state},
        state::RequestedState,
    },
    store,
};

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

impl Master {
    /// The answer to a request for what already is exactly so, which is most of them.
    pub(super) async fn unchanged(
        &self,
        caller: &Caller,
        request: &RequestInstance,
    ) -> Result<Option<RequestOutcome>> {
        let behaviour = self.0.behaviour();
        if request.state.is_none() && behaviour.state_none == StateNone::Keep {
            return Ok(None);
        }
        let state = wanted_state(request.state.as_deref(), None, behaviour.state_none)?;
        if state == RequestedState::Destroyed {
            return Ok(None);
        }
        let mut connection = self.0.store.glance().await?;
        let who = self.0.identify(&mut connection, caller).await?;
        let found = match &request.requester {
            Requester::Caller => {
                let owner = match who.as_deref() {
                    None => self.0.default_user.id,
                    Some(Identity::User { id, .. }) => *id,
                    Some(Identity::Computer { .. } | Identity::Instance { .. }) => return Ok(None),
                };
                let mut request = request;
                let without_project;
                if behaviour.request_project == RequestProject::Ignore && request.project.is_some()
                {
                    without_project = RequestInstance {
                        project: None,
                        ..request.clone()
                    };
                    request = &without_project;
                }
                let guessed = behaviour.request_project == RequestProject::Guess;
                store::instance::root_exactly_as(&mut connection, owner, request, state, guessed)
                    .await?
            }
            Requester::Header(at) | Requester::Form(at) => {
                // Whether somebody may is asked again where nothing is found.
                if !self.0.may_request_for(&mut connection, &who, at).await? {
                    return Ok(None);
                }
                store::instance::child_exactly_as(&mut connection, at, request, state).await?
            }
        };
        Ok(found.map(|(instance, computer)| RequestOutcome::Unchanged { instance, computer }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        identifier::{SoftwareReleaseUri, SoftwareType, Title},
        parameters::Parameters,
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
