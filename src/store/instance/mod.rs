//! Instances of either kind.

mod change;
mod repeat;

use sqlx::SqliteConnection;

pub(crate) use change::{
    NewInstance, allocate, insert, invalidate, note_failure, rename, set_connection, set_state,
    stamp, unlink, update_values, update_wanted,
};
pub(crate) use repeat::{child_exactly_as, root_exactly_as};

use super::{
    During, StoreError,
    column::{parameters, word},
};
use crate::domain::{
    event::About,
    guid::ProxyGuid,
    identifier::{
        ComputerReference, InstanceReference, PartitionReference, SoftwareReleaseUri, SoftwareType,
        Title, TreeReference,
    },
    instance::{Instance, Wanted},
    time::Timestamp,
};

struct Row {
    id: i64,
    reference: String,
    kind: String,
    title: String,
    tree_id: i64,
    parent_id: Option<i64>,
    release: String,
    software_type: String,
    parameters: String,
    sla: String,
    connection: String,
    slap_state: String,
    validation: String,
    partition_id: Option<i64>,
    computer_id: Option<i64>,
    stamped_us: i64,
    subscription: String,
}

impl TryFrom<Row> for Instance {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            reference: InstanceReference::trusted(row.reference),
            kind: word(&row.kind)?,
            title: Title::trusted(row.title),
            tree_id: row.tree_id,
            parent_id: row.parent_id,
            wanted: Wanted {
                release: SoftwareReleaseUri::trusted(row.release),
                software_type: SoftwareType::trusted(row.software_type),
                parameters: parameters(&row.parameters)?,
                sla: parameters(&row.sla)?,
                state: word(&row.slap_state)?,
            },
            connection: parameters(&row.connection)?,
            validation: word(&row.validation)?,
            partition_id: row.partition_id,
            computer_id: row.computer_id,
            stamped_at: Timestamp::from_micros(row.stamped_us),
            subscription: word(&row.subscription)?,
        })
    }
}

macro_rules! select {
    ($tail:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"SELECT i.id, i.reference, i.kind, i.title, i.tree_id, i.parent_id, i.release,
                 i.software_type, i.parameters, i.sla, i.connection, i.slap_state, i.validation,
                 i.partition_id, p.computer_id AS "computer_id?", i.stamped_us, i.subscription
             FROM instance i LEFT JOIN partition p ON p.id = i.partition_id "# + $tail
            $(, $argument)*
        )
    };
}

fn all(rows: Vec<Row>) -> Result<Vec<Instance>, StoreError> {
    rows.into_iter().map(Instance::try_from).collect()
}

/// The live instance of this title in a tree, of either kind.
pub(crate) async fn live_by_title(
    connection: &mut SqliteConnection,
    tree_id: i64,
    title: &Title,
) -> Result<Option<Instance>, StoreError> {
    let title = title.as_str();
    let row = select!(
        "WHERE i.tree_id = ?1 AND i.title = ?2 AND i.validation = 'validated'",
        tree_id,
        title
    )
    .fetch_optional(connection)
    .await
    .during("find an instance by title")?;
    row.map(Instance::try_from).transpose()
}

