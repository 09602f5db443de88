//! `mode=traverse`: a document with the fields of its form.

use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::{
    domain::{
        behaviour::HateoasStates,
        document::{Entry, Shown},
        parameters::Parameters,
        status::PortalType,
    },
    front::document as paths,
};

use super::{Call, accept::HAL, column::text_content, document, error::HateoasError, links, news};

/// The one view that documents have.
const VIEW: &str = "slaposjs_view";

/// `GET …?mode=traverse`: one document, with its fields if the view is asked for.
///
/// What is unknown and what the caller may not read are told alike: 404, empty. Source:
/// `hateoas.md` A.5.
pub(super) async fn traverse(call: &Call) -> Result<Response, HateoasError> {
    let path = call.query.required("relative_url")?;
    let view = call.query.not_empty("view")?;
    if view.is_some_and(|view| view != VIEW) {
        return Err(HateoasError::NotFound);
    }
    let Some(name) = paths::name(path) else {
        return Err(HateoasError::NotFound);
    };
    let Some(shown) = call.master.document(&call.caller, &name).await? else {
        return Err(HateoasError::NotFound);
    };
    let page = Page::of(&shown, call.master.behaviour().hateoas_states);
    let mut links = links(&call.mode_url(Some(&format!(
        "mode=traverse&relative_url={}{}",
        escaped(path),
        view.map_or_else(String::new, |view| format!("&view={view}")),
    ))));
    let Page {
        portal_type,
        module_title,
        ..
    } = page;
    let module = path.split_once('/').map_or(path, |(module, _)| module);
    links.insert(
        "type".to_owned(),
        json!({ "href": format!("urn:jio:get:portal_types/{portal_type}"), "name": portal_type }),
    );
    links.insert(
        "parent".to_owned(),
        json!({ "href": format!("urn:jio:get:{module}"), "name": module_title }),
    );
    let mut told = Map::new();
    told.insert("_debug".to_owned(), "traverse".into());
    told.insert("title".to_owned(), page.title.as_str().into());
    told.insert("_links".to_owned(), links.into());
    if view.is_some() {
        let view = page.view(&call.root, path);
        told.insert("_embedded".to_owned(), json!({ "_view": view }));
    }
    Ok(document(HAL, &told.into()))
}

/// A document as its form shows it.
struct Page {
    portal_type: &'static str,
    module_title: &'static str,
    form: &'static str,
    title: String,
    fields: Vec<Field>,
}

/// A field of a form.
struct Field {
    kind: &'static str,
    name: &'static str,
    title: &'static str,
    value: Value,
}

/// A field of one line, whatever its value is: an object or a list too.
fn line(name: &'static str, title: &'static str, value: impl Into<Value>) -> Field {
    field("StringField", name, title, value)
}

fn lines(name: &'static str, title: &'static str, value: impl Into<Value>) -> Field {
    field("TextAreaField", name, title, value)
}

fn field(
    kind: &'static str,
    name: &'static str,
    title: &'static str,
    value: impl Into<Value>,
) -> Field {
    Field {
        kind,
        name,
        title,
        value: value.into(),
    }
}

impl Page {
    fn of(shown: &Shown, states: HateoasStates) -> Self {
        match shown {
            Shown::Tree {
                entry,
                parameters,
                connection,
                news,
            } => Self {
                form: "InstanceTree_viewAsHateoas",
                fields: vec![
                    line("my_title", "Title", entry.title.as_str()),
                    line("my_reference", "Reference", entry.reference.as_str()),
                    line("my_slap_state", "Slap State", state(entry, states)),
                    line(
                        "my_source_reference",
                        "Software Type",
                        entry.software_type.clone(),
                    ),
                    line("my_url_string", "Url String", entry.release.clone()),
                    lines("my_text_content", "Parameter XML", text_content(parameters)),
                    line(
                        "my_connection_parameter_list",
                        "my_connection_parameter_dict",
                        connection_list(connection),
                    ),
                    field(
                        "IntegerField",
                        "my_root_slave",
                        "my_root_slave",
                        i32::from(entry.has_shared_root == Some(true)),
                    ),
                    line("my_short_title", "Short Title", ""),
                    lines("my_description", "Description", ""),
                    line("my_source_title", "Current Organisation", ""),
                    line("my_news", "News", news::tree(entry, connection, news)),
                ],
                ..Self::bare(entry)
            },
            Shown::Instance {
                entry,
                parameters,
                connection,
                news,
            } => {
                let told = news::instance(entry.portal_type, &entry.reference, connection, news);
                let tree = entry.tree.as_ref();
                let tree_path = tree.map(|tree| paths::tree_path(&tree.reference));
                Self {
                    form: "SoftwareInstance_viewAsHateoas",
                    fields: vec![
                        line("my_title", "Title", entry.title.as_str()),
                        line("my_reference", "Reference", entry.reference.as_str()),
                        line("my_slap_state", "Slap State", state(entry, states)),
                        line(
                            "my_source_reference",
                            "Software Type",
                            entry.software_type.clone(),
                        ),
                        line("my_url_string", "Url String", entry.release.clone()),
                        lines("my_text_content", "Parameter XML", text_content(parameters)),
                        line(
                            "my_connection_parameter_list",
                            "my_connection_parameter_dict",
                            connection_list(connection),
                        ),
                        line("my_specialise", "Instance Tree", tree_path),
                        line(
                            "my_specialise_title",
                            "Instance Tree Title",
                            tree.map(|tree| tree.title.clone()),
                        ),
                        line("my_news", "News", told),
                    ],
                    ..Self::bare(entry)
                }
            }
            Shown::Computer {
                entry,
                allocation_scope,
                capacity_scope,
                status,
                partitions,
            } => Self {
                form: "ComputeNode_viewAsHateoas",
                fields: vec![
                    line("my_title", "Title", entry.title.as_str()),
                    line("my_reference", "Reference", entry.reference.as_str()),
                    line(
                        "my_allocation_scope",
                        "Allocation Scope",
                        allocation_scope.as_str(),
                    ),
                    line(
                        "my_capacity_scope",
                        "Capacity Scope",
                        capacity_scope.as_str(),
                    ),
                    line("my_news", "News", news::computer(status, partitions)),
                ],
                ..Self::bare(entry)
            },
            Shown::Installation {
                entry,
                computer_title,
                status,
            } => {
                let computer = entry.place.as_ref().map(|place| place.reference.as_str());
                let path = computer.map(|computer| paths::path(PortalType::ComputeNode, computer));
                Self {
                    form: "SoftwareInstallation_viewAsHateoas",
                    fields: vec![
                        line("my_reference", "Reference", entry.reference.as_str()),
                        line("my_slap_state", "Slap State", state(entry, states)),
                        line("my_url_string", "Url String", entry.release.clone()),
                        line("my_aggregate", "Compute Node", path),
                        line("my_aggregate_reference", "Compute Node Reference", computer),
                        line(
                            "my_aggregate_title",
                            "Compute Node Title",
                            computer_title.as_str(),
                        ),
                        line("my_news", "News", news::status(status)),
                    ],
                    ..Self::bare(entry)
                }
            }
            Shown::Person(reference) => Self {
                portal_type: "Person",
                module_title: "Persons",
                form: "Person_viewAsHateoas",
                title: reference.as_str().to_owned(),
                fields: vec![
                    line("my_title", "Title", reference.as_str()),
                    line("my_reference", "Reference", reference.as_str()),
                ],
            },
        }
    }

