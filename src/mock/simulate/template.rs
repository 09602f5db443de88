//! What a simulated instance publishes: texts with names in braces, as
//! `http://[{ipv6}]:{parameter.port|8080}/`.
//!
//! The language has no more than that. A name that it does not know is refused when the text is
//! read; a value that is missing when it is filled in, and has no other in its place, is an error
//! of the instance.

use serde_json::Value;

use crate::domain::{
    computer::Address,
    parameters::Parameters,
    text::{check_legal, nearest},
};

/// The names that stand alone.
const NAMES: [&str; 9] = [
    "computer",
    "partition",
    "instance",
    "title",
    "tree",
    "release",
    "type",
    "ipv4",
    "ipv6",
];
/// Those that a shared instance has besides.
const SHARED_NAMES: [&str; 2] = ["host", "host_title"];
/// What stands before the name of a parameter of the instance.
const PARAMETER: &str = "parameter";
/// What stands before the name of a parameter of the instance that serves a shared one.
const HOST_PARAMETER: &str = "host_parameter";

/// Of what a template tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A software instance.
    Own,
    /// A shared instance.
    Shared,
}

/// A text with names in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value {
        name: Name,
        otherwise: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Plain(&'static str),
    Parameter(String),
    HostParameter(String),
}

/// What the names of a template mean for an instance.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The computer.
    pub computer: &'a str,
    /// The partition.
    pub partition: &'a str,
    /// The addresses of the partition.
    pub addresses: &'a [Address],
    /// The release of the software instance.
    pub release: &'a str,
    /// The instance.
    pub one: One<'a>,
    /// Of a shared instance, the one that serves it.
    pub host: Option<One<'a>>,
}

/// An instance, as far as templates tell of it.
#[derive(Debug, Clone, Copy)]
pub struct One<'a> {
    /// Its guid.
    pub reference: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Title of its tree.
    pub tree: &'a str,
    /// Its software type.
    pub software_type: &'a str,
    /// Its parameters.
    pub parameters: &'a Parameters,
}

impl Template {
    /// Reads a template; why it is none, in words.
    pub fn parse(text: &str, scope: Scope) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(place) = rest.find(['{', '}']) {
            let (before, found) = rest.split_at(place);
            plain.push_str(before);
            if let Some(behind) = found.strip_prefix("{{") {
                plain.push('{');
                rest = behind;
            } else if let Some(behind) = found.strip_prefix("}}") {
                plain.push('}');
                rest = behind;
            } else if let Some(behind) = found.strip_prefix('{') {
                let (inside, behind) = behind
                    .split_once('}')
                    .ok_or("has a `{` without its `}`; a brace that is meant is written twice")?;
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::read(inside, scope)?);
                rest = behind;
            } else {
                return Err(
                    "has a `}` without its `{`; a brace that is meant is written twice".to_owned(),
                );
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// The text with values in the place of the names; what is missing, in words.
    pub fn filled(&self, facts: &Facts<'_>) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Value { name, otherwise } => match (name.value(facts), otherwise) {
                    (Some(value), _) => text.push_str(&value),
                    (None, Some(otherwise)) => text.push_str(otherwise),
                    (None, None) => return Err(name.missing()),
                },
            }
        }
        Ok(text)
    }
}

impl Part {
    fn read(inside: &str, scope: Scope) -> Result<Self, String> {
        let (name, otherwise) = match inside.split_once('|') {
            Some((name, otherwise)) => (name, Some(otherwise.to_owned())),
            None => (inside, None),
        };
        if let Some(otherwise) = otherwise.as_deref().filter(|text| !text.is_empty()) {
            check_legal("template", otherwise).map_err(|invalid| invalid.reason)?;
        }
        Ok(Self::Value {
            name: Name::read(name, scope)?,
            otherwise,
        })
    }
}

impl Name {
    fn read(text: &str, scope: Scope) -> Result<Self, String> {
        let shared = match scope {
            Scope::Own => &[][..],
            Scope::Shared => &SHARED_NAMES[..],
        };
        let mut plain = NAMES.iter().chain(shared).copied();
        if let Some(name) = plain.clone().find(|name| *name == text) {
            return Ok(Self::Plain(name));
        }
        match text.split_once('.') {
            Some((PARAMETER, name)) if !name.is_empty() => {
                return Ok(Self::Parameter(name.to_owned()));
            }
            Some((HOST_PARAMETER, name)) if !name.is_empty() && scope == Scope::Shared => {
                return Ok(Self::HostParameter(name.to_owned()));
            }
            Some(_) | None => {}
        }
        let near = nearest(text, plain.by_ref())
            .map_or_else(String::new, |near| format!(", perhaps `{near}` was meant"));
        let all: Vec<&str> = NAMES.iter().chain(shared).copied().collect();
        let of_host = match scope {
            Scope::Own => String::new(),
            Scope::Shared => format!(", `{HOST_PARAMETER}.NAME`"),
        };
        Err(format!(
            "names `{text}`, which is not known{near}; known are `{}`, `{PARAMETER}.NAME`{of_host}",
            all.join("`, `")
        ))
    }

