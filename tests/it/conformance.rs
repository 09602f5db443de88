//! The unmodified slapos.core client, library and commands, against the built binary.
//!
//! The tests themselves are Python (`tests/conformance`); each module of them is one test here. Every
//! Python test starts a server of its own, so none sees another's world.

use std::process::Command;

use crate::support::python;

/// Runs one module of `tests/conformance`, or one program of it, and shows its words if it fails.
fn check(python: &std::path::Path, arguments: &[&str]) {
    let output = Command::new(python)
        .args(arguments)
        .current_dir(python::scripts())
        .env("BINARY_UNDER_TEST", env!("CARGO_BIN_EXE_slapmaster"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // The client must reach the loopback address itself, and find no configuration but ours.
        .env("NO_PROXY", "*")
        .env_remove("SLAPOS_CLIENT_CONFIGURATION")
        .env_remove("SLAPOS_CONFIGURATION")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "`{}` failed ({}):\n{}{}",
        arguments.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// Runs one module of tests with today's client.
fn check_module(module: &str) {
    check(&python::python(), &["-m", "unittest", "-v", module]);
}
