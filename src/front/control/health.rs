//! Whether the process answers, and whether its world holds what it is to start with.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::front::{State, readiness::Readiness};

use super::{
    openapi::{Answer, Kind, Operation, need},
    problem::Problem,
    render,
};

/// `GET /_mock/health/live`.
pub(super) static LIVE: Operation = Operation::read(
    "Whether the process answers",
    Answer::Json(StatusCode::OK, &[&[need("status", Kind::Word(&["live"]))]]),
);
/// `GET /_mock/health/ready`.
pub(super) static READY: Operation = Operation::read(
    "Whether the world holds what it is to start with",
    Answer::Json(StatusCode::OK, &[&[need("status", Kind::Word(&["ready"]))]]),
);

/// `GET /_mock/health/live`: 200 as long as the process answers.
pub(super) async fn live() -> Response {
    render::json(StatusCode::OK, &json!({ "status": "live" }))
}

/// `GET /_mock/health/ready`: 200 once the fixtures are in, 503 before.
pub(super) async fn ready(State(readiness): State<Readiness>) -> Response {
    if readiness.is_set() {
        return render::json(StatusCode::OK, &json!({ "status": "ready" }));
    }
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "The fixtures are still being read.",
    )
    .into_response()
}
