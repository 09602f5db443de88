//! `slapmaster import-slapproxy FILE`: the world of a slapproxy as a database of ours.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Arg, ArgMatches, Command, builder::ValueParser};

use crate::app::slapproxy;

use super::Failure;

pub(super) fn command() -> Command {
    Command::new("import-slapproxy")
        .about("Import the database of a slapproxy, which stays as it is")
        .after_help("Without --database, it is only tried, and said what would be imported.")
        .arg(
            Arg::new("database")
                .long("database")
                .value_name("NEW")
                .value_parser(ValueParser::path_buf())
                .help("The SQLite file to make, for `slapmaster serve --preset slapproxy --database NEW`"),
        )
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .value_parser(ValueParser::path_buf())
                .help("The slapproxy's database, its `database_uri`"),
        )
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let database = matches.get_one::<PathBuf>("database");
    let file = matches.get_one::<PathBuf>("file").cloned();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(1, format!("cannot start: {error}; raise the limits")))?;
    let imported = runtime
        .block_on(slapproxy::import(
            &file.unwrap_or_default(),
            database.map(PathBuf::as_path),
        ))
        .map_err(|error| Failure::new(Failure::DATABASE, error))?;
    let mut out = io::stdout().lock();
    for note in &imported.notes {
        let _ = writeln!(out, "note: {note}");
    }
    let outcome = database.map_or("can be imported", |_| "imported");
    let _ = writeln!(out, "{outcome}: {}", imported.summary);
    Ok(())
}
