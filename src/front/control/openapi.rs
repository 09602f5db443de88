//! What can be called, for programs: the operations of this surface, and the document of all.

use std::ops::RangeInclusive;

use axum::{Extension, response::Response};
use serde_json::{Map, Value, json};

use crate::front::openapi::{self, Description};

use super::{OPEN_ROUTES, OPERATIONS, ROUTES, Route, StatusCode, examples, render};

/// What makes the document, which describes more than this surface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document(pub(super) fn() -> Value);

/// `GET /_mock/openapi.json`.
pub(super) static DOCUMENT: Operation = Operation::read(
    "This description",
    Answer::Other(StatusCode::OK, "application/json"),
);

/// `GET /_mock/openapi.json`: what can be called, in OpenAPI 3.1.
pub(super) async fn document(Extension(Document(make)): Extension<Document>) -> Response {
    render::json(StatusCode::OK, &make())
}

/// A call, what it takes and what it answers.
#[derive(Debug)]
pub(super) struct Operation {
    /// What it does, in a few words.
    pub(super) summary: &'static str,
    /// The parameters of its query string.
    pub(super) query: &'static [Key],
    /// The keys of its body.
    pub(super) body: Body,
    /// The answer where it is done.
    pub(super) answer: Answer,
}

impl Operation {
    /// A read without parameters.
    pub(super) const fn read(summary: &'static str, answer: Answer) -> Self {
        Self {
            summary,
            query: &[],
            body: Body::None,
            answer,
        }
    }
}

