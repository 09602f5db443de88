//! How a state reaches other instances, and how instances end (`semantics.md` 3.9, 4.6).

use super::{Result, operation::Operation};
use crate::{
    domain::{
        behaviour::{AllocationMoment, SharedHostGone},
        event::{About, EventKind},
        instance::Instance,
        state::{InstanceKind, PartitionState, RequestedState, Validation},
    },
    store::{self, certificate::Holder},
};

impl Operation<'_> {
    /// Sets the requested state of an instance, which bangs it; the host of a shared one that is
    /// stopped or destroyed too (`semantics.md` 2.1).
    pub(super) async fn set_state(
        &mut self,
        instance: &Instance,
        state: RequestedState,
    ) -> Result<()> {
        let stamp = self.stamp();
        store::instance::set_state(self.tx, instance.id, state, stamp).await?;
        self.changed_state(instance, state).await
    }

    /// What follows once an instance was asked for another state.
    pub(super) async fn changed_state(
        &mut self,
        instance: &Instance,
        state: RequestedState,
    ) -> Result<()> {
        self.touch(instance.computer_id);
        let words = format!("is asked to be {state}");
        self.instance_event(EventKind::InstanceStateAsked, instance.id, words)
            .await?;
        if state != RequestedState::Started {
            self.bang_host(instance).await?;
        }
        Ok(())
    }

    /// Bangs the host of a shared instance that is allocated.
    async fn bang_host(&mut self, instance: &Instance) -> Result<()> {
        let (InstanceKind::Shared, Some(partition_id)) = (instance.kind, instance.partition_id)
        else {
            return Ok(());
        };
        for other in store::instance::on_partition(self.tx, partition_id).await? {
            if other.kind == InstanceKind::Software && other.validation == Validation::Validated {
                self.bang_one(&other).await?;
            }
        }
        Ok(())
    }

    /// Bangs one instance, without its tree.
    pub(super) async fn bang_one(&mut self, instance: &Instance) -> Result<()> {
        let stamp = self.stamp();
        store::instance::stamp(self.tx, instance.id, stamp).await?;
        self.touch(instance.computer_id);
        Ok(())
    }

    /// Stops every started instance of a tree.
    pub(super) async fn stop_tree(&mut self, tree_id: i64) -> Result<()> {
        for instance in store::instance::live_of_tree(self.tx, tree_id).await? {
            if instance.wanted.state == RequestedState::Started {
                self.set_state(&instance, RequestedState::Stopped).await?;
            }
        }
        Ok(())
    }

    /// Asks for the destruction of every instance of a tree.
    pub(super) async fn destroy_tree(&mut self, tree_id: i64) -> Result<()> {
        for instance in store::instance::live_of_tree(self.tx, tree_id).await? {
            if instance.wanted.state != RequestedState::Destroyed {
                self.set_state(&instance, RequestedState::Destroyed).await?;
            }
            self.end_unreported(&instance).await?;
        }
        Ok(())
    }

    /// Ends an instance that is to be destroyed and whose end no node reports: a shared one, or
    /// one that was never allocated. Left to a round where that is the moment. Says whether it
    /// ended.
    pub(super) async fn end_unreported(&mut self, instance: &Instance) -> Result<bool> {
        let reported = instance.kind == InstanceKind::Software && instance.partition_id.is_some();
        if reported || self.behaviour.allocation_moment != AllocationMoment::Request {
            return Ok(false);
        }
        self.end(instance).await?;
        Ok(true)
    }

    /// Ends an instance, and frees its partition unless a round does that. What becomes of the shared
    /// instances that it hosts has a switch (C.95).
    pub(super) async fn end(&mut self, instance: &Instance) -> Result<()> {
        if self.behaviour.shared_host_gone == SharedHostGone::End
            && instance.kind == InstanceKind::Software
            && let Some(partition_id) = instance.partition_id
        {
            self.end_shared_on(partition_id).await?;
        }
        self.end_alone(instance).await
    }

    /// Ends the shared instances on a partition, with the trees whose roots they are.
    async fn end_shared_on(&mut self, partition_id: i64) -> Result<()> {
        for instance in store::instance::on_partition(self.tx, partition_id).await? {
            if instance.kind != InstanceKind::Shared || instance.validation != Validation::Validated
            {
                continue;
            }
            self.end_alone(&instance).await?;
            let tree = store::tree::by_id(self.tx, instance.tree_id).await?;
            if instance.is_root_of(&tree) && tree.validation == Validation::Validated {
                store::tree::archive(self.tx, tree.id).await?;
            }
        }
        Ok(())
    }

    async fn end_alone(&mut self, instance: &Instance) -> Result<()> {
        self.invalidate(instance).await?;
        self.touch(instance.computer_id);
        let destroyed = EventKind::InstanceDestroyed;
        self.instance_report(destroyed, instance.id, "was destroyed", "")
            .await?;
        match self.behaviour.allocation_moment {
            AllocationMoment::Request => self.leave(instance).await,
            AllocationMoment::Round | AllocationMoment::Manual => Ok(()),
        }
    }

    /// Lets an instance count no more, and its certificate with it.
    pub(super) async fn invalidate(&mut self, instance: &Instance) -> Result<()> {
        store::instance::invalidate(self.tx, instance).await?;
        if instance.kind == InstanceKind::Software {
            let holder = Holder::Instance(instance.id);
            self.revoke_active(holder, instance.reference.as_str())
                .await?;
        }
        Ok(())
    }

    /// Unlinks an instance that ended from its partition, which is free once nothing is linked to
    /// it any more.
    pub(super) async fn leave(&mut self, instance: &Instance) -> Result<()> {
        let Some(partition_id) = instance.partition_id else {
            return Ok(());
        };
        store::instance::unlink(self.tx, instance.id).await?;
        self.touch(instance.computer_id);
        // Also where others stay: a network may be free for the tree again, or the computer lighter.
        self.unsettled = true;
        if !store::partition::is_linked(self.tx, partition_id).await? {
            let stamp = self.stamp();
            store::partition::set_state(self.tx, partition_id, PartitionState::Free, stamp).await?;
            if let Some(site) = store::partition::site(self.tx, partition_id).await? {
                self.event(
                    EventKind::PartitionFreed,
                    site.at.computer.as_str(),
                    About::default().on(&site.at),
                    format!(
                        "partition {}/{} was freed",
                        site.at.computer, site.at.partition
                    ),
                );
            }
        }
        Ok(())
    }
}
