//! The worlds of the process: making them, listing them, deleting them. At the process's root only.

use std::ops::RangeInclusive;

use axum::{
    extract::{FromRequest, Path, Request, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    domain::{behaviour::Preset, text::InvalidValue},
    fixture::FixtureError,
    front::{
        AppState, State,
        worlds::{Home, MakeError, Novelty, Origin, Seat, SnapshotError, Wish, WorldName},
    },
    master::OpenError,
};

use super::{
    openapi::{Answer, Body, Key, Kind, Operation, may, need},
    problem::Problem,
    read::{Object, Query, Wanted, word},
    render::{self, time},
};

/// How many seconds a world may be left alone before it ends: up to a year.
const IDLE_TTL_S: RangeInclusive<i64> = 1..=366 * 86_400;
const PRESETS: [&str; 3] = [
    Preset::Default.as_str(),
    Preset::Real.as_str(),
    Preset::Slapproxy.as_str(),
];
/// What a world is made of.
const WISH: &[Key] = &[
    may("fixture", Kind::Either(&[Kind::Text, Kind::Anything])),
    may("copy_of", Kind::Text),
    may("snapshot", Kind::Text),
    may("preset", Kind::Word(&PRESETS)),
    may("seed", Kind::Integer(0..=i64::MAX)),
    may("idle_ttl_s", Kind::Integer(IDLE_TTL_S)),
];
/// What is told of a world.
const SHOWN: &[Key] = &[
    need("name", Kind::Text),
    need("url", Kind::TextOrNull),
    need("ca_certificate", Kind::Text),
    need("created_at", Kind::Time),
    need("now", Kind::TimeOrNull),
    need("idle_ttl_s", Kind::IntegerOrNull),
    need("copy_of", Kind::TextOrNull),
    need("snapshot", Kind::TextOrNull),
    need("snapshots", Kind::Integer(0..=i64::MAX)),
];

/// `GET /_mock/v1/worlds`.
pub(super) static LIST: Operation = Operation::read(
    "Every world of the process: the default one, then the others by name",
    Answer::Json(StatusCode::OK, &[&[need("worlds", Kind::List(SHOWN))]]),
);
/// `PUT /_mock/v1/worlds/{name}`.
pub(super) static PUT: Operation = Operation {
    summary: "Make a world, unless it is there, made of the same",
    query: &[],
    body: Body::KeysOrYaml(WISH),
    answer: Answer::MadeOrThere(&[SHOWN]),
};
/// `GET /_mock/v1/worlds/{name}`.
pub(super) static ONE: Operation =
    Operation::read("One world", Answer::Json(StatusCode::OK, &[SHOWN]));
/// `DELETE /_mock/v1/worlds/{name}`.
pub(super) static DELETE: Operation =
    Operation::read("End a world", Answer::Nothing(StatusCode::NO_CONTENT));

/// The name in the path.
type Name = Result<Path<String>, PathRejection>;

/// `GET /_mock/v1/worlds`: `{"worlds": […]}`.
pub(super) async fn list(
    home: AtRoot,
    State(app): State<AppState>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    query.only(LIST.query)?;
    let base = app.address.base_url(&headers);
    let all = home.0.worlds.all();
    let worlds: Vec<Value> = all
        .iter()
        .map(|seat| shown(seat, base.as_deref()))
        .collect();
    Ok(render::json(StatusCode::OK, &json!({ "worlds": worlds })))
}

/// `PUT /_mock/v1/worlds/{name}` with nothing, with an object of what it is made of, or with a
/// fixture as `application/yaml`: the world, 201 if it was made now and 200 if it was there, made
/// of the same.
///
/// Made of something else, or one world too many: 409. A refused fixture: 422, with its line and
/// column. What is to be copied is not there: 404.
pub(super) async fn put(
    home: AtRoot,
    State(app): State<AppState>,
    headers: HeaderMap,
    name: Name,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let name = WorldName::parse("name", &text_of(name)?)?;
    let wish = match wanted {
        Wanted::Nothing => Wish::default(),
        Wanted::Object(object) => wish(&object)?,
        Wanted::Yaml(fixture) => Wish {
            origin: Origin::New {
                fixture: Some(fixture),
                preset: None,
                seed: None,
            },
            idle_ttl_s: None,
        },
    };
    let (seat, novelty) = home.0.worlds.make(name, &wish).await?;
    let status = match novelty {
        Novelty::New => StatusCode::CREATED,
        Novelty::Known => StatusCode::OK,
    };
    let base = app.address.base_url(&headers);
    Ok(render::json(status, &shown(&seat, base.as_deref())))
}

/// `GET /_mock/v1/worlds/{name}`: one world. Unknown: 404.
pub(super) async fn one(
    home: AtRoot,
    State(app): State<AppState>,
    headers: HeaderMap,
    name: Name,
) -> Result<Response, Problem> {
    let name = text_of(name)?;
    let seat = home.0.worlds.find(&name).ok_or_else(|| unknown(&name))?;
    let base = app.address.base_url(&headers);
    Ok(render::json(StatusCode::OK, &shown(&seat, base.as_deref())))
}

/// `DELETE /_mock/v1/worlds/{name}`: 204. Unknown: 404. The default one: 409.
pub(super) async fn delete(home: AtRoot, name: Name) -> Result<Response, Problem> {
    let name = text_of(name)?;
    let seat = home.0.worlds.find(&name).ok_or_else(|| unknown(&name))?;
    if seat.is_default() {
        let detail = "The default world stays as long as the process; it can be reset.";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    if !home.0.worlds.delete(&name) {
        return Err(unknown(&name));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A call at the process's root; below `/w/…` there is nothing of this topic.
#[derive(Debug)]
pub(super) struct AtRoot(Home);

impl<S: Sync> axum::extract::FromRequestParts<S> for AtRoot {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, Problem> {
        let home = Home::from_request_parts(parts, state).await;
        let home = home.map_err(|status| Problem::new(status, "The request has no world."))?;
        if !home.seat.is_default() {
            let detail = "There is nothing at this path of the control surface of a world: worlds \
                          are made, listed and deleted at the root, /_mock/v1/worlds.";
            return Err(Problem::new(StatusCode::NOT_FOUND, detail));
        }
        Ok(Self(home))
    }
}

fn text_of(name: Name) -> Result<String, InvalidValue> {
    let Path(name) = name.map_err(|_| InvalidValue::new("name", "is not UTF-8"))?;
    Ok(name)
}

fn wish(object: &Object) -> Result<Wish, InvalidValue> {
    object.only(WISH)?;
    let fixture = object.text_or_json("fixture")?;
    let copy_of = object.text("copy_of")?;
    let snapshot = object.text("snapshot")?;
    let preset = object.text("preset")?;
    let seed = object.integer_in("seed", &(0..=i64::MAX))?;
    let idle_ttl_s = object.integer_in("idle_ttl_s", &IDLE_TTL_S)?;
    let idle_ttl_s = idle_ttl_s.and_then(|seconds| u32::try_from(seconds).ok());
    let origin = if let Some(of) = copy_of {
        let others = [
            ("fixture", fixture.is_some()),
            ("preset", preset.is_some()),
            ("seed", seed.is_some()),
        ];
        if let Some((other, _)) = others.iter().find(|(_, given)| *given) {
            let reason = "is given beside `copy_of`, one of them was expected: a copy is like the \
                          other world in everything";
            return Err(InvalidValue::new(*other, reason));
        }
        Origin::Copy {
            of: WorldName::parse("copy_of", of)?,
            snapshot: snapshot
                .map(|name| WorldName::parse("snapshot", name))
                .transpose()?,
        }
    } else if snapshot.is_some() {
        let reason = "is given without `copy_of`, the world whose snapshot it is";
        return Err(InvalidValue::new("snapshot", reason));
    } else {
        let preset = preset
            .map(|text| word("preset", text, &PRESETS))
            .transpose()?;
        Origin::New {
            fixture,
            preset: preset.and_then(|word| word.parse().ok()),
            seed: seed.and_then(|seed| u64::try_from(seed).ok()),
        }
    };
    Ok(Wish { origin, idle_ttl_s })
}

/// A world, as it is told; `base` is the URL of the default one.
fn shown(seat: &Seat, base: Option<&str>) -> Value {
    let master = seat.master();
    let url = base.map(|base| {
        if seat.is_default() {
            format!("{base}/")
        } else {
            format!("{base}{}{}/", crate::front::worlds::PREFIX, seat.name())
        }
    });
    let origin = seat.origin();
    let copy_of = origin.and_then(|made| made.copy_of.as_ref());
    json!({
        "name": seat.name().as_str(),
        "url": url,
        "ca_certificate": master.authority_certificate_pem(),
        "created_at": time(seat.created_at()),
        "now": time(master.clock().now()),
        "idle_ttl_s": origin.and_then(|made| made.idle_ttl_s),
        "copy_of": copy_of.map(|(of, _)| of.as_str()),
        "snapshot": copy_of.and_then(|(_, snapshot)| snapshot.as_ref()).map(WorldName::as_str),
        "snapshots": seat.all_kept().len(),
    })
}

fn unknown(name: &str) -> Problem {
    let shown = name.escape_debug();
    let detail = format!("There is no world `{shown}`.");
    Problem::new(StatusCode::NOT_FOUND, detail)
}

impl From<FixtureError> for Problem {
    fn from(error: FixtureError) -> Self {
        match error {
            FixtureError::World(error) => error.into(),
            FixtureError::Trial(error) => error.into(),
            FixtureError::Refused {
                line,
                column,
                problem,
                ..
            } => {
                let detail = format!("The fixture, line {line}, column {column}: {problem}");
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
                    .with_member("line", line)
                    .with_member("column", column)
            }
            FixtureError::Unreadable { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
            }
        }
    }
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        Self::internal(error)
    }
}

impl From<MakeError> for Problem {
    fn from(error: MakeError) -> Self {
        let refused = |status| Self::new(status, format!("The world was not made: {error}."));
        match error {
            MakeError::Other(_) | MakeError::TooMany(_) => refused(StatusCode::CONFLICT),
            MakeError::UnknownWorld(_) => refused(StatusCode::NOT_FOUND),
            MakeError::Fixture(error) => error.into(),
            MakeError::Snapshot(error) => error.into(),
            MakeError::Open(error) => error.into(),
            MakeError::Master(error) => error.into(),
        }
    }
}

impl From<SnapshotError> for Problem {
    fn from(error: SnapshotError) -> Self {
        let refused = |status| Self::new(status, format!("Not done: {error}."));
        match error {
            SnapshotError::Unknown(_) => refused(StatusCode::NOT_FOUND),
            SnapshotError::TooMany(_)
            | SnapshotError::TooLarge { .. }
            | SnapshotError::NoBaseline => refused(StatusCode::CONFLICT),
            SnapshotError::Master(error) => error.into(),
            SnapshotError::Open(error) => error.into(),
        }
    }
}

/// Read from a request's body, whatever it is said to be.
impl<S: Sync> FromRequest<S> for Wanted {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        Self::read(request).await
    }
}
