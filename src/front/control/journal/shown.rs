//! An entry as it is told: JSON without secrets.

use serde_json::{Map, Value, json};

use crate::{
    front::redact,
    mock::journal::{self, Call, Entry, Event, Filter, What},
};

use super::{
    super::{
        openapi::{Key, Kind, may, need},
        render::time,
    },
    filter::{DIALECTS, EVENTS, KINDS, NUMBER},
};

/// How many entries that are nearly meant are told.
pub(super) const NEAR_MISSES: usize = 5;

/// What is told of a body.
const BODY: &[Key] = &[
    need("bytes", NUMBER),
    may("media_type", Kind::Text),
    may("text", Kind::Text),
    may("is_cut", Kind::Flag),
];
/// What is told of an entry. What it has nothing of is not there.
pub(super) const ENTRY: &[Key] = &[
    need("sequence", NUMBER),
    need("at", Kind::Time),
    need("kind", Kind::Word(&KINDS)),
    may("request_id", Kind::Text),
    may("event", Kind::Word(&EVENTS)),
    may("subject", Kind::Text),
    may("text", Kind::Text),
    may("simulated", Kind::Flag),
    may("method", Kind::Text),
    may("path", Kind::Text),
    may("dialect", Kind::Word(&DIALECTS)),
    may("call", Kind::Text),
    may("caller", Kind::Text),
    may("computer", Kind::Text),
    may("partition", Kind::Text),
    may("instance", Kind::Text),
    may("title", Kind::Text),
    may("tree", Kind::Text),
    may("release", Kind::Text),
    may("status", Kind::Integer(100..=599)),
    may("duration_ms", Kind::Seconds),
    may("rule", Kind::Text),
    may("request_body", Kind::Object(BODY)),
    may("response_body", Kind::Object(BODY)),
];

/// An entry.
pub(super) fn entry(entry: &Entry) -> Value {
    let mut shown = Shown(Map::new());
    shown.put("sequence", Some(entry.sequence));
    shown.put("at", Some(time(entry.at)));
    shown.put("kind", Some(entry.kind().as_str()));
    shown.put("request_id", entry.request.map(|id| id.to_string()));
    match &entry.what {
        What::Call(call) => shown.call(call),
        What::Event(event) => shown.event(event),
    }
    shown.0.into()
}

/// The members of an entry.
struct Shown(Map<String, Value>);

impl Shown {
    fn put(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value.into());
        }
    }

    fn event(&mut self, event: &Event) {
        self.put("event", Some(event.kind.as_str()));
        self.put("subject", Some(event.subject.as_str()));
        self.put("text", Some(redact::event(event)));
        self.put("simulated", event.by_simulation.then_some(true));
        for (name, fact) in event.about.facts() {
            self.put(name, fact);
        }
    }

    fn call(&mut self, call: &Call) {
        self.put("method", Some(call.method.as_ref()));
        self.put("path", Some(redact::target(call)));
        self.put("dialect", call.dialect);
        self.put("call", call.name);
        self.put("caller", call.caller.as_deref());
        self.put("computer", call.computer.as_deref());
        self.put("partition", call.partition.as_deref());
        self.put("instance", call.instance.as_deref());
        self.put("status", call.status);
        let micros = u64::try_from(call.duration.as_micros()).unwrap_or(u64::MAX);
        #[expect(
            clippy::cast_precision_loss,
            reason = "nothing takes as long as 2^53 µs"
        )]
        self.put("duration_ms", Some(micros as f64 / 1000.0));
        self.put("rule", call.rule.as_deref());
        self.body("request_body", call, &call.request_body);
        self.body("response_body", call, &call.response_body);
    }

    fn body(&mut self, key: &str, call: &Call, body: &journal::Body) {
        if body.length == 0 {
            return;
        }
        let mut shown = Self(Map::new());
        shown.put("bytes", Some(body.length));
        shown.put("media_type", body.media_type.as_deref());
        let text = redact::body(call, body);
        let is_cut = body.beginning.raw().len() as u64 != body.length;
        shown.put("is_cut", text.as_ref().map(|_| is_cut));
        shown.put("text", text);
        self.put(key, Some(shown.0));
    }
}

/// An entry that is nearly what is meant.
pub(super) struct Near {
    value: Value,
    words: String,
}

/// The newest entries behind a number that are nearly what is meant, and in what they differ.
pub(super) fn near_misses(journal: &journal::Journal, filter: &Filter, after: u64) -> Vec<Near> {
    let is_near = |entry: &Entry| filter.near_miss(entry, redact::words).is_some();
    let newest = journal::Order::Newest;
    let near = journal.select((after, u64::MAX), newest, NEAR_MISSES, is_near);
    near.iter()
        .filter_map(|near| {
            let miss = filter.near_miss(near, redact::words)?;
            let key = miss.condition.key();
            let says = match &near.what {
                What::Call(call) => format!("{} {}", call.method, redact::target(call)),
                What::Event(event) => redact::event(event),
            };
            let actual = miss.actual.as_deref().unwrap_or("none");
            let words = format!("#{} ({says}): `{key}` is `{actual}`", near.sequence);
            let value = json!({
                "differs_in": key,
                "expected": miss.condition.expected(),
                "actual": miss.actual,
                "entry": entry(near),
            });
            Some(Near { value, words })
        })
        .collect()
}

/// Near misses in words.
pub(super) fn in_words(near: &[Near]) -> String {
    if near.is_empty() {
        return "nothing came near".to_owned();
    }
    let words: Vec<&str> = near.iter().map(|near| near.words.as_str()).collect();
    format!("near misses: {}", words.join("; "))
}

/// Near misses as they are told.
pub(super) fn values(near: Vec<Near>) -> Value {
    near.into_iter().map(|near| near.value).collect()
}
