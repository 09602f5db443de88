//! Allocation: finding a partition, or a host, for an instance (`semantics.md` 4).

use std::{collections::HashMap, sync::PoisonError};

use super::{Result, operation::Operation};
use crate::{
    domain::{
        allocation::{AllocationFailure, Candidate, Filter, TreeFacts},
        behaviour::{
            AllocateStopped, AllocationCandidates, CapacityCheck, RequireProduct, SharedHost,
        },
        event::{About, EventKind},
        identifier::{ComputerReference, PartitionAddress, TreeReference},
        instance::{Instance, InstanceTree},
        state::{InstanceKind, PartitionState, RequestedState, Subscription},
        status::{AccessStatus, StatusSubject},
    },
    store::{self, candidate::Page},
};

/// How many candidates are looked at first: nearly always the first one is taken.
const FIRST_LOOK: i64 = 4;
/// How many candidates one further look brings, or a random choice is made from
/// (`semantics.md` 4.3, step D).
const LOOK: i64 = 50;

/// What the capacity check knows of a computer: its status and the weight of what it holds.
type Load = (Option<AccessStatus>, i64);

/// An instance, and the partition that it is put on or whose instance serves it.
pub(super) struct Occupancy<'a> {
    /// The instance.
    pub(super) instance: &'a Instance,
    /// Its tree.
    pub(super) tree: &'a TreeReference,
    /// Row of the partition.
    pub(super) partition_id: i64,
    /// Row of its computer.
    pub(super) computer_id: i64,
    /// The partition as it is named.
    pub(super) at: &'a PartitionAddress,
}

