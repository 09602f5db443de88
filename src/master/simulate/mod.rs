//! The work of simulated computers: looking at what is wanted of them, and telling the master what
//! they did.
//!
//! Each look is a pass (`mock::simulate`), in the transaction of what came of it. Its reports are
//! the operations that a node calls, in the name of the computer, whose rights hold. Many computers
//! share a transaction. Start with [`Master::simulate_due_work`]; what the control surface asks is
//! in `control.rs` and `scale.rs`, and what it is told in `view.rs`.

mod control;
mod scale;
mod view;

use std::{collections::HashMap, sync::Arc};

pub use control::{FailureOrder, Turn, WhatFailed};
pub use scale::{Scale, Scaled};
pub use view::{InstanceWork, SimulatedView, SoftwareWork, WorkView};

use super::{
    InstanceReport, Master, MasterError, Result,
    information::{listed_shared, visible_timestamp},
    operation::Operation,
};
use crate::{
    domain::{
        caller::Caller,
        event::{About, EventKind},
        identifier::{ComputerReference, PartitionAddress, PartitionReference},
        instance::InstanceName,
        permission::Identity,
        state::InstanceKind,
        status::{AccessStatus, StatusKind, StatusSubject},
        time::Timestamp,
    },
    mock::simulate::{
        self, Deed, Progress, Rules, Seen, SeenInstance, SeenShared, SeenSoftware, Told,
    },
    store::{
        self,
        simulated::{Kept, Simulated},
        view::Placed,
    },
};

/// How many computers share a transaction: others that write wait for it.
const GROUP: usize = 32;
/// How many computers are looked at before others get their turn; what is left stays due.
const MOST_AT_ONCE: usize = 20_000;

/// What a pass came to.
#[derive(Debug, Clone, Copy)]
struct Passed {
    /// Row of the computer.
    id: i64,
    /// How much it told.
    deeds: usize,
    /// When it has to look again.
    next: Option<Timestamp>,
}

impl Master {
    /// When a simulated computer is due next; in the past if something is due now.
    pub fn simulated_due(&self) -> Option<Timestamp> {
        self.0.simulation.due()
    }

    /// Lets every simulated computer that is due look at what is wanted of it and do what its time
    /// has come for; how much they told the master.
    ///
    /// What they tell may make others due, which are looked at as well, up to 20,000 in all.
    pub async fn simulate_due_work(&self) -> Result<usize> {
        let mut deeds = 0;
        let mut looked = 0;
        while looked < MOST_AT_ONCE {
            let due = self.0.simulation.take_due(GROUP, self.0.clock.now());
            if due.is_empty() {
                break;
            }
            looked += due.len();
            let passed = self.0.operate(due.clone(), |operation, due| {
                Box::pin(async move {
                    let mut passed = Vec::with_capacity(due.len());
                    for (id, is_first) in due {
                        passed.extend(operation.simulated_pass(*id, *is_first).await?);
                    }
                    Ok(passed)
                })
            });
            let passed: Vec<Passed> = match passed.await {
                Ok(passed) => passed,
                Err(error) => {
                    // Nothing was done: all of it is due still, with the next work.
                    let later = self.0.clock.now().plus_micros(1_000_000);
                    for (id, _) in due {
                        self.0.simulation.schedule(id, later);
                    }
                    return Err(error);
                }
            };
            for one in passed {
                deeds += one.deeds;
                if let Some(next) = one.next {
                    self.0.simulation.schedule(one.id, next);
                }
            }
        }
        Ok(deeds)
    }

    /// Takes up the simulated computers that the database holds.
    pub(super) fn resume_simulation(&self, simulated: &[Simulated]) {
        let now = self.0.clock.now();
        for computer in simulated {
            self.0
                .simulation
                .add(computer.id, &computer.reference, computer.since, now);
        }
    }
}

