//! Documents: trees, instances, computers and installations as they are searched and shown, each
//! with the same few attributes (`hateoas.md` A.4, A.5).

use super::{
    identifier::{ComputerReference, PartitionReference, TreeReference, UserReference},
    news::{InstanceNews, TreeNews},
    parameters::Parameters,
    state::{AllocationScope, CapacityScope, RequestedState, Validation},
    status::{PortalType, StatusReading},
    time::Timestamp,
};

/// How many kinds of rows share the numbers of documents.
const LEDGERS: i64 = 8;

/// The kinds of rows that have a number of their own among all documents: their `uid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ledger {
    /// Instance trees.
    Tree,
    /// Instances, software and shared.
    Instance,
    /// Computers.
    Computer,
    /// Software installations.
    Installation,
    /// Partitions, which are no documents but are referred to.
    Partition,
}

impl Ledger {
    /// Every kind of rows.
    pub const ALL: &'static [Self] = &[
        Self::Tree,
        Self::Instance,
        Self::Computer,
        Self::Installation,
        Self::Partition,
    ];

    const fn place(self) -> i64 {
        match self {
            Self::Tree => 0,
            Self::Instance => 1,
            Self::Computer => 2,
            Self::Installation => 3,
            Self::Partition => 4,
        }
    }

    /// The number that a row of this kind has among all documents; it grows with the row.
    pub const fn uid(self, row: i64) -> i64 {
        row.saturating_mul(LEDGERS).saturating_add(self.place())
    }

    /// The row of this kind that has this number.
    pub fn row(self, uid: i64) -> Option<i64> {
        (uid.rem_euclid(LEDGERS) == self.place()).then(|| uid.div_euclid(LEDGERS))
    }
}

/// What every document has, as far as its kind has it: what searches ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub portal_type: PortalType,
    /// Its number among all documents.
    pub uid: i64,
    /// Its reference.
    pub reference: String,
    /// Its title.
    pub title: String,
    /// Whether it counts.
    pub validation: Validation,
    /// What is wanted of it; nothing of a computer.
    pub state: Option<RequestedState>,
    /// Its release; none of a computer.
    pub release: Option<String>,
    /// Its software type; of trees and instances.
    pub software_type: Option<String>,
    /// The tree of an instance.
    pub tree: Option<TreeMark>,
    /// Where it is: an installation's computer, an instance's partition.
    pub place: Option<Mark>,
    /// Number of the tree or instance that requested an instance.
    pub requester_uid: Option<i64>,
    /// Number of the first instance that a tree or instance requested.
    pub first_requested_uid: Option<i64>,
    /// Whether the root of a tree is a shared instance.
    pub has_shared_root: Option<bool>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it, or the root of a tree, was last changed, as far as that is kept.
    pub changed_at: Timestamp,
}

/// Something that a document refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its number among all documents.
    pub uid: i64,
    /// Its reference.
    pub reference: String,
}

/// The tree that an instance refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeMark {
    /// Its number among all documents.
    pub uid: i64,
    /// Its reference.
    pub reference: TreeReference,
    /// Its title.
    pub title: String,
}

/// A document as a search finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What every document has.
    pub entry: Entry,
    /// What only its kind has.
    pub detail: Detail,
}

/// What only one kind of documents has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// An instance tree.
    Tree {
        /// Parameters of its root.
        parameters: Parameters,
    },
    /// An instance, software or shared.
    Instance {
        /// Its parameters.
        parameters: Parameters,
        /// What it, or its host for it, published.
        connection: Parameters,
        /// The computer that it is on, if that is closed for maintenance.
        in_maintenance: Option<ComputerReference>,
    },
    /// A computer.
    Computer {
        /// Its owner's policy.
        allocation_scope: AllocationScope,
        /// What the capacity check would say.
        capacity_scope: CapacityScope,
    },
    /// A software installation.
    Installation {
        /// Title of its computer.
        computer_title: String,
    },
}

/// A document with all that is shown of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// An instance tree.
    Tree {
        /// The document.
        entry: Entry,
        /// Parameters of its root.
        parameters: Parameters,
        /// What its root published.
        connection: Parameters,
        /// What was last heard of its instances.
        news: TreeNews,
    },
    /// An instance.
    Instance {
        /// The document.
        entry: Entry,
        /// Its parameters.
        parameters: Parameters,
        /// What it published.
        connection: Parameters,
        /// What was last heard of it.
        news: InstanceNews,
    },
    /// A computer.
    Computer {
        /// The document.
        entry: Entry,
        /// Its owner's policy.
        allocation_scope: AllocationScope,
        /// What the capacity check would say.
        capacity_scope: CapacityScope,
        /// What was last heard of it.
        status: StatusReading,
        /// Its partitions that hold an instance, in stored order, with what was last heard of that.
        partitions: Vec<(PartitionReference, StatusReading)>,
    },
    /// A software installation.
    Installation {
        /// The document.
        entry: Entry,
        /// Title of its computer.
        computer_title: String,
        /// What was last heard of it.
        status: StatusReading,
    },
    /// A person.
    Person(UserReference),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_number_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for ledger in Ledger::ALL {
            for row in [1, 2, 7, 8, 9, 1 << 40] {
                let uid = ledger.uid(row);
                assert!(seen.insert(uid), "{ledger:?} {row}");
                for other in Ledger::ALL {
                    let expected = (other == ledger).then_some(row);
                    assert_eq!(other.row(uid), expected);
                }
            }
        }
        assert_eq!(Ledger::Tree.uid(i64::MAX), i64::MAX);
    }
}
