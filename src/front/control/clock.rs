//! The clock: read, frozen, set, moved on.

use axum::{http::StatusCode, response::Response};
use serde_json::json;

use crate::{
    front::State,
    master::Master,
    mock::clock::{ClockAdvance, ClockChange, ClockReading, MOST_ADVANCE_S, MOST_OFFSET_S},
};

use super::{
    openapi::{Answer, Body, Key, Kind, Operation, may, need},
    problem::Problem,
    read::{Json, Query},
    render::{self, seconds, time},
};

const MODE: Kind = Kind::Word(&["running", "frozen"]);
/// What is told of the clock.
const CLOCK: &[Key] = &[
    need("now", Kind::Time),
    need("mode", MODE),
    need("offset_s", Kind::AnyNumber),
    need("real_now", Kind::Time),
    need("next_due", Kind::TimeOrNull),
];
/// What it can be told.
const CHANGE: &[Key] = &[
    may("mode", MODE),
    may("now", Kind::Time),
    may("offset_s", Kind::Number(-MOST_OFFSET_S..=MOST_OFFSET_S)),
];
/// How it can be moved on.
const ADVANCE: &[Key] = &[
    may("seconds", Kind::Number(0..=MOST_ADVANCE_S)),
    may("to", Kind::Time),
];
const SHOWN: Answer = Answer::Json(StatusCode::OK, &[CLOCK]);

/// `GET /_mock/v1/clock`.
pub(super) static READ: Operation =
    Operation::read("The world's clock, beside the machine's", SHOWN);
/// `PUT /_mock/v1/clock`.
pub(super) static CHANGE_IT: Operation = Operation {
    summary: "Freeze the clock, set it, or let it run again",
    query: &[],
    body: Body::SomeOf(CHANGE),
    answer: SHOWN,
};
/// `POST /_mock/v1/clock/advance`.
pub(super) static ADVANCE_IT: Operation = Operation {
    summary: "Move the clock on, through all that becomes due meanwhile",
    query: &[],
    body: Body::OneOf(ADVANCE),
    answer: SHOWN,
};

/// `GET /_mock/v1/clock`: what it shows, whether it goes, how far it is ahead of the machine's, and
/// when the background works next.
pub(super) async fn read(State(master): State<Master>, query: Query) -> Result<Response, Problem> {
    query.only(READ.query)?;
    Ok(shown(&master, master.clock().reading()))
}

/// `PUT /_mock/v1/clock` with at least one of `mode`, `now` and `offset_s`: the clock as it is then.
/// Set forward, it goes through all that becomes due.
pub(super) async fn change(
    State(master): State<Master>,
    Json(given): Json,
) -> Result<Response, Problem> {
    let change = ClockChange::read(&given)?;
    let reading = master.change_clock(change).await?;
    Ok(shown(&master, reading))
}

/// `POST /_mock/v1/clock/advance` with `seconds` or `to`: the clock as it is then, when all is done
/// that became due.
pub(super) async fn advance(
    State(master): State<Master>,
    Json(given): Json,
) -> Result<Response, Problem> {
    let advance = ClockAdvance::read(&given)?;
    let reading = master.advance_clock(advance).await?;
    Ok(shown(&master, reading))
}

fn shown(master: &Master, reading: ClockReading) -> Response {
    let ahead = reading.now.micros_since(reading.real_now);
    let value = json!({
        "now": time(reading.now),
        "mode": reading.mode.as_str(),
        "offset_s": seconds(ahead),
        "real_now": time(reading.real_now),
        "next_due": render::time_or_null(master.next_due()),
    });
    render::json(StatusCode::OK, &value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::clock::{ADVANCE_KEYS, CLOCK_KEYS};

    #[test]
    fn every_key_that_is_read_is_described() {
        let names = |keys: &[Key]| keys.iter().map(|key| key.name).collect::<Vec<_>>();
        assert_eq!(names(CHANGE), CLOCK_KEYS);
        assert_eq!(names(ADVANCE), ADVANCE_KEYS);
    }
}
