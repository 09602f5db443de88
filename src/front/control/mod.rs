//! The control surface under `/_mock`, and the page that says what this server is.
//!
//! It is no part of the protocol: no fault, no client certificate and no virtual time ever touches
//! health. A file a topic. What shows or changes the world is under `/_mock/v1`, and asks for the
//! control token where there is one. Start with [`router`].

mod access;
mod authority;
mod background;
mod certificates;
mod clock;
mod computers;
mod examples;
mod faults;
mod fixture;
mod health;
mod journal;
mod metrics;
mod openapi;
mod page;
mod problem;
mod read;
mod render;
mod snapshots;
mod tokens;
mod trees;
mod worlds;

use axum::{
    Extension, Router, extract,
    http::{Method, StatusCode},
    middleware::{from_fn, map_response_with_state},
    response::{IntoResponse, Response},
    routing::{any, delete, get, post, put},
};
use serde_json::Value;

use super::{Route, log::CallFacts};

use self::{
    openapi::{Document, Operation},
    problem::Problem,
};

pub(super) use self::openapi::describe;
pub use self::page::page;

/// Makes the routers and the lists of their routes from one table.
macro_rules! routes {
    (
        open { $($open_method:ident $open_path:literal ($open_operation:path) => $open_handler:path;)+ }
        guarded { $($method:ident $path:literal ($operation:path) => $handler:path;)+ }
    ) => {
        /// Every call of the control surface.
        pub const ROUTES: &[Route] = &[
            $(Route { method: Method::$open_method, path: $open_path },)+
            $(Route { method: Method::$method, path: $path },)+
        ];

        /// What each of them takes and answers.
        static OPERATIONS: &[&Operation] = &[$(&$open_operation,)+ $(&$operation,)+];

        /// Those that never ask for the control token.
        pub const OPEN_ROUTES: &[Route] = &[
            $(Route { method: Method::$open_method, path: $open_path },)+
        ];

        fn open() -> Router {
            Router::new()$(.route($open_path, routes!(@$open_method $open_path $open_handler)))+
        }

        fn guarded() -> Router {
            Router::new()$(.route($path, routes!(@$method $path $handler)))+
        }
    };
    (@GET $path:literal $handler:path) => { get($handler).layer(routes!(@named $path)) };
    (@DELETE $path:literal $handler:path) => { delete($handler).layer(routes!(@named $path)) };
    (@POST $path:literal $handler:path) => { post($handler).layer(routes!(@named $path)) };
    (@PUT $path:literal $handler:path) => { put($handler).layer(routes!(@named $path)) };
    (@DELETE $path:literal $handler:path) => { delete($handler).layer(routes!(@named $path)) };
    (@named $path:literal) => { map_response_with_state($path, named_answer) };
}

