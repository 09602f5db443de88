//! Listeners, connections and the orderly stop; and calls to other servers ([`outgoing`]).
//!
//! The room turns bytes into whole HTTP requests for a service and knows none of its routes. It
//! drives hyper itself because `axum::serve` installs no timer: half-sent requests would live for
//! ever. What hyper lets pass and we refuse is in [`guard`] (one whole request at a time) and
//! `ambiguity` (on the bytes). TLS is a value that is given ([`Tls`]); what a client's certificate
//! is worth is not this room's business. Start with [`Server::serve`].

mod ambiguity;
mod connection;
pub mod endpoint;
pub mod guard;
mod handshake;
mod listener;
mod name;
pub mod outgoing;
mod tls;

use std::{sync::Arc, time::Duration};

use rustls::pki_types::CertificateDer;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use self::handshake::Handshakes;

pub use self::{
    connection::{HangUp, HttpService},
    endpoint::{Endpoint, EndpointError},
    listener::{BindError, Listener},
    name::{TlsName, TlsNameError},
    tls::{ClientCertificates, ClientCheck, IdentityError, PeerRefusal, Tls, TlsIdentity},
};

/// How much a client may send, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest wait for a complete request head, an idle connection's next one included.
    pub head_time: Duration,
    /// The longest wait for a complete request body, counted from its head.
    pub body_time: Duration,
    /// The longest request target, in bytes; above it: 414.
    pub target_bytes: usize,
    /// All header names and values of a request, in bytes; above it: 431.
    pub header_bytes: usize,
    /// The largest request body, in bytes; above it: 413.
    pub body_bytes: usize,
    /// How many connections are served at a time, those in a handshake included; more wait to be
    /// accepted.
    pub connections: usize,
    /// The longest TLS handshake.
    pub handshake_time: Duration,
    /// How many TLS handshakes run at a time; a further one ends the oldest.
    pub handshakes: usize,
    /// How long running requests may go on once the server stops.
    pub stop_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_time: Duration::from_secs(30),
            body_time: Duration::from_secs(30),
            target_bytes: 16 * 1024,
            header_bytes: 64 * 1024,
            body_bytes: 32 * 1024 * 1024,
            connections: 4096,
            handshake_time: Duration::from_secs(10),
            // Half of the connections: clients that begin handshakes and fall silent leave the
            // other half to those that are served.
            handshakes: 2048,
            stop_time: Duration::from_secs(2),
        }
    }
}

/// How far the server is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Accepting and answering.
    Serving,
    /// Finishing the requests that run, accepting nothing.
    Finishing,
    /// Every connection ends now.
    Ended,
}

/// Serves any number of listeners until it is stopped.
#[derive(Debug)]
pub struct Server {
    limits: Limits,
    phase: watch::Sender<Phase>,
    slots: Arc<Semaphore>,
    handshakes: Handshakes,
}

impl Server {
    /// A server that listens to nothing yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            phase: watch::Sender::new(Phase::Serving),
            slots: Arc::new(Semaphore::new(limits.connections)),
            handshakes: Handshakes::new(limits.handshakes),
        }
    }

    /// Answers what comes in on `listener` with `service`, in the background, until
    /// [`Server::stop`].
    pub fn serve<S: HttpService>(&self, listener: Listener, service: S) {
        let (limits, phase) = (self.limits, self.phase.subscribe());
        self.accept(listener, move |stream, slot| {
            let (service, phase) = (service.clone(), phase.clone());
            drop(tokio::spawn(async move {
                connection::serve(stream, service, limits, phase).await;
                drop(slot);
            }));
        });
    }

    /// As [`Server::serve`], over TLS. `service_for` makes the service of a connection, given the
    /// certificate that the client proved to own, if it has one.
    pub fn serve_tls<S, M>(&self, listener: Listener, tls: Tls, service_for: M)
    where
        S: HttpService,
        M: Fn(Option<CertificateDer<'static>>) -> S + Send + Sync + 'static,
    {
        let (limits, phase) = (self.limits, self.phase.subscribe());
        let handshakes = self.handshakes.clone();
        let service_for = Arc::new(service_for);
        self.accept(listener, move |stream, slot| {
            let (tls, service_for, phase) = (tls.clone(), Arc::clone(&service_for), phase.clone());
            let seat = handshakes.enter();
            drop(tokio::spawn(async move {
                handshake::serve(stream, &tls, service_for.as_ref(), limits, phase, seat).await;
                drop(slot);
            }));
        });
    }

    fn accept(
        &self,
        listener: Listener,
        start: impl Fn(connection::Stream, OwnedSemaphorePermit) + Send + 'static,
    ) {
        let task = listener::accept(
            listener,
            start,
            Arc::clone(&self.slots),
            self.handshakes.clone(),
            self.phase.subscribe(),
        );
        drop(tokio::spawn(task));
    }

    /// Stops accepting, lets running requests finish for at most [`Limits::stop_time`], then ends
    /// every connection.
    pub async fn stop(self) {
        self.phase.send_replace(Phase::Finishing);
        if !self.all_ended(self.limits.stop_time).await {
            tracing::warn!("running requests did not finish in time and are cut");
            self.phase.send_replace(Phase::Ended);
            // A connection ends at its next wake-up, so this wait is short.
            let _ = self.all_ended(Duration::from_millis(200)).await;
        }
    }

    /// Waits until no connection and no listener holds a slot.
    async fn all_ended(&self, at_most: Duration) -> bool {
        let all = u32::try_from(self.limits.connections).unwrap_or(u32::MAX);
        tokio::time::timeout(at_most, self.slots.acquire_many(all))
            .await
            .is_ok()
    }
}
