//! `post.v0.software_instance`: the dialect's central method.

use axum::response::Response;

use crate::{
    domain::{
        identifier::SoftwareType,
        request::{RequestInstance, Requester, add_retention_delay},
        state::{InstanceKind, RequestedState},
        status::no_data_text,
    },
    front::{
        fake_frontend,
        forward::{Course, Words},
    },
    master::{InstanceView, MasterError, RequestOutcome},
    xml::marshal::Value,
};

use super::{
    Call, answer,
    error::{Answered as _, CallKind, JsonRpcError},
    render::{self, Passed},
};

/// The software type of a request that names none (C.41).
const DEFAULT_TYPE: &str = "default";
/// The state of a request that names none.
const DEFAULT_STATE: &str = RequestedState::Started.as_str();

/// `post.v0.software_instance`: there shall be an instance of this title.
///
/// The instance, where it is told; else the not-ready body. One that waits for a partition is told
/// without (C.19). For another master: what that has, or 500 or 523. Source: `json-rpc.md` 5.17.
pub(super) async fn request(call: &Call) -> Result<Response, JsonRpcError> {
    let request = read(call)?;
    if let Some(told) = elsewhere(call, &request).await? {
        return Ok(answer::result(&told));
    }
    let kind = request.kind;
    let no_room = NoRoom::of(&request);
    let outcome = call
        .master
        .request_instance(call.calling.of_itself(), request)
        .await;
    let slapproxy = match &outcome {
        Err(MasterError::NothingFree(_)) => Some(no_room.in_slapproxys_words(kind)),
        Err(MasterError::Invalid(_)) => call.calling.partition().map(|at| {
            format!(
                "No partition matching the authorization header: ({} / {})",
                at.computer, at.partition
            )
        }),
        Ok(_) | Err(_) => None,
    };
    let outcome =
        outcome
            .answered(CallKind::Request, &call.master)
            .map_err(|error| match slapproxy {
                Some(title) => error.or_as_slapproxy(|| title),
                None => error,
            })?;
    Ok(match told(call, outcome).await? {
        Some(view) => answer::result(&render::requested(&view, call.style())),
        None => answer::not_ready(),
    })
}

/// What is answered to a request that this master does not serve: it goes to another one, or
/// slapproxy makes a frontend up. Source: `slap.md` 9.1, 9.2.
async fn elsewhere(
    call: &Call,
    request: &RequestInstance,
) -> Result<Option<serde_json::Value>, JsonRpcError> {
    let dictionary = |key| {
        let value = call.arguments.value().get(key).cloned();
        value.unwrap_or_else(|| Value::Dictionary(Vec::new()))
    };
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
    let software_type = call.arguments.text("software_type");
    let state = call.arguments.optional("state").unwrap_or(DEFAULT_STATE);
    let parameters = dictionary("parameters");
    let passed = |tree_title| Passed {
        request,
        tree_title,
        software_type,
        state,
        parameters: &parameters,
    };
    match course {
        Course::Elsewhere(going) => {
            let passed = passed(going.tree_title().cloned());
            let words = Words {
                software_type: software_type.to_owned(),
                parameters: parameters.clone(),
                sla: dictionary("sla_parameters"),
                state: Some(state.to_owned()),
            };
            let told = going.send(words).await;
            let told = told.answered(CallKind::Request, master)?;
            Ok(Some(render::forwarded(passed, &told)))
        }
        Course::Here => {
            let Some(frontend) = fake_frontend::invented(request, &call.behaviour()) else {
                return Ok(None);
            };
            let tree_title = master
                .tree_of_requester(caller, request.requester.clone())
                .await;
            let tree_title = tree_title.answered(CallKind::Request, master)?;
            Ok(Some(render::invented(passed(tree_title), &frontend)))
        }
        Course::Known => Ok(None),
    }
}

/// The instance as it is now; one that ended by the request, as it was told last.
async fn told(call: &Call, outcome: RequestOutcome) -> Result<Option<InstanceView>, JsonRpcError> {
    let (reference, last) = match outcome {
        RequestOutcome::Unchanged { instance, .. } | RequestOutcome::Waiting(instance) => {
            (instance, None)
        }
        RequestOutcome::Changed(view) => (view.reference.clone(), Some(view)),
        RequestOutcome::NotReady => return Ok(None),
    };
    let present = call
        .master
        .instance_by_reference(&reference)
        .await
        .answered(CallKind::Request, &call.master)?;
    Ok(present.or_else(|| {
        let status = no_data_text(reference.as_str());
        last.map(|view| InstanceView::of_requested(*view, status))
    }))
}

fn read(call: &Call) -> Result<RequestInstance, JsonRpcError> {
    let arguments = &call.arguments;
    let Some(release) = arguments.new_release()? else {
        return Err(JsonRpcError::by_rule(
            "REQUEST-REFUSED",
            "`software_release_uri`: is empty, a text was expected",
            &call.behaviour(),
        ));
    };
    let software_type = match arguments.text("software_type") {
        "" => DEFAULT_TYPE,
        software_type => software_type,
    };
    let software_type = SoftwareType::parse("software_type", software_type)?;
    let mut sla = arguments.parameters("sla_parameters")?;
    add_retention_delay(&software_type, &mut sla);
    Ok(RequestInstance {
        requester: match call.calling.partition() {
            Some(at) => Requester::Header(at.clone()),
            None => Requester::Caller,
        },
        title: arguments.title()?,
        kind: if arguments.flag("shared") {
            InstanceKind::Shared
        } else {
            InstanceKind::Software
        },
        release,
        software_type,
        parameters: arguments.parameters("parameters")?,
        sla,
        // Unlike in the classic dialect, to leave it out is to ask for the default of the shape.
        state: Some(
            arguments
                .optional("state")
                .unwrap_or(DEFAULT_STATE)
                .to_owned(),
        ),
        project: None,
    })
}

/// What is said of a request for which there is no room.
struct NoRoom {
    title: String,
    slave_request: String,
}

impl NoRoom {
    fn of(request: &RequestInstance) -> Self {
        let computer = request.sla.get("computer_guid").unwrap_or_default();
        Self {
            title: request.title.as_str().to_owned(),
            slave_request: format!(
                "['{}', '{computer}', '{}']",
                request.release, request.software_type
            ),
        }
    }

    fn in_slapproxys_words(&self, kind: InstanceKind) -> String {
        match kind {
            InstanceKind::Software => {
                format!("No free computer partition found for: {}", self.title)
            }
            InstanceKind::Shared => format!(
                "No partition corresponding to slave request: {}",
                self.slave_request
            ),
        }
    }
}
