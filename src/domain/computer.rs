//! Computers and their partitions, and what formatting does to them (`semantics.md` 5).

use super::{
    behaviour::FormatMissing,
    identifier::{
        ComputerReference, InstanceReference, PartitionAddress, PartitionReference, Title,
    },
    state::{PartitionState, Validation},
};

/// An instance that is linked to a partition of a computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupied {
    /// Where it is.
    pub at: PartitionAddress,
    /// Its reference.
    pub instance: InstanceReference,
    /// Its title.
    pub title: Title,
}

/// What a computer says of itself and of its partitions (`loadComputerConfigurationFromXML`,
/// `put.compute_node_format`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComputerFormat {
    /// The computer.
    pub reference: ComputerReference,
    /// What it says of itself; none in a dialect that does not ask for that, and what is kept
    /// stays.
    pub details: Option<ComputerDetails>,
    /// The partitions, in the order sent.
    pub partitions: Vec<PartitionFormat>,
    /// All that was sent, as JSON, for inspection.
    pub document: String,
}

/// What a computer says of itself in a [`ComputerFormat`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ComputerDetails {
    /// Its main address and netmask; absence clears them.
    pub address: Option<String>,
    /// Netmask of the main address.
    pub netmask: Option<String>,
    /// Operating system, as the node spells it; absence clears it.
    pub os_type: Option<String>,
    /// Public address; absence clears it.
    pub public_ipv4_address: Option<String>,
    /// Version of the node's software; absence clears it.
    pub slapos_version: Option<String>,
}

/// One partition of a [`ComputerFormat`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionFormat {
    /// Its reference.
    pub reference: PartitionReference,
    /// Name of its tap; may be empty.
    pub tap_name: String,
    /// Plain addresses with their netmasks.
    pub addresses: Vec<(String, String)>,
    /// The tap's own IPv4 route, if it has one.
    pub route: Option<Route>,
    /// The addresses of a sender who describes each of them fully, with its interface; then tap,
    /// addresses and route say nothing.
    pub described: Option<Vec<Address>>,
    /// Capabilities, order and duplicates kept.
    pub capabilities: Vec<String>,
}

/// The IPv4 route of a tap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Address.
    pub address: String,
    /// Netmask.
    pub netmask: String,
    /// Gateway.
    pub gateway: String,
    /// Network.
    pub network: String,
}

/// An address of a partition, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// Name of the interface.
    pub interface: String,
    /// The address.
    pub address: String,
    /// Its netmask; may be empty.
    pub netmask: String,
    /// Gateway, for the address of a routed tap; else empty.
    pub gateway: String,
    /// Network, for the address of a routed tap; else empty.
    pub network: String,
}

impl Address {
    /// Whether it is told in `full_ip_list`, with gateway, netmask and network, rather than in
    /// `ip_list` (`slap.md` 4.6).
    pub fn is_route(&self) -> bool {
        !self.gateway.is_empty() && !self.netmask.is_empty()
    }
}

/// Partitions by number: how many have a third octet in common.
const PER_OCTET: usize = 250;

/// So many partitions of the computer of this number, with addresses that no other has, as long as
/// there are fewer than 256 computers; those of IPv6 as long as there are fewer than 65,536.
pub fn numbered_partitions(computer: usize, count: usize) -> Vec<PartitionFormat> {
    (0..count)
        .map(|index| numbered_partition(computer, index))
        .collect()
}

/// The partition of this index of the computer of this number: with an address of either kind
/// that no other has, as long as there are fewer than 256 computers.
fn numbered_partition(computer: usize, index: usize) -> PartitionFormat {
    let high = (index / PER_OCTET + computer / 256 * 41) % 256;
    let (middle, low) = (computer % 256, index % PER_OCTET + 1);
    PartitionFormat {
        reference: PartitionReference::trusted(format!("slappart{index}")),
        tap_name: format!("slaptap{index}"),
        addresses: [
            format!("10.{high}.{middle}.{low}"),
            format!("2001:db8:{:x}::{:x}", computer % 0x1_0000, index + 1),
        ]
        .into_iter()
        .map(|address| {
            let netmask = whole_netmask(&address).to_owned();
            (address, netmask)
        })
        .collect(),
        route: None,
        described: None,
        capabilities: Vec::new(),
    }
}

/// The netmask of a single address.
pub fn whole_netmask(address: &str) -> &'static str {
    if address.contains(':') {
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    } else {
        "255.255.255.255"
    }
}

