//! The bodies of `samples/real_*.txt`, byte for byte, and what slapproxy's looks change.

use crate::{
    domain::{
        behaviour::Preset,
        identifier::{InstallationReference, PartitionAddress, SoftwareReleaseUri, SoftwareType},
        state::InstallationState,
        status::{AccessStatus, PortalType, StatusKind},
    },
    master::{ComputerView, OccupantView, PartitionView, RequestedView, SharedView},
};

use super::*;

const RELEASE: &str = "https://sr.example.org/demo/software.cfg";

fn style(preset: Preset) -> Style {
    Style::from(&Behaviour::preset(preset))
}

fn parameters<const N: usize>(pairs: [(&str, &str); N]) -> Parameters {
    pairs.into_iter().map(|(k, v)| (k, Some(v))).collect()
}

fn address(interface: &str, address: &str) -> Address {
    Address {
        interface: interface.to_owned(),
        address: address.to_owned(),
        netmask: "255.255.255.255".to_owned(),
        gateway: String::new(),
        network: String::new(),
    }
}

fn addresses() -> Vec<Address> {
    vec![
        address("slaptap0", "10.0.0.2"),
        address("slaptap0", "2001:db8:1::2"),
        Address {
            netmask: "255.255.0.0".to_owned(),
            gateway: "10.8.0.1".to_owned(),
            network: "10.8.0.0".to_owned(),
            ..address("route_slaptap0", "10.8.0.2")
        },
    ]
}

fn computer_reference() -> ComputerReference {
    ComputerReference::trusted("COMP-7".to_owned())
}

fn title(text: &str) -> Title {
    Title::trusted(text.to_owned())
}

fn slappart(number: u32) -> PartitionReference {
    PartitionReference::trusted(format!("slappart{number}"))
}

fn uri(text: &str) -> SoftwareReleaseUri {
    SoftwareReleaseUri::trusted(text.to_owned())
}

fn instance(number: u32) -> InstanceReference {
    InstanceReference::trusted(format!("SOFTINST-{number}"))
}

fn software_type() -> SoftwareType {
    SoftwareType::trusted("default".to_owned())
}

/// The slave is the root of a tree of its own.
fn slave() -> SharedView {
    SharedView {
        reference: instance(12),
        title: title("demo-slave"),
        tree_title: title("demo-slave"),
        is_root: true,
        software_type: software_type(),
        parameters: parameters([("domain", "a.example.org")]),
        connection: Parameters::new(),
        timestamp: Timestamp::from_micros(1_795_422_613_786_233),
    }
}

