//! Requests that are forwarded to other masters, in the classic protocol, whatever dialect they
//! came in (`slap.md` 9.1, C.33).
//!
//! Where a request goes is a rule of `domain`; what is kept of it is written by `master`. Here it
//! is carried: outside any transaction, within a time, to its end whether or not the client is
//! still there. Start with [`Forwarder::course`], then [`Going::send`].

mod error;
mod wire;

use std::{panic::resume_unwind, path::Path, sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::{
    domain::{
        caller::Caller,
        forwarding::{Destination, ForwardedRequest, MASTER_URL, OtherMaster},
        identifier::{SoftwareReleaseUri, Title},
        request::RequestInstance,
        state::InstanceKind,
    },
    master::{Master, UnknownRequest},
    net::{
        TlsIdentity,
        outgoing::{self, CallLimits, Remote},
    },
};

use super::{address::PublicAddress, log::chain};

use self::error::Failure;
pub(super) use self::{
    error::ForwardError,
    wire::{Told, Words},
};

/// How other masters answer, and what is answered here, where a master cannot be reached. It is no
/// registered status; the slap library knows it.
pub(super) fn unreachable_status() -> StatusCode {
    StatusCode::from_u16(523).unwrap_or(StatusCode::BAD_GATEWAY)
}

/// How many bytes an answer may have, as many as a request here.
const MOST_ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// How many bytes a run id may have.
const MOST_RUN_ID_BYTES: usize = 1024;

/// How long other masters are waited for, and how many at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForwardLimits {
    /// For the answer to a request. The slap library gives up after 60 s: whoever asks shall hear
    /// that the other master is too slow, and not merely lose patience at the same time.
    pub request_time: Duration,
    /// For the answer whether a URL leads back here; without one, it does not.
    pub question_time: Duration,
    /// How many requests may be under way. A chain of masters that ends where it began grows until
    /// one of them refuses; where all are slapmaster, the `Via` header ends it at once.
    pub under_way: usize,
}

impl Default for ForwardLimits {
    fn default() -> Self {
        Self {
            request_time: Duration::from_secs(50),
            question_time: Duration::from_secs(5),
            under_way: 100,
        }
    }
}

/// Carries requests to other masters. Clones share what is under way.
#[derive(Debug, Clone)]
pub struct Forwarder {
    limits: ForwardLimits,
    slots: Arc<Semaphore>,
}

impl Default for Forwarder {
    fn default() -> Self {
        Self::new(ForwardLimits::default())
    }
}

/// Where a request goes.
#[derive(Debug)]
pub(super) enum Course {
    /// It is served here.
    Here,
    /// It would be forwarded, but its title is known here: served here, and never by an invented
    /// frontend.
    Known,
    /// It is forwarded.
    Elsewhere(Box<Going>),
}

/// A request on its way to another master.
#[derive(Debug)]
pub(super) struct Going {
    forwarder: Forwarder,
    master: Master,
    other: OtherMaster,
    unknown: UnknownRequest,
    kind: InstanceKind,
    release: SoftwareReleaseUri,
    /// The masters that it passed, this one at last.
    via: HeaderValue,
}

impl Forwarder {
    /// Carries requests within these limits.
    pub fn new(limits: ForwardLimits) -> Self {
        Self {
            limits,
            slots: Arc::new(Semaphore::new(limits.under_way)),
        }
    }

    /// Where a request goes that came with these headers.
    ///
    /// Refused like a request that is served here, if that is refused for who makes it or for its
    /// state; see [`ForwardError`] for the rest.
    pub(super) async fn course(
        &self,
        master: &Master,
        caller: Caller,
        request: &RequestInstance,
        address: &PublicAddress,
        headers: &HeaderMap,
    ) -> Result<Course, ForwardError> {
        if !master.has_other_masters() && !request.sla.contains(MASTER_URL) {
            return Ok(Course::Here);
        }
        let own_url = address.base_url(headers);
        let destination = master.destination(request, own_url.as_deref());
        if destination == Destination::Here {
            return Ok(Course::Here);
        }
        let Some(unknown) = master.unknown_request(caller, request.clone()).await? else {
            return Ok(Course::Known);
        };
        let is_own = match destination {
            // Nobody is called unless somebody is configured.
            Destination::Named { url, .. } if master.has_other_masters() => {
                self.leads_here(url, master.run_id()).await
            }
            Destination::Named { .. } | Destination::Listed(_) | Destination::Here => false,
        };
        let Some(other) = destination.settled(is_own)? else {
            return Ok(Course::Here);
        };
        let via = passed(headers, master.run_id())
            .ok_or_else(|| ForwardError::failed(&other.url, Failure::CameBack))?;
        Ok(Course::Elsewhere(Box::new(Going {
            forwarder: self.clone(),
            master: master.clone(),
            other: other.clone(),
            unknown,
            kind: request.kind,
            release: request.release.clone(),
            via,
        })))
    }

