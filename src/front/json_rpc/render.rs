//! What is told, as JSON (`json-rpc.md` 4 and 5).
//!
//! The switches that change how things look (`guid.style`, `timestamp.format`) are read here, in
//! [`Style`], and nowhere else in this dialect.

use serde_json::{Value, json};

use crate::{
    domain::{
        behaviour::{Behaviour, GuidStyle, TimestampFormat},
        computer::Address,
        guid::ProxyGuid,
        identifier::{InstanceReference, Title},
        parameters::Parameters,
        request::RequestInstance,
        state::InstanceKind,
        time::Timestamp,
    },
    front::{fake_frontend::Invented, forward::Told},
    master::{InstanceView, ListedInstance},
    xml::{json, marshal},
};

/// The SLA key whose value is a number.
const RETENTION_DELAY: &str = "retention_delay";

/// How references and times look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    guid: GuidStyle,
    timestamp: TimestampFormat,
}

impl From<&Behaviour> for Style {
    fn from(behaviour: &Behaviour) -> Self {
        Self {
            guid: behaviour.guid_style,
            timestamp: behaviour.timestamp_format,
        }
    }
}

/// An instance, in full.
///
/// One that is on no partition has no node, no addresses, and, as in production, no title of its
/// root.
pub(super) fn instance(view: &InstanceView, style: Style) -> Value {
    let (computer, partition, root) = view.at.as_ref().map_or(("", "", ""), |at| {
        let root = view.tree_title.as_str();
        (at.computer.as_str(), at.partition.as_str(), root)
    });
    let guid = guid(
        view.kind,
        &view.reference,
        &view.title,
        &view.tree_title,
        style,
    );
    json!({
        "title": view.title.as_str(),
        "instance_guid": guid,
        "software_release_uri": view.release.as_str(),
        "software_type": view.software_type.as_str(),
        "state": view.state.as_str(),
        "connection_parameters": dictionary(&view.connection),
        "parameters": dictionary(&view.parameters),
        "shared": is_shared(view.kind),
        "root_instance_title": root,
        "ip_list": ip_list(&view.addresses),
        "full_ip_list": full_ip_list(&view.addresses),
        "sla_parameters": sla(&view.sla),
        "computer_guid": computer,
        "compute_partition_id": partition,
        "processing_timestamp": timestamp(view.timestamp, style),
        "access_status_message": view.access_status,
    })
}

/// The answer to the request of an instance.
pub(super) fn requested(view: &InstanceView, style: Style) -> Value {
    let mut told = instance(view, style);
    // Quirk: slapproxy tells the time of a shared instance to nobody who requests it (C.59).
    if let (TimestampFormat::FloatText, InstanceKind::Shared) = (style.timestamp, view.kind)
        && let Some(object) = told.as_object_mut()
    {
        object.insert("processing_timestamp".to_owned(), 0.into());
    }
    told
}

/// A request whose answer is no instance of this master.
#[derive(Debug)]
pub(super) struct Passed<'a> {
    /// The request.
    pub(super) request: &'a RequestInstance,
    /// The title of the tree of the instance that asks; none where a person does.
    pub(super) tree_title: Option<Title>,
    /// The software type as it was sent.
    pub(super) software_type: &'a str,
    /// The state that was asked for.
    pub(super) state: &'a str,
    /// The parameters as they were sent.
    pub(super) parameters: &'a marshal::Value<'a>,
}

/// The answer to a request for which slapproxy makes a frontend up (C.32).
pub(super) fn invented(passed: Passed<'_>, frontend: &Invented) -> Value {
    let connection = dictionary(&frontend.connection);
    passed.answer(&"".into(), &frontend.partition.as_str().into(), &connection)
}

/// The answer to a request that another master serves (C.33).
pub(super) fn forwarded(passed: Passed<'_>, told: &Told) -> Value {
    passed.answer(
        &json::of_value(&told.computer()),
        &json::of_value(&told.partition()),
        &json::of_value(&told.connection()),
    )
}

