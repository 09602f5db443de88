//! `slapmaster ctl`: the powers of a running server, from a shell.
//!
//! A command is thin: what it takes becomes a call of the control surface (`ask.rs`), and the answer
//! is shown (`show.rs`), as tables to people and as it came with `--json`. The commands are tables
//! (`declare.rs`), a file a topic. Start with [`ENTRIES`].

mod ask;
mod certificate;
mod clock;
mod computer;
mod declare;
mod fault;
mod find;
mod fixture;
mod follow;
mod journal;
mod show;
mod token;
mod tree;
mod verify;
mod world;
mod written;

use std::{
    error::Error,
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use clap::{ArgMatches, Command};
use hyper::StatusCode;
use serde_json::Value;

use self::{
    ask::{Ask, Plan, Show},
    declare::{Entry, Verb},
    find::Server,
    show::{Look, Page},
};
use super::Failure;
use crate::net::outgoing::{self, CallError, CallLimits};

/// What was verified or waited for is not so.
const UNFULFILLED: u8 = 1;
/// The server refused.
const REFUSED: u8 = 3;
/// There is no server, or none of ours.
const UNREACHABLE: u8 = 4;

/// How many bytes an answer may have.
const MOST_BYTES: usize = 256 * 1024 * 1024;

const ABOUT: &str = "\
Exit codes: 0 done; 1 what was verified or waited for is not so; 2 wrong usage; 3 the server refused, \
and says why; 4 the server cannot be reached, or is none of ours.

With --json the answer of the server is printed as it came, also the one by which it refuses (RFC \
9457); the last line on standard error says what is wrong. Times are written as 30s, 1h30m or 2d. \
Colours are for terminals alone, and never with NO_COLOR.";

/// Every command.
static ENTRIES: &[Entry] = &[
    Entry::Topic(fault::TOPIC),
    Entry::Verb(journal::VERB),
    Entry::Verb(verify::WAIT),
    Entry::Verb(verify::VERIFY),
    Entry::Verb(tree::VERB),
    Entry::Topic(clock::TOPIC),
    Entry::Topic(clock::OF_BACKGROUND),
    Entry::Topic(world::TOPIC),
    Entry::Verb(world::RESET),
    Entry::Topic(world::SNAPSHOTS),
    Entry::Topic(computer::TOPIC),
    Entry::Topic(fixture::TOPIC),
    Entry::Topic(certificate::TOPIC),
    Entry::Topic(token::TOPIC),
    Entry::Verb(METRICS),
];

/// `slapmaster ctl metrics`.
const METRICS: Verb = Verb {
    name: "metrics",
    about: "The counters of the process, as Prometheus reads them",
    more: "",
    takes: &[],
    plan: |_| Ok(Plan::new(Ask::get(&["metrics"]).of_process(), Show::Raw)),
};

pub(super) fn command() -> Command {
    let command = Command::new("ctl")
        .about("Tell a running server what to do: faults, journal, clock and more")
        .after_help(ABOUT)
        .subcommand_required(true)
        .subcommands(ENTRIES.iter().map(Entry::command));
    find::with_arguments(command)
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let (verb, line) = declare::meant(ENTRIES, matches)
        .ok_or_else(|| Failure::new(Failure::USAGE, "no command: try `slapmaster ctl --help`"))?;
    let plan = (verb.plan)(line)?;
    let server = Server::find(line)?;
    let look = if line.is_set("json") {
        None
    } else {
        Some(look())
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            let reason = format!("cannot start: {error}; raise the limits");
            Failure::new(UNREACHABLE, reason)
        })?;
    runtime.block_on(carry_out(&server, plan, look))
}

/// What standard output can show.
fn look() -> Look {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let is_terminal = io::stdout().is_terminal();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(variable);
    let locale = locale.map_or(String::new(), |name| name.to_string_lossy().to_lowercase());
    Look {
        colour: is_terminal && variable("NO_COLOR").is_none(),
        unicode: is_terminal && (locale.contains("utf-8") || locale.contains("utf8")),
    }
}

