//! Instances to choose from.

use std::collections::HashMap;

use sqlx::SqliteConnection;

use super::{AnyOf, Candidate, Page};
use crate::{
    domain::{
        document::{Detail, Document, Entry, Ledger, Mark, TreeMark},
        identifier::{ComputerReference, TreeReference},
        permission::{InstanceFacts, ObjectFacts},
        state::{AllocationScope, InstanceKind, RequestedState},
        time::Timestamp,
    },
    store::{
        During, StoreError,
        column::{parameters, word},
    },
};

/// How instances are come by.
#[derive(Debug)]
pub(crate) enum Path {
    /// Those of these references.
    References(AnyOf),
    /// Those whose trees have these titles.
    TreeTitles(AnyOf),
    /// Those that these rows requested.
    Requesters {
        /// Trees.
        trees: AnyOf,
        /// Instances.
        instances: AnyOf,
    },
    /// Those of the trees of this owner.
    OfOwner(i64),
    /// Those on the partitions of this computer.
    OnComputer(i64),
    /// Those of the tree of an instance, and those where it is.
    Around {
        /// The tree.
        tree_id: i64,
        /// The instance.
        instance_id: i64,
    },
    /// Those that count.
    Live,
    /// All.
    All,
}

struct Row {
    id: i64,
    reference: String,
    kind: String,
    title: String,
    tree_id: i64,
    tree_title: String,
    tree_reference: String,
    owner_id: i64,
    project_id: i64,
    parent_id: Option<i64>,
    release: String,
    software_type: String,
    parameters: String,
    connection: String,
    slap_state: String,
    validation: String,
    created_us: i64,
    stamped_us: i64,
    partition_id: Option<i64>,
    partition: Option<String>,
    computer_id: Option<i64>,
    computer: Option<String>,
    allocation_scope: Option<String>,
    host_id: Option<i64>,
    child_id: Option<i64>,
}

impl TryFrom<Row> for Candidate {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let kind: InstanceKind = word(&row.kind)?;
        let state: RequestedState = word(&row.slap_state)?;
        let scope: Option<AllocationScope> =
            row.allocation_scope.as_deref().map(word).transpose()?;
        let place = row.partition_id.zip(row.partition);
        let requester_uid = row.parent_id.map_or_else(
            || Ledger::Tree.uid(row.tree_id),
            |parent| Ledger::Instance.uid(parent),
        );
        let entry = Entry {
            portal_type: kind.into(),
            uid: Ledger::Instance.uid(row.id),
            reference: row.reference,
            title: row.title,
            validation: word(&row.validation)?,
            state: Some(state),
            release: Some(row.release),
            software_type: Some(row.software_type),
            tree: Some(TreeMark {
                uid: Ledger::Tree.uid(row.tree_id),
                reference: TreeReference::trusted(row.tree_reference),
                title: row.tree_title,
            }),
            place: place.map(|(id, reference)| Mark {
                uid: Ledger::Partition.uid(id),
                reference,
            }),
            requester_uid: Some(requester_uid),
            first_requested_uid: row.child_id.map(|child| Ledger::Instance.uid(child)),
            has_shared_root: None,
            created_at: Timestamp::from_micros(row.created_us),
            changed_at: Timestamp::from_micros(row.stamped_us),
        };
        let in_maintenance = row
            .computer
            .filter(|_| scope == Some(AllocationScope::CloseMaintenance));
        Ok(Self {
            id: row.id,
            document: Document {
                entry,
                detail: Detail::Instance {
                    parameters: parameters(&row.parameters)?,
                    connection: parameters(&row.connection)?,
                    in_maintenance: in_maintenance.map(ComputerReference::trusted),
                },
            },
            object: ObjectFacts::Instance(InstanceFacts {
                id: row.id,
                tree_id: row.tree_id,
                owner_id: row.owner_id,
                project_id: row.project_id,
                computer_id: row.computer_id,
                host_id: row.host_id,
            }),
        })
    }
}

macro_rules! select {
    ($tail:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"SELECT i.id AS "id!", i.reference, i.kind, i.title, i.tree_id,
                 t.title AS tree_title, t.reference AS tree_reference, t.owner_id, t.project_id,
                 i.parent_id, i.release, i.software_type, i.parameters, i.connection,
                 i.slap_state, i.validation, i.created_us, i.stamped_us, i.partition_id,
                 p.reference AS "partition?", p.computer_id AS "computer_id?",
                 c.reference AS "computer?", c.allocation_scope AS "allocation_scope?",
                 (SELECT h.id FROM instance h
                  WHERE i.kind = 'shared' AND h.partition_id = i.partition_id
                      AND h.kind = 'software' AND h.validation = 'validated') AS "host_id?: i64",
                 (SELECT min(n.id) FROM instance n
                  WHERE n.parent_id = i.id AND n.validation = 'validated') AS "child_id?: i64"
             FROM "# + $tail + r#"
             ORDER BY i.id LIMIT ?2"#
            $(, $argument)*
        )
    };
}

