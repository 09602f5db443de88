//! A TLS server inside the test, with limits and checks of its own.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use axum::{body::Body, http::Request, response::Response};
use hyper::body::Incoming;
use rustls::pki_types::CertificateDer;
use slapmaster::net::{
    ClientCertificates, ClientCheck, HttpService, Limits, Listener, PeerRefusal, Server, Tls,
    TlsIdentity,
};
use tokio::sync::oneshot;
use tower::service_fn;

use crate::support::{process::address, tls::Pair};

/// How the server shall be.
pub(super) struct Setup {
    /// Its limits.
    pub(super) limits: Limits,
    /// What it asks of clients.
    pub(super) certificates: ClientCertificates,
    /// What it makes of their certificates.
    pub(super) check: ClientCheck,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            certificates: ClientCertificates::Optional,
            check: Arc::new(|_| Ok(())),
        }
    }
}

/// A running server; it answers with the fingerprint of the client's certificate, or `nobody`.
pub(super) struct TlsServer {
    /// Where it speaks TLS.
    pub(super) address: SocketAddr,
    /// Where it does not.
    pub(super) plain: SocketAddr,
    stop: oneshot::Sender<()>,
    stopped: mpsc::Receiver<()>,
}

impl Setup {
    /// Small limits: a handshake has two seconds.
    pub(super) fn impatient() -> Self {
        Self {
            limits: Limits {
                handshake_time: Duration::from_secs(2),
                ..Limits::default()
            },
            ..Self::default()
        }
    }

    /// Refuses every client that shows a certificate.
    pub(super) fn refusing(refusal: PeerRefusal) -> Self {
        Self {
            check: Arc::new(move |_| Err(refusal)),
            ..Self::default()
        }
    }

    pub(super) fn start(self) -> TlsServer {
        let (sender, receiver) = mpsc::channel();
        let (stop, stop_asked) = oneshot::channel();
        let (done, stopped) = mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let pair = Pair::made_out_to(&["localhost"]);
                let identity =
                    TlsIdentity::from_pem(pair.certificate.as_bytes(), pair.key.as_bytes());
                let tls = Tls::new(&identity.unwrap(), self.certificates, self.check);
                let bind = |url: &str| Listener::bind(&url.parse().unwrap()).unwrap();
                let (over_tls, plain) = (bind("https://127.0.0.1:0"), bind("http://127.0.0.1:0"));
                let urls = [&over_tls, &plain].map(|listener| listener.endpoint().to_string());
                let server = Server::new(self.limits);
                server.serve_tls(over_tls, tls, telling);
                server.serve(plain, telling(None));
                sender.send(urls).unwrap();
                let _ = stop_asked.await;
                server.stop().await;
                done.send(()).unwrap();
            });
        });
        let [over_tls, plain] = receiver.recv().unwrap();
        TlsServer {
            address: address(&over_tls),
            plain: address(&plain),
            stop,
            stopped,
        }
    }
}

impl TlsServer {
    /// Stops it, and waits until it has stopped.
    pub(super) fn stop(self) {
        self.stop.send(()).unwrap();
        self.stopped.recv_timeout(Duration::from_secs(20)).unwrap();
    }
}

/// What the server answers to the owner of a certificate.
pub(super) fn told(certificate: &CertificateDer<'_>) -> String {
    format!("{:x?}", certificate.get(..).unwrap())
}

fn telling(peer: Option<CertificateDer<'static>>) -> impl HttpService {
    let text = peer.map_or_else(|| "nobody".to_owned(), |peer| told(&peer));
    service_fn(move |_: Request<Incoming>| {
        let text = text.clone();
        async { Ok::<_, Infallible>(Response::new(Body::from(text))) }
    })
}