impl Operation<'_> {
    /// Tries to allocate an instance that waits. The reason why not goes to the journal and stays
    /// with the instance; no requester is told it.
    pub(super) async fn allocate(
        &mut self,
        instance: &Instance,
        tree: &InstanceTree,
    ) -> Result<std::result::Result<Candidate, AllocationFailure>> {
        let found = self.find_partition(instance, tree).await?;
        match &found {
            Ok(candidate) => self.take(instance, tree, candidate).await?,
            Err(failure) => {
                let reason = failure.to_string();
                if store::instance::note_failure(self.tx, instance.id, &reason).await? {
                    self.event(
                        EventKind::InstanceWaiting,
                        instance.reference.as_str(),
                        About::instance(instance).in_tree(&tree.reference),
                        format!(
                            "allocation of instance `{}` failed: {reason}",
                            instance.title
                        ),
                    );
                }
            }
        }
        Ok(found)
    }

    /// Tries to allocate everything that waits, until nothing more finds a place: an instance
    /// that was allocated may be the host that another waits for.
    pub(super) async fn allocate_waiting(&mut self) -> Result<()> {
        loop {
            let mut progress = false;
            for instance in store::instance::waiting(self.tx).await? {
                let tree = store::tree::by_id(self.tx, instance.tree_id).await?;
                progress |= self.allocate(&instance, &tree).await?.is_ok();
            }
            if !progress {
                return Ok(());
            }
        }
    }

    async fn find_partition(
        &mut self,
        instance: &Instance,
        tree: &InstanceTree,
    ) -> Result<std::result::Result<Candidate, AllocationFailure>> {
        if let Some(failure) = self.precluded(instance, tree).await? {
            return Ok(Err(failure));
        }
        let mut filter = match Filter::read(&instance.wanted.sla, instance.kind, &self.behaviour) {
            Ok(filter) => filter,
            Err(failure) => return Ok(Err(failure)),
        };
        if filter.computer.is_none() && self.is_bound_to_default(instance.kind) {
            filter.computer.clone_from(&self.world.default_computer);
        }
        let used_networks = if filter.unique_by_network {
            store::candidate::used_networks(self.tx, tree.id).await?
        } else {
            std::collections::BTreeSet::new()
        };
        let facts = TreeFacts {
            project: tree.project.clone(),
            used_networks,
            now: self.now,
        };
        let mut loads = HashMap::new();
        let mut after = String::new();
        loop {
            let page = self
                .page(instance, filter.computer.as_ref(), &after)
                .await?;
            let mut admitted = Vec::new();
            for mut candidate in page.candidates {
                self.weigh(&mut candidate, &mut loads).await?;
                if filter.admits(&candidate, &facts, &self.behaviour) {
                    admitted.push(candidate);
                    if self.behaviour.allocation_candidates != AllocationCandidates::Random {
                        break;
                    }
                }
            }
            if let Some(candidate) = self.choose(admitted) {
                return Ok(Ok(candidate));
            }
            match page.next {
                Some(next) => after = next,
                None => {
                    return Ok(Err(match instance.kind {
                        InstanceKind::Software => AllocationFailure::NoFreePartition,
                        InstanceKind::Shared => AllocationFailure::NoHost,
                    }));
                }
            }
        }
    }

    /// Why no partition is looked for at all.
    async fn precluded(
        &mut self,
        instance: &Instance,
        tree: &InstanceTree,
    ) -> Result<Option<AllocationFailure>> {
        let subscribed = Subscription::Subscribed;
        if instance.subscription != subscribed || tree.subscription != subscribed {
            return Ok(Some(AllocationFailure::NotSubscribed));
        }
        if instance.wanted.state != RequestedState::Started
            && self.behaviour.allocate_stopped == AllocateStopped::Off
        {
            return Ok(Some(AllocationFailure::NotStarted));
        }
        if self.behaviour.require_product == RequireProduct::On {
            let offered = store::product::offers(
                self.tx,
                tree.project.as_str(),
                instance.wanted.release.as_str(),
                instance.wanted.software_type.as_str(),
            )
            .await?;
            if !offered {
                return Ok(Some(AllocationFailure::NoProduct));
            }
        }
        Ok(None)
    }

    /// Whether only the default computer is looked at where the SLA names none.
    fn is_bound_to_default(&self, kind: InstanceKind) -> bool {
        match kind {
            InstanceKind::Software => {
                self.behaviour.allocation_candidates == AllocationCandidates::DefaultComputer
            }
            InstanceKind::Shared => self.behaviour.shared_host == SharedHost::TargetComputer,
        }
    }

    async fn page(
        &mut self,
        instance: &Instance,
        computer: Option<&ComputerReference>,
        after: &str,
    ) -> Result<Page> {
        let release = &instance.wanted.release;
        let random = self.behaviour.allocation_candidates == AllocationCandidates::Random;
        let limit = if after.is_empty() && !random {
            FIRST_LOOK
        } else {
            LOOK
        };
        let page = match instance.kind {
            InstanceKind::Software => {
                store::candidate::free_partitions(self.tx, computer, release, after, limit).await?
            }
            InstanceKind::Shared => {
                let software_type = Some(&instance.wanted.software_type);
                store::candidate::hosts(self.tx, release, software_type, after, limit).await?
            }
        };
        Ok(page)
    }

    /// Fills in what the capacity check looks at, once a computer.
    async fn weigh(
        &mut self,
        candidate: &mut Candidate,
        loads: &mut HashMap<i64, Load>,
    ) -> Result<()> {
        if self.behaviour.capacity_check == CapacityCheck::Off {
            return Ok(());
        }
        let computer = &mut candidate.computer;
        if let Some((status, weight)) = loads.get(&computer.id) {
            computer.status.clone_from(status);
            computer.consumed_weight = *weight;
            return Ok(());
        }
        computer.status = self
            .status(StatusSubject::Computer, computer.reference.as_str())
            .await?;
        computer.consumed_weight = store::candidate::consumed_weight(self.tx, computer.id).await?;
        loads.insert(
            computer.id,
            (computer.status.clone(), computer.consumed_weight),
        );
        Ok(())
    }

    fn choose(&self, mut admitted: Vec<Candidate>) -> Option<Candidate> {
        if admitted.len() < 2 {
            return admitted.pop();
        }
        let mut random = self
            .world
            .random
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let place = random.usize(..admitted.len());
        Some(admitted.swap_remove(place))
    }

    /// Takes a partition for a software instance, or a host for a shared one
    /// (`semantics.md` 4.4).
    async fn take(
        &mut self,
        instance: &Instance,
        tree: &InstanceTree,
        candidate: &Candidate,
    ) -> Result<()> {
        let at = PartitionAddress {
            computer: candidate.computer.reference.clone(),
            partition: candidate.partition.clone(),
        };
        self.occupy(&Occupancy {
            instance,
            tree: &tree.reference,
            partition_id: candidate.partition_id,
            computer_id: candidate.computer.id,
            at: &at,
        })
        .await
    }

    /// Puts an instance where it belongs, however that was decided.
    async fn occupy(&mut self, occupancy: &Occupancy<'_>) -> Result<()> {
        let Occupancy {
            instance,
            partition_id,
            ..
        } = *occupancy;
        let stamp = self.stamp();
        match instance.kind {
            InstanceKind::Software => {
                let busy = PartitionState::Busy;
                store::partition::set_state(self.tx, partition_id, busy, stamp).await?;
            }
            InstanceKind::Shared => {
                store::instance::stamp(self.tx, instance.id, stamp).await?;
            }
        }
        store::instance::allocate(self.tx, instance.id, partition_id).await?;
        self.occupied(occupancy);
        Ok(())
    }

    /// The same for many instances of one kind at once.
    pub(super) async fn occupy_all(
        &mut self,
        kind: InstanceKind,
        occupancies: &[Occupancy<'_>],
    ) -> Result<()> {
        let stamped: Vec<_> = occupancies.iter().map(|one| (one, self.stamp())).collect();
        if kind == InstanceKind::Software {
            let partitions: Vec<_> = stamped
                .iter()
                .map(|(one, stamp)| (one.partition_id, *stamp))
                .collect();
            let busy = PartitionState::Busy;
            store::bulk::set_partition_states(self.tx, busy, &partitions).await?;
        }
        let links: Vec<_> = stamped
            .iter()
            .map(|(one, stamp)| {
                let stamp = (kind == InstanceKind::Shared).then_some(*stamp);
                (one.instance.id, one.partition_id, stamp)
            })
            .collect();
        store::bulk::allocate(self.tx, &links).await?;
        for one in occupancies {
            self.occupied(one);
        }
        Ok(())
    }

    fn occupied(&mut self, occupancy: &Occupancy<'_>) {
        let Occupancy {
            instance,
            tree,
            computer_id,
            at,
            ..
        } = *occupancy;
        self.touch(Some(computer_id));
        let about = About::instance(instance).in_tree(tree).on(at);
        let words = format!("was allocated to {}/{}", at.computer, at.partition);
        self.told_of_instance(EventKind::InstanceAllocated, about, &words);
    }
}
