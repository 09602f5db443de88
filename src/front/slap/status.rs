//! Statuses: `getComputerStatus`, `getComputerPartitionStatus`, `getSoftwareInstallationStatus`.

use axum::response::Response;

use crate::domain::{behaviour::ErrorsUnknown, status::StatusReading};

use super::{
    Call,
    answer::{self, MaxAge},
    error::{Answered, CallKind, SlapError},
    render,
};

/// `GET /getComputerStatus`: what was last heard of a computer. Source: `slap.md` 5.16.
pub(super) async fn computer_status(call: &Call) -> Result<Response, SlapError> {
    let computer = call.form.computer("computer_id")?;
    let reading = call
        .master
        .computer_status(&call.calling.of_itself(), &computer)
        .await
        .answered(CallKind::ComputerStatus, &call.master)?;
    Ok(answer(call, &reading))
}

/// `GET /getComputerPartitionStatus`: what was last heard of the instance on a partition.
/// Source: `slap.md` 5.16.
pub(super) async fn partition_status(call: &Call) -> Result<Response, SlapError> {
    let at = call.form.partition()?;
    let reading = call
        .master
        .partition_status(&call.calling.of_itself(), &at)
        .await
        .answered(CallKind::PartitionStatus, &call.master)?;
    check_subject(call, &reading)?;
    Ok(answer(call, &reading))
}

/// `GET /getSoftwareInstallationStatus`: what was last heard of a release on a computer.
/// Source: `slap.md` 5.16.
pub(super) async fn installation_status(call: &Call) -> Result<Response, SlapError> {
    let release = call.form.release("url")?;
    let computer = call.form.computer("computer_id")?;
    let reading = call
        .master
        .installation_status(&call.calling.of_itself(), &computer, &release)
        .await
        .answered(CallKind::ComputerStatus, &call.master)?;
    check_subject(call, &reading)?;
    Ok(answer(call, &reading))
}

/// Where nothing is there to have a status, the reading is about the place itself, and production
/// breaks (C.72).
fn check_subject(call: &Call, reading: &StatusReading) -> Result<(), SlapError> {
    match call.behaviour().errors_unknown {
        ErrorsUnknown::Production if !reading.subject_exists => Err(SlapError::Unreadable(
            format!("nothing at `{}` could have a status", reading.reference),
        )),
        ErrorsUnknown::Plain | ErrorsUnknown::Production | ErrorsUnknown::Proxy => Ok(()),
    }
}

fn answer(call: &Call, reading: &StatusReading) -> Response {
    let modified = call.last_modified();
    answer::cacheable_xml(render::status(reading), MaxAge::OneMinute, modified)
}
