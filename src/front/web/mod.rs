//! The web endpoints by which commands obtain certificates with a token (`hateoas.md` B).
//!
//! Nobody proves who it is here: the token speaks. Both are served at the root of the master, and
//! wherever repeated slashes lead there, because the commands join their URLs with one too many.
//! Start with [`router`].

mod certificate;
mod error;
mod register;

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::Value;

use crate::{
    domain::{call::Dialect, secret::Secret, text::InvalidValue},
    master::Master,
};

use super::{
    AppState, Route, State,
    faults::{self, Forms, Named},
    form::Form,
    log::CallFacts,
};

use self::error::WebError;

/// The header that carries the token.
const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-access-token");
/// The parameter that carries it where the header does not.
const TOKEN_FIELD: &str = "access_token";

/// Makes the router and the list of its routes from one table.
macro_rules! routes {
    ($(POST $name:literal => $call:path;)+) => {
        /// Every web endpoint.
        pub const ROUTES: &[Route] = &[
            $(Route { method: Method::POST, path: concat!("/", $name) },)+
        ];

        /// The web endpoints, at their paths.
        pub fn router() -> Router {
            Router::new()$(.route(
                concat!("/", $name),
                post(async |State(app): State<AppState>, request: Request| {
                    faults::around(&FORMS, $name, app, request, async |app, request| {
                        let outcome = match Call::read(app, request).await {
                            Ok(call) => $call(&call).await,
                            Err(error) => Err(error),
                        };
                        finish($name, outcome)
                    })
                    .await
                }),
            ))+
        }
    };
}

routes! {
    POST "Person_requestComputer" => register::request_computer;
    POST "Person_getCertificate" => certificate::certificate;
}

/// How fault rules see the endpoints, whose calls name nothing that a master knows.
pub(super) static FORMS: Forms = Forms {
    dialect: Dialect::Web,
    named: |_, _, _| Named::default(),
    not_ready: || StatusCode::REQUEST_TIMEOUT.into_response(),
    refusal: error::refusal,
    content_type: HeaderValue::from_static("text/plain; charset=utf-8"),
};

/// What is answered, with what the log line says of it.
struct Answer {
    body: Value,
    /// The computer that it is about.
    computer: Option<String>,
}

fn finish(call: &'static str, outcome: Result<Answer, WebError>) -> Response {
    let (mut response, computer) = match outcome {
        Ok(answer) => (json(StatusCode::OK, &answer.body), answer.computer),
        Err(error) => (error.into_response(), None),
    };
    response.extensions_mut().insert(CallFacts {
        computer,
        ..CallFacts::of("web", call)
    });
    response
}

/// An answer in JSON; it holds a key, so that nothing in between may keep it.
fn json(status: StatusCode, value: &Value) -> Response {
    let mut response = (status, value.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A call as it was made, and what it is answered from.
struct Call {
    master: Master,
    form: Form,
    token: Option<Secret>,
}

impl Call {
    async fn read(app: AppState, request: Request) -> Result<Self, WebError> {
        let (parts, body) = request.into_parts();
        let form = Form::of(&parts, body).await?;
        if parts.headers.get_all(&TOKEN_HEADER).iter().count() > 1 {
            let reason = "is there more than once, one was expected";
            return Err(InvalidValue::new("X-Access-Token", reason).into());
        }
        // A token that is no text is one that nobody was given.
        let token = parts
            .headers
            .get(TOKEN_HEADER)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .filter(|value| !value.is_empty());
        let token = match token {
            Some(token) => Some(token),
            None => form.not_empty(TOKEN_FIELD)?.map(str::to_owned),
        };
        Ok(Self {
            master: app.master,
            form,
            token: token.map(Secret::new),
        })
    }
}
