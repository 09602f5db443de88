//! The background work of a world: rounds, which do what production leaves to its alarms
//! (`semantics.md` 4.7), and writing the contacts of computers.

use std::{sync::atomic::Ordering, time::Duration};

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
        time::Timestamp,
    },
    store,
};

use super::pulse::Contact;

/// How often contacts are written, and rounds run where they do.
const PERIOD: Duration = Duration::from_secs(1);
/// The same on the world's clock, in microseconds.
const PERIOD_MICROS: i64 = 1_000_000;

impl Master {
    /// Does the background work of the world until it is dropped: writes contacts, and runs a
    /// round once a second by the world's clock where the behaviour leaves something to rounds.
    pub async fn run_background(&self) {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.background_tick().await {
                tracing::error!(error = %error, "the background work failed");
            }
        }
    }

    /// What the background does once a second: writes contacts, and runs a round if one is due
    /// and the behaviour leaves something to rounds.
    pub async fn background_tick(&self) -> Result<()> {
        let written = self.write_contacts().await;
        let now = self.0.clock.now();
        let last_round = Timestamp::from_micros(self.0.last_round_us.load(Ordering::Relaxed));
        let due = now.micros_since(last_round) >= PERIOD_MICROS;
        if due && runs_rounds(&self.0.behaviour()) {
            self.0
                .last_round_us
                .store(now.as_micros(), Ordering::Relaxed);
            self.round(Rounds::ByTimer).await?;
        }
        written
    }

    /// Runs one background round: frees partitions, ends what ends by itself, carries states one
    /// level down, gives trees their roots, allocates what waits; in this order.
    pub async fn run_round(&self) -> Result<()> {
        self.round(Rounds::Asked).await
    }

    async fn round(&self, why: Rounds) -> Result<()> {
        self.0
            .operate(why, |operation, why| {
                Box::pin(async move {
                    let before = operation.events();
                    operation.round().await?;
                    // One a second that finds nothing to do would drown everything else.
                    if *why == Rounds::Asked || operation.events() > before {
                        let (kind, about) = (EventKind::RoundRun, About::default());
                        operation.event(kind, "background", about, "a background round was run");
                    }
                    Ok(())
                })
            })
            .await
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

/// Whether a world of this behaviour runs rounds by itself.
/// Why a round is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rounds {
    /// It is time.
    ByTimer,
    /// Somebody asked for it.
    Asked,
}

fn runs_rounds(behaviour: &Behaviour) -> bool {
    behaviour.allocation_moment == AllocationMoment::Round
        || behaviour.cascade_stop == CascadeStop::Round
        || behaviour.cascade_destroy == CascadeDestroy::Round
}

impl Operation<'_> {
    async fn round(&mut self) -> Result<()> {
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
        Ok(())
    }
}
