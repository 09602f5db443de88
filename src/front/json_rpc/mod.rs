//! The JSON-RPC dialect: `POST /slapos.<verb>.v0.<thing>`, a JSON object in and one out
//! (`json-rpc.md`).
//!
//! A method's input is described in `schema.rs` and checked before anything else of it is read;
//! one file a group of methods then asks the master once and renders the outcome. What refuses a
//! call is in the one table of `error.rs`. Start with [`router`], the table of contents.

mod answer;
mod cache;
mod certificate;
mod computer;
mod error;
mod fault;
mod input;
mod instance;
mod openapi;
mod render;
mod request;
mod schema;
mod server;
mod software;
mod tree;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, Method},
    response::Response,
    routing::any,
};

use crate::{
    domain::behaviour::{Behaviour, JsonRpcWords},
    front::{calling::Calling, faults, forward::Forwarder, log::CallFacts},
    master::Master,
};

use super::{AppState, Route, State, address::PublicAddress};

pub use self::cache::JsonRpcState;
use self::{
    error::{Answered as _, CallKind, JsonRpcError},
    input::Arguments,
    render::Style,
    schema::Shape,
};

pub(super) use self::{fault::FORMS, openapi::describe};

/// What the path of every method begins with.
pub(super) const PREFIX: &str = "/slapos.";

/// Makes the router and the list of its routes from one table.
macro_rules! routes {
    ($($name:literal ($input:path) => $call:path;)+) => {
        /// Every method of the dialect.
        pub const ROUTES: &[Route] = &[
            $(Route { method: Method::POST, path: concat!("/", $name) },)+
        ];

        /// What each of them takes.
        static INPUTS: &[&Shape] = &[$(&$input,)+];

        /// The methods of the dialect, at their paths.
        pub fn router() -> Router {
            Router::new()$(.route(
                concat!("/", $name),
                // Any: what is wrong with the media type is said before the verb is looked at.
                any(async |State(app): State<AppState>, request: Request| {
                    faults::around(&FORMS, $name, app, request, async |app, request| {
                        let words = app.master.behaviour().json_rpc_words;
                        let method = request.method().clone();
                        match Call::read(app, request, &$input).await {
                            Ok(call) => {
                                let outcome = $call(&call).await;
                                finish(call.facts($name), &method, words, outcome)
                            }
                            Err(error) => finish(facts($name), &method, words, Err(error)),
                        }
                    })
                    .await
                }),
            ))+
        }
    };
}

routes! {
    // What a computer does with itself.
    "slapos.put.v0.compute_node_format" (schema::FORMAT) => computer::format;
    "slapos.put.v0.compute_node_bang" (schema::COMPUTER_MESSAGE) => computer::bang;
    "slapos.get.v0.compute_node_status" (schema::COMPUTER) => computer::status;
    "slapos.post.v0.compute_node_usage" (schema::USAGE) => computer::usage;
    "slapos.post.v0.compute_node_certificate" (schema::COMPUTER) => certificate::issue;
    "slapos.remove.v0.compute_node_certificate" (schema::COMPUTER) => certificate::revoke;
    "slapos.allDocs.v0.compute_node_instance_list" (schema::COMPUTER) => computer::instances;
    "slapos.allDocs.v0.compute_node_software_installation_list" (schema::COMPUTER)
        => computer::software;

    // What it does with software.
    "slapos.post.v0.software_installation" (schema::SUPPLY) => software::supply;
    "slapos.put.v0.software_installation_reported_state" (schema::SOFTWARE_STATE)
        => software::reported_state;
    "slapos.put.v0.software_installation_error" (schema::SOFTWARE_ERROR) => software::error;

    // What people and instances ask for.
    "slapos.post.v0.software_instance" (schema::REQUEST) => request::request;
    "slapos.get.v0.instance_tree" (schema::TREE) => tree::root;
    "slapos.allDocs.v0.instance_tree_list" (schema::NOTHING) => tree::list;
    "slapos.allDocs.WIP.compute_node_list" (schema::NOTHING) => computer::list;

    // What is told of an instance, and what it tells.
    "slapos.get.v0.software_instance" (schema::INSTANCE) => instance::by_guid;
    "slapos.get.v0.compute_partition" (schema::PARTITION) => instance::on_partition;
    "slapos.get.v0.software_instance_certificate" (schema::INSTANCE) => certificate::of_instance;
    "slapos.allDocs.v0.instance_node_instance_list" (schema::INSTANCE) => instance::hosted;
    "slapos.put.v0.software_instance_reported_state" (schema::INSTANCE_STATE)
        => instance::reported_state;
    "slapos.put.v0.software_instance_error" (schema::INSTANCE_MESSAGE) => instance::error;
    "slapos.put.v0.software_instance_bang" (schema::INSTANCE_MESSAGE) => instance::bang;
    "slapos.put.v0.software_instance_title" (schema::INSTANCE_TITLE) => instance::rename;
    "slapos.put.v0.software_instance_connection_parameter" (schema::CONNECTION)
        => instance::publish;

    // About the server.
    "slapos.get.v0.hateoas_url" (schema::NOTHING) => server::hateoas_url;
}

