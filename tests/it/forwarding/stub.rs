//! A target that answers whatever bytes it is told to.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// A server that answers each request with the same bytes, and closes the connection.
pub(super) struct Stub {
    /// Where, with a final slash.
    pub(super) url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    answer: Mutex<Behave>,
    calls: Mutex<Vec<String>>,
    called: Notify,
    released: Notify,
}

/// What it does once a request is there.
#[derive(Clone, Default)]
pub(super) enum Behave {
    /// Says nothing and closes.
    #[default]
    Close,
    /// Says nothing until it is released, then this.
    Hold(Vec<u8>),
    /// Says this and closes.
    Say(Vec<u8>),
    /// Says this and keeps the connection open.
    Stall(Vec<u8>),
}

impl Stub {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let kept = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&kept)));
            }
        });
        Self { url, shared }
    }

    /// What it does from now on.
    pub(super) fn behave(&self, behave: Behave) {
        *self.shared.answer.lock().unwrap() = behave;
    }

    /// The requests that came, heads and bodies.
    pub(super) fn calls(&self) -> Vec<String> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// Returns once a request is there.
    pub(super) async fn called(&self) {
        self.shared.called.notified().await;
    }

    /// Lets a held answer go.
    pub(super) fn release(&self) {
        self.shared.released.notify_one();
    }
}

async fn converse(mut stream: TcpStream, shared: Arc<Shared>) -> Option<()> {
    let mut text = Vec::new();
    let request = loop {
        let read = stream.read_buf(&mut text).await.ok()?;
        let so_far = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = so_far.split_once("\r\n\r\n") {
            let length = head
                .to_ascii_lowercase()
                .split_once("content-length: ")
                .and_then(|(_, rest)| rest.lines().next()?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or_default() {
                break so_far;
            }
        }
        if read == 0 {
            return None;
        }
    };
    shared.calls.lock().unwrap().push(request);
    shared.called.notify_one();
    let behave = shared.answer.lock().unwrap().clone();
    match behave {
        Behave::Close => {}
        Behave::Say(bytes) => stream.write_all(&bytes).await.ok()?,
        Behave::Hold(bytes) => {
            shared.released.notified().await;
            stream.write_all(&bytes).await.ok()?;
        }
        Behave::Stall(bytes) => {
            stream.write_all(&bytes).await.ok()?;
            // Until the other side gives up.
            while stream.read_buf(&mut text).await.ok()? > 0 {}
        }
    }
    Some(())
}

/// An answer in HTTP.
pub(super) fn http(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
