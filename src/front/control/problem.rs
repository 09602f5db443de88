//! What the control surface answers to what it does not do: problem details (RFC 9457).
//!
//! `detail` names the field and says what was expected; for people, and for the tests that they
//! write.

use std::{borrow::Cow, sync::Arc};

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    domain::text::InvalidValue,
    front::{
        body::BodyError,
        log::{INTERNAL_ERROR, InternalFailure},
    },
    master::{MasterError, Missing},
};

/// Why a call of the control surface was not done.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
    /// What the refusal tells besides.
    members: Vec<(&'static str, Value)>,
    /// The master's own failure, for the log.
    failure: Option<InternalFailure>,
}

impl Problem {
    /// A problem with its sentence.
    pub(super) fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            detail: detail.into(),
            header: None,
            members: Vec::new(),
            failure: None,
        }
    }

    /// A failure of the server itself, which the log tells.
    pub(super) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self {
            failure: Some(InternalFailure(Arc::new(error))),
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL_ERROR.trim_end())
        }
    }

    /// The problem with a header beside it.
    pub(super) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some(Box::new((name, value)));
        self
    }

    /// The problem with more words behind its own.
    pub(super) fn with_detail(mut self, more: &str) -> Self {
        self.detail = format!("{}: {more}", self.detail.trim_end_matches('.')).into();
        self
    }

    /// The problem with something else to tell.
    pub(super) fn with_member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((name, value.into()));
        self
    }
}

impl From<InvalidValue> for Problem {
    fn from(error: InvalidValue) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error.to_string())
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let status = match error {
            BodyError::Malformed(_) => StatusCode::BAD_REQUEST,
            BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        };
        Self::new(status, error.to_string())
    }
}

/// This surface's one mapping from what the master refuses to a status.
const fn status(error: &MasterError) -> StatusCode {
    match error {
        MasterError::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        MasterError::Forbidden(_) => StatusCode::FORBIDDEN,
        MasterError::Invalid(_) => StatusCode::BAD_REQUEST,
        // The computer is there, and is no such one now.
        MasterError::NotFound(Missing::Simulation(_))
        | MasterError::NothingFree(_)
        | MasterError::RefusedValue(_)
        | MasterError::BrokenRule(_)
        | MasterError::CertificateRefused(_)
        | MasterError::Issuing(_)
        | MasterError::SeedRefused(_) => StatusCode::CONFLICT,
        MasterError::NotFound(_) | MasterError::UnknownRequester(_) => StatusCode::NOT_FOUND,
        MasterError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<MasterError> for Problem {
    fn from(error: MasterError) -> Self {
        let status = status(&error);
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            return Self::internal(error);
        }
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Value::Object(body) = &mut body {
            let members = self.members.into_iter();
            body.extend(members.map(|(name, value)| (name.to_owned(), value)));
        }
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, content_type, body.to_string()).into_response();
        if let Some((name, value)) = self.header.map(|header| *header) {
            response.headers_mut().insert(name, value);
        }
        if let Some(failure) = self.failure {
            response.extensions_mut().insert(failure);
        }
        response
    }
}
