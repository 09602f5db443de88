//! The forms of an answer: bodies, content types and caching headers (`slap.md` 1.2 and 3).

use std::{
    hash::{DefaultHasher, Hasher as _},
    sync::{Mutex, PoisonError},
};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;

use crate::{domain::time::Timestamp, front::date::http_date};

/// The charset is needed: clients read `text/*` without one as ISO-8859-1.
const XML: HeaderValue = HeaderValue::from_static("text/xml; charset=utf-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const VARY: HeaderValue = HeaderValue::from_static("REMOTE_USER");
const PRIVATE: HeaderValue = HeaderValue::from_static("private");

/// How long an answer may be kept, in production's words. The client keeps nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MaxAge {
    /// What changes at any time.
    OneSecond,
    /// Statuses.
    OneMinute,
    /// What hardly ever changes.
    OneHour,
    /// What has to be asked for each time.
    Revalidated,
}

impl MaxAge {
    const fn header(self) -> HeaderValue {
        match self {
            Self::OneSecond => HeaderValue::from_static("public, max-age=1, stale-if-error=604800"),
            Self::OneMinute => {
                HeaderValue::from_static("public, max-age=60, stale-if-error=604800")
            }
            Self::OneHour => {
                HeaderValue::from_static("public, max-age=3600, stale-if-error=604800")
            }
            Self::Revalidated => HeaderValue::from_static("public, max-age=0, must-revalidate"),
        }
    }
}

/// A marshalled answer.
pub(super) fn xml(body: impl Into<Bytes>) -> Response {
    with_type(StatusCode::OK, XML, body.into())
}

/// A marshalled answer that may be kept, as of `headers`.
pub(super) fn cacheable_xml(
    body: impl Into<Bytes>,
    age: MaxAge,
    header: (HeaderName, HeaderValue),
) -> Response {
    cacheable(xml(body), age, header)
}

/// A URL alone, in production's odd type.
pub(super) fn url(url: String) -> Response {
    const TYPE: HeaderValue = HeaderValue::from_static("text; charset=utf-8");
    let etag = (header::ETAG, etag(url.as_bytes()));
    let answer = with_type(StatusCode::OK, TYPE, url.into());
    cacheable(answer, MaxAge::OneHour, etag)
}

fn cacheable(
    mut response: Response,
    age: MaxAge,
    (name, value): (HeaderName, HeaderValue),
) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, age.header());
    headers.insert(header::VARY, VARY);
    headers.insert(name, value);
    response
}

/// The answer of a call without result: the text form of "no value".
pub(super) fn none() -> Response {
    xml(Bytes::from_static(b"None"))
}

/// The answer of an instance's bang: a word, labelled as XML.
pub(super) fn ok_xml() -> Response {
    xml(Bytes::from_static(b"OK"))
}

/// A plain text.
pub(super) fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response {
    with_type(status, PLAIN, text.into())
}

/// "Not ready": empty, and never to be kept.
pub(super) fn not_ready() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, PRIVATE);
    response
}

fn with_type(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// A text that changes with the body, and with nothing else.
pub(super) fn etag(body: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish()))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// The header `Last-Modified` of what was last changed at a known time.
pub(super) fn last_modified(at: Timestamp) -> (HeaderName, HeaderValue) {
    let value =
        HeaderValue::try_from(http_date(at)).unwrap_or_else(|_| HeaderValue::from_static(""));
    (header::LAST_MODIFIED, value)
}

/// The header `Last-Modified` of answers that are always "modified now", made once a second.
#[derive(Debug, Default)]
pub(super) struct LastModified(Mutex<Option<(i64, HeaderValue)>>);

impl LastModified {
    /// The header for an answer made at `now`.
    pub(super) fn header(&self, now: Timestamp) -> (HeaderName, HeaderValue) {
        let seconds = now.as_seconds();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let value = match &*last {
            Some((at, value)) if *at == seconds => value.clone(),
            Some(_) | None => {
                let (_, value) = last_modified(now);
                *last = Some((seconds, value.clone()));
                value
            }
        };
        (header::LAST_MODIFIED, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_change_is_written_once_a_second() {
        let at = Timestamp::from_seconds(1_795_422_600);
        let modified = LastModified::default();
        let first = modified.header(at).1;
        assert_eq!(modified.header(at.plus_micros(999_999)).1, first);
        assert_eq!(
            modified.header(at.plus_micros(1_000_000)).1,
            "Mon, 23 Nov 2026 08:30:01 GMT"
        );
    }
}