routes! {
    // Health, counters, what can be called, and what verifies certificates.
    open {
        GET "/_mock/health/live" (health::LIVE) => health::live;
        GET "/_mock/health/ready" (health::READY) => health::ready;
        GET "/_mock/metrics" (metrics::METRICS) => metrics::metrics;
        GET "/_mock/openapi.json" (openapi::DOCUMENT) => openapi::document;
        GET "/_mock/fixture.schema.json" (fixture::SCHEMA) => fixture::schema;
        GET "/_mock/v1/ca.pem" (authority::CERTIFICATE) => authority::certificate;
        GET "/_mock/v1/crl.pem" (authority::LIST_PEM) => authority::revocation_list_pem;
        GET "/_mock/v1/crl.der" (authority::LIST_DER) => authority::revocation_list_der;
    }
    // What shows or changes the world.
    guarded {
        GET "/_mock/v1/certificates" (certificates::LIST) => certificates::list;
        POST "/_mock/v1/certificates" (certificates::ISSUE) => certificates::issue;
        GET "/_mock/v1/certificates/{serial}" (certificates::ONE) => certificates::one;
        POST "/_mock/v1/certificates/revoke" (certificates::REVOKE) => certificates::revoke;
        GET "/_mock/v1/tokens" (tokens::LIST) => tokens::list;
        POST "/_mock/v1/tokens" (tokens::MAKE) => tokens::make;
        GET "/_mock/v1/clock" (clock::READ) => clock::read;
        PUT "/_mock/v1/clock" (clock::CHANGE_IT) => clock::change;
        POST "/_mock/v1/clock/advance" (clock::ADVANCE_IT) => clock::advance;
        GET "/_mock/v1/background" (background::READ) => background::read;
        PUT "/_mock/v1/background" (background::CHANGE_IT) => background::change;
        POST "/_mock/v1/background/round" (background::ROUND) => background::round;
        POST "/_mock/v1/background/settle" (background::SETTLE_IT) => background::settle;
        GET "/_mock/v1/trees" (trees::LIST) => trees::list;
        GET "/_mock/v1/faults" (faults::LIST) => faults::list;
        POST "/_mock/v1/faults" (faults::ADD) => faults::add;
        DELETE "/_mock/v1/faults" (faults::CLEAR) => faults::clear;
        GET "/_mock/v1/faults/{name}" (faults::ONE) => faults::one;
        PUT "/_mock/v1/faults/{name}" (faults::PUT) => faults::put;
        DELETE "/_mock/v1/faults/{name}" (faults::REMOVE) => faults::remove;
        GET "/_mock/v1/computers" (computers::LIST) => computers::list;
        POST "/_mock/v1/computers" (computers::MAKE) => computers::make;
        POST "/_mock/v1/computers/scale" (computers::SCALE) => computers::scale;
        GET "/_mock/v1/computers/{reference}" (computers::ONE) => computers::one;
        GET "/_mock/v1/computers/{reference}/simulate" (computers::SIMULATION) => computers::simulation;
        PUT "/_mock/v1/computers/{reference}/simulate" (computers::SIMULATE) => computers::simulate;
        DELETE "/_mock/v1/computers/{reference}/simulate" (computers::END) => computers::end;
        POST "/_mock/v1/computers/{reference}/hold" (computers::HOLD) => computers::hold;
        POST "/_mock/v1/computers/{reference}/release" (computers::RELEASE) => computers::release;
        POST "/_mock/v1/computers/{reference}/fail" (computers::FAIL) => computers::fail;
        POST "/_mock/v1/computers/{reference}/recover" (computers::RECOVER) => computers::recover;
        GET "/_mock/v1/fixture" (fixture::EXPORT) => fixture::export;
        POST "/_mock/v1/fixture" (fixture::ADD) => fixture::add;
        POST "/_mock/v1/fixture/check" (fixture::CHECK) => fixture::check;
        GET "/_mock/v1/journal" (journal::LIST) => journal::list;
        DELETE "/_mock/v1/journal" (journal::CLEAR) => journal::clear;
        GET "/_mock/v1/journal/follow" (journal::FOLLOW) => journal::follow;
        POST "/_mock/v1/journal/wait" (journal::WAIT) => journal::wait;
        POST "/_mock/v1/journal/verify" (journal::VERIFY) => journal::verify;
        POST "/_mock/v1/reset" (snapshots::RESET) => snapshots::reset;
        GET "/_mock/v1/snapshots" (snapshots::LIST) => snapshots::list;
        GET "/_mock/v1/snapshots/{name}" (snapshots::ONE) => snapshots::one;
        PUT "/_mock/v1/snapshots/{name}" (snapshots::PUT) => snapshots::put;
        DELETE "/_mock/v1/snapshots/{name}" (snapshots::REMOVE) => snapshots::remove;
        POST "/_mock/v1/snapshots/{name}/restore" (snapshots::RESTORE) => snapshots::restore;
        GET "/_mock/v1/snapshots/{name}/difference" (snapshots::COMPARE) => snapshots::compare;
        GET "/_mock/v1/worlds" (worlds::LIST) => worlds::list;
        GET "/_mock/v1/worlds/{name}" (worlds::ONE) => worlds::one;
        PUT "/_mock/v1/worlds/{name}" (worlds::PUT) => worlds::put;
        DELETE "/_mock/v1/worlds/{name}" (worlds::DELETE) => worlds::delete;
    }
}

/// Everything under `/_mock`; `document` makes the description of all that can be called.
pub fn router(document: fn() -> Value) -> Router {
    let guarded = guarded()
        .route("/_mock/v1/{*unknown}", any(unknown))
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(access::check));
    open()
        .layer(Extension(Document(document)))
        .method_not_allowed_fallback(wrong_method)
        .merge(guarded)
}

/// The answer where a path names a world that is not there.
pub(super) fn unknown_world(text: String) -> Response {
    named("/_mock", Problem::new(StatusCode::NOT_FOUND, text))
}

async fn unknown() -> Response {
    let problem = Problem::new(
        StatusCode::NOT_FOUND,
        "There is nothing at this path of the control surface.",
    );
    named("/_mock/v1", problem)
}

async fn wrong_method() -> Response {
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "This path does not take that method: see the Allow header.",
    );
    named("/_mock", problem)
}

/// The same as a layer, of one type for every path: each type more is code more.
async fn named_answer(
    extract::State(path): extract::State<&'static str>,
    answer: Response,
) -> Response {
    named(path, answer)
}

/// The answer with what its log line says: the path without what is before the topic, and without
/// what a caller put into it.
fn named(path: &'static str, answer: impl IntoResponse) -> Response {
    let call = path
        .strip_prefix("/_mock/v1/")
        .or_else(|| path.strip_prefix("/_mock/"))
        .unwrap_or(path);
    let mut response = answer.into_response();
    let facts = CallFacts::of("control", call);
    response.extensions_mut().insert(facts);
    response
}