/// What a call takes as its body.
#[derive(Debug)]
pub(super) enum Body {
    /// Nothing.
    None,
    /// An object with these keys.
    Keys(&'static [Key]),
    /// An object with these keys, a fixture in YAML, or nothing.
    KeysOrYaml(&'static [Key]),
    /// An object with one of these keys.
    OneOf(&'static [Key]),
    /// A fixture, in YAML or JSON.
    Fixture,
    /// An object with at least one of these keys.
    SomeOf(&'static [Key]),
}

/// The answer to a call that is done.
#[derive(Debug)]
pub(super) enum Answer {
    /// A JSON object with these groups of keys.
    Json(StatusCode, &'static [&'static [Key]]),
    /// The same, of what was made now (201) or was there (200).
    MadeOrThere(&'static [&'static [Key]]),
    /// Nothing but the status.
    Nothing(StatusCode),
    /// Something of this media type.
    Other(StatusCode, &'static str),
    /// Something of one of these media types.
    Either(StatusCode, &'static [&'static str]),
}

/// A key of a JSON object or of a query string.
#[derive(Debug)]
pub(super) struct Key {
    /// How it is written.
    pub(super) name: &'static str,
    kind: Kind,
    needed: bool,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// A text, or `null`.
    TextOrNull,
    /// A whole number, or `null`.
    IntegerOrNull,
    /// An object with any keys.
    Anything,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number.
    Integer(RangeInclusive<i64>),
    /// `true` or `false`.
    Flag,
    /// A point in time.
    Time,
    /// A point in time, or `null`.
    TimeOrNull,
    /// A list of objects with these keys.
    List(&'static [Key]),
    /// A list of objects with these groups of keys.
    Lists(&'static [&'static [Key]]),
    /// A list of texts.
    Texts,
    /// A list of so many values of a kind.
    Items(&'static Kind, RangeInclusive<usize>),
    /// A list of values of a kind.
    Many(&'static Kind),
    /// An object with these keys.
    Object(&'static [Key]),
    /// An object of texts under any keys.
    Dictionary,
    /// An object of texts and whole numbers under any keys, up to so many.
    TextsOrNumbers(usize),
    /// An object of texts, numbers, `true` and `false` under any keys.
    Scalars,
    /// `null`.
    Null,
    /// A text, or a number that is written as one.
    TextOrNumber,
    /// A number of seconds.
    Seconds,
    /// A number.
    AnyNumber,
    /// A number within bounds, whole or not.
    Number(RangeInclusive<i64>),
    /// A number from 0 to 1.
    Fraction,
    /// One of these kinds.
    Either(&'static [Kind]),
}

/// A key that is always there.
pub(super) const fn need(name: &'static str, kind: Kind) -> Key {
    Key {
        name,
        kind,
        needed: true,
    }
}

/// A key that may be there.
pub(super) const fn may(name: &'static str, kind: Kind) -> Key {
    Key {
        name,
        kind,
        needed: false,
    }
}

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From the caller: a key whose value is `null` counts as not given (`read.rs`).
    In,
    /// To the caller.
    Out,
}

impl Key {
    fn schema(&self, way: Way) -> Value {
        let schema = self.kind.schema(way);
        if self.needed || way == Way::Out {
            schema
        } else {
            json!({ "anyOf": [schema, { "type": "null" }] })
        }
    }
}

impl Kind {
    fn schema(&self, way: Way) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::TextOrNull => json!({ "type": ["string", "null"] }),
            Self::IntegerOrNull => json!({ "type": ["integer", "null"] }),
            Self::Anything => json!({ "type": "object" }),
            Self::Word(words) => json!({ "type": "string", "enum": words }),
            Self::Integer(range) => {
                json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() })
            }
            Self::Flag => json!({ "type": "boolean" }),
            Self::Time => json!({ "type": "string", "format": "date-time" }),
            Self::TimeOrNull => json!({ "type": ["string", "null"], "format": "date-time" }),
            Self::List(keys) => json!({ "type": "array", "items": object(way, *keys) }),
            Self::Lists(groups) => {
                json!({ "type": "array", "items": object(way, groups.iter().copied().flatten()) })
            }
            Self::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Self::Items(kind, count) => json!({
                "type": "array",
                "items": kind.schema(way),
                "minItems": count.start(),
                "maxItems": count.end(),
            }),
            Self::Many(kind) => json!({ "type": "array", "items": kind.schema(way) }),
            Self::Object(keys) => object(way, *keys),
            Self::Dictionary => {
                json!({ "type": "object", "additionalProperties": { "type": "string" } })
            }
            Self::TextsOrNumbers(most) => json!({
                "type": "object",
                "additionalProperties": { "type": ["string", "integer"] },
                "maxProperties": most,
            }),
            Self::Scalars => json!({
                "type": "object",
                "additionalProperties": { "type": ["string", "number", "boolean"] },
            }),
            Self::Null => json!({ "type": "null" }),
            Self::TextOrNumber => json!({ "type": ["string", "integer"] }),
            Self::Seconds => json!({ "type": "number", "minimum": 0 }),
            Self::AnyNumber => json!({ "type": "number" }),
            Self::Number(range) => {
                json!({ "type": "number", "minimum": range.start(), "maximum": range.end() })
            }
            Self::Fraction => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
            Self::Either(kinds) => {
                let schemas: Vec<Value> = kinds.iter().map(|kind| kind.schema(way)).collect();
                json!({ "anyOf": schemas })
            }
        }
    }
}

fn object(way: Way, keys: impl IntoIterator<Item = &'static Key>) -> Value {
    let keys = keys.into_iter();
    let mut schema = openapi::object(keys.map(|key| (key.name, key.needed, key.schema(way))));
    schema.insert("additionalProperties".to_owned(), false.into());
    schema.into()
}

/// An object of whose keys one is given, or at least one, as the word says; `null` is not given.
fn given_of(keys: &'static [Key], word: &str) -> Value {
    let mut schema = object(Way::In, keys);
    let given = keys.iter().map(|key| {
        let given = json!({ key.name: { "not": { "type": "null" } } });
        json!({ "required": [key.name], "properties": given })
    });
    if let Value::Object(members) = &mut schema {
        members.insert(word.to_owned(), given.collect());
    }
    schema
}

/// What this surface says of itself.
pub(in crate::front) fn describe() -> Description {
    let problem = openapi::object([
        ("type", true, json!({ "type": "string" })),
        ("title", true, json!({ "type": "string" })),
        ("status", true, json!({ "type": "integer" })),
        ("detail", true, json!({ "type": "string" })),
    ]);
    let operations = ROUTES.iter().zip(OPERATIONS);
    Description {
        name: "control",
        about: "What tests do with the mock master itself; no part of the protocol.",
        scheme: json!({
            "type": "http",
            "scheme": "bearer",
            "description": "The control token, where the server was given one.",
        }),
        refusal: json!({
            "description": "Not done, and why (RFC 9457).",
            "content": { "application/problem+json": { "schema": problem } },
        }),
        operations: operations
            .map(|(route, operation)| {
                (
                    route.method.clone(),
                    route.path,
                    described(route, operation),
                )
            })
            .collect(),
    }
}

fn described(route: &Route, operation: &Operation) -> Value {
    let chosen = route.path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        let schema = match name {
            // What callers name themselves.
            "name" => json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,100}$" }),
            _ => json!({ "type": "string" }),
        };
        Some(json!({ "name": name, "in": "path", "required": true, "schema": schema }))
    });
    let asked = operation.query.iter().map(|key| {
        json!({
            "name": key.name, "in": "query", "required": key.needed, "schema": key.kind.schema(Way::In),
        })
    });
    let parameters: Vec<Value> = chosen.chain(asked).collect();
    let of_keys = |groups: &'static [&'static [Key]]| {
        let schema = object(Way::Out, groups.iter().copied().flatten());
        json!({ "application/json": { "schema": schema } })
    };
    let (statuses, content) = match &operation.answer {
        Answer::Json(status, groups) => (vec![*status], of_keys(groups)),
        Answer::MadeOrThere(groups) => (vec![StatusCode::CREATED, StatusCode::OK], of_keys(groups)),
        Answer::Nothing(status) => (vec![*status], json!({})),
        Answer::Other(status, kind) => (vec![*status], json!({ *kind: {} })),
        Answer::Either(status, kinds) => {
            let kinds = kinds.iter().map(|kind| ((*kind).to_owned(), json!({})));
            (vec![*status], Value::Object(kinds.collect()))
        }
    };
    let answers = statuses.into_iter().map(|status| {
        let answer = json!({ "description": status.canonical_reason(), "content": content });
        (status.as_str().to_owned(), answer)
    });
    let answers: Map<String, Value> = answers.collect();
    let mut described = json!({
        "summary": operation.summary,
        "parameters": parameters,
        "responses": answers,
    });
    let body = match operation.body {
        Body::None => None,
        Body::Fixture => Some(json!({ "type": "object" })),
        Body::Keys(keys) | Body::KeysOrYaml(keys) => Some(object(Way::In, keys)),
        Body::OneOf(keys) => Some(given_of(keys, "oneOf")),
        Body::SomeOf(keys) => Some(given_of(keys, "anyOf")),
    };
    if let Value::Object(members) = &mut described {
        if let Some(schema) = body {
            let mut media_type = json!({ "schema": schema });
            if let (Value::Object(media_type), Some(example)) =
                (&mut media_type, examples::of(route))
            {
                media_type.insert("example".to_owned(), example);
            }
            let mut content = json!({ "application/json": media_type });
            let is_needed = !matches!(operation.body, Body::KeysOrYaml(_));
            let yaml = match operation.body {
                Body::KeysOrYaml(_) => Some(json!({ "schema": { "type": "string" } })),
                Body::Fixture => Some(json!({ "schema": {} })),
                Body::None | Body::Keys(_) | Body::OneOf(_) | Body::SomeOf(_) => None,
            };
            if let (Some(yaml), Value::Object(kinds)) = (yaml, &mut content) {
                kinds.insert("application/yaml".to_owned(), yaml);
            }
            let body = json!({ "required": is_needed, "content": content });
            members.insert("requestBody".to_owned(), body);
        }
        if OPEN_ROUTES.contains(route) {
            members.insert("security".to_owned(), json!([]));
        }
    }
    described
}
