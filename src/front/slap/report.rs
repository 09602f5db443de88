//! What is reported of instances: `startedComputerPartition`, `stoppedComputerPartition`,
//! `destroyedComputerPartition`, `softwareInstanceError`, and two reports of clients before 1.4.9.

use axum::{http::StatusCode, response::Response};

use crate::{
    domain::instance::InstanceName,
    master::{InstanceReport, ReportOutcome},
};

use super::{
    Call, answer,
    error::{CallKind, Done, SlapError},
};

/// `POST /startedComputerPartition`: the instance runs.
///
/// Answers `None`. Unknown computer or partition, or no live instance on it: 404 (C.68, C.69), as
/// for every call of this file. Source: `slap.md` 5.4.
pub(super) async fn started(call: &Call) -> Result<Response, SlapError> {
    report(call, InstanceReport::Started).await
}

/// `POST /stoppedComputerPartition`: the instance is stopped. Source: `slap.md` 5.4.
pub(super) async fn stopped(call: &Call) -> Result<Response, SlapError> {
    report(call, InstanceReport::Stopped).await
}

/// `POST /destroyedComputerPartition`: the instance is gone, which frees its partition if that
/// was asked for; else nothing happens (C.48).
///
/// Refused with 200 and a text while a root has children, as slapproxy does (C.47). Source: `slap.md` 5.5.
pub(super) async fn destroyed(call: &Call) -> Result<Response, SlapError> {
    report(call, InstanceReport::Destroyed).await
}

/// `POST /softwareInstanceError`: the instance, or a shared one that it serves, failed.
///
/// The log is free text. The client leaves `slave_reference` out when there is none: the text
/// `None` is a reference like any other here. Source: `slap.md` 5.6.
pub(super) async fn error(call: &Call) -> Result<Response, SlapError> {
    let log = call.form.required("error_log")?.to_owned();
    let shared = call.form.not_empty("slave_reference")?.map(str::to_owned);
    let name = InstanceName::on(call.form.partition()?, shared);
    report_of(call, name, InstanceReport::Error { log }).await
}

/// `POST /buildingComputerPartition`, `/availableComputerPartition`: acknowledged, without
/// effect, as masters did when clients sent them. Source: `slap.md` 5.26.
pub(super) async fn legacy(call: &Call) -> Result<Response, SlapError> {
    report(call, InstanceReport::Preparing).await
}

async fn report(call: &Call, report: InstanceReport) -> Result<Response, SlapError> {
    let at = call.form.partition()?;
    report_of(call, at.into(), report).await
}

async fn report_of(
    call: &Call,
    name: InstanceName,
    report: InstanceReport,
) -> Result<Response, SlapError> {
    let outcome = call
        .master
        .report_instance(call.calling.about_instance(), name, report)
        .await
        .done(CallKind::PartitionWrite, &call.master)?;
    Ok(match outcome {
        Some(ReportOutcome::ChildrenLeft(children)) => answer::plain(
            StatusCode::OK,
            format!(
                "not done: {} of its children are left, and are now asked to be destroyed\n",
                children.len()
            ),
        ),
        Some(ReportOutcome::Taken) | None => answer::none(),
    })
}
