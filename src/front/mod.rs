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
pub mod worlds;

use std::{borrow::Cow, convert::Infallible};

use axum::{
    Router,
    extract::Request,
    http::{Method, StatusCode, Uri, header},
    middleware::from_fn,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use tower::Service;

pub use self::state::AppState;
use self::{
    address::Scheme,
    auth::Access,
    state::State,
    worlds::{Surface, WorldLimits, Worlds},
};

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

/// Everything on one address, for a world of which no others are made.
pub fn router(state: &AppState) -> Router {
    let worlds = Worlds::new(state, WorldLimits::default());
    let (access, scheme) = (state.access.clone(), state.address.scheme);
    let service = serve(&worlds, Surface::Everything, access, scheme);
    Router::new().fallback_service(service)
}

/// Serves worlds at a listener: so much of each, to callers that are found out so, under URLs of
/// this scheme.
pub fn serve(
    worlds: &Worlds,
    surface: Surface,
    access: Access,
    scheme: Scheme,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ use<>
+ 'static {
    let router = match surface {
        Surface::Everything => protocol().merge(control::router(document)),
        Surface::Protocol => protocol(),
        Surface::Control => control::page().merge(control::router(document)),
    };
    worlds.at_door(finish(router), access, scheme)
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

/// The router with what every call needs around it: the journal of its world, and an answer where
/// there is no route.
fn finish(router: Router) -> Router {
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
}

/// The answer where a path names a world that is not there, in the form of the dialect that the
/// rest of the path is of.
fn unknown_world(app: &AppState, request: &Request, name: &str) -> Response {
    let shown = name.escape_debug();
    let text = format!("There is no world `{shown}` here. It may have been deleted.");
    let path = request.uri().path();
    if path.starts_with(json_rpc::PREFIX) {
        return json_rpc::unknown_world(app, request.method(), text);
    }
    if path.starts_with("/_mock") {
        return control::unknown_world(text);
    }
    sentence(StatusCode::NOT_FOUND, text + "\n")
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

fn sentence(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Response {
    (
        status,
        [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ],
        text.into(),
    )
        .into_response()
}
