//! What nodes and requesters are told, a query a table.

use sqlx::SqliteConnection;

use super::{
    During, StoreError,
    column::{addresses, word},
};
use crate::domain::{
    computer::Address,
    identifier::{InstanceReference, PartitionReference, SoftwareReleaseUri, SoftwareType, Title},
    instance::Wanted,
    parameters::Parameters,
    state::InstanceKind,
    status::AccessStatus,
    time::Timestamp,
};

/// A partition that a computer lists.
#[derive(Debug)]
pub(crate) struct ListedPartition {
    /// Row.
    pub(crate) id: i64,
    /// Reference.
    pub(crate) reference: PartitionReference,
    /// Addresses in stored order.
    pub(crate) addresses: Vec<Address>,
    /// When it was last edited or taken.
    pub(crate) touched_at: Timestamp,
}

/// A live instance on a partition, with what others say of it.
#[derive(Debug)]
pub(crate) struct Placed {
    /// Row.
    pub(crate) id: i64,
    /// Row of the partition.
    pub(crate) partition_id: i64,
    /// Kind.
    pub(crate) kind: InstanceKind,
    /// Reference.
    pub(crate) reference: InstanceReference,
    /// Title.
    pub(crate) title: Title,
    /// Title of its tree.
    pub(crate) tree_title: Title,
    /// Whether it is the root of its tree.
    pub(crate) is_root: bool,
    /// What is wanted of it.
    pub(crate) wanted: Wanted,
    /// What it, or its host for it, published.
    pub(crate) connection: Parameters,
    /// When it was last changed or banged.
    pub(crate) stamped_at: Timestamp,
    /// Its last status, however old.
    pub(crate) status: Option<AccessStatus>,
}

/// The partitions that a computer lists.
pub(crate) async fn listed_partitions(
    connection: &mut SqliteConnection,
    computer_id: i64,
) -> Result<Vec<ListedPartition>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, reference, addresses, touched_us FROM partition
         WHERE computer_id = ?1 AND validation = 'validated' ORDER BY id",
        computer_id
    )
    .fetch_all(connection)
    .await
    .during("list the partitions of a computer")?;
    rows.into_iter()
        .map(|row| {
            Ok(ListedPartition {
                id: row.id,
                reference: PartitionReference::trusted(row.reference),
                addresses: addresses(&row.addresses)?,
                touched_at: Timestamp::from_micros(row.touched_us),
            })
        })
        .collect()
}

struct Row {
    id: i64,
    partition_id: Option<i64>,
    kind: String,
    reference: String,
    title: String,
    tree_title: String,
    is_child: i64,
    release: String,
    software_type: String,
    parameters: String,
    sla: String,
    connection: String,
    slap_state: String,
    stamped_us: i64,
    status_user: Option<String>,
    status_kind: Option<String>,
    status_message: Option<String>,
    status_state: Option<String>,
    status_created_us: Option<i64>,
    status_since_us: Option<i64>,
}

impl Row {
    fn status(&mut self) -> Result<Option<AccessStatus>, StoreError> {
        let (Some(user), Some(kind), Some(message), Some(state), Some(created), Some(since)) = (
            self.status_user.take(),
            self.status_kind.take(),
            self.status_message.take(),
            self.status_state.take(),
            self.status_created_us,
            self.status_since_us,
        ) else {
            return Ok(None);
        };
        Ok(Some(AccessStatus {
            user,
            kind: word(&kind)?,
            message,
            state,
            created_at: Timestamp::from_micros(created),
            since: Timestamp::from_micros(since),
        }))
    }

    /// An instance that is on a partition.
    fn placed(mut self) -> Result<Option<Placed>, StoreError> {
        let Some(partition_id) = self.partition_id else {
            return Ok(None);
        };
        let status = self.status()?;
        let is_root = self.is_child == 0 && self.title == self.tree_title;
        Ok(Some(Placed {
            id: self.id,
            partition_id,
            kind: word(&self.kind)?,
            reference: InstanceReference::trusted(self.reference),
            title: Title::trusted(self.title),
            tree_title: Title::trusted(self.tree_title),
            is_root,
            wanted: Wanted {
                release: SoftwareReleaseUri::trusted(self.release),
                software_type: SoftwareType::trusted(self.software_type),
                parameters: super::column::parameters(&self.parameters)?,
                sla: super::column::parameters(&self.sla)?,
                state: word(&self.slap_state)?,
            },
            connection: super::column::parameters(&self.connection)?,
            stamped_at: Timestamp::from_micros(self.stamped_us),
            status,
        }))
    }
}

macro_rules! select {
    ($tail:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"SELECT i.id, i.partition_id, i.kind, i.reference, i.title, t.title AS tree_title,
                 i.parent_id IS NOT NULL AS "is_child!: i64", i.release, i.software_type,
                 i.parameters, i.sla, i.connection, i.slap_state, i.stamped_us,
                 a.user AS "status_user?", a.kind AS "status_kind?",
                 a.message AS "status_message?", a.state AS "status_state?",
                 a.created_us AS "status_created_us?", a.since_us AS "status_since_us?"
             FROM instance i
             JOIN instance_tree t ON t.id = i.tree_id
             LEFT JOIN access_status a ON a.subject = 'instance' AND a.reference = i.reference "#
            + $tail
            $(, $argument)*
        )
    };
}

fn all(rows: Vec<Row>) -> Result<Vec<Placed>, StoreError> {
    rows.into_iter()
        .filter_map(|row| row.placed().transpose())
        .collect()
}

/// The live instances on the partitions of a computer, oldest first.
pub(crate) async fn placed_on_computer(
    connection: &mut SqliteConnection,
    computer_id: i64,
) -> Result<Vec<Placed>, StoreError> {
    let rows = select!(
        "WHERE i.partition_id IN (SELECT id FROM partition WHERE computer_id = ?1)
             AND i.validation = 'validated' ORDER BY i.id",
        computer_id
    )
    .fetch_all(connection)
    .await
    .during("read the instances on a computer")?;
    all(rows)
}

/// The live instances on a partition, oldest first.
pub(crate) async fn placed_on_partition(
    connection: &mut SqliteConnection,
    partition_id: i64,
) -> Result<Vec<Placed>, StoreError> {
    let rows = select!(
        "WHERE i.partition_id = ?1 AND i.validation = 'validated' ORDER BY i.id",
        partition_id
    )
    .fetch_all(connection)
    .await
    .during("read the instances on a partition")?;
    all(rows)
}
