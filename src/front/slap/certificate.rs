//! Certificates: `generateComputerCertificate`, `revokeComputerCertificate` and
//! `getComputerPartitionCertificate`.

use axum::response::Response;

use crate::{
    domain::secret::Secret,
    xml::marshal::{self, Value},
};

use super::{
    Call,
    answer::{self, MaxAge},
    error::{Answered, CallKind, SlapError},
};

/// `POST /generateComputerCertificate`: a new certificate for a computer and its key, which is not
/// told again. The certificate has the text before it from which commands read the reference.
///
/// One is still valid, or unknown computer: 404. Source: `slap.md` 5.20, `hateoas.md` B.1.
pub(super) async fn generate(call: &Call) -> Result<Response, SlapError> {
    let computer = call.form.computer("computer_id")?;
    let issued = call
        .master
        .generate_computer_certificate(call.calling.of_itself(), computer)
        .await
        .answered(CallKind::Setup, &call.master)?;
    let body = pair(&issued.certificate_with_text(), &issued.key_pem);
    Ok(answer::xml(body))
}

/// `POST /revokeComputerCertificate`: the computer's certificate counts no more.
///
/// None is valid, or unknown computer: 404. Source: `slap.md` 5.20.
pub(super) async fn revoke(call: &Call) -> Result<Response, SlapError> {
    let computer = call.form.computer("computer_id")?;
    call.master
        .revoke_computer_certificate(call.calling.of_itself(), computer)
        .await
        .answered(CallKind::Setup, &call.master)?;
    Ok(answer::none())
}

/// `GET /getComputerPartitionCertificate`: the certificate and the key that were made with the
/// instance on a partition, the same at each call.
///
/// Free partition: 404. Source: `slap.md` 5.17.
pub(super) async fn of_partition(call: &Call) -> Result<Response, SlapError> {
    let at = call.form.partition()?;
    let found = call
        .master
        .instance_certificate(call.calling.about_instance(), at)
        .await
        .answered(CallKind::PartitionCertificate, &call.master)?;
    let body = pair(&found.certificate_pem, &found.key_pem);
    let modified = answer::last_modified(found.changed_at);
    Ok(answer::cacheable_xml(body, MaxAge::Revalidated, modified))
}

/// The dictionary that all of them answer with.
fn pair(certificate: &str, key: &Secret) -> String {
    marshal::write(&Value::dictionary([
        ("certificate", certificate.into()),
        ("key", key.expose().into()),
    ]))
}
