//! Which entries are meant, and which are nearly.

use std::borrow::Cow;

use super::{Call, Entry, What};
use crate::domain::{event::EventKind, text::nearest, time::Timestamp};

/// What an entry says in all, for who searches it for a text. A call's words are the dialects'
/// business, and so is what must not be found in them.
pub type Words = fn(&Entry) -> String;

/// What kind of entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A call.
    Call,
    /// An event.
    Event,
}

impl Kind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Event => "event",
        }
    }
}

/// How calls were answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusFilter {
    /// With this status.
    Exactly(u16),
    /// With a status of this class: 4 for 400 to 499.
    Class(u16),
    /// Not at all.
    Unanswered,
}

impl StatusFilter {
    fn holds(self, status: Option<u16>) -> bool {
        match (self, status) {
            (Self::Exactly(expected), Some(found)) => expected == found,
            (Self::Class(class), Some(found)) => found / 100 == class,
            (Self::Unanswered, found) => found.is_none(),
            (Self::Exactly(_) | Self::Class(_), None) => false,
        }
    }
}

/// One thing that an entry has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A call or an event.
    Kind(Kind),
    /// An event of this kind.
    Event(EventKind),
    /// A call of this dialect.
    Dialect(String),
    /// This call, by its name in its dialect.
    Call(String),
    /// A call by this caller.
    Caller(String),
    /// About this computer.
    Computer(String),
    /// About this partition.
    Partition(String),
    /// About the instance of this title or guid.
    Instance(String),
    /// An event that happened to what has this reference.
    Subject(String),
    /// An event about this software release.
    Release(String),
    /// A call that was answered so.
    Status(StatusFilter),
    /// A call that this rule interfered with.
    Rule(String),
    /// The call of this id, or what happened because of it.
    Request(String),
    /// An entry in whose words this is.
    Text(String),
    /// Not earlier than this.
    Since(Timestamp),
    /// Earlier than this.
    Until(Timestamp),
}

