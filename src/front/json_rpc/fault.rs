//! How fault rules see the methods.

use axum::{
    body::Bytes,
    http::{HeaderValue, StatusCode, request::Parts},
    response::Response,
};
use serde_json::{Value, json};

use crate::{
    domain::{call::Dialect, instance::InstanceName},
    front::faults::{Forms, Named},
};

use super::answer;

/// Methods that a computer calls about itself, where nobody proves anything (`semantics.md` 10.5).
const OF_COMPUTERS: [&str; 7] = [
    "slapos.put.v0.compute_node_format",
    "slapos.put.v0.compute_node_bang",
    "slapos.post.v0.compute_node_usage",
    "slapos.allDocs.v0.compute_node_instance_list",
    "slapos.allDocs.v0.compute_node_software_installation_list",
    "slapos.put.v0.software_installation_reported_state",
    "slapos.put.v0.software_installation_error",
];
/// Methods whose `title` is that of the instance that they are about.
const OF_TITLES: [&str; 2] = [
    "slapos.post.v0.software_instance",
    "slapos.get.v0.instance_tree",
];

/// The dialect's forms.
pub(in crate::front) static FORMS: Forms = Forms {
    dialect: Dialect::JsonRpc,
    named,
    not_ready: answer::not_ready,
    refusal,
    content_type: HeaderValue::from_static("application/json"),
};

/// What a call names; nothing, if it cannot be read.
fn named(call: &str, _: &Parts, body: &Bytes) -> Named {
    let Ok(arguments) = serde_json::from_slice::<Value>(body) else {
        return Named::default();
    };
    let text = |key: &str| {
        arguments
            .get(key)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let mut named = Named {
        computer: text("computer_guid"),
        partition: text("compute_partition_id"),
        title: text("title").filter(|_| OF_TITLES.contains(&call)),
        instance: text("instance_guid").map(InstanceName::Guid),
        by_computer: OF_COMPUTERS.contains(&call),
    };
    if named.instance.is_none() {
        named.instance = named.at().map(InstanceName::On);
    }
    named
}

/// The three keys of every refusal (`json-rpc.md` 2.1).
fn refusal(status: StatusCode, sentence: &str) -> Response {
    let value = json!({ "status": status.as_u16(), "type": "fault", "title": sentence });
    answer::json(status, &value)
}
