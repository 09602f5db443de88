//! `loadComputerConfigurationFromXML`: what slapformat says of a computer.

use std::collections::HashSet;

use axum::{http::StatusCode, response::Response};

use crate::{
    domain::{
        computer::{ComputerDetails, ComputerFormat, PartitionFormat, Route},
        identifier::{ComputerReference, PartitionReference},
        text::InvalidValue,
    },
    xml::{json, marshal::Value},
};

use super::{
    Call, answer,
    error::{CallKind, Done, SlapError},
};

/// `POST /loadComputerConfigurationFromXML`: the computer has these partitions with these
/// addresses.
///
/// Only `reference` and `partition_list` are required, since older versions of slapformat leave
/// most keys out. Answers a sentence. An unknown computer is created, or refused with 404
/// (C.11). Source: `slap.md` 5.12.
pub(super) async fn load_computer_configuration(call: &Call) -> Result<Response, SlapError> {
    let format = computer(&call.form.required_value("xml")?)?;
    let caller = call.calling.about_computer(&format.reference);
    call.master
        .format_computer(caller, format)
        .await
        .done(CallKind::Setup, &call.master)?;
    Ok(answer::plain(StatusCode::OK, "Content properly posted."))
}

fn computer(xml: &Value<'_>) -> Result<ComputerFormat, InvalidValue> {
    let root = Place::root(xml);
    root.check_dictionary()?;
    let mut seen = HashSet::new();
    let mut partitions = Vec::new();
    for place in root
        .list("partition_list")?
        .ok_or_else(|| InvalidValue::new("partition_list", "is missing, a list was expected"))?
    {
        let partition = partition(&place)?;
        if !seen.insert(partition.reference.clone()) {
            return Err(InvalidValue::new(
                place.child_path("reference"),
                format!("`{}` was listed before", partition.reference),
            ));
        }
        partitions.push(partition);
    }
    Ok(ComputerFormat {
        reference: ComputerReference::parse("reference", root.required_text("reference")?)?,
        details: Some(ComputerDetails {
            address: root.owned_text("address")?,
            netmask: root.owned_text("netmask")?,
            os_type: root.owned_text("os_type")?,
            public_ipv4_address: root.owned_text("public_ipv4_address")?,
            slapos_version: root.owned_text("slapos_version")?,
        }),
        partitions,
        document: json::of_value(xml).to_string(),
    })
}

fn partition(place: &Place<'_>) -> Result<PartitionFormat, InvalidValue> {
    place.check_dictionary()?;
    let reference = PartitionReference::parse(
        &place.child_path("reference"),
        place.required_text("reference")?,
    )?;
    let mut addresses = Vec::new();
    for address in place.list("address_list")?.unwrap_or_default() {
        address.check_dictionary()?;
        let netmask = address.owned_text("netmask")?.unwrap_or_default();
        addresses.push((address.required_text("addr")?.to_owned(), netmask));
    }
    let mut capabilities = Vec::new();
    for capability in place.list("capability_list")?.unwrap_or_default() {
        capabilities.push(capability.as_text()?.to_owned());
    }
    let tap = place.child("tap");
    if let Some(tap) = &tap {
        tap.check_dictionary()?;
    }
    let of_tap = |key| match &tap {
        Some(tap) => tap.owned_text(key).map(Option::unwrap_or_default),
        None => Ok(String::new()),
    };
    let route = Route {
        address: of_tap("ipv4_addr")?,
        netmask: of_tap("ipv4_netmask")?,
        gateway: of_tap("ipv4_gateway")?,
        network: of_tap("ipv4_network")?,
    };
    Ok(PartitionFormat {
        reference,
        tap_name: of_tap("name")?,
        addresses,
        route: Some(route).filter(|route| !route.address.is_empty()),
        described: None,
        capabilities,
    })
}

/// A value inside the configuration, and the path to it for messages:
/// `partition_list[3].tap.name`.
struct Place<'a> {
    path: String,
    value: &'a Value<'a>,
}

impl<'a> Place<'a> {
    fn root(value: &'a Value<'a>) -> Self {
        Self {
            path: String::new(),
            value,
        }
    }

    fn child_path(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn refused(&self, expected: &str) -> InvalidValue {
        let path = if self.path.is_empty() {
            "xml"
        } else {
            &self.path
        };
        InvalidValue::new(
            path,
            format!("is {}, {expected} was expected", self.value.kind()),
        )
    }

    fn check_dictionary(&self) -> Result<(), InvalidValue> {
        if matches!(self.value, Value::Dictionary(_)) {
            Ok(())
        } else {
            Err(self.refused("a dictionary"))
        }
    }

    /// What is under a key; nothing counts as absent.
    fn child(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key).filter(|value| !value.is_none())?;
        Some(Self {
            path: self.child_path(key),
            value,
        })
    }

