//! Instance trees and their instances, none of them anywhere yet.

use std::collections::{HashMap, HashSet};

use super::{described, missing, refused};
use crate::{
    domain::{
        behaviour::AfterDestroy,
        identifier::{InstanceReference, ProjectReference, TreeReference, UserReference},
        instance::{Instance, InstanceTree, MOST_CHILDREN, Wanted},
        parameters::Parameters,
        request::BrokenRule,
        seed::{Seed, SeedInstance, SeedOrigin, SeedTree},
        state::{InstanceKind, RequestedState, Subscription, Validation},
    },
    master::{Result, operation::Operation},
    store::{
        self, bulk,
        counter::{self, Prefix},
        instance::NewInstance,
        lookup::Named,
        tree::NewTree,
    },
};

/// An instance that was made, with where it is to be.
pub(super) struct Made<'s> {
    /// The place of its tree in the list of trees.
    pub(super) tree: usize,
    /// What was made.
    pub(super) instance: Instance,
    /// What was described.
    pub(super) seed: &'s SeedInstance,
}

/// Owners and projects of trees, each looked up once.
#[derive(Default)]
struct Known {
    owners: HashMap<Option<UserReference>, Named<UserReference>>,
    projects: HashMap<Option<ProjectReference>, Named<ProjectReference>>,
    /// The titles of live trees by the row of their owner.
    titles: HashMap<i64, HashSet<String>>,
}