/// Asks, and shows the answer; without a `look`, as it came.
async fn carry_out(server: &Server, plan: Plan, look: Option<Look>) -> Result<(), Failure> {
    let place = format!("{} {}", plan.ask.method, server.path(&plan.ask));
    let request = server.request(plan.ask)?;
    if let Show::Follow(most) = plan.show {
        let answer = outgoing::open(&server.remote, None, request, plan.patience)
            .await
            .map_err(|error| unreachable(server, &error))?;
        return follow::follow(server, &place, answer, most, look).await;
    }
    let limits = CallLimits {
        time: plan.patience,
        body_bytes: MOST_BYTES,
    };
    let answer = outgoing::call(&server.remote, None, request, limits)
        .await
        .map_err(|error| unreachable(server, &error))?;
    let status = answer.status();
    let body = answer.body();
    if !status.is_success() {
        return refuse(&place, status, body, plan.unfulfilled, look);
    }
    if matches!(plan.show, Show::Raw) {
        print(body, look.is_none());
        return Ok(());
    }
    let mut value: Value = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(body).map_err(|_| no_master(&place, status))?
    };
    let saved = save(&plan.save, &mut value);
    let Some(look) = look else {
        print(body, true);
        saved?;
        return fulfilled(plan.holds, &value);
    };
    if let Err(failure) = saved {
        // It is told once: nothing of it may be lost.
        print(body, true);
        return Err(failure);
    }
    let mut page = Page::new(look);
    match plan.show {
        Show::Raw | Show::Follow(_) => {}
        Show::Facts if value.is_null() => page.line("done"),
        Show::Facts => page.facts(&value),
        Show::Table(key, columns, none) => {
            let rows = value.get(key).and_then(Value::as_array);
            page.table(rows.map_or(&[], Vec::as_slice), columns, none);
        }
        Show::Page(show) => show(&value, &mut page),
    }
    print(page.text.as_bytes(), false);
    if let Some(next) = value.get("next") {
        let next = show::plain(&show::in_words(next));
        let _ = writeln!(io::stderr().lock(), "there may be more: --after {next}");
    }
    fulfilled(plan.holds, &value)
}

/// Writes what is wanted in files, and leaves it out of what is shown.
fn save(files: &[(&'static str, String)], answer: &mut Value) -> Result<(), Failure> {
    for (key, path) in files {
        if let Some(text) = answer.get(*key).and_then(Value::as_str) {
            written::save(path, text)?;
        }
        if let Value::Object(members) = answer {
            members.shift_remove(*key);
        }
    }
    Ok(())
}

/// Whether what was asked for holds.
fn fulfilled(holds: Option<&'static str>, answer: &Value) -> Result<(), Failure> {
    match holds {
        Some(key) if answer.get(key) != Some(&Value::Bool(true)) => {
            Err(Failure::new(UNFULFILLED, format!("it is not {key}")))
        }
        Some(_) | None => Ok(()),
    }
}

/// The failure that an answer is by which the server refuses.
fn refuse(
    place: &str,
    status: StatusCode,
    body: &[u8],
    unfulfilled: &[u16],
    look: Option<Look>,
) -> Result<(), Failure> {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |key: &str| problem.get(key).and_then(Value::as_str).map(show::plain);
    let (Some(title), Some(detail)) = (text("title"), text("detail")) else {
        return Err(no_master(place, status));
    };
    if look.is_none() {
        print(body, true);
    }
    if unfulfilled.contains(&status.as_u16()) {
        return Err(Failure::new(UNFULFILLED, detail));
    }
    let mut words = format!("{title}: {detail}");
    if status == StatusCode::UNAUTHORIZED {
        words.push_str(" Give it with --control-token or SLAPMASTER_CONTROL_TOKEN.");
    }
    Err(Failure::new(REFUSED, format!("{words} ({place})")))
}

/// What answers is no master.
fn no_master(place: &str, status: StatusCode) -> Failure {
    let reason = format!(
        "what answers {status} to {place} is no slapmaster, or of another version: check --url"
    );
    Failure::new(UNREACHABLE, reason)
}

/// There is no answer.
fn unreachable(server: &Server, error: &CallError) -> Failure {
    let mut why = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_words = inner.to_string();
        if !why.ends_with(&inner_words) {
            why = format!("{why}: {inner_words}");
        }
        source = inner.source();
    }
    let reason = format!(
        "{} does not answer as it should: {}; start `slapmaster serve`, or say where it is with \
         --url or --ready-file",
        server.url,
        show::plain(&why)
    );
    Failure::new(UNREACHABLE, reason)
}

/// Writes to standard output, with a final line end if there has to be one. Whoever reads may have
/// gone.
fn print(text: &[u8], with_end: bool) -> bool {
    let mut out = io::stdout().lock();
    let written = out.write_all(text).and_then(|()| {
        if with_end && !text.is_empty() && !text.ends_with(b"\n") {
            out.write_all(b"\n")?;
        }
        out.flush()
    });
    written.is_ok()
}

/// The time of a call that takes as long as it says, and a little more.
const fn patient(seconds: u64) -> Duration {
    Duration::from_secs(seconds.saturating_add(60))
}
