//! What Python makes of a value when it turns it into a text.
//!
//! The real master keeps `str(value)` of every parameter that is not a text, so that is what a
//! client reads back (`marshalling.md` 2.1 and 2.3).

use std::fmt::{self, Write as _};

use super::marshal::Value;

/// Python's `str(value)`: a text is itself, nothing is `None`, a list shows its items by
/// [`repr`].
pub fn str(value: &Value<'_>) -> String {
    match value.as_text() {
        Some(text) => text.to_owned(),
        None => repr(value),
    }
}

/// Python's `repr(value)`.
pub fn repr(value: &Value<'_>) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = push_repr(&mut out, value);
    out
}

/// A float that displays as Python writes it: `1.0`, `1e+16`, `1e-05`, `inf`
/// (`marshalling.md` 1.2).
#[derive(Debug, Clone, Copy)]
pub struct Float(pub f64);

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        if value.is_nan() {
            return f.write_str("nan");
        }
        if value.is_infinite() {
            return f.write_str(if value > 0.0 { "inf" } else { "-inf" });
        }
        // The shortest digits that read back as the same float, as in Python.
        let scientific = format!("{value:e}");
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let exponent: i32 = exponent.parse().unwrap_or_default();
        if (-4..16).contains(&exponent) {
            write!(f, "{value:?}")
        } else {
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(f, "{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
    }
}

fn push_repr(out: &mut String, value: &Value<'_>) -> fmt::Result {
    match value {
        Value::None => out.write_str("None"),
        Value::Bool(true) => out.write_str("True"),
        Value::Bool(false) => out.write_str("False"),
        Value::Int(number) => write!(out, "{number}"),
        Value::BigInt(digits) => out.write_str(digits),
        Value::Float(number) => write!(out, "{}", Float(*number)),
        Value::Complex(real, imaginary) => push_complex(out, *real, *imaginary),
        Value::Text(text) => push_text(out, text),
        Value::List(items) => push_items(out, "[", items, "]"),
        Value::Tuple(items) if items.len() == 1 => push_items(out, "(", items, ",)"),
        Value::Tuple(items) => push_items(out, "(", items, ")"),
        Value::Set(items) if items.is_empty() => out.write_str("set()"),
        Value::Set(items) => push_items(out, "{", items, "}"),
        Value::Dictionary(pairs) => {
            out.push('{');
            for (index, (key, value)) in pairs.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                push_repr(out, key)?;
                out.push_str(": ");
                push_repr(out, value)?;
            }
            out.push('}');
            Ok(())
        }
        // Never read, so never stored: only a name for messages.
        Value::Object(object) => write!(out, "<{}>", object.class.name()),
    }
}

fn push_items(out: &mut String, start: &str, items: &[Value<'_>], end: &str) -> fmt::Result {
    out.push_str(start);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        push_repr(out, item)?;
    }
    out.push_str(end);
    Ok(())
}

fn push_complex(out: &mut String, real: f64, imaginary: f64) -> fmt::Result {
    // Inside a complex number, whole parts show no `.0`.
    let part = |value: f64| {
        let text = Float(value).to_string();
        text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
    };
    if real == 0.0 && real.is_sign_positive() {
        return write!(out, "{}j", part(imaginary));
    }
    let sign = if imaginary.is_sign_negative() && !imaginary.is_nan() {
        ""
    } else {
        "+"
    };
    write!(out, "({}{sign}{}j)", part(real), part(imaginary))
}

fn push_text(out: &mut String, text: &str) -> fmt::Result {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            _ if character == quote => {
                out.push('\\');
                out.push(character);
            }
            _ if is_printable(character) => out.push(character),
            '\0'..='\u{FF}' => write!(out, "\\x{:02x}", u32::from(character))?,
            '\u{100}'..='\u{FFFF}' => write!(out, "\\u{:04x}", u32::from(character))?,
            _ => write!(out, "\\U{:08x}", u32::from(character))?,
        }
    }
    out.push(quote);
    Ok(())
}

/// Whether Python shows the character as it is. The standard library keeps the same notion for
/// its own debug output, from a Unicode version that may be newer than Python's; there, a
/// combining character is only escaped at the start of a text.
fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return matches!(character, ' '..='~');
    }
    let mut after_a_letter = String::from("a");
    after_a_letter.push(character);
    after_a_letter.escape_debug().nth(1) == Some(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_show_as_in_python() {
        for (value, expected) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (0.0001, "0.0001"),
            (1e-5, "1e-05"),
            (1e22, "1e+22"),
            (1e300, "1e+300"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(Float(value).to_string(), expected);
        }
    }

    #[test]
    fn values_show_as_in_python() {
        let check = |value: Value<'_>, expected: &str| assert_eq!(str(&value), expected);
        check(Value::None, "None");
        check(Value::Bool(true), "True");
        check(Value::text("it's"), "it's");
        check(Value::list([Value::Int(1), "x".into()]), "[1, 'x']");
        check(Value::tuple(["a", "b"]), "('a', 'b')");
        check(Value::tuple([1]), "(1,)");
        check(Value::Tuple(vec![]), "()");
        check(Value::Set(vec![]), "set()");
        check(Value::dictionary([("k", Value::Float(1.0))]), "{'k': 1.0}");
        check(Value::Complex(1.0, -2.5), "(1-2.5j)");
        check(Value::Complex(0.0, 1.0), "1j");
        check(Value::list(["it's"]), "[\"it's\"]");
        check(Value::list(["'\""]), "['\\'\"']");
        check(
            Value::list(["é\u{85}\u{a0}\u{200b}😀"]),
            "['é\\x85\\xa0\\u200b😀']",
        );
        check(Value::list(["\u{301}"]), "['\u{301}']");
        check(Value::list(["\u{E0001}"]), "['\\U000e0001']");
        check(Value::list(["a\n\t\r\\\u{7f}"]), "['a\\n\\t\\r\\\\\\x7f']");
    }
}