impl Operation<'_> {
    /// One pass of a simulated computer; none if it is simulated no more.
    async fn simulated_pass(&mut self, id: i64, is_first: bool) -> Result<Option<Passed>> {
        let Some(kept) = store::simulated::of(self.tx, id).await? else {
            return Ok(None);
        };
        let Some((rules, mut progress)) = self.read_kept(&kept) else {
            return Ok(None);
        };
        let computer = kept.reference;
        let identity = Identity::Computer {
            id,
            reference: computer.clone(),
        };
        self.playing = Some(Arc::new(identity));
        if is_first {
            self.event(
                EventKind::ComputerSeen,
                computer.as_str(),
                About::computer(&computer),
                format!("computer {computer} asked for the first time"),
            );
        }
        let seen = self.seen_by(id, &computer, &progress).await?;
        let chance = self.world.simulation.seed();
        let (deeds, next) = simulate::pass(&rules, &mut progress, &seen, chance, self.now);
        let count = deeds.len();
        self.play(&computer, deeds).await?;
        self.playing = None;
        let stored = progress.stored();
        if stored != kept.progress {
            store::simulated::set_progress(self.tx, id, &stored).await?;
        }
        Ok(Some(Passed {
            id,
            deeds: count,
            next,
        }))
    }

    /// How a computer is simulated and what it is at. None, and a word in the log, for what this
    /// version cannot read: it was written by one that knows more.
    fn read_kept(&self, kept: &Kept) -> Option<(Arc<Rules>, Progress)> {
        let rules = self.world.simulation.rules(&kept.rules);
        let read = rules.zip(Progress::from_stored(&kept.progress));
        if read.is_none() {
            tracing::error!(
                computer.reference = kept.reference.as_str(),
                "how this computer is simulated cannot be read, so that it stands still; simulate \
                 it anew by the control surface"
            );
        }
        read
    }

    /// What a computer is told, as a pass looks at it.
    async fn seen_by(
        &mut self,
        id: i64,
        computer: &ComputerReference,
        progress: &Progress,
    ) -> Result<Seen> {
        let installations = store::installation::of_computer(self.tx, id).await?;
        let mut reported = HashMap::new();
        if installations
            .iter()
            .any(|installation| !progress.software.contains_key(&installation.id))
        {
            let references: Vec<&str> =
                installations.iter().map(|i| i.reference.as_str()).collect();
            let subject = StatusSubject::Installation;
            reported = store::status::read_all(self.tx, subject, &references).await?;
        }
        let software = installations
            .into_iter()
            .map(|installation| SeenSoftware {
                id: installation.id,
                is_available: is_available(reported.get(installation.reference.as_str())),
                release: installation.release,
                wanted: installation.state,
            })
            .collect();
        let mut placed: HashMap<i64, Vec<Placed>> = HashMap::new();
        for instance in store::view::placed_on_computer(self.tx, id).await? {
            placed
                .entry(instance.partition_id)
                .or_default()
                .push(instance);
        }
        let mut instances = Vec::with_capacity(placed.len());
        if !placed.is_empty() {
            for partition in store::view::listed_partitions(self.tx, id).await? {
                let on_it = placed.remove(&partition.id).unwrap_or_default();
                instances.extend(seen_instance(partition, on_it));
            }
        }
        Ok(Seen {
            computer: computer.as_str().to_owned(),
            software,
            instances,
        })
    }

    /// Tells the master what a computer did, in its name.
    async fn play(&mut self, computer: &ComputerReference, deeds: Vec<Deed>) -> Result<()> {
        let caller = Caller::Simulated(computer.clone());
        for deed in deeds {
            let name = deed.name();
            match self.carry_out(&caller, computer, deed).await {
                Ok(()) => {}
                Err(error @ MasterError::Internal(_)) => return Err(error),
                // As with a node, whose report is not taken: the next pass tells again.
                Err(refused) => tracing::warn!(
                    computer.reference = computer.as_str(),
                    deed = name,
                    error = %refused,
                    "a simulated computer was refused"
                ),
            }
        }
        Ok(())
    }

    async fn carry_out(
        &mut self,
        caller: &Caller,
        computer: &ComputerReference,
        deed: Deed,
    ) -> Result<()> {
        let at = |partition: PartitionReference| PartitionAddress {
            computer: computer.clone(),
            partition,
        };
        match deed {
            Deed::Software { release, report } => {
                self.report_software(caller, computer, &release, &report)
                    .await
            }
            Deed::Publish {
                partition,
                shared,
                connection,
            } => {
                let name = InstanceName::on(at(partition), shared);
                self.publish(caller, &name, &connection).await.map(|_| ())
            }
            Deed::Instance { partition, report } => {
                let report = match report {
                    Told::Started => InstanceReport::Started,
                    Told::Stopped => InstanceReport::Stopped,
                    Told::Destroyed => InstanceReport::Destroyed,
                    Told::Error(log) => InstanceReport::Error { log },
                };
                let name = InstanceName::On(at(partition));
                self.report(caller, &name, &report).await.map(|_| ())
            }
        }
    }
}

fn is_available(status: Option<&AccessStatus>) -> bool {
    status.is_some_and(|status| status.kind == StatusKind::Access)
}

/// The software instance among the live ones on a partition, with the shared ones that it serves.
fn seen_instance(
    partition: store::view::ListedPartition,
    mut on_it: Vec<Placed>,
) -> Option<SeenInstance> {
    let place = on_it
        .iter()
        .position(|i| i.kind == InstanceKind::Software)?;
    let instance = on_it.remove(place);
    let shared = listed_shared(on_it);
    let is_as_wanted = instance.status.as_ref().is_some_and(|status| {
        status.kind == StatusKind::Access && status.state == instance.wanted.state.as_str()
    });
    Some(SeenInstance {
        id: instance.id,
        partition: partition.reference,
        addresses: partition.addresses,
        timestamp: visible_timestamp(partition.touched_at, instance.stamped_at, &shared),
        is_as_wanted,
        reference: instance.reference.as_str().to_owned(),
        title: instance.title.as_str().to_owned(),
        tree: instance.tree_title.as_str().to_owned(),
        release: instance.wanted.release,
        software_type: instance.wanted.software_type.as_str().to_owned(),
        parameters: instance.wanted.parameters,
        wanted: instance.wanted.state,
        shared: shared
            .into_iter()
            .map(|shared| SeenShared {
                reference: shared.reference.as_str().to_owned(),
                title: shared.title.as_str().to_owned(),
                tree: shared.tree_title.as_str().to_owned(),
                software_type: shared.software_type.as_str().to_owned(),
                parameters: shared.parameters,
            })
            .collect(),
    })
}
