//! Making trees and instances, whoever asked for them.

use super::{Result, operation::Operation, request::InTree};
use crate::{
    domain::{
        event::{About, EventKind},
        identifier::{
            InstanceReference, ProjectReference, SoftwareReleaseUri, Title, TreeReference,
            UserReference,
        },
        instance::{Instance, InstanceTree, MOST_CHILDREN, Wanted},
        parameters::Parameters,
        request::BrokenRule,
        state::{InstanceKind, Subscription, Validation},
    },
    store::{self, instance::NewInstance, lookup::Named, tree::NewTree},
};

/// A tree that is to be.
pub(super) struct TreeToMake<'a> {
    /// Its reference.
    pub(super) reference: TreeReference,
    /// Its title.
    pub(super) title: &'a Title,
    /// Its owner.
    pub(super) owner: Named<UserReference>,
    /// Its project.
    pub(super) project: Named<ProjectReference>,
    /// Kind of its root.
    pub(super) kind: InstanceKind,
    /// What is wanted of its root.
    pub(super) wanted: Wanted,
}

impl Operation<'_> {
    /// Adds a live, subscribed tree, without its root.
    pub(super) async fn add_tree(&mut self, tree: TreeToMake<'_>) -> Result<InstanceTree> {
        let new = NewTree {
            reference: &tree.reference,
            title: tree.title,
            owner_id: tree.owner.id,
            project_id: tree.project.id,
            kind: tree.kind,
            wanted: &tree.wanted,
            created_at: self.now,
        };
        let id = store::tree::insert(self.tx, &new).await?;
        self.tree_made(&tree.reference, tree.title, &tree.wanted.release);
        Ok(InstanceTree {
            id,
            reference: tree.reference,
            title: tree.title.clone(),
            owner: tree.owner.reference,
            project: tree.project.reference,
            kind: tree.kind,
            wanted: tree.wanted,
            validation: Validation::Validated,
            subscription: Subscription::Subscribed,
        })
    }

    /// Adds a live instance that waits for a partition.
    pub(super) async fn make_instance(
        &mut self,
        request: &InTree<'_>,
        reference: InstanceReference,
    ) -> Result<Instance> {
        self.check_children(request).await?;
        let stamped_at = self.stamp();
        let new = NewInstance {
            reference: &reference,
            kind: request.kind,
            title: request.title,
            tree_id: request.tree.id,
            parent_id: request.parent_id,
            wanted: &request.wanted,
            stamped_at,
        };
        let id = store::instance::insert(self.tx, &new).await?;
        if request.kind == InstanceKind::Software {
            self.made(id, &reference);
        }
        let instance = Instance {
            id,
            reference,
            kind: request.kind,
            title: request.title.clone(),
            tree_id: request.tree.id,
            parent_id: request.parent_id,
            wanted: request.wanted.clone(),
            connection: Parameters::new(),
            validation: Validation::Validated,
            partition_id: None,
            computer_id: None,
            stamped_at,
            subscription: Subscription::Subscribed,
        };
        self.instance_made(&instance, &request.tree.reference);
        Ok(instance)
    }

    /// A tree was made, of whose root this release is wanted.
    pub(super) fn tree_made(
        &mut self,
        reference: &TreeReference,
        title: &Title,
        release: &SoftwareReleaseUri,
    ) {
        let about = About {
            title: Some(title.clone()),
            ..About::default()
        };
        self.event(
            EventKind::TreeMade,
            reference.as_str(),
            about.in_tree(reference).of_release(release),
            format!("instance tree `{title}` was made"),
        );
    }

    /// An instance was made, in this tree.
    pub(super) fn instance_made(&mut self, instance: &Instance, tree: &TreeReference) {
        let about = About::instance(instance).in_tree(tree);
        self.told_of_instance(EventKind::InstanceRequested, about, "was requested");
    }

    /// Refuses a requester one child too many.
    pub(super) async fn check_children(&mut self, request: &InTree<'_>) -> Result<()> {
        let tree_id = request.tree.id;
        let children = store::instance::count_children(self.tx, tree_id, request.parent_id).await?;
        if children >= MOST_CHILDREN {
            return Err(BrokenRule::TooManyChildren.into());
        }
        Ok(())
    }
}
