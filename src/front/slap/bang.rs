//! Bangs, which make nodes process their instances again: `softwareInstanceBang` and
//! `computerBang`.

use axum::response::Response;

use super::{
    Call, answer,
    error::{CallKind, Done, SlapError},
};

/// `POST /softwareInstanceBang`: the instance and its tree shall be processed again (C.62).
///
/// Answers `OK`. Errors as `startedComputerPartition`. Source: `slap.md` 5.7.
pub(super) async fn instance_bang(call: &Call) -> Result<Response, SlapError> {
    let at = call.form.partition()?;
    let message = call.form.required("message")?.to_owned();
    call.master
        .bang_instance(call.calling.about_instance(), at, message)
        .await
        .done(CallKind::PartitionWrite, &call.master)?;
    Ok(answer::ok_xml())
}

/// `POST /computerBang`: every instance on the computer shall be processed again (C.63).
///
/// Answers `None`. `slapos node bang` without `-m` sends the message `None`, which is kept as it
/// is. Unknown computer: 404 (C.68). Source: `slap.md` 5.14.
pub(super) async fn computer_bang(call: &Call) -> Result<Response, SlapError> {
    let computer = call.form.computer("computer_id")?;
    let message = call.form.required("message")?.to_owned();
    call.master
        .bang_computer(call.calling.about_computer(&computer), computer, message)
        .await
        .done(CallKind::ComputerWrite, &call.master)?;
    Ok(answer::none())
}
