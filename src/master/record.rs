//! Reads of single instances, and lists of instances, trees and computers: what programs other
//! than nodes ask for (`json-rpc.md` 5).
//!
//! What is looked for by its guid or listed is not there for who may not read it; what is looked
//! up by its place is refused (`json-rpc.md` 3.2).

use std::collections::HashMap;

use super::{
    InstanceView, ListedInstance, Master, MasterError, Missing, Result,
    access::is_itself,
    identity::Proven,
    information::{located, requested_view},
};
use crate::{
    domain::{
        behaviour::DestroyedAnswer,
        caller::Caller,
        identifier::{
            ComputerReference, InstanceReference, PartitionAddress, PartitionReference, Title,
        },
        instance::Instance,
        permission::{Identity, Right},
        software::SoftwareInstallation,
        state::{InstanceKind, PartitionState, RequestedState, Subscription},
        status::StatusSubject,
    },
    store::{self, view::Placed},
};

impl Master {
    /// The live instance of this guid.
    pub async fn instance(&self, caller: &Caller, guid: &str) -> Result<InstanceView> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, caller).await?;
        let instance = self.0.known_instance(&mut tx, &who, guid).await?;
        self.view(&mut tx, instance).await
    }

    /// The live instance of this reference, whoever asks: for who just requested it. `None` if it
    /// ended.
    pub async fn instance_by_reference(
        &self,
        reference: &InstanceReference,
    ) -> Result<Option<InstanceView>> {
        let mut tx = self.0.store.read().await?;
        match store::instance::live_by_reference(&mut tx, reference).await? {
            Some(instance) => self.view(&mut tx, instance).await.map(Some),
            None => Ok(None),
        }
    }

    /// The live software instance on a partition. Of who may read the computer and not the
    /// instance, it is not found.
    pub async fn instance_on(
        &self,
        caller: &Caller,
        at: &PartitionAddress,
    ) -> Result<InstanceView> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, caller).await?;
        let computer = at.computer.as_str();
        self.0
            .demand_computer(&mut tx, &who, Right::Read, computer)
            .await?;
        let (_, partition) = located(&mut tx, at).await?;
        let nobody = MasterError::from(Missing::InstanceOnPartition {
            at: at.clone(),
            busy: partition.state == PartitionState::Busy,
        });
        let Some(occupant) = partition.occupant else {
            return Err(nobody);
        };
        if !self
            .0
            .may_read_instance(&mut tx, &who, Some(&at.computer), occupant.id)
            .await?
        {
            return Err(nobody);
        }
        drop(tx);
        match self.partition_information(at).await?.instance {
            Some(occupant) => Ok(InstanceView::of_occupant(at.clone(), occupant)),
            None => Err(nobody),
        }
    }

    /// The root instance of the caller's own live tree of this title; `None` where it has none
    /// that is wanted, or is not subscribed.
    pub async fn tree_root(&self, caller: &Caller, title: &Title) -> Result<Option<InstanceView>> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, caller).await?;
        let tree = match self.tree_owner(&who) {
            Some(owner_id) => store::tree::live_by_title(&mut tx, owner_id, title).await?,
            None => None,
        };
        let tree = tree.ok_or_else(|| Missing::Tree(title.clone()))?;
        if tree.subscription != Subscription::Subscribed {
            return Ok(None);
        }
        let told_to_the_end = match self.behaviour().destroyed_answer {
            DestroyedAnswer::Instance => true,
            DestroyedAnswer::NotReady => false,
        };
        let root = store::instance::live_by_title(&mut tx, tree.id, &tree.title)
            .await?
            .filter(|root| root.is_root_of(&tree))
            .filter(|root| told_to_the_end || root.wanted.state != RequestedState::Destroyed);
        match root {
            Some(root) => self.view(&mut tx, root).await.map(Some),
            None => Ok(None),
        }
    }

    /// Kinds and titles of the caller's own live trees, in the order of their titles; none of
    /// who is no person.
    pub async fn trees(&self, caller: &Caller) -> Result<Vec<(InstanceKind, Title)>> {
        let mut connection = self.0.store.glance().await?;
        let who = self.0.identify(&mut connection, caller).await?;
        match self.tree_owner(&who) {
            Some(owner_id) => Ok(store::tree::titles_of(&mut connection, owner_id).await?),
            None => Ok(Vec::new()),
        }
    }

    /// The computers that the caller may read, in natural order.
    pub async fn computers(&self, caller: &Caller) -> Result<Vec<ComputerReference>> {
        let mut connection = self.0.store.glance().await?;
        let who = self.0.identify(&mut connection, caller).await?;
        let all = store::computer::all_live(&mut connection).await?;
        Ok(all
            .into_iter()
            .filter(|(_, facts)| {
                who.as_deref()
                    .is_none_or(|identity| identity.on_computer(*facts) >= Right::Read)
            })
            .map(|(reference, _)| reference)
            .collect())
    }

    /// The live software instances on a computer that the caller may read, oldest first.
    pub async fn instances_on_computer(
        &self,
        caller: &Caller,
        computer: &ComputerReference,
    ) -> Result<Vec<ListedInstance>> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, caller).await?;
        let row = store::computer::live(&mut tx, computer)
            .await?
            .ok_or_else(|| Missing::Computer(computer.clone()))?;
        let partitions: HashMap<_, _> = store::partition::of_computer(&mut tx, row.id)
            .await?
            .into_iter()
            .map(|partition| (partition.id, partition.reference))
            .collect();
        let mut listed = Vec::new();
        for placed in store::view::placed_on_computer(&mut tx, row.id).await? {
            let Some(partition) = partitions.get(&placed.partition_id) else {
                continue;
            };
            if placed.kind == InstanceKind::Software
                && self
                    .0
                    .may_read_instance(&mut tx, &who, Some(computer), placed.id)
                    .await?
            {
                listed.push((partition.clone(), placed).into());
            }
        }
        Ok(listed)
    }

    /// The software that is asked for on a computer, oldest first; none of it for who may not
    /// read that.
    pub async fn software_on_computer(
        &self,
        caller: &Caller,
        computer: &ComputerReference,
    ) -> Result<Vec<SoftwareInstallation>> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, caller).await?;
        let row = store::computer::live(&mut tx, computer)
            .await?
            .ok_or_else(|| Missing::Computer(computer.clone()))?;
        let right = self
            .0
            .demand_software(&mut tx, &who, Right::Read, computer)
            .await;
        match right {
            Ok(()) => Ok(store::installation::of_computer(&mut tx, row.id).await?),
            Err(MasterError::Forbidden(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The live shared instances, of any state, that the software instance of this guid hosts and
    /// the caller may read, oldest first.
    pub async fn hosted_instances(
        &self,
        caller: &Caller,
        host: &str,
    ) -> Result<Vec<ListedInstance>> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, caller).await?;
        let host = self.0.known_instance(&mut tx, &who, host).await?;
        if host.kind == InstanceKind::Shared {
            return Err(Missing::Instance(host.reference).into());
        }
        let Some(partition_id) = host.partition_id else {
            return Ok(Vec::new());
        };
        let Some(site) = store::partition::site(&mut tx, partition_id).await? else {
            return Ok(Vec::new());
        };
        let mut listed = Vec::new();
        for placed in store::view::placed_on_partition(&mut tx, partition_id).await? {
            if placed.kind == InstanceKind::Shared
                && self
                    .0
                    .may_read_instance(&mut tx, &who, Some(&site.at.computer), placed.id)
                    .await?
            {
                listed.push((site.at.partition.clone(), placed).into());
            }
        }
        Ok(listed)
    }

    /// Notes that a computer called, if it is the computer itself that calls (`semantics.md` 7.3).
    pub async fn note_call(&self, caller: &Caller, computer: &ComputerReference) -> Result<()> {
        let mut connection = self.0.store.glance().await?;
        let own = match caller {
            Caller::Computer(calling) | Caller::Simulated(calling) => calling == computer,
            Caller::Certified(_) => {
                let who = self.0.identify(&mut connection, caller).await?;
                who.is_some_and(|identity| is_itself(&identity, computer.as_str()))
            }
            Caller::DefaultUser | Caller::Instance(_) => false,
        };
        if !own || self.note_contact(computer) {
            return Ok(());
        }
        if let Some(row) = store::computer::live(&mut connection, computer).await? {
            self.0.pulses.register(row.id, computer);
            self.note_contact(computer);
        }
        Ok(())
    }

    /// Whose trees somebody is told of; nobody's, of who is no person.
    fn tree_owner(&self, who: &Proven) -> Option<i64> {
        match who.as_deref() {
            None => Some(self.0.default_user.id),
            Some(Identity::User { id, .. }) => Some(*id),
            Some(Identity::Computer { .. } | Identity::Instance { .. }) => None,
        }
    }

    async fn view(
        &self,
        connection: &mut store::Connection,
        instance: Instance,
    ) -> Result<InstanceView> {
        let reference = instance.reference.as_str();
        let now = self.0.clock.now();
        let status = store::status::read(connection, StatusSubject::Instance, reference).await?;
        let access_status = self.status_text(&instance.reference, status.as_ref());
        let tree = store::tree::by_id(connection, instance.tree_id).await?;
        if let Some(view) = requested_view(connection, &instance, &tree.title).await? {
            if let Some(computer_id) = instance.computer_id {
                let computer = &view.at.computer;
                self.0.pulses.register(computer_id, computer);
                let stale_at = self.0.forgotten_first(now, status.iter());
                self.0.pulses.holds_until(computer.as_str(), stale_at);
            }
            return Ok(InstanceView::of_requested(view, access_status));
        }
        Ok(InstanceView {
            at: None,
            kind: instance.kind,
            reference: instance.reference,
            title: instance.title,
            tree_title: tree.title,
            release: instance.wanted.release,
            software_type: instance.wanted.software_type,
            state: instance.wanted.state,
            parameters: instance.wanted.parameters,
            connection: instance.connection,
            sla: instance.wanted.sla,
            addresses: Vec::new(),
            timestamp: instance.stamped_at,
            access_status,
        })
    }
}

impl From<(PartitionReference, Placed)> for ListedInstance {
    fn from((partition, placed): (PartitionReference, Placed)) -> Self {
        Self {
            partition,
            kind: placed.kind,
            reference: placed.reference,
            title: placed.title,
            tree_title: placed.tree_title,
            release: placed.wanted.release,
            software_type: placed.wanted.software_type,
            state: placed.wanted.state,
            parameters: placed.wanted.parameters,
        }
    }
}
