//! How values of the model are kept in columns.

use std::str::FromStr;

use sqlx::error::BoxDynError;

use super::StoreError;
use crate::domain::{computer::Address, parameters::Parameters};

/// What a stored value is that cannot be understood.
pub(super) fn corrupt(source: impl Into<BoxDynError>) -> StoreError {
    StoreError {
        operation: "understand a stored value",
        source: sqlx::Error::Decode(source.into()),
    }
}

/// A state by its word.
pub(crate) fn word<T>(text: &str) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: Into<BoxDynError>,
{
    text.parse().map_err(corrupt)
}

/// A dictionary as JSON: keys in code point order, so that equal ones are equal texts.
pub(crate) fn parameters_json(parameters: &Parameters) -> String {
    let object: serde_json::Map<String, serde_json::Value> = parameters
        .iter()
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect();
    serde_json::Value::Object(object).to_string()
}

/// A dictionary from its JSON.
pub(crate) fn parameters(json: &str) -> Result<Parameters, StoreError> {
    if json == "{}" {
        return Ok(Parameters::new());
    }
    let pairs: std::collections::BTreeMap<String, Option<String>> =
        serde_json::from_str(json).map_err(corrupt)?;
    Ok(pairs.into_iter().collect())
}

/// Texts as a JSON list.
pub(crate) fn texts_json(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}

/// Texts from a JSON list.
pub(crate) fn texts(json: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(json).map_err(corrupt)
}

/// Texts by key, from a JSON object.
pub(crate) fn dictionary(
    json: &str,
) -> Result<std::collections::BTreeMap<String, String>, StoreError> {
    serde_json::from_str(json).map_err(corrupt)
}

/// Addresses as a JSON list of five texts each.
pub(crate) fn addresses_json(addresses: &[Address]) -> String {
    let rows: Vec<[&str; 5]> = addresses
        .iter()
        .map(|a| {
            [
                a.interface.as_str(),
                &a.address,
                &a.netmask,
                &a.gateway,
                &a.network,
            ]
        })
        .collect();
    serde_json::to_string(&rows).unwrap_or_default()
}

/// Addresses from their JSON.
pub(crate) fn addresses(json: &str) -> Result<Vec<Address>, StoreError> {
    let rows: Vec<[String; 5]> = serde_json::from_str(json).map_err(corrupt)?;
    Ok(rows
        .into_iter()
        .map(|[interface, address, netmask, gateway, network]| Address {
            interface,
            address,
            netmask,
            gateway,
            network,
        })
        .collect())
}
