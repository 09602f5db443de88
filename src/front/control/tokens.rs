//! Tokens with which a new computer or a person obtains a certificate.

use std::ops::RangeInclusive;

use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

use crate::{
    domain::{
        identifier::{ProjectReference, UserReference},
        text::InvalidValue,
        token::{NewToken, TOKEN_LIFETIME_S, Token, TokenPurpose, TokenUse, parse_value},
    },
    front::State,
    master::Master,
};

use super::{
    openapi::{Answer, Body, Key, Kind, Operation, may, need},
    problem::Problem,
    read::{Object, Query},
    render::{self, time},
};

/// How long a token may live, in seconds: a hundred years are enough for any test.
const LIFETIME_S: RangeInclusive<i64> = 1..=100 * 365 * 86_400;
const PURPOSE: Kind = Kind::Word(&["computer", "user"]);
/// What a new token is made of.
const NEW: &[Key] = &[
    need("purpose", PURPOSE),
    may("user", Kind::Text),
    may("project", Kind::Text),
    may("lifetime_s", Kind::Integer(LIFETIME_S)),
    may("value", Kind::Text),
    may("reusable", Kind::Flag),
];
/// What is told of a token.
const SHOWN: &[Key] = &[
    need("value", Kind::Text),
    need("purpose", PURPOSE),
    need("user", Kind::Text),
    need("project", Kind::Text),
    need("created_at", Kind::Time),
    need("expires_at", Kind::Time),
    need("used_at", Kind::TimeOrNull),
    need("reusable", Kind::Flag),
];

/// `GET /_mock/v1/tokens`.
pub(super) static LIST: Operation = Operation::read(
    "Every token, oldest first",
    Answer::Json(StatusCode::OK, &[&[need("tokens", Kind::List(SHOWN))]]),
);
/// `POST /_mock/v1/tokens`.
pub(super) static MAKE: Operation = Operation {
    summary: "Make a token",
    query: &[],
    body: Body::Keys(NEW),
    answer: Answer::Json(StatusCode::CREATED, &[SHOWN]),
};

/// `GET /_mock/v1/tokens`: every token, oldest first; `{"tokens": […]}`.
pub(super) async fn list(State(master): State<Master>, query: Query) -> Result<Response, Problem> {
    query.only(LIST.query)?;
    let tokens = master.tokens().await?;
    let tokens: Vec<Value> = tokens.iter().map(shown).collect();
    Ok(render::json(StatusCode::OK, &json!({ "tokens": tokens })))
}

/// `POST /_mock/v1/tokens` with `{"purpose": "computer"|"user"}` and, where wanted, `user`,
/// `project`, `lifetime_s` (a day), `value` (random) and `reusable` (`false`): 201 and the token.
///
/// Unknown user or project: 404. A value that another token has: 409.
pub(super) async fn make(
    State(master): State<Master>,
    object: Object,
) -> Result<Response, Problem> {
    let token = master.make_token(new_token(&object)?).await?;
    Ok(render::json(StatusCode::CREATED, &shown(&token)))
}

fn new_token(object: &Object) -> Result<NewToken, InvalidValue> {
    object.only(NEW)?;
    let lifetime_s = object.integer("lifetime_s")?.unwrap_or(TOKEN_LIFETIME_S);
    if !LIFETIME_S.contains(&lifetime_s) {
        let reason = format!(
            "is {lifetime_s}, a number of seconds from {} to {} was expected",
            LIFETIME_S.start(),
            LIFETIME_S.end()
        );
        return Err(InvalidValue::new("lifetime_s", reason));
    }
    Ok(NewToken {
        value: object
            .text("value")?
            .map(|value| parse_value("value", value))
            .transpose()?,
        purpose: purpose(object)?,
        user: object
            .text("user")?
            .map(|user| UserReference::parse("user", user))
            .transpose()?,
        project: object
            .text("project")?
            .map(|project| ProjectReference::parse("project", project))
            .transpose()?,
        lifetime_s,
        uses: match object.flag("reusable")? {
            Some(true) => TokenUse::Reusable,
            Some(false) | None => TokenUse::Once,
        },
    })
}

fn purpose(object: &Object) -> Result<TokenPurpose, InvalidValue> {
    const KEY: &str = "purpose";
    const EXPECTED: &str = "`computer` or `user` was expected";
    let text = object
        .text(KEY)?
        .ok_or_else(|| InvalidValue::new(KEY, format!("is missing, {EXPECTED}")))?;
    text.parse()
        .map_err(|_| InvalidValue::new(KEY, format!("is `{text}`, {EXPECTED}")))
}

fn shown(token: &Token) -> Value {
    json!({
        "value": token.value.expose(),
        "purpose": token.purpose.as_str(),
        "user": token.user.as_str(),
        "project": token.project.as_str(),
        "created_at": time(token.created_at),
        "expires_at": time(token.expires_at),
        "used_at": token.used_at.map(time),
        "reusable": token.uses == TokenUse::Reusable,
    })
}
