//! The background: how it works, and its work on demand.

use axum::{http::StatusCode, response::Response};
use serde_json::json;

use crate::{
    front::State,
    master::{MOST_ROUNDS, Master},
    mock::background::BackgroundChange,
};

use super::{
    openapi::{Answer, Body, Key, Kind, Operation, may, need},
    problem::Problem,
    read::{Json, Object, Query},
    render::{self, time, time_or_null},
};

/// How many rounds are run unless it is said.
const ROUNDS: i64 = 100;
/// How far the clock is moved at most: ten years, in seconds.
const MOST_SECONDS: i64 = 10 * 365 * 86_400;
const MODE: Kind = Kind::Word(&["timer", "manual"]);
const ALLOCATION: Kind = Kind::Word(&["running", "paused"]);
/// What is told of the background.
const BACKGROUND: &[Key] = &[
    need("mode", MODE),
    need("allocation", ALLOCATION),
    need("rounds", Kind::Flag),
    need("last_round_at", Kind::TimeOrNull),
    need("next_due", Kind::TimeOrNull),
];
/// What it can be told.
const CHANGE: &[Key] = &[may("mode", MODE), may("allocation", ALLOCATION)];
const SETTLE: &[Key] = &[
    may("most_rounds", Kind::Integer(1..=MOST_ROUNDS.cast_signed())),
    may("advance_up_to_s", Kind::Integer(0..=MOST_SECONDS)),
];
const SHOWN: Answer = Answer::Json(StatusCode::OK, &[BACKGROUND]);

/// `GET /_mock/v1/background`.
pub(super) static READ: Operation = Operation::read("How the background works", SHOWN);
/// `PUT /_mock/v1/background`.
pub(super) static CHANGE_IT: Operation = Operation {
    summary: "Let the background work by itself or on demand, pause allocation or let it go on",
    query: &[],
    body: Body::SomeOf(CHANGE),
    answer: SHOWN,
};
/// `POST /_mock/v1/background/round`.
pub(super) static ROUND: Operation = Operation {
    summary: "Run one background round",
    query: &[],
    body: Body::Keys(&[]),
    answer: Answer::Json(
        StatusCode::OK,
        &[&[need("changed", Kind::Flag), need("now", Kind::Time)]],
    ),
};
/// `POST /_mock/v1/background/settle`.
pub(super) static SETTLE_IT: Operation = Operation {
    summary: "Run rounds until one finds nothing to do",
    query: &[],
    body: Body::Keys(SETTLE),
    answer: Answer::Json(
        StatusCode::OK,
        &[&[
            need("rounds", Kind::Integer(1..=MOST_ROUNDS.cast_signed())),
            need("settled", Kind::Flag),
            need("now", Kind::Time),
        ]],
    ),
};

/// `GET /_mock/v1/background`: whether it works by itself, whether the behaviour leaves something
/// to rounds, when the last one was and when the next is due.
pub(super) async fn read(State(master): State<Master>, query: Query) -> Result<Response, Problem> {
    query.only(READ.query)?;
    Ok(shown(&master))
}

/// `PUT /_mock/v1/background` with `mode`, `allocation` or both: the background as it is then.
pub(super) async fn change(
    State(master): State<Master>,
    Json(given): Json,
) -> Result<Response, Problem> {
    let change = BackgroundChange::read(&given)?;
    master.change_background(change).await?;
    Ok(shown(&master))
}

/// `POST /_mock/v1/background/round` with `{}`: whether the round found anything to do.
pub(super) async fn round(
    State(master): State<Master>,
    object: Object,
) -> Result<Response, Problem> {
    object.only(&[])?;
    let changed = master.run_round().await?;
    let now = time(master.clock().now());
    let value = json!({ "changed": changed, "now": now });
    Ok(render::json(StatusCode::OK, &value))
}

/// `POST /_mock/v1/background/settle` with `most_rounds` (100) and `advance_up_to_s` (0), both
/// optional: how many rounds were run, and whether the last found nothing to do any more.
pub(super) async fn settle(
    State(master): State<Master>,
    object: Object,
) -> Result<Response, Problem> {
    object.only(SETTLE)?;
    let most = object.integer_in("most_rounds", &(1..=MOST_ROUNDS.cast_signed()))?;
    let seconds = object.integer_in("advance_up_to_s", &(0..=MOST_SECONDS))?;
    let micros = seconds.unwrap_or(0).saturating_mul(1_000_000);
    let settled = master
        .settle(most.unwrap_or(ROUNDS).unsigned_abs(), micros)
        .await?;
    let value = json!({
        "rounds": settled.rounds,
        "settled": settled.settled,
        "now": time(master.clock().now()),
    });
    Ok(render::json(StatusCode::OK, &value))
}

fn shown(master: &Master) -> Response {
    let reading = master.background();
    let value = json!({
        "mode": reading.state.mode.as_str(),
        "allocation": reading.state.allocation.as_str(),
        "rounds": reading.rounds,
        "last_round_at": time_or_null(reading.last_round_at),
        "next_due": time_or_null(reading.next_due),
    });
    render::json(StatusCode::OK, &value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::background::BACKGROUND_KEYS;

    #[test]
    fn every_key_that_is_read_is_described() {
        let names: Vec<_> = CHANGE.iter().map(|key| key.name).collect();
        assert_eq!(names, BACKGROUND_KEYS);
    }
}
