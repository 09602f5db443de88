//! The page at `/`.

use axum::{Router, http::header, response::Response, routing::get};

/// The page at `/`.
///
/// It exists on every listener: the standalone helper of slapos.core takes an answer of 401, 403
/// or 5xx there for a broken master.
pub fn page() -> Router {
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
    super::named("page", (headers, PAGE))
}
