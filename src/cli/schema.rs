//! `slapmaster schema`: the JSON Schema of fixtures, for editors.

use std::io::{self, Write};

use clap::Command;

use crate::fixture;

use super::Failure;

pub(super) fn command() -> Command {
    Command::new("schema").about("Print the JSON Schema of fixtures, for editors")
}

pub(super) fn run() -> Result<(), Failure> {
    let text = format!("{:#}\n", fixture::schema());
    io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::new(1, format!("cannot write: {error}; give another output")))
}
