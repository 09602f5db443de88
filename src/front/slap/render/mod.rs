//! What the master tells, as the objects that the client's library expects (`slap.md` 4).
//!
//! Values borrow from the views; keys are put in order by the writer. The switches that change
//! how things look (`guid.style`, `timestamp.format`) are read here, in [`Style`], and nowhere
//! else in this dialect.

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    domain::{
        behaviour::{Behaviour, GuidStyle, TimestampFormat},
        computer::Address,
        identifier::{ComputerReference, InstanceReference, PartitionReference, Title},
        parameters::Parameters,
        software::SoftwareInstallation,
        state::{InstanceKind, RequestedState},
        status::StatusReading,
        time::Timestamp,
    },
    front::{fake_frontend::Invented, forward::Told, status},
    master::{ComputerView, OccupantView, PartitionView, RequestedView, SharedView},
    xml::{
        instance,
        marshal::{self, Class, Value},
        python::Float,
    },
};

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

/// Whose answer a partition is in; each has a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// `getFullComputerInformation`: with the access status.
    Computer,
    /// `registerComputerPartition`: with the mark `_synced`.
    Partition,
}

/// A computer with its partitions and software (`slap.md` 4.1).
pub(super) fn computer(view: &ComputerView, style: Style) -> String {
    let reference = view.reference.as_str();
    let partitions = view
        .partitions
        .iter()
        .map(|partition| partition_object(partition, style, Reader::Computer));
    let releases = view
        .installations
        .iter()
        .map(|installation| supplied_release(installation, reference));
    marshal::write(&Value::object(
        Class::Computer,
        [reference.into()],
        [
            ("_computer_id", reference.into()),
            ("_computer_partition_list", Value::list(partitions)),
            ("_software_release_list", Value::list(releases)),
        ],
    ))
}

/// A computer that was asked for: its name and nothing else (`slap.md` 4.1).
pub(super) fn requested_computer(reference: &ComputerReference) -> String {
    let reference = reference.as_str();
    marshal::write(&Value::object(
        Class::Computer,
        [reference.into()],
        [("_computer_id", reference.into())],
    ))
}

/// A partition alone (`slap.md` 4.3).
pub(super) fn partition(view: &PartitionView, style: Style) -> String {
    marshal::write(&partition_object(view, style, Reader::Partition))
}

fn partition_object(view: &PartitionView, style: Style, reader: Reader) -> Value<'_> {
    let (computer, reference) = (view.computer.as_str(), view.reference.as_str());
    let mut attributes: Vec<(&str, Value<'_>)> = vec![
        ("_computer_id", computer.into()),
        ("_partition_id", reference.into()),
        ("_request_dict", Value::None),
    ];
    match &view.instance {
        None => attributes.extend([
            // State destroyed without a release is how a free partition is recognised.
            (
                "_requested_state",
                RequestedState::Destroyed.as_str().into(),
            ),
            ("_need_modification", 0.into()),
            ("_software_release_document", Value::None),
        ]),
        Some(occupant) => {
            attributes.extend([
                ("_requested_state", occupant.state.as_str().into()),
                ("_need_modification", 1.into()),
                (
                    "_software_release_document",
                    release(occupant.release.as_str(), computer, None),
                ),
                ("_parameter_dict", told_parameters(view, occupant, style)),
                ("_connection_dict", (&occupant.connection).into()),
                ("_filter_dict", (&occupant.sla).into()),
            ]);
            attributes.push(match reader {
                Reader::Computer => ("_access_status", occupant.access_status.as_str().into()),
                Reader::Partition => ("_synced", true.into()),
            });
        }
    }
    let guid = match (style.guid, &view.instance) {
        (GuidStyle::Proxy, _) => Some(proxy_guid(&view.computer, &view.reference).into()),
        (GuidStyle::Reference, Some(occupant)) => Some(occupant.reference.as_str().into()),
        (GuidStyle::Reference, None) => None,
    };
    attributes.extend(guid.map(|guid| ("_instance_guid", guid)));
    Value::object(
        Class::ComputerPartition,
        [computer.into(), reference.into(), Value::None],
        attributes,
    )
}

