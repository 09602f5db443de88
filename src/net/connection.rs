//! One connection: hyper with its time limits, between the checked bytes and the service.

use std::{convert::Infallible, pin::pin};

use axum::{body::Body, response::Response};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    sync::watch,
};
use tower::{Service, ServiceExt};

use super::{Limits, Phase, ambiguity::Unambiguous};

/// What a [`super::Server`] can serve: it answers every request, by itself and for many
/// connections at a time.
pub trait HttpService:
    Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> HttpService for S where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// An answer with this among its extensions is not sent: the connection ends instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HangUp;

/// Why hyper is not given an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection was to end instead of an answer")]
struct HungUp;

/// An accepted connection.
pub(super) enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a socket file.
    Unix(UnixStream),
}

/// The room that hyper gets for a request head: enough for the longest allowed target and headers,
/// so that it is the guard who refuses, with the status that says which was too long.
const HEAD_BUFFER_BYTES: usize = 128 * 1024;

/// Serves a connection to its end, or to the server's.
pub(super) async fn serve<S: HttpService>(
    stream: Stream,
    service: S,
    limits: Limits,
    phase: watch::Receiver<Phase>,
) {
    match stream {
        Stream::Tcp(stream) => converse(stream, service, limits, phase).await,
        Stream::Unix(stream) => converse(stream, service, limits, phase).await,
    }
}

/// As [`serve`], for any pair of byte streams.
pub(super) async fn converse<IO, S>(
    stream: IO,
    service: S,
    limits: Limits,
    mut phase: watch::Receiver<Phase>,
) where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: HttpService,
{
    let answer = service_fn(move |request: Request<Incoming>| {
        let mut service = service.clone();
        async move {
            let Ok(ready) = service.ready().await;
            let answered: Result<Response<Body>, Infallible> = ready.call(request).await;
            let Ok(response) = answered;
            match response.extensions().get::<HangUp>() {
                None => Ok(response),
                Some(HangUp) => Err(HungUp),
            }
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_time)
            .max_buf_size(HEAD_BUFFER_BYTES)
            .serve_connection(TokioIo::new(Unambiguous::new(stream)), answer)
    );
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(error = %error, "a connection ended badly");
                }
                return;
            }
            changed = phase.changed() => {
                let now = if changed.is_ok() { *phase.borrow() } else { Phase::Ended };
                match now {
                    Phase::Serving => {}
                    Phase::Finishing => connection.as_mut().graceful_shutdown(),
                    Phase::Ended => return,
                }
            }
        }
    }
}
