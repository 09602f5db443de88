//! The rows of the JSON-RPC dialect. What is looked for by its guid or title is not found by who
//! may not read it: 403, as if it were not there (`json-rpc.md` 3.2).

use serde_json::{Value, json};

use super::{
    cast::LEAVING,
    rows::{ANYBODY, CHANGES_COMPUTER, EQUIPS, READS_COMPUTER, REPORT, Row, method},
};
use crate::support::master::RELEASE;

/// Who may read and change the instance on slappart0 of COMP-1, by its guid.
const INSTANCE: [u16; 6] = [200, 403, 200, 403, 200, 403];
/// The same by its place: who may not read the computer is refused before.
const PLACE: [u16; 6] = [200, 403, 200, 401, 200, 403];
/// The owner of the tree alone.
const OWNER: [u16; 6] = [200, 403, 403, 403, 403, 403];
/// Who may change COMP-1, which has a certificate already.
const CERTIFIED: [u16; 6] = [403, 401, 403, 401, 401, 401];

fn on_computer(mut more: Value) -> Value {
    more["computer_guid"] = "COMP-1".into();
    more
}

/// The root instance of `web`.
fn of_instance(mut more: Value) -> Value {
    more["instance_guid"] = "SOFTINST-1".into();
    more
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = computer_rows();
    rows.extend(tree_rows());
    rows.extend(instance_rows());
    rows
}

fn computer_rows() -> Vec<Row> {
    let computer = on_computer(json!({}));
    let partitions: Vec<Value> = (0..4)
        .map(|n| json!({"partition_id": format!("slappart{n}")}))
        .collect();
    let format = "/slapos.put.v0.compute_node_format";
    let software = |more: Value| {
        let mut arguments = on_computer(more);
        arguments["software_release_uri"] = RELEASE.into();
        arguments
    };
    let reported = "/slapos.put.v0.software_installation_reported_state";
    let gone = json!({"software_release_uri": LEAVING, "reported_state": "destroyed"});
    vec![
        method(
            "json format",
            format,
            &on_computer(json!({"compute_partition_list": partitions})),
            CHANGES_COMPUTER,
        ),
        method(
            "json format of a new computer",
            format,
            &json!({"computer_guid": "COMP-9", "compute_partition_list": []}),
            EQUIPS,
        ),
        method(
            "json computer bang",
            "/slapos.put.v0.compute_node_bang",
            &on_computer(json!({"message": "x"})),
            CHANGES_COMPUTER,
        ),
        method(
            "json computer status",
            "/slapos.get.v0.compute_node_status",
            &computer,
            READS_COMPUTER,
        ),
        method(
            "json usage",
            "/slapos.post.v0.compute_node_usage",
            &on_computer(json!({"tioxml": REPORT})),
            CHANGES_COMPUTER,
        ),
        method(
            "json certificate while one is valid",
            "/slapos.post.v0.compute_node_certificate",
            &computer,
            CERTIFIED,
        ),
        method(
            "json revocation",
            "/slapos.remove.v0.compute_node_certificate",
            &computer,
            CHANGES_COMPUTER,
        ),
        method(
            "json instances of a computer",
            "/slapos.allDocs.v0.compute_node_instance_list",
            &computer,
            ANYBODY,
        ),
        method(
            "json software of a computer",
            "/slapos.allDocs.v0.compute_node_software_installation_list",
            &computer,
            ANYBODY,
        ),
        method(
            "json computers",
            "/slapos.allDocs.WIP.compute_node_list",
            &json!({}),
            ANYBODY,
        ),
        method(
            "json supply",
            "/slapos.post.v0.software_installation",
            &software(json!({})),
            EQUIPS,
        ),
        method(
            "json software report",
            reported,
            &software(json!({"reported_state": "building"})),
            CHANGES_COMPUTER,
        ),
        method(
            "json software gone",
            reported,
            &on_computer(gone),
            CHANGES_COMPUTER,
        ),
        method(
            "json software error",
            "/slapos.put.v0.software_installation_error",
            &software(json!({"message": "x"})),
            CHANGES_COMPUTER,
        ),
    ]
}

fn tree_rows() -> Vec<Row> {
    vec![
        method(
            "json request",
            "/slapos.post.v0.software_instance",
            &json!({
                "title": "new",
                "software_release_uri": RELEASE,
                "software_type": "default",
                "sla_parameters": {"computer_guid": "COMP-1"},
            }),
            // A computer requests nothing for itself.
            [200, 200, 403, 403, 200, 200],
        ),
        method(
            "json tree",
            "/slapos.get.v0.instance_tree",
            &json!({"title": "web"}),
            OWNER,
        ),
        method(
            "json trees",
            "/slapos.allDocs.v0.instance_tree_list",
            &json!({}),
            ANYBODY,
        ),
        method(
            "json hateoas url",
            "/slapos.get.v0.hateoas_url",
            &json!({}),
            ANYBODY,
        ),
    ]
}

fn instance_rows() -> Vec<Row> {
    let instance = of_instance(json!({}));
    let partition = on_computer(json!({"compute_partition_id": "slappart0"}));
    let mut rows = vec![
        method(
            "json partition",
            "/slapos.get.v0.compute_partition",
            &partition,
            PLACE,
        ),
        method(
            "json instance",
            "/slapos.get.v0.software_instance",
            &instance,
            INSTANCE,
        ),
        method(
            "json instance certificate",
            "/slapos.get.v0.software_instance_certificate",
            &instance,
            INSTANCE,
        ),
        method(
            "json hosted instances",
            "/slapos.allDocs.v0.instance_node_instance_list",
            &instance,
            INSTANCE,
        ),
        method(
            "json error",
            "/slapos.put.v0.software_instance_error",
            &of_instance(json!({"message": "x"})),
            INSTANCE,
        ),
        method(
            "json bang",
            "/slapos.put.v0.software_instance_bang",
            &of_instance(json!({"message": "x"})),
            INSTANCE,
        ),
        method(
            "json rename",
            "/slapos.put.v0.software_instance_title",
            &of_instance(json!({"title": "other name"})),
            INSTANCE,
        ),
        method(
            "json connection parameters",
            "/slapos.put.v0.software_instance_connection_parameter",
            &of_instance(json!({"connection_parameter_dict": {"a": "b"}})),
            INSTANCE,
        ),
    ];
    for (name, state) in [
        ("json started", "started"),
        ("json stopped", "stopped"),
        ("json destroyed", "destroyed"),
    ] {
        rows.push(method(
            name,
            "/slapos.put.v0.software_instance_reported_state",
            &of_instance(json!({"reported_state": state})),
            INSTANCE,
        ));
    }
    rows
}
