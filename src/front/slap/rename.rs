//! `softwareInstanceRename`.

use axum::response::Response;

use crate::domain::instance::InstanceName;

use super::{
    Call, answer,
    error::{CallKind, Done, SlapError},
};

/// `POST /softwareInstanceRename`: the instance, or a shared one that it serves, gets another
/// title.
///
/// Answers `None`. A title that is taken in the tree: 404 (C.50, C.54); other errors as
/// `startedComputerPartition`. Source: `slap.md` 5.8.
pub(super) async fn rename(call: &Call) -> Result<Response, SlapError> {
    let at = call.form.partition()?;
    let title = call.form.title("new_name")?;
    let shared = call.form.not_empty("slave_reference")?.map(str::to_owned);
    call.master
        .rename_instance(
            call.calling.about_instance(),
            InstanceName::on(at, shared),
            title,
        )
        .await
        .done(CallKind::PartitionWrite, &call.master)?;
    Ok(answer::none())
}
