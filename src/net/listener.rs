//! Binding, and the loop that accepts connections and survives whatever accepting does.

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{TcpListener, UnixListener},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};

use super::{Phase, connection::Stream, endpoint::Endpoint, handshake::Handshakes};

/// How long to wait after `accept` failed for want of descriptors or memory: it would fail again
/// at once, and the connections that end meanwhile are what helps.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound place to listen, and the socket file that goes with it.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    endpoint: Endpoint,
    _file: Option<SocketFile>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Removes a socket file when it goes out of use.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// An endpoint on which the system does not let us listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {endpoint}")]
pub struct BindError {
    /// Where.
    pub endpoint: Endpoint,
    /// Why.
    #[source]
    pub source: io::Error,
}

impl BindError {
    /// Whether the machine has no such family of addresses, as a kernel without IPv6.
    pub fn is_unsupported_family(&self) -> bool {
        const EAFNOSUPPORT: i32 = 97;
        self.source.raw_os_error() == Some(EAFNOSUPPORT)
    }
}

impl Listener {
    /// Binds `endpoint`. Needs a Tokio runtime around it.
    pub fn bind(endpoint: &Endpoint) -> Result<Self, BindError> {
        let bound = match endpoint {
            Endpoint::Tcp(address) => bind_tcp(*address, Endpoint::Tcp),
            Endpoint::Tls(address) => bind_tcp(*address, Endpoint::Tls),
            Endpoint::Unix(path) => bind_unix(path),
        };
        bound.map_err(|source| BindError {
            endpoint: endpoint.clone(),
            source,
        })
    }

    /// Where it really listens: port 0 is replaced by the port that the system chose.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

fn bind_tcp(
    address: SocketAddr,
    endpoint: impl FnOnce(SocketAddr) -> Endpoint,
) -> io::Result<Listener> {
    let socket = socket2::Socket::new(
        socket2::Domain::for_address(address),
        socket2::Type::STREAM,
        Some(socket2::Protocol::TCP),
    )?;
    if address.is_ipv6() {
        // `[::]` would take IPv4 too, and then `0.0.0.0` on the same port is in use.
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    let listener = TcpListener::from_std(socket.into())?;
    let endpoint = endpoint(listener.local_addr()?);
    Ok(Listener {
        socket: Socket::Tcp(listener),
        endpoint,
        _file: None,
    })
}

fn bind_unix(path: &Path) -> io::Result<Listener> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(path) => {
            fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    Ok(Listener {
        socket: Socket::Unix(listener),
        endpoint: Endpoint::Unix(path.to_owned()),
        _file: Some(SocketFile(path.to_owned())),
    })
}

/// Whether a socket file was left behind by a process that is gone.
fn is_abandoned(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
        && std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Accepts until the server stops. Holds a slot while it waits for a connection, which then takes
/// it over: `start` begins to serve it, without waiting.
pub(super) async fn accept(
    listener: Listener,
    start: impl Fn(Stream, OwnedSemaphorePermit),
    slots: Arc<Semaphore>,
    handshakes: Handshakes,
    mut phase: watch::Receiver<Phase>,
) {
    let mut failing = false;
    loop {
        let next = async {
            // The semaphore is never closed; were it, the loop would end.
            let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((slot, listener.socket.accept().await))
        };
        let (slot, accepted) = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase != Phase::Serving) => return,
            next = next => match next {
                Some(next) => next,
                None => return,
            },
        };
        match accepted {
            Ok(stream) => {
                failing = false;
                start(stream, slot);
            }
            Err(error) if is_the_connections_fault(&error) => {}
            Err(error) => {
                if !failing {
                    tracing::warn!(error = %error, listener = %listener.endpoint, "cannot accept connections");
                }
                failing = true;
                // Of those who hold a descriptor, a silent handshake has the least use for it.
                handshakes.end_oldest();
                drop(slot);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_the_connections_fault(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

impl Socket {
    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Answers leave at once; a failure means that the peer is gone already.
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream))
            }
            Self::Unix(listener) => listener
                .accept()
                .await
                .map(|(stream, _)| Stream::Unix(stream)),
        }
    }
}
