//! What a refused or failed call is answered: the JSON-RPC dialect's one error mapping
//! (`json-rpc.md` 2 and 7).
//!
//! "Not found" is 403 here for whatever is looked for, and 404 for computers and partitions, which
//! are looked up. A body has always the three keys `status`, `type` and `title`. Start with
//! [`CallKind`] and [`verdict`].

use std::sync::Arc;

use axum::{
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
};
use serde_json::json;

use crate::{
    domain::{
        behaviour::{Behaviour, Errors, ErrorsUnknown, JsonRpcWords},
        certificate::CertificateRefused,
        guid::ProxyGuid,
        request::RefusedValue,
        text::InvalidValue,
    },
    front::{
        body::BodyError,
        forward::{ForwardError, unreachable_status},
        log::{INTERNAL_ERROR, InternalFailure, chain},
    },
    master::{self, Master, MasterError, Missing},
    xml::json::JsonError,
};

use super::{answer, schema::Violation};

/// How many bytes of an error's text are sent; it may quote what the caller sent.
const MAX_TEXT_BYTES: usize = 2048;

/// What kind of call it is: that decides how it is answered about unknown things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallKind {
    /// Lists what is on a computer.
    ComputerList,
    /// Is about a computer, and slapproxy has nothing of the kind: its status, its certificate.
    Computer,
    /// Reports something about a computer.
    ComputerReport,
    /// Formats or supplies a computer: whether an unknown one is taken has switches of its own
    /// (C.11, C.14).
    Setup,
    /// Reports something about software on a computer.
    SoftwareReport,
    /// Reads the instance on a partition.
    PartitionRead,
    /// Reads an instance, or reports that it is gone.
    Instance,
    /// Lists what an instance hosts.
    Host,
    /// Reports something of an instance that slapproxy does not look at.
    InstanceReport,
    /// Changes something of an instance.
    InstanceChange,
    /// Reads a tree.
    Tree,
    /// Requests an instance.
    Request,
    /// About the server: names nothing.
    Server,
}

/// How a call ends that was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// With this status and symbolic type, and the reason as a title.
    Refused(StatusCode, &'static str),
    /// As if it had been done: a report is taken and forgotten, a list is empty.
    Ignored,
    /// With 500, a fixed sentence, and the reason in the log.
    Failed,
}

/// Why a call was not done.
#[derive(Debug)]
pub(super) enum JsonRpcError {
    /// It is refused.
    Refused(Problem),
    /// It is answered as if it had been done.
    Ignored,
    /// The instance is not ready, says the master that serves it.
    NotReady,
    /// The master failed.
    Failed(MasterError),
}

/// A refusal, in the words of either master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    /// Production's symbolic type; slapproxy's is the status's reason phrase.
    kind: &'static str,
    title: String,
    /// What slapproxy says, where that is something else.
    proxy_title: Option<String>,
}

impl JsonRpcError {
    fn refused(status: StatusCode, kind: &'static str, title: impl Into<String>) -> Self {
        Self::Refused(Problem {
            status,
            kind,
            title: title.into(),
            proxy_title: None,
        })
    }

    /// No method has this path.
    pub(super) fn unknown_method(path: &str) -> Self {
        Self::refused(StatusCode::NOT_FOUND, "not-found", path)
    }

    /// The path names a world that is not there.
    pub(super) fn unknown_world(title: String) -> Self {
        Self::refused(StatusCode::NOT_FOUND, "not-found", title)
    }

    /// A method is called by another verb than POST.
    pub(super) fn wrong_verb(found: &Method) -> Self {
        let title = format!("{found} is not allowed, POST was expected");
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::refused(status, "not-allowed-http-method", title)
    }

    /// The body is said to be something else than JSON.
    pub(super) fn media_type(found: Option<&str>) -> Self {
        let found = found.map_or("missing".to_owned(), |found| format!("`{found}`"));
        let title = format!("the Content-Type is {found}, `application/json` was expected");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::refused(status, "unexpected-media-type", title)
    }

