//! Certificates of computers and of instances.

use axum::response::Response;
use serde_json::json;

use crate::domain::secret::Secret;

use super::{
    Call, answer,
    error::{Answered as _, CallKind, JsonRpcError},
};

/// `post.v0.compute_node_certificate`: a new certificate for a computer and its key, which is not
/// told again, in the text form from which commands read the reference.
///
/// One is still valid: 403 `CERTIFICATE-STILL-ACTIVE` (C.54). Source: `json-rpc.md` 5.4.
pub(super) async fn issue(call: &Call) -> Result<Response, JsonRpcError> {
    let issued = call
        .master
        .generate_computer_certificate(call.calling.of_itself(), call.arguments.computer())
        .await
        .answered(CallKind::Computer, &call.master)?;
    Ok(pair(&issued.certificate_with_text(), &issued.key_pem))
}

/// `remove.v0.compute_node_certificate`: the computer's certificate counts no more.
///
/// None is valid: 403 `NO-CERTIFICATE` (C.54). Source: `json-rpc.md` 5.5.
pub(super) async fn revoke(call: &Call) -> Result<Response, JsonRpcError> {
    call.master
        .revoke_computer_certificate(call.calling.of_itself(), call.arguments.computer())
        .await
        .answered(CallKind::Computer, &call.master)?;
    Ok(answer::success("Certificate removed"))
}

/// `get.v0.software_instance_certificate`: the certificate and the key that were made with the
/// instance, the same at each call.
///
/// A shared instance has none: 403. Source: `json-rpc.md` 5.18.
pub(super) async fn of_instance(call: &Call) -> Result<Response, JsonRpcError> {
    let guid = call.arguments.text("instance_guid");
    let found = call
        .master
        .certificate_by_guid(call.calling.about_instance(), guid)
        .await
        .answered(CallKind::Instance, &call.master)?;
    Ok(pair(&found.certificate_pem, &found.key_pem))
}

fn pair(certificate: &str, key: &Secret) -> Response {
    answer::result(&json!({ "key": key.expose(), "certificate": certificate }))
}
