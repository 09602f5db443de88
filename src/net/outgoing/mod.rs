//! Calls that this process makes: one HTTP/1.1 request on a connection of its own, within limits
//! on its time and on the size of the answer.
//!
//! Over TLS the server's certificate is not looked at, unless the [`Remote`] says which
//! [`Authorities`] it has to be of. The slap library never looks at it either, and who checks the
//! health of a server on this machine tells it nothing secret. A certificate of our own is shown
//! where the server asks for one. Start with [`call`]; [`open`] is for answers that go on.

mod remote;
mod tls;

use std::{
    io,
    pin::{Pin, pin},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, Uri,
    body::Incoming,
    client::conn::http1,
    header::{self, HeaderValue},
    http::response,
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::TlsConnector;

use super::TlsIdentity;

use self::remote::Transport;
pub use self::{
    remote::{Remote, RemoteError},
    tls::{Authorities, AuthoritiesError},
};

/// How many bytes the head of an answer may have.
const HEAD_BYTES: usize = 64 * 1024;

/// How long a call may take, from the search for the host's address to the end of the answer, and
/// how many bytes the body of the answer may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// The time of everything.
    pub time: Duration,
    /// The size of the body, in bytes.
    pub body_bytes: usize,
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody is there, or TLS fails.
    #[error("there is no connection")]
    NoConnection(#[source] io::Error),
    /// The connection ends without an answer, or what comes is no HTTP.
    #[error("the connection ended without an answer in HTTP")]
    NoAnswer(#[source] hyper::Error),
    /// It took too long.
    #[error("there was no answer within {} ms", .0.as_millis())]
    TooSlow(Duration),
    /// The answer ends before it is complete.
    #[error("the answer is not complete")]
    Cut(#[source] hyper::Error),
    /// The body is larger than was allowed.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// The path cannot be asked for.
    #[error("`{0}` is no path")]
    NoPath(String),
}

/// Sends a request, whose URI is a path below the server's, and reads the whole answer.
///
/// `Host` and `Content-Length` are added, redirects are not followed.
pub async fn call(
    remote: &Remote,
    identity: Option<&TlsIdentity>,
    request: Request<Bytes>,
    limits: CallLimits,
) -> Result<Response<Bytes>, CallError> {
    let whole = async {
        let mut answer = send(remote, identity, request).await?;
        let mut body = Vec::new();
        while let Some(piece) = answer.next().await? {
            if body.len() + piece.len() > limits.body_bytes {
                return Err(CallError::TooLarge(limits.body_bytes));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Response::from_parts(answer.head, body.into()))
    };
    within(limits.time, whole).await
}

/// Sends a request as [`call`] does, and reads the head of the answer, which has to be there within
/// `time`. The body may take as long as it wants.
pub async fn open(
    remote: &Remote,
    identity: Option<&TlsIdentity>,
    request: Request<Bytes>,
    time: Duration,
) -> Result<Arriving, CallError> {
    within(time, send(remote, identity, request)).await
}

async fn within<T>(
    time: Duration,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    tokio::time::timeout(time, call)
        .await
        .unwrap_or(Err(CallError::TooSlow(time)))
}

/// An answer whose body is still to come. Dropping it ends the connection.
pub struct Arriving {
    /// Its status and headers.
    pub head: response::Parts,
    body: Incoming,
    /// What moves the bytes; nothing once the connection has ended.
    connection: Option<Connection>,
}

type Connection = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

impl Arriving {
    /// The next piece of the body, as it comes in; none at its end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, CallError> {
        loop {
            let frame = match &mut self.connection {
                None => self.body.frame().await,
                Some(connection) => tokio::select! {
                    biased;
                    frame = self.body.frame() => frame,
                    // It ended, well or not: the body is there in full, or knows what became of it.
                    _ = connection => {
                        self.connection = None;
                        continue;
                    }
                },
            };
            match frame.transpose().map_err(CallError::Cut)? {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
            }
        }
    }
}

fn addressed(remote: &Remote, request: Request<Bytes>) -> Result<Request<Full<Bytes>>, CallError> {
    let (mut parts, body) = request.into_parts();
    let path = format!("{}{}", remote.prefix, parts.uri);
    parts.uri = match path.parse::<Uri>() {
        Ok(uri) => uri,
        Err(_) => return Err(CallError::NoPath(path)),
    };
    let close = HeaderValue::from_static("close");
    parts.headers.insert(header::HOST, remote.host.clone());
    parts.headers.insert(header::CONNECTION, close);
    Ok(Request::from_parts(parts, Full::new(body)))
}

/// What is spoken over.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn connect(remote: &Remote, identity: Option<&TlsIdentity>) -> io::Result<Box<dyn Stream>> {
    Ok(match &remote.transport {
        Transport::Tcp(host, port) => Box::new(TcpStream::connect((host.as_str(), *port)).await?),
        Transport::Unix(path) => Box::new(UnixStream::connect(path).await?),
        Transport::Tls(host, port) => {
            let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
            let config = tls::config(identity, remote.authorities.as_ref())?;
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            Box::new(TlsConnector::from(config).connect(name, stream).await?)
        }
    })
}

async fn send(
    remote: &Remote,
    identity: Option<&TlsIdentity>,
    request: Request<Bytes>,
) -> Result<Arriving, CallError> {
    let request = addressed(remote, request)?;
    let stream = connect(remote, identity)
        .await
        .map_err(CallError::NoConnection)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(CallError::NoAnswer)?;
    let mut connection: Connection = Box::pin(connection);
    let mut answer = pin!(sender.send_request(request));
    let (answer, has_ended) = tokio::select! {
        biased;
        answer = &mut answer => (answer, false),
        // As in `Arriving::next`.
        _ = &mut connection => (answer.await, true),
    };
    let (head, body) = answer.map_err(CallError::NoAnswer)?.into_parts();
    Ok(Arriving {
        head,
        body,
        connection: (!has_ended).then_some(connection),
    })
}