impl PartitionFormat {
    /// The format after which a new partition keeps exactly these addresses: by its tap where that
    /// tells them all.
    pub fn keeping(
        reference: PartitionReference,
        addresses: Vec<Address>,
        capabilities: Vec<String>,
    ) -> Self {
        let plain = |address: &&Address| address.gateway.is_empty() && address.network.is_empty();
        let mut by_tap = Self {
            reference,
            tap_name: addresses
                .iter()
                .find(plain)
                .map(|address| address.interface.clone())
                .unwrap_or_default(),
            addresses: addresses
                .iter()
                .filter(plain)
                .map(|address| (address.address.clone(), address.netmask.clone()))
                .collect(),
            route: addresses
                .iter()
                .find(|address| !plain(address))
                .map(|address| Route {
                    address: address.address.clone(),
                    netmask: address.netmask.clone(),
                    gateway: address.gateway.clone(),
                    network: address.network.clone(),
                }),
            described: None,
            capabilities,
        };
        if by_tap.addresses.is_empty()
            && let Some(route) = addresses.first()
        {
            let interface = route.interface.as_str();
            interface
                .strip_prefix("route_")
                .unwrap_or(interface)
                .clone_into(&mut by_tap.tap_name);
        }
        if by_tap.tap_name == by_tap.reference.as_str() {
            by_tap.tap_name.clear();
        }
        if by_tap.synchronised(&[]) == addresses {
            return by_tap;
        }
        Self {
            tap_name: String::new(),
            addresses: Vec::new(),
            route: None,
            described: Some(addresses),
            ..by_tap
        }
    }

    /// The name under which its addresses are kept: the tap's, or the partition's own where the
    /// tap has none (as slapproxy; production would lose addresses, `slap.md` 5.12).
    fn interface(&self) -> &str {
        if self.tap_name.is_empty() {
            self.reference.as_str()
        } else {
            &self.tap_name
        }
    }

    /// The addresses after this format, given those kept before.
    ///
    /// Two passes, one for plain addresses and one for the route, which never disturb each
    /// other. In each, an address that is there stays as it is; others of the same interface are
    /// re-used for new addresses, or go. Addresses that come fully described are compared as
    /// wholes, whatever their interface.
    pub fn synchronised(&self, kept: &[Address]) -> Vec<Address> {
        if let Some(described) = &self.described {
            return synchronise(kept, described, |_| true, |a, b| a == b);
        }
        let plain: Vec<Address> = self
            .addresses
            .iter()
            .map(|(address, netmask)| Address {
                interface: self.interface().to_owned(),
                address: address.clone(),
                netmask: netmask.clone(),
                gateway: String::new(),
                network: String::new(),
            })
            .collect();
        let route_interface = format!("route_{}", self.interface());
        let route: Vec<Address> = self
            .route
            .iter()
            .map(|route| Address {
                interface: route_interface.clone(),
                address: route.address.clone(),
                netmask: route.netmask.clone(),
                gateway: route.gateway.clone(),
                network: route.network.clone(),
            })
            .collect();
        let same = |kept: &Address, wanted: &Address| {
            kept.interface != route_interface && same_address(kept, wanted)
        };
        let of = |interface: &str, kept: &Address| {
            kept.interface.is_empty() || kept.interface == interface
        };
        let addresses = synchronise(kept, &plain, |kept| of(self.interface(), kept), same);
        let of_route = |kept: &Address| of(&route_interface, kept);
        synchronise(&addresses, &route, of_route, |a, b| a == b)
    }
}

fn same_address(kept: &Address, wanted: &Address) -> bool {
    !kept.is_route() && kept.address == wanted.address && kept.netmask == wanted.netmask
}

fn synchronise(
    kept: &[Address],
    wanted: &[Address],
    ours: impl Fn(&Address) -> bool,
    same: impl Fn(&Address, &Address) -> bool,
) -> Vec<Address> {
    let mut missing: Vec<&Address> = Vec::new();
    for address in wanted {
        let known = kept.iter().any(|k| same(k, address)) || missing.contains(&address);
        if !known {
            missing.push(address);
        }
    }
    let mut missing = missing.into_iter();
    let mut result = Vec::with_capacity(wanted.len());
    for address in kept {
        if !ours(address) || wanted.iter().any(|w| same(address, w)) {
            result.push(address.clone());
        } else if let Some(new) = missing.next() {
            result.push(new.clone());
        }
    }
    result.extend(missing.cloned());
    result
}

/// State and validation of a partition after a format that names it, given those before; a new
/// one has none (`semantics.md` 5, first table).
pub const fn after_listed(before: Option<PartitionState>) -> (PartitionState, Validation) {
    let state = match before {
        None | Some(PartitionState::Free | PartitionState::Inactive) => PartitionState::Free,
        Some(PartitionState::Busy) => PartitionState::Busy,
    };
    (state, Validation::Validated)
}

/// What becomes of a partition that a format does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlisted {
    /// It stays, in this state, and is no longer listed.
    Kept(PartitionState),
    /// It goes, with whatever is on it.
    Deleted,
}

