//! What a refused or failed call is answered: the classic dialect's one error mapping.
//!
//! The client tells apart 404, 408, the 500 family and "any other"; slapgrid takes the last two
//! for an outage (`slap.md` 1.3). Hence 404 for "no such thing" and 5xx sparingly, production's
//! own habits under `errors.unknown` aside. Start with [`CallKind`] and [`verdict`].

use std::sync::Arc;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    domain::{behaviour::ErrorsUnknown, text::InvalidValue},
    front::{
        body::BodyError,
        forward::{ForwardError, unreachable_status},
        log::{INTERNAL_ERROR, InternalFailure, chain},
    },
    master::{self, Master, MasterError, Missing},
};

use super::answer;

/// How many bytes of an error's text are sent; it may quote what the caller sent.
const MAX_TEXT_BYTES: usize = 2048;

/// What kind of call it is: that decides how it is answered about unknown things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallKind {
    /// Reads a computer's information.
    ComputerRead,
    /// Reads a partition.
    PartitionRead,
    /// Reads the certificate of the instance on a partition.
    PartitionCertificate,
    /// Reads the status of a partition.
    PartitionStatus,
    /// Reads the status of a computer or of an installation.
    ComputerStatus,
    /// Reads the addresses of a tree. Slapproxy lacks the call.
    TreeRead,
    /// Reads the releases of a product.
    ProductRead,
    /// Requests an instance.
    Request,
    /// Reports or writes something about a partition.
    PartitionWrite,
    /// Reports something about a computer.
    ComputerWrite,
    /// Reports something about software on a computer.
    SoftwareReport,
    /// Formats or supplies a computer: whether an unknown one is taken has switches of its own
    /// (C.11, C.14).
    Setup,
    /// About the server: names nothing.
    Server,
}

/// How a call ends that was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// With this status, and the reason as a text.
    Refused(StatusCode),
    /// As if it had been done: slapproxy takes the report and forgets it.
    Ignored,
    /// With 500, a fixed sentence, and the reason in the log.
    Failed,
}

/// Why a classic call was not done.
#[derive(Debug)]
pub(super) enum SlapError {
    /// Something sent is malformed: 400.
    Malformed(InvalidValue),
    /// Something sent is too large: 413.
    TooLarge(String),
    /// A value has a type that production refuses as a value (C.54): 404.
    RefusedType(InvalidValue),
    /// The call is known and not served: 404.
    NotServed(&'static str),
    /// The instance is not ready: 408.
    NotReady,
    /// A status that production cannot read (C.72): 500.
    Unreadable(String),
    /// Another master, for which it is, did not do it: this status, and the reason.
    Elsewhere(StatusCode, ForwardError),
    /// The master did not do it.
    Master {
        /// How the call ends.
        verdict: Verdict,
        /// Why.
        error: MasterError,
    },
}

impl From<InvalidValue> for SlapError {
    fn from(error: InvalidValue) -> Self {
        Self::Malformed(error)
    }
}

impl From<BodyError> for SlapError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Malformed(error) => Self::Malformed(error),
            BodyError::TooLarge(_) => Self::TooLarge(error.to_string()),
        }
    }
}

/// Turns what the master says into the classic answer.
pub(super) trait Answered<T> {
    /// The outcome for a call of this kind.
    fn answered(self, kind: CallKind, master: &Master) -> Result<T, SlapError>;
}

impl<T> Answered<T> for master::Result<T> {
    fn answered(self, kind: CallKind, master: &Master) -> Result<T, SlapError> {
        self.map_err(|error| SlapError::Master {
            verdict: verdict(kind, &error, master.behaviour().errors_unknown),
            error,
        })
    }
}

