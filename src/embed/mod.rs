//! A master in the process of a Rust test: started by a builder, ended with its value.
//!
//! ```no_run
//! use slapmaster::embed::{Entries, Fault, Slapmaster};
//!
//! #[test]
//! fn my_client_asks_again_until_its_instance_is_ready() {
//!     let master = Slapmaster::builder()
//!         .fixture("computers: [{reference: COMP-1, partitions: 2}]")
//!         .frozen_at("2026-11-23T08:30:00Z")
//!         .start()
//!         .unwrap();
//!     let not_ready = Fault::on("requestComputerPartition").not_ready().times(2);
//!     master.faults().set(not_ready).get().unwrap();
//!     // my_client::deploy(master.url());
//!     let asked = Entries::calls("requestComputerPartition");
//!     master.journal().verify_exactly(3, &asked).get().unwrap();
//! }
//! ```
//!
//! The master runs on a thread and in an async runtime of its own, so that it can be used in a
//! plain `#[test]` and inside any async runtime alike: what it is asked is an [`Answer`], which is
//! awaited, or waited for by [`Answer::get`]. Dropping it, also by a panic, ends the server, frees
//! its ports and removes its temporary database. Any number of them run beside each other and share
//! nothing.
//!
//! The handles ([`Slapmaster::faults`], [`Slapmaster::journal`], [`Slapmaster::clock`],
//! [`Slapmaster::background`]) speak to the control surface in its own words; what they have no
//! method for can be asked by [`Slapmaster::control`]. Start with [`Slapmaster::builder`].

mod answer;
mod background;
mod builder;
mod clock;
mod faults;
mod journal;

use std::{
    fmt,
    path::{Path, PathBuf},
    thread,
};

pub use axum::http::{self, Method};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, Response, header},
};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::{runtime::Handle, sync::oneshot};
use tower::ServiceExt as _;

use crate::net::HangUp;

use self::answer::ENDED;
pub use self::{
    answer::{Answer, Refused},
    background::{BackgroundHandle, Settled},
    builder::{Builder, StartError},
    clock::{ClockHandle, ClockTold, Moment},
    faults::{Fault, FaultTold, FaultsHandle},
    journal::{Entries, Entry, JournalHandle, Standing},
};

/// A master that runs until this is dropped.
pub struct Slapmaster {
    runtime: Handle,
    router: Router,
    urls: Vec<String>,
    ca_certificate: String,
    database: PathBuf,
    /// Ends the server; taken when this is dropped.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl fmt::Debug for Slapmaster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slapmaster")
            .field("urls", &self.urls)
            .finish_non_exhaustive()
    }
}

/// A certificate that was issued, with its key, both PEM.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

// Without the key.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}

impl Slapmaster {
    /// A master to be started, as `slapmaster serve` would start it without any argument, on a
    /// free port of the loopback address.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where the protocol is served over plain HTTP, for example `http://127.0.0.1:41234`: the
    /// `master_url` of clients. Empty for a master without a socket.
    pub fn url(&self) -> &str {
        self.url_of("http:")
    }

    /// The same over https, where callers prove who they are; empty without [`Builder::https`].
    pub fn https_url(&self) -> &str {
        self.url_of("https:")
    }

    fn url_of(&self, scheme: &str) -> &str {
        let mut urls = self.urls.iter();
        urls.find(|url| url.starts_with(scheme))
            .map_or("", String::as_str)
    }

    /// The certificate of the authority that issues all others, in PEM: what a client of
    /// [`Self::https_url`] trusts.
    pub fn ca_certificate(&self) -> &str {
        &self.ca_certificate
    }

