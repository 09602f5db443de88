//! `Person_requestComputer`: what `slapos node register` calls.

use serde_json::json;

use crate::{
    domain::{identifier::Title, text::InvalidValue},
    front::document::computer_path,
    master::Registration,
};

use super::{
    Answer, Call,
    error::{RefusedBody, WebError},
};

/// `POST /Person_requestComputer`: the computer of this title gets a certificate, and is made
/// before if there is none.
///
/// Token refused: 403, empty. It has a valid certificate: 500 with the words that the command
/// looks for. The title is read first, so that a call without one leaves its token as it was.
/// Source: `hateoas.md` B.1.
pub(super) async fn request_computer(call: &Call) -> Result<Answer, WebError> {
    const FIELD: &str = "title";
    let title = call
        .form
        .not_empty(FIELD)?
        .ok_or_else(|| InvalidValue::new(FIELD, "is missing, the computer's name was expected"))?;
    let title = Title::parse(FIELD, title)?;
    match call
        .master
        .register_computer(call.token.clone(), title)
        .await?
    {
        Registration::Registered { reference, issued } => Ok(Answer {
            body: json!({
                "certificate": issued.certificate_with_text(),
                "key": issued.key_pem.expose(),
                "reference": reference.as_str(),
                "relative_url": computer_path(&reference),
            }),
            computer: Some(reference.as_str().to_owned()),
        }),
        Registration::StillActive => Err(WebError::StillActive),
        Registration::TokenRefused => Err(WebError::TokenRefused(RefusedBody::Empty)),
    }
}