impl<T> Answered<T> for Result<T, ForwardError> {
    fn answered(self, kind: CallKind, master: &Master) -> Result<T, SlapError> {
        self.or_else(|error| {
            let status = match error {
                ForwardError::Master(error) => return Err(error).answered(kind, master),
                ForwardError::NotReady => return Err(SlapError::NotReady),
                ForwardError::Refused(_) => StatusCode::NOT_FOUND,
                ForwardError::Unreachable { .. } => unreachable_status(),
                ForwardError::Failed { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            };
            Err(SlapError::Elsewhere(status, error))
        })
    }
}

/// As [`Answered`], for reports and writes: what is ignored counts as done.
pub(super) trait Done<T> {
    /// The outcome, or nothing where the call is taken and forgotten.
    fn done(self, kind: CallKind, master: &Master) -> Result<Option<T>, SlapError>;
}

impl<T> Done<T> for master::Result<T> {
    fn done(self, kind: CallKind, master: &Master) -> Result<Option<T>, SlapError> {
        match self.answered(kind, master) {
            Err(SlapError::Master {
                verdict: Verdict::Ignored,
                ..
            }) => Ok(None),
            other => other.map(Some),
        }
    }
}

const BAD_REQUEST: Verdict = Verdict::Refused(StatusCode::BAD_REQUEST);
const UNAUTHORIZED: Verdict = Verdict::Refused(StatusCode::UNAUTHORIZED);
const NOT_FOUND: Verdict = Verdict::Refused(StatusCode::NOT_FOUND);
const BROKEN: Verdict = Verdict::Refused(StatusCode::INTERNAL_SERVER_ERROR);

/// How a call of this kind ends with this error (`semantics.md` 10.4, C.53, C.54, C.66 to C.69).
pub(super) fn verdict(kind: CallKind, error: &MasterError, unknown: ErrorsUnknown) -> Verdict {
    match error {
        MasterError::Invalid(_) => BAD_REQUEST,
        MasterError::Unauthenticated(_) | MasterError::Forbidden(_) => UNAUTHORIZED,
        MasterError::NotFound(missing) => match unknown {
            ErrorsUnknown::Plain => NOT_FOUND,
            ErrorsUnknown::Production => as_production(kind, missing),
            ErrorsUnknown::Proxy => as_slapproxy(kind, missing),
        },
        MasterError::UnknownRequester(missing) => match (unknown, missing) {
            // Production looks the computer up in a way that breaks (C.10).
            (ErrorsUnknown::Production, Missing::Computer(_)) => BROKEN,
            (ErrorsUnknown::Plain | ErrorsUnknown::Production | ErrorsUnknown::Proxy, _) => {
                NOT_FOUND
            }
        },
        MasterError::NothingFree(_)
        | MasterError::RefusedValue(_)
        | MasterError::CertificateRefused(_) => NOT_FOUND,
        MasterError::BrokenRule(_) | MasterError::Issuing(_) => BROKEN,
        MasterError::SeedRefused(_) | MasterError::Internal(_) => Verdict::Failed,
    }
}

fn as_production(kind: CallKind, missing: &Missing) -> Verdict {
    match missing {
        Missing::Computer(_) => match kind {
            CallKind::ComputerRead
            | CallKind::PartitionRead
            | CallKind::PartitionCertificate
            | CallKind::PartitionStatus
            | CallKind::TreeRead
            | CallKind::Request
            | CallKind::PartitionWrite => BROKEN,
            CallKind::ComputerStatus
            | CallKind::ProductRead
            | CallKind::ComputerWrite
            | CallKind::SoftwareReport
            | CallKind::Setup
            | CallKind::Server => NOT_FOUND,
        },
        Missing::Partition(_) if kind == CallKind::PartitionStatus => BROKEN,
        // Quirk: access is tested before "nothing found" (`slap.md` 5.4).
        Missing::InstanceOnPartition { busy: true, .. } | Missing::SharedInstance { .. }
            if kind == CallKind::PartitionWrite =>
        {
            UNAUTHORIZED
        }
        Missing::Partition(_)
        | Missing::InstanceOnPartition { .. }
        | Missing::SharedInstance { .. }
        | Missing::Installation { .. }
        | Missing::ProductOfRelease(_)
        | Missing::Instance(_)
        | Missing::Tree(_)
        | Missing::User(_)
        | Missing::Project(_)
        | Missing::Requester(_)
        | Missing::Simulation(_)
        | Missing::ProjectGuess => NOT_FOUND,
    }
}

fn as_slapproxy(kind: CallKind, missing: &Missing) -> Verdict {
    match missing {
        Missing::ProductOfRelease(_)
        | Missing::Instance(_)
        | Missing::Tree(_)
        | Missing::User(_)
        | Missing::Project(_)
        | Missing::Requester(_)
        | Missing::Simulation(_)
        | Missing::ProjectGuess => NOT_FOUND,
        Missing::Computer(_)
        | Missing::Partition(_)
        | Missing::InstanceOnPartition { .. }
        | Missing::SharedInstance { .. }
        | Missing::Installation { .. } => match kind {
            // The exception escapes where 404 is meant.
            CallKind::ComputerRead | CallKind::PartitionRead => BROKEN,
            CallKind::PartitionWrite | CallKind::ComputerWrite | CallKind::SoftwareReport => {
                Verdict::Ignored
            }
            // Slapproxy lacks these calls, or knows one answer to all of them, or has a switch of
            // its own for them.
            CallKind::PartitionCertificate
            | CallKind::PartitionStatus
            | CallKind::ComputerStatus
            | CallKind::TreeRead
            | CallKind::ProductRead
            | CallKind::Request
            | CallKind::Setup
            | CallKind::Server => NOT_FOUND,
        },
    }
}

impl IntoResponse for SlapError {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Malformed(error) => (StatusCode::BAD_REQUEST, error.to_string()),
            Self::TooLarge(text) => (StatusCode::PAYLOAD_TOO_LARGE, text),
            Self::RefusedType(error) => (StatusCode::NOT_FOUND, error.to_string()),
            Self::NotServed(text) => (StatusCode::NOT_FOUND, text.to_owned()),
            Self::NotReady => return answer::not_ready(),
            Self::Unreadable(text) => (StatusCode::INTERNAL_SERVER_ERROR, text),
            Self::Elsewhere(status, error) => (status, chain(&error)),
            Self::Master { verdict, error } => match verdict {
                Verdict::Refused(status) => (status, error.to_string()),
                Verdict::Ignored => (StatusCode::OK, error.to_string()),
                Verdict::Failed => return failed(error),
            },
        };
        answer::plain(status, clipped(text))
    }
}

