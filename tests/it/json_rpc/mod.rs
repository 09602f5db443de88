//! The JSON-RPC dialect, a file a group of methods: every method with its outcomes, as clients see
//! them. That shapes agree with the upstream schemas is shown by the conformance tests.

mod both_dialects;
mod computer;
mod input;
mod instance;
mod presets;
mod request;
mod software;
mod surface;

use axum::{
    body::Body,
    http::{Method, header},
};
use serde_json::{Value, json};

use crate::support::master::{Answer, RELEASE, TestMaster, request};

/// `POST /slapos.<method>` with these arguments, in the name of the instance on a partition if one
/// is given.
async fn call_as(
    master: &TestMaster,
    partition: Option<(&str, &str)>,
    method: &str,
    arguments: &Value,
) -> Answer {
    let mut call = request(Method::POST, &format!("/slapos.{method}"))
        .header(header::CONTENT_TYPE, "application/json");
    if let Some((computer, partition)) = partition {
        let identity =
            format!("X-SlapPartition computer_id={computer}, computer_partition_id={partition}");
        call = call.header(header::AUTHORIZATION, identity);
    }
    let body = Body::from(arguments.to_string());
    master.send(call.body(body).unwrap()).await
}

/// `POST /slapos.<method>` with these arguments.
async fn call(master: &TestMaster, method: &str, arguments: &Value) -> Answer {
    call_as(master, None, method, arguments).await
}

/// The result of a method that succeeds.
#[track_caller]
fn told(answer: Answer) -> Value {
    let answer = answer.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

/// The result of a method.
async fn result(master: &TestMaster, method: &str, arguments: &Value) -> Value {
    told(call(master, method, arguments).await)
}

/// A method that only says that it was done, with this title.
async fn done(master: &TestMaster, method: &str, arguments: &Value, title: &str) {
    let found = result(master, method, arguments).await;
    assert_eq!(
        found,
        json!({"type": "success", "title": title}),
        "{method}"
    );
}

/// A method that is refused with this status and type, and changes nothing; its title.
async fn refused(
    master: &TestMaster,
    method: &str,
    arguments: &Value,
    status: u16,
    kind: &str,
) -> String {
    let before = master.dump().await;
    let answer = call(master, method, arguments).await;
    let title = problem(&answer, status, kind);
    assert_eq!(master.dump().await, before, "{method} {arguments}");
    title
}

/// The title of a refusal with this status and type: a body of three keys.
#[track_caller]
fn problem(answer: &Answer, status: u16, kind: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    let title = body["title"].as_str().unwrap().to_owned();
    assert_eq!(
        body,
        json!({"status": status, "type": kind, "title": title}),
    );
    title
}

/// A request of [`RELEASE`].
fn wanted(title: &str) -> Value {
    json!({"title": title, "software_release_uri": RELEASE, "software_type": "default"})
}

/// The same with more keys.
fn with(mut value: Value, more: Value) -> Value {
    let Value::Object(more) = more else {
        panic!("{more} is no object");
    };
    value.as_object_mut().unwrap().extend(more);
    value
}

/// A request that is answered with the instance.
async fn requested(master: &TestMaster, arguments: &Value) -> Value {
    result(master, "post.v0.software_instance", arguments).await
}

/// An instance as it is told by its guid.
async fn instance(master: &TestMaster, guid: &str) -> Value {
    let arguments = json!({"instance_guid": guid});
    result(master, "get.v0.software_instance", &arguments).await
}

/// The guid of an instance that was told.
fn guid(told: &Value) -> &str {
    told["instance_guid"].as_str().unwrap()
}

/// What is answered in place of an instance that is not there to be told.
fn not_ready() -> Value {
    json!({
        "message": "Software Instance Not Ready",
        "name": "SoftwareInstanceNotReady",
        "status": 102,
    })
}

/// A world with one computer of so many partitions.
async fn formatted(partitions: usize) -> TestMaster {
    let master = TestMaster::start().await;
    master.format("COMP-1", partitions).await;
    master
}

/// `COMP-1`.
fn on_computer() -> Value {
    json!({"computer_guid": "COMP-1"})
}
