//! The dialects of a SlapOS master, side by side, and the wire formats that they share.
//!
//! A front translates: who is calling, the wire into a command, the outcome back into the wire.
//! It decides nothing; rules are in `domain`, operations in `master`. Start with [`router`].

pub mod address;
pub mod auth;
mod body;
mod calling;
pub mod control;
mod date;
mod document;
mod fake_frontend;
mod faults;
mod form;
pub mod forward;
pub mod hateoas;
pub mod json_rpc;
pub mod log;
mod openapi;
pub mod readiness;
mod record;
mod redact;
pub mod slap;
mod slashes;
mod state;
mod status;
pub mod web;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::Request,
    http::{Method, StatusCode, Uri, header},
    middleware::from_fn,
    response::{IntoResponse, Response},
};
use serde_json::Value;

pub use self::state::AppState;
use self::state::{Served, State};

/// Where the HATEOAS dialect is; the classic one names it to clients.
const HATEOAS_ROOT: &str = "/hateoas";

/// A call of a dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method that it is made with; `HEAD` goes where `GET` is.
    pub method: Method,
    /// Its path; `{name}` stands for a part that the caller chooses.
    pub path: &'static str,
}

impl Route {
    /// The call's name in logs and rules: the last part of its path.
    pub fn name(&self) -> &'static str {
        let mut parts = self.path.rsplit('/');
        parts.find(|part| !part.is_empty()).unwrap_or(self.path)
    }
}

/// Everything on one address: the protocol, the control surface and the page that says what this
/// is.
pub fn router(state: AppState) -> Router {
    finish(protocol().merge(control::router(document)), state)
}

/// The protocol alone, for listeners beside which the control surface has its own.
pub fn protocol_router(state: AppState) -> Router {
    finish(protocol(), state)
}

/// The control surface alone.
pub fn control_router(state: AppState) -> Router {
    finish(control::page().merge(control::router(document)), state)
}

/// What can be called, in OpenAPI 3.1: the dialects whose shapes it can tell.
fn document() -> Value {
    openapi::document(vec![json_rpc::describe(), control::describe()])
}

fn protocol() -> Router {
    control::page()
        .merge(slap::router())
        .merge(json_rpc::router())
        .merge(web::router())
        .merge(hateoas::router())
}

/// The router with what every call needs around it: the world that is served, its journal, and an
/// answer where there is no route.
fn finish(router: Router, state: AppState) -> Router {
    let router = router.method_not_allowed_fallback(wrong_method);
    let plain = router.clone().fallback(unknown_path);
    router
        .fallback(async move |State(app): State<AppState>, request: Request| {
            let (method, uri) = (request.method().clone(), request.uri().clone());
            match slashes::passed_on(request, plain).await {
                Some(response) => response,
                None => unknown_path(State(app), method, uri).await,
            }
        })
        .layer(from_fn(record::record))
        .layer(Extension(Served(Arc::new(state))))
}

async fn unknown_path(State(app): State<AppState>, method: Method, uri: Uri) -> Response {
    if uri.path().starts_with(json_rpc::PREFIX) {
        return json_rpc::unknown_method(&app, &method, uri.path());
    }
    sentence(StatusCode::NOT_FOUND, "There is nothing at this path.\n")
}

async fn wrong_method() -> Response {
    sentence(
        StatusCode::METHOD_NOT_ALLOWED,
        "This path does not take that method: see the Allow header.\n",
    )
}

fn sentence(status: StatusCode, text: &'static str) -> Response {
    (
        status,
        [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ],
        text,
    )
        .into_response()
}
