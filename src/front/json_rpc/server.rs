//! About the server itself.

use axum::response::Response;
use serde_json::json;

use crate::{
    domain::{
        behaviour::{HateoasUrl, JsonRpcWords},
        text::InvalidValue,
    },
    front::HATEOAS_ROOT,
};

use super::{Call, answer, error::JsonRpcError};

/// `get.v0.hateoas_url`: where the HATEOAS documents are, as this client reaches them.
///
/// Under `hateoas.url` at `off`, 403 (C.81). Source: `json-rpc.md` 5.24.
pub(super) async fn hateoas_url(call: &Call) -> Result<Response, JsonRpcError> {
    match call.behaviour().hateoas_url {
        HateoasUrl::Off => Err(JsonRpcError::forbidden(
            "HATEOAS-URL-NOT-FOUND",
            "no URL of HATEOAS documents is set",
        )),
        HateoasUrl::On => {
            let base = call.address.base_url(&call.headers).ok_or_else(|| {
                InvalidValue::new("Host", "is missing, the name of this server was expected")
            })?;
            // Quirk: slapproxy spells it with a final slash here.
            let slash = match call.behaviour().json_rpc_words {
                JsonRpcWords::Production => "",
                JsonRpcWords::Proxy => "/",
            };
            let url = format!("{base}{HATEOAS_ROOT}{slash}");
            Ok(answer::result(&json!({ "hateoas_url": url })))
        }
    }
}
