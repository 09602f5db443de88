//! What calls of the control surface are told: JSON and query strings, read strictly.
//!
//! An unknown or repeated key is refused, with a suggestion where one is near: a misspelt filter
//! that was ignored would show everything. A key whose value is `null` counts as not given.

use std::{fmt, ops::RangeInclusive};

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use bytes::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use crate::{
    domain::{
        given::{Given, WrongValue},
        text::{InvalidValue, nearest},
        time::Timestamp,
    },
    front::{body, form::Form},
};

use super::{openapi::Key, problem::Problem};

/// How many bytes a body may have; none that is meant has a tenth of it.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// How many bytes a fixture may have.
const MAX_FIXTURE_BYTES: usize = 8 * 1024 * 1024;
/// The content type of a body.
const JSON: &str = "application/json";
/// What a fixture in YAML is said to be.
const YAML: [&str; 4] = [
    "application/yaml",
    "application/x-yaml",
    "text/yaml",
    "text/x-yaml",
];

/// The JSON object that is a call's body.
///
/// `Debug` shows its keys alone: a value may be a token.
#[derive(PartialEq)]
pub(super) struct Object(Vec<(String, Value)>);

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.0.iter().map(|(key, _)| key);
        f.debug_set().entries(keys).finish()
    }
}

impl<S: Sync> FromRequest<S> for Object {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        Ok(Self::parse(&body(request).await?)?)
    }
}

/// The body, which has to be said to be JSON.
async fn body(request: Request) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    check_content_type(&parts.headers)?;
    Ok(body::read(&parts.headers, body, MAX_BODY_BYTES).await?)
}

/// The media type of a body, as it is said to be.
fn media_type(headers: &HeaderMap) -> &str {
    let found = headers.get(header::CONTENT_TYPE);
    found
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .map_or("", str::trim)
}

/// Beside being right, this keeps web pages of elsewhere out: a browser sends no JSON for them
/// without asking first.
fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let found = headers.get(header::CONTENT_TYPE);
    if media_type(headers).eq_ignore_ascii_case(JSON) {
        return Ok(());
    }
    let found = found.map_or_else(
        || "missing".to_owned(),
        |value| format!("`{}`", value.as_bytes().escape_ascii()),
    );
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        format!("`Content-Type`: is {found}, `{JSON}` was expected"),
    ))
}

/// Refuses what is no JSON object, in which no key is there twice.
pub(super) fn check_object(body: &[u8]) -> Result<(), InvalidValue> {
    let Json(given) = parsed(body)?;
    if matches!(given, Given::Map(_)) {
        return Ok(());
    }
    Err(InvalidValue::new(
        "body",
        "is no object, a JSON object was expected",
    ))
}

/// What JSON of this type says.
fn parsed<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, InvalidValue> {
    serde_json::from_slice(body).map_err(|error| {
        let found = if body.is_empty() {
            "is empty".to_owned()
        } else {
            format!("is refused: {error}")
        };
        InvalidValue::new("body", format!("{found}; a JSON object was expected"))
    })
}

/// A body that may be an object, a fixture in YAML, or nothing.
#[derive(Debug)]
pub(super) enum Wanted {
    /// Nothing.
    Nothing,
    /// An object.
    Object(Object),
    /// A text that is said to be YAML.
    Yaml(String),
}

impl Wanted {
    /// Reads the body of a request.
    pub(super) async fn read(request: Request) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let kind = media_type(&parts.headers);
        let body = body::read(&parts.headers, body, MAX_FIXTURE_BYTES).await?;
        let is_yaml = YAML.iter().any(|yaml| kind.eq_ignore_ascii_case(yaml));
        if is_yaml {
            let text = String::from_utf8(body.into());
            return text.map(Self::Yaml).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                let reason = format!("is no UTF-8 at byte {at}");
                InvalidValue::new("body", reason).into()
            });
        }
        if body.is_empty() {
            return Ok(Self::Nothing);
        }
        check_content_type(&parts.headers)?;
        Ok(Self::Object(Object::parse(&body)?))
    }
}

impl Object {
    fn parse(body: &[u8]) -> Result<Self, InvalidValue> {
        parsed(body)
    }

    /// Refuses keys that are not among the `known`.
    pub(super) fn only(&self, known: &[Key]) -> Result<(), InvalidValue> {
        check_known(self.0.iter().map(|(key, _)| key.as_str()), known)
    }

    fn value(&self, key: &str) -> Option<&Value> {
        let (_, value) = self.0.iter().find(|(other, _)| other == key)?;
        Some(value).filter(|value| !value.is_null())
    }

    /// A text, if it is given.
    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, InvalidValue> {
        self.read(key, "a text", Value::as_str)
    }