    fn value(&self, facts: &Facts<'_>) -> Option<String> {
        let host = facts.host.as_ref();
        let found = match self {
            Self::Parameter(name) => return parameter(facts.one.parameters, name),
            Self::HostParameter(name) => return parameter(host?.parameters, name),
            Self::Plain("computer") => facts.computer,
            Self::Plain("partition") => facts.partition,
            Self::Plain("release") => facts.release,
            Self::Plain("instance") => facts.one.reference,
            Self::Plain("title") => facts.one.title,
            Self::Plain("tree") => facts.one.tree,
            Self::Plain("type") => facts.one.software_type,
            Self::Plain("host") => host?.reference,
            Self::Plain("host_title") => host?.title,
            Self::Plain("ipv4") => address(facts, |text| !text.contains(':'))?,
            Self::Plain(_) => address(facts, |text| text.contains(':'))?,
        };
        Some(found.to_owned())
    }

    fn missing(&self) -> String {
        match self {
            Self::Parameter(name) => format!("the parameter `{name}` is missing"),
            Self::HostParameter(name) => {
                format!("the parameter `{name}` of the instance that serves it is missing")
            }
            Self::Plain(name) => format!("its partition has no `{name}` address"),
        }
    }
}

/// The first address that is such; a tap's own route comes last.
fn address<'a>(facts: &Facts<'a>, is_such: fn(&str) -> bool) -> Option<&'a str> {
    let of_kind = facts.addresses.iter().filter(|a| is_such(&a.address));
    of_kind
        .min_by_key(|address| address.is_route())
        .map(|address| address.address.as_str())
}

/// The parameter of this name; where there is none, the member of this name of the JSON object
/// under `_`, which is how most software is given its parameters.
fn parameter(parameters: &Parameters, name: &str) -> Option<String> {
    if let Some(value) = parameters.get(name) {
        return Some(value.to_owned());
    }
    let whole: Value = serde_json::from_str(parameters.get("_")?).ok()?;
    match whole.get(name)? {
        Value::Null => None,
        Value::String(text) => check_legal(name, text).is_ok().then(|| text.clone()),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            let text = other.to_string();
            check_legal(name, &text).is_ok().then_some(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, parameters: &Parameters) -> Result<String, String> {
        let address = |address: &str| Address {
            interface: "tap".to_owned(),
            address: address.to_owned(),
            netmask: String::new(),
            gateway: String::new(),
            network: String::new(),
        };
        let addresses = [address("10.0.0.7"), address("2001:db8::7")];
        let one = One {
            reference: "SOFTINST-4",
            title: "site",
            tree: "shop",
            software_type: "default",
            parameters,
        };
        let facts = Facts {
            computer: "COMP-1",
            partition: "slappart0",
            addresses: &addresses,
            release: "https://example.org/software.cfg",
            one,
            host: Some(One {
                reference: "SOFTINST-1",
                title: "db",
                ..one
            }),
        };
        Template::parse(text, Scope::Shared)?.filled(&facts)
    }

    #[test]
    fn names_are_filled_in() {
        let mut parameters = Parameters::new();
        parameters.insert("port", "81");
        parameters.insert("_", r#"{"name": "x", "deep": {"a": 1}, "none": null}"#);
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            (
                "http://[{ipv6}]:{parameter.port|8080}/",
                "http://[2001:db8::7]:81/",
            ),
            ("{ipv4}:{parameter.other|8080}", "10.0.0.7:8080"),
            ("{parameter.other|}", ""),
            ("{{{title}}}", "{site}"),
            ("{{\"a\": 1}}", "{\"a\": 1}"),
            ("{parameter.name} {parameter.deep}", "x {\"a\":1}"),
            (
                "{computer}/{partition} {instance} {tree} {type}",
                "COMP-1/slappart0 SOFTINST-4 shop default",
            ),
            (
                "{host} {host_title} {host_parameter.port}",
                "SOFTINST-1 db 81",
            ),
            ("{release}", "https://example.org/software.cfg"),
        ] {
            assert_eq!(filled(text, &parameters).as_deref(), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("{parameter.other}", "the parameter `other` is missing"),
            ("{parameter.none}", "the parameter `none` is missing"),
            (
                "{host_parameter.x}",
                "the parameter `x` of the instance that serves it is missing",
            ),
        ] {
            assert_eq!(
                filled(text, &parameters),
                Err(expected.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_template_that_is_none_is_refused_in_words() {
        for (text, expected) in [
            ("{ipv6", "a `{` without its `}`"),
            ("ipv6}", "a `}` without its `{`"),
            ("{ipv66}", "perhaps `ipv6` was meant"),
            ("{}", "names ``, which is not known"),
            ("{parameter.}", "known are `computer`"),
            ("{host}", "names `host`, which is not known"),
            ("{host_parameter.x}", "which is not known"),
            ("{parameter.x|\u{1}}", "not allowed in XML 1.0"),
        ] {
            let refused = Template::parse(text, Scope::Own).unwrap_err();
            assert!(refused.contains(expected), "{text}: {refused}");
        }
    }
}