/// Every instance of this title or reference, whether it still counts or not, oldest first.
pub(crate) async fn called(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Vec<Instance>, StoreError> {
    let rows = select!("WHERE i.title = ?1 OR i.reference = ?1 ORDER BY i.id", name)
        .fetch_all(connection)
        .await
        .during("list the instances of a name")?;
    all(rows)
}

/// What an event of this instance is about: the instance, its tree, and where it is.
pub(crate) async fn about(connection: &mut SqliteConnection, id: i64) -> Result<About, StoreError> {
    let row = sqlx::query!(
        r#"SELECT i.reference, i.title, i.release, t.reference AS tree,
             c.reference AS "computer?", p.reference AS "partition?"
         FROM instance i JOIN instance_tree t ON t.id = i.tree_id
             LEFT JOIN partition p ON p.id = i.partition_id
             LEFT JOIN computer c ON c.id = p.computer_id
         WHERE i.id = ?1"#,
        id
    )
    .fetch_one(connection)
    .await
    .during("find out where an instance is")?;
    Ok(About {
        computer: row.computer.map(ComputerReference::trusted),
        partition: row.partition.map(PartitionReference::trusted),
        instance: Some(InstanceReference::trusted(row.reference)),
        title: Some(Title::trusted(row.title)),
        tree: Some(TreeReference::trusted(row.tree)),
        release: Some(SoftwareReleaseUri::trusted(row.release)),
    })
}

/// An instance by row.
pub(crate) async fn by_id(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<Instance, StoreError> {
    select!("WHERE i.id = ?1", id)
        .fetch_one(connection)
        .await
        .during("read an instance")?
        .try_into()
}

/// A live instance by its reference.
pub(crate) async fn live_by_reference(
    connection: &mut SqliteConnection,
    reference: &InstanceReference,
) -> Result<Option<Instance>, StoreError> {
    let reference = reference.as_str();
    let row = select!(
        "WHERE i.reference = ?1 AND i.validation = 'validated'",
        reference
    )
    .fetch_optional(connection)
    .await
    .during("find an instance")?;
    row.map(Instance::try_from).transpose()
}

/// The live instance of these titles and this kind; of several, the oldest.
pub(crate) async fn live_by_titles(
    connection: &mut SqliteConnection,
    guid: &ProxyGuid,
) -> Result<Option<Instance>, StoreError> {
    let title = guid.title.as_str();
    let tree = guid.tree.as_ref().unwrap_or(&guid.title).as_str();
    let is_root = guid.tree.is_none();
    let kind = guid.kind.as_str();
    let row = select!(
        "JOIN instance_tree t ON t.id = i.tree_id
         WHERE t.title = ?1 AND i.title = ?2 AND i.validation = 'validated' AND +i.kind = ?3
           AND (i.parent_id IS NULL AND i.title = t.title) = ?4
         ORDER BY i.id LIMIT 1",
        tree,
        title,
        kind,
        is_root
    )
    .fetch_optional(connection)
    .await
    .during("find an instance by titles")?;
    row.map(Instance::try_from).transpose()
}

/// The live instances of a tree, oldest first.
pub(crate) async fn live_of_tree(
    connection: &mut SqliteConnection,
    tree_id: i64,
) -> Result<Vec<Instance>, StoreError> {
    let rows = select!(
        "WHERE i.tree_id = ?1 AND i.validation = 'validated' ORDER BY i.id",
        tree_id
    )
    .fetch_all(connection)
    .await
    .during("list the instances of a tree")?;
    all(rows)
}

/// Every instance linked to a partition, live or not, oldest first.
pub(crate) async fn on_partition(
    connection: &mut SqliteConnection,
    partition_id: i64,
) -> Result<Vec<Instance>, StoreError> {
    let rows = select!("WHERE i.partition_id = ?1 ORDER BY i.id", partition_id)
        .fetch_all(connection)
        .await
        .during("list the instances on a partition")?;
    all(rows)
}

/// The live instances on a computer's partitions, oldest first.
pub(crate) async fn live_on_computer(
    connection: &mut SqliteConnection,
    computer_id: i64,
) -> Result<Vec<Instance>, StoreError> {
    let rows = select!(
        "WHERE p.computer_id = ?1 AND i.validation = 'validated' ORDER BY i.id",
        computer_id
    )
    .fetch_all(connection)
    .await
    .during("list the instances on a computer")?;
    all(rows)
}

/// The live instances that wait for a partition, oldest first.
pub(crate) async fn waiting(
    connection: &mut SqliteConnection,
) -> Result<Vec<Instance>, StoreError> {
    let rows = select!(
        "WHERE i.validation = 'validated' AND i.partition_id IS NULL
             AND i.slap_state <> 'destroyed' ORDER BY i.id"
    )
    .fetch_all(connection)
    .await
    .during("list the instances that wait for a partition")?;
    all(rows)
}

/// The instances that ended and are still linked to a partition.
pub(crate) async fn leaving(
    connection: &mut SqliteConnection,
) -> Result<Vec<Instance>, StoreError> {
    let rows =
        select!("WHERE i.validation = 'invalidated' AND i.partition_id IS NOT NULL ORDER BY i.id")
            .fetch_all(connection)
            .await
            .during("list the instances that leave their partitions")?;
    all(rows)
}

/// The live instances that are to be destroyed and whose end no node reports: shared ones, and
/// those that were never allocated.
pub(crate) async fn ending_unreported(
    connection: &mut SqliteConnection,
) -> Result<Vec<Instance>, StoreError> {
    let rows = select!(
        "WHERE i.validation = 'validated' AND i.slap_state = 'destroyed'
             AND (i.kind = 'shared' OR i.partition_id IS NULL) ORDER BY i.id"
    )
    .fetch_all(connection)
    .await
    .during("list the instances that end by themselves")?;
    all(rows)
}

/// The live, wanted instances of archived trees whose requester, the tree itself or another
/// instance, is to be destroyed.
pub(crate) async fn orphaned_by_destruction(
    connection: &mut SqliteConnection,
) -> Result<Vec<Instance>, StoreError> {
    let rows = select!(
        "LEFT JOIN instance parent ON parent.id = i.parent_id
         JOIN instance_tree t ON t.id = i.tree_id AND t.validation = 'invalidated'
         WHERE i.validation = 'validated' AND i.slap_state <> 'destroyed'
             AND (i.parent_id IS NULL OR parent.slap_state = 'destroyed') ORDER BY i.id"
    )
    .fetch_all(connection)
    .await
    .during("list the instances to be destroyed with their requester")?;
    all(rows)
}

/// Whether an instance, live or not, has this reference.
pub(crate) async fn is_known(
    connection: &mut SqliteConnection,
    reference: &InstanceReference,
) -> Result<bool, StoreError> {
    let reference = reference.as_str();
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM instance WHERE reference = ?1) AS "known!: bool""#,
        reference
    )
    .fetch_one(connection)
    .await
    .during("look for an instance by reference")
}

/// How many live instances an instance, or a tree itself, requested.
pub(crate) async fn count_children(
    connection: &mut SqliteConnection,
    tree_id: i64,
    parent_id: Option<i64>,
) -> Result<i64, StoreError> {
    let counted = match parent_id {
        // By the tree: every root of the world has no parent.
        None => {
            sqlx::query_scalar!(
                "SELECT count(*) FROM instance INDEXED BY instance_live
                 WHERE tree_id = ?1 AND parent_id IS NULL AND validation = 'validated'",
                tree_id
            )
            .fetch_one(connection)
            .await
        }
        Some(parent_id) => {
            sqlx::query_scalar!(
                "SELECT count(*) FROM instance
                 WHERE parent_id = ?1 AND validation = 'validated'",
                parent_id
            )
            .fetch_one(connection)
            .await
        }
    };
    counted.during("count the children of a requester")
}

/// An instance and its requesters, up to the root.
pub(crate) async fn lineage(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<Vec<i64>, StoreError> {
    sqlx::query_scalar!(
        r#"WITH RECURSIVE lineage (id, parent_id) AS (
             SELECT id, parent_id FROM instance WHERE id = ?1
             UNION
             SELECT i.id, i.parent_id FROM instance i JOIN lineage l ON i.id = l.parent_id)
         SELECT id AS "id!" FROM lineage"#,
        id
    )
    .fetch_all(connection)
    .await
    .during("follow the requesters of an instance")
}
