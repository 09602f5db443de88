//! Values as XML, judged by the client's own library: what it writes we read, what we write it
//! reads, and both write the same bytes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on may stop"
)]

mod consumption;
mod instance;
mod marshal;

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use serde::Serialize;
use serde_json::{Value as Json, json};
use slapmaster::xml::{marshal::Value, python};

const LIBRARY: &str = include_str!("library.py");

/// The library's answers to a batch.
fn library(batch: &Json) -> Json {
    let mut process = Command::new(crate::support::python::python())
        .args(["-c", LIBRARY])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut stdin = process.stdin.take().expect("stdin is piped");
    stdin
        .write_all(batch.to_string().as_bytes())
        .expect("the batch is sent");
    drop(stdin);
    let output = process.wait_with_output().expect("Python ends");
    assert!(output.status.success(), "the library failed, see above");
    serde_json::from_slice(&output.stdout).expect("the answers are JSON")
}

/// The library's answers to one kind of question.
fn answers(name: &str, items: &[impl Serialize]) -> Vec<Json> {
    let answers = library(&json!({ name: items }));
    answers[name].as_array().expect("a list of answers").clone()
}

/// A value in the terms of the script above.
fn describe(value: &Value<'_>) -> Json {
    let all = |items: &[Value<'_>]| items.iter().map(describe).collect::<Vec<_>>();
    let float = |value: f64| python::Float(value).to_string();
    match value {
        Value::None => json!(["none"]),
        Value::Bool(value) => json!(["bool", value]),
        Value::Int(value) => json!(["int", value.to_string()]),
        Value::BigInt(digits) => json!(["int", digits]),
        Value::Float(value) => json!(["float", float(*value)]),
        Value::Complex(real, imaginary) => json!(["complex", float(*real), float(*imaginary)]),
        Value::Text(text) => json!(["text", text]),
        Value::List(items) => json!(["list", all(items)]),
        Value::Tuple(items) => json!(["tuple", all(items)]),
        Value::Set(items) => json!(["set", all(items)]),
        Value::Dictionary(pairs) => {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(key, value)| json!([describe(key), describe(value)]))
                .collect();
            json!(["dictionary", pairs])
        }
        Value::Object(object) => {
            let attributes: serde_json::Map<_, _> = object
                .attributes
                .iter()
                .map(|(name, value)| (name.to_string(), describe(value)))
                .collect();
            json!(["object", object.class.name(), attributes])
        }
    }
}
