//! Requests that go to other masters: who may make them, and what is kept of them
//! (`slap.md` 9.1).
//!
//! Nobody is called here. A front asks where a request goes, carries it there outside any
//! transaction, and has what came of it written.

use super::{Master, Result, identity::Proven, operation::Operation};
use crate::{
    domain::{
        caller::Caller,
        event::{About, EventKind},
        forwarding::{self, Destination, ForwardedRequest, title_sent},
        identifier::{PartitionReference, Title},
        instance::InstanceTree,
        permission::Identity,
        request::{RequestInstance, Requester, wanted_state},
        state::RequestedState,
    },
    store,
};

/// A request whose title is not known here, and which may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRequest {
    /// The title that another master is sent.
    pub title_sent: Title,
    /// The title of the tree of the instance that asks; none where a person does.
    pub tree_title: Option<Title>,
    /// The state that is asked for.
    pub state: RequestedState,
}

impl Master {
    /// Where a request goes whose title is not known here. `own_url` is this master's as the
    /// caller knows it, without a final slash.
    pub fn destination<'a>(
        &'a self,
        request: &'a RequestInstance,
        own_url: Option<&str>,
    ) -> Destination<'a> {
        forwarding::destination(
            &self.0.other_masters,
            &request.sla,
            &request.release,
            own_url,
            self.behaviour().allocation_sla,
        )
    }

    /// Whether any other master is configured.
    pub fn has_other_masters(&self) -> bool {
        !self.0.other_masters.is_empty()
    }

    /// A request that is about to be forwarded, or nothing if its title is known here.
    ///
    /// What would be refused here (who asks, what may be asked for, the state's word) is refused.
    pub async fn unknown_request(
        &self,
        caller: Caller,
        request: RequestInstance,
    ) -> Result<Option<UnknownRequest>> {
        self.0
            .operate((caller, request), |operation, (caller, request)| {
                Box::pin(operation.unknown_request(caller, request))
            })
            .await
    }

    /// The title of the tree of the instance in whose name a request is made; none where it is a
    /// person's own. Refused like the request itself where nobody may make it.
    pub async fn tree_of_requester(
        &self,
        caller: Caller,
        requester: Requester,
    ) -> Result<Option<Title>> {
        self.0
            .operate((caller, requester), |operation, (caller, requester)| {
                Box::pin(async move {
                    let who = operation.identify(caller).await?;
                    let tree = operation.tree_of(&who, requester).await?;
                    Ok(tree.map(|tree| tree.title))
                })
            })
            .await
    }

    /// Notes that another master was asked for this state, whether or not it has it ready: a
    /// request is kept until the state destroyed was asked for.
    pub async fn note_forwarded(
        &self,
        request: ForwardedRequest,
        state: RequestedState,
    ) -> Result<()> {
        self.0
            .operate((request, state), |operation, (request, state)| {
                Box::pin(operation.note_forwarded(request, *state))
            })
            .await
    }

    /// What is kept of requests that were forwarded, in the order of titles and URLs.
    pub async fn forwarded_requests(&self) -> Result<Vec<ForwardedRequest>> {
        let mut connection = self.0.store.glance().await?;
        Ok(store::forwarding::all(&mut connection).await?)
    }
}

impl Operation<'_> {
    async fn unknown_request(
        &mut self,
        caller: &Caller,
        request: &RequestInstance,
    ) -> Result<Option<UnknownRequest>> {
        let who = self.identify(caller).await?;
        let title = &request.title;
        let tree = self.tree_of(&who, &request.requester).await?;
        let is_known = if let Some(tree) = &tree {
            let known = store::instance::live_by_title(self.tx, tree.id, title).await?;
            known.is_some()
        } else {
            let project = self.meant_project(&who, request).await?;
            let owner = self.owner(&who);
            let known = store::tree::live_by_title(self.tx, owner.id, title).await?;
            if known.is_none() {
                self.project_of_tree(&who, project).await?;
            }
            known.is_some()
        };
        if is_known {
            return Ok(None);
        }
        let state = wanted_state(request.state.as_deref(), None, self.behaviour.state_none)?;
        let asking = self.asking_partition(&who, &request.requester).await?;
        Ok(Some(UnknownRequest {
            title_sent: title_sent(asking.as_ref(), title),
            tree_title: tree.map(|tree| tree.title),
            state,
        }))
    }

    /// The tree of the instance in whose name a request is made; none for a person's own.
    async fn tree_of(
        &mut self,
        who: &Proven,
        requester: &Requester,
    ) -> Result<Option<InstanceTree>> {
        Ok(match self.requester(who, requester).await? {
            Some(id) => Some(store::tree::of_instance(self.tx, id).await?),
            None => None,
        })
    }

    /// The partition that asks, as the title that is sent names it. As in slapproxy, one that is
    /// named counts even where it is unknown or free and somebody's own request is made of it.
    async fn asking_partition(
        &mut self,
        who: &Proven,
        requester: &Requester,
    ) -> Result<Option<PartitionReference>> {
        let id = match (requester, who.as_deref()) {
            (Requester::Header(at) | Requester::Form(at), _) => {
                return Ok(Some(at.partition.clone()));
            }
            (Requester::Caller, Some(Identity::Instance { id, .. })) => *id,
            (Requester::Caller, _) => return Ok(None),
        };
        let asking = store::instance::by_id(self.tx, id).await?;
        let site = match asking.partition_id {
            Some(id) => store::partition::site(self.tx, id).await?,
            None => None,
        };
        Ok(site.map(|site| site.at.partition))
    }

    async fn note_forwarded(
        &mut self,
        request: &ForwardedRequest,
        state: RequestedState,
    ) -> Result<()> {
        let ForwardedRequest { title, master_url } = request;
        let (changed, kind, what) = if state == RequestedState::Destroyed {
            let changed = store::forwarding::remove(self.tx, request).await?;
            let kind = EventKind::DestructionForwarded;
            (
                changed,
                kind,
                format!("the destruction of instance `{title}`"),
            )
        } else {
            let changed = store::forwarding::insert(self.tx, request).await?;
            let kind = EventKind::RequestForwarded;
            (changed, kind, format!("instance `{title}`"))
        };
        if changed {
            let about = About {
                title: Some(title.clone()),
                ..About::default()
            };
            let text = format!("{what} was requested of {master_url}");
            self.event(kind, title.as_str(), about, text);
        }
        Ok(())
    }
}
