//! What computers say of themselves, what is said of them, and what is on them.

use std::collections::HashMap;

use axum::response::Response;
use serde_json::json;

use crate::{
    domain::{
        caller::Caller,
        computer::{Address, ComputerFormat, PartitionFormat},
        identifier::{ComputerReference, PartitionAddress, PartitionReference},
        text::InvalidValue,
    },
    front::status,
    master::{MasterError, Missing},
    xml::{consumption, json, marshal::Value},
};

use super::{
    Call, answer,
    error::{Answered as _, CallKind, Done as _, JsonRpcError},
    input::legal,
    render,
};

impl Call {
    /// Who calls about a computer. The computer itself is thereby seen (`semantics.md` 7.3).
    pub(super) async fn note_call(
        &self,
        computer: &ComputerReference,
    ) -> Result<Caller, JsonRpcError> {
        let caller = self.calling.about_computer(computer);
        self.master
            .note_call(&caller, computer)
            .await
            .answered(CallKind::Server, &self.master)?;
        Ok(caller)
    }
}

/// `put.v0.compute_node_format`: the computer has these partitions with these addresses.
///
/// Of partitions that are sent twice the last counts. An unknown computer is created, or refused
/// with 404 (C.11). Source: `json-rpc.md` 5.1.
pub(super) async fn format(call: &Call) -> Result<Response, JsonRpcError> {
    let format = read_format(call)?;
    call.master
        .format_computer(call.calling.about_computer(&format.reference), format)
        .await
        .answered(CallKind::Setup, &call.master)?;
    Ok(call.success("Format handled", || "Formatted".to_owned()))
}

/// `put.v0.compute_node_bang`: every instance on the computer shall be processed again (C.63).
/// Source: `json-rpc.md` 5.2.
pub(super) async fn bang(call: &Call) -> Result<Response, JsonRpcError> {
    let computer = call.arguments.computer();
    let message = call.arguments.text("message").to_owned();
    let caller = call.note_call(&computer).await?;
    let outcome = call
        .master
        .bang_computer(caller, computer, message)
        .await
        .done(CallKind::ComputerReport, &call.master)?;
    Ok(answer::reported(outcome.as_ref(), "Bang handled"))
}

/// `get.v0.compute_node_status`: what was last heard of a computer. Source: `json-rpc.md` 5.3.
pub(super) async fn status(call: &Call) -> Result<Response, JsonRpcError> {
    let computer = call.arguments.computer();
    let caller = call.calling.of_itself();
    call.master
        .note_call(&caller, &computer)
        .await
        .answered(CallKind::Computer, &call.master)?;
    let reading = call
        .master
        .computer_status(&caller, &computer)
        .await
        .answered(CallKind::Computer, &call.master)?;
    let told = status::dictionary(&reading);
    Ok(answer::result(&json::of_value(&told)))
}

/// `post.v0.compute_node_usage`: what the computer's instances consumed.
///
/// A report that does not have the required shape: 400 `INVALIDATE_TIOXML`. Source: `json-rpc.md`
/// 5.6.
pub(super) async fn usage(call: &Call) -> Result<Response, JsonRpcError> {
    let report = consumption::read(call.arguments.text("tioxml"))
        .map_err(|error| JsonRpcError::usage_report(format!("`tioxml`: {error}")))?;
    let computer = call.arguments.computer();
    let caller = call.note_call(&computer).await?;
    let outcome = call
        .master
        .report_usage(caller, computer, report)
        .await
        .done(CallKind::ComputerReport, &call.master)?;
    Ok(answer::reported(outcome.as_ref(), "Usage reported"))
}

/// `allDocs.v0.compute_node_instance_list`: the software instances on a computer, oldest first.
/// Source: `json-rpc.md` 5.7.
pub(super) async fn instances(call: &Call) -> Result<Response, JsonRpcError> {
    let computer = call.arguments.computer();
    let caller = call.note_call(&computer).await?;
    let listed = call
        .master
        .instances_on_computer(&caller, &computer)
        .await
        .done(CallKind::ComputerList, &call.master)?
        .unwrap_or_default();
    let style = call.style();
    Ok(answer::list(
        listed
            .iter()
            .map(|listed| render::on_computer(listed, style)),
    ))
}

