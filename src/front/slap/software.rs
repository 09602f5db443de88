//! What a computer reports of software: `buildingSoftwareRelease`, `availableSoftwareRelease`,
//! `softwareReleaseError`, `destroyedSoftwareRelease`.

use axum::response::Response;

use crate::domain::software::SoftwareReport;

use super::{
    Call, answer,
    error::{CallKind, Done, SlapError},
};

/// `POST /buildingSoftwareRelease`: the release is being built.
///
/// Answers `None`. Not supplied on this computer: 404 (C.69), as for every call of this file.
/// Source: `slap.md` 5.13.
pub(super) async fn building(call: &Call) -> Result<Response, SlapError> {
    report(call, SoftwareReport::Building).await
}

/// `POST /availableSoftwareRelease`: the release was built. Source: `slap.md` 5.13.
pub(super) async fn available(call: &Call) -> Result<Response, SlapError> {
    report(call, SoftwareReport::Available).await
}

/// `POST /softwareReleaseError`: the release could not be built. Source: `slap.md` 5.13.
pub(super) async fn error(call: &Call) -> Result<Response, SlapError> {
    let log = call.form.required("error_log")?.to_owned();
    report(call, SoftwareReport::Error { log }).await
}

/// `POST /destroyedSoftwareRelease`: the release was removed. Nobody asked for that: 404 (C.16).
/// Source: `slap.md` 5.13.
pub(super) async fn destroyed(call: &Call) -> Result<Response, SlapError> {
    report(call, SoftwareReport::Destroyed).await
}

async fn report(call: &Call, report: SoftwareReport) -> Result<Response, SlapError> {
    let computer = call.form.computer("computer_id")?;
    let release = call.form.release("url")?;
    let caller = call.calling.about_computer(&computer);
    call.master
        .report_software(caller, computer, release, report)
        .await
        .done(CallKind::SoftwareReport, &call.master)?;
    Ok(answer::none())
}
