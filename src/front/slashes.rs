//! Repeated slashes in a path.
//!
//! Quirk: `slapos node register` and `slapos configure client` of slapos.core 1.26.1 join the URL
//! that they are given and the call with a slash, so that a URL that ends with one makes two
//! (`hateoas.md` B). Only a path that is no call is looked at, so that this costs the others
//! nothing.

use axum::{
    Router,
    extract::Request,
    http::{
        Uri,
        uri::{Parts, PathAndQuery},
    },
    response::Response,
};
use tower::ServiceExt as _;

/// The URI of a request as the client wrote it; an extension of those that were passed on.
#[derive(Debug, Clone)]
pub(super) struct AskedUri(pub(super) Uri);

/// Passes the request on with each row of slashes in its path taken for one, if there is any; a
/// handler finds the path as it was in [`AskedUri`].
pub(super) async fn passed_on(mut request: Request, router: Router) -> Option<Response> {
    let uri = without_repeated(request.uri())?;
    let asked = std::mem::replace(request.uri_mut(), uri);
    request.extensions_mut().insert(AskedUri(asked));
    let Ok(response) = router.oneshot(request).await;
    Some(response)
}

/// The URI with single slashes, unless it is one already.
fn without_repeated(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !path.contains("//") {
        return None;
    }
    let mut text = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !text.ends_with('/') {
            text.push(character);
        }
    }
    if let Some(query) = uri.query() {
        text.push('?');
        text.push_str(query);
    }
    let mut parts = Parts::from(uri.clone());
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_slashes_counts_as_one_in_the_path_and_stays_in_the_query() {
        let check = |text: &'static str, expected: Option<&str>| {
            let found = without_repeated(&Uri::from_static(text));
            assert_eq!(found.map(|uri| uri.to_string()).as_deref(), expected);
        };
        check("//a", Some("/a"));
        check("///a//b/?x=//", Some("/a/b/?x=//"));
        check("//", Some("/"));
        check("/a/b?x=//", None);
        check("http://host//a", Some("http://host/a"));
    }
}
