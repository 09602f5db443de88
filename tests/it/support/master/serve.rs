//! The same world over a real socket, for others that call it.

use axum::{Router, http::Request, response::Response};
use hyper::body::Incoming;
use slapmaster::{
    front::auth::PeerCertificate,
    net::{ClientCertificates, Limits, Listener, Server, Tls, TlsIdentity},
};
use std::{convert::Infallible, sync::Arc};
use tower::{Service, service_fn};

use super::TestMaster;
use crate::support::tls::Pair;

/// A place where a world will be served: its address is known before the world is made.
pub(crate) struct Place(Listener);

/// A world that is served, until this is dropped.
pub(crate) struct Served {
    /// Where, without a final slash.
    pub(crate) url: String,
    _server: Server,
}

impl Place {
    /// A free port for plain HTTP, or for TLS.
    pub(crate) fn free(scheme: &str) -> Self {
        let endpoint = format!("{scheme}://127.0.0.1:0").parse().unwrap();
        Self(Listener::bind(&endpoint).unwrap())
    }

    /// Its URL, without a final slash.
    pub(crate) fn url(&self) -> String {
        self.0.endpoint().to_string()
    }
}

impl TestMaster {
    /// Serves the world there: to everybody over plain HTTP, to holders of its certificates over
    /// TLS.
    pub(crate) fn serve(&self, place: Place) -> Served {
        let url = place.url();
        let server = Server::new(Limits::default());
        if url.starts_with("https") {
            let pair = Pair::made_out_to(&["127.0.0.1"]);
            let identity = TlsIdentity::from_pem(pair.certificate.as_bytes(), pair.key.as_bytes());
            let required = ClientCertificates::Required;
            let tls = Tls::new(&identity.unwrap(), required, Arc::new(|_| Ok(())));
            let router = self.certified(None);
            server.serve_tls(place.0, tls, move |certificate| {
                let peer = certificate.map(|der| PeerCertificate::new(der.to_vec()));
                shown(router.clone(), peer)
            });
        } else {
            server.serve(place.0, shown(self.router.clone(), None));
        }
        Served {
            url,
            _server: server,
        }
    }
}

fn shown(
    router: Router,
    peer: Option<PeerCertificate>,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    service_fn(move |mut request: Request<Incoming>| {
        if let Some(peer) = &peer {
            request.extensions_mut().insert(peer.clone());
        }
        router.clone().call(request)
    })
}
