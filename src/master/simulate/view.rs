//! Computers as whoever tests is told them: what they hold, and what those that are simulated are
//! at.

use std::sync::Arc;

use super::super::{Master, Missing, Result};
use crate::{
    domain::{
        identifier::{ComputerReference, PartitionReference, SoftwareReleaseUri, Title},
        state::{InstanceKind, RequestedState},
        status::{StatusSubject, no_data_text},
        time::Timestamp,
    },
    mock::simulate::{Goal, Ordered, Phase, Progress, Rules, Work},
    store::{self, simulated::Listed},
};

/// A computer.
#[derive(Debug, Clone)]
pub struct SimulatedView {
    /// Its reference.
    pub reference: ComputerReference,
    /// Its title.
    pub title: String,
    /// How many partitions it lists.
    pub partitions: i64,
    /// How many of its partitions are taken.
    pub busy: i64,
    /// Its status text, `#access …`, or that there is none.
    pub status: String,
    /// How it is simulated, if it is.
    pub rules: Option<Arc<Rules>>,
}

/// What a simulated computer is at.
#[derive(Debug, Clone, Default)]
pub struct WorkView {
    /// Since when its software stands still.
    pub software_held_at: Option<Timestamp>,
    /// Since when its instances stand still.
    pub instances_held_at: Option<Timestamp>,
    /// Failures that are to come, oldest first.
    pub ordered: Vec<Ordered>,
    /// Its software.
    pub software: Vec<SoftwareWork>,
    /// The instances on it.
    pub instances: Vec<InstanceWork>,
}

/// The work on a software release.
#[derive(Debug, Clone)]
pub struct SoftwareWork {
    /// The release.
    pub release: SoftwareReleaseUri,
    /// How far it is; none if it was not looked at yet.
    pub work: Option<(Goal, Phase, Option<Timestamp>)>,
}

/// The work on an instance.
#[derive(Debug, Clone)]
pub struct InstanceWork {
    /// Its partition.
    pub partition: PartitionReference,
    /// Its title.
    pub title: Title,
    /// What is wanted of it.
    pub wanted: RequestedState,
    /// How far it is; none if it was not looked at yet.
    pub work: Option<(Goal, Phase, Option<Timestamp>)>,
}

fn told(work: &Work) -> (Goal, Phase, Option<Timestamp>) {
    (work.goal, work.phase, work.due)
}

impl Master {
    /// Every computer, in natural order.
    pub async fn listed_computers(&self) -> Result<Vec<SimulatedView>> {
        let mut tx = self.0.store.read().await?;
        let listed = store::simulated::listed(&mut tx, None).await?;
        let mut views = Vec::with_capacity(listed.len());
        for one in listed {
            views.push(self.simulated_view(&mut tx, one).await?);
        }
        Ok(views)
    }

    /// How many computers there were so far, those that ended included: the next is numbered behind
    /// all of them.
    pub async fn computer_count(&self) -> Result<usize> {
        let mut connection = self.0.store.glance().await?;
        let next = store::bulk::next_computer_id(&mut connection).await?;
        Ok(usize::try_from(next - 1).unwrap_or(0))
    }

    /// One computer, and what it is at, if it is simulated.
    pub async fn listed_computer(
        &self,
        computer: &ComputerReference,
    ) -> Result<(SimulatedView, Option<WorkView>)> {
        let mut tx = self.0.store.read().await?;
        let mut listed = store::simulated::listed(&mut tx, Some(computer)).await?;
        let one = listed
            .pop()
            .ok_or_else(|| Missing::Computer(computer.clone()))?;
        let id = one.id;
        let view = self.simulated_view(&mut tx, one).await?;
        let Some(kept) = store::simulated::of(&mut tx, id).await? else {
            return Ok((view, None));
        };
        let progress: Progress = Progress::from_stored(&kept.progress).unwrap_or_default();
        let installations = store::installation::of_computer(&mut tx, id).await?;
        let software = installations.into_iter().map(|installation| SoftwareWork {
            release: installation.release,
            work: progress.software.get(&installation.id).map(told),
        });
        let software = software.collect();
        let mut placed = store::view::placed_on_computer(&mut tx, id).await?;
        placed.retain(|instance| instance.kind == InstanceKind::Software);
        let mut instances = Vec::with_capacity(placed.len());
        for partition in store::view::listed_partitions(&mut tx, id).await? {
            let mut on_it = placed.iter().filter(|i| i.partition_id == partition.id);
            instances.extend(on_it.next().map(|instance| InstanceWork {
                partition: partition.reference,
                title: instance.title.clone(),
                wanted: instance.wanted.state,
                work: progress.instances.get(&instance.id).map(told),
            }));
        }
        let work = WorkView {
            software_held_at: progress.software_held_at,
            instances_held_at: progress.instances_held_at,
            ordered: progress.ordered,
            software,
            instances,
        };
        Ok((view, Some(work)))
    }

    async fn simulated_view(
        &self,
        connection: &mut store::Connection,
        listed: Listed,
    ) -> Result<SimulatedView> {
        let reference = listed.reference.as_str();
        let subject = StatusSubject::Computer;
        let written = store::status::read(connection, subject, reference).await?;
        let now = self.0.clock.now();
        let status = self.0.present_status(subject, reference, written, now);
        Ok(SimulatedView {
            status: status.map_or_else(|| no_data_text(reference), |status| status.text()),
            rules: listed
                .rules
                .as_deref()
                .and_then(|rules| self.0.simulation.rules(rules)),
            reference: listed.reference,
            title: listed.title,
            partitions: listed.partitions,
            busy: listed.busy,
        })
    }
}
