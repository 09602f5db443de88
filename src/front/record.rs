//! Writes each call into the journal of its world, and counts it.
//!
//! Bodies are kept as they are, at the price of a reference: secrets are taken out where entries
//! are shown (`redact.rs`). Whoever has an answer finds its call in the journal. What only asks
//! the control surface leaves no entry, so that looking changes nothing, and health is not even
//! counted.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;

use crate::{
    domain::request_id::RequestId,
    master::Master,
    mock::{
        journal::{self, BODY_BYTES, Call, Unredacted},
        metrics::Place,
    },
};

use super::{
    State,
    log::{CallFacts, Interference, InterferenceKind, WorldTime},
    sentence,
};

/// The media types of the protocol, which are kept without a copy.
const MEDIA_TYPES: [&str; 8] = [
    "application/x-www-form-urlencoded",
    "application/json",
    "application/hal+json",
    "application/problem+json",
    "text/xml; charset=utf-8",
    "text/plain; charset=utf-8",
    "text; charset=utf-8",
    "text/html; charset=utf-8",
];

/// The beginning of an answer's body, where it is known to whoever makes the answer: kept with one
/// that is kept, or all that is sent of one that is cut off. An extension of the response, never
/// longer than what a journal keeps.
#[derive(Debug, Clone)]
pub(super) struct Beginning(Bytes);

impl Beginning {
    /// Of this body.
    pub(super) fn of(body: &Bytes) -> Self {
        Self(beginning(body))
    }
}

/// The world that an answer's call is kept in, where it is another moment of it than the one that
/// the call was made in: what goes back leaves no trace of its call there. In the extensions of the
/// response.
#[derive(Debug, Clone)]
pub(super) struct RecordedBy(pub(super) Master);

/// Answers a call, and tells the journal and the counters.
pub(super) async fn record(State(master): State<Master>, request: Request, next: Next) -> Response {
    let Some(mut watch) = Watch::of(&request) else {
        return next.run(request).await;
    };
    let limits = master.journal().limits();
    if limits.entries == 0 {
        watch = Watch::Counted;
    }
    let keeps_bodies = watch == Watch::Whole && limits.bodies;
    let (parts, body) = request.into_parts();
    let mut call = Underway {
        place: Some(master.metrics().call_begins()),
        watch,
        began: Instant::now(),
        id: parts.extensions.get::<RequestId>().copied(),
        method: method(&parts.method),
        target: target(&parts.uri),
        request_body: journal::Body::default(),
        master,
    };
    let (kept, body) = match look(keeps_bodies, &parts.headers, None, body).await {
        Ok(looked) => looked,
        Err(refused) => return refused,
    };
    // What came from a socket is a part of what was read at once, and would keep all of it.
    call.request_body = kept.copied();
    let answer = next.run(Request::from_parts(parts, body));
    let response = journal::of_request(call.id, answer).await;
    let (mut parts, body) = response.into_parts();
    let beginning = parts.extensions.get::<Beginning>();
    let (kept, body) = match look(keeps_bodies, &parts.headers, beginning, body).await {
        Ok(looked) => looked,
        Err(refused) => return refused,
    };
    if let Some(RecordedBy(master)) = parts.extensions.get() {
        call.master = master.clone();
    }
    let told = Told {
        facts: parts.extensions.get::<CallFacts>(),
        interference: parts.extensions.get::<Interference>(),
        body: kept,
    };
    call.ended(Some(parts.status), told);
    let clock = call.master.clock();
    if !clock.is_real() {
        parts.extensions.insert(WorldTime(clock.now()));
    }
    Response::from_parts(parts, body)
}

/// How closely a call is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watch {
    /// It is counted.
    Counted,
    /// It is counted, and the journal has it whole.
    Whole,
}

impl Watch {
    fn of(request: &Request) -> Option<Self> {
        let path = request.uri().path();
        let Some(rest) = path.strip_prefix("/_mock") else {
            return Some(Self::Whole);
        };
        if rest.starts_with("/health/") {
            return None;
        }
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        Some(if reads || rest.starts_with("/v1/journal") {
            Self::Counted
        } else {
            Self::Whole
        })
    }
}

/// A call under way. One that is dropped because the client went leaves an entry without a status.
struct Underway {
    master: Master,
    place: Option<Place>,
    watch: Watch,
    began: Instant,
    id: Option<RequestId>,
    method: Cow<'static, str>,
    target: Bytes,
    request_body: journal::Body,
}

/// What an answer tells of its call.
#[derive(Default)]
struct Told<'r> {
    facts: Option<&'r CallFacts>,
    interference: Option<&'r Interference>,
    body: journal::Body,
}

impl Underway {
    fn ended(&mut self, status: Option<StatusCode>, told: Told<'_>) {
        let Some(place) = self.place.take() else {
            return;
        };
        drop(place);
        let duration = self.began.elapsed();
        let interference = told.interference.map(|interference| interference.kind);
        let status = status
            .filter(|_| interference != Some(InterferenceKind::Dropped))
            .map(|status| status.as_u16());
        let metrics = self.master.metrics();
        let (dialect, name) = told
            .facts
            .map_or(("none", "unknown"), |facts| (facts.dialect, facts.call));
        metrics.call_ended(dialect, name, status, duration);
        if let Some(kind) = interference {
            metrics.interfered(match kind {
                InterferenceKind::Answered => "answered",
                InterferenceKind::Cut => "cut",
                InterferenceKind::Dropped => "dropped",
            });
        }
        if self.watch == Watch::Whole {
            self.keep(status, duration, told);
        }
    }

