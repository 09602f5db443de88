//! What a journal keeps: calls as they were made, and events in words.

use std::{borrow::Cow, fmt, time::Duration};

use bytes::Bytes;

use super::Kind;
use crate::domain::{
    event::{About, EventKind},
    request_id::RequestId,
    time::Timestamp,
};

/// One thing that happened, under its number.
#[derive(Debug)]
pub struct Entry {
    /// Its number; numbers grow, and none is given twice in the life of a process.
    pub sequence: u64,
    /// When, by the world's clock.
    pub at: Timestamp,
    /// The request that it was, or that led to it, where that is known.
    pub request: Option<RequestId>,
    /// What.
    pub what: What,
}

/// What an entry tells of.
#[derive(Debug)]
pub enum What {
    /// A call was answered, or given up.
    Call(Box<Call>),
    /// Something happened to the model.
    Event(Box<Event>),
}

/// A call as HTTP.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: Cow<'static, str>,
    /// The path with its query, as it was sent: the query may hold a token.
    pub target: Unredacted,
    /// The dialect; none for a path that is nobody's.
    pub dialect: Option<&'static str>,
    /// The call's name in its dialect.
    pub name: Option<&'static str>,
    /// Who called, as far as that is known.
    pub caller: Option<String>,
    /// The computer that it names.
    pub computer: Option<String>,
    /// The partition that it names.
    pub partition: Option<String>,
    /// The instance that it names, by title or guid.
    pub instance: Option<String>,
    /// The rule that interfered.
    pub rule: Option<String>,
    /// How it was answered; none if the client did not wait for the answer, or was given none.
    pub status: Option<u16>,
    /// How long it took, in real time.
    pub duration: Duration,
    /// What was sent.
    pub request_body: Body,
    /// What was answered.
    pub response_body: Body,
}

/// The beginning of a body, as it was sent.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// Its media type, if it said one.
    pub media_type: Option<Cow<'static, str>>,
    /// How many bytes it had.
    pub length: u64,
    /// As much of it as is kept; what is answered from memory again and again is kept once.
    pub beginning: Unredacted,
}

impl Body {
    /// The same with a memory of its own, where it was a part of something larger.
    #[must_use]
    pub fn copied(self) -> Self {
        Self {
            beginning: Unredacted::new(Bytes::copy_from_slice(self.beginning.raw())),
            ..self
        }
    }
}

/// Something that happened to the model, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, by the world's clock.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: EventKind,
    /// Reference of what it happened to.
    pub subject: String,
    /// What it is about.
    pub about: About,
    /// What happened, in words.
    pub text: String,
    /// Whether a simulated computer did it.
    pub by_simulation: bool,
}

/// What may hold a secret, as it was sent: whoever shows it takes the secrets out first.
#[derive(Clone, Default)]
pub struct Unredacted(Bytes);

impl Unredacted {
    /// Keeps it from being shown by chance.
    pub const fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// What was sent, secrets included.
    pub fn raw(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Unredacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(not shown)")
    }
}

impl Entry {
    /// What kind of entry it is.
    pub const fn kind(&self) -> Kind {
        match self.what {
            What::Call(_) => Kind::Call,
            What::Event(_) => Kind::Event,
        }
    }

    /// The call, if it is one.
    pub fn call(&self) -> Option<&Call> {
        match &self.what {
            What::Call(call) => Some(call),
            What::Event(_) => None,
        }
    }

    /// The event, if it is one.
    pub fn event(&self) -> Option<&Event> {
        match &self.what {
            What::Event(event) => Some(event),
            What::Call(_) => None,
        }
    }

    /// What it takes to keep it, in bytes, but for bodies.
    pub(super) fn weight(&self) -> usize {
        // The entry with its place, and what is boxed in it.
        const FIXED: usize = size_of::<Entry>() + size_of::<usize>() * 4;
        const CALL: usize = FIXED + size_of::<Call>();
        const EVENT: usize = FIXED + size_of::<Event>();
        match &self.what {
            What::Event(event) => {
                let facts = event.about.facts();
                let facts: usize = facts
                    .iter()
                    .filter_map(|(_, text)| Some((*text)?.len()))
                    .sum();
                EVENT + event.subject.len() + event.text.len() + facts
            }
            What::Call(call) => {
                let texts = [
                    &call.caller,
                    &call.computer,
                    &call.partition,
                    &call.instance,
                    &call.rule,
                ];
                let media = [&call.request_body, &call.response_body];
                let media = media.map(|body| body.media_type.as_ref().map_or(0, |text| text.len()));
                CALL + call.target.raw().len()
                    + texts
                        .map(|text| text.as_ref().map_or(0, String::len))
                        .iter()
                        .sum::<usize>()
                    + media.iter().sum::<usize>()
            }
        }
    }

    /// The bodies that it keeps.
    pub(super) fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        self.call()
            .into_iter()
            .flat_map(|call| [&call.request_body, &call.response_body])
            .map(|body| body.beginning.raw())
            .filter(|body| !body.is_empty())
    }
}
