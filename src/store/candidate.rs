//! Partitions that may be taken, in the order in which they are.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;

use super::{
    During, StoreError,
    column::{dictionary, texts, word},
};
use crate::domain::{
    allocation::{Candidate, ComputerFacts},
    identifier::{
        ComputerReference, InstanceReference, NetworkReference, PartitionReference,
        ProjectReference, SoftwareReleaseUri, SoftwareType,
    },
};

struct Row {
    partition_id: i64,
    partition: String,
    capabilities: String,
    allocation_order: String,
    host: Option<String>,
    supplied: i64,
    computer_id: i64,
    computer: String,
    project: String,
    network: Option<String>,
    categories: String,
    allocation_scope: String,
    capacity_scope: String,
    subscription: String,
    capacity_quantity: i64,
}

impl TryFrom<Row> for Candidate {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            partition_id: row.partition_id,
            partition: PartitionReference::trusted(row.partition),
            capabilities: texts(&row.capabilities)?,
            host: row.host.map(InstanceReference::trusted),
            supplied: row.supplied != 0,
            computer: ComputerFacts {
                id: row.computer_id,
                reference: ComputerReference::trusted(row.computer),
                project: ProjectReference::trusted(row.project),
                network: row.network.map(NetworkReference::trusted),
                categories: dictionary(&row.categories)?,
                allocation_scope: word(&row.allocation_scope)?,
                capacity_scope: word(&row.capacity_scope)?,
                subscription: word(&row.subscription)?,
                status: None,
                consumed_weight: 0,
                capacity_quantity: row.capacity_quantity,
            },
        })
    }
}

/// Some candidates, and where the next ones begin.
#[derive(Debug)]
pub(crate) struct Page {
    /// The candidates.
    pub(crate) candidates: Vec<Candidate>,
    /// Where to go on; `None` after the last page.
    pub(crate) next: Option<String>,
}

impl Page {
    fn new(rows: Vec<Row>, limit: i64) -> Result<Self, StoreError> {
        let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
        let next = rows
            .last()
            .filter(|_| full)
            .map(|row| row.allocation_order.clone());
        let candidates = rows
            .into_iter()
            .map(Candidate::try_from)
            .collect::<Result<_, _>>()?;
        Ok(Self { candidates, next })
    }
}

/// At most `limit` free partitions of all computers, or of one, in allocation order after `after`.
pub(crate) async fn free_partitions(
    connection: &mut SqliteConnection,
    computer: Option<&ComputerReference>,
    release: &SoftwareReleaseUri,
    after: &str,
    limit: i64,
) -> Result<Page, StoreError> {
    let release = release.as_str();
    let rows = match computer {
        None => {
            sqlx::query_as!(
                Row,
                r#"SELECT p.id AS partition_id, p.reference AS partition, p.capabilities,
                     p.allocation_order, NULL AS "host: String",
                     EXISTS (SELECT 1 FROM software_installation s WHERE s.computer_id = c.id
                         AND s.release = ?1 AND s.validation = 'validated'
                         AND s.state = 'available') AS "supplied!: i64",
                     c.id AS computer_id, c.reference AS computer, j.reference AS project,
                     c.network, c.categories, c.allocation_scope, c.capacity_scope,
                     c.subscription, c.capacity_quantity
                 FROM partition p INDEXED BY partition_free
                 CROSS JOIN computer c ON c.id = p.computer_id AND c.validation = 'validated'
                 CROSS JOIN project j ON j.id = c.project_id
                 WHERE p.slap_state = 'free' AND p.validation = 'validated'
                   AND p.allocation_order > ?2
                 ORDER BY p.allocation_order LIMIT ?3"#,
                release,
                after,
                limit
            )
            .fetch_all(connection)
            .await
        }
        Some(computer) => {
            let computer = computer.as_str();
            sqlx::query_as!(
                Row,
                r#"SELECT p.id AS partition_id, p.reference AS partition, p.capabilities,
                     p.allocation_order, NULL AS "host: String",
                     EXISTS (SELECT 1 FROM software_installation s WHERE s.computer_id = c.id
                         AND s.release = ?1 AND s.validation = 'validated'
                         AND s.state = 'available') AS "supplied!: i64",
                     c.id AS computer_id, c.reference AS computer, j.reference AS project,
                     c.network, c.categories, c.allocation_scope, c.capacity_scope,
                     c.subscription, c.capacity_quantity
                 FROM computer c
                 CROSS JOIN project j ON j.id = c.project_id
                 CROSS JOIN partition p INDEXED BY partition_free_on_computer
                     ON p.computer_id = c.id
                 WHERE c.reference = ?4 AND c.validation = 'validated'
                   AND p.slap_state = 'free' AND p.validation = 'validated'
                   AND p.allocation_order > ?2
                 ORDER BY p.position LIMIT ?3"#,
                release,
                after,
                limit,
                computer
            )
            .fetch_all(connection)
            .await
        }
    }
    .during("look for free partitions")?;
    Page::new(rows, limit)
}