/// Decides what becomes of a partition in state `before` that a format does not name
/// (`semantics.md` 5, second table; C.12).
pub const fn after_unlisted(before: PartitionState, missing: FormatMissing) -> Unlisted {
    match (missing, before) {
        (FormatMissing::Delete, _) => Unlisted::Deleted,
        (FormatMissing::Deactivate, PartitionState::Busy) => Unlisted::Kept(PartitionState::Busy),
        (FormatMissing::Deactivate, PartitionState::Free | PartitionState::Inactive) => {
            Unlisted::Kept(PartitionState::Inactive)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(tap: &str, addresses: &[&str], route: Option<&str>) -> PartitionFormat {
        PartitionFormat {
            reference: PartitionReference::trusted("slappart0".to_owned()),
            tap_name: tap.to_owned(),
            addresses: addresses
                .iter()
                .map(|a| ((*a).to_owned(), "255.255.255.255".to_owned()))
                .collect(),
            route: route.map(|address| Route {
                address: address.to_owned(),
                netmask: "255.255.0.0".to_owned(),
                gateway: "10.8.0.1".to_owned(),
                network: "10.8.0.0".to_owned(),
            }),
            described: None,
            capabilities: Vec::new(),
        }
    }

    fn shown(addresses: &[Address]) -> Vec<(&str, &str)> {
        addresses
            .iter()
            .map(|a| (a.interface.as_str(), a.address.as_str()))
            .collect()
    }

    #[test]
    fn an_address_that_is_not_sent_any_more_is_replaced() {
        let kept = partition("tap0", &["10.0.0.1", "10.0.0.2"], None).synchronised(&[]);
        let next = partition("tap0", &["10.0.0.3"], None);
        let after = next.synchronised(&kept);
        assert_eq!(shown(&after), [("tap0", "10.0.0.3")]);
        assert_eq!(next.synchronised(&after), after);
        assert_eq!(
            shown(&partition("tap0", &[], None).synchronised(&after)),
            []
        );
    }

    #[test]
    fn the_route_and_the_plain_addresses_do_not_disturb_each_other() {
        let kept = partition("tap0", &["10.0.0.1"], Some("10.8.0.2")).synchronised(&[]);
        assert_eq!(
            shown(&kept),
            [("tap0", "10.0.0.1"), ("route_tap0", "10.8.0.2")]
        );
        assert!(kept[1].is_route() && !kept[0].is_route());
        let after = partition("tap0", &["10.0.0.1"], None).synchronised(&kept);
        assert_eq!(shown(&after), [("tap0", "10.0.0.1")]);
    }

    #[test]
    fn described_addresses_are_compared_as_wholes() {
        let address = |interface: &str, address: &str| Address {
            interface: interface.to_owned(),
            address: address.to_owned(),
            netmask: String::new(),
            gateway: String::new(),
            network: String::new(),
        };
        let kept = partition("tap0", &["10.0.0.1"], Some("10.8.0.2")).synchronised(&[]);
        let described = |addresses: Vec<Address>| PartitionFormat {
            described: Some(addresses),
            ..partition("", &[], None)
        };
        let wanted = vec![address("a", "10.0.0.2"), kept[1].clone()];
        let after = described(wanted).synchronised(&kept);
        assert_eq!(
            shown(&after),
            [("a", "10.0.0.2"), ("route_tap0", "10.8.0.2")]
        );
        let after = described(vec![address("b", "10.0.0.2")]).synchronised(&after);
        assert_eq!(shown(&after), [("b", "10.0.0.2")]);
        assert_eq!(described(Vec::new()).synchronised(&after), []);
    }

    #[test]
    fn renaming_the_tap_leaves_known_addresses_under_the_old_name() {
        let kept = partition("tap0", &["10.0.0.1", "10.0.0.2"], None).synchronised(&[]);
        let after = partition("tap1", &["10.0.0.1", "10.0.0.9"], None).synchronised(&kept);
        assert_eq!(
            shown(&after),
            [
                ("tap0", "10.0.0.1"),
                ("tap0", "10.0.0.2"),
                ("tap1", "10.0.0.9")
            ]
        );
    }

    #[test]
    fn a_tap_without_a_name_takes_the_partitions() {
        let after = partition("", &["10.0.0.1"], Some("10.8.0.2")).synchronised(&[]);
        assert_eq!(
            shown(&after),
            [("slappart0", "10.0.0.1"), ("route_slappart0", "10.8.0.2")]
        );
    }

    #[test]
    fn a_busy_partition_stays_busy_whether_listed_or_not() {
        use PartitionState::{Busy, Free, Inactive};
        assert_eq!(after_listed(Some(Busy)).0, Busy);
        assert_eq!(after_listed(Some(Inactive)).0, Free);
        assert_eq!(after_listed(None), (Free, Validation::Validated));
        assert_eq!(
            after_unlisted(Busy, FormatMissing::Deactivate),
            Unlisted::Kept(Busy)
        );
        assert_eq!(
            after_unlisted(Free, FormatMissing::Deactivate),
            Unlisted::Kept(Inactive)
        );
        assert_eq!(
            after_unlisted(Busy, FormatMissing::Delete),
            Unlisted::Deleted
        );
    }
}
