//! From a request's path to its world.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    extract::{FromRequestParts, Request},
    http::{
        StatusCode, Uri,
        request::Parts,
        uri::{self, PathAndQuery},
    },
    response::Response,
};
use tower::{Service, ServiceExt as _, service_fn};

use crate::front::{address::Scheme, auth::Access, log::InWorld, state::Served, unknown_world};

use super::{Door, PREFIX, Seat, Worlds};

/// What is served at a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// The protocol, the control surface, and the page that says what this is.
    Everything,
    /// All but the control surface.
    Protocol,
    /// The control surface and the page.
    Control,
}

impl Worlds {
    /// Serves the worlds at a listener as `router` does, to callers that are found out so, under
    /// URLs of this scheme.
    pub(in crate::front) fn at_door(
        &self,
        router: Router,
        access: Access,
        scheme: Scheme,
    ) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + use<>
    + 'static {
        let number = self.open_door(Door { access, scheme });
        let worlds = self.clone();
        service_fn(move |request: Request| {
            let worlds = worlds.clone();
            let router = router.clone();
            async move { Ok(worlds.answer(number, router, request).await) }
        })
    }

    fn open_door(&self, door: Door) -> usize {
        let mut doors = self
            .0
            .doors
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for seat in self.all() {
            seat.open(&door);
        }
        doors.push(door);
        doors.len() - 1
    }

    async fn answer(&self, door: usize, router: Router, mut request: Request) -> Response {
        if !request.uri().path().starts_with(PREFIX) {
            let state = self.0.default.at(door);
            let seat = Arc::clone(&self.0.default);
            request.extensions_mut().insert(Served { state, seat });
            return passed(router, request).await;
        }
        let Some((name, uri)) = taken_apart(request.uri()) else {
            return unknown_world(&self.0.default.at(door), &request, "");
        };
        let Some(seat) = self.find(&name) else {
            *request.uri_mut() = uri;
            return unknown_world(&self.0.default.at(door), &request, &name);
        };
        *request.uri_mut() = uri;
        seat.touch();
        let state = seat.at(door);
        let served = Served {
            state,
            seat: Arc::clone(&seat),
        };
        request.extensions_mut().insert(served);
        let mut response = passed(router, request).await;
        seat.touch();
        response.extensions_mut().insert(InWorld(name.into()));
        response
    }
}

async fn passed(router: Router, request: Request) -> Response {
    let Ok(response) = router.oneshot(request).await;
    response
}

/// The name of the world that a URI leads to, and the URI as that world knows it.
fn taken_apart(uri: &Uri) -> Option<(String, Uri)> {
    let rest = uri.path().strip_prefix(PREFIX)?;
    let (name, path) = match rest.find('/') {
        Some(end) => rest.split_at_checked(end)?,
        None => (rest, "/"),
    };
    let mut text = path.to_owned();
    if let Some(query) = uri.query() {
        text.push('?');
        text.push_str(query);
    }
    let mut parts = uri::Parts::from(uri.clone());
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Some((name.to_owned(), Uri::from_parts(parts).ok()?))
}

/// The seat that a request is for, and all others.
#[derive(Debug)]
pub(in crate::front) struct Home {
    /// The seat of its world.
    pub(in crate::front) seat: Arc<Seat>,
    /// The worlds of the process.
    pub(in crate::front) worlds: Worlds,
}

impl<S: Sync> FromRequestParts<S> for Home {
    /// A request that was passed on without its world; no client can cause that.
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let served = parts.extensions.get::<Served>();
        let seat = served.map(|served| Arc::clone(&served.seat));
        let home = seat.and_then(|seat| {
            let worlds = Worlds::of(&seat.worlds)?;
            Some(Self { seat, worlds })
        });
        home.ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_world_is_taken_from_the_path_and_the_rest_stays_as_it_is() {
        let check = |text: &'static str, expected: Option<(&str, &str)>| {
            let found = taken_apart(&Uri::from_static(text));
            let found = found.map(|(name, uri)| (name, uri.to_string()));
            let found = found
                .as_ref()
                .map(|(name, uri)| (name.as_str(), uri.as_str()));
            assert_eq!(found, expected, "{text}");
        };
        check(
            "/w/a/getRunId?x=1&y=/w/b",
            Some(("a", "/getRunId?x=1&y=/w/b")),
        );
        check("/w/a", Some(("a", "/")));
        check("/w/a?x", Some(("a", "/?x")));
        check("/w/a/", Some(("a", "/")));
        check("/w/a//getRunId", Some(("a", "//getRunId")));
        check("/w/a/w/b/x", Some(("a", "/w/b/x")));
        check("/w/", Some(("", "/")));
        check("/getRunId", None);
    }
}
