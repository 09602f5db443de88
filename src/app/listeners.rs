//! The listeners, and what is served on each: which routes, over what, to whom.

use std::convert::Infallible;

use axum::{http::Request, response::Response};
use tower::{Service, service_fn};

use crate::{
    config::Settings,
    front::{
        self,
        address::Scheme,
        auth::{Access, AccessMode, PeerCertificate},
        log::logged,
        readiness::{Readiness, held_until_ready},
        worlds::{Surface, Worlds},
    },
    net::{Endpoint, HangUp, HttpService, Limits, Listener, Server, Tls, guard::guarded},
};

use super::RunError;

/// Everything that was bound.
#[derive(Debug)]
pub(super) struct Listeners {
    /// Where the protocol is served.
    main: Vec<Listener>,
    /// Where the control surface is, instead of on the others.
    control: Vec<Listener>,
}

impl Listeners {
    /// Binds what the settings name.
    pub(super) fn bind(settings: &Settings) -> Result<Self, RunError> {
        Ok(Self {
            main: bind_all(&settings.listen)?,
            control: bind_all(&settings.control_listen)?,
        })
    }

    /// All of them, in the order in which they are announced.
    pub(super) fn all(&self) -> impl Iterator<Item = &Listener> {
        self.main.iter().chain(&self.control)
    }

    /// The URLs of the protocol's listeners, and those of the control surface's own.
    pub(super) fn urls(&self) -> (Vec<String>, Vec<String>) {
        let urls = |listeners: &[Listener]| -> Vec<String> {
            listeners
                .iter()
                .map(|listener| listener.endpoint().to_string())
                .collect()
        };
        (urls(&self.main), urls(&self.control))
    }

    /// Begins to answer on all of them. `tls` is there if one of them needs it.
    pub(super) fn serve(
        self,
        server: &Server,
        tls: Option<&Tls>,
        settings: &Settings,
        worlds: &Worlds,
        readiness: &Readiness,
    ) {
        let serve = |listeners: Vec<Listener>, surface: Surface| {
            let (over_tls, plain): (Vec<_>, Vec<_>) = listeners
                .into_iter()
                .partition(|listener| listener.endpoint().is_tls());
            if let Some(listener) = plain.first() {
                let service = service(worlds, surface, listener.endpoint(), settings, readiness);
                for listener in plain {
                    server.serve(listener, service.clone());
                }
            }
            if let (Some(listener), Some(tls)) = (over_tls.first(), tls) {
                let service = service(worlds, surface, listener.endpoint(), settings, readiness);
                for listener in over_tls {
                    let service = service.clone();
                    server.serve_tls(listener, tls.clone(), move |certificate| {
                        let peer = certificate.map(|der| PeerCertificate::new(der.to_vec()));
                        identified(service.clone(), peer)
                    });
                }
            }
        };
        if self.control.is_empty() {
            serve(self.main, Surface::Everything);
        } else {
            serve(self.main, Surface::Protocol);
            serve(self.control, Surface::Control);
        }
    }
}

fn bind_all(endpoints: &[Endpoint]) -> Result<Vec<Listener>, RunError> {
    let mut listeners = Vec::new();
    for endpoint in endpoints {
        match Listener::bind(endpoint) {
            Ok(listener) => listeners.push(listener),
            // `0.0.0.0` beside `[::]` means "wherever you can": a machine without IPv6 is no
            // reason to refuse.
            Err(error) if error.is_unsupported_family() && endpoints.len() > 1 => {
                tracing::warn!(error = %error.source, "not listening on {endpoint}");
            }
            Err(error) => return Err(RunError::Listen(error)),
        }
    }
    Ok(listeners)
}

/// Warns of the first listener where a stranger may do everything.
pub(super) fn warn_if_reachable<'l>(
    mut listeners: impl Iterator<Item = &'l Listener>,
    settings: &Settings,
) {
    let is_open = |endpoint: &Endpoint| {
        settings.control_token.is_none() || !settings.demands_certificates(endpoint)
    };
    if let Some(listener) =
        listeners.find(|listener| !listener.endpoint().is_local() && is_open(listener.endpoint()))
    {
        tracing::warn!(
            "{} can be reached from other machines, and whoever reaches it may change everything: \
             this is a mock for tests only",
            listener.endpoint()
        );
    }
}

