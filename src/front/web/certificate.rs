//! `Person_getCertificate`: what `slapos configure client` calls.

use serde_json::json;

use crate::master::UserCertificateOutcome;

use super::{
    Answer, Call,
    error::{RefusedBody, WebError},
};

/// `POST /Person_getCertificate`: a further certificate for the person whose token it is.
///
/// Token refused: 403 and an empty object. Source: `hateoas.md` B.2.
pub(super) async fn certificate(call: &Call) -> Result<Answer, WebError> {
    match call
        .master
        .issue_user_certificate(call.token.clone())
        .await?
    {
        UserCertificateOutcome::Issued(issued) => Ok(Answer {
            body: json!({
                "certificate": issued.certificate_pem,
                "key": issued.key_pem.expose(),
                "id": issued.serial.as_str(),
                "common_name": issued.common_name,
            }),
            computer: None,
        }),
        UserCertificateOutcome::TokenRefused => {
            Err(WebError::TokenRefused(RefusedBody::EmptyObject))
        }
    }
}
