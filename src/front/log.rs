//! One line a request: its id, who called what, and how it was answered.
//!
//! Every answer carries the request's id in `X-Request-Id`. A front that knows more than the path
//! puts [`CallFacts`] into the extensions of its response, and an error that is nobody's business
//! outside as [`InternalFailure`]: the chain is written once, here, under the same id. What a fault
//! rule did to the answer is there as [`Interference`].

use std::{
    any::Any,
    convert::Infallible,
    error::Error,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, Request, StatusCode, header},
    response::Response,
};
use tower::{Service, service_fn};
use tracing::Level;

use crate::domain::time::Timestamp;

pub use crate::domain::request_id::RequestId;

/// The header that carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The target of the lines that this module writes.
const TARGET: &str = "slapmaster::request";

/// What a client is told about an internal error, besides the id.
pub const INTERNAL_ERROR: &str = "slapmaster failed; its log tells why, under the X-Request-Id.\n";

/// A request's id as the value of a header, with one allocation.
fn header_value(id: RequestId) -> HeaderValue {
    let mut text = Vec::with_capacity(25);
    push_hex(&mut text, u64::from(id.process), 8);
    text.push(b'-');
    push_hex(&mut text, id.count, 1);
    HeaderValue::from_maybe_shared(Bytes::from(text))
        .unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

fn push_hex(text: &mut Vec<u8>, number: u64, least_digits: u32) {
    let digits = (16 - number.leading_zeros() / 4).max(least_digits);
    for place in (0..digits).rev() {
        let digit = (number >> (4 * place)) & 0xf;
        let digit = u32::try_from(digit).unwrap_or_default();
        text.push(char::from_digit(digit, 16).map_or(b'0', |digit| digit as u8));
    }
}

/// What a front knows about a call, for its log line and the journal.
#[derive(Debug, Clone)]
pub struct CallFacts {
    /// The dialect: `slap`, `web`, `hateoas` or `control`.
    pub dialect: &'static str,
    /// The call's name, usually the last part of its path.
    pub call: &'static str,
    /// Who called, if that is known.
    pub caller: Option<String>,
    /// The computer that the call is about, if it is about one.
    pub computer: Option<String>,
    /// The partition that it names on that computer.
    pub partition: Option<String>,
    /// The instance that it names: a title where it asks for one, else a guid.
    pub instance: Option<String>,
}

impl CallFacts {
    /// What is known of any call, before it is read.
    pub const fn of(dialect: &'static str, call: &'static str) -> Self {
        Self {
            dialect,
            call,
            caller: None,
            computer: None,
            partition: None,
            instance: None,
        }
    }
}

/// The time of the world in which a call was answered, where it is not the machine's; an
/// extension of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorldTime(pub Timestamp);

/// What a fault rule did to an answer, which carries it in its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interference {
    /// The rule's name.
    pub rule: String,
    /// What the client is left with.
    pub kind: InterferenceKind,
}

/// What a fault rule leaves a client with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterferenceKind {
    /// The answer as it is.
    Answered,
    /// The beginning of the answer; then the connection ends.
    Cut,
    /// No answer: the connection ends. The response only stands for that.
    Dropped,
}

/// The name of the world that an answer is of, in its extensions; of the default one it has none.
#[derive(Debug, Clone)]
pub struct InWorld(pub Arc<str>);

/// The reason of an internal error, kept from the client and meant for the log.
#[derive(Debug, Clone)]
pub struct InternalFailure(pub Arc<dyn Error + Send + Sync>);

