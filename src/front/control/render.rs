//! How the control surface writes what it tells: JSON, times as RFC 3339 in UTC.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use crate::domain::time::Timestamp;

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
