//! The control token: who holds it may do everything here.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::front::{AppState, State};

use super::{named, problem::Problem};

/// Lets a call through that shows the control token as `Authorization: Bearer …`, or every call
/// where there is none. Otherwise 401; no client certificate helps.
pub(super) async fn check(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let refused = app.control_token.as_ref().and_then(|token| {
        let shown = bearer(request.headers());
        match shown {
            Some(shown) if token.is(shown) => None,
            Some(_) => Some("The control token is another one."),
            None => Some("The control token was expected, as `Authorization: Bearer TOKEN`."),
        }
    });
    let Some(sentence) = refused else {
        return next.run(request).await;
    };
    let problem = Problem::new(StatusCode::UNAUTHORIZED, sentence)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    named("/_mock/v1", problem).into_response()
}

/// What stands behind `Bearer` in the one `Authorization` header.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"Bearer";
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) || !rest.starts_with(b" ") {
        return None;
    }
    Some(rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_stands_behind_its_scheme() {
        let check = |value: &'static str, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            assert_eq!(bearer(&headers), expected.map(str::as_bytes), "{value}");
        };
        check("Bearer abc", Some("abc"));
        check("bearer  abc ", Some("abc"));
        check("Bearer ", Some(""));
        check("Bearer", None);
        check("Bearerabc", None);
        check("Basic abc", None);
        check("B", None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
