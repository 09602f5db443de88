//! Calls that this process makes: one HTTP/1.1 request on a connection of its own, within limits
//! on its time and on the size of the answer.
//!
//! Over TLS the server's certificate is not looked at. The slap library never looks at it either,
//! and who checks the health of a server on this machine tells it nothing secret. A certificate of
//! our own is shown where the server asks for one. Start with [`call`].

mod remote;
mod tls;

use std::{error::Error, io, pin::pin, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Request, Response, Uri,
    client::conn::http1,
    header::{self, HeaderValue},
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
pub use self::remote::{Remote, RemoteError};

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
    Cut(#[source] Box<dyn Error + Send + Sync>),
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
    let request = addressed(remote, request)?;
    let answer = async {
        let stream = connect(&remote.transport, identity)
            .await
            .map_err(CallError::NoConnection)?;
        exchange(stream, request, limits.body_bytes).await
    };
    tokio::time::timeout(limits.time, answer)
        .await
        .unwrap_or(Err(CallError::TooSlow(limits.time)))
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

async fn connect(
    transport: &Transport,
    identity: Option<&TlsIdentity>,
) -> io::Result<Box<dyn Stream>> {
    Ok(match transport {
        Transport::Tcp(host, port) => Box::new(TcpStream::connect((host.as_str(), *port)).await?),
        Transport::Unix(path) => Box::new(UnixStream::connect(path).await?),
        Transport::Tls(host, port) => {
            let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            let connector = TlsConnector::from(tls::config(identity));
            Box::new(connector.connect(name, stream).await?)
        }
    })
}

async fn exchange(
    stream: Box<dyn Stream>,
    request: Request<Full<Bytes>>,
    most_bytes: usize,
) -> Result<Response<Bytes>, CallError> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(CallError::NoAnswer)?;
    let mut answer = pin!(async move {
        let (parts, body) = sender
            .send_request(request)
            .await
            .map_err(CallError::NoAnswer)?
            .into_parts();
        let body = Limited::new(body, most_bytes)
            .collect()
            .await
            .map_err(|error| {
                if error.is::<LengthLimitError>() {
                    CallError::TooLarge(most_bytes)
                } else {
                    CallError::Cut(error)
                }
            })?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    });
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // It ended, well or not: the answer is there in full, or knows what became of it.
        _ = &mut connection => answer.await,
    }
}
