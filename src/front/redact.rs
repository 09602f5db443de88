//! What may be shown of a call: everything but secrets.
//!
//! Secret are private keys, tokens, and the values of connection parameters, which are how
//! passwords travel. A text may be cut anywhere, so that nothing here needs it to be whole; what
//! is in no form that is known here is not shown at all. Rather too much is hidden than too
//! little.

use std::borrow::Cow;

use crate::mock::journal::{self, Call, Entry, Event, What};

/// What stands in the place of a secret.
const REDACTED: &str = "(redacted)";
/// Form fields, keys of objects and of marshalled dictionaries whose values are secret.
const SECRET: [&str; 15] = [
    "_connection_dict",
    "access_token",
    "connection",
    "connection_parameter_dict",
    "connection_parameters",
    "connection_value",
    "connection_xml",
    "key",
    "monitor_url",
    "my_connection_parameter_dict",
    "my_connection_parameter_list",
    "my_monitor_url",
    "password",
    "private_key",
    "token",
];
/// Those that are secret in what the control surface is told and tells, where a token is a value.
const SECRET_IN_CONTROL: [&str; 1] = ["value"];
/// Where a private key begins, whatever kind it is of.
const KEY_BEGINS: &str = "-----BEGIN ";
const KEY_ENDS: &str = "-----END ";
const PRIVATE: &str = "PRIVATE KEY-----";

/// The words of an entry, for who looks for a text in it.
pub(super) fn words(entry: &Entry) -> String {
    match &entry.what {
        What::Event(event) => self::event(event),
        What::Call(call) => {
            let bodies = [&call.request_body, &call.response_body];
            let [sent, told] = bodies.map(|body| self::body(call, body).unwrap_or_default());
            format!("{} {}\n{sent}\n{told}", call.method, target(call))
        }
    }
}

/// The words of an event; a log that was reported may have anything in it.
pub(super) fn event(event: &Event) -> String {
    without_keys(&event.text).into_owned()
}

/// The path and query of a call.
pub(super) fn target(call: &Call) -> String {
    let text = String::from_utf8_lossy(call.target.raw());
    match text.split_once('?') {
        None => text.into_owned(),
        Some((path, query)) => format!("{path}?{}", form(query, is_control(call))),
    }
}

/// A body as far as it was kept; none for one in a form that is not known here.
pub(super) fn body(call: &Call, body: &journal::Body) -> Option<String> {
    let raw = body.beginning.raw();
    let media_type = body.media_type.as_deref()?;
    if raw.is_empty() {
        return None;
    }
    let text = String::from_utf8_lossy(raw);
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let control = is_control(call);
    let shown = match essence {
        "application/x-www-form-urlencoded" => form(&text, control),
        "application/json" | "application/hal+json" | "application/problem+json" => {
            json(&text, control)
        }
        "text/xml" => xml(&text),
        "text" | "text/plain" | "text/html" => text.into_owned(),
        _ => return None,
    };
    Some(without_keys(&shown).into_owned())
}

fn is_control(call: &Call) -> bool {
    call.dialect == Some("control")
}

fn is_secret(name: &str, control: bool) -> bool {
    SECRET.contains(&name) || control && SECRET_IN_CONTROL.contains(&name)
}

/// Url-encoded fields.
fn form(text: &str, control: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for (place, field) in text.split('&').enumerate() {
        if place > 0 {
            shown.push('&');
        }
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        if is_secret(&decoded(name), control) || decoded(value).contains(PRIVATE) {
            shown.push_str(name);
            shown.push('=');
            shown.push_str(REDACTED);
        } else {
            shown.push_str(field);
        }
    }
    shown
}

/// A url-encoded text, decoded as far as it is well-formed.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = more
                    .get(..2)
                    .and_then(|digits| std::str::from_utf8(digits).ok());
                match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                    Some(byte) => {
                        bytes.push(byte);
                        rest = more.get(2..).unwrap_or_default();
                    }
                    None => bytes.push(b'%'),
                }
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// JSON, whole or cut.
fn json(text: &str, control: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        let (before, from_quote) = rest.split_at(start);
        shown.push_str(before);
        let (string, after) = from_quote.split_at(string_end(from_quote));
        shown.push_str(string);
        rest = after;
        let Some(value) = after.trim_start().strip_prefix(':') else {
            continue;
        };
        let key: String = serde_json::from_str(string).unwrap_or_default();
        if is_secret(&key, control) {
            let value = value.trim_start();
            shown.push_str(": \"");
            shown.push_str(REDACTED);
            shown.push('"');
            rest = value.get(value_end(value)..).unwrap_or_default();
        }
    }
    shown.push_str(rest);
    shown
}

/// Where the JSON string at the beginning ends; at the end of a text in which it is cut.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}