/// `_parameter_dict`: the user's parameters, then what the master adds, which wins
/// (`slap.md` 4.4).
fn told_parameters<'a>(
    view: &'a PartitionView,
    occupant: &'a OccupantView,
    style: Style,
) -> Value<'a> {
    let mut told: BTreeMap<&str, Value<'_>> = BTreeMap::new();
    told.extend(texts(&occupant.parameters));
    let shared = occupant
        .shared
        .iter()
        .map(|shared| merged_entry(shared, style));
    told.extend([
        ("instance_title", occupant.title.as_str().into()),
        ("root_instance_title", occupant.tree_title.as_str().into()),
        ("root_instance_short_title", "".into()),
        ("slap_computer_id", view.computer.as_str().into()),
        ("slap_computer_partition_id", view.reference.as_str().into()),
        ("slap_software_type", occupant.software_type.as_str().into()),
        (
            "slap_software_release_url",
            occupant.release.as_str().into(),
        ),
        ("slave_instance_list", Value::list(shared)),
        ("ip_list", ip_list(&occupant.addresses)),
        ("full_ip_list", full_ip_list(&occupant.addresses)),
        ("timestamp", timestamp(occupant.timestamp, style)),
    ]);
    if style.guid == GuidStyle::Proxy {
        // Quirk: slapproxy's own name for the list, always empty (C.61).
        told.insert("full_address_list", Value::List(Vec::new()));
    }
    Value::dictionary(told)
}

/// A shared instance in its host's parameters: its connection parameters are merged over what
/// the master says of it, and its own parameters over both (`slap.md` 4.5).
fn merged_entry(shared: &SharedView, style: Style) -> Value<'_> {
    let mut entry: BTreeMap<&str, Value<'_>> = BTreeMap::new();
    entry.insert("slap_software_type", shared.software_type.as_str().into());
    match style.guid {
        GuidStyle::Reference => {
            entry.extend([
                ("slave_title", shared.title.as_str().into()),
                ("slave_reference", shared.reference.as_str().into()),
                ("timestamp", timestamp(shared.timestamp, style)),
            ]);
            entry.extend(texts(&shared.connection));
        }
        // Quirk: slapproxy shows neither the connection parameters nor a time (C.57).
        GuidStyle::Proxy => {
            let reference = shared_reference(shared, style);
            entry.insert("slave_title", reference.clone().into());
            entry.insert("slave_reference", reference.into());
        }
    }
    entry.extend(texts(&shared.parameters));
    Value::dictionary(entry)
}

/// A shared instance in the answer of a request: its dictionaries stay instance XML.
fn raw_entry(shared: &SharedView, style: Style) -> Value<'_> {
    let reference = shared_reference(shared, style);
    let title = match style.guid {
        GuidStyle::Reference => shared.title.as_str().into(),
        GuidStyle::Proxy => reference.clone(),
    };
    Value::dictionary([
        ("slave_title", title.into()),
        ("slave_reference", reference.into()),
        ("slap_software_type", shared.software_type.as_str().into()),
        ("timestamp", timestamp(shared.timestamp, style)),
        ("xml", instance::write(&shared.parameters).into()),
        ("connection_xml", connection_xml(&shared.connection)),
    ])
}

/// An allocated instance as its requester is told it (`slap.md` 4.8).
pub(super) fn requested(view: &RequestedView, style: Style) -> String {
    let (computer, partition) = (view.at.computer.as_str(), view.at.partition.as_str());
    let shared = view.shared.iter().map(|shared| raw_entry(shared, style));
    let mut parameters: BTreeMap<&str, Value<'_>> = texts(&view.parameters).collect();
    let guid = match (style.guid, view.kind) {
        (GuidStyle::Reference, _) => view.reference.as_str().into(),
        (GuidStyle::Proxy, InstanceKind::Software) => {
            proxy_guid(&view.at.computer, &view.at.partition)
        }
        (GuidStyle::Proxy, InstanceKind::Shared) => Cow::Owned(proxy_shared_reference(
            &view.tree_title,
            view.is_root,
            &view.title,
        )),
    };
    let mut attributes: Vec<(&str, Value<'_>)> = vec![
        ("slap_computer_id", computer.into()),
        ("slap_computer_partition_id", partition.into()),
        ("slap_software_type", view.software_type.as_str().into()),
        ("slap_software_release_url", view.release.as_str().into()),
        ("_instance_guid", guid.into()),
        ("_requested_state", view.state.as_str().into()),
        ("_connection_dict", (&view.connection).into()),
        ("_filter_dict", (&view.sla).into()),
        ("instance_title", view.title.as_str().into()),
        ("root_instance_title", view.tree_title.as_str().into()),
        ("root_instance_short_title", "".into()),
        ("ip_list", ip_list(&view.addresses)),
        ("full_ip_list", full_ip_list(&view.addresses)),
        ("slave_instance_list", Value::list(shared)),
        ("timestamp", timestamp(view.timestamp, style)),
    ];
    if style.guid == GuidStyle::Proxy {
        // Quirk: what slapproxy answers besides (C.60); the URL is that literal word.
        attributes.push(("slap_server_url", "slap_server_url".into()));
        if view.kind == InstanceKind::Software {
            attributes.push(("connection_xml", connection_xml(&view.connection)));
            parameters.insert("timestamp", timestamp(view.timestamp, style));
        }
    }
    attributes.push(("_parameter_dict", Value::dictionary(parameters)));
    marshal::write(&Value::object(Class::SoftwareInstance, [], attributes))
}

