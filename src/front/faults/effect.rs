//! What fault rules make of answers.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use http_body::{Frame, SizeHint};

use crate::{
    front::{
        log::{Interference, InterferenceKind},
        record::Beginning,
    },
    mock::faults::{Replacement, RuleName, Told},
};

use super::Forms;

/// The answer, which says that a rule interfered, and what the client is left with.
pub(super) fn marked(mut response: Response, rule: &RuleName, kind: InterferenceKind) -> Response {
    response.extensions_mut().insert(Interference {
        rule: rule.as_str().to_owned(),
        kind,
    });
    response
}

/// What the rule puts in the place of an answer; what is known of the call stays with it.
pub(super) async fn replaced(
    forms: &Forms,
    rule: &RuleName,
    replacement: &Replacement,
    response: Response,
) -> Response {
    let mut kind = InterferenceKind::Answered;
    let answer = match replacement {
        Replacement::Status {
            status,
            headers,
            body,
        } => other(forms, rule, *status, headers, body.as_deref()),
        Replacement::NotReady => (forms.not_ready)(),
        Replacement::ColdCache => empty(StatusCode::SERVICE_UNAVAILABLE),
        Replacement::Drop => {
            kind = InterferenceKind::Dropped;
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Replacement::Cut { after_bytes } => {
            let (cut, kind) = cut(response, *after_bytes).await;
            return marked(cut, rule, kind);
        }
        // It was found, or not, when the answer was remembered.
        Replacement::Stale => return response,
    };
    marked(with_extensions(answer, response), rule, kind)
}

fn with_extensions(mut answer: Response, of: Response) -> Response {
    let (mut parts, _) = of.into_parts();
    // The body is another.
    parts.extensions.remove::<Beginning>();
    answer.extensions_mut().extend(parts.extensions);
    answer
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

fn other(
    forms: &Forms,
    rule: &RuleName,
    status: u16,
    headers: &[(String, String)],
    body: Option<&str>,
) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match body {
        _ if status == StatusCode::NO_CONTENT => empty(status),
        None => (forms.refusal)(status, &format!("The fault rule `{rule}` says so.")),
        Some(body) => {
            let mut response = Response::new(Body::from(body.to_owned()));
            *response.status_mut() = status;
            let kind = forms.content_type.clone();
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
    };
    for (name, value) in headers {
        // Both were checked when the rule was read.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The answer, and what it tells.
pub(super) async fn told(response: Response) -> (Response, Told) {
    let (parts, body) = response.into_parts();
    // It is in memory as a whole: no front streams.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let headers = parts.headers.iter();
    let told = Told {
        status: parts.status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect(),
        body: body.clone(),
    };
    (Response::from_parts(parts, body.into()), told)
}

/// An answer as it was told before; what is known of the call is that of `present`.
pub(super) fn answer_of(told: Told, present: Response) -> Response {
    let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = empty(status);
    *response.body_mut() = Body::from(told.body);
    for (name, value) in &told.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value))
        {
            response.headers_mut().append(name, value);
        }
    }
    with_extensions(response, present)
}

/// The answer, which ends after so many bytes of its body though all of it is announced, unless
/// it is no longer than that.
async fn cut(response: Response, after_bytes: u64) -> (Response, InterferenceKind) {
    let (mut parts, body) = response.into_parts();
    let mut bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let announced = bytes.len();
    let sent = usize::try_from(after_bytes).unwrap_or(usize::MAX);
    if sent >= announced {
        let whole = Response::from_parts(parts, bytes.into());
        return (whole, InterferenceKind::Answered);
    }
    bytes.truncate(sent);
    parts.extensions.insert(Beginning::of(&bytes));
    let body = CutBody {
        rest: Some(bytes).filter(|bytes| !bytes.is_empty()),
        announced: announced as u64,
        had_time: false,
    };
    let cut = Response::from_parts(parts, Body::new(body));
    (cut, InterferenceKind::Cut)
}

/// A body that fails before its announced end.
struct CutBody {
    rest: Option<Bytes>,
    announced: u64,
    /// Whether the server could write out what it was given.
    had_time: bool,
}

/// What a cut body fails with; the server ends the connection then.
#[derive(Debug)]
struct CutOff;

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault rule cut the answer off")
    }
}

impl std::error::Error for CutOff {}

impl HttpBody for CutBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if let Some(bytes) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !self.had_time {
            // hyper throws away what it has not written when a body fails, and writes while a body
            // makes it wait.
            self.had_time = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(CutOff)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
