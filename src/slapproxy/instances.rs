//! Software instances: in slapproxy, the partitions that are busy.

use crate::{
    domain::{
        identifier::{
            ComputerReference, PartitionAddress, PartitionReference, SoftwareReleaseUri,
            SoftwareType, Title,
        },
        instance::Wanted,
        parameters::Parameters,
        seed::SeedRoom,
        state::{InstanceKind, PartitionState, RequestedState},
        text::without_illegal,
    },
    xml::instance,
};

use super::{
    forest::{Forest, Node, NodeId},
    note::Notes,
    rows::{PartitionRow, Rows},
};

/// The first version in which the tree of an instance is kept.
pub(super) const TREE_KEPT: u32 = 17;
/// The first version in which the requester of an instance is kept beside its tree.
pub(super) const REQUESTER_KEPT: u32 = 18;
/// The software type of who named none.
const DEFAULT_TYPE: &str = "default";
/// Who requests a root.
pub(super) const USER: &str = "user";

/// Adds the instances on partitions.
pub(super) fn plant(rows: &Rows, forest: &mut Forest, notes: &mut Notes) {
    let mut planted: Vec<(NodeId, &PartitionRow)> = Vec::new();
    for row in &rows.partitions {
        let Some(node) = instance(row, notes) else {
            continue;
        };
        let id = forest.add(node);
        forest.occupy(&row.reference, &row.computer, id);
        if row.requested_by.is_empty() {
            forest.is_root(&row.title, id);
        }
        planted.push((id, row));
    }
    let parents: Vec<(NodeId, Option<NodeId>)> = planted
        .iter()
        .map(|(id, row)| (*id, parent(rows, forest, &planted, *id, row, notes)))
        .collect();
    for id in forest.set_parents(&parents) {
        let Some((_, row)) = planted.iter().find(|(planted, _)| *planted == id) else {
            continue;
        };
        let root = (rows.version >= TREE_KEPT)
            .then(|| forest.root(&row.requested_by))
            .flatten();
        if let Some(root) = root {
            forest.adopt(id, root);
        }
        notes.add(format!(
            "{} became {}: those who requested it go in a circle",
            named(row),
            root.map_or("the root of a tree of its own", |_| "a child of its root"),
        ));
    }
}

fn named(row: &PartitionRow) -> String {
    format!("instance `{}` on {row}", row.title)
}

/// The instance on a partition, not in a tree yet.
fn instance(row: &PartitionRow, notes: &mut Notes) -> Option<Node> {
    if row.slap_state == PartitionState::Free.as_str() {
        if !row.title.is_empty() {
            notes.add(format!(
                "{} was left out: the partition is free",
                named(row)
            ));
        }
        return None;
    }
    if row.title.is_empty() || row.release.is_empty() {
        notes.add(format!(
            "{row} was taken for free: it is {}, and no instance is on it",
            row.slap_state
        ));
        return None;
    }
    let at = PartitionAddress {
        computer: ComputerReference::parse("computer_reference", &row.computer).ok()?,
        partition: PartitionReference::parse("reference", &row.reference).ok()?,
    };
    let Ok(release) = SoftwareReleaseUri::parse("software_release", &row.release) else {
        notes.add(format!(
            "{} was left out: its software release cannot be told in XML",
            named(row)
        ));
        return None;
    };
    let what = named(row);
    Some(Node {
        kind: InstanceKind::Software,
        title: title(&row.title, &what, notes),
        wanted: Wanted {
            release,
            software_type: software_type(&row.software_type, &what, notes),
            parameters: parameters(&row.parameters, "parameters", &what, notes),
            sla: Parameters::new(),
            state: state(&row.state, &what, notes),
        },
        connection: parameters(&row.connection, "connection parameters", &what, notes),
        room: SeedRoom::On(at),
        parent: None,
        whereabouts: format!("{} on {}", row.reference, row.computer),
    })
}

/// A title, without what cannot be told in XML.
pub(super) fn title(text: &str, what: &str, notes: &mut Notes) -> Title {
    Title::parse("title", text).unwrap_or_else(|invalid| {
        let mut legal = without_illegal(text);
        if legal.is_empty() {
            "untitled".clone_into(&mut legal);
        }
        notes.add(format!(
            "{what} is called `{legal}` from now on: {}",
            invalid.reason
        ));
        Title::trusted(legal)
    })
}

/// A software type; the usual one for none.
pub(super) fn software_type(text: &str, what: &str, notes: &mut Notes) -> SoftwareType {
    let default = || SoftwareType::trusted(DEFAULT_TYPE.to_owned());
    if text.is_empty() {
        return default();
    }
    SoftwareType::parse("software_type", text).unwrap_or_else(|invalid| {
        notes.add(format!(
            "{what} has software type `{DEFAULT_TYPE}` from now on: {}",
            invalid.reason
        ));
        default()
    })
}

/// Parameters from their stored form.
pub(super) fn parameters(xml: &str, kind: &str, what: &str, notes: &mut Notes) -> Parameters {
    instance::read(xml).unwrap_or_else(|error| {
        notes.add(format!("the {kind} of {what} were left out: {error}"));
        Parameters::new()
    })
}

fn state(text: &str, what: &str, notes: &mut Notes) -> RequestedState {
    text.parse().unwrap_or_else(|unknown| {
        notes.add(format!(
            "{what} is asked to be started: its state {unknown}"
        ));
        RequestedState::Started
    })
}

/// Who requested an instance.
fn parent(
    rows: &Rows,
    forest: &Forest,
    planted: &[(NodeId, &PartitionRow)],
    id: NodeId,
    row: &PartitionRow,
    notes: &mut Notes,
) -> Option<NodeId> {
    if row.requested_by.is_empty() {
        return None;
    }
    if rows.version < TREE_KEPT {
        // slapproxy takes one that requested itself for a root.
        if row.requested_by == row.reference {
            return None;
        }
        let found = forest
            .on(&row.requested_by, &row.computer)
            .into_iter()
            .next();
        if found.is_none() {
            notes.add(format!(
                "{} became the root of a tree of its own: nothing is on partition `{}`, which \
                 requested it",
                named(row),
                row.requested_by
            ));
        }
        return found;
    }
    let tree = row.requested_by.as_str();
    let root = forest.root(tree);
    let requester = if rows.version < REQUESTER_KEPT || row.requester == USER {
        None
    } else {
        forest
            .on(&row.requester, &row.computer)
            .into_iter()
            .find(|candidate| *candidate != id && is_in_tree(*candidate, tree, planted))
    };
    match (requester, root) {
        (Some(requester), _) => Some(requester),
        (None, Some(root)) => {
            if !row.requester.is_empty() && row.requester != USER {
                notes.add(format!(
                    "{} became a child of its root: no instance of its tree is on partition `{}`, \
                     which requested it",
                    named(row),
                    row.requester
                ));
            }
            Some(root)
        }
        (None, None) => {
            notes.add(format!(
                "{} became the root of a tree of its own: its root `{tree}` is not there",
                named(row)
            ));
            None
        }
    }
}

/// Whether an instance is the root of this title, or one that names it.
fn is_in_tree(id: NodeId, tree: &str, planted: &[(NodeId, &PartitionRow)]) -> bool {
    // Only these were planted so far, in this order.
    planted.get(id).is_some_and(|(_, row)| {
        row.requested_by == tree || (row.requested_by.is_empty() && row.title == tree)
    })
}