impl Passed<'_> {
    /// What slapproxy answers: what was sent, and where the instance is said to be.
    fn answer(self, computer: &Value, partition: &Value, connection: &Value) -> Value {
        let Self { request, .. } = self;
        let root = self.tree_title.as_ref().unwrap_or(&request.title).clone();
        let guid = ProxyGuid {
            title: request.title.clone(),
            tree: self.tree_title,
            kind: request.kind,
        };
        json!({
            "title": request.title.as_str(),
            "instance_guid": guid.to_string(),
            "software_release_uri": request.release.as_str(),
            "software_type": self.software_type,
            "state": self.state,
            "connection_parameters": connection,
            "parameters": json::of_value(self.parameters),
            "shared": is_shared(request.kind),
            "root_instance_title": root.as_str(),
            "ip_list": [],
            "full_ip_list": [],
            "sla_parameters": {},
            "computer_guid": computer,
            "compute_partition_id": partition,
            "processing_timestamp": 0,
            "access_status_message": "",
        })
    }
}

/// An instance in the list of those on a computer.
pub(super) fn on_computer(listed: &ListedInstance, style: Style) -> Value {
    json!({
        "title": listed.title.as_str(),
        "instance_guid": listed_guid(listed, style),
        "state": listed.state.as_str(),
        "compute_partition_id": listed.partition.as_str(),
        "software_release_uri": listed.release.as_str(),
    })
}

/// A shared instance in the list of its host.
pub(super) fn hosted(listed: &ListedInstance, style: Style) -> Value {
    json!({
        "title": listed.title.as_str(),
        "instance_guid": listed_guid(listed, style),
        "state": listed.state.as_str(),
        "software_type": listed.software_type.as_str(),
        "parameters": dictionary(&listed.parameters),
        "compute_partition_id": listed.partition.as_str(),
    })
}

fn listed_guid(listed: &ListedInstance, style: Style) -> String {
    guid(
        listed.kind,
        &listed.reference,
        &listed.title,
        &listed.tree_title,
        style,
    )
}

/// How an instance is named (C.55). Only the root bears its tree's title.
fn guid(
    kind: InstanceKind,
    reference: &InstanceReference,
    title: &Title,
    tree: &Title,
    style: Style,
) -> String {
    match style.guid {
        GuidStyle::Reference => reference.as_str().to_owned(),
        GuidStyle::Proxy => ProxyGuid {
            title: title.clone(),
            tree: Some(tree).filter(|tree| *tree != title).cloned(),
            kind,
        }
        .to_string(),
    }
}

const fn is_shared(kind: InstanceKind) -> bool {
    match kind {
        InstanceKind::Software => false,
        InstanceKind::Shared => true,
    }
}

/// A dictionary as it is kept: an empty text is nothing.
fn dictionary(parameters: &Parameters) -> Value {
    parameters
        .iter()
        .map(|(key, value)| (key.to_owned(), Value::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The SLA: a client sends back what it reads, and one of its values has to be a number then.
fn sla(parameters: &Parameters) -> Value {
    parameters
        .iter()
        .map(|(key, value)| {
            let number = value
                .filter(|_| key == RETENTION_DELAY)
                .and_then(|text| text.parse::<serde_json::Number>().ok());
            (
                key.to_owned(),
                number.map_or(Value::from(value), Value::from),
            )
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn ip_list(addresses: &[Address]) -> Vec<[&str; 2]> {
    let plain = addresses.iter().filter(|address| !address.is_route());
    plain
        .map(|a| [a.interface.as_str(), a.address.as_str()])
        .collect()
}

fn full_ip_list(addresses: &[Address]) -> Vec<[&str; 5]> {
    let routes = addresses.iter().filter(|address| address.is_route());
    routes
        .map(|a| {
            [
                a.interface.as_str(),
                a.address.as_str(),
                a.gateway.as_str(),
                a.netmask.as_str(),
                a.network.as_str(),
            ]
        })
        .collect()
}

fn timestamp(at: Timestamp, style: Style) -> i64 {
    match style.timestamp {
        TimestampFormat::Micros => at.as_micros(),
        TimestampFormat::FloatText => at.as_seconds(),
    }
}
