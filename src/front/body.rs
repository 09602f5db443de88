//! The body of a request, read to its end and no further than it may be long.

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, header},
};
use bytes::Bytes;

use crate::domain::text::InvalidValue;

/// Why a body, or what it holds, was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    /// It is malformed, or ends too early.
    #[error(transparent)]
    Malformed(#[from] InvalidValue),
    /// It has more bytes than this.
    #[error("`body`: is larger than {0} bytes, which is the most that is read")]
    TooLarge(usize),
}

/// The whole body, which may have `limit` bytes. One that is announced as larger is not read.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<Bytes, BodyError> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(BodyError::TooLarge(limit));
    }
    to_bytes(body, limit).await.map_err(|error| {
        let error = error.into_inner();
        if error.is::<http_body_util::LengthLimitError>() {
            BodyError::TooLarge(limit)
        } else {
            InvalidValue::new("body", format!("cannot be read to its end: {error}")).into()
        }
    })
}
