//! Why a request that is forwarded has no answer.

use std::{io, path::PathBuf};

use axum::http::StatusCode;

use crate::{
    domain::forwarding::ForwardingRefused,
    master::MasterError,
    net::{
        IdentityError,
        outgoing::{CallError, RemoteError},
    },
    xml::marshal::MarshalError,
};

/// Why a request that is for another master has no answer, by what a client must be able to tell
/// apart (`slap.md` 9.1). Of the request nothing is kept then, unless the other master has it and
/// is not ready.
#[derive(Debug, thiserror::Error)]
pub(in crate::front) enum ForwardError {
    /// The configuration does not let it go there. Classic 404, JSON-RPC 500.
    #[error(transparent)]
    Refused(#[from] ForwardingRefused),
    /// The other master says that the instance is not ready: 408, and the not-ready body.
    #[error("the other master says that the instance is not ready")]
    NotReady,
    /// The other master is down or too slow, or TLS with it fails: 523.
    #[error("the master `{url}` cannot be reached")]
    Unreachable {
        /// Its URL.
        url: String,
        /// Why not.
        #[source]
        source: CallError,
    },
    /// It refuses, fails, or answers what is no answer; or something is wrong here: 500.
    #[error("the request cannot be made of the master `{url}`")]
    Failed {
        /// Its URL.
        url: String,
        /// What happened.
        #[source]
        source: Box<Failure>,
    },
    /// This master refuses the request, or fails.
    #[error(transparent)]
    Master(#[from] MasterError),
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(in crate::front) enum Failure {
    /// The configured text is no URL.
    #[error("it is no URL of a master")]
    Url(#[source] RemoteError),
    /// A file of the certificate or its key cannot be read.
    #[error("cannot read `{path}`", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The files hold no certificate with its key.
    #[error(
        "`{certificate}` and `{key}` are no certificate and key",
        certificate = .certificate.display(),
        key = .key.display()
    )]
    Pair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why not.
        source: IdentityError,
    },
    /// The partition in whose name to request cannot stand in a header.
    #[error("the partition to request for cannot be named in a header")]
    Requester,
    /// Another status than 200 or 408.
    #[error("it answered {0}")]
    Status(StatusCode),
    /// The answer does not arrive in full.
    #[error("its answer cannot be read")]
    Answer(#[source] CallError),
    /// The answer is not in UTF-8.
    #[error("its answer is not in UTF-8")]
    NotUtf8,
    /// The answer is not marshalled.
    #[error("its answer is no marshalled instance")]
    Marshal(#[source] MarshalError),
    /// The answer is another value than an instance.
    #[error("its answer is {0}, an instance was expected")]
    NotAnInstance(&'static str),
    /// The instance lacks what every instance has.
    #[error("the instance that it answered has no {0}")]
    Lacks(&'static str),
    /// The request was forwarded by this master before.
    #[error("it came back from there: masters forward it to each other in a circle")]
    CameBack,
    /// Too many requests are under way.
    #[error("too many forwarded requests are under way")]
    Busy,
    /// The server stops.
    #[error("the server is stopping")]
    Interrupted,
}

impl ForwardError {
    /// The request to the master at `url` failed.
    pub(super) fn failed(url: &str, failure: Failure) -> Self {
        Self::Failed {
            url: url.to_owned(),
            source: Box::new(failure),
        }
    }

    /// As the slap library sees it: what ends before an answer in HTTP is a failed connection,
    /// what ends within one is a failed call.
    pub(super) fn of_call(url: &str, source: CallError) -> Self {
        match source {
            CallError::NoConnection(_) | CallError::NoAnswer(_) | CallError::TooSlow(_) => {
                Self::Unreachable {
                    url: url.to_owned(),
                    source,
                }
            }
            CallError::Cut(_) | CallError::TooLarge(_) | CallError::NoPath(_) => {
                Self::failed(url, Failure::Answer(source))
            }
        }
    }
}
