//! `requestComputerPartition`: the protocol's central call.

use axum::response::Response;
use bytes::Bytes;

use crate::{
    domain::{
        identifier::{ProjectReference, SoftwareReleaseUri, SoftwareType},
        parameters::Parameters,
        request::{RequestInstance, Requester, add_retention_delay},
        state::InstanceKind,
        text::InvalidValue,
    },
    front::{
        fake_frontend,
        forward::{Course, Words},
    },
    master::RequestOutcome,
    xml::marshal::Value,
};

use super::{
    Call, answer,
    cache::Page,
    error::{Answered, CallKind, SlapError},
    form::Form,
    render,
};

/// The software type of a request that names none (C.41).
const DEFAULT_TYPE: &str = "default";

/// `POST /requestComputerPartition`: there shall be an instance of this title.
///
/// Allocated: 200 and the instance. Not yet, no room, or to be destroyed: 408 (C.19, C.42).
/// Refused by a value: 404; by a rule: 500 with the reason. For another master: what that answers,
/// or 404, 523 or 500 ([`ForwardError`](crate::front::forward)). Source: `slap.md` 5.3, 9.1.
pub(super) async fn request_computer_partition(call: &Call) -> Result<Response, SlapError> {
    call.admitted().await?;
    let request = read(call)?;
    if let Some(answer) = elsewhere(call, &request).await? {
        return Ok(answer);
    }
    let outcome = call
        .master
        .request_instance(call.calling.of_itself(), request)
        .await
        .answered(CallKind::Request, &call.master)?;
    let (instance, computer) = match outcome {
        RequestOutcome::Unchanged { instance, computer } => (instance, computer),
        RequestOutcome::Changed(view) => {
            return Ok(answer::xml(render::requested(&view, call.style())));
        }
        RequestOutcome::Waiting(_) | RequestOutcome::NotReady => return Err(SlapError::NotReady),
    };
    let revision = call.master.revision(computer.as_str());
    let page = Page::Requested(instance.as_str());
    if let Some(body) = call.state.page(computer.as_str(), revision, page) {
        return Ok(answer::xml(body));
    }
    let view = call
        .master
        .requested_information(&instance)
        .await
        .answered(CallKind::Request, &call.master)?
        .ok_or(SlapError::NotReady)?;
    let body = Bytes::from(render::requested(&view, call.style()));
    call.state
        .keep_page(computer.as_str(), revision, page, body.clone());
    Ok(answer::xml(body))
}

/// The answer to a request that this master does not serve: it goes to another one, or slapproxy
/// makes a frontend up. Source: `slap.md` 9.1, 9.2.
async fn elsewhere(call: &Call, request: &RequestInstance) -> Result<Option<Response>, SlapError> {
    let caller = call.calling.of_itself();
    let (master, forwarder) = (&call.master, &call.forwarder);
    let course = forwarder
        .course(
            master,
            caller.clone(),
            request,
            &call.address,
            &call.headers,
        )
        .await
        .answered(CallKind::Request, master)?;
    match course {
        Course::Elsewhere(going) => {
            let told = going.send(words(call)?).await;
            let told = told.answered(CallKind::Request, master)?;
            Ok(Some(answer::xml(render::forwarded(&told))))
        }
        Course::Here => {
            let Some(frontend) = fake_frontend::invented(request, &call.behaviour()) else {
                return Ok(None);
            };
            // It is not told; but who asks in a name that is not there is refused.
            master
                .tree_of_requester(caller, request.requester.clone())
                .await
                .answered(CallKind::Request, master)?;
            Ok(Some(answer::xml(render::invented(&frontend))))
        }
        Course::Known => Ok(None),
    }
}

fn read(call: &Call) -> Result<RequestInstance, SlapError> {
    let form = &call.form;
    let software_type = form.not_empty("software_type")?.unwrap_or(DEFAULT_TYPE);
    let software_type = SoftwareType::parse("software_type", software_type)?;
    let sla = form.parameters("filter_xml")?.map(|mut sla| {
        add_retention_delay(&software_type, &mut sla);
        sla
    });
    Ok(RequestInstance {
        requester: requester(call)?,
        title: form.title("partition_reference")?,
        kind: kind(form)?,
        release: SoftwareReleaseUri::parse("software_release", form.required("software_release")?)?,
        software_type,
        parameters: form
            .parameters("partition_parameter_xml")?
            .unwrap_or_default(),
        sla: sla.unwrap_or_else(Parameters::new),
        state: state(form)?,
        project: form
            .not_empty("project_reference")?
            .map(|project| ProjectReference::parse("project_reference", project))
            .transpose()?,
    })
}

/// What another master is told as it was said here.
fn words(call: &Call) -> Result<Words, SlapError> {
    let form = &call.form;
    let dictionary = |name| -> Result<Value<'static>, SlapError> {
        let value = form.value(name)?.filter(|value| !value.is_none());
        Ok(value.unwrap_or_else(|| Value::Dictionary(Vec::new())))
    };
    Ok(Words {
        software_type: form
            .optional("software_type")?
            .unwrap_or(DEFAULT_TYPE)
            .to_owned(),
        parameters: dictionary("partition_parameter_xml")?,
        sla: dictionary("filter_xml")?,
        state: state(form)?,
    })
}

/// In whose name it is requested: the header wins over the form, and without both form fields it
/// is whoever calls.
fn requester(call: &Call) -> Result<Requester, InvalidValue> {
    if let Some(at) = call.calling.partition() {
        return Ok(Requester::Header(at.clone()));
    }
    let computer = call.form.not_empty("computer_id")?;
    let partition = call.form.not_empty("computer_partition_id")?;
    if computer.is_some() && partition.is_some() {
        Ok(Requester::Form(call.form.partition()?))
    } else {
        Ok(Requester::Caller)
    }
}

/// Whether a shared instance is asked for. Production refuses what is no boolean as a value, not
/// as malformed (C.54); 1 and 0 pass, as in Python.
fn kind(form: &Form) -> Result<InstanceKind, SlapError> {
    match form.value("shared_xml")? {
        None | Some(Value::None | Value::Bool(false) | Value::Int(0)) => Ok(InstanceKind::Software),
        Some(Value::Bool(true) | Value::Int(1)) => Ok(InstanceKind::Shared),
        Some(other) => {
            let reason = format!("is {}, a boolean was expected", other.kind());
            Err(SlapError::RefusedType(InvalidValue::new(
                "shared_xml",
                reason,
            )))
        }
    }
}

/// The state's word as it was sent; which words there are is the master's to say.
fn state(form: &Form) -> Result<Option<String>, SlapError> {
    Ok(form
        .value("state")?
        .unwrap_or_default()
        .into_optional_text("state")?)
}
