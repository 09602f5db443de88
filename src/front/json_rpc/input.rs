//! The body of a call: read, checked against the method's shape, and its arguments taken out.

use axum::{
    body::Body,
    http::{HeaderMap, Method, header, request::Parts},
};
use bytes::Bytes;

use crate::{
    domain::{
        identifier::{
            ComputerReference, PartitionAddress, PartitionReference, SoftwareReleaseUri, Title,
        },
        instance::InstanceName,
        parameters::Parameters,
        text::{InvalidValue, is_xml_legal},
    },
    front::body,
    xml::{json, marshal::Value},
};

use super::{
    error::JsonRpcError,
    schema::{self, Shape},
};

/// How many bytes a body may have.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// The body of a request with the right media type and verb, whose faults are told in that order.
pub(super) async fn body(parts: &Parts, body: Body) -> Result<Bytes, JsonRpcError> {
    check_media_type(&parts.headers)?;
    if parts.method != Method::POST {
        return Err(JsonRpcError::wrong_verb(&parts.method));
    }
    Ok(body::read(&parts.headers, body, MAX_BODY_BYTES).await?)
}

/// What either master takes: production looks for `application/json` anywhere, slapproxy takes
/// every type that ends in `+json`.
fn check_media_type(headers: &HeaderMap) -> Result<(), JsonRpcError> {
    let found = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.as_bytes().escape_ascii().to_string());
    let text = found.as_deref().unwrap_or_default().to_ascii_lowercase();
    let media_type = text.split(';').next().unwrap_or_default().trim();
    if text.contains("application/json") || media_type.ends_with("+json") {
        return Ok(());
    }
    Err(JsonRpcError::media_type(found.as_deref()))
}

/// The arguments of a call, which have the shape of its method.
#[derive(Debug)]
pub(super) struct Arguments(Value<'static>);

impl Arguments {
    /// Reads the body of a method of this shape.
    pub(super) fn read(body: &[u8], shape: &Shape) -> Result<Self, JsonRpcError> {
        let value = json::read(body).map_err(|error| JsonRpcError::not_json(&error))?;
        let Value::Dictionary(_) = value else {
            return Err(JsonRpcError::not_an_object(&schema::shown(&value)));
        };
        shape
            .check("", &value)
            .map_err(JsonRpcError::invalid_shape)?;
        Ok(Self(value))
    }

    /// The arguments as they were sent.
    pub(super) const fn value(&self) -> &Value<'static> {
        &self.0
    }

    /// The text of a key, if it is there.
    pub(super) fn optional(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_text)
    }

    /// The text of a key that the shape needs.
    pub(super) fn text(&self, key: &str) -> &str {
        self.optional(key).unwrap_or_default()
    }

    /// The flag of a key, `false` where it is not there.
    pub(super) fn flag(&self, key: &str) -> bool {
        matches!(self.0.get(key), Some(Value::Bool(true)))
    }

    /// The computer that is named, to be looked up: any text may be sent for one.
    pub(super) fn computer(&self) -> ComputerReference {
        ComputerReference::trusted(self.text("computer_guid").to_owned())
    }

    /// The partition that is named, to be looked up.
    pub(super) fn partition(&self) -> PartitionAddress {
        let partition = self.text("compute_partition_id").to_owned();
        PartitionAddress {
            computer: self.computer(),
            partition: PartitionReference::trusted(partition),
        }
    }

    /// The instance that is named.
    pub(super) fn instance(&self) -> InstanceName {
        InstanceName::Guid(self.text("instance_guid").to_owned())
    }

    /// The software release that is named, to be looked up.
    pub(super) fn release(&self) -> SoftwareReleaseUri {
        SoftwareReleaseUri::trusted(self.text("software_release_uri").to_owned())
    }

    /// A software release that is to be kept; `None` if it is empty.
    pub(super) fn new_release(&self) -> Result<Option<SoftwareReleaseUri>, InvalidValue> {
        const KEY: &str = "software_release_uri";
        let text = Some(self.text(KEY)).filter(|text| !text.is_empty());
        text.map(|text| SoftwareReleaseUri::parse(KEY, text))
            .transpose()
    }

    /// A title that is to be kept.
    pub(super) fn title(&self) -> Result<Title, InvalidValue> {
        Title::parse("title", self.text("title"))
    }

    /// The dictionary of a key, as it is kept: flat texts, none where the key is not there.
    pub(super) fn parameters(&self, key: &str) -> Result<Parameters, InvalidValue> {
        let Some(value) = self.0.get(key) else {
            return Ok(Parameters::new());
        };
        let parameters = value.clone().into_parameters(key)?;
        for (name, text) in parameters.iter() {
            legal(&format!("a key of {key}"), name)?;
            legal(&format!("{key}.{name}"), text.unwrap_or_default())?;
        }
        Ok(parameters)
    }
}

/// Refuses a character that could not be told in the classic dialect.
pub(super) fn legal(field: &str, text: &str) -> Result<(), InvalidValue> {
    match text.chars().position(|character| !is_xml_legal(character)) {
        None => Ok(()),
        Some(index) => Err(InvalidValue::new(
            field,
            format!("the character at position {index} is not allowed in XML 1.0"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_the_only_media_type() {
        let check = |kind: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(kind) = kind {
                headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            }
            check_media_type(&headers).is_ok()
        };
        for kind in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON",
            "application/vnd.slapos+json;x=y",
        ] {
            assert!(check(Some(kind)), "{kind}");
        }
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "json",
            "",
        ] {
            assert!(!check(Some(kind)), "{kind}");
        }
        assert!(!check(None));
    }

    #[test]
    fn parameters_become_the_texts_that_python_makes_of_them() {
        let body = r#"{"instance_guid": "", "connection_parameter_dict": {"i": 1, "f": 1.5,
            "b": true, "n": null, "l": [1, 2], "d": {"a": "b"}, "e": "", "big": 1e3}}"#;
        let arguments = Arguments::read(body.as_bytes(), &schema::CONNECTION).unwrap();
        let parameters = arguments.parameters("connection_parameter_dict").unwrap();
        let pairs: Vec<_> = parameters.iter().collect();
        assert_eq!(
            pairs,
            [
                ("b", Some("True")),
                ("big", Some("1000.0")),
                ("d", Some("{'a': 'b'}")),
                ("e", None),
                ("f", Some("1.5")),
                ("i", Some("1")),
                ("l", Some("[1, 2]")),
                ("n", Some("None")),
            ]
        );
        let refused = |body: &str| {
            let arguments = Arguments::read(body.as_bytes(), &schema::CONNECTION).unwrap();
            let refused = arguments.parameters("connection_parameter_dict");
            refused.unwrap_err().field
        };
        let illegal = r#"{"instance_guid": "", "connection_parameter_dict": {"a": "x\u0000"}}"#;
        assert_eq!(refused(illegal), "connection_parameter_dict.a");
        let illegal = r#"{"instance_guid": "", "connection_parameter_dict": {"\u0001": ""}}"#;
        assert_eq!(refused(illegal), "a key of connection_parameter_dict");
    }
}
