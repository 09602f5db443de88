//! How the control surface writes what it tells: JSON, times as RFC 3339 in UTC.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use crate::domain::{given::Given, time::Timestamp};

/// An answer in JSON. It may hold a key or a token, so that nothing in between may keep it.
pub(super) fn json(status: StatusCode, value: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, value.to_string()).into_response()
}

/// A point in time, for example `2026-11-23T08:30:00Z`.
pub(super) fn time(at: Timestamp) -> Value {
    at.rfc3339().map_or(Value::Null, Value::String)
}

/// A value as JSON.
pub(super) fn json_of(given: Given) -> Value {
    match given {
        Given::Nothing => Value::Null,
        Given::Flag(flag) => flag.into(),
        Given::Integer(number) => i64::try_from(number).map_or(Value::Null, Value::from),
        Given::Float(number) => number.into(),
        Given::Text(text) => text.into(),
        Given::List(items) => items.into_iter().map(json_of).collect(),
        Given::Map(pairs) => pairs
            .into_iter()
            .map(|(key, value)| (key, json_of(value)))
            .collect(),
    }
}

/// A point in time, if there is one.
pub(super) fn time_or_null(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, time)
}

/// A number of microseconds as seconds.
pub(super) fn seconds(micros: i64) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "what is beyond 285 years is told a little less exactly"
    )]
    let seconds = micros as f64 / 1e6;
    seconds.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_rfc_3339() {
        let at = Timestamp::from_seconds(1_795_422_600);
        assert_eq!(time(at), "2026-11-23T08:30:00Z");
        assert_eq!(time(at.plus_micros(1)), "2026-11-23T08:30:00.000001Z");
        assert_eq!(time(Timestamp::from_micros(i64::MAX)), Value::Null);
    }
}