/// An internal error: a fixed sentence for the client, the chain for the log.
fn failed(error: MasterError) -> Response {
    let mut response = answer::plain(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL_ERROR);
    response
        .extensions_mut()
        .insert(InternalFailure(Arc::new(error)));
    response
}

fn clipped(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        text.push('…');
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        certificate::CertificateRefused,
        identifier::{
            ComputerReference, PartitionAddress, PartitionReference, ProjectReference,
            SoftwareReleaseUri, Title,
        },
        request::{BrokenRule, RefusedValue},
    };
    use CallKind::{
        ComputerRead, ComputerStatus, ComputerWrite, PartitionCertificate, PartitionRead,
        PartitionStatus, PartitionWrite, ProductRead, Request, Setup, SoftwareReport, TreeRead,
    };

    fn computer() -> Missing {
        Missing::Computer(ComputerReference::trusted("COMP-9".to_owned()))
    }

    fn at() -> PartitionAddress {
        PartitionAddress {
            computer: ComputerReference::trusted("COMP-9".to_owned()),
            partition: PartitionReference::trusted("slappart9".to_owned()),
        }
    }

    fn partition() -> Missing {
        Missing::Partition(at())
    }

    fn nobody(busy: bool) -> Missing {
        Missing::InstanceOnPartition { at: at(), busy }
    }

    fn shared() -> Missing {
        Missing::SharedInstance {
            at: at(),
            reference: "SOFTINST-9".to_owned(),
        }
    }

    fn release() -> SoftwareReleaseUri {
        SoftwareReleaseUri::trusted("https://sr.example.org/software.cfg".to_owned())
    }

    fn installation() -> Missing {
        Missing::Installation {
            computer: ComputerReference::trusted("COMP-9".to_owned()),
            release: release(),
        }
    }

    /// Statuses of plain, production and proxy; 0 stands for "as if it had been done".
    fn statuses(kind: CallKind, error: &MasterError) -> [u16; 3] {
        [
            ErrorsUnknown::Plain,
            ErrorsUnknown::Production,
            ErrorsUnknown::Proxy,
        ]
        .map(|unknown| match verdict(kind, error, unknown) {
            Verdict::Refused(status) => status.as_u16(),
            Verdict::Ignored => 0,
            Verdict::Failed => 500,
        })
    }

    #[test]
    fn what_is_missing_is_answered_by_the_kind_of_call() {
        let check = |source: &str, kind, missing: Missing, expected: [u16; 3]| {
            let found = statuses(kind, &MasterError::NotFound(missing));
            assert_eq!(found, expected, "{source}: {kind:?}");
        };
        check(
            "C.66, slap.md 5.1",
            ComputerRead,
            computer(),
            [404, 500, 500],
        );
        check(
            "C.66, slap.md 5.2",
            PartitionRead,
            computer(),
            [404, 500, 500],
        );
        check(
            "C.66, slap.md 5.16",
            PartitionStatus,
            computer(),
            [404, 500, 404],
        );
        check("C.66", ComputerStatus, computer(), [404, 404, 404]);
        check("C.66, slap.md 5.18", TreeRead, computer(), [404, 500, 404]);
        check("C.67", PartitionRead, partition(), [404, 404, 500]);
        check("C.78", PartitionCertificate, computer(), [404, 500, 404]);
        check("C.78", PartitionCertificate, partition(), [404, 404, 404]);
        check("C.67", PartitionStatus, partition(), [404, 500, 404]);
        check("C.67", TreeRead, partition(), [404, 404, 404]);
        check("semantics.md 12.3", TreeRead, nobody(true), [404, 404, 404]);
        check(
            "C.68, slap.md 5.4",
            PartitionWrite,
            computer(),
            [404, 500, 0],
        );
        check(
            "C.68, slap.md 5.4",
            PartitionWrite,
            partition(),
            [404, 404, 0],
        );
        check("C.68", ComputerWrite, computer(), [404, 404, 0]);
        check("C.68", SoftwareReport, computer(), [404, 404, 0]);
        check("C.11, C.14", Setup, computer(), [404, 404, 404]);
        check("C.69", PartitionWrite, nobody(false), [404, 404, 0]);
        check("C.69", PartitionWrite, nobody(true), [404, 401, 0]);
        check("C.69, slap.md 5.9", PartitionWrite, shared(), [404, 401, 0]);
        check(
            "C.69, slap.md 5.13",
            SoftwareReport,
            installation(),
            [404, 404, 0],
        );
        let product = Missing::ProductOfRelease(release());
        check("slap.md 5.21", ProductRead, product, [404, 404, 404]);
        let project = Missing::Project(ProjectReference::trusted("PROJ-9".to_owned()));
        check("C.5", Request, project, [404, 404, 404]);
        check("C.3", Request, Missing::ProjectGuess, [404, 404, 404]);
    }

    #[test]
    fn the_other_errors_are_answered_alike_by_every_call() {
        let title = Title::trusted("web".to_owned());
        let check = |source: &str, error: MasterError, expected: [u16; 3]| {
            assert_eq!(statuses(Request, &error), expected, "{source}: {error}");
        };
        let invalid = InvalidValue::new("title", "is empty, a text was expected");
        check("C.87", MasterError::Invalid(invalid), [400; 3]);
        check(
            "C.10",
            MasterError::UnknownRequester(computer()),
            [404, 500, 404],
        );
        check("C.10", MasterError::UnknownRequester(partition()), [404; 3]);
        check(
            "C.10",
            MasterError::UnknownRequester(nobody(true)),
            [404; 3],
        );
        check(
            "C.19",
            MasterError::NothingFree("full".to_owned()),
            [404; 3],
        );
        let refused = RefusedValue::TitleInTree(title.clone());
        check("C.54", MasterError::RefusedValue(refused), [404; 3]);
        let active = ComputerReference::trusted("COMP-9".to_owned());
        check(
            "C.54, slap.md 5.20",
            CertificateRefused::StillActive(active.clone()).into(),
            [404; 3],
        );
        check(
            "C.54, slap.md 5.20",
            CertificateRefused::NoneActive(active).into(),
            [404; 3],
        );
        let broken = BrokenRule::Cycle(title);
        check("C.53", MasterError::BrokenRule(broken), [500; 3]);
    }

    #[test]
    fn a_long_text_is_clipped() {
        let text = clipped("é".repeat(MAX_TEXT_BYTES));
        assert_eq!(text.len(), MAX_TEXT_BYTES + "…\n".len());
        assert_eq!(clipped("short".to_owned()), "short\n");
    }
}