    fn as_text(&self) -> Result<&'a str, InvalidValue> {
        self.value.as_text().ok_or_else(|| self.refused("a text"))
    }

    fn required_text(&self, key: &str) -> Result<&'a str, InvalidValue> {
        match self.child(key) {
            Some(child) => child.as_text(),
            None => Err(InvalidValue::new(
                self.child_path(key),
                "is missing, a text was expected",
            )),
        }
    }

    fn owned_text(&self, key: &str) -> Result<Option<String>, InvalidValue> {
        self.child(key)
            .map(|child| child.as_text().map(str::to_owned))
            .transpose()
    }

    fn list(&self, key: &str) -> Result<Option<Vec<Self>>, InvalidValue> {
        let Some(child) = self.child(key) else {
            return Ok(None);
        };
        let items = child
            .value
            .as_list()
            .ok_or_else(|| child.refused("a list"))?;
        Ok(Some(
            items
                .iter()
                .enumerate()
                .map(|(index, value)| Self {
                    path: format!("{}[{index}]", child.path),
                    value,
                })
                .collect(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(partitions: Vec<Value<'static>>) -> Value<'static> {
        Value::dictionary([
            ("reference", "COMP-7".into()),
            ("address", "10.0.0.1".into()),
            ("netmask", Value::None),
            ("partition_list", Value::List(partitions)),
            ("partition_has_ipv6_range", true.into()),
        ])
    }

    fn slappart(extra: Vec<(&'static str, Value<'static>)>) -> Value<'static> {
        let mut pairs = vec![("reference", "slappart0".into())];
        pairs.extend(extra);
        Value::dictionary(pairs)
    }

    #[test]
    fn a_configuration_is_read() {
        let tap = Value::dictionary([
            ("name", "slaptap0".into()),
            ("ipv4_addr", "10.8.0.2".into()),
            ("ipv4_netmask", "255.255.0.0".into()),
            ("ipv4_gateway", "10.8.0.1".into()),
            ("ipv4_network", "10.8.0.0".into()),
            ("ipv6_addr", "".into()),
        ]);
        let address = Value::dictionary([
            ("addr", "10.0.0.2".into()),
            ("netmask", "255.255.255.255".into()),
            ("prefixlen", 32.into()),
        ]);
        let read = computer(&configuration(vec![slappart(vec![
            ("tap", tap),
            ("address_list", Value::List(vec![address])),
            ("capability_list", Value::list(["a", "a"])),
        ])]))
        .unwrap();
        assert_eq!(read.reference.as_str(), "COMP-7");
        let details = read.details.unwrap();
        assert_eq!(
            (details.address.as_deref(), details.netmask),
            (Some("10.0.0.1"), None)
        );
        let partition = &read.partitions[0];
        assert_eq!(partition.tap_name, "slaptap0");
        assert_eq!(partition.addresses[0].0, "10.0.0.2");
        assert_eq!(partition.capabilities, ["a", "a"]);
        assert_eq!(partition.route.as_ref().unwrap().gateway, "10.8.0.1");
        assert!(read.document.contains(r#""partition_has_ipv6_range":true"#));
    }

    #[test]
    fn an_old_configuration_needs_two_keys_only() {
        let read = computer(&configuration(vec![slappart(vec![])])).unwrap();
        let partition = &read.partitions[0];
        assert_eq!((partition.tap_name.as_str(), &partition.route), ("", &None));
        assert!(partition.addresses.is_empty());
    }

    #[test]
    fn what_is_wrong_is_named_by_its_path() {
        let check = |xml: &Value<'_>, expected: &str| {
            assert_eq!(computer(xml).unwrap_err().to_string(), expected);
        };
        let partition = |extra| configuration(vec![slappart(extra)]);
        check(&"x".into(), "`xml`: is a text, a dictionary was expected");
        check(
            &Value::dictionary([("partition_list", Value::List(vec![]))]),
            "`reference`: is missing, a text was expected",
        );
        check(
            &Value::dictionary([("reference", "COMP-7".into())]),
            "`partition_list`: is missing, a list was expected",
        );
        check(
            &configuration(vec![slappart(vec![]), slappart(vec![])]),
            "`partition_list[1].reference`: `slappart0` was listed before",
        );
        check(
            &partition(vec![("tap", Value::dictionary([("name", 1.into())]))]),
            "`partition_list[0].tap.name`: is an integer, a text was expected",
        );
        check(
            &partition(vec![("capability_list", "x".into())]),
            "`partition_list[0].capability_list`: is a text, a list was expected",
        );
        check(
            &partition(vec![(
                "address_list",
                Value::list([Value::dictionary([("addr", Value::None)])]),
            )]),
            "`partition_list[0].address_list[0].addr`: is missing, a text was expected",
        );
        check(
            &configuration(vec![Value::dictionary([("reference", "".into())])]),
            "`partition_list[0].reference`: is empty, a text was expected",
        );
    }
}