    /// The body is no JSON.
    pub(super) fn not_json(error: &JsonError) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self::refused(status, "not-parsable-json-content", error.to_string())
    }

    /// The body is a JSON value, shown here, and no object.
    pub(super) fn not_an_object(shown: &str) -> Self {
        let title = format!("{shown} is not of type 'object'");
        let status = StatusCode::BAD_REQUEST;
        Self::refused(status, "not-json-object-content", title)
    }

    /// The arguments do not have the method's shape.
    pub(super) fn invalid_shape(violation: Violation) -> Self {
        let title = if violation.path.is_empty() {
            violation.message.clone()
        } else {
            format!("`{}`: {}", violation.path, violation.message)
        };
        Self::Refused(Problem {
            proxy_title: Some(violation.message),
            ..Problem::invalid(title)
        })
    }

    /// A usage report that is none.
    pub(super) fn usage_report(title: String) -> Self {
        Self::refused(StatusCode::BAD_REQUEST, "INVALIDATE_TIOXML", title)
    }

    /// Refused with 403 and a type of its own.
    pub(super) fn forbidden(kind: &'static str, title: impl Into<String>) -> Self {
        Self::refused(StatusCode::FORBIDDEN, kind, title)
    }

    /// The same; 500 as production under `errors` at `production`.
    pub(super) fn by_rule(
        kind: &'static str,
        title: impl Into<String>,
        behaviour: &Behaviour,
    ) -> Self {
        let (status, kind) = by_rule(kind, behaviour);
        Self::refused(status, kind, title)
    }

    /// The same refusal in other words where slapproxy's are spoken.
    pub(super) fn or_as_slapproxy(self, title: impl FnOnce() -> String) -> Self {
        match self {
            Self::Refused(problem) => Self::Refused(Problem {
                proxy_title: Some(title()),
                ..problem
            }),
            other @ (Self::Ignored | Self::NotReady | Self::Failed(_)) => other,
        }
    }

    /// The answer.
    pub(super) fn into_response(self, words: JsonRpcWords) -> Response {
        match self {
            Self::Refused(problem) => problem.into_response(words),
            Self::Ignored => answer::success("Ignored"),
            Self::NotReady => answer::not_ready(),
            Self::Failed(error) => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                let mut response = Problem {
                    status,
                    kind: UNKNOWN_ERROR,
                    title: INTERNAL_ERROR.trim_end().to_owned(),
                    proxy_title: None,
                }
                .into_response(words);
                let failure = InternalFailure(Arc::new(error));
                response.extensions_mut().insert(failure);
                response
            }
        }
    }
}

impl Problem {
    fn invalid(title: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: INVALID,
            title,
            proxy_title: None,
        }
    }

    fn into_response(self, words: JsonRpcWords) -> Response {
        let reason = self.status.canonical_reason().unwrap_or(NO_REASON);
        let (kind, title) = match words {
            JsonRpcWords::Production => (self.kind, self.title),
            JsonRpcWords::Proxy => (reason, self.proxy_title.unwrap_or(self.title)),
        };
        let body = json!({
            "status": self.status.as_u16(),
            "type": kind,
            "title": clipped(title),
        });
        let mut response = answer::json(self.status, &body);
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            let allow = HeaderValue::from_static("POST");
            response.headers_mut().insert(header::ALLOW, allow);
        }
        response
    }
}

impl From<InvalidValue> for JsonRpcError {
    fn from(error: InvalidValue) -> Self {
        Self::Refused(Problem::invalid(error.to_string()))
    }
}

impl From<BodyError> for JsonRpcError {
    fn from(error: BodyError) -> Self {
        let (status, kind) = match &error {
            BodyError::Malformed(_) => (StatusCode::BAD_REQUEST, "not-parsable-json-content"),
            BodyError::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "content-too-large"),
        };
        Self::refused(status, kind, error.to_string())
    }
}

/// Turns what the master says into the dialect's answer.
pub(super) trait Answered<T> {
    /// The outcome for a call of this kind.
    fn answered(self, kind: CallKind, master: &Master) -> Result<T, JsonRpcError>;
}

impl<T> Answered<T> for master::Result<T> {
    fn answered(self, kind: CallKind, master: &Master) -> Result<T, JsonRpcError> {
        self.map_err(|error| {
            let behaviour = master.behaviour();
            match verdict(kind, &error, &behaviour) {
                Verdict::Refused(status, symbol) => JsonRpcError::Refused(Problem {
                    status,
                    kind: symbol,
                    title: error.to_string(),
                    proxy_title: as_slapproxy_says(kind, &error),
                }),
                Verdict::Ignored => JsonRpcError::Ignored,
                Verdict::Failed => JsonRpcError::Failed(error),
            }
        })
    }
}

