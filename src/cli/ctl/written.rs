//! What is written in a file, on standard input, or on the command line itself.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use serde_json::Value;

use super::Failure;
use crate::{domain::given::Given, fixture};

/// How much is read of a file.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// The text of a file, or of standard input for `-`.
pub(super) fn file(name: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if name == "-" {
        io::stdin()
            .lock()
            .take(MOST_BYTES)
            .read_to_string(&mut text)
    } else {
        fs::File::open(name).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text))
    };
    match read {
        Ok(_) => Ok(text),
        Err(error) => {
            let name = if name == "-" { "standard input" } else { name };
            let reason = format!("cannot read {name}: {error}; a text in UTF-8 was expected");
            Err(Failure::new(Failure::USAGE, reason))
        }
    }
}

/// Writes a text to a file that is for its owner alone, if it is new.
pub(super) fn save(path: &str, text: &str) -> Result<(), Failure> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::new(Failure::USAGE, format!("cannot write {path}: {error}")))
}

/// What was written in YAML or JSON: in a file of this name, on standard input for `-`, or as the
/// argument itself.
pub(super) fn value(given: &str) -> Result<Value, Failure> {
    let is_text =
        given != "-" && given.contains([':', '{', '[', '\n']) && !Path::new(given).exists();
    let (name, text) = if is_text {
        ("argument", given.to_owned())
    } else if given == "-" || Path::new(given).exists() {
        (given, file(given)?)
    } else {
        let reason = format!(
            "`{given}` is no file, and neither YAML nor JSON; one of them was expected, or flags \
             instead: see --help"
        );
        return Err(Failure::new(Failure::USAGE, reason));
    };
    let name = if name == "-" { "standard input" } else { name };
    fixture::value(Path::new(name), &text)
        .map(json)
        .map_err(|error| Failure::new(Failure::USAGE, error))
}

fn json(given: Given) -> Value {
    match given {
        Given::Nothing => Value::Null,
        Given::Flag(flag) => flag.into(),
        Given::Integer(number) => i64::try_from(number)
            .map(Value::from)
            .or_else(|_| u64::try_from(number).map(Value::from))
            // No JSON number of ours: the server says what it expected instead.
            .unwrap_or_else(|_| number.to_string().into()),
        Given::Float(number) => number.into(),
        Given::Text(text) => text.into(),
        Given::List(items) => items.into_iter().map(json).collect(),
        Given::Map(pairs) => pairs
            .into_iter()
            .map(|(key, value)| (key, json(value)))
            .collect(),
    }
}

/// A pair as `KEY=VALUE`.
pub(super) fn pair<'t>(flag: &str, text: &'t str) -> Result<(&'t str, &'t str), Failure> {
    text.split_once('=').ok_or_else(|| {
        let reason = format!("--{flag}: `{text}` is no KEY=VALUE, which was expected");
        Failure::new(Failure::USAGE, reason)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_may_be_the_argument_itself() {
        let expected = json!({ "effect": { "status": 503 }, "count": 1 });
        for text in [
            "{effect: {status: 503}, count: 1}",
            "effect:\n  status: 503\ncount: 1\n",
            r#"{"effect": {"status": 503}, "count": 1}"#,
        ] {
            assert_eq!(value(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        let refused = |text: &str| value(text).unwrap_err().message;
        assert!(refused("{effect: [1").starts_with("argument:1:"));
        assert!(refused("{a: 1, a: 2}").contains("`a`"));
        assert!(
            refused("no-such-file").starts_with("`no-such-file` is no file, and neither YAML nor")
        );
    }
}
