//! Fixtures of a world that is running: exported, added, checked.
//!
//! What is exported holds the world's secrets, since it makes the same world again.

use std::path::PathBuf;

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use crate::{
    fixture::{Export, Fixture},
    front::{State, body, worlds::Home},
    master::Master,
};

use super::{
    openapi::{Answer, Body, Key, Kind, Operation, need},
    problem::Problem,
    read::{Query, check_object},
    render::{self, json_of},
};

/// How many bytes a fixture may have.
const MAX_FIXTURE_BYTES: usize = 8 * 1024 * 1024;
/// What a fixture is sent and told as; the first is also that of an export that nobody asked to be
/// otherwise.
const YAML: &str = "application/yaml";
const JSON: &str = "application/json";
/// What a fixture that was sent is called where it is refused.
const NAME: &str = "fixture";

const COUNT: Kind = Kind::Integer(0..=i64::MAX);
/// What is told of a fixture: how much of what it describes.
const SUMMARY: &[Key] = &[
    need("summary", Kind::Text),
    need("projects", COUNT),
    need("users", COUNT),
    need("products", COUNT),
    need("computers", COUNT),
    need("partitions", COUNT),
    need("trees", COUNT),
    need("instances", COUNT),
    need("tokens", COUNT),
    need("faults", COUNT),
    need("certificates", COUNT),
];

/// `GET /_mock/v1/fixture`.
pub(super) static EXPORT: Operation = Operation::read(
    "The world as a fixture, secrets included",
    Answer::Either(StatusCode::OK, &[YAML, JSON]),
);
/// `GET /_mock/fixture.schema.json`.
pub(super) static SCHEMA: Operation = Operation::read(
    "The JSON Schema of fixtures",
    Answer::Other(StatusCode::OK, "application/schema+json"),
);
/// `POST /_mock/v1/fixture`.
pub(super) static ADD: Operation = Operation {
    summary: "Add what a fixture describes to the world, all of it or nothing",
    query: &[],
    body: Body::Fixture,
    answer: Answer::Json(StatusCode::OK, &[SUMMARY]),
};
/// `POST /_mock/v1/fixture/check`.
pub(super) static CHECK: Operation = Operation {
    summary: "Whether the world would take a fixture",
    query: &[],
    body: Body::Fixture,
    answer: Answer::Json(StatusCode::OK, &[SUMMARY]),
};

/// `GET /_mock/v1/fixture`: YAML, or JSON where `Accept` asks for that alone.
pub(super) async fn export(
    State(master): State<Master>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    query.only(EXPORT.query)?;
    let export = Export::of(&master).await?;
    let asked = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if asked.is_some_and(|asked| asked.contains(JSON) && !asked.contains("yaml")) {
        return Ok(render::json(StatusCode::OK, &json_of(export.into_given())));
    }
    let headers = [
        (header::CONTENT_TYPE, YAML),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, export.yaml()).into_response())
}

/// `GET /_mock/fixture.schema.json`: what a fixture looks like, for editors.
pub(super) async fn schema() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/schema+json")];
    (headers, crate::fixture::schema().to_string()).into_response()
}

/// `POST /_mock/v1/fixture`: what was added, counted. Refused: 422, and nothing was changed.
pub(super) async fn add(home: Home, Text(text): Text) -> Result<Response, Problem> {
    let master = home.seat.master();
    let fixture = read(&master, text).await?;
    fixture.apply(&master).await?;
    // A reset goes back to what the fixtures made, this one too.
    home.seat.keep_baseline().await?;
    Ok(render::json(StatusCode::OK, &summary(&fixture)))
}

/// `POST /_mock/v1/fixture/check`: what would be added, counted. What would be refused: 422.
/// Nothing is changed.
pub(super) async fn check(
    State(master): State<Master>,
    Text(text): Text,
) -> Result<Response, Problem> {
    let fixture = read(&master, text).await?;
    fixture.check(&master).await?;
    Ok(render::json(StatusCode::OK, &summary(&fixture)))
}

async fn read(master: &Master, text: String) -> Result<Fixture, Problem> {
    Ok(Fixture::beside(master, &[(PathBuf::from(NAME), text)]).await?)
}

fn summary(fixture: &Fixture) -> Value {
    let counts = fixture.counts();
    let counts = counts.into_iter();
    let mut told: serde_json::Map<String, Value> = counts
        .map(|(what, count)| (what.to_owned(), count.into()))
        .collect();
    told.insert("summary".to_owned(), fixture.summary().into());
    told.into()
}

/// The text of a fixture, which has to be said to be YAML or JSON.
pub(super) struct Text(String);

impl<S: Sync> FromRequest<S> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let found = parts.headers.get(header::CONTENT_TYPE);
        let kind = found
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.split(';').next())
            .map_or("", str::trim);
        let is_json = kind.eq_ignore_ascii_case(JSON);
        // Beside being right, this keeps web pages of elsewhere out, as `read.rs` does.
        if !is_json && !kind.eq_ignore_ascii_case(YAML) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("`Content-Type`: is no fixture's, `{YAML}` or `{JSON}` was expected"),
            ));
        }
        let bytes = body::read(&parts.headers, body, MAX_FIXTURE_BYTES).await?;
        if is_json {
            check_object(&bytes)?;
        }
        let text = String::from_utf8(bytes.to_vec())
            .map_err(|_| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "`body`: is not UTF-8"))?;
        Ok(Self(text))
    }
}
