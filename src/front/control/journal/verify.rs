//! Verifying how often something happened.

use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

use crate::{
    domain::text::InvalidValue,
    front::{State, redact},
    master::Master,
    mock::journal::{Entry, Order},
};

use super::{
    super::{
        openapi::{Answer, Body, Key, Kind, Operation, may, need},
        problem::Problem,
        read::Object,
        render,
    },
    LIMIT,
    filter::{self, NUMBER, NUMBERS},
    inside, shown,
};

/// How often something has to have happened: one of these keys.
const COUNTS: [&str; 4] = ["exactly", "at_least", "at_most", "none"];
/// What is verified.
const KEYS: &[Key] = &[
    may("entry", Kind::Object(filter::KEYS)),
    may("exactly", NUMBER),
    may("at_least", NUMBER),
    may("at_most", NUMBER),
    may("none", Kind::Flag),
    may("after", NUMBER),
];

/// `POST /_mock/v1/journal/verify`.
pub(in super::super) static VERIFY: Operation = Operation {
    summary: "Whether something happened as often as it should",
    query: &[],
    body: Body::Keys(KEYS),
    answer: Answer::Json(
        StatusCode::OK,
        &[&[
            need("matched", NUMBER),
            need("entries", Kind::List(shown::ENTRY)),
            need("last", NUMBER),
        ]],
    ),
};

/// How often something has to have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    Exactly(u64),
    AtLeast(u64),
    AtMost(u64),
}

impl Count {
    const fn holds(self, found: u64) -> bool {
        match self {
            Self::Exactly(count) => found == count,
            Self::AtLeast(count) => found >= count,
            Self::AtMost(count) => found <= count,
        }
    }

    fn in_words(self) -> String {
        match self {
            Self::Exactly(0) => "none".to_owned(),
            Self::Exactly(count) => format!("exactly {count}"),
            Self::AtLeast(count) => format!("at least {count}"),
            Self::AtMost(count) => format!("at most {count}"),
        }
    }

    /// Read from the one key that says it; without one, at least one.
    fn of(object: &Object) -> Result<Self, InvalidValue> {
        let mut found = None;
        for key in COUNTS {
            let number = || -> Result<Option<u64>, InvalidValue> {
                Ok(object.integer_in(key, &NUMBERS)?.map(i64::unsigned_abs))
            };
            let count = match key {
                "exactly" => number()?.map(Self::Exactly),
                "at_least" => number()?.map(Self::AtLeast),
                "at_most" => number()?.map(Self::AtMost),
                _ => object
                    .flag(key)?
                    .filter(|none| *none)
                    .map(|_| Self::Exactly(0)),
            };
            match (found, count) {
                (Some((first, _)), Some(_)) => {
                    let reason = format!("was given with `{first}`, one of the two was expected");
                    return Err(InvalidValue::new(key, reason));
                }
                (None, Some(count)) => found = Some((key, count)),
                (_, None) => {}
            }
        }
        Ok(found.map_or(Self::AtLeast(1), |(_, count)| count))
    }
}

/// `POST /_mock/v1/journal/verify` with `{"entry": {…}, "exactly"|"at_least"|"at_most": n}` or
/// `"none": true`, behind number `after`: 200 and the entries that the filters admit.
///
/// Not so: 409, whose `detail` says what was found, with the `entries` and the `near_misses`: those
/// that differ in one filter alone, and in what.
pub(in super::super) async fn verify(
    State(master): State<Master>,
    object: Object,
) -> Result<Response, Problem> {
    object.only(KEYS)?;
    let asked = object.object("entry")?;
    let filter = asked.as_ref().map(filter::of_object).transpose();
    let filter = filter.map_err(inside("entry"))?.unwrap_or_default();
    let count = Count::of(&object)?;
    let after = object.integer_in("after", &NUMBERS)?;
    let after = after.map_or(0, i64::unsigned_abs);

    let journal = master.journal();
    let size = journal.size();
    let mut matched = 0;
    let mut entries = Vec::new();
    journal.select((after, u64::MAX), Order::Oldest, 1, |entry: &Entry| {
        if filter.admits(entry, redact::words) {
            matched += 1;
            if entries.len() < LIMIT {
                entries.push(shown::entry(entry));
            }
        }
        // All of them are counted.
        false
    });
    if count.holds(matched) {
        let answer = json!({ "matched": matched, "entries": entries, "last": size.last });
        return Ok(render::json(StatusCode::OK, &answer));
    }
    let near = shown::near_misses(journal, &filter, after);
    let mut detail = format!(
        "expected {} of {}, found {matched}; {}",
        count.in_words(),
        filter::in_words(asked.as_ref()),
        shown::in_words(&near),
    );
    if size.gone > 0 && after < size.last.saturating_sub(size.entries as u64) {
        let more = format!("; {} older entries are no longer kept", size.gone);
        detail.push_str(&more);
    }
    Err(Problem::new(StatusCode::CONFLICT, detail)
        .with_member("matched", matched)
        .with_member("entries", Value::Array(entries))
        .with_member("near_misses", shown::values(near)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_holds_for_what_it_says() {
        for (count, holds) in [
            (Count::Exactly(2), [false, true, false]),
            (Count::AtLeast(2), [false, true, true]),
            (Count::AtMost(2), [true, true, false]),
        ] {
            assert_eq!(
                [1, 2, 3].map(|found| count.holds(found)),
                holds,
                "{count:?}"
            );
        }
        assert!(Count::Exactly(0).holds(0) && !Count::Exactly(0).holds(1));
    }
}
