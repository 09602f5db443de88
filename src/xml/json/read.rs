//! JSON into values, as Python's reader takes it: the last of repeated keys counts, a byte order
//! mark is skipped, and integers have any number of digits (`json-rpc.md` 1).
//!
//! Strict otherwise (RFC 8259): no `NaN`, no half of a surrogate pair, nothing after the value.

use std::collections::HashMap;

use super::super::marshal::Value;

/// How deep lists and objects may be nested.
const MAX_DEPTH: usize = 128;

/// A text that is not read; the sender is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: line {line} column {column}")]
pub struct JsonError {
    /// What is wrong.
    pub reason: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
}

/// Reads one value.
pub fn read(bytes: &[u8]) -> Result<Value<'static>, JsonError> {
    let (text, broken) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            (std::str::from_utf8(valid).unwrap_or_default(), true)
        }
    };
    let start = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let mut reader = Reader {
        text,
        at: start,
        depth: 0,
    };
    if broken {
        reader.at = text.len();
        return Err(reader.refused("Not UTF-8"));
    }
    let value = reader.value()?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.refused("Extra data"));
    }
    Ok(value)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn refused(&self, reason: impl Into<String>) -> JsonError {
        self.refused_at(self.at, reason)
    }

    fn refused_at(&self, at: usize, reason: impl Into<String>) -> JsonError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let last = before.rsplit('\n').next().unwrap_or_default();
        JsonError {
            reason: reason.into(),
            line: before.matches('\n').count() + 1,
            column: last.chars().count() + 1,
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Value<'static>, JsonError> {
        self.space();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::list),
            Some(b'"') => Ok(Value::from(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) | None => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value<'static>, JsonError> {
        let rest = self.rest();
        for (word, value) in [
            ("null", Value::None),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.refused("Expecting value"))
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Value<'static>, JsonError>,
    ) -> Result<Value<'static>, JsonError> {
        if self.depth == MAX_DEPTH {
            let reason = format!("Nested deeper than {MAX_DEPTH} levels");
            return Err(self.refused(reason));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Value<'static>, JsonError> {
        let mut items = Vec::new();
        self.space();
        if self.takes(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value()?);
            self.space();
            if self.takes(b']') {
                return Ok(Value::List(items));
            }
            if !self.takes(b',') {
                return Err(self.refused("Expecting ',' delimiter"));
            }
        }
    }

    fn object(&mut self) -> Result<Value<'static>, JsonError> {
        let mut pairs: Vec<(Value<'static>, Value<'static>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        self.space();
        if self.takes(b'}') {
            return Ok(Value::Dictionary(pairs));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.refused("Expecting property name enclosed in double quotes"));
            }
            let key = self.string()?;
            self.space();
            if !self.takes(b':') {
                return Err(self.refused("Expecting ':' delimiter"));
            }
            let value = self.value()?;
            let place = *places.entry(key.clone()).or_insert(pairs.len());
            match pairs.get_mut(place) {
                Some(pair) => pair.1 = value,
                None => pairs.push((Value::from(key), value)),
            }
            self.space();
            if self.takes(b'}') {
                return Ok(Value::Dictionary(pairs));
            }
            if !self.takes(b',') {
                return Err(self.refused("Expecting ',' delimiter"));
            }
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest
                .bytes()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F))
                .ok_or_else(|| self.refused_at(start, "Unterminated string starting at"))?;
            text.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) | None => return Err(self.refused("Invalid control character at")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let start = self.at;
        self.at += 1;
        let letter = self.peek();
        self.at += 1;
        Ok(match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(start),
            Some(_) | None => return Err(self.refused_at(start, "Invalid \\escape")),
        })
    }

    fn unicode(&mut self, start: usize) -> Result<char, JsonError> {
        let first = self.hex(start)?;
        let code = if (0xD800..0xDC00).contains(&first) && self.rest().starts_with("\\u") {
            self.at += 2;
            let second = self.hex(start)?;
            if (0xDC00..0xE000).contains(&second) {
                0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            } else {
                first
            }
        } else {
            first
        };
        char::from_u32(code)
            .ok_or_else(|| self.refused_at(start, "Half of a surrogate pair in \\escape"))
    }

    fn hex(&mut self, start: usize) -> Result<u32, JsonError> {
        let digits = self
            .rest()
            .get(..4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        digits.ok_or_else(|| self.refused_at(start, "Invalid \\uXXXX escape"))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Result<Value<'static>, JsonError> {
        let start = self.at;
        self.takes(b'-');
        if !self.takes(b'0') && self.digits() == 0 {
            return Err(self.refused_at(start, "Expecting value"));
        }
        let whole = self.at;
        if self.takes(b'.') && self.digits() == 0 {
            return Err(self.refused_at(whole, "Expecting digits after the point"));
        }
        let fraction = self.at;
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'-') || self.takes(b'+');
            if self.digits() == 0 {
                return Err(self.refused_at(fraction, "Expecting digits of the exponent"));
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        Ok(if self.at > whole {
            Value::Float(text.parse().unwrap_or(f64::NAN))
        } else {
            text.parse()
                .map_or_else(|_| Value::BigInt(text.to_owned()), Value::Int)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Value<'_>) {
        assert_eq!(read(text.as_bytes()), Ok(expected), "{text}");
    }

    fn refused(bytes: &[u8], expected: &str) {
        let error = read(bytes).unwrap_err().to_string();
        assert_eq!(error, expected, "{}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn values_are_read() {
        check(" null ", Value::None);
        check("[true, false]", Value::list([true, false]));
        check("-5", Value::Int(-5));
        check("-0", Value::Int(0));
        check("1.5e1", Value::Float(15.0));
        check("1E2", Value::Float(100.0));
        check("1e400", Value::Float(f64::INFINITY));
        let big = "123456789012345678901234567890";
        check(big, Value::BigInt(big.to_owned()));
        check(
            r#""a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00""#,
            "a\"\\/\u{8}\u{C}\n\r\téé😀".into(),
        );
        check("[]", Value::List(vec![]));
        check("{}", Value::dictionary([] as [(&str, Value<'_>); 0]));
        check(
            "\u{FEFF}{}",
            Value::dictionary([] as [(&str, Value<'_>); 0]),
        );
    }

    #[test]
    fn the_last_of_repeated_keys_counts_at_the_place_of_the_first() {
        check(
            r#"{"a": 1, "b": 2, "a": 3}"#,
            Value::dictionary([("a", 3.into()), ("b", 2.into())]),
        );
    }

    #[test]
    fn what_is_wrong_is_placed() {
        refused(b"", "Expecting value: line 1 column 1");
        refused(b"1+2:\"", "Extra data: line 1 column 2");
        refused(b"{} x", "Extra data: line 1 column 4");
        refused(b"{\n  \"a\" 1}", "Expecting ':' delimiter: line 2 column 7");
        refused(
            b"{'a': 1}",
            "Expecting property name enclosed in double quotes: line 1 column 2",
        );
        refused(b"{\"a\": NaN}", "Expecting value: line 1 column 7");
        refused(b"[1 2]", "Expecting ',' delimiter: line 1 column 4");
        refused(b"[1,]", "Expecting value: line 1 column 4");
        refused(
            "[\"é\u{1}\"]".as_bytes(),
            "Invalid control character at: line 1 column 4",
        );
        refused(
            b"[\"abc",
            "Unterminated string starting at: line 1 column 2",
        );
        refused(b"\"\\x\"", "Invalid \\escape: line 1 column 2");
        refused(b"\"\\u12g4\"", "Invalid \\uXXXX escape: line 1 column 2");
        refused(b"\"\\u12", "Invalid \\uXXXX escape: line 1 column 2");
        refused(
            b"\"\\ud800\"",
            "Half of a surrogate pair in \\escape: line 1 column 2",
        );
        refused(
            b"\"\\udc00\"",
            "Half of a surrogate pair in \\escape: line 1 column 2",
        );
        refused(b"[\"\xff\"]", "Not UTF-8: line 1 column 3");
        refused(b"1.", "Expecting digits after the point: line 1 column 2");
        refused(b"1e+", "Expecting digits of the exponent: line 1 column 2");
        refused(b"-", "Expecting value: line 1 column 1");
        refused(b"01", "Extra data: line 1 column 2");
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(nested(MAX_DEPTH).as_bytes()).is_ok());
        refused(
            nested(MAX_DEPTH + 1).as_bytes(),
            "Nested deeper than 128 levels: line 1 column 129",
        );
        refused(
            "[".repeat(4_000_000).as_bytes(),
            "Nested deeper than 128 levels: line 1 column 129",
        );
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|pairs| { serde_json::Value::Object(pairs.into_iter().collect()) }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_another_writer_writes_is_read_as_it_was(value in json()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                let read = read(text.as_bytes()).unwrap();
                prop_assert_eq!(super::super::of_value(&read), value.clone());
            }
        }

        #[test]
        fn nothing_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_damage_makes_the_reader_panic(
            value in json(),
            at in any::<prop::sample::Index>(),
            piece in "[\\[\\]{}:,\"\\\\u0-9eE+.-]{0,4}",
        ) {
            let mut text = value.to_string();
            let place = text.floor_char_boundary(at.index(text.len() + 1));
            text.insert_str(place, &piece);
            let _ = read(text.as_bytes());
        }
    }
}