    fn bare(entry: &Entry) -> Self {
        Self {
            portal_type: entry.portal_type.as_str(),
            module_title: match entry.portal_type {
                PortalType::InstanceTree => "Instance Trees",
                PortalType::SoftwareInstance | PortalType::SlaveInstance => "Software Instances",
                PortalType::ComputeNode => "Compute Nodes",
                PortalType::SoftwareInstallation => "Software Installations",
            },
            form: "",
            title: entry.title.clone(),
            fields: Vec::new(),
        }
    }

    fn view(&self, root: &str, path: &str) -> Value {
        let mut view = Map::new();
        let links = json!({
            "self": { "href": format!("{root}/{path}/{}", self.form) },
            "traversed_document": {
                "href": format!("urn:jio:get:{path}"),
                "name": path,
                "title": self.title,
            },
        });
        view.insert("_links".to_owned(), links);
        let form = json!({
            "type": "StringField",
            "title": "form_id",
            "key": "form_id",
            "css_class": "",
            "editable": 1,
            "hidden": 1,
            "description": "",
            "required": 1,
            "default": self.form,
        });
        view.insert("form_id".to_owned(), form);
        for field in &self.fields {
            let shown = json!({
                "type": field.kind,
                "title": field.title,
                "key": format!("field_{}", field.name),
                "css_class": "",
                "editable": 1,
                "hidden": 0,
                "description": "",
                "required": 0,
                "default": field.value,
            });
            view.insert(field.name.to_owned(), shown);
        }
        view.into()
    }
}

/// What is wanted of a document, in the words of `hateoas.states`.
fn state(entry: &Entry, states: HateoasStates) -> Option<&'static str> {
    let state = entry.state?;
    Some(match states {
        HateoasStates::Slap => state.slap_state(),
        HateoasStates::Plain => state.as_str(),
    })
}

/// Connection parameters, by key. One `_` alone that holds a JSON object stands for what is in
/// it.
fn connection_list(connection: &Parameters) -> Value {
    let nested = connection
        .get("_")
        .filter(|_| connection.len() == 1)
        .and_then(|json| {
            serde_json::from_str::<std::collections::BTreeMap<String, Value>>(json).ok()
        });
    let pairs: Vec<(String, Value)> = match nested {
        Some(nested) => nested.into_iter().collect(),
        None => connection
            .iter()
            .map(|(key, value)| (key.to_owned(), value.unwrap_or_default().into()))
            .collect(),
    };
    pairs
        .into_iter()
        .map(|(key, value)| json!({ "connection_key": key, "connection_value": value }))
        .collect()
}

/// A text as part of a query string.
fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_parameters_are_listed_by_key_and_a_single_object_by_its_members() {
        let check = |pairs: &[(&str, &str)], expected: Value| {
            let pairs = pairs.iter().map(|(k, v)| (*k, Some(*v)));
            assert_eq!(connection_list(&pairs.collect()), expected);
        };
        let pair =
            |key: &str, value: Value| json!({ "connection_key": key, "connection_value": value });
        check(&[], json!([]));
        check(
            &[("url", "http://a/"), ("a", "")],
            json!([pair("a", "".into()), pair("url", "http://a/".into())]),
        );
        check(
            &[("_", r#"{"b": [1], "a": null}"#)],
            json!([pair("a", Value::Null), pair("b", json!([1]))]),
        );
        check(&[("_", "[1]")], json!([pair("_", "[1]".into())]));
        check(
            &[("_", "{}"), ("a", "b")],
            json!([pair("_", "{}".into()), pair("a", "b".into())]),
        );
    }
}