/// A path below [`PREFIX`] that is no method: 404 in the dialect's form.
pub(super) fn unknown_method(app: &AppState, method: &Method, path: &str) -> Response {
    let words = app.master.behaviour().json_rpc_words;
    let error = JsonRpcError::unknown_method(path);
    finish(facts("unknown"), method, words, Err(error))
}

/// The answer where a path names a world that is not there: 404 in the dialect's form.
pub(super) fn unknown_world(app: &AppState, method: &Method, text: String) -> Response {
    let words = app.master.behaviour().json_rpc_words;
    finish(
        facts("unknown"),
        method,
        words,
        Err(JsonRpcError::unknown_world(text)),
    )
}

/// What the log line says of a call that could not be read.
const fn facts(call: &'static str) -> CallFacts {
    CallFacts::of("json-rpc", call)
}

fn finish(
    facts: CallFacts,
    method: &Method,
    words: JsonRpcWords,
    outcome: Result<Response, JsonRpcError>,
) -> Response {
    let mut response = outcome.unwrap_or_else(|error| error.into_response(words));
    if method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response.extensions_mut().insert(facts);
    response
}

/// A call as it was made, and what it is answered from.
#[derive(Debug)]
struct Call {
    master: Master,
    state: JsonRpcState,
    forwarder: Forwarder,
    arguments: Arguments,
    /// Who makes it.
    calling: Calling,
    headers: HeaderMap,
    address: PublicAddress,
}

impl Call {
    /// Reads a call in production's order of checks: who calls, media type, verb, syntax, shape
    /// (`json-rpc.md` 1).
    async fn read(app: AppState, request: Request, shape: &Shape) -> Result<Self, JsonRpcError> {
        let (parts, body) = request.into_parts();
        let calling = Calling::of(&app, &parts);
        app.master
            .admit(&calling.of_itself())
            .await
            .answered(CallKind::Server, &app.master)?;
        let body = input::body(&parts, body).await?;
        Ok(Self {
            arguments: Arguments::read(&body, shape)?,
            master: app.master,
            state: app.json_rpc,
            forwarder: app.forwarder,
            calling,
            headers: parts.headers,
            address: app.address,
        })
    }

    fn behaviour(&self) -> Arc<Behaviour> {
        self.master.behaviour()
    }

    fn style(&self) -> Style {
        Style::from(&*self.behaviour())
    }

    /// What the log line says of the call, as far as the wire tells.
    fn facts(&self, call: &'static str) -> CallFacts {
        let argument = |name| self.arguments.optional(name).map(str::to_owned);
        CallFacts {
            caller: self.calling.in_words(&self.master),
            computer: argument("computer_guid"),
            partition: argument("compute_partition_id"),
            instance: argument("instance_guid").or_else(|| argument("title")),
            ..facts(call)
        }
    }
}
