//! What is told of an instance, and what it, its node or its host tells.

use axum::response::Response;

use crate::{
    domain::{behaviour::JsonRpcWords, identifier::Title, instance::InstanceName},
    master::{InstanceReport, Published, ReportOutcome},
};

use super::{
    Call, answer,
    cache::Name,
    error::{Answered as _, CallKind, Done as _, JsonRpcError},
    render,
};

/// `get.v0.software_instance`: an instance, software or shared, by its guid. Source: `json-rpc.md`
/// 5.12.
pub(super) async fn by_guid(call: &Call) -> Result<Response, JsonRpcError> {
    let guid = call.arguments.text("instance_guid");
    let caller = call.calling.about_instance();
    let name = Name::Guid(guid.to_owned());
    if let Some(body) = call.state.find(&call.master, &caller, &name) {
        return Ok(answer::rendered(body));
    }
    let load = async || {
        let view = call.master.instance(&caller, guid).await;
        view.answered(CallKind::Instance, &call.master)
    };
    let view = load().await?;
    let Some(at) = &view.at else {
        return Ok(answer::result(&render::instance(&view, call.style())));
    };
    // Which computer's revision to read first was not known before.
    let revision = call.master.revision(at.computer.as_str());
    let again = load().await?;
    let body = answer::body(&render::instance(&again, call.style()));
    if again.at.as_ref() == Some(at) {
        call.state.keep(name, &at.computer, revision, &body);
    }
    Ok(answer::rendered(body))
}

/// `get.v0.compute_partition`: the software instance on a partition.
///
/// None: 403; unknown computer or partition: 404 (C.70). Source: `json-rpc.md` 5.13.
pub(super) async fn on_partition(call: &Call) -> Result<Response, JsonRpcError> {
    let at = call.arguments.partition();
    let caller = call.calling.about_instance();
    let name = Name::Place(at.clone());
    if let Some(body) = call.state.find(&call.master, &caller, &name) {
        return Ok(answer::rendered(body));
    }
    let revision = call.master.revision(at.computer.as_str());
    let view = call
        .master
        .instance_on(&caller, &at)
        .await
        .answered(CallKind::PartitionRead, &call.master)
        .map_err(|error| {
            error.or_as_slapproxy(|| format!("No instance on partition {} found.", at.partition))
        })?;
    let body = answer::body(&render::instance(&view, call.style()));
    call.state.keep(name, &at.computer, revision, &body);
    Ok(answer::rendered(body))
}

/// `allDocs.v0.instance_node_instance_list`: the shared instances that an instance hosts, whatever
/// is wanted of them. Source: `json-rpc.md` 5.9.
pub(super) async fn hosted(call: &Call) -> Result<Response, JsonRpcError> {
    let host = call.arguments.text("instance_guid");
    let listed = call
        .master
        .hosted_instances(&call.calling.about_instance(), host)
        .await
        .answered(CallKind::Host, &call.master)?;
    let style = call.style();
    Ok(answer::list(
        listed.iter().map(|listed| render::hosted(listed, style)),
    ))
}

/// `put.v0.software_instance_reported_state`: the instance runs, is stopped, or is gone.
///
/// Gone and not asked to be: nothing happens (C.48). Source: `json-rpc.md` 5.20.
pub(super) async fn reported_state(call: &Call) -> Result<Response, JsonRpcError> {
    let report = match call.arguments.text("reported_state") {
        "started" => InstanceReport::Started,
        "stopped" => InstanceReport::Stopped,
        _ => return destroyed(call).await,
    };
    let outcome = call
        .master
        .report_instance(
            call.calling.about_instance(),
            call.arguments.instance(),
            report,
        )
        .await
        .done(CallKind::InstanceReport, &call.master)?;
    Ok(answer::reported(outcome.as_ref(), "State reported"))
}

async fn destroyed(call: &Call) -> Result<Response, JsonRpcError> {
    let outcome = call
        .master
        .report_instance(
            call.calling.about_instance(),
            call.arguments.instance(),
            InstanceReport::Destroyed,
        )
        .await
        .answered(CallKind::Instance, &call.master)?;
    match outcome {
        ReportOutcome::Taken => Ok(call.success("State reported", || "Destroyed".to_owned())),
        ReportOutcome::ChildrenLeft(children) => {
            let titles: Vec<&str> = children.iter().map(Title::as_str).collect();
            let title = format!(
                "Not destroying yet because this partition has child partitions: {}",
                titles.join(", ")
            );
            Err(JsonRpcError::forbidden("REQUEST-REFUSED", title))
        }
    }
}

/// `put.v0.software_instance_error`: the instance failed. Source: `json-rpc.md` 5.21.
pub(super) async fn error(call: &Call) -> Result<Response, JsonRpcError> {
    let log = call.arguments.text("message").to_owned();
    let outcome = call
        .master
        .report_instance(
            call.calling.about_instance(),
            call.arguments.instance(),
            InstanceReport::Error { log },
        )
        .await
        .done(CallKind::InstanceReport, &call.master)?;
    Ok(answer::reported(outcome.as_ref(), "Error reported"))
}

/// `put.v0.software_instance_bang`: the instance and its tree shall be processed again (C.62).
/// Source: `json-rpc.md` 5.22.
pub(super) async fn bang(call: &Call) -> Result<Response, JsonRpcError> {
    let message = call.arguments.text("message").to_owned();
    call.master
        .bang_instance(
            call.calling.about_instance(),
            call.arguments.instance(),
            message,
        )
        .await
        .done(CallKind::InstanceChange, &call.master)?;
    Ok(answer::success("Bang handled"))
}

/// `put.v0.software_instance_title`: the instance gets another title.
///
/// The same one: nothing happens. One that is taken: 403 `TITLE-TAKEN` (C.50, C.54). Source:
/// `json-rpc.md` 5.23.
pub(super) async fn rename(call: &Call) -> Result<Response, JsonRpcError> {
    let title = call.arguments.title()?;
    call.master
        .rename_instance(
            call.calling.about_instance(),
            call.arguments.instance(),
            title,
        )
        .await
        .done(CallKind::InstanceChange, &call.master)?;
    Ok(call.success("Title updated", || "Renamed".to_owned()))
}

/// `put.v0.software_instance_connection_parameter`: what the instance publishes; it replaces what
/// was published before. Source: `json-rpc.md` 5.19.
pub(super) async fn publish(call: &Call) -> Result<Response, JsonRpcError> {
    let connection = call.arguments.parameters("connection_parameter_dict")?;
    let name: InstanceName = call.arguments.instance();
    let published = call
        .master
        .publish_connection(call.calling.about_instance(), name, connection)
        .await
        .done(CallKind::InstanceChange, &call.master)?;
    let title = match (call.behaviour().json_rpc_words, published) {
        (JsonRpcWords::Proxy, _) => "Updated",
        (JsonRpcWords::Production, Some(Published::Changed) | None) => {
            "connection parameter updated"
        }
        (JsonRpcWords::Production, Some(Published::Same)) => {
            "connection parameter not modified as identical"
        }
    };
    Ok(answer::success(title))
}
