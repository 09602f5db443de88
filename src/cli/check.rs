//! `slapmaster check FILE...`: whether fixtures would be accepted, without a server.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::{app::seed, domain::behaviour::Preset};

use super::Failure;

pub(super) fn command() -> Command {
    Command::new("check")
        .about("Check fixtures without a server")
        .arg(
            Arg::new("preset")
                .long("preset")
                .value_name("NAME")
                .default_value(Preset::Default.as_str())
                .value_parser(Preset::ALL.iter().map(|p| p.as_str()).collect::<Vec<_>>())
                .help("Which master the world would be like"),
        )
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .action(ArgAction::Append)
                .help("Fixtures, applied together to an empty world; - for standard input"),
        )
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let files: Vec<PathBuf> = matches
        .get_many::<String>("file")
        .into_iter()
        .flatten()
        .map(PathBuf::from)
        .collect();
    let preset = matches
        .get_one::<String>("preset")
        .and_then(|name| name.parse().ok())
        .unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(1, format!("cannot start: {error}; raise the limits")))?;
    let summary = runtime
        .block_on(seed::check(&files, preset))
        .map_err(|error| Failure::new(error.exit_code(), error))?;
    let _ = writeln!(io::stdout().lock(), "accepted: {summary}");
    Ok(())
}
