//! Renaming an instance (`semantics.md` 3.10).

use super::{Master, Result, operation::Operation};
use crate::{
    domain::{
        behaviour::{AllocationMoment, RenameRoot},
        caller::Caller,
        identifier::{PartitionAddress, Title},
        permission::Right,
        request::{BrokenRule, RefusedValue},
        state::RequestedState,
    },
    store,
};

impl Master {
    /// Gives the instance on a partition, or a shared instance that it hosts, another title. No
    /// timestamp moves.
    pub async fn rename_instance(
        &self,
        caller: Caller,
        at: PartitionAddress,
        shared: Option<String>,
        title: Title,
    ) -> Result<()> {
        self.0
            .operate(
                (caller, at, shared, title),
                |operation, (caller, at, shared, title)| {
                    Box::pin(operation.rename(caller, at, shared.as_deref(), title))
                },
            )
            .await
    }
}

impl Operation<'_> {
    async fn rename(
        &mut self,
        caller: &Caller,
        at: &PartitionAddress,
        shared: Option<&str>,
        title: &Title,
    ) -> Result<()> {
        let who = self.identify(caller).await?;
        let located = self.occupant(at).await?;
        let instance = match shared {
            None => store::instance::by_id(self.tx, located.instance.id).await?,
            Some(shared) => self.shared_instance(&located, at, shared).await?,
        };
        self.demand_instance(&who, Right::Modify, instance.id, &instance.reference)
            .await?;
        if instance.wanted.state == RequestedState::Destroyed {
            return Err(BrokenRule::BeingDestroyed(instance.title, "renamed").into());
        }
        let taken = store::instance::live_by_title(self.tx, instance.tree_id, title).await?;
        if taken.is_some() {
            return Err(RefusedValue::TitleInTree(title.clone()).into());
        }
        let tree = store::tree::by_id(self.tx, instance.tree_id).await?;
        let is_root = instance.is_root_of(&tree);
        store::instance::rename(self.tx, instance.id, title).await?;
        self.touch(instance.computer_id);
        match (is_root, self.behaviour.rename_root) {
            (true, RenameRoot::Tree) => {
                let owner_id = store::tree::owner_id(self.tx, tree.id).await?;
                let taken = store::tree::live_by_title(self.tx, owner_id, title).await?;
                if taken.is_some() {
                    return Err(RefusedValue::TitleOfTree(title.clone()).into());
                }
                store::tree::rename(self.tx, tree.id, title).await?;
                // Every node of the tree is told the root's title.
                for computer_id in store::tree::computers(self.tx, tree.id).await? {
                    self.touch(Some(computer_id));
                }
            }
            (true, RenameRoot::Recreate)
                if self.behaviour.allocation_moment == AllocationMoment::Request =>
            {
                self.assert_root(&tree).await?;
            }
            (true, RenameRoot::Recreate) | (false, _) => {}
        }
        self.event(
            instance.reference.as_str(),
            format!("instance {} was renamed to {title}", instance.title),
        );
        Ok(())
    }
}
