//! Software on computers: what is asked for, and what is reported of it.

use axum::response::Response;

use crate::{
    domain::{
        identifier::ComputerReference,
        software::{SoftwareReport, Supply},
        state::InstallationState,
    },
    master::{MasterError, Missing, SupplyOutcome},
};

use super::{
    Call, answer,
    error::{Answered as _, CallKind, Done as _, JsonRpcError},
};

/// The type of a supply that cannot be.
const SUPPLY_FAILED: &str = "SUPPLY-FAILED";

/// `post.v0.software_installation`: ask for, or withdraw, a software release on a computer.
///
/// Destroyed and not supplied, or no release at all: 403 `SUPPLY-FAILED`. Source: `json-rpc.md`
/// 5.14.
pub(super) async fn supply(call: &Call) -> Result<Response, JsonRpcError> {
    let computer = known_name(call)?;
    let state = call.arguments.optional("state");
    let state = state.unwrap_or(InstallationState::Available.as_str());
    let Some(release) = call.arguments.new_release()? else {
        let title = "`software_release_uri`: is empty, a text was expected";
        return Err(JsonRpcError::forbidden(SUPPLY_FAILED, title));
    };
    let supply = Supply {
        computer,
        release: release.clone(),
        state: state.to_owned(),
    };
    let outcome = call
        .master
        .supply(call.calling.of_itself(), supply)
        .await
        .answered(CallKind::Setup, &call.master)?;
    match outcome {
        SupplyOutcome::Taken => {
            let slapproxy = || format!("Supplied {release} to be {state}");
            Ok(call.success("State changed", slapproxy))
        }
        SupplyOutcome::NothingToRemove => Err(JsonRpcError::by_rule(
            SUPPLY_FAILED,
            format!("software release `{release}` is not supplied: it cannot be removed"),
            &call.behaviour(),
        )),
    }
}

/// `put.v0.software_installation_reported_state`: the release is being built, was built, or was
/// removed.
///
/// Not supplied on this computer: 403; removed and not asked to be: 403 (C.16). Source:
/// `json-rpc.md` 5.15.
pub(super) async fn reported_state(call: &Call) -> Result<Response, JsonRpcError> {
    let report = match call.arguments.text("reported_state") {
        "available" => SoftwareReport::Available,
        "building" => SoftwareReport::Building,
        _ => {
            report(call, SoftwareReport::Destroyed).await?;
            return Ok(call.success("State reported", || "Destroyed".to_owned()));
        }
    };
    let outcome = report_taken(call, report).await?;
    Ok(answer::reported(outcome.as_ref(), "State reported"))
}

/// `put.v0.software_installation_error`: the release could not be built. Source: `json-rpc.md`
/// 5.16.
pub(super) async fn error(call: &Call) -> Result<Response, JsonRpcError> {
    let message = call.arguments.text("message").to_owned();
    let outcome = report_taken(call, SoftwareReport::ErrorMessage { message }).await?;
    Ok(answer::reported(outcome.as_ref(), "Error reported"))
}

async fn report(call: &Call, report: SoftwareReport) -> Result<(), JsonRpcError> {
    report_taken(call, report).await.map(drop)
}

async fn report_taken(call: &Call, report: SoftwareReport) -> Result<Option<()>, JsonRpcError> {
    let computer = call.arguments.computer();
    let caller = call.note_call(&computer).await?;
    call.master
        .report_software(caller, computer, call.arguments.release(), report)
        .await
        .done(CallKind::SoftwareReport, &call.master)
}

/// The computer that is supplied to, which may be made by that: a text that can name none is not
/// known.
fn known_name(call: &Call) -> Result<ComputerReference, JsonRpcError> {
    let computer = call.arguments.computer();
    match ComputerReference::parse("computer_guid", computer.as_str()) {
        Ok(computer) => Ok(computer),
        Err(_) => Err(MasterError::from(Missing::Computer(computer)))
            .answered(CallKind::Setup, &call.master),
    }
}