    /// Whether the master at a URL is this one.
    async fn leads_here(&self, url: &str, run_id: &str) -> bool {
        let Ok(remote) = url.parse::<Remote>() else {
            return false;
        };
        let mut question = Request::new(Bytes::new());
        *question.uri_mut() = Uri::from_static("/getRunId");
        let limits = CallLimits {
            time: self.limits.question_time,
            body_bytes: MOST_RUN_ID_BYTES,
        };
        outgoing::call(&remote, None, question, limits)
            .await
            .is_ok_and(|answer| answer.status().is_success() && answer.body() == run_id.as_bytes())
    }
}

/// The `Via` header of a request that passed here, given those that it came with; nothing if it
/// was here before.
fn passed(headers: &HeaderMap, run_id: &str) -> Option<HeaderValue> {
    let mut via = Vec::new();
    for before in headers.get_all(header::VIA) {
        let before = before.as_bytes();
        if before.windows(run_id.len()).any(|w| w == run_id.as_bytes()) {
            return None;
        }
        via.extend_from_slice(before);
        via.extend_from_slice(b", ");
    }
    via.extend_from_slice(b"1.1 slapmaster-");
    via.extend_from_slice(run_id.as_bytes());
    HeaderValue::from_bytes(&via).ok()
}

impl Going {
    /// The title of the tree of the instance that asks; none where a person does.
    pub(super) const fn tree_title(&self) -> Option<&Title> {
        self.unknown.tree_title.as_ref()
    }

    /// Sends the request in the caller's own words, and notes that it was.
    ///
    /// Goes on if it is dropped: what the other master did is known here then, too.
    pub(super) async fn send(self, words: Words) -> Result<Told, ForwardError> {
        let url = self.other.url.clone();
        let Ok(slot) = Arc::clone(&self.forwarder.slots).try_acquire_owned() else {
            return Err(ForwardError::failed(&url, Failure::Busy));
        };
        let carried = tokio::spawn(async move {
            let told = self.carry(&words).await;
            drop(slot);
            told
        });
        match carried.await {
            Ok(told) => told,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Err(ForwardError::failed(&url, Failure::Interrupted)),
            },
        }
    }

    async fn carry(&self, words: &Words) -> Result<Told, ForwardError> {
        let told = self.ask(words).await;
        match &told {
            Ok(_) | Err(ForwardError::NotReady) => {
                let request = ForwardedRequest {
                    title: self.unknown.title_sent.clone(),
                    master_url: self.other.url.clone(),
                };
                let state = self.unknown.state;
                self.master.note_forwarded(request, state).await?;
            }
            Err(error) => {
                let (title, why) = (&self.unknown.title_sent, chain(error));
                tracing::warn!(instance.title = %title, "`{title}` was not forwarded: {why}");
            }
        }
        told
    }

    async fn ask(&self, words: &Words) -> Result<Told, ForwardError> {
        let url = &self.other.url;
        let failed = |failure| ForwardError::failed(url, failure);
        let remote: Remote = url.parse().map_err(|error| failed(Failure::Url(error)))?;
        let identity = match (&self.other.certificate, &self.other.key) {
            (Some(certificate), Some(key)) if remote.is_tls() => {
                Some(identity(certificate, key).await.map_err(failed)?)
            }
            _ => None,
        };
        let mut request =
            wire::request(&self.other, &self.unknown, self.kind, &self.release, words)
                .map_err(failed)?;
        request.headers_mut().insert(header::VIA, self.via.clone());
        let limits = CallLimits {
            time: self.forwarder.limits.request_time,
            body_bytes: MOST_ANSWER_BYTES,
        };
        let answer = outgoing::call(&remote, identity.as_ref(), request, limits)
            .await
            .map_err(|error| ForwardError::of_call(url, error))?;
        wire::read(url, &self.release, self.kind, &answer)
    }
}

/// The certificate and key in two files, read at each request: they may be renewed at any time.
async fn identity(certificate: &Path, key: &Path) -> Result<TlsIdentity, Failure> {
    let (certificate, key) = (certificate.to_owned(), key.to_owned());
    let read = |path: &Path| {
        std::fs::read(path).map_err(|source| Failure::Unreadable {
            path: path.to_owned(),
            source,
        })
    };
    let reading = tokio::task::spawn_blocking(move || {
        let identity = TlsIdentity::from_pem(&read(&certificate)?, &read(&key)?);
        identity.map_err(|source| Failure::Pair {
            certificate,
            key,
            source,
        })
    });
    reading.await.unwrap_or(Err(Failure::Interrupted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_tells_whom_it_passed_and_is_known_when_it_comes_back() {
        let mut headers = HeaderMap::new();
        let via = passed(&headers, "abc").unwrap();
        assert_eq!(via, "1.1 slapmaster-abc");
        headers.insert(header::VIA, via);
        assert_eq!(passed(&headers, "abc"), None);
        let foreign = HeaderValue::from_bytes("1.0 proxy (é)".as_bytes()).unwrap();
        headers.append(header::VIA, foreign);
        let further = passed(&headers, "def").unwrap();
        let expected = "1.1 slapmaster-abc, 1.0 proxy (é), 1.1 slapmaster-def";
        assert_eq!(further.as_bytes(), expected.as_bytes());
    }
}
