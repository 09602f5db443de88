//! The classic slap protocol: form fields in, marshalled objects out (`protocol/slap.md`).
//!
//! One file a call, or per group that differs in a word. A call reads its fields from the
//! form, asks the master once and renders the outcome; it decides no rule. What is told to
//! computers is kept rendered ([`SlapState`]), because a fleet polls all day. Start with
//! [`router`], the table of contents.

mod addresses;
mod answer;
mod bang;
mod cache;
mod certificate;
mod connection;
mod error;
mod fault;
mod form;
mod format;
mod information;
mod partition;
mod product;
mod register;
mod related;
mod rename;
mod render;
mod report;
mod request;
mod server;
mod software;
mod status;
mod supply;
mod usage;

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method},
    response::{IntoResponse, Response},
    routing::{get, post},
};

use crate::{
    domain::behaviour::Behaviour,
    front::{calling::Calling, faults, forward::Forwarder, log::CallFacts},
    master::Master,
};

use super::{AppState, Route, State, address::PublicAddress};

pub use cache::SlapState;
pub(super) use fault::FORMS;

use self::{
    error::{Answered as _, CallKind, SlapError},
    form::Form,
    render::Style,
};

/// Makes the router and the list of its routes from one table.
macro_rules! routes {
    ($($method:ident $name:literal => $call:path;)+) => {
        /// Every call of the classic protocol.
        pub const ROUTES: &[Route] = &[
            $(Route { method: Method::$method, path: concat!("/", $name) },)+
        ];

        /// The calls of the classic protocol, at their paths.
        pub fn router() -> Router {
            Router::new()$(.route(
                concat!("/", $name),
                routes!(@$method)(async |State(app): State<AppState>, request: Request| {
                    faults::around(&FORMS, $name, app, request, async |app, request| {
                        match Call::read(app, request).await {
                            Ok(call) => finish(call.facts($name), $call(&call).await),
                            Err(error) => finish(facts($name), Err(error)),
                        }
                    })
                    .await
                }),
            ))+
        }
    };
    (@GET) => { get };
    (@POST) => { post };
}

routes! {
    // What a computer does with itself.
    POST "loadComputerConfigurationFromXML" => format::load_computer_configuration;
    GET "getFullComputerInformation" => information::full_computer_information;
    GET "getComputerInformation" => information::full_computer_information;
    GET "getComputerStatus" => status::computer_status;
    POST "computerBang" => bang::computer_bang;
    POST "useComputer" => usage::use_computer;

    // What it does with software.
    POST "supplySupply" => supply::supply_supply;
    POST "buildingSoftwareRelease" => software::building;
    POST "availableSoftwareRelease" => software::available;
    POST "softwareReleaseError" => software::error;
    POST "destroyedSoftwareRelease" => software::destroyed;
    GET "getSoftwareInstallationStatus" => status::installation_status;
    GET "getSoftwareReleaseListFromSoftwareProduct" => product::release_list;

    // What people and instances ask for.
    POST "requestComputerPartition" => request::request_computer_partition;
    POST "softwareInstanceRename" => rename::rename;

    // What a partition is told and tells.
    GET "registerComputerPartition" => partition::register;
    GET "getComputerPartitionStatus" => status::partition_status;
    GET "getHostingSubscriptionIpList" => addresses::tree_addresses;
    POST "startedComputerPartition" => report::started;
    POST "stoppedComputerPartition" => report::stopped;
    POST "destroyedComputerPartition" => report::destroyed;
    POST "softwareInstanceError" => report::error;
    POST "softwareInstanceBang" => bang::instance_bang;
    POST "setComputerPartitionConnectionXml" => connection::set_connection;
    POST "updateComputerPartitionRelatedInstanceList" => related::update_related_instances;

    // Of clients before 1.4.9.
    POST "buildingComputerPartition" => report::legacy;
    POST "availableComputerPartition" => report::legacy;

    // About the server.
    GET "getHateoasUrl" => server::hateoas_url;
    GET "getRunId" => server::run_id;
    POST "ingestData" => server::ingest_data;

    // New computers, and certificates.
    POST "requestComputer" => register::request_computer;
    POST "generateComputerCertificate" => certificate::generate;
    POST "revokeComputerCertificate" => certificate::revoke;
    GET "getComputerPartitionCertificate" => certificate::of_partition;
}

/// What the log line says of a call that could not be read.
const fn facts(call: &'static str) -> CallFacts {
    CallFacts::of("slap", call)
}

fn finish(facts: CallFacts, outcome: Result<Response, SlapError>) -> Response {
    let mut response = outcome.unwrap_or_else(SlapError::into_response);
    response.extensions_mut().insert(facts);
    response
}

/// A call as it was made, and what it is answered from.
#[derive(Debug)]
struct Call {
    master: Master,
    state: SlapState,
    forwarder: Forwarder,
    form: Form,
    /// Who makes it.
    calling: Calling,
    headers: HeaderMap,
    address: PublicAddress,
}

impl Call {
    async fn read(app: AppState, request: Request) -> Result<Self, SlapError> {
        let (parts, body) = request.into_parts();
        let calling = Calling::of(&app, &parts);
        Ok(Self {
            master: app.master,
            state: app.slap,
            forwarder: app.forwarder,
            form: Form::of(&parts, body).await?,
            calling,
            headers: parts.headers,
            address: app.address,
        })
    }

    fn behaviour(&self) -> Arc<Behaviour> {
        self.master.behaviour()
    }

    fn style(&self) -> Style {
        Style::from(&*self.behaviour())
    }

    /// The header of an answer that is "modified now".
    fn last_modified(&self) -> (HeaderName, HeaderValue) {
        let now = self.master.clock().now();
        self.state.last_modified().header(now)
    }

    /// Refuses who proves nothing, where that is asked for: for what is answered without asking
    /// the master for anything else.
    async fn admitted(&self) -> Result<(), SlapError> {
        let admitted = self.master.admit(&self.calling.of_itself()).await;
        admitted.answered(CallKind::Server, &self.master)
    }

    /// What the log line says of the call, as far as the wire tells.
    fn facts(&self, call: &'static str) -> CallFacts {
        let field = |name| self.form.not_empty(name).ok().flatten();
        let either = |name, other| field(name).or_else(|| field(other)).map(str::to_owned);
        CallFacts {
            caller: self.calling.in_words(&self.master),
            computer: either("computer_id", "computer_reference"),
            partition: either("computer_partition_id", "computer_partition_reference"),
            instance: either("partition_reference", "slave_reference"),
            ..facts(call)
        }
    }
}
