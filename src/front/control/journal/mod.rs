//! The journal: what was called and what happened, asked for, waited for, verified and followed.
//!
//! One set of filters serves all of it (`filter.rs`), and one form of an entry (`shown.rs`), which
//! is where secrets are left out. What waits holds no place in a queue, only a number. Start with
//! [`list`].

mod filter;
mod follow;
mod shown;
mod verify;
mod wait;

use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

use crate::{
    domain::text::InvalidValue,
    front::{State, redact},
    master::Master,
    mock::journal::{Entry, Order},
};

use super::{
    openapi::{Answer, Body, Key, Kind, Operation, may, need},
    problem::Problem,
    read::{self, Query},
    render,
};

pub(super) use self::{
    follow::{FOLLOW, follow},
    verify::{VERIFY, verify},
    wait::{WAIT, wait},
};

use self::{
    filter::{DIALECTS, EVENTS, KINDS, NUMBER, filter_keys},
    shown::ENTRY,
};

/// How many entries an answer has, unless it is told otherwise.
const LIMIT: usize = 100;
/// How many it may have.
const MOST: i64 = 1000;
const ORDER: [&str; 2] = ["oldest", "newest"];
/// What entries are asked for by, and how many in which order.
const LIST_KEYS: &[Key] = filter_keys![
    may("after", NUMBER),
    may("before", NUMBER),
    may("limit", Kind::Integer(1..=MOST)),
    may("order", Kind::Word(&ORDER)),
];

/// `GET /_mock/v1/journal`.
pub(super) static LIST: Operation = Operation {
    summary: "What was called and what happened",
    query: LIST_KEYS,
    body: Body::None,
    answer: Answer::Json(
        StatusCode::OK,
        &[&[
            need("entries", Kind::List(ENTRY)),
            may("next", NUMBER),
            need("last", NUMBER),
            need("kept", NUMBER),
            need("kept_bytes", NUMBER),
            need("gone", NUMBER),
        ]],
    ),
};
/// `DELETE /_mock/v1/journal`.
pub(super) static CLEAR: Operation = Operation::read(
    "Take every entry away; the numbers go on",
    Answer::Json(StatusCode::OK, &[&[need("last", NUMBER)]]),
);

/// `GET /_mock/v1/journal`: the entries that every filter admits, oldest first, or newest first
/// with `order=newest`; `{"entries": […], "next": …}`.
///
/// `next` is there when there may be more: `after` (or `before`, newest first) of the next call.
/// `last` is the number of the last entry of all, `gone` how many made room for others.
pub(super) async fn list(State(master): State<Master>, query: Query) -> Result<Response, Problem> {
    query.only(LIST.query)?;
    let filter = filter::of_query(&query)?;
    let number = |name| query.integer_in(name, &filter::NUMBERS);
    let between = (
        number("after")?.map_or(0, i64::unsigned_abs),
        number("before")?.map_or(u64::MAX, i64::unsigned_abs),
    );
    let limit = query
        .integer_in("limit", &(1..=MOST))?
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(LIMIT);
    let order = match query.text("order")? {
        Some(text) if read::word("order", text, &ORDER)? == "newest" => Order::Newest,
        Some(_) | None => Order::Oldest,
    };
    let journal = master.journal();
    // Before the entries: whoever goes on after it misses none.
    let size = journal.size();
    let admits = |entry: &Entry| filter.admits(entry, redact::words);
    let found = journal.select(between, order, limit, admits);
    let entries: Vec<Value> = found.iter().map(|entry| shown::entry(entry)).collect();
    let mut answer = json!({ "entries": entries });
    if let (Some(last), Value::Object(answer)) = (found.last(), &mut answer)
        && found.len() == limit
    {
        answer.insert("next".to_owned(), last.sequence.into());
    }
    if let Value::Object(answer) = &mut answer {
        answer.insert("last".to_owned(), size.last.into());
        answer.insert("kept".to_owned(), size.entries.into());
        answer.insert("kept_bytes".to_owned(), size.bytes.into());
        answer.insert("gone".to_owned(), size.gone.into());
    }
    Ok(render::json(StatusCode::OK, &answer))
}

/// `DELETE /_mock/v1/journal`: takes every entry away; `{"last": …}`, the number of the last one
/// that was ever written. Numbers go on behind it.
pub(super) async fn clear(State(master): State<Master>, query: Query) -> Result<Response, Problem> {
    query.only(CLEAR.query)?;
    let journal = master.journal();
    journal.clear();
    let answer = json!({ "last": journal.size().last });
    Ok(render::json(StatusCode::OK, &answer))
}

/// The refusal of what is in an object that is the value of a key.
fn inside(key: &'static str) -> impl Fn(InvalidValue) -> InvalidValue {
    move |refused| InvalidValue::new(format!("{key}.{}", refused.field), refused.reason)
}