/// `inner` with an id and a log line for each request, and a 500 for one whose handler panics.
/// `hang_up` marks an answer that nobody is to get for whoever would send it.
pub fn logged<S, B>(
    inner: S,
    hang_up: fn(&mut Response),
) -> impl Service<Request<B>, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static
where
    S: Service<Request<B>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    B: Send + 'static,
{
    let process = fastrand::u32(..);
    let count = Arc::new(AtomicU64::new(0));
    service_fn(move |mut request: Request<B>| {
        let id = RequestId {
            process,
            count: count.fetch_add(1, Ordering::Relaxed),
        };
        let mut inner = inner.clone();
        async move {
            let watched = tracing::enabled!(target: TARGET, Level::INFO)
                .then(|| (request.uri().path().to_owned(), Instant::now()));
            request.extensions_mut().insert(id);
            let mut call = pin!(inner.call(request));
            let outcome = poll_fn(|cx| {
                catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)))
                    .map_or_else(|panic| Poll::Ready(Err(panic)), |poll| poll.map(Ok))
            })
            .await;
            let mut response = match outcome {
                Ok(Ok(response)) => response,
                Err(panic) => after_panic(panic.as_ref()),
            };
            if let Some(InternalFailure(error)) = response.extensions().get() {
                tracing::error!(
                    target: TARGET,
                    { request.id = %id, error = %chain(error.as_ref()) },
                    "internal error"
                );
            }
            let interference = response.extensions().get::<Interference>();
            if interference.is_some_and(|rule| rule.kind == InterferenceKind::Dropped) {
                hang_up(&mut response);
            }
            if let Some((path, began)) = watched {
                write_line(id, &path, began.elapsed(), &response);
            }
            response.headers_mut().insert(REQUEST_ID, header_value(id));
            Ok(response)
        }
    })
}

fn write_line(id: RequestId, path: &str, elapsed: Duration, response: &Response) {
    let facts = response.extensions().get::<CallFacts>();
    let interference = response.extensions().get::<Interference>();
    let world = response.extensions().get::<InWorld>();
    let world_time = response.extensions().get::<WorldTime>();
    let call = facts.map_or(path, |facts| facts.call);
    let status = response.status().as_u16();
    let outcome = match interference.map(|interference| interference.kind) {
        None | Some(InterferenceKind::Answered) => "answered",
        Some(InterferenceKind::Cut) => "answered in part",
        Some(InterferenceKind::Dropped) => "not answered, instead of",
    };
    // Thousandths of a millisecond are as fine as it gets.
    let duration_ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3;
    tracing::info!(
        target: TARGET,
        {
            request.id = %id,
            world = world.map_or("default", |InWorld(name)| name),
            world.time = world_time.and_then(|WorldTime(at)| at.rfc3339()),
            dialect = facts.map(|facts| facts.dialect),
            call,
            caller = facts.and_then(|facts| facts.caller.as_deref()),
            computer = facts.and_then(|facts| facts.computer.as_deref()),
            status,
            duration_ms,
            rule = interference.map(|interference| interference.rule.as_str()),
        },
        "{call:?} {outcome} {status}",
    );
}

fn after_panic(panic: &(dyn Any + Send)) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    let mut response = Response::new(Body::from(INTERNAL_ERROR));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
        .extensions_mut()
        .insert(InternalFailure(Arc::new(Panicked(text))));
    response
}

/// A handler that panicked, which is a bug.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

/// An error and its sources, outermost first, each said once.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_what_the_log_says() {
        for (process, count, expected) in [
            (0, 0, "00000000-0"),
            (0xab, 0x10, "000000ab-10"),
            (u32::MAX, u64::MAX, "ffffffff-ffffffffffffffff"),
        ] {
            let id = RequestId { process, count };
            assert_eq!(id.to_string(), expected);
            assert_eq!(header_value(id), expected);
        }
    }

    #[tokio::test]
    async fn a_panic_is_answered_with_a_fixed_sentence_and_an_id() {
        async fn broken(_: Request<()>) -> Result<Response, Infallible> {
            panic!("on purpose")
        }
        let mut service = logged(service_fn(broken), |_| {});
        let Ok(response) = service.call(Request::new(())).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(response.headers().contains_key(REQUEST_ID));
    }
}
