//! Background rounds, which do what production leaves to its alarms (`semantics.md` 4.7), and
//! writing the contacts of computers. When they come is in `background.rs`.

use super::{Master, Result, operation::Operation};
use crate::{
    domain::{
        behaviour::{
            AllocationMoment, Behaviour, CapacityCheck, CascadeDestroy, CascadeStop, RenameRoot,
        },
        event::{About, EventKind},
        identifier::ComputerReference,
        state::RequestedState,
        status::StatusSubject,
    },
    store,
};

use super::pulse::Contact;

impl Master {
    /// Runs a round. Says whether it found anything to do.
    pub(super) async fn round(&self, why: Rounds) -> Result<bool> {
        self.0.background.round_begins(self.0.clock.now());
        let outcome = self
            .0
            .operate(why, |operation, why| {
                Box::pin(async move {
                    let before = operation.events();
                    operation.round(*why).await?;
                    let found = operation.events() > before;
                    // One a second that finds nothing to do would drown everything else.
                    if *why == Rounds::Asked || found {
                        let (kind, about) = (EventKind::RoundRun, About::default());
                        operation.event(kind, "background", about, "a background round was run");
                    }
                    if !found {
                        operation.leaves_nothing_to_rounds();
                    }
                    Ok(found)
                })
            })
            .await;
        if outcome.is_err() {
            self.0.background.unsettle(self.0.clock.now());
        }
        outcome
    }

    /// Writes the contacts that are only in memory.
    pub(super) async fn write_contacts(&self) -> Result<()> {
        let contacts = self.0.pulses.contacted();
        if contacts.is_empty() {
            return Ok(());
        }
        self.0
            .operate(contacts.clone(), |operation, contacts| {
                Box::pin(operation.write_contacts(contacts))
            })
            .await?;
        self.0.pulses.written(&contacts);
        Ok(())
    }
}

/// Why a round is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounds {
    /// It is time.
    ByTimer,
    /// Somebody asked for it.
    Asked,
    /// Allocation was paused, and is no longer.
    Resumed,
}

/// Whether a world of this behaviour runs rounds by itself.
pub(super) fn runs_rounds(behaviour: &Behaviour) -> bool {
    behaviour.allocation_moment == AllocationMoment::Round
        || behaviour.cascade_stop == CascadeStop::Round
        || behaviour.cascade_destroy == CascadeDestroy::Round
}

impl Operation<'_> {
    async fn round(&mut self, why: Rounds) -> Result<()> {
        for instance in store::instance::leaving(self.tx).await? {
            self.leave(&instance).await?;
        }
        for instance in store::instance::ending_unreported(self.tx).await? {
            self.end(&instance).await?;
        }
        if self.behaviour.cascade_stop == CascadeStop::Round {
            for tree_id in store::tree::stopped_with_started(self.tx).await? {
                self.stop_one_level(tree_id).await?;
            }
        }
        if self.behaviour.cascade_destroy == CascadeDestroy::Round {
            for instance in store::instance::orphaned_by_destruction(self.tx).await? {
                self.set_state(&instance, RequestedState::Destroyed).await?;
            }
        }
        if self.behaviour.rename_root == RenameRoot::Recreate {
            for tree in store::tree::without_root(self.tx).await? {
                self.assert_root(&tree).await?;
            }
        }
        let waits = self.behaviour.allocation_moment == AllocationMoment::Manual;
        if waits && why == Rounds::ByTimer {
            return Ok(());
        }
        self.allocate_waiting().await
    }

    /// Stops the started instances of a stopped tree whose requester is not started: stopped
    /// already, or destroyed or gone, and then it stops nothing any more.
    async fn stop_one_level(&mut self, tree_id: i64) -> Result<()> {
        let instances = store::instance::live_of_tree(self.tx, tree_id).await?;
        let is_started = |id: i64| {
            instances
                .iter()
                .any(|other| other.id == id && other.wanted.state == RequestedState::Started)
        };
        for instance in &instances {
            let reached = !instance.parent_id.is_some_and(is_started);
            if reached && instance.wanted.state == RequestedState::Started {
                self.set_state(instance, RequestedState::Stopped).await?;
            }
        }
        Ok(())
    }

    async fn write_contacts(&mut self, contacts: &[(ComputerReference, Contact)]) -> Result<()> {
        let subject = StatusSubject::Computer;
        for (computer, contact) in contacts {
            let written = store::status::read(self.tx, subject, computer.as_str()).await?;
            let expiry_s = self.behaviour.status_expiry_s;
            let kept = written.filter(|status| !status.is_forgotten(self.now, expiry_s));
            if let Some(status) = contact.applied_to(kept, computer) {
                store::status::write(self.tx, subject, computer.as_str(), &status).await?;
            }
        }
        // A computer that was silent is open again.
        self.unsettled = self.behaviour.capacity_check == CapacityCheck::On;
        if !self.unsettled {
            self.leaves_nothing_to_rounds();
        }
        Ok(())
    }
}
