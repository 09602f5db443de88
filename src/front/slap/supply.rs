//! `supplySupply`.

use axum::response::Response;

use crate::domain::{software::Supply, state::InstallationState};

use super::{
    Call, answer,
    error::{CallKind, Done, SlapError},
};

/// `POST /supplySupply`: ask for, or withdraw, a software release on a computer.
///
/// Answers `None`. Unknown computer, or the text `None` that the client sends for none: 404
/// (C.14); an unknown state: 404 (C.40). Source: `slap.md` 5.11.
pub(super) async fn supply_supply(call: &Call) -> Result<Response, SlapError> {
    let state = call.form.optional("state")?;
    let supply = Supply {
        computer: call.form.computer("computer_id")?,
        release: call.form.release("url")?,
        state: state
            .unwrap_or(InstallationState::Available.as_str())
            .to_owned(),
    };
    call.master
        .supply(call.calling.of_itself(), supply)
        .await
        .done(CallKind::Setup, &call.master)?;
    Ok(answer::none())
}
