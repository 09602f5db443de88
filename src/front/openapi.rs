//! How dialects describe themselves, and the one document in OpenAPI 3.1 that is made of it.

use axum::http::Method;
use serde_json::{Map, Value, json};

/// What a dialect says of itself.
#[derive(Debug)]
pub(super) struct Description {
    /// Its name, and that of its refusal and its proof of identity among the components.
    pub(super) name: &'static str,
    /// What it is, in a sentence.
    pub(super) about: &'static str,
    /// How a caller proves who it is, where that is asked for: a security scheme.
    pub(super) scheme: Value,
    /// The answer to what it does not do: a response.
    pub(super) refusal: Value,
    /// Method, path and operation of every call. What all calls have in common is added.
    pub(super) operations: Vec<(Method, &'static str, Value)>,
}

/// The document that describes these dialects.
pub(super) fn document(descriptions: Vec<Description>) -> Value {
    let mut tags = Vec::new();
    let mut schemes = Map::new();
    let mut refusals = Map::new();
    let mut paths = Map::new();
    for Description {
        name,
        about,
        scheme,
        refusal,
        operations,
    } in descriptions
    {
        tags.push(json!({ "name": name, "description": about }));
        schemes.insert(name.to_owned(), scheme);
        refusals.insert(name.to_owned(), refusal);
        for (method, path, mut operation) in operations {
            let refusal = format!("#/components/responses/{name}");
            if let Value::Object(members) = &mut operation {
                members.insert("tags".to_owned(), json!([name]));
                if let Some(Value::Object(answers)) = members.get_mut("responses") {
                    answers.insert("default".to_owned(), json!({ "$ref": refusal }));
                }
                members
                    .entry("security")
                    // With proof or without: which it is depends on the settings.
                    .or_insert_with(|| json!([{ name: [] }, {}]));
            }
            let item = paths.entry(path).or_insert_with(|| json!({}));
            if let Value::Object(item) = item {
                item.insert(method.as_str().to_ascii_lowercase(), operation);
            }
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": env!("CARGO_PKG_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
            "description": env!("CARGO_PKG_DESCRIPTION"),
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
        "components": { "securitySchemes": schemes, "responses": refusals },
    })
}

/// An object with these keys: name, whether it is needed, schema.
pub(super) fn object(
    keys: impl IntoIterator<Item = (&'static str, bool, Value)>,
) -> Map<String, Value> {
    let mut needed = Vec::new();
    let mut properties = Map::new();
    for (name, is_needed, schema) in keys {
        if is_needed {
            needed.push(name);
        }
        properties.insert(name.to_owned(), schema);
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    schema.insert("required".to_owned(), needed.into());
    schema
}
