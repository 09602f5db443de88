//! `slapmaster ctl journal`: what was called and what happened, asked for or followed.

use serde_json::Value;

use super::{
    super::Failure,
    ask::{Ask, Object, Plan, Show},
    declare::{Argument, Line, Verb, switch, value, word},
    show::{Page, in_words},
};

/// The filters of entries: the flag's name is that of the filter, but for its dashes.
pub(super) const FILTERS: &[Argument] = &[
    word(
        "kind",
        &["calls", "events", "call", "event"],
        "Calls alone, or events alone",
    ),
    value(
        "event",
        "NAME",
        "Events of this kind: instance_started and so on",
    ),
    value("call", "NAME", "Calls of this name"),
    word(
        "dialect",
        &["slap", "json-rpc", "hateoas", "web", "control"],
        "Calls of this dialect",
    ),
    value("caller", "REF", "Calls by this caller"),
    value("computer", "REF", "About this computer"),
    value("partition", "REF", "About this partition"),
    value(
        "instance",
        "NAME",
        "About the instance of this title or guid",
    ),
    value("subject", "REF", "That happened to this"),
    value("release", "URL", "About this software release"),
    value("status", "CODE", "Answered so: 404, 4xx, or none"),
    value("rule", "NAME", "With which this fault rule interfered"),
    value("request-id", "ID", "Of this request"),
    value("text", "TEXT", "In whose words, path or bodies this is"),
    value(
        "since",
        "TIME",
        "Not before this time of the world's clock: 2026-11-23T08:30:00Z",
    ),
    value("until", "TIME", "Before this time of the world's clock"),
];

/// What every use of the filters reads: the filter and its value.
pub(super) fn filters(line: Line<'_>) -> impl Iterator<Item = (String, &str)> {
    FILTERS.iter().filter_map(move |flag| {
        let value = line.text(flag.name)?;
        let value = match (flag.name, value) {
            ("kind", "calls") => "call",
            ("kind", "events") => "event",
            (_, value) => value,
        };
        Some((flag.name.replace('-', "_"), value))
    })
}

/// The filters as an object.
pub(super) fn filter(line: Line<'_>) -> Object {
    filters(line).fold(Object::default(), |filter, (key, value)| {
        filter.put(&key, Some(value))
    })
}

/// `slapmaster ctl journal`.
pub(super) const VERB: Verb = Verb {
    name: "journal",
    about: "What was called and what happened, oldest first",
    more: "\
An entry has to pass every filter. With --json and --follow there is an entry a line.

Examples:
  slapmaster ctl journal --kind events --instance web
  slapmaster ctl journal --call 'requestComputerPartition' --status 5xx --order newest
  slapmaster ctl journal --follow",
    takes: &[
        FILTERS,
        &[
            value("after", "N", "Behind the entry of this number"),
            value("before", "N", "Before the entry of this number"),
            value("limit", "N", "At most so many: 100, or with --follow all"),
            word("order", &["oldest", "newest"], "Which come first"),
            switch(
                "follow",
                "Go on with what comes next, until the server stops",
            ),
            switch("clear", "Take every entry away"),
        ],
    ],
    plan: |line| {
        if line.is_set("clear") {
            return Ok(Plan::new(Ask::delete(&["v1", "journal"]), Show::Facts));
        }
        let ask = |path: &[&str]| {
            let ask = filters(line).fold(Ask::get(path), |ask, (key, value)| {
                ask.query(&key, Some(value))
            });
            ask.query("after", line.text("after"))
        };
        if line.is_set("follow") {
            for unused in ["before", "order"] {
                if line.text(unused).is_some() {
                    let reason = format!("--{unused}: means nothing with --follow");
                    return Err(Failure::new(Failure::USAGE, reason));
                }
            }
            let most = line.number("limit")?;
            return Ok(Plan::new(
                ask(&["v1", "journal", "follow"]),
                Show::Follow(most),
            ));
        }
        let ask = ask(&["v1", "journal"])
            .query("before", line.text("before"))
            .query("limit", line.text("limit"))
            .query("order", line.text("order"));
        Ok(Plan::new(ask, Show::Page(page)))
    },
};

fn page(answer: &Value, page: &mut Page) {
    entries(answer, page);
    if answer.get("gone").and_then(Value::as_u64) > Some(0) {
        let gone = answer.get("gone").map_or(String::new(), in_words);
        page.line(&format!("({gone} older entries are no longer kept)"));
    }
}

/// The entries of an answer, as a table.
pub(super) fn entries(answer: &Value, page: &mut Page) {
    let entries = answer.get("entries").and_then(Value::as_array);
    let entries = entries.map_or(&[][..], Vec::as_slice);
    if entries.is_empty() {
        page.line("no such entry");
        return;
    }
    let heads = ["#", "at", "kind", "what"];
    page.rows(&heads, entries.iter().map(cells).collect());
}

/// An entry as a line of a list that goes on.
pub(super) fn row(entry: &Value, page: &mut Page) {
    let cells = cells(entry);
    let [number, at, kind, what] = cells.as_slice() else {
        return;
    };
    page.words(&[&format!("{number:>5}"), at, &format!("{kind:<18}"), what]);
}

fn cells(entry: &Value) -> Vec<String> {
    let text = |key: &str| entry.get(key).map_or(String::new(), in_words);
    let (kind, what) = if entry.get("event").is_some() {
        (text("event"), text("text"))
    } else {
        (text("call"), call(entry))
    };
    vec![text("sequence"), text("at"), kind, what]
}

/// A call in a line: what was asked, by whom, and what became of it.
fn call(entry: &Value) -> String {
    let text = |key: &str| entry.get(key).map(in_words);
    let status = text("status").unwrap_or_else(|| "unanswered".to_owned());
    let mut words = format!(
        "{} {} -> {status}",
        text("method").unwrap_or_default(),
        text("path").unwrap_or_default()
    );
    for (key, before, behind) in [
        ("duration_ms", " in ", " ms"),
        ("caller", ", by ", ""),
        ("rule", ", by rule ", ""),
    ] {
        if let Some(value) = text(key) {
            words.extend([before, &value, behind]);
        }
    }
    words
}
