//! The `slapmaster` binary: see the library's `cli`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A large fixture is read into many small pieces, on several threads. The system's allocator keeps
/// their room; this one gives it back.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    slapmaster::cli::main(std::env::args_os())
}