impl Operation<'_> {
    /// Makes all trees and their instances.
    pub(super) async fn seed_trees<'s>(
        &mut self,
        seed: &'s Seed,
    ) -> Result<(Vec<InstanceTree>, Vec<Made<'s>>)> {
        if described(seed).next().is_none() {
            return Ok(Default::default());
        }
        let trees = self.make_trees(seed).await?;
        let made = self.make_instances(seed, &trees).await?;
        Ok((trees, made))
    }

    /// Whether a tree of which this is wanted ended already, though its instances did not.
    fn is_archived(&self, wanted: &Wanted) -> bool {
        wanted.state == RequestedState::Destroyed
            && self.behaviour.after_destroy == AfterDestroy::New
    }

    async fn make_trees(&mut self, seed: &Seed) -> Result<Vec<InstanceTree>> {
        let unnamed = described(seed).filter(|tree| tree.reference.is_none());
        let mut references = counter::take(self.tx, Prefix::Tree, unnamed.count()).await?;
        let first_id = bulk::next_tree_id(self.tx).await?;
        let mut known = Known::default();
        let mut trees = Vec::new();
        let mut new = Vec::new();
        for (id, described) in (first_id..).zip(described(seed)) {
            let Some(root) = described.instances.first() else {
                let reason = "a tree has no instance";
                return Err(refused(described.place, reason, "its root"));
            };
            let owner = self.seed_owner(described, &mut known).await?;
            let project = self.tree_project(described, &mut known).await?;
            self.check_title(described, root, &owner, &mut known)
                .await?;
            let reference = match &described.reference {
                Some(reference) => reference.clone(),
                None => TreeReference::trusted(references.next().unwrap_or_default()),
            };
            self.tree_made(&reference, &root.title, &root.wanted.release);
            new.push((owner.id, project.id));
            trees.push(InstanceTree {
                id,
                reference,
                title: root.title.clone(),
                owner: owner.reference,
                project: project.reference,
                kind: root.kind,
                wanted: root.wanted.clone(),
                validation: if self.is_archived(&root.wanted) {
                    Validation::Invalidated
                } else {
                    Validation::Validated
                },
                subscription: Subscription::Subscribed,
            });
        }
        let rows: Vec<(i64, NewTree<'_>, Validation)> = trees
            .iter()
            .zip(new)
            .map(|(tree, (owner_id, project_id))| {
                let new = NewTree {
                    reference: &tree.reference,
                    title: &tree.title,
                    owner_id,
                    project_id,
                    kind: tree.kind,
                    wanted: &tree.wanted,
                    created_at: self.now,
                };
                (tree.id, new, tree.validation)
            })
            .collect();
        bulk::insert_trees(self.tx, &rows).await?;
        Ok(trees)
    }

    async fn seed_owner(
        &mut self,
        tree: &SeedTree,
        known: &mut Known,
    ) -> Result<Named<UserReference>> {
        if let Some(owner) = known.owners.get(&tree.owner) {
            return Ok(owner.clone());
        }
        let owner = self.owner_of_seed(tree).await?;
        known.owners.insert(tree.owner.clone(), owner.clone());
        Ok(owner)
    }

    /// The owner that a tree names, or the default user.
    pub(super) async fn owner_of_seed(&mut self, tree: &SeedTree) -> Result<Named<UserReference>> {
        match &tree.owner {
            None => Ok(self.world.default_user.clone()),
            Some(owner) => store::lookup::user(self.tx, owner)
                .await?
                .ok_or_else(|| missing(tree.place, "user", owner.as_str())),
        }
    }

    async fn tree_project(
        &mut self,
        tree: &SeedTree,
        known: &mut Known,
    ) -> Result<Named<ProjectReference>> {
        if let Some(project) = known.projects.get(&tree.project) {
            return Ok(project.clone());
        }
        let project = self
            .project_of_seed(tree.place, tree.project.as_ref())
            .await?;
        known.projects.insert(tree.project.clone(), project.clone());
        Ok(project)
    }

    /// Refuses a second live tree of this title and owner.
    async fn check_title(
        &mut self,
        tree: &SeedTree,
        root: &SeedInstance,
        owner: &Named<UserReference>,
        known: &mut Known,
    ) -> Result<()> {
        let titles = match known.titles.entry(owner.id) {
            std::collections::hash_map::Entry::Occupied(titles) => titles.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let live = store::tree::titles_of(self.tx, owner.id).await?;
                let titles = live.into_iter().map(|(_, title)| title.as_str().to_owned());
                entry.insert(titles.collect())
            }
        };
        let title = &root.title;
        if titles.contains(title.as_str()) {
            let owner = &owner.reference;
            let reason = format!("user `{owner}` already has an instance tree `{title}`");
            return Err(refused(tree.place, reason, "another title"));
        }
        // One that ended leaves its title to others.
        if !self.is_archived(&root.wanted) {
            titles.insert(title.as_str().to_owned());
        }
        Ok(())
    }

    async fn make_instances<'s>(
        &mut self,
        seed: &'s Seed,
        trees: &[InstanceTree],
    ) -> Result<Vec<Made<'s>>> {
        let instances = described(seed).flat_map(|tree| &tree.instances);
        let unnamed = instances.filter(|instance| instance.reference.is_none());
        let mut references = counter::take(self.tx, Prefix::Instance, unnamed.count()).await?;
        let mut id = bulk::next_instance_id(self.tx).await?;
        let mut made = Vec::new();
        for (number, (tree, described)) in trees.iter().zip(described(seed)).enumerate() {
            let first_id = id;
            let mut children: HashMap<usize, i64> = HashMap::new();
            for instance in &described.instances {
                if let Some(parent) = instance.parent {
                    let count = children.entry(parent).or_default();
                    if seed.origin == SeedOrigin::Fixture && *count >= MOST_CHILDREN {
                        let reason = BrokenRule::TooManyChildren.to_string();
                        return Err(refused(instance.place, reason, "what the rules allow"));
                    }
                    *count += 1;
                }
                let parent_id = instance
                    .parent
                    .and_then(|parent| i64::try_from(parent).ok())
                    .map(|parent| first_id + parent)
                    .filter(|parent_id| *parent_id < id);
                let reference = match &instance.reference {
                    Some(reference) => reference.clone(),
                    None => InstanceReference::trusted(references.next().unwrap_or_default()),
                };
                made.push(Made {
                    tree: number,
                    instance: self.instance(id, reference, tree, parent_id, instance),
                    seed: instance,
                });
                id += 1;
            }
        }
        let rows: Vec<(i64, NewInstance<'_>, &Parameters)> = made
            .iter()
            .map(|one| {
                let instance = &one.instance;
                let new = NewInstance {
                    reference: &instance.reference,
                    kind: instance.kind,
                    title: &instance.title,
                    tree_id: instance.tree_id,
                    parent_id: instance.parent_id,
                    wanted: &instance.wanted,
                    stamped_at: instance.stamped_at,
                };
                (instance.id, new, &instance.connection)
            })
            .collect();
        bulk::insert_instances(self.tx, &rows).await?;
        for one in &made {
            if let Some(tree) = trees.get(one.tree) {
                self.instance_made(&one.instance, &tree.reference);
            }
            if seed.origin == SeedOrigin::Fixture && one.instance.kind == InstanceKind::Software {
                self.made(one.instance.id, &one.instance.reference);
            }
        }
        self.sign_ahead();
        Ok(made)
    }

    fn instance(
        &mut self,
        id: i64,
        reference: InstanceReference,
        tree: &InstanceTree,
        parent_id: Option<i64>,
        described: &SeedInstance,
    ) -> Instance {
        Instance {
            id,
            reference,
            kind: described.kind,
            title: described.title.clone(),
            tree_id: tree.id,
            parent_id,
            wanted: described.wanted.clone(),
            connection: described.connection.clone(),
            validation: Validation::Validated,
            partition_id: None,
            computer_id: None,
            stamped_at: self.stamp(),
            subscription: Subscription::Subscribed,
        }
    }
}
