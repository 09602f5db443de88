//! `request`: there shall be an instance of this title that looks like this (`semantics.md` 3).

use super::{
    Master, MasterError, Missing, RequestedView, Result, identity::Proven,
    information::requested_view, make::TreeToMake, operation::Operation,
};
use crate::{
    domain::{
        behaviour::{
            AfterDestroy, AllocationMoment, CascadeDestroy, CascadeStop, DestroyedAnswer,
            NothingFree, UnknownRequester,
        },
        caller::Caller,
        event::EventKind,
        identifier::{
            ComputerReference, InstanceReference, ProjectReference, Title, TreeReference,
            UserReference,
        },
        instance::{Instance, InstanceTree, Wanted},
        permission::{Identity, Right},
        request::{
            BrokenRule, RefusedValue, RequestInstance, Requester, change, check_kind, check_tree,
            child_state, wanted_state,
        },
        state::{InstanceKind, RequestedState, Subscription},
        text::InvalidValue,
    },
    store::{
        self,
        counter::{self, Prefix},
        lookup::Named,
    },
};

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestOutcome {
    /// The instance is on a partition and already was exactly as requested; see
    /// [`Master::requested_information`] for the rest.
    Unchanged {
        /// The instance.
        instance: InstanceReference,
        /// The computer that it is on; of a shared instance, its host's.
        computer: ComputerReference,
    },
    /// The instance is on a partition, as it is now. (One that ended by this very request: as it
    /// was told last, where that is answered.)
    Changed(Box<RequestedView>),
    /// The instance waits for a partition.
    Waiting(InstanceReference),
    /// It is to be destroyed, or there is nothing to destroy, or its tree is not subscribed.
    NotReady,
}

impl RequestOutcome {
    /// Whether it is told where the instance is.
    pub const fn is_placed(&self) -> bool {
        match self {
            Self::Unchanged { .. } | Self::Changed(_) => true,
            Self::Waiting(_) | Self::NotReady => false,
        }
    }
}

impl Master {
    /// Requests an instance: of the user a tree with its root, of an instance a child
    /// (`requestComputerPartition`).
    ///
    /// Refusals are [`RefusedValue`] and [`BrokenRule`]; a request that changes nothing is
    /// answered without writing.
    pub async fn request_instance(
        &self,
        caller: Caller,
        request: RequestInstance,
    ) -> Result<RequestOutcome> {
        if self.0.repeats.is_repeated(&request)
            && let Some(outcome) = self.unchanged(&caller, &request).await?
        {
            return Ok(outcome);
        }
        self.0
            .operate((caller, request), |operation, (caller, request)| {
                Box::pin(operation.request(caller, request))
            })
            .await
    }
}

/// What is requested within a tree.
pub(super) struct InTree<'a> {
    /// The tree.
    pub(super) tree: &'a InstanceTree,
    /// The instance that requests it; none for the tree itself.
    pub(super) parent_id: Option<i64>,
    /// Its title.
    pub(super) title: &'a Title,
    /// Its kind.
    pub(super) kind: InstanceKind,
    /// What is wanted of it.
    pub(super) wanted: Wanted,
}

/// What was requested, before it is told.
enum Requested {
    /// Nothing that is told.
    Nothing,
    /// An instance that ended by the request, as it was told last.
    Ended(RequestedView),
    /// An instance, with the title of its tree.
    Found(Instance, Title),
}

