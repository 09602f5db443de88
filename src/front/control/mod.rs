//! The control surface under `/_mock`, and the page that says what this server is.
//!
//! It is no part of the protocol: no fault, no authentication and no virtual time ever touches
//! health.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;

use super::{AppState, log::CallFacts, readiness::Readiness};

/// Everything under `/_mock`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/_mock/health/live", get(live))
        .route("/_mock/health/ready", get(ready))
}

/// The page at `/`.
///
/// It exists on every listener: the standalone helper of slapos.core takes an answer of 401, 403
/// or 5xx there for a broken master.
pub fn page() -> Router<AppState> {
    Router::new().route("/", get(welcome))
}

/// `GET /`: what this is, for people.
async fn welcome() -> Response {
    const PAGE: &str = concat!(
        "<!DOCTYPE html>\n",
        "<html lang=\"en\"><head><meta charset=\"utf-8\"><title>slapmaster</title></head><body>\n",
        "<h1>slapmaster ",
        env!("CARGO_PKG_VERSION"),
        "</h1>\n",
        "<p>A mock SlapOS master, for tests only. Do not trust it with anything.</p>\n",
        "<p>Set <code>master_url</code> of a slapos client to this address.</p>\n",
        "</body></html>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ];
    named("page", (headers, PAGE))
}

/// `GET /_mock/health/live`: 200 as long as the process answers.
async fn live() -> Response {
    named("health/live", json(&json!({ "status": "live" })))
}

/// `GET /_mock/health/ready`: 200 once the fixtures are in, 503 before.
async fn ready(State(readiness): State<Readiness>) -> Response {
    if readiness.is_set() {
        return named("health/ready", json(&json!({ "status": "ready" })));
    }
    let problem = json!({
        "title": "Not ready",
        "status": 503,
        "detail": "The fixtures are still being read.",
    });
    let headers = [(header::CONTENT_TYPE, "application/problem+json")];
    named(
        "health/ready",
        (
            StatusCode::SERVICE_UNAVAILABLE,
            headers,
            problem.to_string(),
        ),
    )
}

fn json(value: &serde_json::Value) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        value.to_string(),
    )
}

fn named(call: &'static str, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.extensions_mut().insert(CallFacts {
        dialect: "control",
        call,
        caller: None,
        computer: None,
    });
    response
}