impl<T> Answered<T> for Result<T, ForwardError> {
    fn answered(self, kind: CallKind, master: &Master) -> Result<T, JsonRpcError> {
        self.or_else(|error| {
            let (status, symbol) = match error {
                ForwardError::Master(error) => return Err(error).answered(kind, master),
                ForwardError::NotReady => return Err(JsonRpcError::NotReady),
                // Slapproxy fails where it refuses.
                ForwardError::Refused(_) | ForwardError::Failed { .. } => {
                    (StatusCode::INTERNAL_SERVER_ERROR, UNKNOWN_ERROR)
                }
                ForwardError::Unreachable { .. } => {
                    (unreachable_status(), "OTHER-MASTER-UNREACHABLE")
                }
            };
            Err(JsonRpcError::refused(status, symbol, chain(&error)))
        })
    }
}

/// As [`Answered`], for what may be ignored.
pub(super) trait Done<T> {
    /// The outcome, or nothing where the call is answered as if it had been done.
    fn done(self, kind: CallKind, master: &Master) -> Result<Option<T>, JsonRpcError>;
}

impl<T> Done<T> for master::Result<T> {
    fn done(self, kind: CallKind, master: &Master) -> Result<Option<T>, JsonRpcError> {
        match self.answered(kind, master) {
            Err(JsonRpcError::Ignored) => Ok(None),
            other => other.map(Some),
        }
    }
}

/// Slapproxy's type of a status that has no reason phrase.
const NO_REASON: &str = "Unknown Error";

const INVALID: &str = "invalid-json-object-content";
const NOT_FOUND: &str = "not-found";
const UNKNOWN_ERROR: &str = "unknown-error";
const INSTANCE_NOT_FOUND: &str = "SOFTWARE-INSTANCE-NOT-FOUND";
const REQUEST_REFUSED: &str = "REQUEST-REFUSED";

const BROKEN: Verdict = Verdict::Refused(StatusCode::INTERNAL_SERVER_ERROR, UNKNOWN_ERROR);
const ABSENT: Verdict = Verdict::Refused(StatusCode::NOT_FOUND, NOT_FOUND);

const fn forbidden(kind: &'static str) -> Verdict {
    Verdict::Refused(StatusCode::FORBIDDEN, kind)
}

/// Status and type of what production has only an exception for (C.53, C.54).
const fn by_rule(kind: &'static str, behaviour: &Behaviour) -> (StatusCode, &'static str) {
    match behaviour.errors {
        Errors::Plain => (StatusCode::FORBIDDEN, kind),
        Errors::Production => (StatusCode::INTERNAL_SERVER_ERROR, UNKNOWN_ERROR),
    }
}

/// How a call of this kind ends with this error (`json-rpc.md` 2.3 and 7, C.53, C.54, C.70).
pub(super) fn verdict(kind: CallKind, error: &MasterError, behaviour: &Behaviour) -> Verdict {
    let rule = |kind| {
        let (status, kind) = by_rule(kind, behaviour);
        Verdict::Refused(status, kind)
    };
    match error {
        MasterError::Invalid(_) => Verdict::Refused(StatusCode::BAD_REQUEST, INVALID),
        MasterError::Unauthenticated(_) | MasterError::Forbidden(_) => {
            Verdict::Refused(StatusCode::UNAUTHORIZED, "unauthorized")
        }
        MasterError::BrokenRule(_)
        | MasterError::NotFound(
            Missing::Requester(_) | Missing::ProjectGuess | Missing::Project(_),
        ) => rule(REQUEST_REFUSED),
        MasterError::NotFound(missing) => match behaviour.errors_unknown {
            ErrorsUnknown::Plain => plain(kind, missing),
            ErrorsUnknown::Production => as_production(kind, missing),
            ErrorsUnknown::Proxy => as_slapproxy(kind, missing),
        },
        MasterError::UnknownRequester(_) => forbidden(INSTANCE_NOT_FOUND),
        MasterError::NothingFree(_) => forbidden(REQUEST_REFUSED),
        MasterError::RefusedValue(refused) => match refused {
            RefusedValue::NotAskedToBeDestroyed(_) => {
                forbidden("SOFTWARE-INSTALLATION-DESTROY-NOT-REQUESTED")
            }
            RefusedValue::TitleInTree(_) | RefusedValue::TitleOfTree(_) => rule("TITLE-TAKEN"),
            RefusedValue::RootOfTree(_) | RefusedValue::UnknownState(_) => rule(REQUEST_REFUSED),
        },
        MasterError::CertificateRefused(refused) => rule(match refused {
            CertificateRefused::StillActive(_) | CertificateRefused::InstanceStillActive(_) => {
                "CERTIFICATE-STILL-ACTIVE"
            }
            CertificateRefused::NoneActive(_) => "NO-CERTIFICATE",
        }),
        MasterError::Issuing(_) => BROKEN,
        MasterError::SeedRefused(_) | MasterError::Internal(_) => Verdict::Failed,
    }
}

