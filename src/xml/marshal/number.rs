//! The texts of numbers, as Python reads them.

use super::{MAX_DIGITS, Value};

/// Why the text of a number was refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NumberError {
    /// It is not a number.
    Malformed,
    /// It has too many digits.
    TooManyDigits,
}

/// Python's `int(text)`, for ASCII digits: sign, surrounding white space and single underscores
/// between digits are fine (`marshalling.md` 1.6).
pub(super) fn integer(text: &str) -> Result<Value<'static>, NumberError> {
    let text = text.trim();
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = without_underscores(unsigned).ok_or(NumberError::Malformed)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NumberError::Malformed);
    }
    if digits.len() > MAX_DIGITS {
        return Err(NumberError::TooManyDigits);
    }
    let significant = digits.trim_start_matches('0');
    let canonical = match (negative, significant) {
        (_, "") => "0".to_owned(),
        (true, _) => format!("-{significant}"),
        (false, _) => significant.to_owned(),
    };
    Ok(match canonical.parse() {
        Ok(value) => Value::Int(value),
        Err(_) => Value::BigInt(canonical),
    })
}

/// An integer with one trailing `L`, as very old writers made it (`marshalling.md` 1.8).
pub(super) fn long(text: &str) -> Result<Value<'static>, NumberError> {
    let text = text.trim();
    integer(
        text.strip_suffix('L')
            .filter(|rest| rest.ends_with(|c: char| c.is_ascii_digit()))
            .unwrap_or(text),
    )
}

/// The text of an integer: true unless it is zero.
pub(super) fn boolean(text: &str) -> Result<bool, NumberError> {
    Ok(integer(text)? != Value::Int(0))
}

/// Python's `float(text)`, for ASCII digits.
pub(super) fn float(text: &str) -> Result<f64, NumberError> {
    without_underscores(text.trim())
        .and_then(|digits| digits.parse().ok())
        .ok_or(NumberError::Malformed)
}

/// Two floats with white space between them.
pub(super) fn complex(text: &str) -> Result<(f64, f64), NumberError> {
    let mut parts = text.split_whitespace();
    match (parts.next(), parts.next(), parts.next()) {
        (Some(real), Some(imaginary), None) => Ok((float(real)?, float(imaginary)?)),
        _ => Err(NumberError::Malformed),
    }
}

/// Takes out the underscores, which may only stand between two digits.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_digit);
    for (index, byte) in bytes.iter().enumerate() {
        if *byte == b'_' && !(index > 0 && is_digit(index - 1) && is_digit(index + 1)) {
            return None;
        }
    }
    Some(text.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_read_as_python_reads_them() {
        let big = "1".repeat(40);
        for (text, expected) in [
            ("5", Ok(Value::Int(5))),
            (" 1 ", Ok(Value::Int(1))),
            ("+1", Ok(Value::Int(1))),
            ("-0", Ok(Value::Int(0))),
            ("1_000", Ok(Value::Int(1000))),
            ("007", Ok(Value::Int(7))),
            ("-9223372036854775808", Ok(Value::Int(i64::MIN))),
            (
                "9223372036854775808",
                Ok(Value::BigInt("9223372036854775808".into())),
            ),
            (&big, Ok(Value::BigInt(big.clone()))),
            (
                "00000000000000000000000000000000000000001",
                Err(NumberError::TooManyDigits),
            ),
            ("", Err(NumberError::Malformed)),
            ("+", Err(NumberError::Malformed)),
            ("1.0", Err(NumberError::Malformed)),
            ("0x10", Err(NumberError::Malformed)),
            ("1__0", Err(NumberError::Malformed)),
            ("_1", Err(NumberError::Malformed)),
            ("1_", Err(NumberError::Malformed)),
            ("- 1", Err(NumberError::Malformed)),
            ("--1", Err(NumberError::Malformed)),
            ("123L", Err(NumberError::Malformed)),
        ] {
            assert_eq!(integer(text), expected, "{text:?}");
        }
    }

    #[test]
    fn one_trailing_letter_is_tolerated_in_a_long() {
        assert_eq!(long(" 123L "), Ok(Value::Int(123)));
        assert_eq!(long("123"), Ok(Value::Int(123)));
        assert_eq!(long("123LL"), Err(NumberError::Malformed));
        assert_eq!(long("L"), Err(NumberError::Malformed));
        assert_eq!(long("12 L"), Err(NumberError::Malformed));
    }

    #[test]
    fn floats_read_as_python_reads_them() {
        for (text, expected) in [
            ("1", Ok(1.0)),
            ("1e5", Ok(1e5)),
            ("Infinity", Ok(f64::INFINITY)),
            ("-inf", Ok(f64::NEG_INFINITY)),
            (" .5 ", Ok(0.5)),
            ("5.", Ok(5.0)),
            ("1_0.2_5", Ok(10.25)),
            ("1e400", Ok(f64::INFINITY)),
            ("1,5", Err(NumberError::Malformed)),
            ("1_.5", Err(NumberError::Malformed)),
            ("i_nf", Err(NumberError::Malformed)),
            ("0x1p3", Err(NumberError::Malformed)),
            ("", Err(NumberError::Malformed)),
            (".", Err(NumberError::Malformed)),
        ] {
            assert_eq!(float(text), expected, "{text:?}");
        }
        assert!(float("NaN").unwrap().is_nan());
        assert!(float("-nan").unwrap().is_nan());
    }
}