fn occupant() -> OccupantView {
    OccupantView {
        reference: instance(11),
        title: title("demo-root"),
        tree_title: title("demo-root"),
        release: uri(RELEASE),
        software_type: software_type(),
        state: RequestedState::Started,
        parameters: parameters([("_", r#"{"a": 1}"#), ("empty", "")]),
        connection: parameters([("url", "http://[2001:db8:1::2]:80/")]),
        sla: parameters([("computer_guid", "COMP-7")]),
        access_status: "#access Instance correctly started".to_owned(),
        shared: vec![slave()],
        addresses: addresses(),
        timestamp: Timestamp::from_micros(1_795_422_618_786_233),
    }
}

fn busy() -> PartitionView {
    PartitionView {
        computer: computer_reference(),
        reference: slappart(0),
        instance: Some(occupant()),
    }
}

fn free() -> PartitionView {
    PartitionView {
        computer: computer_reference(),
        reference: slappart(1),
        instance: None,
    }
}

fn installation(url: &str, state: InstallationState) -> SoftwareInstallation {
    SoftwareInstallation {
        id: 1,
        reference: InstallationReference::trusted("SOFTINSTALL-1".to_owned()),
        release: uri(url),
        state,
    }
}

fn computer_view() -> ComputerView {
    ComputerView {
        reference: computer_reference(),
        partitions: vec![busy(), free()],
        installations: vec![
            installation(RELEASE, InstallationState::Available),
            installation(
                "https://sr.example.org/old/software.cfg",
                InstallationState::Destroyed,
            ),
        ],
    }
}

fn requested_view(kind: InstanceKind) -> RequestedView {
    let occupant = occupant();
    RequestedView {
        at: PartitionAddress {
            computer: computer_reference(),
            partition: slappart(0),
        },
        kind,
        reference: occupant.reference,
        title: occupant.title,
        tree_title: occupant.tree_title,
        is_root: true,
        release: occupant.release,
        software_type: occupant.software_type,
        state: occupant.state,
        parameters: parameters([("_", r#"{"a": 1}"#)]),
        connection: occupant.connection,
        sla: occupant.sla,
        shared: occupant.shared,
        addresses: occupant.addresses,
        timestamp: occupant.timestamp,
    }
}

fn slave_view() -> RequestedView {
    RequestedView {
        reference: instance(12),
        title: title("demo-slave"),
        tree_title: title("demo-slave"),
        parameters: parameters([("domain", "a.example.org")]),
        connection: parameters([("site_url", "https://a.example.org")]),
        sla: Parameters::new(),
        shared: Vec::new(),
        addresses: addresses()
            .into_iter()
            .filter(|address| address.address != "2001:db8:1::2")
            .collect(),
        ..requested_view(InstanceKind::Shared)
    }
}

#[test]
fn a_computer_is_written_as_production_writes_it() {
    let expected = include_str!("samples/full_computer_information.xml");
    let found = computer(&computer_view(), style(Preset::Default));
    assert_eq!(found, expected.trim_end());
}

#[test]
fn a_partition_alone_has_a_mark_and_no_status() {
    let mut view = busy();
    let occupant = view.instance.as_mut().unwrap();
    occupant.parameters = parameters([("_", r#"{"a": 1}"#)]);
    let expected = include_str!("samples/partition_busy.xml");
    let found = partition(&view, style(Preset::Real));
    assert_eq!(found, expected.trim_end());
    let expected = include_str!("samples/partition_free.xml");
    let found = partition(&free(), style(Preset::Default));
    assert_eq!(found, expected.trim_end());
}

#[test]
fn a_requested_instance_is_written_as_production_writes_it() {
    let expected = include_str!("samples/requested.xml");
    let view = requested_view(InstanceKind::Software);
    let found = requested(&view, style(Preset::Default));
    assert_eq!(found, expected.trim_end());
    let expected = include_str!("samples/requested_slave.xml");
    let found = requested(&slave_view(), style(Preset::Default));
    assert_eq!(found, expected.trim_end());
}

#[test]
fn statuses_and_addresses_are_written_as_production_writes_them() {
    let at = Timestamp::from_seconds(1_795_422_600);
    let mut reading = StatusReading {
        reference: "SOFTINST-11".to_owned(),
        portal_type: PortalType::SoftwareInstance,
        status: Some(AccessStatus {
            user: "COMP-7".to_owned(),
            kind: StatusKind::Access,
            message: "Instance correctly started".to_owned(),
            state: "started".to_owned(),
            created_at: at,
            since: Timestamp::from_seconds(1_795_420_800),
        }),
        subject_exists: true,
        read_at: at,
    };
    let expected = include_str!("samples/status.xml");
    assert_eq!(status(&reading), expected.trim_end());
    reading = StatusReading {
        reference: "COMP-7".to_owned(),
        portal_type: PortalType::ComputeNode,
        subject_exists: true,
        status: None,
        read_at: at,
    };
    let expected = include_str!("samples/status_no_data.xml");
    assert_eq!(status(&reading), expected.trim_end());
    let pairs: Vec<_> = addresses()
        .into_iter()
        .map(|address| (address.interface, address.address))
        .collect();
    let expected = include_str!("samples/addresses.xml");
    assert_eq!(address_pairs(&pairs), expected.trim_end());
}

/// The value of a key, from its element to the next key's.
#[track_caller]
fn told<'a>(xml: &'a str, key: &str) -> &'a str {
    let start = format!("<string>{key}</string>");
    let (_, rest) = xml
        .split_once(&start)
        .unwrap_or_else(|| panic!("no {key} in {xml}"));
    let end = rest.find("</").map_or(rest.len(), |end| end + 2);
    let close = rest[end..]
        .find('>')
        .map_or(rest.len(), |close| end + close + 1);
    &rest[..close]
}

#[test]
fn what_the_master_adds_wins_over_what_the_user_sent() {
    let mut view = busy();
    let occupant = view.instance.as_mut().unwrap();
    occupant.parameters = parameters([("timestamp", "mine"), ("ip_list", "mine"), ("a", "1")]);
    let xml = partition(&view, style(Preset::Default));
    assert!(!xml.contains("mine"), "{xml}");
    assert_eq!(told(&xml, "a"), "<string>1</string>");
}

#[test]
fn a_slaves_own_parameters_win_over_all_else_in_its_entry() {
    let mut view = busy();
    let shared = &mut view.instance.as_mut().unwrap().shared[0];
    shared.connection = parameters([("site", "connection"), ("slave_title", "connection")]);
    shared.parameters = parameters([("site", "parameter"), ("timestamp", "parameter")]);
    let xml = partition(&view, style(Preset::Default));
    let (_, entry) = xml.split_once("slave_instance_list").unwrap();
    assert_eq!(told(entry, "site"), "<string>parameter</string>");
    assert_eq!(told(entry, "slave_title"), "<string>connection</string>");
    assert_eq!(told(entry, "timestamp"), "<string>parameter</string>");
}

/// C.55 to C.58 and C.61.
#[test]
fn slapproxy_names_things_by_their_place() {
    let style = style(Preset::Slapproxy);
    let xml = partition(&free(), style);
    assert_eq!(
        told(&xml, "_instance_guid"),
        "<string>COMP-7-slappart1</string>"
    );
    let mut view = busy();
    let shared = &mut view.instance.as_mut().unwrap().shared[0];
    shared.connection = parameters([("site", "hidden")]);
    shared.is_root = false;
    shared.tree_title = title("tree");
    let xml = partition(&view, style);
    assert_eq!(
        told(&xml, "_instance_guid"),
        "<string>COMP-7-slappart0</string>"
    );
    assert_eq!(
        told(&xml, "slave_title"),
        "<string>tree_demo-slave</string>"
    );
    assert_eq!(
        told(&xml, "slave_reference"),
        "<string>tree_demo-slave</string>"
    );
    assert_eq!(
        told(&xml, "timestamp"),
        "<string>1795422618.786233</string>"
    );
    assert!(
        xml.contains("<string>full_address_list</string><list "),
        "{xml}"
    );
    assert!(!xml.contains("hidden"), "{xml}");
}

/// C.57, C.60.
#[test]
fn slapproxy_answers_a_request_with_more() {
    let style = style(Preset::Slapproxy);
    let xml = requested(&requested_view(InstanceKind::Software), style);
    assert_eq!(
        told(&xml, "_instance_guid"),
        "<string>COMP-7-slappart0</string>"
    );
    assert_eq!(
        told(&xml, "slap_server_url"),
        "<string>slap_server_url</string>"
    );
    assert_eq!(
        xml.matches("<string>1795422618.786233</string>").count(),
        2,
        "{xml}"
    );
    assert!(
        told(&xml, "connection_xml").starts_with("<string>&amp;lt;?xml "),
        "{xml}"
    );
    let xml = requested(&slave_view(), style);
    assert_eq!(told(&xml, "_instance_guid"), "<string>_demo-slave</string>");
    assert_eq!(
        xml.matches("<string>1795422618.786233</string>").count(),
        1,
        "{xml}"
    );
    assert!(!xml.contains("connection_xml"), "{xml}");
}

#[test]
fn a_float_timestamp_is_the_one_that_python_writes() {
    let check = |micros, expected| {
        assert_eq!(float_seconds(Timestamp::from_micros(micros)), expected);
    };
    check(1_795_422_618_000_000, "1795422618.0");
    check(1_795_422_618_500_000, "1795422618.5");
    check(1_795_422_618_786_233, "1795422618.786233");
    check(0, "0.0");
}
