//! `slapmaster check FILE...`: whether fixtures would be accepted, without a server.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::app::seed;

use super::Failure;

pub(super) fn command() -> Command {
    Command::new("check")
        .about("Check fixtures without a server")
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .action(ArgAction::Append)
                .help("Fixtures, applied in this order to an empty world"),
        )
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let files: Vec<PathBuf> = matches
        .get_many::<String>("file")
        .into_iter()
        .flatten()
        .map(PathBuf::from)
        .collect();
    seed::refuse(&files).map_err(|error| Failure::new(3, error))
}
