//! A body that each call takes, for who reads the description and for programs that call what it says.

use axum::http::Method;
use serde_json::Value;

use super::Route;

/// Method, path and body.
const EXAMPLES: &[(Method, &str, &str)] = &[
    (
        Method::POST,
        "/_mock/v1/certificates",
        r#"{"user": "default-user"}"#,
    ),
    (
        Method::POST,
        "/_mock/v1/certificates/revoke",
        r#"{"user": "default-user"}"#,
    ),
    (
        Method::POST,
        "/_mock/v1/tokens",
        r#"{"purpose": "computer", "lifetime_s": 3600}"#,
    ),
    (
        Method::PUT,
        "/_mock/v1/clock",
        r#"{"mode": "frozen", "now": "2026-11-23T08:30:00Z"}"#,
    ),
    (
        Method::POST,
        "/_mock/v1/clock/advance",
        r#"{"seconds": 3600}"#,
    ),
    (Method::PUT, "/_mock/v1/background", r#"{"mode": "manual"}"#),
    (Method::POST, "/_mock/v1/background/round", "{}"),
    (
        Method::POST,
        "/_mock/v1/background/settle",
        r#"{"most_rounds": 10}"#,
    ),
    (
        Method::POST,
        "/_mock/v1/faults",
        r#"{"match": {"call": "requestComputerPartition"}, "effect": {"not_ready": true}, "count": 2}"#,
    ),
    (
        Method::PUT,
        "/_mock/v1/faults/{name}",
        r#"{"match": {"call": "get*", "computer": "COMP-1"}, "effect": {"cold_cache": true}}"#,
    ),
    (Method::POST, "/_mock/v1/fixture", r#"{"users": ["alice"]}"#),
    (
        Method::POST,
        "/_mock/v1/fixture/check",
        r#"{"computers": [{"reference": "COMP-90", "partitions": 2}]}"#,
    ),
    (
        Method::POST,
        "/_mock/v1/computers",
        r#"{"reference": "COMP-100", "partitions": 10, "simulate": "healthy"}"#,
    ),
    (
        Method::POST,
        "/_mock/v1/computers/scale",
        r#"{"prefix": "SIM-", "count": 3, "partitions": 2, "simulate": {"profile": "flaky"}}"#,
    ),
    (
        Method::PUT,
        "/_mock/v1/computers/{reference}/simulate",
        r#"{"build_s": [10, 60], "publish": {"url": "http://[{ipv6}]:{parameter.port|8080}/"}}"#,
    ),
    (
        Method::POST,
        "/_mock/v1/computers/{reference}/hold",
        r#"{"what": "software"}"#,
    ),
    (
        Method::POST,
        "/_mock/v1/computers/{reference}/release",
        "{}",
    ),
    (
        Method::POST,
        "/_mock/v1/computers/{reference}/fail",
        r#"{"partition": "slappart0", "text": "out of memory", "count": 2}"#,
    ),
    (
        Method::POST,
        "/_mock/v1/computers/{reference}/recover",
        "{}",
    ),
    (
        Method::POST,
        "/_mock/v1/journal/wait",
        r#"{"entry": {"kind": "event"}, "timeout_s": 5}"#,
    ),
    (
        Method::POST,
        "/_mock/v1/journal/verify",
        r#"{"entry": {"event": "instance_error"}, "none": true}"#,
    ),
    (Method::POST, "/_mock/v1/reset", "{}"),
    (Method::PUT, "/_mock/v1/snapshots/{name}", "{}"),
    (Method::POST, "/_mock/v1/snapshots/{name}/restore", "{}"),
    (
        Method::PUT,
        "/_mock/v1/worlds/{name}",
        r#"{"fixture": "computers: [{reference: COMP-1, partitions: 2}]", "idle_ttl_s": 3600}"#,
    ),
];

/// That of a call.
pub(super) fn of(route: &Route) -> Option<Value> {
    let (_, _, body) = EXAMPLES
        .iter()
        .find(|(method, path, _)| (method, *path) == (&route.method, route.path))?;
    serde_json::from_str(body).ok()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{OPERATIONS, ROUTES, openapi::Body},
        *,
    };

    #[test]
    fn every_call_with_a_body_has_an_example_and_no_other() {
        for (route, operation) in ROUTES.iter().zip(OPERATIONS) {
            let takes_one = !matches!(operation.body, Body::None);
            assert_eq!(of(route).is_some(), takes_one, "{route:?}");
        }
        for (method, path, _) in EXAMPLES {
            let is_it = |route: &&Route| (&route.method, route.path) == (method, *path);
            assert!(ROUTES.iter().any(|route| is_it(&route)), "{method} {path}");
        }
    }
}