fn plain(kind: CallKind, missing: &Missing) -> Verdict {
    match missing {
        Missing::Computer(_) | Missing::Partition(_) => ABSENT,
        Missing::Instance(_) if kind == CallKind::Host => forbidden("HOST-INSTANCE-NOT-FOUND"),
        Missing::Instance(_)
        | Missing::InstanceOnPartition { .. }
        | Missing::SharedInstance { .. } => forbidden(INSTANCE_NOT_FOUND),
        Missing::Tree(_) => forbidden("INSTANCE-TREE-NOT-FOUND"),
        Missing::Installation { .. } => forbidden("SOFTWARE-INSTALLATION-NOT-FOUND"),
        Missing::Requester(_)
        | Missing::ProjectGuess
        | Missing::Project(_)
        | Missing::User(_)
        | Missing::Simulation(_)
        | Missing::ProductOfRelease(_) => forbidden(REQUEST_REFUSED),
    }
}

fn as_production(kind: CallKind, missing: &Missing) -> Verdict {
    match (kind, missing) {
        (CallKind::ComputerList, Missing::Computer(_)) => Verdict::Ignored,
        // Production looks the computer up in a way that breaks.
        (CallKind::PartitionRead, Missing::Computer(_)) => BROKEN,
        _ => plain(kind, missing),
    }
}

fn as_slapproxy(kind: CallKind, missing: &Missing) -> Verdict {
    match (kind, missing) {
        (CallKind::ComputerList, Missing::Computer(_)) => forbidden(NOT_FOUND),
        (CallKind::PartitionRead, Missing::Computer(_) | Missing::Partition(_)) => {
            forbidden(INSTANCE_NOT_FOUND)
        }
        (CallKind::ComputerReport, Missing::Computer(_))
        | (CallKind::SoftwareReport, Missing::Computer(_) | Missing::Installation { .. })
        | (CallKind::InstanceReport, Missing::Instance(_)) => Verdict::Ignored,
        // Slapproxy takes a guid apart before it looks for what it names.
        (CallKind::InstanceChange, Missing::Instance(guid)) if is_proxy_guid(guid.as_str()) => {
            Verdict::Ignored
        }
        _ => plain(kind, missing),
    }
}

fn is_proxy_guid(guid: &str) -> bool {
    !ProxyGuid::readings(guid).is_empty()
}

/// Slapproxy's own words for a refusal, where it has some that a client may look for (C.89).
fn as_slapproxy_says(kind: CallKind, error: &MasterError) -> Option<String> {
    let MasterError::NotFound(missing) = error else {
        return None;
    };
    match (kind, missing) {
        (CallKind::ComputerList, Missing::Computer(computer)) => {
            Some(format!("{computer} is not registered."))
        }
        (_, Missing::Instance(guid)) if is_proxy_guid(guid.as_str()) => {
            Some(format!("No software instance {guid} found."))
        }
        (_, Missing::Instance(guid)) => Some(format!("instance_guid {guid} not handled.")),
        (_, Missing::Tree(title)) => Some(format!("No instance tree {title} found.")),
        _ => None,
    }
}

fn clipped(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests;