/// Where the JSON value at the beginning ends; at the end of a text in which it is cut.
fn value_end(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut place = 0;
    while let Some(byte) = text.as_bytes().get(place) {
        match byte {
            b'"' => {
                place += string_end(text.get(place..).unwrap_or_default());
                if depth == 0 {
                    return place;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 1 => depth -= 1,
            b'}' | b']' if depth == 1 => return place + 1,
            b'}' | b']' | b',' if depth == 0 => return place,
            _ => {}
        }
        place += 1;
    }
    text.len()
}

/// Marshalled values, whole or cut.
fn xml(text: &str) -> String {
    const START: &str = "<string>";
    const END: &str = "</string>";
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(START) {
        let (before, from_key) = rest.split_at(start);
        shown.push_str(before);
        let inside = from_key.get(START.len()..).unwrap_or_default();
        let Some((key, after)) = inside.split_once(END) else {
            rest = from_key;
            break;
        };
        shown.push_str(START);
        shown.push_str(key);
        shown.push_str(END);
        rest = after;
        if is_secret(key, false) {
            shown.push_str(START);
            shown.push_str(REDACTED);
            shown.push_str(END);
            rest = after.get(element_end(after)..).unwrap_or_default();
        }
    }
    shown.push_str(rest);
    shown
}

/// Where the XML element at the beginning ends; at the end of a text in which it is cut.
fn element_end(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut place = 0;
    while let Some(start) = text.get(place..).and_then(|rest| rest.find('<')) {
        let tag = text.get(place + start..).unwrap_or_default();
        let Some(length) = tag.find('>') else {
            break;
        };
        let tag = tag.get(..=length).unwrap_or_default();
        place += start + length + 1;
        if tag.starts_with("</") {
            // What is closed here was opened before: there was no value.
            let Some(left) = depth.checked_sub(1) else {
                return place - length - 1;
            };
            depth = left;
        } else if !tag.ends_with("/>") {
            depth += 1;
        }
        if depth == 0 {
            return place;
        }
    }
    text.len()
}

/// The text without private keys, whatever it is a text of.
fn without_keys(text: &str) -> Cow<'_, str> {
    if !text.contains(PRIVATE) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find(PRIVATE) {
        let (before, key) = rest.split_at(found);
        let begins = before.rfind(KEY_BEGINS).unwrap_or(before.len());
        shown.push_str(before.get(..begins).unwrap_or_default());
        shown.push_str(REDACTED);
        let inside = key.get(PRIVATE.len()..).unwrap_or_default();
        let end = inside
            .find(KEY_ENDS)
            .and_then(|end| Some(end + inside.get(end..)?.find(PRIVATE)? + PRIVATE.len()));
        rest = end.and_then(|end| inside.get(end..)).unwrap_or_default();
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----";

    /// Shows the text whole, and cut at each place: it is shown so, and the secret never.
    #[track_caller]
    fn check(redact: impl Fn(&str) -> String, text: &str, expected: &str) {
        assert_eq!(redact(text), expected);
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let shown = redact(&text[..end]);
            assert!(!shown.contains('2'), "{shown}");
        }
    }

    #[test]
    fn fields_of_a_form_are_hidden_by_their_names() {
        let form = |text: &str| form(text, false);
        check(form, "a=1&b", "a=1&b");
        check(
            form,
            "computer_id=COMP-1&connection_xml=hunter2&x=%3",
            "computer_id=COMP-1&connection_xml=(redacted)&x=%3",
        );
        check(form, "access%5ftoken=hunter2", "access%5ftoken=(redacted)");
        let pem = "x=-----BEGIN+EC+PRIVATE+KEY-----%0Ahunter2";
        assert_eq!(form(pem), "x=(redacted)");
        assert_eq!(super::form("value=hunter2", true), "value=(redacted)");
    }

    #[test]
    fn keys_of_json_are_hidden_with_all_that_is_in_them() {
        let json = |text: &str| json(text, false);
        check(
            json,
            r#"{"a": 1, "b": [null, "x"]}"#,
            r#"{"a": 1, "b": [null, "x"]}"#,
        );
        check(
            json,
            r#"{"key":"hunter\"2","a":{"token": 2, "b": "connection"}, "c": "\u0031"}"#,
            r#"{"key": "(redacted)","a":{"token": "(redacted)", "b": "connection"}, "c": "\u0031"}"#,
        );
        check(
            json,
            r#"{"connection_parameters" : {"url": "]}2", "x": [{"y": 2}]}, "z": true}"#,
            r#"{"connection_parameters": "(redacted)", "z": true}"#,
        );
        check(
            json,
            r#"[{"\u006bey": "hunter2"}]"#,
            r#"[{"\u006bey": "(redacted)"}]"#,
        );
        assert_eq!(
            super::json(r#"{"value": "2"}"#, true),
            r#"{"value": "(redacted)"}"#
        );
    }

    #[test]
    fn keys_of_marshalled_dictionaries_are_hidden_with_all_that_is_in_them() {
        let hidden = "<string>(redacted)</string>";
        check(
            xml,
            "<dictionary><string>a</string><int>1</int></dictionary>",
            "<dictionary><string>a</string><int>1</int></dictionary>",
        );
        check(
            xml,
            "<string>_connection_dict</string><dictionary id=\"i3\"><string>url</string><string>2</string>\
             <string>x</string><none/><string>y</string><list><int>2</int></list></dictionary>\
             <string>z</string><none/>",
            &format!("<string>_connection_dict</string>{hidden}<string>z</string><none/>"),
        );
        check(
            xml,
            "<string>connection_xml</string><string>&lt;a&gt;2</string><string>b</string><string>connection_xml</string></x>",
            &format!(
                "<string>connection_xml</string>{hidden}<string>b</string><string>connection_xml</string>{hidden}</x>"
            ),
        );
    }

    #[test]
    fn private_keys_are_hidden_wherever_they_are() {
        let hide = |text: &str| without_keys(text).into_owned();
        check(hide, &format!("a{PEM}b{PEM}"), "a(redacted)b(redacted)");
        check(
            hide,
            "-----BEGIN CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----",
        );
    }
}
