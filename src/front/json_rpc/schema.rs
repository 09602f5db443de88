//! What the methods take: the shape of every input, and the check of a value against it
//! (`json-rpc.md` 5).
//!
//! The shapes say what the upstream schemas say, in our own form; that they agree is shown by the
//! conformance tests, which read those schemas. Refusals are worded as their validator words them,
//! after the path of what is refused.

use serde_json::json;

use crate::{
    front::openapi,
    xml::{marshal::Value, python},
};

/// How many characters a title may have.
const MAX_TITLE: usize = 200;
/// How many characters of a refused value are shown.
const MAX_SHOWN: usize = 300;

/// What a value must be.
#[derive(Debug)]
pub(super) enum Shape {
    /// A text.
    Text,
    /// A text of at most 200 characters.
    Title,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A number.
    Number,
    /// An object with any keys and values.
    Dictionary,
    /// A list.
    List(&'static Shape),
    /// An object with these keys.
    Object(&'static [Field], Others),
}

/// A key of an object.
#[derive(Debug)]
pub(super) struct Field {
    name: &'static str,
    needed: bool,
    shape: Shape,
}

/// The keys of an object that it does not name.
#[derive(Debug)]
pub(super) enum Others {
    /// There may be none.
    Refused,
    /// Their values are texts.
    Texts,
    /// They are not looked at.
    Ignored,
}

const fn need(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        needed: true,
        shape,
    }
}

const fn may(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        needed: false,
        shape,
    }
}

const fn input(fields: &'static [Field]) -> Shape {
    Shape::Object(fields, Others::Refused)
}

const INSTANCE_STATES: Shape = Shape::Word(&["started", "stopped", "destroyed"]);

/// Nothing.
pub(super) static NOTHING: Shape = input(&[]);
/// A computer.
pub(super) static COMPUTER: Shape = input(&[need("computer_guid", Shape::Text)]);
/// A computer and a message.
pub(super) static COMPUTER_MESSAGE: Shape = input(&[
    need("computer_guid", Shape::Text),
    need("message", Shape::Text),
]);
/// A computer with its partitions.
pub(super) static FORMAT: Shape = input(&[
    need("computer_guid", Shape::Text),
    need(
        "compute_partition_list",
        Shape::List(&Shape::Object(
            &[
                need("partition_id", Shape::Text),
                may(
                    "ip_list",
                    Shape::List(&Shape::Object(
                        &[
                            need("ip-address", Shape::Text),
                            may("network-interface", Shape::Text),
                            may("netmask", Shape::Text),
                            may("gateway-ip-address", Shape::Text),
                            may("network-address", Shape::Text),
                        ],
                        Others::Ignored,
                    )),
                ),
            ],
            Others::Ignored,
        )),
    ),
]);
/// A usage report.
pub(super) static USAGE: Shape = input(&[
    need("computer_guid", Shape::Text),
    need("tioxml", Shape::Text),
]);
/// A release on a computer, and whether it shall be there.
pub(super) static SUPPLY: Shape = input(&[
    need("computer_guid", Shape::Text),
    need("software_release_uri", Shape::Text),
    may("state", Shape::Word(&["available", "destroyed"])),
]);
/// A release on a computer, and what became of it.
pub(super) static SOFTWARE_STATE: Shape = input(&[
    need("computer_guid", Shape::Text),
    need("software_release_uri", Shape::Text),
    need(
        "reported_state",
        Shape::Word(&["available", "destroyed", "building"]),
    ),
]);
/// A release on a computer, and what went wrong with it.
pub(super) static SOFTWARE_ERROR: Shape = input(&[
    need("computer_guid", Shape::Text),
    need("software_release_uri", Shape::Text),
    need("message", Shape::Text),
]);
/// A request.
pub(super) static REQUEST: Shape = input(&[
    need("title", Shape::Title),
    need("software_release_uri", Shape::Text),
    need("software_type", Shape::Text),
    may("state", INSTANCE_STATES),
    may("shared", Shape::Flag),
    may("parameters", Shape::Dictionary),
    may(
        "sla_parameters",
        Shape::Object(
            &[
                may("computer_guid", Shape::Text),
                may("instance_guid", Shape::Text),
                may("network_guid", Shape::Text),
                may("project_guid", Shape::Text),
                may("retention_delay", Shape::Number),
            ],
            Others::Texts,
        ),
    ),
]);
/// The title of a tree.
pub(super) static TREE: Shape = input(&[need("title", Shape::Title)]);
/// An instance.
pub(super) static INSTANCE: Shape = input(&[need("instance_guid", Shape::Text)]);
/// A partition.
pub(super) static PARTITION: Shape = input(&[
    need("computer_guid", Shape::Text),
    need("compute_partition_id", Shape::Text),
]);
/// An instance and what became of it.
pub(super) static INSTANCE_STATE: Shape = input(&[
    need("instance_guid", Shape::Text),
    need("reported_state", INSTANCE_STATES),
]);
/// An instance and a message.
pub(super) static INSTANCE_MESSAGE: Shape = input(&[
    need("instance_guid", Shape::Text),
    need("message", Shape::Text),
]);
/// An instance and another title.
pub(super) static INSTANCE_TITLE: Shape = input(&[
    need("instance_guid", Shape::Text),
    need("title", Shape::Title),
]);
/// An instance and what it publishes.
pub(super) static CONNECTION: Shape = input(&[
    need("instance_guid", Shape::Text),
    need("connection_parameter_dict", Shape::Dictionary),
]);

