//! The HATEOAS dialect: HAL documents for listing and inspection (`hateoas.md` A).
//!
//! A client takes every link from the root document (`root.rs`): that of searches (`search.rs`,
//! whose queries `query/` reads), and that of single documents (`traverse.rs`). Nothing can be
//! changed here but that a token is made (`token.rs`). Start with [`router`].

mod accept;
mod column;
mod error;
mod news;
mod query;
mod root;
mod search;
mod token;
mod traverse;

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Map, Value, json};

use crate::{
    domain::{call::Dialect, caller::Caller, certificate::CertificateSubject, text::InvalidValue},
    master::{Master, MasterError},
};

use super::{
    AppState, HATEOAS_ROOT as ROOT, Route, State,
    auth::Authentication,
    faults::{self, Forms, Named},
    form::Form,
    log::CallFacts,
    slashes::AskedUri,
};

use self::error::HateoasError;

/// Makes the router and the list of its routes from one table.
macro_rules! routes {
    ($(GET $path:literal => $name:literal $call:path;)+) => {
        /// Every call of the dialect.
        pub const ROUTES: &[Route] = &[$(Route { method: Method::GET, path: $path },)+];

        /// The calls of the dialect, at their paths.
        pub fn router() -> Router {
            Router::new()$(.route(
                $path,
                get(async |State(app): State<AppState>, request: Request| {
                    faults::around(&FORMS, $name, app, request, async |app, request| {
                        match Call::read(app, request).await {
                            Ok(call) => finish(call.facts($name), $call(&call).await),
                            Err(error) => finish(facts($name), Err(error)),
                        }
                    })
                    .await
                }),
            ))+
            .method_not_allowed_fallback(wrong_method)
        }
    };
}

routes! {
    GET "/hateoas" => "hateoas" by_mode;
    GET "/hateoas/" => "hateoas" by_mode;
    GET "/hateoas/ERP5Document_getHateoas" => "ERP5Document_getHateoas" by_mode;
    GET "/hateoas/computer_module/Base_getComputerToken" => "Base_getComputerToken"
        token::computer_token;
}

/// How fault rules see the dialect, whose calls name documents and nothing else.
pub(super) static FORMS: Forms = Forms {
    dialect: Dialect::Hateoas,
    named: |_, _, _| Named::default(),
    // What the client takes for it (`hateoas.md` A.7).
    not_ready: || StatusCode::REQUEST_TIMEOUT.into_response(),
    refusal: error::refusal,
    content_type: HeaderValue::from_static("application/hal+json"),
};

/// What is asked for by the parameter `mode`, at whichever of the dialect's paths.
///
/// Source: `hateoas.md` A.3 to A.5, A.7.
async fn by_mode(call: &Call) -> Result<Response, HateoasError> {
    if !call.takes_hal {
        return Err(HateoasError::NotAcceptable);
    }
    match call.query.not_empty("mode")? {
        None | Some("root") => Ok(root::root(call)),
        Some("search") => search::search(call).await,
        Some("traverse") => traverse::traverse(call).await,
        Some(mode) => Err(HateoasError::UnknownMode(mode.to_owned())),
    }
}

/// The dialect's word for another method than GET: 405 and nothing.
async fn wrong_method() -> Response {
    finish(facts("hateoas"), Err(HateoasError::WrongMethod))
}

/// What the log line says of a call whose caller is not known.
const fn facts(call: &'static str) -> CallFacts {
    CallFacts::of("hateoas", call)
}

fn finish(facts: CallFacts, outcome: Result<Response, HateoasError>) -> Response {
    let mut response = outcome.unwrap_or_else(HateoasError::into_response);
    response.extensions_mut().insert(facts);
    response
}

/// A document. Who may see it is not who asks next, so that nothing in between may keep it.
fn document(content_type: &'static str, value: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    (headers, value.to_string()).into_response()
}

/// A call as it was made, and what it is answered from.
struct Call {
    master: Master,
    query: Form,
    caller: Caller,
    /// Who that is.
    who: CertificateSubject,
    /// Whether the client takes what this dialect writes.
    takes_hal: bool,
    /// The URL of the dialect's root as the client spells it, without a final slash.
    root: String,
}

impl Call {
    /// Reads a call of who proves who it is; anybody else is told where to log in, whatever it
    /// asked for.
    async fn read(app: AppState, request: Request) -> Result<Self, HateoasError> {
        let (parts, _) = request.into_parts();
        let site = app.address.base_url(&parts.headers).ok_or_else(|| {
            InvalidValue::new("Host", "is missing, the name of this server was expected")
        })?;
        let auth = Authentication::of(&app, &parts.extensions, &parts.headers);
        let caller = auth.caller(Caller::DefaultUser);
        let who = match app.master.who_is(&caller).await {
            Err(MasterError::Unauthenticated(_)) => {
                return Err(HateoasError::Unauthenticated { site });
            }
            known => known?,
        };
        let path = asked_path(&parts);
        Ok(Self {
            query: Form::of_query(parts.uri.query())?,
            takes_hal: accept::takes_hal(&parts.headers),
            root: format!("{site}{}", spelled_root(path)),
            master: app.master,
            caller,
            who,
        })
    }

    /// The URL of what modes are asked of, with a query or a template of one.
    fn mode_url(&self, query: Option<&str>) -> String {
        let url = format!("{}/ERP5Document_getHateoas", self.root);
        match query {
            None => url,
            Some(query) => format!("{url}?{query}"),
        }
    }

    /// What the log line says of the call.
    fn facts(&self, call: &'static str) -> CallFacts {
        CallFacts {
            caller: Some(self.who.reference().to_owned()),
            ..facts(call)
        }
    }
}

/// The links that every document has: to itself, and to the site that it is of.
fn links(to_self: &str) -> Map<String, Value> {
    let site = json!({ "href": "urn:jio:get:web_site_module/hateoas", "name": "SlapOS Hateoas" });
    let portal = json!({ "href": "urn:jio:get:erp5", "name": "Mock master" });
    Map::from_iter([
        ("self".to_owned(), json!({ "href": to_self })),
        ("site_root".to_owned(), site),
        ("portal".to_owned(), portal),
    ])
}

/// The path as the client wrote it, before repeated slashes were taken for one.
fn asked_path(parts: &Parts) -> &str {
    let asked = parts.extensions.get::<AskedUri>();
    asked.map_or(parts.uri.path(), |AskedUri(uri)| uri.path())
}

/// The part of the path that is the dialect's root.
fn spelled_root(path: &str) -> &str {
    path.find(ROOT)
        .and_then(|at| path.get(..at + ROOT.len()))
        .unwrap_or(ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_spelled_as_in_the_request() {
        let check = |path, expected| assert_eq!(spelled_root(path), expected);
        check("/hateoas", "/hateoas");
        check("/hateoas/", "/hateoas");
        check("/hateoas/ERP5Document_getHateoas", "/hateoas");
        check("//hateoas/", "//hateoas");
    }
}
