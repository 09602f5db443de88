//! Shared instances: in slapproxy, a row for what was published for one, and an entry in the list
//! of its host for all else.

use std::{collections::HashMap, mem};

use crate::{
    domain::{
        instance::Wanted,
        parameters::Parameters,
        state::{InstanceKind, RequestedState},
    },
    xml::marshal::{self, Value},
};

use super::{
    forest::{Forest, Node, NodeId},
    instances::{REQUESTER_KEPT, TREE_KEPT, USER, parameters, software_type, title},
    note::Notes,
    rows::{Rows, SlaveRow},
};

/// What stands between the title of the root and the title in a reference.
const SEPARATOR: char = '_';

/// The keys of an entry that are no parameters of the instance.
const OWN_KEYS: [&str; 3] = ["slave_title", "slave_reference", "slap_software_type"];

type Pairs = Vec<(Value<'static>, Value<'static>)>;

/// What the list of a host says of an instance that it serves.
struct Entry {
    computer: String,
    reference: String,
    host: NodeId,
    /// The host's partition.
    partition: String,
    values: Pairs,
    taken: bool,
}

/// Adds the shared instances.
pub(super) fn plant(rows: &Rows, forest: &mut Forest, notes: &mut Notes) {
    let mut entries = entries(rows, forest, notes);
    let mut places: HashMap<(String, String), Vec<usize>> = HashMap::new();
    for (place, entry) in entries.iter().enumerate() {
        let key = (entry.computer.clone(), entry.reference.clone());
        places.entry(key).or_default().push(place);
    }
    for row in &rows.slaves {
        let key = (row.computer.clone(), row.reference.clone());
        let Some(places) = places.get(&key) else {
            notes.add(format!(
                "{row} was left out: no host lists it, so that it was destroyed, or its host was"
            ));
            continue;
        };
        let free = places
            .iter()
            .filter_map(|place| Some((*place, entries.get(*place)?)))
            .filter(|(_, entry)| !entry.taken)
            .min_by_key(|(_, entry)| entry.partition != row.hosted_by)
            .map(|(place, _)| place);
        let Some(entry) = free.and_then(|place| entries.get_mut(place)) else {
            notes.add(format!(
                "{row} was left out: it is there twice, and the first counts"
            ));
            continue;
        };
        if entry.partition != row.hosted_by {
            notes.add(format!(
                "{row} is served by partition `{}`, which lists it, and not by `{}`",
                entry.partition, row.hosted_by
            ));
        }
        add(rows, forest, row, entry, notes);
    }
    for entry in entries.iter_mut().filter(|entry| !entry.taken) {
        let row = SlaveRow {
            reference: entry.reference.clone(),
            computer: entry.computer.clone(),
            hosted_by: entry.partition.clone(),
            ..SlaveRow::default()
        };
        notes.add(format!(
            "{row} was published nothing: only its host knows it"
        ));
        add(rows, forest, &row, entry, notes);
    }
}

/// What all hosts list.
fn entries(rows: &Rows, forest: &Forest, notes: &mut Notes) -> Vec<Entry> {
    let mut entries = Vec::new();
    for row in rows.partitions.iter().filter(|row| !row.shared.is_empty()) {
        let host = forest.exactly_on(&row.reference, &row.computer);
        let Some(host) = host else {
            notes.add(format!(
                "what {row} served was left out: no instance is on it"
            ));
            continue;
        };
        let list = match marshal::read(&row.shared) {
            Ok(Value::List(list)) => list,
            Ok(other) => {
                let kind = other.kind();
                notes.add(format!(
                    "what {row} serves was left out: its list is {kind}"
                ));
                continue;
            }
            Err(error) => {
                notes.add(format!("what {row} serves was left out: {error}"));
                continue;
            }
        };
        for item in list {
            let reference = item.get("slave_reference").and_then(Value::as_text);
            let (Some(reference), Value::Dictionary(values)) =
                (reference.map(str::to_owned), item.into_owned())
            else {
                notes.add(format!(
                    "a shared instance that {row} serves was left out: it has no reference"
                ));
                continue;
            };
            entries.push(Entry {
                computer: row.computer.clone(),
                reference,
                host,
                partition: row.reference.clone(),
                values,
                taken: false,
            });
        }
    }
    entries
}