/// A value that does not have its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    /// Where it is: `sla_parameters.a`; empty for the whole.
    pub(super) path: String,
    /// What is wrong with it.
    pub(super) message: String,
}

impl Violation {
    fn new(path: &str, message: String) -> Self {
        Self {
            path: path.to_owned(),
            message,
        }
    }

    fn kind(path: &str, value: &Value<'_>, kind: &str) -> Self {
        Self::new(path, format!("{} is not of type '{kind}'", shown(value)))
    }
}

impl Shape {
    /// Refuses a value that does not have this shape.
    pub(super) fn check(&self, path: &str, value: &Value<'_>) -> Result<(), Violation> {
        match self {
            Self::Text => text(path, value).map(drop),
            Self::Title => {
                if text(path, value)?.chars().nth(MAX_TITLE).is_some() {
                    let message = format!("{} is too long", shown(value));
                    return Err(Violation::new(path, message));
                }
                Ok(())
            }
            Self::Word(words) => {
                if words.contains(&text(path, value)?) {
                    return Ok(());
                }
                let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
                let message = format!("{} is not one of [{}]", shown(value), words.join(", "));
                Err(Violation::new(path, message))
            }
            Self::Flag if matches!(value, Value::Bool(_)) => Ok(()),
            Self::Flag => Err(Violation::kind(path, value, "boolean")),
            Self::Number if matches!(value, Value::Int(_) | Value::BigInt(_) | Value::Float(_)) => {
                Ok(())
            }
            Self::Number => Err(Violation::kind(path, value, "number")),
            Self::Dictionary => pairs(path, value).map(drop),
            Self::List(shape) => {
                let Value::List(items) = value else {
                    return Err(Violation::kind(path, value, "array"));
                };
                for (index, item) in items.iter().enumerate() {
                    shape.check(&format!("{path}[{index}]"), item)?;
                }
                Ok(())
            }
            Self::Object(fields, others) => object(path, value, fields, others),
        }
    }

    /// The shape as a JSON Schema: it takes what [`check`](Self::check) takes.
    pub(super) fn json_schema(&self) -> serde_json::Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Title => json!({ "type": "string", "maxLength": MAX_TITLE }),
            Self::Word(words) => json!({ "type": "string", "enum": words }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Number => json!({ "type": "number" }),
            Self::Dictionary => json!({ "type": "object" }),
            Self::List(shape) => json!({ "type": "array", "items": shape.json_schema() }),
            Self::Object(fields, others) => {
                let keys = fields.iter();
                let mut schema = openapi::object(
                    keys.map(|field| (field.name, field.needed, field.shape.json_schema())),
                );
                let others = match others {
                    Others::Refused => json!(false),
                    Others::Texts => json!({ "type": "string" }),
                    Others::Ignored => json!(true),
                };
                schema.insert("additionalProperties".to_owned(), others);
                schema.into()
            }
        }
    }
}

fn object(
    path: &str,
    value: &Value<'_>,
    fields: &[Field],
    others: &Others,
) -> Result<(), Violation> {
    let pairs = pairs(path, value)?;
    let missing = fields
        .iter()
        .find(|field| field.needed && value.get(field.name).is_none());
    if let Some(field) = missing {
        let message = format!("'{}' is a required property", field.name);
        return Err(Violation::new(path, message));
    }
    let mut unexpected = Vec::new();
    for (key, value) in pairs {
        let name = key.as_text().unwrap_or_default();
        let inner = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        match (fields.iter().find(|field| field.name == name), others) {
            (Some(field), _) => field.shape.check(&inner, value)?,
            (None, Others::Texts) => text(&inner, value).map(drop)?,
            (None, Others::Refused) => unexpected.push(shown(key)),
            (None, Others::Ignored) => {}
        }
    }
    if unexpected.is_empty() {
        return Ok(());
    }
    let verb = if unexpected.len() == 1 { "was" } else { "were" };
    let names = unexpected.join(", ");
    let message = format!("Additional properties are not allowed ({names} {verb} unexpected)");
    Err(Violation::new(path, message))
}