    /// A text, or an object that is given in its place, as the JSON text that it is.
    pub(super) fn text_or_json(&self, key: &str) -> Result<Option<String>, InvalidValue> {
        self.read(key, "a text or an object", |value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Object(_) => serde_json::to_string_pretty(value).ok(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        })
    }

    /// A whole number, if it is given.
    pub(super) fn integer(&self, key: &str) -> Result<Option<i64>, InvalidValue> {
        self.read(key, "a whole number", Value::as_i64)
    }

    /// A whole number within a range, if it is given.
    pub(super) fn integer_in(
        &self,
        key: &str,
        range: &RangeInclusive<i64>,
    ) -> Result<Option<i64>, InvalidValue> {
        let found = self.integer(key)?;
        found.map(|number| within(key, number, range)).transpose()
    }

    /// The object that is a key's value, if it is given.
    pub(super) fn object(&self, key: &str) -> Result<Option<Self>, InvalidValue> {
        let members = self.read(key, "an object", Value::as_object)?;
        Ok(members.map(|members| Self(members.clone().into_iter().collect())))
    }

    /// Every key with its value, in the order in which they were given.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// `true` or `false`, if it is given.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, InvalidValue> {
        self.read(key, "`true` or `false`", Value::as_bool)
    }

    fn read<'v, T>(
        &'v self,
        key: &str,
        expected: &str,
        read: impl Fn(&'v Value) -> Option<T>,
    ) -> Result<Option<T>, InvalidValue> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        read(value).map(Some).ok_or_else(|| {
            let found = kind(value);
            InvalidValue::new(key, format!("is {found}, {expected} was expected"))
        })
    }
}