impl Condition {
    /// Its name, and that of what it looks at in an entry.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Kind(_) => "kind",
            Self::Event(_) => "event",
            Self::Dialect(_) => "dialect",
            Self::Call(_) => "call",
            Self::Caller(_) => "caller",
            Self::Computer(_) => "computer",
            Self::Partition(_) => "partition",
            Self::Instance(_) => "instance",
            Self::Subject(_) => "subject",
            Self::Release(_) => "release",
            Self::Status(_) => "status",
            Self::Rule(_) => "rule",
            Self::Request(_) => "request_id",
            Self::Text(_) => "text",
            Self::Since(_) => "since",
            Self::Until(_) => "until",
        }
    }

    /// The kind of entry that alone can be so.
    const fn implies(&self) -> Option<Kind> {
        match self {
            Self::Kind(kind) => Some(*kind),
            Self::Event(_) | Self::Subject(_) | Self::Release(_) => Some(Kind::Event),
            Self::Dialect(_)
            | Self::Call(_)
            | Self::Caller(_)
            | Self::Status(_)
            | Self::Rule(_) => Some(Kind::Call),
            Self::Computer(_)
            | Self::Partition(_)
            | Self::Instance(_)
            | Self::Request(_)
            | Self::Text(_)
            | Self::Since(_)
            | Self::Until(_) => None,
        }
    }

    fn holds(&self, entry: &Entry, words: Words) -> bool {
        match self {
            Self::Kind(kind) => entry.kind() == *kind,
            Self::Event(kind) => entry.event().is_some_and(|event| event.kind == *kind),
            Self::Dialect(wanted)
            | Self::Call(wanted)
            | Self::Caller(wanted)
            | Self::Computer(wanted)
            | Self::Partition(wanted)
            | Self::Subject(wanted)
            | Self::Release(wanted)
            | Self::Rule(wanted)
            | Self::Request(wanted) => self.actual(entry).is_some_and(|actual| actual == *wanted),
            Self::Instance(wanted) => match &entry.what {
                What::Call(call) => call.instance.as_ref() == Some(wanted),
                What::Event(event) => event.about.is_of_instance(wanted),
            },
            Self::Status(status) => entry.call().is_some_and(|call| status.holds(call.status)),
            Self::Text(wanted) => words(entry).contains(wanted),
            Self::Since(at) => entry.at >= *at,
            Self::Until(at) => entry.at < *at,
        }
    }

    /// What the entry is in this respect; none if it has nothing of the kind, or too much of it.
    pub fn actual<'e>(&self, entry: &'e Entry) -> Option<Cow<'e, str>> {
        let (call, event) = (entry.call(), entry.event());
        let of_call = |of: fn(&Call) -> &Option<String>| call.and_then(|call| of(call).as_deref());
        let of_event = |name| {
            let facts = event?.about.facts();
            facts.into_iter().find(|(fact, _)| *fact == name)?.1
        };
        let text = match self {
            Self::Kind(_) => Some(entry.kind().as_str()),
            Self::Event(_) => event.map(|event| event.kind.as_str()),
            Self::Dialect(_) => call.and_then(|call| call.dialect),
            Self::Call(_) => call.and_then(|call| call.name),
            Self::Caller(_) => of_call(|call| &call.caller),
            Self::Rule(_) => of_call(|call| &call.rule),
            Self::Subject(_) => event.map(|event| event.subject.as_str()),
            Self::Computer(_) => of_call(|call| &call.computer).or_else(|| of_event("computer")),
            Self::Partition(_) => of_call(|call| &call.partition).or_else(|| of_event("partition")),
            Self::Instance(_) => of_call(|call| &call.instance).or_else(|| of_event("title")),
            Self::Release(_) => of_event("release"),
            Self::Status(_) => {
                return call?.status.map(|status| status.to_string().into());
            }
            Self::Request(_) => return entry.request.map(|id| id.to_string().into()),
            Self::Since(_) | Self::Until(_) => return entry.at.rfc3339().map(Cow::Owned),
            Self::Text(_) => None,
        };
        text.map(Cow::Borrowed)
    }

    /// What is asked for, in words.
    pub fn expected(&self) -> String {
        match self {
            Self::Kind(kind) => kind.as_str().to_owned(),
            Self::Status(StatusFilter::Exactly(status)) => status.to_string(),
            Self::Status(StatusFilter::Class(class)) => format!("{class}xx"),
            Self::Status(StatusFilter::Unanswered) => "none".to_owned(),
            Self::Request(text) | Self::Text(text) => text.clone(),
            Self::Since(at) | Self::Until(at) => at.rfc3339().unwrap_or_default(),
            Self::Event(_)
            | Self::Dialect(_)
            | Self::Call(_)
            | Self::Caller(_)
            | Self::Computer(_)
            | Self::Partition(_)
            | Self::Instance(_)
            | Self::Subject(_)
            | Self::Release(_)
            | Self::Rule(_) => self.wanted().unwrap_or_default().to_owned(),
        }
    }

    /// The text that is looked for, where it is one.
    fn wanted(&self) -> Option<&str> {
        match self {
            Self::Event(kind) => Some(kind.as_str()),
            Self::Dialect(text)
            | Self::Call(text)
            | Self::Caller(text)
            | Self::Computer(text)
            | Self::Partition(text)
            | Self::Instance(text)
            | Self::Subject(text)
            | Self::Release(text)
            | Self::Rule(text) => Some(text),
            Self::Kind(_)
            | Self::Status(_)
            | Self::Request(_)
            | Self::Text(_)
            | Self::Since(_)
            | Self::Until(_) => None,
        }
    }
}

/// What an entry has to be: everything at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(Vec<Condition>);

/// An entry that is what is meant but for one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss<'f> {
    /// What it is not.
    pub condition: &'f Condition,
    /// What it is instead; none if it has nothing of the kind.
    pub actual: Option<String>,
}

impl Filter {
    /// What has to be, all of it; nothing is everything.
    pub const fn new(conditions: Vec<Condition>) -> Self {
        Self(conditions)
    }

    /// Whether the entry is meant.
    pub fn admits(&self, entry: &Entry, words: Words) -> bool {
        self.0.iter().all(|condition| condition.holds(entry, words))
    }

    /// In what the entry differs, if that is one thing alone, and not that it is no event, or no
    /// call.
    ///
    /// Where only one thing was asked for, any entry differs in that alone: then it has to be
    /// spelt almost as it was asked for.
    pub fn near_miss(&self, entry: &Entry, words: Words) -> Option<NearMiss<'_>> {
        let other_kind = |kind| kind != entry.kind();
        if self.0.iter().filter_map(Condition::implies).any(other_kind) {
            return None;
        }
        let mut missed = self
            .0
            .iter()
            .filter(|condition| !condition.holds(entry, words));
        let (condition, None) = (missed.next()?, missed.next()) else {
            return None;
        };
        let actual = condition.actual(entry);
        if self.0.len() == 1 {
            nearest(condition.wanted()?, actual.as_deref().into_iter())?;
        }
        let actual = actual.map(Cow::into_owned);
        Some(NearMiss { condition, actual })
    }
}