/// What answers on a listener of this kind.
fn service(
    worlds: &Worlds,
    surface: Surface,
    endpoint: &Endpoint,
    settings: &Settings,
    readiness: &Readiness,
) -> impl HttpService + use<> {
    let (access, scheme) = door(endpoint, settings);
    let served = front::serve(worlds, surface, access, scheme);
    let held = held_until_ready(served, readiness.clone());
    logged(guarded(held, Limits::default()), |response| {
        response.extensions_mut().insert(HangUp);
    })
}

/// How who calls is found out on a listener of this kind, and the scheme of its URLs.
fn door(endpoint: &Endpoint, settings: &Settings) -> (Access, Scheme) {
    let access = Access {
        mode: if settings.demands_certificates(endpoint) {
            AccessMode::Certificate
        } else {
            AccessMode::Open
        },
        identity_header: settings.identity_header.clone(),
    };
    let scheme = if endpoint.is_tls() {
        Scheme::Https
    } else {
        Scheme::Http
    };
    (access, scheme)
}

/// `inner`, with the certificate of the connection in the extensions of each of its requests.
fn identified<S, B>(
    inner: S,
    peer: Option<PeerCertificate>,
) -> impl Service<Request<B>, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static
where
    S: Service<Request<B>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    B: Send + 'static,
{
    service_fn(move |mut request: Request<B>| {
        if let Some(peer) = &peer {
            request.extensions_mut().insert(peer.clone());
        }
        inner.clone().call(request)
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;
    use crate::config::{Given, Raw, Source};

    #[tokio::test]
    async fn the_requests_of_a_connection_share_its_certificate() {
        let told = service_fn(|request: Request<Body>| async move {
            let peer = request.extensions().get::<PeerCertificate>();
            let told = peer.map_or(String::new(), |peer| {
                format!("{:p} {:?}", peer.der(), peer.der())
            });
            Ok::<_, Infallible>(Response::new(Body::from(told)))
        });
        let mut with = identified(told, Some(PeerCertificate::new(vec![1, 2])));
        let first = ask(&mut with).await;
        assert!(first.ends_with(" [1, 2]"), "{first}");
        assert_eq!(ask(&mut with).await, first, "the same one, not a copy");
        assert_eq!(ask(&mut identified(told, None)).await, "");
    }

    #[test]
    fn a_listener_is_served_by_what_it_speaks() {
        let listen = |url: &str| Given {
            values: vec![url.to_owned()],
            source: Source::Flag,
        };
        let raw = Raw::from([
            ("listen", listen("https://127.0.0.1:5443")),
            ("trust-identity-header", listen("X-Name")),
            ("access", listen("by-listener")),
        ]);
        let mut settings = Settings::resolve(&raw).unwrap();
        let kind = |settings: &Settings, url: &str| {
            let (access, scheme) = door(&url.parse().unwrap(), settings);
            let header = access.identity_header.map(|name| name.to_string());
            (scheme, access.mode, header)
        };
        let (http, https) = ("http://127.0.0.1:5000", "https://127.0.0.1:5443");
        let name = Some("x-name".to_owned());
        let proven = AccessMode::Certificate;
        assert_eq!(
            kind(&settings, https),
            (Scheme::Https, proven, name.clone())
        );
        assert_eq!(kind(&settings, http), (Scheme::Http, proven, name));
        settings.identity_header = None;
        assert_eq!(kind(&settings, https), (Scheme::Https, proven, None));
        assert_eq!(
            kind(&settings, http),
            (Scheme::Http, AccessMode::Open, None)
        );
    }

    async fn ask<S>(service: &mut S) -> String
    where
        S: Service<Request<Body>, Response = Response, Error = Infallible>,
    {
        let answer = service.call(Request::new(Body::empty())).await.unwrap();
        let body = axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }
}
