//! What is said on standard output: where the server listens, then that it is ready.
//!
//! Programs that start a server wait for these lines, so their form and order are fixed. Logs go
//! elsewhere, see [`super::logging`].

use std::{
    io::{self, Write},
    time::Duration,
};

use serde_json::json;

use crate::net::Endpoint;

/// Writes the announcements, as text or as JSON objects.
#[derive(Debug, Clone, Copy)]
pub struct Announcer {
    json: bool,
}

impl Announcer {
    /// An announcer in one of the two forms.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// A listener was bound.
    pub fn listening(self, endpoint: &Endpoint) {
        if self.json {
            say(&json!({ "event": "listening", "url": endpoint.to_string() }).to_string());
        } else {
            say(&format!("listening on {endpoint}"));
        }
    }

    /// The fixtures are in, so long after the start.
    pub fn ready(self, after: Duration) {
        let ms = after.as_millis();
        if self.json {
            say(&json!({ "event": "ready", "duration_ms": u64::try_from(ms).ok() }).to_string());
        } else {
            say(&format!("ready in {ms} ms"));
        }
    }
}

fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    // Nobody may be listening; the server is none the worse.
    let _ = writeln!(stdout, "{line}");
    let _ = stdout.flush();
}
