//! Values as JSON: [`read`] and [`of_value`].

mod read;

pub use read::{JsonError, read};

use super::{
    marshal::Value,
    python::{self, Float},
};

/// The value as JSON: what JSON has no word for becomes Python's text of it.
pub fn of_value(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::None => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) if number.is_finite() => (*number).into(),
        Value::Float(number) => Float(*number).to_string().into(),
        Value::Text(text) => text.as_ref().into(),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) => {
            items.iter().map(of_value).collect::<Vec<_>>().into()
        }
        Value::Dictionary(pairs) => pairs
            .iter()
            .map(|(key, value)| (python::str(key), of_value(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::BigInt(_) | Value::Complex(..) | Value::Object(_) => python::str(value).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_cannot_say_is_kept_as_text() {
        let value = Value::list([
            Value::Float(f64::NAN),
            Value::Float(1.5),
            Value::BigInt("99999999999999999999".to_owned()),
            Value::Dictionary(vec![(Value::Int(1), Value::None)]),
        ]);
        assert_eq!(
            of_value(&value).to_string(),
            r#"["nan",1.5,"99999999999999999999",{"1":null}]"#
        );
    }
}
