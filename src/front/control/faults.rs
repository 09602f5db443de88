//! Fault rules: set, listed, removed.

use axum::{
    extract::{Path, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use serde_json::{Value, json};

use crate::{
    domain::text::InvalidValue,
    front::State,
    master::Master,
    mock::faults::{
        MOST_COUNTED, MOST_CUT_BYTES, MOST_DELAY_MS, MOST_ITEMS, RuleName, SetError, Standing,
        WrittenRule,
    },
};

use super::{
    openapi::{Answer, Body, Key, Kind, Operation, may, need},
    problem::Problem,
    read::{Json, Query},
    render::{self, json_of, time},
};

/// Something that is counted from 1.
const COUNTED: Kind = Kind::Integer(1..=MOST_COUNTED.cast_signed());
/// A number of milliseconds.
const DELAY: Kind = Kind::Integer(0..=MOST_DELAY_MS.cast_signed());
/// The keys of `caller`.
const CALLER: &[Key] = &[
    may(
        "kind",
        Kind::Word(&["anonymous", "user", "computer", "instance"]),
    ),
    may("reference", Kind::Text),
];
/// The keys of `match`.
const MATCH: &[Key] = &[
    may(
        "call",
        Kind::Either(&[Kind::Text, Kind::Items(&Kind::Text, 1..=MOST_ITEMS)]),
    ),
    may(
        "dialect",
        Kind::Word(&["slap", "json-rpc", "web", "hateoas"]),
    ),
    may("caller", Kind::Object(CALLER)),
    may("computer", Kind::Text),
    may("partition", Kind::Text),
    may("title", Kind::Text),
    may(
        "nth",
        Kind::Either(&[COUNTED, Kind::Items(&COUNTED, 1..=MOST_ITEMS)]),
    ),
];
/// The keys of `effect`.
const EFFECT: &[Key] = &[
    may(
        "delay_ms",
        Kind::Either(&[DELAY, Kind::Items(&DELAY, 2..=2)]),
    ),
    may("status", Kind::Integer(200..=599)),
    may("headers", Kind::Dictionary),
    may("body", Kind::Text),
    may("not_ready", Kind::Flag),
    may("cold_cache", Kind::Flag),
    may("drop", Kind::Flag),
    may(
        "cut_after_bytes",
        Kind::Integer(0..=MOST_CUT_BYTES.cast_signed()),
    ),
    may("stale", Kind::Flag),
];
/// What a rule is made of.
const RULE: &[Key] = &[
    may("name", Kind::Text),
    may("match", Kind::Object(MATCH)),
    need("effect", Kind::Object(EFFECT)),
    may("when", Kind::Word(&["before", "after"])),
    may("count", COUNTED),
    may(
        "sequence",
        Kind::Items(&Kind::Word(&["fail", "pass"]), 1..=MOST_ITEMS),
    ),
    may("probability", Kind::Fraction),
    may("from", Kind::Time),
    may("until", Kind::Time),
    may("lifetime_s", COUNTED),
];
/// What is told of a rule beside what it is made of.
const STANDING: &[Key] = &[
    need("created_at", Kind::Time),
    need("expires_at", Kind::TimeOrNull),
    need("matched", COUNT),
    need("applied", COUNT),
];
const COUNT: Kind = Kind::Integer(0..=i64::MAX);
/// What is told of a rule.
const SHOWN: &[&[Key]] = &[RULE, STANDING];
const REMOVED: Answer = Answer::Json(StatusCode::OK, &[&[need("removed", COUNT)]]);

/// `GET /_mock/v1/faults`.
pub(super) static LIST: Operation = Operation::read(
    "Every fault rule, in the order in which they are asked",
    Answer::Json(StatusCode::OK, &[&[need("faults", Kind::Lists(SHOWN))]]),
);
/// `POST /_mock/v1/faults`.
pub(super) static ADD: Operation = Operation {
    summary: "Set a fault rule behind all others",
    query: &[],
    body: Body::Keys(RULE),
    answer: Answer::Json(StatusCode::CREATED, SHOWN),
};
/// `DELETE /_mock/v1/faults`.
pub(super) static CLEAR: Operation = Operation::read("Remove every fault rule", REMOVED);
/// `GET /_mock/v1/faults/{name}`.
pub(super) static ONE: Operation =
    Operation::read("One fault rule", Answer::Json(StatusCode::OK, SHOWN));
/// `PUT /_mock/v1/faults/{name}`.
pub(super) static PUT: Operation = Operation {
    summary: "Set the fault rule of this name, in the place of the one that has it",
    query: &[],
    body: Body::Keys(RULE),
    answer: Answer::Json(StatusCode::OK, SHOWN),
};
/// `DELETE /_mock/v1/faults/{name}`.
pub(super) static REMOVE: Operation = Operation::read("Remove one fault rule", REMOVED);

/// The name in the path.
type Name = Result<Path<String>, PathRejection>;

/// `GET /_mock/v1/faults`: every rule, with how many calls it fitted and was applied to;
/// `{"faults": […]}`.
pub(super) async fn list(State(master): State<Master>, query: Query) -> Result<Response, Problem> {
    query.only(LIST.query)?;
    let rules = master.faults().all(master.clock().now());
    let rules: Vec<Value> = rules.iter().map(shown).collect();
    Ok(render::json(StatusCode::OK, &json!({ "faults": rules })))
}

/// `POST /_mock/v1/faults` with a rule: 201 and the rule, with a name if it had none.
///
/// A name that another rule has, or one rule too many: 409.
pub(super) async fn add(
    State(master): State<Master>,
    Json(given): Json,
) -> Result<Response, Problem> {
    let written = WrittenRule::read(&given)?;
    let standing = master.faults().add(written, master.clock().now())?;
    Ok(render::json(StatusCode::CREATED, &shown(&standing)))
}

/// `PUT /_mock/v1/faults/{name}` with a rule: the rule, which begins anew.
///
/// One rule too many: 409.
pub(super) async fn put(
    State(master): State<Master>,
    name: Name,
    Json(given): Json,
) -> Result<Response, Problem> {
    let name = name
        .map_err(|_| InvalidValue::new("name", "is not UTF-8"))?
        .0;
    let name = RuleName::parse(&name).map_err(|reason| InvalidValue::new("name", reason))?;
    let written = WrittenRule::read(&given)?;
    if let Some(other) = written.name.filter(|other| *other != name) {
        let reason = format!("is `{other}`, `{name}` was expected, as in the path");
        return Err(InvalidValue::new("name", reason).into());
    }
    let now = master.clock().now();
    let standing = master.faults().put(name, written.rule, now)?;
    Ok(render::json(StatusCode::OK, &shown(&standing)))
}

/// `GET /_mock/v1/faults/{name}`: one rule. Unknown: 404.
pub(super) async fn one(State(master): State<Master>, name: Name) -> Result<Response, Problem> {
    let name = name
        .map_err(|_| InvalidValue::new("name", "is not UTF-8"))?
        .0;
    let found = master.faults().find(&name, master.clock().now());
    let standing = found.ok_or_else(|| unknown(&name))?;
    Ok(render::json(StatusCode::OK, &shown(&standing)))
}

/// `DELETE /_mock/v1/faults/{name}`: `{"removed": 1}`. Unknown: 404.
pub(super) async fn remove(State(master): State<Master>, name: Name) -> Result<Response, Problem> {
    let name = name
        .map_err(|_| InvalidValue::new("name", "is not UTF-8"))?
        .0;
    if !master.faults().remove(&name, master.clock().now()) {
        return Err(unknown(&name));
    }
    Ok(render::json(StatusCode::OK, &json!({ "removed": 1 })))
}

/// `DELETE /_mock/v1/faults`: how many there were, `{"removed": 3}`.
pub(super) async fn clear(State(master): State<Master>) -> Response {
    let removed = master.faults().clear(master.clock().now());
    render::json(StatusCode::OK, &json!({ "removed": removed }))
}

fn unknown(name: &str) -> Problem {
    let detail = format!("There is no fault rule `{name}`.");
    Problem::new(StatusCode::NOT_FOUND, detail)
}

impl From<SetError> for Problem {
    fn from(error: SetError) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            format!("The rule was not set: {error}."),
        )
    }
}

fn shown(standing: &Standing) -> Value {
    let mut value = json_of(standing.rule.written(&standing.name));
    if let Value::Object(members) = &mut value {
        members.insert("created_at".to_owned(), time(standing.created_at));
        let end = standing.expires_at.map_or(Value::Null, time);
        members.insert("expires_at".to_owned(), end);
        members.insert("matched".to_owned(), standing.matched.into());
        members.insert("applied".to_owned(), standing.applied.into());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::faults::{CALLER_KEYS, EFFECT_KEYS, MATCH_KEYS, RULE_KEYS};

    #[test]
    fn every_key_that_is_read_is_described() {
        let names = |keys: &[Key]| keys.iter().map(|key| key.name).collect::<Vec<_>>();
        assert_eq!(names(RULE), RULE_KEYS);
        assert_eq!(names(MATCH), MATCH_KEYS);
        assert_eq!(names(CALLER), CALLER_KEYS);
        assert_eq!(names(EFFECT), EFFECT_KEYS);
    }
}