/// A page of the instances on a path.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    path: &Path,
    page: Page,
) -> Result<Vec<Candidate>, StoreError> {
    let Page { after, most } = page;
    let rows = match path {
        Path::References(AnyOf(references)) => {
            select!(
                "instance i JOIN instance_tree t ON t.id = i.tree_id
                 LEFT JOIN partition p ON p.id = i.partition_id
                 LEFT JOIN computer c ON c.id = p.computer_id
                 WHERE i.reference IN (SELECT value FROM json_each(?3)) AND i.id > ?1",
                after,
                most,
                references
            )
            .fetch_all(connection)
            .await
        }
        Path::TreeTitles(AnyOf(titles)) => {
            select!(
                "instance_tree t INDEXED BY instance_tree_title
                 CROSS JOIN instance i INDEXED BY instance_tree_id ON i.tree_id = t.id
                 LEFT JOIN partition p ON p.id = i.partition_id
                 LEFT JOIN computer c ON c.id = p.computer_id
                 WHERE t.title IN (SELECT value FROM json_each(?3)) AND i.id > ?1",
                after,
                most,
                titles
            )
            .fetch_all(connection)
            .await
        }
        Path::Requesters {
            trees: AnyOf(trees),
            instances: AnyOf(instances),
        } => {
            select!(
                "instance i JOIN instance_tree t ON t.id = i.tree_id
                 LEFT JOIN partition p ON p.id = i.partition_id
                 LEFT JOIN computer c ON c.id = p.computer_id
                 WHERE i.id IN (
                     SELECT id FROM instance INDEXED BY instance_tree_id
                     WHERE tree_id IN (SELECT value FROM json_each(?3)) AND parent_id IS NULL
                     UNION ALL SELECT id FROM instance
                     WHERE parent_id IN (SELECT value FROM json_each(?4))) AND i.id > ?1",
                after,
                most,
                trees,
                instances
            )
            .fetch_all(connection)
            .await
        }
        Path::OfOwner(owner) => {
            select!(
                "instance_tree t INDEXED BY instance_tree_owner
                 CROSS JOIN instance i INDEXED BY instance_tree_id ON i.tree_id = t.id
                 LEFT JOIN partition p ON p.id = i.partition_id
                 LEFT JOIN computer c ON c.id = p.computer_id
                 WHERE t.owner_id = ?3 AND i.id > ?1",
                after,
                most,
                owner
            )
            .fetch_all(connection)
            .await
        }
        Path::OnComputer(computer) => {
            select!(
                "instance i JOIN instance_tree t ON t.id = i.tree_id
                 JOIN partition p ON p.id = i.partition_id
                 JOIN computer c ON c.id = p.computer_id
                 WHERE i.partition_id IN (SELECT id FROM partition WHERE computer_id = ?3)
                     AND i.id > ?1",
                after,
                most,
                computer
            )
            .fetch_all(connection)
            .await
        }
        Path::Around {
            tree_id,
            instance_id,
        } => {
            select!(
                "instance i JOIN instance_tree t ON t.id = i.tree_id
                 LEFT JOIN partition p ON p.id = i.partition_id
                 LEFT JOIN computer c ON c.id = p.computer_id
                 WHERE i.id IN (
                     SELECT id FROM instance WHERE tree_id = ?3
                     UNION SELECT near.id FROM instance near
                     JOIN instance own ON own.id = ?4
                     WHERE near.partition_id = own.partition_id) AND i.id > ?1",
                after,
                most,
                tree_id,
                instance_id
            )
            .fetch_all(connection)
            .await
        }
        Path::Live => {
            select!(
                "instance i INDEXED BY instance_listed
                 JOIN instance_tree t ON t.id = i.tree_id
                 LEFT JOIN partition p ON p.id = i.partition_id
                 LEFT JOIN computer c ON c.id = p.computer_id
                 WHERE i.validation = 'validated' AND i.id > ?1",
                after,
                most
            )
            .fetch_all(connection)
            .await
        }
        Path::All => {
            select!(
                "instance i JOIN instance_tree t ON t.id = i.tree_id
                 LEFT JOIN partition p ON p.id = i.partition_id
                 LEFT JOIN computer c ON c.id = p.computer_id
                 WHERE i.id > ?1",
                after,
                most
            )
            .fetch_all(connection)
            .await
        }
    };
    let rows = rows.during("search instances")?;
    rows.into_iter().map(Candidate::try_from).collect()
}

/// The computers, by row, that are closed for maintenance and hold instances of a tree.
pub(crate) async fn in_maintenance(
    connection: &mut SqliteConnection,
    tree_id: i64,
) -> Result<HashMap<i64, ComputerReference>, StoreError> {
    let rows = sqlx::query!(
        "SELECT DISTINCT c.id, c.reference FROM instance i
         JOIN partition p ON p.id = i.partition_id
         JOIN computer c ON c.id = p.computer_id
         WHERE i.tree_id = ?1 AND i.validation = 'validated'
             AND c.allocation_scope = 'close/maintenance'",
        tree_id
    )
    .fetch_all(connection)
    .await
    .during("look for computers in maintenance")?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, ComputerReference::trusted(row.reference)))
        .collect())
}
