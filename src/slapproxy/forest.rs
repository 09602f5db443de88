//! Instances that know who requested them, and the trees that they form.
//!
//! In a forest titles are as slapproxy has them; a seed's are unique in their tree, and among
//! trees, so that some change on the way out.

use std::collections::{HashMap, HashSet};

use crate::domain::{
    identifier::Title,
    instance::Wanted,
    parameters::Parameters,
    seed::{SeedInstance, SeedPlace, SeedRoom, SeedTree},
    state::{InstanceKind, Subscription},
};

use super::note::Notes;

/// The place of an instance in a [`Forest`].
pub(super) type NodeId = usize;

/// An instance.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: InstanceKind,
    pub(super) title: Title,
    pub(super) wanted: Wanted,
    pub(super) connection: Parameters,
    pub(super) room: SeedRoom,
    /// Who requested it; none for a root.
    pub(super) parent: Option<NodeId>,
    /// What tells it from others of its title: where it is.
    pub(super) whereabouts: String,
}

/// All instances of a database.
#[derive(Debug, Default)]
pub(super) struct Forest {
    nodes: Vec<Node>,
    /// Software instances by partition, then by computer.
    on_partition: HashMap<String, Vec<(String, NodeId)>>,
    /// The first software instance of each title that is a root.
    roots: HashMap<String, NodeId>,
}

impl Forest {
    /// Adds an instance.
    pub(super) fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Notes which instance is on a partition.
    pub(super) fn occupy(&mut self, partition: &str, computer: &str, id: NodeId) {
        self.on_partition
            .entry(partition.to_owned())
            .or_default()
            .push((computer.to_owned(), id));
    }

    /// Notes that an instance is the root that has this title in the database.
    pub(super) fn is_root(&mut self, title: &str, id: NodeId) {
        self.roots.entry(title.to_owned()).or_insert(id);
    }

    /// The root of this title.
    pub(super) fn root(&self, title: &str) -> Option<NodeId> {
        self.roots.get(title).copied()
    }

    /// The instances on partitions of this name: that on the named computer first, since slapproxy
    /// keeps the names without their computers.
    pub(super) fn on(&self, partition: &str, computer: &str) -> Vec<NodeId> {
        let mut found: Vec<&(String, NodeId)> = self
            .on_partition
            .get(partition)
            .into_iter()
            .flatten()
            .collect();
        found.sort_by_key(|(known, _)| known != computer);
        found.into_iter().map(|(_, id)| *id).collect()
    }

    /// The instance on the partition of this name on this computer.
    pub(super) fn exactly_on(&self, partition: &str, computer: &str) -> Option<NodeId> {
        let mut known = self.on_partition.get(partition)?.iter();
        known.find(|(on, _)| on == computer).map(|(_, id)| *id)
    }

    /// An instance.
    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// The root of the tree that an instance is in.
    pub(super) fn root_of(&self, id: NodeId) -> NodeId {
        let mut id = id;
        // There is no circle: see `set_parents`.
        while let Some(parent) = self.node(id).and_then(|node| node.parent) {
            id = parent;
        }
        id
    }

    /// Tells instances who requested each. Where that goes in a circle it is cut: the instances at
    /// which it was are returned.
    pub(super) fn set_parents(&mut self, parents: &[(NodeId, Option<NodeId>)]) -> Vec<NodeId> {
        for (id, parent) in parents {
            if let Some(node) = self.nodes.get_mut(*id) {
                node.parent = *parent;
            }
        }
        let mut cut = Vec::new();
        let mut sound = vec![false; self.nodes.len()];
        for start in 0..self.nodes.len() {
            let mut way: HashSet<NodeId> = HashSet::new();
            let mut at = Some(start);
            while let Some(id) = at.filter(|id| sound.get(*id) == Some(&false)) {
                way.insert(id);
                let parent = self.node(id).and_then(|node| node.parent);
                if parent.is_some_and(|parent| way.contains(&parent)) {
                    cut.push(id);
                    if let Some(node) = self.nodes.get_mut(id) {
                        node.parent = None;
                    }
                    break;
                }
                at = parent;
            }
            for id in way {
                if let Some(sound) = sound.get_mut(id) {
                    *sound = true;
                }
            }
        }
        cut
    }

    /// Gives a requester to an instance that has none.
    pub(super) fn adopt(&mut self, id: NodeId, parent: NodeId) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.parent = Some(parent);
        }
    }

    /// The trees, in the order of their roots, each instance after its requester.
    pub(super) fn into_trees(self, notes: &mut Notes) -> Vec<SeedTree> {
        let mut children: Vec<Vec<NodeId>> = vec![Vec::new(); self.nodes.len()];
        let mut roots = Vec::new();
        for (id, node) in self.nodes.iter().enumerate() {
            match node.parent.and_then(|parent| children.get_mut(parent)) {
                Some(siblings) => siblings.push(id),
                None => roots.push(id),
            }
        }
        let mut left: Vec<Option<Node>> = self.nodes.into_iter().map(Some).collect();
        let mut titles = Titles::default();
        roots
            .into_iter()
            .map(|root| {
                let mut tree = Tree {
                    instances: Vec::new(),
                    titles: Titles::default(),
                };
                let mut next = vec![(root, None)];
                while let Some((id, parent)) = next.pop() {
                    let Some(node) = left.get_mut(id).and_then(Option::take) else {
                        continue;
                    };
                    let place = tree.add(node, parent, &mut titles, notes);
                    // The last is taken first.
                    let children = children.get(id).into_iter().flatten().rev();
                    next.extend(children.map(|child| (*child, Some(place))));
                }
                SeedTree {
                    place: SeedPlace(0),
                    reference: None,
                    owner: None,
                    project: None,
                    subscription: Subscription::Subscribed,
                    instances: tree.instances,
                    record: None,
                }
            })
            .collect()
    }
}

/// A tree that is being made.
struct Tree {
    instances: Vec<SeedInstance>,
    titles: Titles,
}

impl Tree {
    fn add(
        &mut self,
        node: Node,
        parent: Option<usize>,
        trees: &mut Titles,
        notes: &mut Notes,
    ) -> usize {
        // The root's title is the tree's, and no child's.
        let title = match parent {
            None => {
                let title = trees.unique(&node, "among instance trees", notes);
                self.titles.take(&title);
                title
            }
            Some(_) => self.titles.unique(&node, "in its instance tree", notes),
        };
        self.instances.push(SeedInstance {
            place: SeedPlace(0),
            reference: None,
            title,
            kind: node.kind,
            wanted: node.wanted,
            parent,
            room: node.room,
            connection: node.connection,
            report: None,
            record: None,
        });
        self.instances.len() - 1
    }
}

/// The titles that are taken.
#[derive(Debug, Default)]
struct Titles(HashSet<String>);

impl Titles {
    fn take(&mut self, title: &Title) -> bool {
        self.0.insert(title.as_str().to_owned())
    }

    /// The instance's title, or one that tells it from those that have it already.
    fn unique(&mut self, node: &Node, among: &str, notes: &mut Notes) -> Title {
        if self.take(&node.title) {
            return node.title.clone();
        }
        let mut title = Title::trusted(format!("{} ({})", node.title, node.whereabouts));
        let mut number = 2;
        while !self.take(&title) {
            title = Title::trusted(format!("{} ({}, {number})", node.title, node.whereabouts));
            number += 1;
        }
        notes.add(format!(
            "{} instance `{}` ({}) is called `{title}` from now on: another {among} has its title",
            node.kind, node.title, node.whereabouts
        ));
        title
    }
}