/// A frontend that slapproxy makes up (`slap.md` 9.2).
pub(super) fn invented(frontend: &Invented) -> String {
    marshal::write(&Value::object(
        Class::ComputerPartition,
        ["".into(), (&frontend.partition).into(), Value::None],
        [
            ("_computer_id", "".into()),
            ("_partition_id", (&frontend.partition).into()),
            ("_request_dict", Value::None),
            ("slap_computer_id", "".into()),
            ("slap_computer_partition_id", "".into()),
            ("_parameter_dict", Value::Dictionary(Vec::new())),
            ("_connection_dict", (&frontend.connection).into()),
        ],
    ))
}

/// An instance that another master serves (`slap.md` 9.1).
pub(super) fn forwarded(told: &Told) -> String {
    marshal::write(&told.object())
}

/// A status (`slap.md` 4.9).
pub(super) fn status(reading: &StatusReading) -> String {
    marshal::write(&status::dictionary(reading))
}

/// Addresses as pairs of interface and address, routes too (`slap.md` 5.18).
pub(super) fn address_pairs(addresses: &[(String, String)]) -> String {
    marshal::write(&Value::list(addresses.iter().map(
        |(interface, address)| Value::tuple([interface.as_str(), address.as_str()]),
    )))
}

fn supplied_release<'a>(installation: &'a SoftwareInstallation, computer: &'a str) -> Value<'a> {
    let state = installation.state.as_str();
    release(installation.release.as_str(), computer, Some(state))
}

/// A software release (`slap.md` 4.2).
fn release<'a>(url: &'a str, computer: &'a str, state: Option<&'static str>) -> Value<'a> {
    let mut attributes: Vec<(&str, Value<'_>)> = vec![
        ("_computer_guid", computer.into()),
        ("_software_release", url.into()),
        ("_software_instance_list", Value::List(Vec::new())),
    ];
    attributes.extend(state.map(|state| ("_requested_state", state.into())));
    Value::object(
        Class::SoftwareRelease,
        [url.into(), computer.into()],
        attributes,
    )
}

fn texts(parameters: &Parameters) -> impl Iterator<Item = (&str, Value<'_>)> {
    parameters.iter().map(|(key, value)| (key, value.into()))
}

fn ip_list(addresses: &[Address]) -> Value<'_> {
    let plain = addresses.iter().filter(|address| !address.is_route());
    Value::list(plain.map(|a| Value::tuple([a.interface.as_str(), a.address.as_str()])))
}

fn full_ip_list(addresses: &[Address]) -> Value<'_> {
    let routes = addresses.iter().filter(|address| address.is_route());
    Value::list(routes.map(|a| {
        Value::tuple([
            a.interface.as_str(),
            a.address.as_str(),
            a.gateway.as_str(),
            a.netmask.as_str(),
            a.network.as_str(),
        ])
    }))
}

/// Connection parameters as instance XML; nothing where there are none.
fn connection_xml(connection: &Parameters) -> Value<'static> {
    if connection.is_empty() {
        Value::None
    } else {
        instance::write(connection).into()
    }
}

/// Slapproxy's name for an instance: where it is (C.55).
fn proxy_guid(computer: &ComputerReference, partition: &PartitionReference) -> Cow<'static, str> {
    Cow::Owned(format!("{computer}-{partition}"))
}

/// Slapproxy's name for a shared instance: its tree's title and its own; a root has no tree
/// above it (C.57).
fn proxy_shared_reference(tree: &Title, is_root: bool, title: &Title) -> String {
    let tree = if is_root { "" } else { tree.as_str() };
    format!("{tree}_{title}")
}

fn shared_reference(shared: &SharedView, style: Style) -> Cow<'_, str> {
    match style.guid {
        GuidStyle::Reference => Cow::Borrowed(InstanceReference::as_str(&shared.reference)),
        GuidStyle::Proxy => Cow::Owned(proxy_shared_reference(
            &shared.tree_title,
            shared.is_root,
            &shared.title,
        )),
    }
}

/// Slapgrid compares it as text with the one of its last run, the watchdog reads an integer
/// (`slap.md` 4.7, C.58).
fn timestamp(at: Timestamp, style: Style) -> Value<'static> {
    match style.timestamp {
        TimestampFormat::Micros => at.as_micros().into(),
        TimestampFormat::FloatText => float_seconds(at).into(),
    }
}

/// Seconds as Python writes a float: neighbouring microseconds stay apart until the year 2106.
fn float_seconds(at: Timestamp) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 are exact up to the year 2255"
    )]
    let micros = at.as_micros() as f64;
    Float(micros / 1e6).to_string()
}

#[cfg(test)]
mod tests;
