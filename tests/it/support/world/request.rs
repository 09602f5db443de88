//! Requests in the making.

use slapmaster::{
    domain::{
        caller::Caller,
        identifier::{PartitionAddress, ProjectReference, SoftwareType},
        parameters::Parameters,
        request::{RequestInstance, Requester},
        state::InstanceKind,
    },
    master::{MasterError, RequestOutcome, RequestedView, Result},
};

use super::{RELEASE, TestWorld, release, title};

impl TestWorld {
    /// A request of the user for a software instance of [`RELEASE`], type `default`, started.
    pub(crate) fn request(&self, name: &str) -> Request<'_> {
        Request {
            world: self,
            request: RequestInstance {
                requester: Requester::Caller,
                title: title(name),
                kind: InstanceKind::Software,
                release: release(RELEASE),
                software_type: SoftwareType::parse("type", "default").unwrap(),
                parameters: Parameters::new(),
                sla: Parameters::new(),
                state: Some("started".to_owned()),
                project: None,
            },
        }
    }
}

/// A request in the making.
#[derive(Debug, Clone)]
pub(crate) struct Request<'w> {
    world: &'w TestWorld,
    request: RequestInstance,
}

impl Request<'_> {
    /// In the name of the instance on a partition, which the form names.
    pub(crate) fn child_of(self, at: &PartitionAddress) -> Self {
        self.requester(Requester::Form(at.clone()))
    }

    /// In whatever name.
    pub(crate) fn requester(mut self, requester: Requester) -> Self {
        self.request.requester = requester;
        self
    }

    /// For a shared instance.
    pub(crate) fn shared(mut self) -> Self {
        self.request.kind = InstanceKind::Shared;
        self
    }

    /// For another release.
    pub(crate) fn release(mut self, uri: &str) -> Self {
        self.request.release = release(uri);
        self
    }

    /// For another software type.
    pub(crate) fn software_type(mut self, name: &str) -> Self {
        self.request.software_type = SoftwareType::parse("type", name).unwrap();
        self
    }

    /// With one parameter more.
    pub(crate) fn param(mut self, key: &str, value: &str) -> Self {
        self.request.parameters.insert(key, value);
        self
    }

    /// With one SLA key more.
    pub(crate) fn sla(mut self, key: &str, value: &str) -> Self {
        self.request.sla.insert(key, value);
        self
    }

    /// In another state.
    pub(crate) fn state(mut self, state: &str) -> Self {
        self.request.state = Some(state.to_owned());
        self
    }

    /// Without a state.
    pub(crate) fn no_state(mut self) -> Self {
        self.request.state = None;
        self
    }

    /// With a project.
    pub(crate) fn project(mut self, reference: &str) -> Self {
        let project = ProjectReference::parse("project", reference);
        self.request.project = Some(project.unwrap());
        self
    }

    /// The request itself.
    pub(crate) fn into_request(self) -> RequestInstance {
        self.request
    }

    /// Makes the request.
    pub(crate) async fn answer(self) -> Result<RequestOutcome> {
        self.world
            .master
            .request_instance(Caller::DefaultUser, self.request)
            .await
    }

    /// Makes a request that is to be answered with an instance on a partition.
    pub(crate) async fn on(self) -> RequestedView {
        let world = self.world;
        match self.answer().await.unwrap() {
            RequestOutcome::Unchanged { instance, .. } => {
                let view = world.master.requested_information(&instance).await;
                view.unwrap().unwrap()
            }
            RequestOutcome::Changed(view) => *view,
            outcome @ (RequestOutcome::Waiting(_) | RequestOutcome::NotReady) => {
                panic!("it is not allocated: {outcome:?}")
            }
        }
    }

    /// Makes a request that is to be answered "not ready".
    pub(crate) async fn waits(self) {
        let outcome = self.answer().await.unwrap();
        assert!(!outcome.is_placed(), "{outcome:?}");
    }

    /// Makes a request that is to be refused, and checks that nothing changed.
    pub(crate) async fn refused(self) -> MasterError {
        let world = self.world;
        let before = world.dump().await;
        let error = self.answer().await.unwrap_err();
        assert_eq!(world.dump().await, before);
        error
    }
}
