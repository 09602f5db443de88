//! Lets only whole, bounded requests through to a service.
//!
//! The body is read here, to its end: a service behind the guard never waits for a client, never
//! sees half a request, and changes nothing for a client that gave up. What is refused is refused
//! with a sentence, and the connection ends.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use http_body_util::BodyExt;
use hyper::{
    Request, StatusCode, Version,
    body::{Body as _, Incoming},
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use tokio::{sync::Semaphore, time::timeout};
use tower::{Service, service_fn};

use super::Limits;

/// Bodies above this count as large.
const LARGE_BODY_BYTES: usize = 1024 * 1024;

/// How many large bodies may be in memory at a time; a further one waits, within its own time
/// limit.
const LARGE_BODIES: usize = 16;

/// Why a request is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Target(usize),
    Headers(usize),
    NoHost,
    SeveralHosts,
    Body(usize),
    BodyTime(Duration),
    BrokenBody,
}

impl Refusal {
    const fn status(self) -> StatusCode {
        match self {
            Self::Target(_) => StatusCode::URI_TOO_LONG,
            Self::Headers(_) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Body(_) => StatusCode::PAYLOAD_TOO_LARGE,
            // Not 408: to a slap client that means "not ready, ask again".
            Self::NoHost | Self::SeveralHosts | Self::BodyTime(_) | Self::BrokenBody => {
                StatusCode::BAD_REQUEST
            }
        }
    }

    fn sentence(self) -> String {
        match self {
            Self::Target(limit) => format!("The URL is longer than {limit} bytes."),
            Self::Headers(limit) => format!("The headers are longer than {limit} bytes."),
            Self::NoHost => "An HTTP/1.1 request needs a Host header.".to_owned(),
            Self::SeveralHosts => "There is more than one Host header.".to_owned(),
            Self::Body(limit) => format!("The body is larger than {limit} bytes."),
            Self::BodyTime(limit) => {
                format!("The body did not arrive within {} s.", limit.as_secs_f32())
            }
            Self::BrokenBody => "The body ends too early, or its chunks are malformed.".to_owned(),
        }
    }

    fn answer(self) -> Response {
        let mut response = Response::new(Body::from(self.sentence() + "\n"));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

/// `inner`, behind `limits`.
pub fn guarded<S>(
    inner: S,
    limits: Limits,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static
where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    let large_bodies = Arc::new(Semaphore::new(LARGE_BODIES));
    service_fn(move |request: Request<Incoming>| {
        let mut inner = inner.clone();
        let large_bodies = Arc::clone(&large_bodies);
        async move {
            if let Err(refusal) = check_head(&request, &limits) {
                return Ok(refusal.answer());
            }
            let (parts, body) = request.into_parts();
            if body.is_end_stream() {
                return inner.call(Request::from_parts(parts, Body::empty())).await;
            }
            if declared_length(&parts.headers)
                .is_some_and(|length| length > limits.body_bytes as u64)
            {
                discard(body, limits.body_time);
                return Ok(Refusal::Body(limits.body_bytes).answer());
            }
            let chunked = parts.headers.contains_key(header::TRANSFER_ENCODING);
            let mut large = None;
            let read = timeout(limits.body_time, async {
                read_body(body, &limits, &large_bodies, &mut large).await
            });
            let body = match read.await {
                Ok(Ok(body)) => body,
                Ok(Err(refusal)) => return Ok(refusal.answer()),
                Err(_) => return Ok(Refusal::BodyTime(limits.body_time).answer()),
            };
            let mut response = inner
                .call(Request::from_parts(parts, Body::from(body)))
                .await?;
            if chunked {
                // `super::ambiguity` does not look for requests behind chunks.
                response
                    .headers_mut()
                    .insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        }
    })
}

fn check_head<B>(request: &Request<B>, limits: &Limits) -> Result<(), Refusal> {
    let uri = request.uri();
    let authority = uri
        .authority()
        .map_or(0, |authority| authority.as_str().len());
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if authority + path > limits.target_bytes {
        return Err(Refusal::Target(limits.target_bytes));
    }
    let size = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    if request.headers().iter().map(size).sum::<usize>() > limits.header_bytes {
        return Err(Refusal::Headers(limits.header_bytes));
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), None) => Ok(()),
        (Some(_), Some(_)) => Err(Refusal::SeveralHosts),
        (None, _) if request.version() < Version::HTTP_11 => Ok(()),
        (None, _) => Err(Refusal::NoHost),
    }
}

/// What `Content-Length` says; hyper has refused what is no number.
fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

async fn read_body<'s>(
    mut body: Incoming,
    limits: &Limits,
    large_bodies: &'s Semaphore,
    large: &mut Option<tokio::sync::SemaphorePermit<'s>>,
) -> Result<Bytes, Refusal> {
    let mut first = Bytes::new();
    let mut rest = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::BrokenBody)?;
        // Trailers mean nothing here.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let size = first.len() + rest.len() + data.len();
        if size > limits.body_bytes {
            discard(body, limits.body_time);
            return Err(Refusal::Body(limits.body_bytes));
        }
        if size > LARGE_BODY_BYTES && large.is_none() {
            *large = large_bodies.acquire().await.ok();
        }
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&std::mem::take(&mut first));
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.into() })
}

/// Reads a refused body for a while and forgets it: a client that sends before it listens would
/// otherwise see a reset connection instead of the answer.
fn discard(mut body: Incoming, at_most: Duration) {
    drop(tokio::spawn(timeout(at_most, async move {
        while let Some(Ok(_)) = body.frame().await {}
    })));
}
