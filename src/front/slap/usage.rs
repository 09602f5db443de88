//! `useComputer`.

use axum::{http::StatusCode, response::Response};

use crate::{domain::text::InvalidValue, xml::consumption};

use super::{
    Call, answer,
    error::{CallKind, Done, SlapError},
};

/// `POST /useComputer`: what the computer's instances consumed.
///
/// The report is raw XML, not marshalled. Answers `OK`. A report that does not have the required
/// shape: 400; unknown computer: 404 (C.68). Source: `slap.md` 5.15.
pub(super) async fn use_computer(call: &Call) -> Result<Response, SlapError> {
    const FIELD: &str = "use_string";
    let computer = call.form.computer("computer_id")?;
    let report = consumption::read(call.form.required(FIELD)?)
        .map_err(|error| InvalidValue::new(FIELD, error.to_string()))?;
    call.master
        .report_usage(call.calling.about_computer(&computer), computer, report)
        .await
        .done(CallKind::ComputerWrite, &call.master)?;
    Ok(answer::plain(StatusCode::OK, "OK"))
}
