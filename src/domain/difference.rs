//! What differs between two moments of a world, thing by thing.
//!
//! A thing is known by its kind and name, and is otherwise a list of named values. Start with
//! [`differences`].

use std::collections::BTreeMap;

use super::{given::Given, state::states};

states! {
    /// What a thing is.
    ThingKind {
        /// Certificates: by serial number.
        Certificate = "certificate",
        /// The clock.
        Clock = "clock",
        /// Computers: by reference.
        Computer = "computer",
        /// Fault rules: by name.
        Fault = "fault",
        /// Requests that were forwarded: by title and the other master's URL.
        ForwardedRequest = "forwarded request",
        /// Instances: by reference.
        Instance = "instance",
        /// Partitions: by computer and reference.
        Partition = "partition",
        /// Software products: by reference.
        Product = "product",
        /// Projects: by reference.
        Project = "project",
        /// How computers are simulated: by reference.
        Simulation = "simulation",
        /// Software that is asked for on a computer: by reference.
        Software = "software",
        /// What was last reported: by what it is about.
        Status = "status",
        /// Switches of the behaviour: by name.
        Switch = "switch",
        /// Tokens: by value.
        Token = "token",
        /// Instance trees: by reference.
        Tree = "tree",
        /// Usage reports: by computer, reference and version.
        UsageReport = "usage report",
        /// Persons: by reference.
        User = "user",
    }
}

/// A thing of a world.
#[derive(Debug, Clone, PartialEq)]
pub struct Thing {
    /// What it is.
    pub kind: ThingKind,
    /// Its name among those of its kind.
    pub name: String,
    /// What there is to know of it.
    pub fields: Vec<(String, Given)>,
}

/// A thing that is not the same at both moments.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// What it is.
    pub kind: ThingKind,
    /// Its name.
    pub name: String,
    /// In which way.
    pub change: Change,
}

/// The way in which a thing differs.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is there only afterwards, with these values.
    Added(Vec<(String, Given)>),
    /// It was there only before, with these values.
    Removed(Vec<(String, Given)>),
    /// Some of its values are others.
    Changed(Vec<FieldChange>),
}

impl Change {
    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Removed(_) => "removed",
            Self::Changed(_) => "changed",
        }
    }
}

/// A value that is another.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// Its name.
    pub field: String,
    /// What it was.
    pub before: Given,
    /// What it is.
    pub after: Given,
}

/// A thing before and after.
type Sides = (Option<Thing>, Option<Thing>);

/// What differs between these two moments, in the order of the words for kinds, then of names.
pub fn differences(before: Vec<Thing>, after: Vec<Thing>) -> Vec<Difference> {
    let mut both: BTreeMap<(&'static str, String), Sides> = BTreeMap::new();
    for thing in before {
        let key = (thing.kind.as_str(), thing.name.clone());
        both.entry(key).or_default().0 = Some(thing);
    }
    for thing in after {
        let key = (thing.kind.as_str(), thing.name.clone());
        both.entry(key).or_default().1 = Some(thing);
    }
    both.into_iter()
        .filter_map(|((_, name), sides)| {
            let (kind, change) = match sides {
                (Some(before), None) => (before.kind, Change::Removed(before.fields)),
                (None, Some(after)) => (after.kind, Change::Added(after.fields)),
                (Some(before), Some(after)) => {
                    let kind = after.kind;
                    let fields = changed_fields(before.fields, after.fields);
                    if fields.is_empty() {
                        return None;
                    }
                    (kind, Change::Changed(fields))
                }
                (None, None) => return None,
            };
            Some(Difference { kind, name, change })
        })
        .collect()
}

fn changed_fields(
    before: Vec<(String, Given)>,
    mut after: Vec<(String, Given)>,
) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    for (field, before) in before {
        let place = after.iter().position(|(other, _)| *other == field);
        let after = place.map_or(Given::Nothing, |place| after.remove(place).1);
        if before != after {
            changes.push(FieldChange {
                field,
                before,
                after,
            });
        }
    }
    changes.extend(after.into_iter().map(|(field, after)| FieldChange {
        field,
        before: Given::Nothing,
        after,
    }));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(name: &str, fields: &[(&str, u64)]) -> Thing {
        Thing {
            kind: ThingKind::Computer,
            name: name.to_owned(),
            fields: owned(fields),
        }
    }

    fn owned(fields: &[(&str, u64)]) -> Vec<(String, Given)> {
        let fields = fields.iter();
        fields
            .map(|(field, value)| ((*field).to_owned(), Given::from(*value)))
            .collect()
    }

    #[test]
    fn things_are_added_removed_and_changed_field_by_field() {
        let before = vec![
            thing("gone", &[("a", 1)]),
            thing("other", &[("a", 1), ("b", 2), ("c", 3)]),
            thing("same", &[("a", 1)]),
        ];
        let after = vec![
            thing("same", &[("a", 1)]),
            thing("new", &[("a", 4)]),
            thing("other", &[("a", 1), ("b", 5), ("d", 6)]),
        ];
        let found: Vec<_> = differences(before, after)
            .into_iter()
            .map(|difference| (difference.name, difference.change))
            .collect();
        let change = |field: &str, before: Option<u64>, after: Option<u64>| FieldChange {
            field: field.to_owned(),
            before: before.map_or(Given::Nothing, Given::from),
            after: after.map_or(Given::Nothing, Given::from),
        };
        let expected = [
            ("gone".to_owned(), Change::Removed(owned(&[("a", 1)]))),
            ("new".to_owned(), Change::Added(owned(&[("a", 4)]))),
            (
                "other".to_owned(),
                Change::Changed(vec![
                    change("b", Some(2), Some(5)),
                    change("c", Some(3), None),
                    change("d", None, Some(6)),
                ]),
            ),
        ];
        assert_eq!(found, expected);
    }
}
