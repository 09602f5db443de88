//! The forms of an answer: a JSON object in ASCII, without any header that lets it be kept
//! (`json-rpc.md` 1).

use std::fmt::Write as _;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::domain::behaviour::JsonRpcWords;

use super::Call;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A JSON object.
pub(super) fn json(status: StatusCode, value: &Value) -> Response {
    let mut response = rendered(body(value));
    *response.status_mut() = status;
    response
}

/// A document as it is sent.
pub(super) fn body(value: &Value) -> Bytes {
    Bytes::from(ascii(&value.to_string()))
}

/// The result of a method that was rendered before.
pub(super) fn rendered(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// The result of a method.
pub(super) fn result(value: &Value) -> Response {
    json(StatusCode::OK, value)
}

/// The result of a method that lists.
pub(super) fn list(rows: impl IntoIterator<Item = Value>) -> Response {
    let rows: Vec<Value> = rows.into_iter().collect();
    result(&json!({ "result_list": rows }))
}

/// The result of a method that did what was asked for.
pub(super) fn success(title: &str) -> Response {
    result(&json!({ "type": "success", "title": title }))
}

/// The result of a report, or that slapproxy takes and forgets it.
pub(super) fn reported<T>(outcome: Option<&T>, title: &str) -> Response {
    success(if outcome.is_some() { title } else { "Ignored" })
}

/// Instead of an instance that is not there to be told.
pub(super) fn not_ready() -> Response {
    result(&json!({
        "message": "Software Instance Not Ready",
        "name": "SoftwareInstanceNotReady",
        "status": 102,
    }))
}

impl Call {
    /// The result of a method that did what was asked for, in the words of the master that is
    /// played.
    pub(super) fn success(&self, production: &str, slapproxy: impl FnOnce() -> String) -> Response {
        match self.behaviour().json_rpc_words {
            JsonRpcWords::Production => success(production),
            JsonRpcWords::Proxy => success(&slapproxy()),
        }
    }
}

/// JSON with every character outside ASCII escaped; there are some in texts alone.
fn ascii(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if character.is_ascii() {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a text cannot fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_ascii() {
        let value = json!({ "é": "a😀\u{7f}" });
        let text = ascii(&value.to_string());
        assert_eq!(text, "{\"\\u00e9\":\"a\\ud83d\\ude00\u{7f}\"}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
