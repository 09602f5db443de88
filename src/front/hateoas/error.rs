//! What a refused or failed call is answered: the HATEOAS dialect's one error mapping.
//!
//! The client tells apart 404, 408 and the 500 family; a 404 on the root would make it say that
//! the object that it was asked for does not exist (`hateoas.md` A.7).

use std::sync::Arc;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{
    domain::text::InvalidValue,
    front::log::{INTERNAL_ERROR, InternalFailure},
    master::MasterError,
};

use super::query::QueryError;

/// Why a call of the dialect was not done.
#[derive(Debug)]
pub(super) enum HateoasError {
    /// Something sent is malformed: 400.
    Malformed(InvalidValue),
    /// The mode is not one of the dialect's: 400.
    UnknownMode(String),
    /// The query of a search is malformed: 400, and where.
    Query {
        /// The query, in the words of today.
        query: String,
        /// What is wrong with it.
        error: QueryError,
    },
    /// There is no such document, or it is not for the caller: 404, empty.
    NotFound,
    /// Nobody known calls, where that has to be proven: 401, empty, and where to log in.
    Unauthenticated {
        /// The URL of this server as the client spells it.
        site: String,
    },
    /// The client does not take what the dialect writes: 406, empty.
    NotAcceptable,
    /// Another method than GET: 405, empty.
    WrongMethod,
    /// The call is no longer supported (`hateoas.token`): 410.
    Gone,
    /// The master did not do it.
    Master(MasterError),
}

impl From<InvalidValue> for HateoasError {
    fn from(error: InvalidValue) -> Self {
        Self::Malformed(error)
    }
}

impl From<MasterError> for HateoasError {
    fn from(error: MasterError) -> Self {
        Self::Master(error)
    }
}

/// The status of what the master refuses.
const fn status(error: &MasterError) -> StatusCode {
    match error {
        MasterError::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        MasterError::Forbidden(_) => StatusCode::FORBIDDEN,
        MasterError::Invalid(_) => StatusCode::BAD_REQUEST,
        MasterError::NotFound(_)
        | MasterError::UnknownRequester(_)
        | MasterError::NothingFree(_)
        | MasterError::RefusedValue(_)
        | MasterError::CertificateRefused(_) => StatusCode::NOT_FOUND,
        MasterError::BrokenRule(_)
        | MasterError::Issuing(_)
        | MasterError::SeedRefused(_)
        | MasterError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for HateoasError {
    fn into_response(self) -> Response {
        match self {
            Self::Malformed(error) => plain(StatusCode::BAD_REQUEST, format!("{error}\n")),
            Self::UnknownMode(mode) => {
                plain(StatusCode::BAD_REQUEST, format!("Unhandled mode: {mode}"))
            }
            Self::Query { query, error } => plain(
                StatusCode::BAD_REQUEST,
                format!("Unhandled query: {query}\n{error}\n"),
            ),
            Self::NotFound => StatusCode::NOT_FOUND.into_response(),
            Self::Unauthenticated { site } => {
                let challenge =
                    format!("X-Delegate uri=\"{site}/connection/login_form{{?came_from}}\"");
                let mut response = StatusCode::UNAUTHORIZED.into_response();
                if let Ok(challenge) = HeaderValue::try_from(challenge) {
                    response
                        .headers_mut()
                        .insert(header::WWW_AUTHENTICATE, challenge);
                }
                response
            }
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE.into_response(),
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED.into_response(),
            Self::Gone => {
                let body = json!({ "message": "This API is no longer supported" });
                let kind = [(header::CONTENT_TYPE, "application/json")];
                (StatusCode::GONE, kind, body.to_string()).into_response()
            }
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
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, text).into_response()
}