/// What a value is, in words: the value itself may be a secret.
pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number that does not fit",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Refuses keys that are not among the `known`.
fn check_known<'k>(keys: impl Iterator<Item = &'k str>, known: &[Key]) -> Result<(), InvalidValue> {
    let known: Vec<&'static str> = known.iter().map(|key| key.name).collect();
    for key in keys {
        if known.contains(&key) {
            continue;
        }
        let suggestion = nearest(key, known.iter().copied())
            .map_or_else(String::new, |near| format!(", perhaps `{near}` was meant"));
        let expected = if known.is_empty() {
            "nothing was expected".to_owned()
        } else {
            format!("expected were: `{}`", known.join("`, `"))
        };
        return Err(InvalidValue::new(
            key,
            format!("is not known here{suggestion}; {expected}"),
        ));
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object, A::Error> {
                pairs(map).map(Object)
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

/// The JSON value that is a call's body, of any depth.
#[derive(Debug)]
pub(super) struct Json(pub(super) Given);

impl<S: Sync> FromRequest<S> for Json {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        Ok(parsed(&body(request).await?)?)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;

        impl<'de> Visitor<'de> for Anything {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json(Given::Nothing))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
                Ok(Json(Given::Flag(flag)))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
                Ok(Json(Given::Integer(number.into())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
                Ok(Json(Given::Integer(number.into())))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
                Ok(Json(Given::Float(number)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Json, E> {
                Ok(Json(Given::Text(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                let mut list = Vec::new();
                while let Some(Json(item)) = items.next_element()? {
                    list.push(item);
                }
                Ok(Json(Given::List(list)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Json, A::Error> {
                let pairs = pairs(map)?.into_iter();
                let pairs = pairs.map(|(key, Json(value))| (key, value));
                Ok(Json(Given::Map(pairs.collect())))
            }
        }

        deserializer.deserialize_any(Anything)
    }
}

/// The keys of an object with their values; none may be there twice.
fn pairs<'de, V: Deserialize<'de>, A: MapAccess<'de>>(
    mut map: A,
) -> Result<Vec<(String, V)>, A::Error> {
    let mut pairs: Vec<(String, V)> = Vec::new();
    while let Some((key, value)) = map.next_entry::<String, V>()? {
        if pairs.iter().any(|(other, _)| *other == key) {
            let text = format!("the key `{key}` is there twice");
            return Err(serde::de::Error::custom(text));
        }
        pairs.push((key, value));
    }
    Ok(pairs)
}

impl From<WrongValue> for Problem {
    fn from(wrong: WrongValue) -> Self {
        InvalidValue::from(wrong).into()
    }
}

/// The parameters of a call's query string.
#[derive(Debug)]
pub(super) struct Query(Form);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(Form::of_query(parts.uri.query())?))
    }
}

impl Query {
    /// Refuses parameters that are not among the `known`.
    pub(super) fn only(&self, known: &[Key]) -> Result<(), InvalidValue> {
        check_known(self.0.names(), known)
    }

    /// A parameter, if it was sent.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, InvalidValue> {
        self.0.optional(name)
    }

    /// A parameter that is a whole number within a range, if it was sent.
    pub(super) fn integer_in(
        &self,
        name: &str,
        range: &RangeInclusive<i64>,
    ) -> Result<Option<i64>, InvalidValue> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let number = text.parse().map_err(|_| {
            let reason = format!("is `{text}`, a whole number was expected");
            InvalidValue::new(name, reason)
        })?;
        within(name, number, range).map(Some)
    }
}

fn within(key: &str, number: i64, range: &RangeInclusive<i64>) -> Result<i64, InvalidValue> {
    if range.contains(&number) {
        return Ok(number);
    }
    let (first, last) = (range.start(), range.end());
    let reason = format!("is {number}, a whole number from {first} to {last} was expected");
    Err(InvalidValue::new(key, reason))
}

/// One of these words, as a key's value.
pub(super) fn word<'w>(key: &str, text: &str, words: &[&'w str]) -> Result<&'w str, InvalidValue> {
    if let Some(known) = words.iter().find(|known| **known == text) {
        return Ok(known);
    }
    let suggestion = nearest(text, words.iter().copied())
        .map_or_else(String::new, |near| format!(", perhaps `{near}` was meant"));
    let expected = words.join("`, `");
    let reason = format!("is `{text}`{suggestion}; expected was one of `{expected}`");
    Err(InvalidValue::new(key, reason))
}

/// A point in time, as it is shown: `2026-11-23T08:30:00Z`.
pub(super) fn time(key: &str, text: &str) -> Result<Timestamp, InvalidValue> {
    Timestamp::from_rfc3339(text).ok_or_else(|| {
        let reason = format!("is `{text}`, a time like `2026-11-23T08:30:00Z` was expected");
        InvalidValue::new(key, reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::control::openapi::{Kind, may};

    fn refused(body: &str) -> String {
        Object::parse(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn an_object_is_read_by_its_keys() {
        let body = br#"{"a": "x", "b": 7, "c": true, "d": null}"#;
        let object = Object::parse(body).unwrap();
        assert_eq!(object.text("a"), Ok(Some("x")));
        assert_eq!(object.integer("b"), Ok(Some(7)));
        assert_eq!(object.flag("c"), Ok(Some(true)));
        assert_eq!(object.text("d"), Ok(None));
        assert_eq!(object.text("e"), Ok(None));
        assert_eq!(
            object.only(&["a", "b", "c", "d"].map(|name| may(name, Kind::Text))),
            Ok(())
        );
        assert_eq!(format!("{object:?}"), r#"{"a", "b", "c", "d"}"#);
    }

    #[test]
    fn what_is_no_object_is_refused_and_so_is_a_key_that_is_there_twice() {
        for body in ["[]", "7", "\"x\"", "null", "{", "{}x", "{\"a\":}"] {
            let text = refused(body);
            assert!(text.starts_with("`body`: is refused: "), "{body}: {text}");
            assert!(text.ends_with("; a JSON object was expected"), "{text}");
        }
        assert_eq!(refused(""), "`body`: is empty; a JSON object was expected");
        let twice = refused(r#"{"a": 1, "a": 1}"#);
        assert!(twice.contains("the key `a` is there twice"), "{twice}");
    }

    #[test]
    fn a_value_of_another_type_is_refused_without_being_quoted() {
        let body = br#"{"a": "hunter2", "b": 1.5, "c": ["hunter2"]}"#;
        let object = Object::parse(body).unwrap();
        let text = |refused: InvalidValue| refused.to_string();
        assert_eq!(
            object.integer("a").map_err(text),
            Err("`a`: is a text, a whole number was expected".to_owned())
        );
        assert_eq!(
            object.integer("b").map_err(text),
            Err("`b`: is a number that does not fit, a whole number was expected".to_owned())
        );
        assert_eq!(
            object.flag("c").map_err(text),
            Err("`c`: is a list, `true` or `false` was expected".to_owned())
        );
    }

    #[test]
    fn an_unknown_key_is_refused_with_a_suggestion() {
        let object = Object::parse(br#"{"computr": "x"}"#).unwrap();
        assert_eq!(
            object
                .only(&["computer", "user"].map(|name| may(name, Kind::Text)))
                .unwrap_err()
                .to_string(),
            "`computr`: is not known here, perhaps `computer` was meant; \
             expected were: `computer`, `user`"
        );
        assert_eq!(
            object.only(&[]).unwrap_err().to_string(),
            "`computr`: is not known here; nothing was expected"
        );
    }
}