fn add(rows: &Rows, forest: &mut Forest, row: &SlaveRow, entry: &mut Entry, notes: &mut Notes) {
    entry.taken = true;
    let Some(host) = forest.node(entry.host) else {
        return;
    };
    let (release, room) = (host.wanted.release.clone(), host.room.clone());
    let (parent, own_title) = asked(rows, forest, row, notes);
    let (own, values): (Pairs, Pairs) = mem::take(&mut entry.values)
        .into_iter()
        .partition(|(key, _)| key.as_text().is_some_and(|key| OWN_KEYS.contains(&key)));
    let what = row.to_string();
    let software_type = {
        let own = Value::Dictionary(own);
        let text = own.get("slap_software_type").and_then(Value::as_text);
        software_type(text.unwrap_or_default(), &what, notes)
    };
    let values = Value::Dictionary(values)
        .into_parameters("parameters")
        .unwrap_or_else(|invalid| {
            notes.add(format!(
                "the parameters of {what} were left out: {}",
                invalid.reason
            ));
            Parameters::new()
        });
    let node = Node {
        kind: InstanceKind::Shared,
        title: title(&own_title, &what, notes),
        wanted: Wanted {
            release,
            software_type,
            parameters: values,
            sla: Parameters::new(),
            state: RequestedState::Started,
        },
        connection: parameters(&row.connection, "connection parameters", &what, notes),
        room,
        parent,
        whereabouts: format!("served by {} on {}", entry.partition, row.computer),
    };
    forest.add(node);
}

/// Who requested a shared instance, and under which title: both are in its reference, where
/// several readings may be possible.
fn asked(
    rows: &Rows,
    forest: &Forest,
    row: &SlaveRow,
    notes: &mut Notes,
) -> (Option<NodeId>, String) {
    let reference = row.reference.as_str();
    let known = if rows.version < TREE_KEPT {
        by_partition(forest, row, &row.requester)
    } else if rows.version < REQUESTER_KEPT {
        by_root(forest, reference, &row.requester)
    } else {
        by_requester(forest, row)
    };
    if let Some(known) = known {
        return known;
    }
    if let Some(title) = reference
        .strip_prefix(SEPARATOR)
        .filter(|title| !title.is_empty())
    {
        return (None, title.to_owned());
    }
    let roots: Vec<_> = prefixes(reference)
        .filter_map(|root| by_root(forest, reference, root))
        .collect();
    if let Some(longest) = roots.last() {
        if roots.len() > 1 {
            notes.add(format!(
                "{row} may belong to several trees: it was taken for `{}` of the one with the \
                 longest title",
                longest.1
            ));
        }
        return longest.clone();
    }
    // What slapproxy kept from before version 17 has its old reference still.
    let partition = prefixes(reference)
        .filter_map(|partition| by_partition(forest, row, partition))
        .last();
    if let Some(found) = partition {
        return found;
    }
    notes.add(format!(
        "{row} became the root of a tree of its own: nothing that is there requested it"
    ));
    (None, reference.to_owned())
}

/// Whatever stands before a separator and is followed by something.
fn prefixes(reference: &str) -> impl Iterator<Item = &str> {
    reference
        .match_indices(SEPARATOR)
        .filter_map(move |(at, _)| Some((reference.get(..at)?, reference.get(at + 1..)?)))
        .filter(|(prefix, rest)| !prefix.is_empty() && !rest.is_empty())
        .map(|(prefix, _)| prefix)
}

/// The title behind a prefix.
fn behind<'r>(reference: &'r str, prefix: &str) -> Option<&'r str> {
    reference
        .strip_prefix(prefix)?
        .strip_prefix(SEPARATOR)
        .filter(|title| !title.is_empty())
}

fn by_root(forest: &Forest, reference: &str, root: &str) -> Option<(Option<NodeId>, String)> {
    let title = behind(reference, root)?;
    Some((Some(forest.root(root)?), title.to_owned()))
}

fn by_partition(
    forest: &Forest,
    row: &SlaveRow,
    partition: &str,
) -> Option<(Option<NodeId>, String)> {
    let title = behind(&row.reference, partition)?;
    let requester = forest.on(partition, &row.computer).into_iter().next()?;
    Some((Some(requester), title.to_owned()))
}

fn by_requester(forest: &Forest, row: &SlaveRow) -> Option<(Option<NodeId>, String)> {
    if row.requester.is_empty() || row.requester == USER {
        return None;
    }
    forest
        .on(&row.requester, &row.computer)
        .into_iter()
        .find_map(|requester| {
            let root = forest.node(forest.root_of(requester))?;
            let title = behind(&row.reference, root.title.as_str())?;
            Some((Some(requester), title.to_owned()))
        })
}
