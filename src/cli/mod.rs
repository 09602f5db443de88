//! The command line: raw arguments, one file a subcommand, and the last word on standard error.
//!
//! Start with [`main`]. Whatever fails ends as a [`Failure`]: an exit code, and one last line that
//! begins with `error:` and says what to do.

mod check;
mod config;
mod ctl;
mod duration;
mod healthcheck;
mod import_slapproxy;
mod ready;
mod schema;
mod serve;
mod settings;

use std::{
    ffi::{OsStr, OsString},
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
    time::Instant,
};

use clap::{Command, error::ErrorKind};

use crate::config::{SettingError, check_variables};

/// Why a command failed.
#[derive(Debug)]
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The wrong usage, or a setting that was refused.
    const USAGE: u8 = 2;
    /// A database that is not readable, or not writable.
    const DATABASE: u8 = 5;

    fn new(code: u8, message: impl Display) -> Self {
        Self {
            code,
            message: message.to_string(),
        }
    }
}

impl From<SettingError> for Failure {
    fn from(error: SettingError) -> Self {
        Self::new(Self::USAGE, error)
    }
}

/// Runs the command that `arguments` (the program's name first) ask for.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let began = Instant::now();
    match run(arguments, began) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // One line, whatever a hint or a value in it holds.
            let lines: Vec<&str> = failure.message.lines().collect();
            let message = lines.join("; ");
            let _ = writeln!(io::stderr().lock(), "error: {message}");
            ExitCode::from(failure.code)
        }
    }
}

fn run(arguments: impl IntoIterator<Item = OsString>, began: Instant) -> Result<(), Failure> {
    let variables: Vec<(String, String)> = std::env::vars_os()
        .map(|(name, value)| (text(&name), text(&value)))
        .collect();
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return explain(&error),
    };
    check_variables(
        variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    )?;
    match matches.subcommand() {
        Some(("serve", matches)) => serve::run(settings::resolve(matches)?, began),
        Some(("healthcheck", matches)) => healthcheck::run(matches),
        Some(("config", matches)) => config::run(matches),
        Some(("check", matches)) => check::run(matches),
        Some(("schema", _)) => schema::run(),
        Some(("ctl", matches)) => ctl::run(matches),
        Some(("import-slapproxy", matches)) => import_slapproxy::run(matches),
        Some(_) | None => Err(Failure::new(
            Failure::USAGE,
            "no command: try `slapmaster serve`",
        )),
    }
}

fn text(value: &OsStr) -> String {
    value.to_string_lossy().into_owned()
}

fn command() -> Command {
    Command::new("slapmaster")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A mock SlapOS master, for tests only")
        .subcommand_required(true)
        .subcommand(settings::with_settings(serve::command()))
        .subcommand(settings::with_settings(healthcheck::command()))
        .subcommand(settings::with_settings(config::command()))
        .subcommand(check::command())
        .subcommand(schema::command())
        .subcommand(ctl::command())
        .subcommand(import_slapproxy::command())
}

/// Prints help where it was asked for; else turns clap's report around, so that its first line
/// comes last.
fn explain(error: &clap::Error) -> Result<(), Failure> {
    let text = error.render().to_string();
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        let _ = write!(io::stdout().lock(), "{text}");
        return Ok(());
    }
    let mut message = Vec::new();
    let mut details = String::new();
    for paragraph in text.trim_end().split("\n\n") {
        if paragraph.starts_with("Usage:") {
            details.push_str(paragraph);
        } else {
            let words = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
            message.push(
                words
                    .trim_start_matches("error: ")
                    .trim_end_matches('.')
                    .to_owned(),
            );
        }
    }
    if !details.is_empty() {
        let _ = writeln!(io::stderr().lock(), "{details}");
    }
    Err(Failure::new(Failure::USAGE, message.join("; ")))
}