    fn keep(&mut self, status: Option<u16>, duration: Duration, told: Told<'_>) {
        let facts = told.facts;
        let said =
            |of: fn(&CallFacts) -> &Option<String>| facts.and_then(|facts| of(facts).clone());
        let call = Call {
            method: std::mem::take(&mut self.method),
            target: Unredacted::new(std::mem::take(&mut self.target)),
            dialect: facts.map(|facts| facts.dialect),
            name: facts.map(|facts| facts.call),
            caller: said(|facts| &facts.caller),
            computer: said(|facts| &facts.computer),
            partition: said(|facts| &facts.partition),
            instance: said(|facts| &facts.instance),
            rule: told
                .interference
                .map(|interference| interference.rule.clone()),
            status,
            duration,
            request_body: std::mem::take(&mut self.request_body),
            response_body: told.body,
        };
        let now = self.master.clock().now();
        self.master.journal().called(now, self.id, call);
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        // A handler that panics is answered so, further out.
        let status = std::thread::panicking().then_some(StatusCode::INTERNAL_SERVER_ERROR);
        self.ended(status, Told::default());
    }
}

fn method(method: &Method) -> Cow<'static, str> {
    match *method {
        Method::GET => Cow::Borrowed("GET"),
        Method::POST => Cow::Borrowed("POST"),
        Method::PUT => Cow::Borrowed("PUT"),
        Method::DELETE => Cow::Borrowed("DELETE"),
        _ => Cow::Owned(method.to_string()),
    }
}

fn target(uri: &axum::http::Uri) -> Bytes {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    Bytes::copy_from_slice(target.as_bytes())
}

/// What the journal keeps of a body, and the body again. Only one that is whole in memory is
/// looked at: one that is still being made is not waited for.
async fn look(
    keeps: bool,
    headers: &HeaderMap,
    known: Option<&Beginning>,
    body: Body,
) -> Result<(journal::Body, Body), Response> {
    let length = body.size_hint().exact().filter(|length| *length > 0);
    let (true, Some(length)) = (keeps, length) else {
        return Ok((journal::Body::default(), body));
    };
    let (beginning, body) = if let Some(Beginning(beginning)) = known {
        (beginning.clone(), body)
    } else {
        let whole = to_bytes(body, usize::MAX).await.map_err(|_| {
            let text = "The body cannot be read to its end.\n";
            sentence(StatusCode::BAD_REQUEST, text)
        })?;
        (beginning(&whole), Body::from(whole))
    };
    let kept = journal::Body {
        media_type: media_type(headers),
        length,
        beginning: Unredacted::new(beginning),
    };
    Ok((kept, body))
}

/// As much of a body as is kept; a long one is copied, so that its rest is not kept with it.
fn beginning(whole: &Bytes) -> Bytes {
    match whole.get(..BODY_BYTES) {
        Some(beginning) if beginning.len() < whole.len() => Bytes::copy_from_slice(beginning),
        Some(_) | None => whole.clone(),
    }
}

fn media_type(headers: &HeaderMap) -> Option<Cow<'static, str>> {
    let value = headers.get(header::CONTENT_TYPE)?.as_bytes();
    let known = MEDIA_TYPES.iter().find(|known| known.as_bytes() == value);
    Some(known.map_or_else(
        || Cow::Owned(String::from_utf8_lossy(value).into_owned()),
        |known| Cow::Borrowed(*known),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_asks_the_control_surface_leaves_no_entry() {
        let check = |method: &str, path: &str, expected: Option<Watch>| {
            let request = Request::builder().method(method).uri(path);
            let watch = Watch::of(&request.body(Body::empty()).unwrap());
            assert_eq!(watch, expected, "{method} {path}");
        };
        check("GET", "/getRunId", Some(Watch::Whole));
        check("GET", "/", Some(Watch::Whole));
        check("POST", "/nothing", Some(Watch::Whole));
        check("GET", "/_mock/health/ready", None);
        check("GET", "/_mock/metrics", Some(Watch::Counted));
        check("GET", "/_mock/v1/tokens", Some(Watch::Counted));
        check("POST", "/_mock/v1/tokens", Some(Watch::Whole));
        check("DELETE", "/_mock/v1/faults/x", Some(Watch::Whole));
        check("POST", "/_mock/v1/journal/wait", Some(Watch::Counted));
        check("DELETE", "/_mock/v1/journal", Some(Watch::Counted));
    }

    #[test]
    fn a_short_body_is_shared_and_of_a_long_one_the_beginning_is_copied() {
        let short = Bytes::from(vec![1; BODY_BYTES]);
        assert_eq!(beginning(&short).as_ptr(), short.as_ptr());
        let long = Bytes::from(vec![1; BODY_BYTES + 1]);
        let kept = beginning(&long);
        assert_eq!(kept.len(), BODY_BYTES);
        assert_ne!(kept.as_ptr(), long.as_ptr());
    }
}
