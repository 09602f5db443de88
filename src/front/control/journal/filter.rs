//! Filters, as they are written: in a query string, or as keys of an object.

use std::{borrow::Cow, ops::RangeInclusive};

use crate::{
    domain::{event::EventKind, state::UnknownWord, text::InvalidValue},
    mock::journal::{Condition, Filter, Kind as EntryKind, StatusFilter},
};

use super::super::{
    openapi::{Key, Kind, may},
    read::{self, Object, Query},
};

/// The numbers of entries.
pub(super) const NUMBERS: RangeInclusive<i64> = 0..=i64::MAX;
/// The number of an entry, or of entries.
pub(super) const NUMBER: Kind = Kind::Integer(NUMBERS);
/// The kinds of entries.
pub(super) const KINDS: [&str; 2] = [EntryKind::Call.as_str(), EntryKind::Event.as_str()];
/// The dialects.
pub(super) const DIALECTS: [&str; 5] = ["slap", "json-rpc", "hateoas", "web", "control"];
/// The word of each kind of event.
pub(super) const EVENTS: [&str; EventKind::ALL.len()] = {
    let mut words = [""; EventKind::ALL.len()];
    let mut place = 0;
    while place < words.len() {
        #[expect(clippy::indexing_slicing, reason = "the lists are equally long")]
        {
            words[place] = EventKind::ALL[place].as_str();
        }
        place += 1;
    }
    words
};

/// The keys of the filters, with others behind them.
macro_rules! filter_keys {
    ($($more:expr),* $(,)?) => {
        &[
            may("kind", Kind::Word(&KINDS)),
            may("event", Kind::Word(&EVENTS)),
            may("dialect", Kind::Word(&DIALECTS)),
            may("call", Kind::Text),
            may("caller", Kind::Text),
            may("computer", Kind::Text),
            may("partition", Kind::Text),
            may("instance", Kind::Text),
            may("subject", Kind::Text),
            may("release", Kind::Text),
            may("status", Kind::TextOrNumber),
            may("rule", Kind::Text),
            may("request_id", Kind::Text),
            may("text", Kind::Text),
            may("since", Kind::Time),
            may("until", Kind::Time),
            $($more),*
        ]
    };
}

pub(super) use filter_keys;

/// What entries are asked for by: all of it has to be so at once.
pub(super) const KEYS: &[Key] = filter_keys![];

/// The filters of a query string.
pub(super) fn of_query(query: &Query) -> Result<Filter, InvalidValue> {
    filter(|key| Ok(query.text(key)?.map(Cow::Borrowed)))
}

/// The filters that are the keys of an object, which has no others.
pub(super) fn of_object(object: &Object) -> Result<Filter, InvalidValue> {
    object.only(KEYS)?;
    filter(|key| {
        if key == "status"
            && let Ok(Some(status)) = object.integer(key)
        {
            return Ok(Some(Cow::Owned(status.to_string())));
        }
        Ok(object.text(key)?.map(Cow::Borrowed))
    })
}

fn filter<'t>(
    text: impl Fn(&'static str) -> Result<Option<Cow<'t, str>>, InvalidValue>,
) -> Result<Filter, InvalidValue> {
    let mut conditions = Vec::new();
    for key in KEYS {
        if let Some(text) = text(key.name)? {
            conditions.push(condition(key.name, &text)?);
        }
    }
    Ok(Filter::new(conditions))
}

fn condition(key: &str, text: &str) -> Result<Condition, InvalidValue> {
    let owned = || text.to_owned();
    Ok(match key {
        "kind" if read::word(key, text, &KINDS)? == EntryKind::Call.as_str() => {
            Condition::Kind(EntryKind::Call)
        }
        "kind" => Condition::Kind(EntryKind::Event),
        "event" => {
            let word = read::word(key, text, &EVENTS)?;
            let kind = word.parse().map_err(|error| {
                let error: UnknownWord = error;
                InvalidValue::new(key, error.to_string())
            })?;
            Condition::Event(kind)
        }
        "dialect" => Condition::Dialect(read::word(key, text, &DIALECTS)?.to_owned()),
        "call" => Condition::Call(owned()),
        "caller" => Condition::Caller(owned()),
        "computer" => Condition::Computer(owned()),
        "partition" => Condition::Partition(owned()),
        "instance" => Condition::Instance(owned()),
        "subject" => Condition::Subject(owned()),
        "release" => Condition::Release(owned()),
        "status" => Condition::Status(status(key, text)?),
        "rule" => Condition::Rule(owned()),
        "request_id" => Condition::Request(owned()),
        "since" => Condition::Since(read::time(key, text)?),
        "until" => Condition::Until(read::time(key, text)?),
        _ => Condition::Text(owned()),
    })
}

/// A status, a class of statuses, or that there was none.
fn status(key: &str, text: &str) -> Result<StatusFilter, InvalidValue> {
    let number = text
        .parse()
        .ok()
        .filter(|status| (100..=599).contains(status));
    let class = text.strip_suffix("xx").and_then(|class| class.parse().ok());
    match (number, class, text) {
        (Some(status), _, _) => Ok(StatusFilter::Exactly(status)),
        (None, Some(class @ 1..=5), _) => Ok(StatusFilter::Class(class)),
        (None, _, "none") => Ok(StatusFilter::Unanswered),
        _ => Err(InvalidValue::new(
            key,
            format!("is `{text}`, a status like `404`, a class like `4xx`, or `none` was expected"),
        )),
    }
}

/// What was asked for, in words.
pub(super) fn in_words(object: Option<&Object>) -> String {
    let Some(object) = object else {
        return "any entry".to_owned();
    };
    let members: Vec<String> = object
        .members()
        .map(|(key, value)| match value.as_str() {
            Some(text) => format!("{key} `{text}`"),
            None => format!("{key} `{value}`"),
        })
        .collect();
    if members.is_empty() {
        return "any entry".to_owned();
    }
    format!("an entry with {}", members.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_is_read_as_what_it_is_called() {
        for key in KEYS {
            let text = match key.name {
                "kind" => "call",
                "event" => "instance_started",
                "dialect" => "json-rpc",
                "status" => "4xx",
                "since" | "until" => "2026-11-23T08:30:00Z",
                _ => "x",
            };
            assert_eq!(condition(key.name, text).unwrap().key(), key.name);
        }
    }

    #[test]
    fn what_no_filter_can_be_is_refused_with_a_suggestion() {
        let check = |key: &str, text: &str, expected: &str| {
            let refused = condition(key, text).unwrap_err().to_string();
            assert!(refused.starts_with(expected), "{refused}");
        };
        check(
            "kind",
            "calls",
            "`kind`: is `calls`, perhaps `call` was meant;",
        );
        check(
            "event",
            "instance_start",
            "`event`: is `instance_start`, perhaps `instance_started` was meant;",
        );
        check(
            "dialect",
            "jsonrpc",
            "`dialect`: is `jsonrpc`, perhaps `json-rpc` was meant;",
        );
        for status in ["", "9", "600", "6xx", "0xx", "xx", "ok"] {
            check(
                "status",
                status,
                &format!("`status`: is `{status}`, a status like"),
            );
        }
        check("since", "yesterday", "`since`: is `yesterday`, a time like");
    }

    #[test]
    fn a_status_is_a_number_a_class_or_none() {
        assert_eq!(status("s", "404"), Ok(StatusFilter::Exactly(404)));
        assert_eq!(status("s", "5xx"), Ok(StatusFilter::Class(5)));
        assert_eq!(status("s", "none"), Ok(StatusFilter::Unanswered));
    }
}