    /// The SQLite file that keeps the world as it was started; whoever looks into it must not write.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// Rules by which calls go wrong.
    pub const fn faults(&self) -> FaultsHandle<'_> {
        FaultsHandle(self)
    }

    /// What was called and what happened.
    pub const fn journal(&self) -> JournalHandle<'_> {
        JournalHandle(self)
    }

    /// The world's time.
    pub const fn clock(&self) -> ClockHandle<'_> {
        ClockHandle(self)
    }

    /// What is done without a call.
    pub const fn background(&self) -> BackgroundHandle<'_> {
        BackgroundHandle(self)
    }

    /// Brings the world back to what its fixtures made, whatever happened since.
    pub fn reset(&self) -> Answer<()> {
        self.done(Method::POST, "reset")
    }

    /// Keeps the world as it is, under this name.
    pub fn keep_snapshot(&self, name: &str) -> Answer<()> {
        self.done(Method::PUT, &below("snapshots", name))
    }

    /// Brings the world back to what was kept under this name.
    pub fn restore_snapshot(&self, name: &str) -> Answer<()> {
        let path = below("snapshots", name);
        self.done(Method::POST, &format!("{path}/restore"))
    }

    fn done(&self, method: Method, path: &str) -> Answer<()> {
        self.told(method, path, Some(json!({})), |_| Some(()))
    }

    /// Issues a certificate to a `computer`, an `instance` or a `user` of this reference.
    pub fn issue_certificate(&self, kind: &str, reference: &str) -> Answer<Certificate> {
        let body = json!({ kind: reference });
        self.told(Method::POST, "certificates", Some(body), |told| {
            let text = |key: &str| told.get(key)?.as_str().map(str::to_owned);
            Some(Certificate {
                certificate: text("certificate")?,
                key: text("key")?,
            })
        })
    }

    /// Makes a call without a socket, in nobody's name: as on an open listener of plain HTTP. An
    /// answer that a fault rule drops or cuts is [`Refused`].
    pub fn call(&self, request: Request<Body>) -> Answer<Response<Bytes>> {
        let router = self.router.clone();
        Answer::of(&self.runtime, async move {
            let Ok(response) = router.oneshot(request).await;
            if response.extensions().get::<HangUp>().is_some() {
                return Err(Refused::without_answer("the connection was dropped"));
            }
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, usize::MAX)
                .await
                .map_err(|_| Refused::without_answer("the answer was cut off"))?;
            Ok(Response::from_parts(parts, body))
        })
    }

    /// `GET <path>`, without a socket.
    pub fn get(&self, path: &str) -> Answer<Response<Bytes>> {
        self.made(Request::get(path).body(Body::empty()))
    }

    /// `POST <path>` of a form, without a socket: what the classic protocol's clients send.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer<Response<Bytes>> {
        let mut form = String::new();
        for (name, value) in fields {
            if !form.is_empty() {
                form.push('&');
            }
            url_encode(&mut form, name);
            form.push('=');
            url_encode(&mut form, value);
        }
        let kind = "application/x-www-form-urlencoded";
        let request = Request::post(path).header(header::CONTENT_TYPE, kind);
        self.made(request.body(Body::from(form)))
    }

    /// Any call of the control surface, by its path below `/_mock/v1/`, with a body in JSON or
    /// none; told in JSON. A refusal is what its problem says.
    pub fn control(&self, method: Method, path: &str, body: Option<Value>) -> Answer<Value> {
        self.told(method, path, body, Some)
    }

    /// The same, read.
    fn told<T: Send + 'static>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        read: impl FnOnce(Value) -> Option<T> + Send + 'static,
    ) -> Answer<T> {
        let request = Request::builder()
            .method(method)
            .uri(format!("/_mock/v1/{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())));
        let answered = self.made(request);
        Answer::of(&self.runtime, async move {
            let response = answered.await?;
            let status = response.status();
            let told: Value = serde_json::from_slice(response.body()).unwrap_or_default();
            if !status.is_success() {
                return Err(Refused::told(status.as_u16(), told));
            }
            read(told).ok_or_else(|| Refused::without_answer("the answer is not what was expected"))
        })
    }

    /// A call, if it could be made up.
    fn made(&self, request: Result<Request<Body>, http::Error>) -> Answer<Response<Bytes>> {
        match request {
            Ok(request) => self.call(request),
            Err(error) => {
                let refused = Refused::without_answer(&format!("no such call: {error}"));
                Answer::of(&self.runtime, async move { Err(refused) })
            }
        }
    }
}

impl Drop for Slapmaster {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // A server that ended by itself is told nothing.
            let _ = stop.send(());
        }
        // What holds the world is let go of before its end is waited for.
        self.router = Router::new();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            tracing::error!("{ENDED}");
        }
    }
}

fn url_encode(text: &mut String, value: &str) {
    use fmt::Write as _;

    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            // Writing to a text cannot fail.
            _ => drop(write!(text, "%{byte:02X}")),
        }
    }
}

/// A path with a name in it that may hold anything.
fn below(path: &str, name: &str) -> String {
    let mut whole = format!("{path}/");
    url_encode(&mut whole, name);
    whole
}

/// The number that a key of an answer holds.
fn number(told: &Value, key: &str) -> Option<u64> {
    told.get(key)?.as_u64()
}
