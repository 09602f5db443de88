//! What the dialect says of itself in OpenAPI: every method with the shape of its input.

use serde_json::{Value, json};

use crate::front::openapi::{self, Description};

use super::{INPUTS, ROUTES, schema::Shape};

/// What this dialect says of itself.
pub(in crate::front) fn describe() -> Description {
    let methods = ROUTES.iter().zip(INPUTS);
    let problem = openapi::object([
        ("status", true, json!({ "type": "integer" })),
        ("type", true, json!({ "type": "string" })),
        ("title", true, json!({ "type": "string" })),
    ]);
    Description {
        name: "json-rpc",
        about: "The JSON API of the protocol. Values of the right shape may still be refused.",
        scheme: json!({
            "type": "mutualTLS",
            "description": "A certificate of the authority, where callers prove who they are.",
        }),
        refusal: json!({
            "description": "Not done, and why.",
            "content": { "application/json": { "schema": problem } },
        }),
        operations: methods
            .map(|(route, input)| (route.method.clone(), route.path, method(route.path, input)))
            .collect(),
    }
}

fn method(path: &str, input: &Shape) -> Value {
    json!({
        "operationId": path.trim_start_matches('/'),
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": input.json_schema() } },
        },
        "responses": {
            "200": {
                "description": "The result.",
                "content": { "application/json": { "schema": { "type": "object" } } },
            },
        },
    })
}
