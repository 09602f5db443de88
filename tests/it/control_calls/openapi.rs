//! The description of what can be called. That its schemas tell the truth is shown by the
//! conformance tests, which have a validator.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use slapmaster::front::{
    control::{self, OPEN_ROUTES},
    json_rpc,
};

use crate::support::master::TestMaster;

async fn document() -> Value {
    let master = TestMaster::start().await;
    let answer = master.read("/_mock/openapi.json", &[]).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

/// Every operation: method, path, and what is said of it.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push((method.to_ascii_uppercase(), path.clone(), operation.clone()));
        }
    }
    found
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let described: BTreeSet<(String, String)> = operations(&document().await)
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect();
    let routes: BTreeSet<(String, String)> = control::ROUTES
        .iter()
        .chain(json_rpc::ROUTES)
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .collect();
    assert_eq!(described, routes);
}

#[tokio::test]
async fn the_description_is_whole() {
    let document = document().await;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "slapmaster");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["control"]["scheme"], "bearer");
    assert_eq!(schemes["json-rpc"]["type"], "mutualTLS");
    for (method, path, operation) in operations(&document) {
        let answers = operation["responses"].as_object().unwrap();
        let done = answers.iter().find(|(status, _)| status.starts_with('2'));
        assert!(done.unwrap().1["description"].is_string(), "{path}");
        let refusal = answers["default"]["$ref"].as_str().unwrap();
        let place = refusal.strip_prefix('#').unwrap();
        assert!(document.pointer(place).unwrap()["content"].is_object());
        let body = &operation["requestBody"];
        let takes_one = ["POST", "PUT"].contains(&method.as_str());
        assert_eq!(body.is_object(), takes_one, "{path}");
        // A world can be made of nothing.
        let needs_one = takes_one && path != "/_mock/v1/worlds/{name}";
        assert_eq!(body["required"] == true, needs_one, "{path}");
        let parameters = operation["parameters"].as_array();
        let in_path = parameters.map_or(0, |parameters| {
            parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .inspect(|parameter| {
                    let name = parameter["name"].as_str().unwrap();
                    assert!(path.contains(&format!("{{{name}}}")), "{path}");
                    assert_eq!(parameter["required"], true);
                })
                .count()
        });
        assert_eq!(in_path, path.matches('{').count(), "{path}");
        let is_open = OPEN_ROUTES.iter().any(|route| route.path == path);
        let tag = operation["tags"][0].as_str().unwrap();
        let expected = if is_open {
            json!([])
        } else {
            json!([{ tag: [] }, {}])
        };
        assert_eq!(operation["security"], expected, "{path}");
    }
    let filters = document["paths"]["/_mock/v1/certificates"]["get"]["parameters"].clone();
    let names: Vec<&str> = filters
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["computer", "instance", "user", "status"]);
}