fn text<'v>(path: &str, value: &'v Value<'_>) -> Result<&'v str, Violation> {
    value
        .as_text()
        .ok_or_else(|| Violation::kind(path, value, "string"))
}

fn pairs<'v, 'x>(
    path: &str,
    value: &'v Value<'x>,
) -> Result<&'v [(Value<'x>, Value<'x>)], Violation> {
    if let Value::Dictionary(pairs) = value {
        Ok(pairs)
    } else {
        Err(Violation::kind(path, value, "object"))
    }
}

/// The value as Python shows it, as far as that is short.
pub(super) fn shown(value: &Value<'_>) -> String {
    let text = python::repr(value);
    match text.char_indices().nth(MAX_SHOWN) {
        None => text,
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::json;

    fn check(shape: &Shape, text: &str) -> Result<(), (String, String)> {
        let value = json::read(text.as_bytes()).unwrap();
        shape
            .check("", &value)
            .map_err(|violation| (violation.path, violation.message))
    }

    #[test]
    fn a_violation_is_worded_as_upstream_and_placed() {
        let refused = |shape: &Shape, text: &str, path: &str, message: &str| {
            let expected = Err((path.to_owned(), message.to_owned()));
            assert_eq!(check(shape, text), expected, "{text}");
        };
        refused(&COMPUTER, "[]", "", "[] is not of type 'object'");
        refused(
            &COMPUTER,
            "{}",
            "",
            "'computer_guid' is a required property",
        );
        refused(
            &INSTANCE,
            r#"{"instance_guid": 12}"#,
            "instance_guid",
            "12 is not of type 'string'",
        );
        refused(
            &INSTANCE,
            r#"{"instance_guid": "a", "portal_type": "x"}"#,
            "",
            "Additional properties are not allowed ('portal_type' was unexpected)",
        );
        refused(
            &NOTHING,
            r#"{"a": 1, "b": 2}"#,
            "",
            "Additional properties are not allowed ('a', 'b' were unexpected)",
        );
        refused(
            &INSTANCE_STATE,
            r#"{"instance_guid": "a", "reported_state": "paused"}"#,
            "reported_state",
            "'paused' is not one of ['started', 'stopped', 'destroyed']",
        );
        let start = r#""title": "a", "software_release_uri": "u", "software_type": """#;
        for (more, path, message) in [
            (r#""shared": 1"#, "shared", "1 is not of type 'boolean'"),
            (
                r#""parameters": null"#,
                "parameters",
                "None is not of type 'object'",
            ),
            (
                r#""sla_parameters": {"retention_delay": "7.0"}"#,
                "sla_parameters.retention_delay",
                "'7.0' is not of type 'number'",
            ),
            (
                r#""sla_parameters": {"a": 1}"#,
                "sla_parameters.a",
                "1 is not of type 'string'",
            ),
        ] {
            refused(&REQUEST, &format!("{{{start}, {more}}}"), path, message);
        }
        refused(
            &FORMAT,
            r#"{"computer_guid": "c", "compute_partition_list": [{"partition_id": "p"},
                {"partition_id": "q", "ip_list": [{"ip-address": true}]}]}"#,
            "compute_partition_list[1].ip_list[0].ip-address",
            "True is not of type 'string'",
        );
        let long = "é".repeat(201);
        let (path, message) = check(&TREE, &format!(r#"{{"title": "{long}"}}"#)).unwrap_err();
        assert_eq!(path, "title");
        assert!(message.ends_with("' is too long"), "{message}");
    }

    #[test]
    fn what_has_the_shape_is_taken() {
        let astral = "😀".repeat(200);
        let taken = |shape: &Shape, text: &str| assert_eq!(check(shape, text), Ok(()), "{text}");
        taken(&NOTHING, "{}");
        taken(&TREE, &format!(r#"{{"title": "{astral}"}}"#));
        taken(
            &FORMAT,
            r#"{"computer_guid": "", "compute_partition_list": [{"partition_id": "", "x": 1,
                "ip_list": [{"ip-address": "", "y": []}]}]}"#,
        );
        taken(
            &REQUEST,
            r#"{"title": "", "software_release_uri": "", "software_type": "", "shared": true,
                "state": "stopped", "parameters": {"a": [null, {"b": 1}]},
                "sla_parameters": {"retention_delay": 7, "x": ""}}"#,
        );
    }

    #[test]
    fn a_long_value_is_shown_in_part() {
        let shown = shown(&"é".repeat(1000).into());
        assert_eq!(shown.chars().count(), MAX_SHOWN + 1);
    }
}
