//! `slapmaster ctl journal --follow`: server-sent events, as they come.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::{
    super::Failure,
    find::Server,
    journal, print, refuse,
    show::{Look, Page},
    unreachable,
};
use crate::net::outgoing::{Arriving, CallError};

/// How long an event may be: an entry has two bodies of 16 KiB, and a byte may take six.
const MOST_BYTES: usize = 1024 * 1024;

/// Prints entries as they come in, until the server ends the stream, `most` of them were printed, or
/// nobody reads any more.
pub(super) async fn follow(
    server: &Server,
    place: &str,
    mut answer: Arriving,
    most: Option<u64>,
    look: Option<Look>,
) -> Result<(), Failure> {
    let lost = |error: CallError| unreachable(server, &error);
    let status = answer.head.status;
    if status != StatusCode::OK {
        let mut body = Vec::new();
        while let Some(piece) = answer.next().await.map_err(lost)? {
            body.extend_from_slice(&piece);
            if body.len() > MOST_BYTES {
                break;
            }
        }
        return refuse(place, status, &body, &[], look);
    }
    let mut left = most;
    let mut events = Events::default();
    loop {
        while let Some((kind, data)) = events.next() {
            if left == Some(0) || !print(said(&kind, &data, look).as_bytes(), true) {
                return Ok(());
            }
            if kind != "lost" {
                left = left.map(|left| left - 1);
            }
        }
        if left == Some(0) {
            return Ok(());
        }
        match answer.next().await.map_err(lost)? {
            None => return Ok(()),
            Some(piece) => events.come(&piece).map_err(lost)?,
        }
    }
}

/// An event as it is printed.
fn said(kind: &str, data: &str, look: Option<Look>) -> String {
    let is_loss = kind == "lost";
    let Some(look) = look else {
        if is_loss {
            return json!({ "lost": parsed(data).get("count") }).to_string();
        }
        return data.to_owned();
    };
    let mut page = Page::new(look);
    let value = parsed(data);
    if is_loss {
        let count = value.get("count").and_then(Value::as_u64).unwrap_or(0);
        page.line(&format!("({count} entries went before they could be read)"));
    } else {
        journal::row(&value, &mut page);
    }
    page.text
}

fn parsed(data: &str) -> Value {
    serde_json::from_str(data).unwrap_or_default()
}

/// The events of a stream, of which pieces come in.
#[derive(Debug, Default)]
struct Events {
    unread: Vec<u8>,
}

impl Events {
    /// Takes a piece; one that makes an event too long is refused.
    fn come(&mut self, piece: &[u8]) -> Result<(), CallError> {
        self.unread.extend_from_slice(piece);
        if self.unread.len() > MOST_BYTES && end_of_event(&self.unread).is_none() {
            return Err(CallError::TooLarge(MOST_BYTES));
        }
        Ok(())
    }

    /// The next whole event: its kind and its data. Comments are none.
    fn next(&mut self) -> Option<(String, String)> {
        while let Some(end) = end_of_event(&self.unread) {
            let event: Vec<u8> = self.unread.drain(..end).collect();
            let text = String::from_utf8_lossy(&event);
            let field = |name: &str| {
                let found = text.lines().find_map(|line| line.strip_prefix(name));
                found.map(|value| value.trim_start().to_owned())
            };
            if let Some(data) = field("data:") {
                return Some((field("event:").unwrap_or_default(), data));
            }
        }
        None
    }
}

/// Where the first event ends, with the empty line behind it.
fn end_of_event(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    Some(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_they_come_in() {
        let stream = b": behind 3\n\nid: 4\nevent: event\ndata: {\"a\":1}\n\n: alive\n\nid: 6\nevent: lost\ndata: {\"count\":2}\n\n";
        for size in [1, 7, stream.len()] {
            let mut events = Events::default();
            let mut found = Vec::new();
            for piece in stream.chunks(size) {
                events.come(piece).unwrap();
                found.extend(std::iter::from_fn(|| events.next()));
            }
            let expected = [("event", "{\"a\":1}"), ("lost", "{\"count\":2}")]
                .map(|(kind, data)| (kind.to_owned(), data.to_owned()));
            assert_eq!(found, expected, "pieces of {size}");
        }
    }

    #[test]
    fn an_event_without_an_end_is_refused() {
        let mut events = Events::default();
        assert!(events.come(&vec![b'x'; MOST_BYTES + 1]).is_err());
    }
}
