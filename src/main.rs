//! The `slapmaster` binary: see the library's `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    slapmaster::cli::main(std::env::args_os())
}