/// `allDocs.v0.compute_node_software_installation_list`: the software that is asked for on a
/// computer, oldest first. Source: `json-rpc.md` 5.8.
pub(super) async fn software(call: &Call) -> Result<Response, JsonRpcError> {
    let computer = call.arguments.computer();
    let caller = call.note_call(&computer).await?;
    let listed = call
        .master
        .software_on_computer(&caller, &computer)
        .await
        .done(CallKind::ComputerList, &call.master)?
        .unwrap_or_default();
    Ok(answer::list(listed.iter().map(|installation| {
        json!({
            "software_release_uri": installation.release.as_str(),
            "state": installation.state.as_str(),
        })
    })))
}

/// `allDocs.WIP.compute_node_list`: every computer that the caller may read. Source: `json-rpc.md`
/// 5.25.
pub(super) async fn list(call: &Call) -> Result<Response, JsonRpcError> {
    let computers = call
        .master
        .computers(&call.calling.of_itself())
        .await
        .answered(CallKind::Server, &call.master)?;
    let rows = computers
        .iter()
        .map(|computer| json!({ "computer_guid": computer.as_str() }));
    Ok(answer::list(rows))
}

fn read_format(call: &Call) -> Result<ComputerFormat, JsonRpcError> {
    let sent = call.arguments.value();
    let computer = call.arguments.computer();
    // Nothing can bear an empty name, so that nothing of that name is known.
    if computer.as_str().is_empty() {
        return Err(MasterError::from(Missing::Computer(computer)))
            .answered(CallKind::Setup, &call.master);
    }
    let reference = ComputerReference::parse("computer_guid", computer.as_str())?;
    let mut partitions: Vec<PartitionFormat> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (index, value) in items(sent, "compute_partition_list").iter().enumerate() {
        let path = format!("compute_partition_list[{index}]");
        let partition = text(value, "partition_id");
        if partition.is_empty() {
            let at = PartitionAddress {
                computer: reference,
                partition: PartitionReference::trusted(String::new()),
            };
            return Err(MasterError::from(Missing::Partition(at)))
                .answered(CallKind::Setup, &call.master);
        }
        let place = places.entry(partition).or_insert(partitions.len());
        let partition = read_partition(&path, partition, value)?;
        match partitions.get_mut(*place) {
            Some(known) => *known = partition,
            None => partitions.push(partition),
        }
    }
    Ok(ComputerFormat {
        reference,
        details: None,
        partitions,
        document: json::of_value(sent).to_string(),
    })
}

fn read_partition(
    path: &str,
    reference: &str,
    value: &Value<'_>,
) -> Result<PartitionFormat, InvalidValue> {
    let reference = PartitionReference::parse(&format!("{path}.partition_id"), reference)?;
    let mut addresses = Vec::new();
    for (index, address) in items(value, "ip_list").iter().enumerate() {
        let path = format!("{path}.ip_list[{index}]");
        let field = |key: &str| -> Result<String, InvalidValue> {
            let text = text(address, key);
            legal(&format!("{path}.{key}"), text)?;
            Ok(text.to_owned())
        };
        addresses.push(Address {
            interface: field("network-interface")?,
            address: field("ip-address")?,
            netmask: field("netmask")?,
            gateway: field("gateway-ip-address")?,
            network: field("network-address")?,
        });
    }
    // A key that the schema does not name, and that may therefore hold anything.
    let mut capabilities = Vec::new();
    for capability in items(value, "capability_list") {
        if let Some(text) = capability.as_text() {
            legal(&format!("{path}.capability_list"), text)?;
            capabilities.push(text.to_owned());
        }
    }
    Ok(PartitionFormat {
        reference,
        tap_name: String::new(),
        addresses: Vec::new(),
        route: None,
        described: Some(addresses),
        capabilities,
    })
}

fn items<'v, 'x>(value: &'v Value<'x>, key: &str) -> &'v [Value<'x>] {
    value.get(key).and_then(Value::as_list).unwrap_or_default()
}

fn text<'v>(value: &'v Value<'_>, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_text).unwrap_or_default()
}
