//! A world's former moments: going back to the baseline, snapshots, and what differs between them.

use axum::{
    extract::{Path, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::{
    domain::{
        difference::{Change, Difference},
        given::Given,
        text::InvalidValue,
    },
    front::{
        record::RecordedBy,
        worlds::{Home, Kept, WorldName},
    },
    master::Master,
};

use super::{
    openapi::{Answer, Body, Key, Kind, Operation, may, need},
    problem::Problem,
    read::{Object, Query},
    render::{self, json_of, time},
};

/// How many differences are shown; all are counted.
const MOST_SHOWN: usize = 1_000;

const COUNT: Kind = Kind::Integer(0..=i64::MAX);
/// What is told of a world that went back.
const BACK: &[Key] = &[need("now", Kind::TimeOrNull)];
/// What is told of a snapshot.
const SHOWN: &[Key] = &[
    need("name", Kind::Text),
    need("taken_at", Kind::TimeOrNull),
    need("created_at", Kind::Time),
    need("bytes", COUNT),
];
const DIFFERENCE: &[Key] = &[
    need("kind", Kind::Text),
    need("name", Kind::Text),
    need("change", Kind::Word(&["added", "removed", "changed"])),
    need("fields", Kind::Anything),
];

/// `POST /_mock/v1/reset`.
pub(super) static RESET: Operation = Operation {
    summary: "Go back to what the fixtures made",
    query: &[],
    body: Body::Keys(&[]),
    answer: Answer::Json(StatusCode::OK, &[BACK]),
};
/// `GET /_mock/v1/snapshots`.
pub(super) static LIST: Operation = Operation::read(
    "Every snapshot of the world, by name",
    Answer::Json(StatusCode::OK, &[&[need("snapshots", Kind::List(SHOWN))]]),
);
/// `PUT /_mock/v1/snapshots/{name}`.
pub(super) static PUT: Operation = Operation {
    summary: "Keep the world as it is now under this name",
    query: &[],
    body: Body::Keys(&[]),
    answer: Answer::Json(StatusCode::OK, &[SHOWN]),
};
/// `GET /_mock/v1/snapshots/{name}`.
pub(super) static ONE: Operation =
    Operation::read("One snapshot", Answer::Json(StatusCode::OK, &[SHOWN]));
/// `DELETE /_mock/v1/snapshots/{name}`.
pub(super) static REMOVE: Operation =
    Operation::read("Forget a snapshot", Answer::Nothing(StatusCode::NO_CONTENT));
/// `POST /_mock/v1/snapshots/{name}/restore`.
pub(super) static RESTORE: Operation = Operation {
    summary: "Go back to a snapshot",
    query: &[],
    body: Body::Keys(&[]),
    answer: Answer::Json(StatusCode::OK, &[BACK]),
};
/// `GET /_mock/v1/snapshots/{name}/difference`.
pub(super) static COMPARE: Operation = Operation {
    summary: "What differs between a snapshot and another one, or the world as it is",
    query: &[may("to", Kind::Text)],
    body: Body::None,
    answer: Answer::Json(
        StatusCode::OK,
        &[&[
            need("added", COUNT),
            need("removed", COUNT),
            need("changed", COUNT),
            need("left_out", COUNT),
            need("differences", Kind::List(DIFFERENCE)),
        ]],
    ),
};

/// The name in the path.
type Name = Result<Path<String>, PathRejection>;

/// `POST /_mock/v1/reset` with `{}`: the world is as its fixtures made it; `{"now": …}` by its
/// clock. While the fixtures are being read: 409.
pub(super) async fn reset(home: Home, object: Object) -> Result<Response, Problem> {
    object.only(&[])?;
    Ok(back(home.seat.reset().await?))
}

/// `GET /_mock/v1/snapshots`: `{"snapshots": […]}`.
pub(super) async fn list(home: Home, query: Query) -> Result<Response, Problem> {
    query.only(LIST.query)?;
    let all = home.seat.all_kept();
    let all: Vec<Value> = all.iter().map(|(name, kept)| shown(name, kept)).collect();
    Ok(render::json(StatusCode::OK, &json!({ "snapshots": all })))
}

/// `PUT /_mock/v1/snapshots/{name}` with `{}`: the snapshot, in the place of one of this name.
///
/// One too many, or one that is too large: 409.
pub(super) async fn put(home: Home, name: Name, object: Object) -> Result<Response, Problem> {
    object.only(&[])?;
    let name = parsed("name", name)?;
    let kept = home.seat.keep(name.clone()).await?;
    Ok(render::json(StatusCode::OK, &shown(&name, &kept)))
}

/// `GET /_mock/v1/snapshots/{name}`: one snapshot. Unknown: 404.
pub(super) async fn one(home: Home, name: Name) -> Result<Response, Problem> {
    let name = parsed("name", name)?;
    let kept = home.seat.kept(&name)?;
    Ok(render::json(StatusCode::OK, &shown(&name, &kept)))
}

/// `DELETE /_mock/v1/snapshots/{name}`: 204. Unknown: 404.
pub(super) async fn remove(home: Home, name: Name) -> Result<Response, Problem> {
    home.seat.forget(&parsed("name", name)?)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /_mock/v1/snapshots/{name}/restore` with `{}`: the world is as it was then; `{"now": …}`.
/// Unknown: 404.
pub(super) async fn restore(home: Home, name: Name, object: Object) -> Result<Response, Problem> {
    object.only(&[])?;
    let name = parsed("name", name)?;
    Ok(back(home.seat.restore(&name).await?))
}

/// `GET /_mock/v1/snapshots/{name}/difference`: what was added, removed and changed since; up to
/// another snapshot by `?to=`. At most a thousand things are shown.
pub(super) async fn compare(home: Home, name: Name, query: Query) -> Result<Response, Problem> {
    query.only(COMPARE.query)?;
    let name = parsed("name", name)?;
    let to = query.text("to")?;
    let to = to.map(|to| WorldName::parse("to", to)).transpose()?;
    let found = home.seat.differences(&name, to.as_ref()).await?;
    let count = |word: &str| {
        let alike = found.iter().filter(|one| one.change.as_str() == word);
        alike.count()
    };
    let (added, removed, changed) = (count("added"), count("removed"), count("changed"));
    let left_out = found.len().saturating_sub(MOST_SHOWN);
    let differences: Vec<Value> = found.into_iter().take(MOST_SHOWN).map(difference).collect();
    let told = json!({
        "added": added,
        "removed": removed,
        "changed": changed,
        "left_out": left_out,
        "differences": differences,
    });
    Ok(render::json(StatusCode::OK, &told))
}

/// The answer of a world that went back: its call is kept where it is now.
fn back(master: Master) -> Response {
    let told = json!({ "now": time(master.clock().now()) });
    let mut response = render::json(StatusCode::OK, &told);
    response.extensions_mut().insert(RecordedBy(master));
    response
}

fn parsed(what: &str, name: Name) -> Result<WorldName, InvalidValue> {
    let Path(name) = name.map_err(|_| InvalidValue::new("name", "is not UTF-8"))?;
    WorldName::parse(what, &name)
}

fn shown(name: &WorldName, kept: &Kept) -> Value {
    json!({
        "name": name.as_str(),
        "taken_at": time(kept.snapshot.taken_at()),
        "created_at": time(kept.created_at),
        "bytes": kept.snapshot.weight(),
    })
}

fn difference(one: Difference) -> Value {
    let change = one.change.as_str();
    let values = |fields: Vec<(String, Given)>| -> Map<String, Value> {
        let fields = fields.into_iter();
        fields
            .map(|(field, value)| (field, json_of(value)))
            .collect()
    };
    let fields = match one.change {
        Change::Added(fields) | Change::Removed(fields) => values(fields),
        Change::Changed(fields) => fields
            .into_iter()
            .map(|field| {
                let both = json!({
                    "before": json_of(field.before),
                    "after": json_of(field.after),
                });
                (field.field, both)
            })
            .collect(),
    };
    json!({
        "kind": one.kind.as_str(),
        "name": one.name,
        "change": change,
        "fields": fields,
    })
}