/// Listed partitions of live software instances of this release and type that are not to be
/// destroyed, in allocation order after `after`; without a type, of any.
pub(crate) async fn hosts(
    connection: &mut SqliteConnection,
    release: &SoftwareReleaseUri,
    software_type: Option<&SoftwareType>,
    after: &str,
    limit: i64,
) -> Result<Page, StoreError> {
    let release = release.as_str();
    let software_type = software_type.map(SoftwareType::as_str);
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT p.id AS partition_id, p.reference AS partition, p.capabilities,
             p.allocation_order, i.reference AS host, 1 AS "supplied!: i64",
             c.id AS computer_id, c.reference AS computer, j.reference AS project,
             c.network, c.categories, c.allocation_scope, c.capacity_scope,
             c.subscription, c.capacity_quantity
         FROM instance i
         JOIN partition p ON p.id = i.partition_id
         JOIN computer c ON c.id = p.computer_id AND c.validation = 'validated'
         JOIN project j ON j.id = c.project_id
         WHERE i.release = ?1 AND (?2 IS NULL OR i.software_type = ?2)
           AND i.validation = 'validated' AND i.kind = 'software' AND i.partition_id IS NOT NULL
           AND i.slap_state <> 'destroyed' AND p.validation = 'validated'
           AND p.allocation_order > ?3
         ORDER BY p.allocation_order LIMIT ?4"#,
        release,
        software_type,
        after,
        limit
    )
    .fetch_all(connection)
    .await
    .during("look for hosts of a shared instance")?;
    Page::new(rows, limit)
}

/// The networks on which a tree has allocated instances.
pub(crate) async fn used_networks(
    connection: &mut SqliteConnection,
    tree_id: i64,
) -> Result<BTreeSet<NetworkReference>, StoreError> {
    let rows = sqlx::query_scalar!(
        r#"SELECT DISTINCT c.network AS "network!" FROM instance i
         JOIN partition p ON p.id = i.partition_id
         JOIN computer c ON c.id = p.computer_id
         WHERE i.tree_id = ?1 AND i.validation = 'validated' AND c.network IS NOT NULL"#,
        tree_id
    )
    .fetch_all(connection)
    .await
    .during("list the networks of a tree")?;
    Ok(rows.into_iter().map(NetworkReference::trusted).collect())
}

/// The weight of the live instances on a computer: that of their type where a product says it,
/// else 1 each.
pub(crate) async fn consumed_weight(
    connection: &mut SqliteConnection,
    computer_id: i64,
) -> Result<i64, StoreError> {
    sqlx::query_scalar!(
        r#"SELECT COALESCE(SUM(COALESCE((
             SELECT MAX(t.weight) FROM software_product_release r
             JOIN software_product_type t ON t.product_id = r.product_id
                 AND t.software_type = i.software_type
             WHERE r.release = i.release), 1)), 0) AS "weight!: i64"
         FROM instance i JOIN partition p ON p.id = i.partition_id
         WHERE p.computer_id = ?1 AND i.validation = 'validated'"#,
        computer_id
    )
    .fetch_one(connection)
    .await
    .during("weigh the instances on a computer")
}
