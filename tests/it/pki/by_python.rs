//! Python: its `ssl`, which every SlapOS client calls through, and `cryptography`.
//!
//! The tests themselves are Python, in `by_python.py`; one run of it is one test here.

use std::{path::Path, process::Command};

use serde_json::json;

use super::Sample;
use crate::support::python::python;

/// Runs one class of the Python tests over a sample's files.
fn check(class: &str) {
    let sample = Sample::new();
    let issued: serde_json::Map<_, _> = sample
        .issued
        .iter()
        .map(|(name, issued)| {
            let facts = json!({
                "serial": issued.serial.as_str(),
                "common_name": issued.common_name,
                "not_before": issued.validity.not_before.as_seconds(),
                "not_after": issued.validity.not_after.as_seconds(),
            });
            ((*name).to_owned(), facts)
        })
        .collect();
    let expected = json!({ "now": sample.now.as_seconds(), "issued": issued });
    sample.write("expected.json", expected.to_string());

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/pki");
    let output = Command::new(python())
        .args(["-m", "unittest", "-v", &format!("by_python.{class}")])
        .current_dir(folder)
        .env("SAMPLE", sample.folder.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    assert!(words.contains("\nOK"), "no test ran:\n{words}");
}

#[test]
fn cryptography_verifies_certificates_and_the_list() {
    check("Cryptography");
}

#[test]
fn ssl_shakes_hands_with_each_certificate() {
    check("Handshake");
}
