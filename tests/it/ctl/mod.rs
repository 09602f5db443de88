//! `slapmaster ctl`: the built binary, against a server.

mod clock;
mod computer;
mod errors;
mod fault;
mod find;
mod fixture;
mod journal;
mod others;
mod world;

use std::fs;

use serde_json::Value;

use crate::support::process::{Outcome, Server, command, run};

/// A computer with a tree on it, and something that waits.
const WORLD: &str = "
computers:
  - reference: COMP-1
    partitions: 2
trees:
  - title: web
    release: https://example.org/web/software.cfg
    reported: started
    children:
      - title: db
        state: stopped
        reported: {error: no disk}
      - {title: route, shared: true, host: db}
  - title: late
    release: https://example.org/web/software.cfg
    waiting: true
";

/// A server of [`WORLD`].
struct World {
    server: Server,
}

impl World {
    fn start() -> Self {
        Self::start_with(&["--listen", "http://127.0.0.1:0"])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
        fs::write(file.path(), WORLD).unwrap();
        let fixture = file.path().to_str().unwrap();
        let mut all = vec!["--fixture", fixture];
        all.extend(arguments);
        Self {
            server: Server::start_with(&all),
        }
    }

    fn url(&self) -> &str {
        &self.server.urls[0]
    }

    /// Runs `slapmaster ctl` with these words, split at blanks.
    fn ctl(&self, words: &str) -> Outcome {
        let words: Vec<&str> = words.split(' ').collect();
        self.ctl_with(&words)
    }

    /// Runs it with these arguments.
    fn ctl_with(&self, arguments: &[&str]) -> Outcome {
        ctl(self.url(), arguments)
    }

    /// What it prints where it succeeds.
    #[track_caller]
    fn done(&self, words: &str) -> String {
        done(self.ctl(words))
    }

    /// The JSON that it prints where it succeeds.
    #[track_caller]
    fn json(&self, words: &str) -> Value {
        parsed(&self.done(&format!("{words} --json")))
    }
}

fn ctl(url: &str, arguments: &[&str]) -> Outcome {
    run(command(&["ctl", "--url", url]).args(arguments))
}

#[track_caller]
fn done(outcome: Outcome) -> String {
    assert_eq!(outcome.code, 0, "{outcome:?}");
    outcome.stdout
}

#[track_caller]
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The exit code and the last line on standard error, of what fails.
#[track_caller]
fn failed(outcome: &Outcome, code: i32, expected: &str) {
    assert_eq!(outcome.code, code, "{outcome:?}");
    let error = outcome.error();
    assert!(error.starts_with("error: "), "{outcome:?}");
    assert!(error.contains(expected), "{expected}: {outcome:?}");
}
