//! Rules as the database keeps them: the JSON of what was written.

use serde_json::{Map, Number, Value};

use crate::domain::given::Given;

/// What was written, as text.
pub(super) fn text(given: &Given) -> String {
    value(given).to_string()
}

/// What a text says that [`text`] made.
pub(super) fn given(text: &str) -> Option<Given> {
    serde_json::from_str(text).ok().map(from)
}

fn value(given: &Given) -> Value {
    match given {
        Given::Nothing => Value::Null,
        Given::Flag(flag) => (*flag).into(),
        Given::Integer(number) => i64::try_from(*number).map_or(Value::Null, Value::from),
        Given::Float(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        Given::Text(text) => text.as_str().into(),
        Given::List(items) => items.iter().map(value).collect(),
        Given::Map(pairs) => {
            let pairs = pairs.iter();
            let members: Map<_, _> = pairs.map(|(key, of)| (key.clone(), value(of))).collect();
            members.into()
        }
    }
}

fn from(value: Value) -> Given {
    match value {
        Value::Null => Given::Nothing,
        Value::Bool(flag) => Given::Flag(flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Given::Integer(whole.into()),
            None => number.as_f64().map_or(Given::Nothing, Given::Float),
        },
        Value::String(text) => Given::Text(text),
        Value::Array(items) => Given::List(items.into_iter().map(from).collect()),
        Value::Object(members) => {
            let members = members.into_iter();
            Given::Map(members.map(|(key, of)| (key, from(of))).collect())
        }
    }
}
