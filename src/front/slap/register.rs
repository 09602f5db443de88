//! `requestComputer`.

use axum::response::Response;

use crate::domain::identifier::ProjectReference;

use super::{
    Call, answer,
    error::{Answered, CallKind, SlapError},
    render,
};

/// `POST /requestComputer`: there shall be a computer of this title in the project. It has no
/// certificate until one is asked for.
///
/// Unknown project: 404. The client never sends `project_reference`, which production requires;
/// without it, the default project is meant. Source: `slap.md` 5.19.
pub(super) async fn request_computer(call: &Call) -> Result<Response, SlapError> {
    let title = call.form.title("computer_title")?;
    let project = call
        .form
        .not_empty("project_reference")?
        .map(|project| ProjectReference::parse("project_reference", project))
        .transpose()?;
    let computer = call
        .master
        .request_computer(call.calling.of_itself(), title, project)
        .await
        .answered(CallKind::Setup, &call.master)?;
    Ok(answer::xml(render::requested_computer(&computer.reference)))
}
