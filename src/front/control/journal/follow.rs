//! Following the journal: server-sent events, for as long as the reader stays.
//!
//! A reader is a number and nothing more: what it did not read yet stays in the journal, or goes
//! with the oldest entries. One that is too slow is told how many it lost.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body::Frame;
use serde_json::json;
use tokio::time::timeout;

use crate::{
    domain::text::InvalidValue,
    front::{State, redact},
    master::Master,
    mock::journal::{Filter, Journal},
};

use super::{
    super::{
        openapi::{self, Answer, Key, Kind, Operation, may},
        problem::Problem,
        read::Query,
    },
    filter::{self, DIALECTS, EVENTS, KINDS, NUMBER, NUMBERS, filter_keys},
    shown,
};

const EVENT_STREAM: &str = "text/event-stream";
/// Where a reader that comes again was.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How long nothing is said before a sign of life is given.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many entries are looked at before something is said, or others are let in.
const AT_ONCE: usize = 256;

const QUERY: &[Key] = filter_keys![may("after", NUMBER)];

/// `GET /_mock/v1/journal/follow`.
pub(in super::super) static FOLLOW: Operation = Operation {
    summary: "Every entry as it is written, as server-sent events",
    query: QUERY,
    body: openapi::Body::None,
    answer: Answer::Other(StatusCode::OK, EVENT_STREAM),
};

/// `GET /_mock/v1/journal/follow`: the entries that every filter admits, as server-sent events:
/// `id` is the entry's number, `event` its kind, `data` the entry in JSON.
///
/// It begins behind the number that the header `Last-Event-ID` or else `after` says, without them
/// with what comes next. A reader for whom entries went before it could have them is told so by
/// an event `lost` with `{"count": n}`; it ends when the world closes.
pub(in super::super) async fn follow(
    State(master): State<Master>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    query.only(QUERY)?;
    let journal = master.journal().clone();
    let after = match headers.get(LAST_EVENT_ID) {
        Some(id) => Some(last_event_id(id.as_bytes())?),
        None => query.integer_in("after", &NUMBERS)?.map(i64::unsigned_abs),
    };
    let reader = Reader {
        filter: filter::of_query(&query)?,
        read_up_to: after.unwrap_or_else(|| journal.size().last),
        journal,
    };
    let greeting = format!(": behind {}\n\n", reader.read_up_to);
    let stream = EventStream(Box::pin(async move { Some((greeting.into(), reader)) }));
    let headers = [
        (header::CONTENT_TYPE, EVENT_STREAM),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::new(stream)).into_response())
}

fn last_event_id(id: &[u8]) -> Result<u64, InvalidValue> {
    let text = std::str::from_utf8(id).unwrap_or_default();
    text.trim().parse().map_err(|_| {
        let reason = "is not the number of an entry, which was expected";
        InvalidValue::new("Last-Event-ID", reason)
    })
}

/// Where somebody reads.
struct Reader {
    journal: Journal,
    filter: Filter,
    read_up_to: u64,
}

impl Reader {
    /// What there is to say next; none at the end.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            let change = self.journal.next_change();
            let batch = self.journal.after(self.read_up_to, AT_ONCE);
            let nothing_new = batch.entries.is_empty();
            let mut said = String::new();
            if batch.lost > 0 {
                let id = self.read_up_to + batch.lost;
                push(
                    &mut said,
                    id,
                    "lost",
                    &json!({ "count": batch.lost }).to_string(),
                );
            }
            for entry in &batch.entries {
                if self.filter.admits(entry, redact::words) {
                    let data = shown::entry(entry).to_string();
                    push(&mut said, entry.sequence, entry.kind().as_str(), &data);
                }
            }
            let read_up_to = batch.last;
            if !said.is_empty() {
                drop(change);
                self.read_up_to = read_up_to;
                return Some((said.into(), self));
            }
            if nothing_new {
                if self.journal.is_ended() {
                    return None;
                }
                if timeout(HEARTBEAT, change).await.is_err() {
                    self.read_up_to = read_up_to;
                    return Some((Bytes::from_static(b": alive\n\n"), self));
                }
            }
            self.read_up_to = read_up_to;
        }
    }
}

fn push(said: &mut String, id: u64, event: &str, data: &str) {
    for text in [
        "id: ",
        &id.to_string(),
        "\nevent: ",
        event,
        "\ndata: ",
        data,
        "\n\n",
    ] {
        said.push_str(text);
    }
}

/// A body that is what a reader has to say, for as long as it has something.
struct EventStream(Next);

/// What there will be to say, and who says more.
type Next = Pin<Box<dyn Future<Output = Option<(Bytes, Reader)>> + Send>>;

impl HttpBody for EventStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.as_mut().poll(cx).map(|said| {
            let (bytes, reader) = said?;
            // Nothing is read on before this was sent: a slow client makes its reader slow.
            self.0 = Box::pin(reader.next());
            Some(Ok(Frame::data(bytes)))
        })
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::{
        domain::{
            event::{About, EventKind},
            time::Timestamp,
        },
        mock::journal::{Condition, Event, JournalLimits},
    };

    fn happen(journal: &Journal, subject: &str) {
        let event = Event {
            at: Timestamp::from_seconds(0),
            kind: EventKind::ComputerMade,
            subject: subject.to_owned(),
            about: About::default(),
            text: "x".to_owned(),
            by_simulation: false,
        };
        journal.happened(None, event);
    }

    fn stream(journal: &Journal, subject: &str, after: u64) -> Body {
        let reader = Reader {
            journal: journal.clone(),
            filter: Filter::new(vec![Condition::Subject(subject.to_owned())]),
            read_up_to: after,
        };
        Body::new(EventStream(Box::pin(reader.next())))
    }

    async fn next(body: &mut Body) -> Option<String> {
        let data = body.frame().await?.unwrap().into_data().unwrap();
        Some(String::from_utf8(data.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_reader_is_told_what_it_asked_for_and_ends_with_the_journal() {
        let journal = Journal::default();
        happen(&journal, "a");
        happen(&journal, "b");
        let mut body = stream(&journal, "b", 0);
        let told = next(&mut body).await.unwrap();
        assert!(
            told.starts_with("id: 2\nevent: event\ndata: {\"sequence\":2,"),
            "{told}"
        );
        assert!(told.ends_with("}\n\n") && !told.contains("\"a\""), "{told}");
        let (told, ()) = tokio::join!(next(&mut body), async {
            happen(&journal, "a");
            tokio::task::yield_now().await;
            happen(&journal, "b");
        });
        assert!(told.unwrap().starts_with("id: 4\n"));
        let (told, ()) = tokio::join!(next(&mut body), async { journal.end() });
        assert_eq!(told, None);
    }

    #[tokio::test]
    async fn a_slow_reader_is_told_how_much_it_lost() {
        let journal = Journal::new(JournalLimits {
            entries: 2,
            ..JournalLimits::default()
        });
        let mut body = stream(&journal, "a", 0);
        for _ in 0..5 {
            happen(&journal, "a");
        }
        let told = next(&mut body).await.unwrap();
        let lost = "id: 3\nevent: lost\ndata: {\"count\":3}\n\nid: 4\n";
        assert!(told.starts_with(lost), "{told}");
        journal.clear();
        happen(&journal, "b");
        happen(&journal, "a");
        assert!(next(&mut body).await.unwrap().starts_with("id: 7\n"));
    }
}
