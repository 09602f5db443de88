//! When two keys are the same key.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::Write as _,
};

use super::Value;

/// Each key once, as a Python dictionary keeps it: at its first place, with its last value.
pub(super) fn last_wins(
    pairs: Vec<(Value<'static>, Value<'static>)>,
) -> Vec<(Value<'static>, Value<'static>)> {
    // What clients emit: texts in order, so each once.
    let texts_in_order = pairs.is_sorted_by(|(left, _), (right, _)| {
        matches!((left, right), (Value::Text(left), Value::Text(right)) if left < right)
    });
    if texts_in_order {
        return pairs;
    }
    let mut kept: Vec<(Value<'static>, Value<'static>)> = Vec::with_capacity(pairs.len());
    let mut places: HashMap<String, usize> = HashMap::with_capacity(pairs.len());
    for (key, value) in pairs {
        let mut identity = String::new();
        push_identity(&mut identity, &key);
        match places.entry(identity) {
            Entry::Occupied(place) => {
                if let Some(pair) = kept.get_mut(*place.get()) {
                    pair.1 = value;
                }
            }
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push((key, value));
            }
        }
    }
    kept
}

/// A text that is the same for two keys exactly when Python finds them equal: numbers by value,
/// whatever their type.
fn push_identity(out: &mut String, key: &Value<'_>) {
    // Writing to a string cannot fail.
    let _ = match key {
        Value::Text(text) => write!(out, "t{}:{text}", text.len()),
        Value::Bool(value) => write!(out, "n{};", u8::from(*value)),
        Value::Int(value) => write!(out, "n{value};"),
        Value::BigInt(digits) => write!(out, "n{digits};"),
        Value::Float(value) | Value::Complex(value, 0.0) => push_float_identity(out, *value),
        Value::Complex(real, imaginary) => {
            write!(out, "c{:x},{:x};", real.to_bits(), imaginary.to_bits())
        }
        Value::Tuple(items) => {
            out.push('(');
            for item in items {
                push_identity(out, item);
            }
            out.push(')');
            Ok(())
        }
        // Nothing, and what can never be a key.
        Value::None | Value::List(_) | Value::Set(_) | Value::Dictionary(_) | Value::Object(_) => {
            write!(out, "-")
        }
    };
}

fn push_float_identity(out: &mut String, value: f64) -> std::fmt::Result {
    if value == 0.0 {
        write!(out, "n0;")
    } else if value.is_finite() && value.fract() == 0.0 {
        write!(out, "n{value:.0};")
    } else {
        write!(out, "f{:x};", value.to_bits())
    }
}
