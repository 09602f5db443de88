//! What a refused or failed call is answered: the web endpoints' one error mapping.
//!
//! The commands tell apart a body with `Certificate still active.`, then 403, then the rest
//! (`hateoas.md` B.1). Nothing here quotes a token.

use std::sync::Arc;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    domain::text::InvalidValue,
    front::{
        body::BodyError,
        log::{INTERNAL_ERROR, InternalFailure},
    },
    master::MasterError,
};

/// The words by which `slapos node register` knows that a name is taken.
const STILL_ACTIVE: &str = "Certificate still active.";

/// What a refusal of the token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefusedBody {
    /// Nothing.
    Empty,
    /// `{}`
    EmptyObject,
}

/// Why a call of the web endpoints was not done.
#[derive(Debug)]
pub(super) enum WebError {
    /// Something sent is malformed or too large: 400 or 413.
    Body(BodyError),
    /// The token is missing, unknown, spent, expired or for something else: 403, with what this
    /// endpoint says then.
    TokenRefused(RefusedBody),
    /// The computer has a valid certificate: 500, as in production.
    StillActive,
    /// The master did not do it.
    Master(MasterError),
}

impl From<InvalidValue> for WebError {
    fn from(error: InvalidValue) -> Self {
        Self::Body(error.into())
    }
}

impl From<BodyError> for WebError {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<MasterError> for WebError {
    fn from(error: MasterError) -> Self {
        Self::Master(error)
    }
}

/// The status of what the master refuses.
const fn status(error: &MasterError) -> StatusCode {
    match error {
        MasterError::Unauthenticated(_) | MasterError::Forbidden(_) => StatusCode::FORBIDDEN,
        MasterError::Invalid(_) => StatusCode::BAD_REQUEST,
        MasterError::NotFound(_)
        | MasterError::UnknownRequester(_)
        | MasterError::NothingFree(_)
        | MasterError::RefusedValue(_) => StatusCode::NOT_FOUND,
        MasterError::BrokenRule(_)
        | MasterError::CertificateRefused(_)
        | MasterError::Issuing(_)
        | MasterError::SeedRefused(_)
        | MasterError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        match self {
            Self::Body(error) => {
                let status = match error {
                    BodyError::Malformed(_) => StatusCode::BAD_REQUEST,
                    BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
                };
                plain(status, format!("{error}\n"))
            }
            Self::TokenRefused(RefusedBody::Empty) => StatusCode::FORBIDDEN.into_response(),
            Self::TokenRefused(RefusedBody::EmptyObject) => {
                let kind = [(header::CONTENT_TYPE, "application/json")];
                (StatusCode::FORBIDDEN, kind, "{}").into_response()
            }
            Self::StillActive => plain(StatusCode::INTERNAL_SERVER_ERROR, STILL_ACTIVE.to_owned()),
            Self::Master(MasterError::Internal(error)) => {
                let mut response =
                    plain(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL_ERROR.to_owned());
                let failure = InternalFailure(Arc::new(MasterError::Internal(error)));
                response.extensions_mut().insert(failure);
                response
            }
            Self::Master(error) => plain(status(&error), format!("{error}\n")),
        }
    }
}

/// A refusal with this sentence.
pub(super) fn refusal(status: StatusCode, sentence: &str) -> Response {
    plain(status, format!("{sentence}\n"))
}

fn plain(status: StatusCode, text: String) -> Response {
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    (status, [(header::CONTENT_TYPE, kind)], text).into_response()
}
