//! TLS handshakes: each in its connection's own task, bounded in time and in number.
//!
//! A client that connects and says nothing costs a descriptor and a slot until its time is over.
//! So handshakes have a share of the slots, and where it is used up a new one ends the oldest: the
//! handshake of a client that speaks takes milliseconds, and the oldest of many is one that is
//! silent. Nobody waits for it, neither on this listener nor on another.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustls::pki_types::CertificateDer;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::{oneshot, watch},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    Limits, Phase, Tls,
    connection::{self, HttpService, Stream},
};

/// How a TLS connection begins: the record type of a handshake.
const HANDSHAKE_RECORD: u8 = 0x16;

/// How long what a refused client still sends is read and forgotten.
const LINGER_TIME: Duration = Duration::from_secs(1);

/// The handshakes that run. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Handshakes {
    at_most: usize,
    running: Arc<Mutex<Running>>,
}

#[derive(Debug, Default)]
struct Running {
    count: u64,
    /// By age. A handshake ends when its sender is dropped.
    seats: BTreeMap<u64, oneshot::Sender<()>>,
}

impl Handshakes {
    pub(super) fn new(at_most: usize) -> Self {
        Self {
            at_most,
            running: Arc::default(),
        }
    }

    /// A place for one more; where there is none, the oldest loses its own.
    pub(super) fn enter(&self) -> Seat {
        let (sender, lost) = oneshot::channel();
        let mut running = self.lock();
        if running.seats.len() >= self.at_most {
            running.seats.pop_first();
        }
        running.count += 1;
        let number = running.count;
        running.seats.insert(number, sender);
        drop(running);
        Seat {
            number,
            lost,
            handshakes: self.clone(),
        }
    }

    /// Ends the oldest, if there is one.
    pub(super) fn end_oldest(&self) {
        self.lock().seats.pop_first();
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handshake's place among those that run; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    number: u64,
    lost: oneshot::Receiver<()>,
    handshakes: Handshakes,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.handshakes.lock().seats.remove(&self.number);
    }
}

/// Why there is no TLS connection.
#[derive(Debug, thiserror::Error)]
enum HandshakeError {
    #[error("it took longer than {} s", .0.as_secs_f32())]
    Time(Duration),
    #[error("there were too many others, and it was the oldest")]
    Oldest,
    #[error("the client closed the connection without a word")]
    Silent,
    #[error("the client speaks plain HTTP")]
    PlainHttp,
    #[error("the client does not speak TLS")]
    NotTls,
    #[error(transparent)]
    Failed(#[from] io::Error),
}

/// Shakes hands, then serves the connection to its end, or to the server's.
pub(super) async fn serve<S, M>(
    stream: Stream,
    tls: &Tls,
    service_for: &M,
    limits: Limits,
    mut phase: watch::Receiver<Phase>,
    mut seat: Seat,
) where
    S: HttpService,
    M: Fn(Option<CertificateDer<'static>>) -> S,
{
    let limit = limits.handshake_time;
    match stream {
        Stream::Tcp(stream) => {
            let handshake = bounded(limit, &mut seat, &mut phase, over_tcp(stream, tls)).await;
            drop(seat);
            converse(handshake, service_for, limits, phase).await;
        }
        Stream::Unix(stream) => {
            let handshake = bounded(limit, &mut seat, &mut phase, shake_hands(stream, tls)).await;
            drop(seat);
            converse(handshake, service_for, limits, phase).await;
        }
    }
}

type Outcome<IO> = Result<Box<TlsStream<IO>>, HandshakeError>;

/// The handshake, unless its time is over, its seat is lost or the server stops before; then
/// `None` if there is nothing to say about it.
async fn bounded<IO>(
    limit: Duration,
    seat: &mut Seat,
    phase: &mut watch::Receiver<Phase>,
    handshake: impl Future<Output = Outcome<IO>>,
) -> Option<Outcome<IO>> {
    tokio::select! {
        biased;
        outcome = timeout(limit, handshake) => {
            Some(outcome.unwrap_or(Err(HandshakeError::Time(limit))))
        }
        _ = &mut seat.lost => Some(Err(HandshakeError::Oldest)),
        _ = phase.wait_for(|phase| *phase != Phase::Serving) => None,
    }
}

async fn converse<IO, S, M>(
    handshake: Option<Outcome<IO>>,
    service_for: &M,
    limits: Limits,
    phase: watch::Receiver<Phase>,
) where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: HttpService,
    M: Fn(Option<CertificateDer<'static>>) -> S,
{
    match handshake {
        Some(Ok(stream)) => {
            let (_, session) = stream.get_ref();
            let certificate = session
                .peer_certificates()
                .and_then(<[_]>::first)
                .map(|certificate| certificate.clone().into_owned());
            connection::converse(stream, service_for(certificate), limits, phase).await;
        }
        // Never more than debug: whoever reaches the port can cause any number of these.
        Some(Err(error)) => tracing::debug!(error = %error, "a TLS handshake failed"),
        None => {}
    }
}

/// Looks at the first byte, so that a client that forgot the `s` in `https` is told.
async fn over_tcp(stream: TcpStream, tls: &Tls) -> Outcome<TcpStream> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Err(HandshakeError::Silent);
    }
    match first {
        [HANDSHAKE_RECORD] => shake_hands(stream, tls).await,
        [first] if first.is_ascii_uppercase() => {
            answer_plainly(stream).await?;
            Err(HandshakeError::PlainHttp)
        }
        _ => Err(HandshakeError::NotTls),
    }
}

async fn shake_hands<IO>(stream: IO, tls: &Tls) -> Outcome<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = TlsAcceptor::from(tls.config()).accept(stream);
    match handshake.into_fallible().await {
        Ok(stream) => Ok(Box::new(stream)),
        Err((error, stream)) => {
            linger(stream).await;
            Err(error.into())
        }
    }
}

async fn answer_plainly(mut stream: TcpStream) -> io::Result<()> {
    const SENTENCE: &str = "This port speaks https: use a URL that begins with https://.\n";
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: \
         {}\r\nConnection: close\r\n\r\n{SENTENCE}",
        SENTENCE.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    linger(stream).await;
    Ok(())
}

/// Closes our side and reads what the client still sends, for a while: closing with bytes unread
/// resets the connection, and the client would see that in place of the answer, or of the alert.
async fn linger(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let rest = async {
        stream.shutdown().await?;
        let mut forgotten = [0; 1024];
        while stream.read(&mut forgotten).await? > 0 {}
        Ok::<_, io::Error>(())
    };
    // However it ends, the client is gone.
    drop(timeout(LINGER_TIME, rest).await);
}