impl Operation<'_> {
    async fn request(
        &mut self,
        caller: &Caller,
        request: &RequestInstance,
    ) -> Result<RequestOutcome> {
        let who = self.identify(caller).await?;
        let requested = match self.requester(&who, &request.requester).await? {
            Some(parent_id) => self.request_child(request, parent_id).await?,
            None => self.request_root(&who, request).await?,
        };
        // Before it is told: what was let in by this request may be hosted by what it asked for.
        self.allocate_if_due().await?;
        Ok(match requested {
            Requested::Nothing => RequestOutcome::NotReady,
            Requested::Ended(view) => RequestOutcome::Changed(Box::new(view)),
            Requested::Found(instance, tree_title) => {
                let instance = match instance.wanted.state {
                    RequestedState::Started => instance,
                    // What follows a stop or destruction may have banged it.
                    RequestedState::Stopped | RequestedState::Destroyed => {
                        store::instance::by_id(self.tx, instance.id).await?
                    }
                };
                match requested_view(self.tx, &instance, &tree_title).await? {
                    Some(view) => RequestOutcome::Changed(Box::new(view)),
                    None => RequestOutcome::Waiting(instance.reference),
                }
            }
        })
    }

    /// The instance in whose name the request is made; none for a person's own.
    pub(super) async fn requester(
        &mut self,
        who: &Proven,
        requester: &Requester,
    ) -> Result<Option<i64>> {
        let (at, in_header) = match requester {
            Requester::Caller => return Self::own_requester(who),
            Requester::Header(at) => (at, true),
            Requester::Form(at) => (at, false),
        };
        let missing = match self.occupant(at).await {
            Ok(located) => {
                let instance = located.instance;
                self.demand_instance(who, Right::Modify, instance.id, &instance.reference)
                    .await?;
                return Ok(Some(instance.id));
            }
            Err(MasterError::NotFound(missing)) => missing,
            Err(error) => return Err(error),
        };
        match (self.behaviour.unknown_requester, &missing) {
            (UnknownRequester::Refuse, _) => Err(MasterError::UnknownRequester(missing)),
            (UnknownRequester::Proxy, Missing::Computer(_) | Missing::Partition(_))
                if in_header =>
            {
                Err(InvalidValue::new("Authorization", missing.to_string()).into())
            }
            (UnknownRequester::Proxy, _) => Self::own_requester(who),
        }
    }

    /// Whose a tree is that is requested now, and in whose name a token is made.
    pub(super) fn owner(&self, who: &Proven) -> Named<UserReference> {
        match who.as_deref() {
            Some(Identity::User { id, reference, .. }) => Named {
                id: *id,
                reference: reference.clone(),
            },
            Some(Identity::Computer { .. } | Identity::Instance { .. }) | None => {
                self.world.default_user.clone()
            }
        }
    }

    async fn request_root(&mut self, who: &Proven, request: &RequestInstance) -> Result<Requested> {
        let project = self.meant_project(who, request).await?;
        let owner = self.owner(who);
        let owner_id = owner.id;
        let known = store::tree::live_by_title(self.tx, owner_id, &request.title).await?;
        let present = known.as_ref().map(|tree| tree.wanted.state);
        let state = wanted_state(request.state.as_deref(), present, self.behaviour.state_none)?;
        let wanted = Wanted {
            release: request.release.clone(),
            software_type: request.software_type.clone(),
            parameters: request.parameters.clone(),
            sla: request.sla.clone(),
            state,
        };
        let tree = match known {
            Some(tree) => self.update_tree(tree, request, project, wanted).await?,
            None if state == RequestedState::Destroyed
                && self.behaviour.destroyed_answer == DestroyedAnswer::NotReady =>
            {
                return Ok(Requested::Nothing);
            }
            None => self.make_tree(who, owner, request, project, wanted).await?,
        };
        let requested = if tree.subscription == Subscription::Subscribed {
            self.request_in_tree(InTree {
                tree: &tree,
                parent_id: None,
                title: &request.title,
                kind: request.kind,
                wanted: tree.wanted.clone(),
            })
            .await?
        } else {
            Requested::Nothing
        };
        self.cascade(&tree, present).await?;
        Ok(requested)
    }

    /// Carries a tree's new state to its instances, where that is done at once.
    async fn cascade(&mut self, tree: &InstanceTree, before: Option<RequestedState>) -> Result<()> {
        let state = tree.wanted.state;
        if before == Some(state) {
            return Ok(());
        }
        if state == RequestedState::Stopped && self.behaviour.cascade_stop == CascadeStop::AtOnce {
            self.stop_tree(tree.id).await?;
        }
        if state == RequestedState::Destroyed {
            let title = &tree.title;
            let ends = match self.behaviour.after_destroy {
                AfterDestroy::New => true,
                AfterDestroy::Revive => store::instance::live_by_title(self.tx, tree.id, title)
                    .await?
                    .is_none(),
            };
            if ends {
                store::tree::archive(self.tx, tree.id).await?;
            }
            if self.behaviour.cascade_destroy == CascadeDestroy::AtOnce {
                self.destroy_tree(tree.id).await?;
            }
        }
        Ok(())
    }

    async fn update_tree(
        &mut self,
        tree: InstanceTree,
        request: &RequestInstance,
        project: Option<Named<ProjectReference>>,
        wanted: Wanted,
    ) -> Result<InstanceTree> {
        if project.is_some_and(|project| project.reference != tree.project) {
            return Err(BrokenRule::OtherProject {
                title: tree.title,
                found: tree.project,
            }
            .into());
        }
        let lock = self.behaviour.lock_release;
        check_tree(
            &tree,
            request.kind,
            &wanted.release,
            &wanted.software_type,
            lock,
        )?;
        if tree.wanted.is_same_but_for_values(&wanted) {
            if tree.wanted != wanted {
                store::tree::update_values(self.tx, tree.id, &wanted).await?;
            }
        } else {
            store::tree::update_wanted(self.tx, tree.id, &wanted).await?;
        }
        Ok(InstanceTree { wanted, ..tree })
    }

    async fn make_tree(
        &mut self,
        who: &Proven,
        owner: Named<UserReference>,
        request: &RequestInstance,
        project: Option<Named<ProjectReference>>,
        wanted: Wanted,
    ) -> Result<InstanceTree> {
        let project = self.project_of_tree(who, project).await?;
        let reference = TreeReference::trusted(counter::next(self.tx, Prefix::Tree).await?);
        self.add_tree(TreeToMake {
            reference,
            title: &request.title,
            owner,
            project,
            kind: request.kind,
            wanted,
        })
        .await
    }

    async fn request_child(
        &mut self,
        request: &RequestInstance,
        parent_id: i64,
    ) -> Result<Requested> {
        let tree = store::tree::of_instance(self.tx, parent_id).await?;
        let known = store::instance::live_by_title(self.tx, tree.id, &request.title).await?;
        let present = known.as_ref().map(|instance| instance.wanted.state);
        let asked = wanted_state(request.state.as_deref(), present, self.behaviour.state_none)?;
        let behaviour = &self.behaviour;
        let state = child_state(asked, tree.wanted.state, known.is_some(), behaviour);
        self.request_in_tree(InTree {
            tree: &tree,
            parent_id: Some(parent_id),
            title: &request.title,
            kind: request.kind,
            wanted: Wanted {
                release: request.release.clone(),
                software_type: request.software_type.clone(),
                parameters: request.parameters.clone(),
                sla: request.sla.clone(),
                state,
            },
        })
        .await
    }

    /// Requests an instance in the name of its tree or of another instance
    /// (`semantics.md` 3.4).
    async fn request_in_tree(&mut self, request: InTree<'_>) -> Result<Requested> {
        let not_ready = self.behaviour.destroyed_answer == DestroyedAnswer::NotReady;
        let destroyed = request.wanted.state == RequestedState::Destroyed;
        let known = store::instance::live_by_title(self.tx, request.tree.id, request.title).await?;
        let mut instance = match known {
            Some(instance) => self.update_instance(instance, &request).await?,
            None if destroyed && not_ready => return Ok(Requested::Nothing),
            None => {
                let number = counter::next(self.tx, Prefix::Instance).await?;
                self.make_instance(&request, InstanceReference::trusted(number))
                    .await?
            }
        };
        self.place(&mut instance, request.tree).await?;
        let tree_title = &request.tree.title;
        if destroyed {
            let last = requested_view(self.tx, &instance, tree_title).await?;
            let ended = self.end_unreported(&instance).await?;
            match last {
                None => return Ok(Requested::Nothing),
                Some(_) if not_ready => return Ok(Requested::Nothing),
                Some(view) if ended => return Ok(Requested::Ended(view)),
                Some(_) => {}
            }
        }
        Ok(Requested::Found(instance, tree_title.clone()))
    }

    /// Allocates an instance that waits, if this is the moment.
    async fn place(&mut self, instance: &mut Instance, tree: &InstanceTree) -> Result<()> {
        let destroyed = instance.wanted.state == RequestedState::Destroyed
            && self.behaviour.destroyed_answer == DestroyedAnswer::NotReady;
        if instance.partition_id.is_some()
            || destroyed
            || self.behaviour.allocation_moment != AllocationMoment::Request
        {
            return Ok(());
        }
        match self.allocate(instance, tree).await? {
            Ok(_) => {
                self.unsettled = true;
                // Where it is, and for a shared one when it was taken.
                *instance = store::instance::by_id(self.tx, instance.id).await?;
                Ok(())
            }
            Err(failure) => match self.behaviour.nothing_free {
                NothingFree::NotReady => Ok(()),
                NothingFree::NotFound => Err(MasterError::NothingFree(failure.to_string())),
            },
        }
    }

    async fn update_instance(
        &mut self,
        instance: Instance,
        request: &InTree<'_>,
    ) -> Result<Instance> {
        if instance.parent_id.is_none() && request.parent_id.is_some() {
            return Err(RefusedValue::RootOfTree(instance.title).into());
        }
        check_kind(&instance.title, instance.kind, request.kind)?;
        let after_destroy = self.behaviour.after_destroy;
        let change = change(&instance, &request.wanted, request.parent_id, after_destroy)?;
        if change.is_none() {
            return Ok(instance);
        }
        if change.parent {
            self.check_move(&instance, request).await?;
        }
        let stamped_at = if change.bumps() {
            self.stamp()
        } else {
            instance.stamped_at
        };
        let wanted = &request.wanted;
        let id = instance.id;
        if change.is_values_only() {
            store::instance::update_values(self.tx, id, wanted, stamped_at).await?;
        } else {
            let parent_id = request.parent_id;
            store::instance::update_wanted(self.tx, id, wanted, parent_id, stamped_at).await?;
        }
        if change.state {
            self.changed_state(&instance, wanted.state).await?;
        }
        if change.values || change.parent {
            let mut what = instance.wanted.differences(&request.wanted);
            what.extend(change.parent.then_some("requester"));
            let words = format!("is asked to change: {}", what.join(", "));
            self.instance_event(EventKind::InstanceChanged, id, words)
                .await?;
        }
        self.touch(instance.computer_id);
        // What it is now may host a shared instance that waits.
        self.unsettled |= change.state || change.software;
        Ok(Instance {
            wanted: wanted.clone(),
            parent_id: request.parent_id,
            stamped_at,
            ..instance
        })
    }

    async fn check_move(&mut self, instance: &Instance, request: &InTree<'_>) -> Result<()> {
        self.check_children(request).await?;
        if let Some(parent_id) = request.parent_id {
            let lineage = store::instance::lineage(self.tx, parent_id).await?;
            if lineage.contains(&instance.id) {
                return Err(BrokenRule::Cycle(instance.title.clone()).into());
            }
        }
        Ok(())
    }

    /// Gives a tree that has none a fresh root, as its owner last asked for it.
    ///
    /// That may be refused, because something else in the tree took the title; then the tree goes
    /// on without, as long as that is so.
    pub(super) async fn assert_root(&mut self, tree: &InstanceTree) -> Result<()> {
        let requested = self
            .request_in_tree(InTree {
                tree,
                parent_id: None,
                title: &tree.title,
                kind: tree.kind,
                wanted: tree.wanted.clone(),
            })
            .await;
        match requested {
            Err(error @ MasterError::Internal(_)) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
