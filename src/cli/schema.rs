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
    let written = io::stdout().lock().write_all(text.as_bytes());
    match written {
        // A reader that stops early, as `head`, is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            1,
            format!("cannot write: {error}; give another output"),
        )),
        Ok(()) | Err(_) => Ok(()),
    }
}
