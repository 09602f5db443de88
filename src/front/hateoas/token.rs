//! `Base_getComputerToken`: what `slapos computer token` calls.

use axum::response::Response;
use serde_json::json;

use crate::domain::behaviour::HateoasToken;

use super::{Call, document, error::HateoasError};

/// `GET {root}/computer_module/Base_getComputerToken`: a token with which one computer can be
/// registered in the caller's default project.
///
/// Under `hateoas.token` at `gone`, production's answer since a token names its project: 410.
/// Source: `hateoas.md` B.3, C.85.
pub(super) async fn computer_token(call: &Call) -> Result<Response, HateoasError> {
    match call.master.behaviour().hateoas_token {
        HateoasToken::Gone => Err(HateoasError::Gone),
        HateoasToken::Issue => {
            let token = call.master.computer_token(call.caller.clone()).await?;
            let token = json!({ "access_token": token.value.expose() });
            Ok(document("application/json", &token))
        }
    }
}
