//! Renaming an instance (`semantics.md` 3.10).

use super::{Master, Result, operation::Operation};
use crate::{
    domain::{
        behaviour::{AllocationMoment, RenameRoot},
        caller::Caller,
        event::EventKind,
        identifier::Title,
        instance::InstanceName,
        permission::Right,
        request::{BrokenRule, RefusedValue},
        state::RequestedState,
    },
    store,
};

impl Master {
    /// Gives an instance another title. No timestamp moves.
    pub async fn rename_instance(
        &self,
        caller: Caller,
        name: impl Into<InstanceName>,
        title: Title,
    ) -> Result<()> {
        self.0
            .operate(
                (caller, name.into(), title),
                |operation, (caller, name, title)| Box::pin(operation.rename(caller, name, title)),
            )
            .await
    }
}

impl Operation<'_> {
    async fn rename(&mut self, caller: &Caller, name: &InstanceName, title: &Title) -> Result<()> {
        let who = self.identify(caller).await?;
        let subject = self.subject(&who, name).await?;
        let instance = store::instance::by_id(self.tx, subject.id).await?;
        self.demand_instance(&who, Right::Modify, instance.id, &instance.reference)
            .await?;
        // Quirk: production passes over this where the instance is named by its guid, and refuses
        // its own title as taken where it is named by its place (`semantics.md` 3.10).
        if instance.title == *title && matches!(name, InstanceName::Guid(_)) {
            return Ok(());
        }
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
        let words = format!("was renamed: it was `{}`", instance.title);
        self.instance_event(EventKind::InstanceRenamed, instance.id, words)
            .await
    }
}
