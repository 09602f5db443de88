//! `setComputerPartitionConnectionXml`.

use axum::response::Response;

use crate::domain::instance::InstanceName;

use super::{
    Call, answer,
    error::{CallKind, Done, SlapError},
};

/// `POST /setComputerPartitionConnectionXml`: what the instance, or a shared one that it serves,
/// publishes; it replaces what was published before.
///
/// Answers `None`. Unknown `slave_reference`: 404 (C.69); other errors as
/// `startedComputerPartition`. Source: `slap.md` 5.9.
pub(super) async fn set_connection(call: &Call) -> Result<Response, SlapError> {
    let at = call.form.partition()?;
    let connection = call
        .form
        .required_value("connection_xml")?
        .into_parameters("connection_xml")?;
    // Quirk: the client always sends the text `None` when it means its own instance.
    let shared = call
        .form
        .not_empty("slave_reference")?
        .filter(|reference| !reference.eq_ignore_ascii_case("none"))
        .map(str::to_owned);
    call.master
        .publish_connection(
            call.calling.about_instance(),
            InstanceName::on(at, shared),
            connection,
        )
        .await
        .done(CallKind::PartitionWrite, &call.master)?;
    Ok(answer::none())
}
