//! Computers.

use std::collections::HashMap;

use sqlx::SqliteConnection;

use super::{During, StoreError, WriteTx, column::word};
use crate::domain::{
    computer::{ComputerFormat, Occupied},
    identifier::{
        ComputerReference, InstanceReference, NetworkReference, PartitionAddress,
        PartitionReference, Title,
    },
    natural::natural_key,
    permission::ComputerFacts,
    seed::ComputerPolicy,
    state::Validation,
    time::Timestamp,
};

/// A computer, as far as operations need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ComputerRow {
    /// Row.
    pub(crate) id: i64,
    /// Reference.
    pub(crate) reference: ComputerReference,
    /// Whether it counts.
    pub(crate) validation: Validation,
}

impl ComputerRow {
    /// Whether it counts.
    pub(crate) fn counts(&self) -> bool {
        self.validation == Validation::Validated
    }
}

/// A computer by its reference, whether it counts or not.
pub(crate) async fn by_reference(
    connection: &mut SqliteConnection,
    reference: &ComputerReference,
) -> Result<Option<ComputerRow>, StoreError> {
    let text = reference.as_str();
    let row = sqlx::query!(
        "SELECT id, validation FROM computer WHERE reference = ?1",
        text
    )
    .fetch_optional(connection)
    .await
    .during("find a computer")?;
    row.map(|row| {
        Ok(ComputerRow {
            id: row.id,
            reference: reference.clone(),
            validation: word(&row.validation)?,
        })
    })
    .transpose()
}

/// The rows of those of these computers that there are, whether they count or not, by reference.
pub(crate) async fn among(
    connection: &mut SqliteConnection,
    references: &[&str],
) -> Result<HashMap<String, i64>, StoreError> {
    let references = serde_json::json!(references).to_string();
    let rows = sqlx::query!(
        r#"SELECT c.id AS "id!", c.reference AS "reference!"
           FROM json_each(?1) j CROSS JOIN computer c ON c.reference = j.value"#,
        references
    )
    .fetch_all(connection)
    .await
    .during("find computers")?;
    Ok(rows
        .into_iter()
        .map(|row| (row.reference, row.id))
        .collect())
}

/// A computer that counts, by its reference.
pub(crate) async fn live(
    connection: &mut SqliteConnection,
    reference: &ComputerReference,
) -> Result<Option<ComputerRow>, StoreError> {
    let row = by_reference(connection, reference).await?;
    Ok(row.filter(|computer| computer.validation == Validation::Validated))
}

/// The computers of a project that count and have exactly this title.
pub(crate) async fn live_by_title(
    connection: &mut SqliteConnection,
    project_id: i64,
    title: &Title,
) -> Result<Vec<ComputerRow>, StoreError> {
    let title = title.as_str();
    let rows = sqlx::query!(
        "SELECT id, reference FROM computer
         WHERE project_id = ?1 AND title = ?2 AND validation = 'validated' ORDER BY id",
        project_id,
        title
    )
    .fetch_all(connection)
    .await
    .during("find a computer by title")?;
    Ok(rows
        .into_iter()
        .map(|row| ComputerRow {
            id: row.id,
            reference: ComputerReference::trusted(row.reference),
            validation: Validation::Validated,
        })
        .collect())
}

/// Every computer that counts, in natural order, with its project.
pub(crate) async fn all_live(
    connection: &mut SqliteConnection,
) -> Result<Vec<(ComputerReference, ComputerFacts)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, reference, project_id FROM computer
         WHERE validation = 'validated' ORDER BY natural_key, id"
    )
    .fetch_all(connection)
    .await
    .during("list the computers")?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let facts = ComputerFacts {
                id: row.id,
                project_id: row.project_id,
            };
            (ComputerReference::trusted(row.reference), facts)
        })
        .collect())
}

/// Adds a computer.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    reference: &ComputerReference,
    title: &str,
    project_id: i64,
    validation: Validation,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let text = reference.as_str();
    let validation = validation.as_str();
    let key = natural_key(text);
    let created = now.as_micros();
    sqlx::query_scalar!(
        "INSERT INTO computer (reference, title, project_id, validation, natural_key, created_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id AS \"id!\"",
        text,
        title,
        project_id,
        validation,
        key,
        created
    )
    .fetch_one(tx.changing())
    .await
    .during("add a computer")
}

/// Lets a computer count.
pub(crate) async fn validate(tx: &mut WriteTx, id: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE computer SET validation = 'validated' WHERE id = ?1",
        id
    )
    .execute(tx.changing())
    .await
    .during("validate a computer")?;
    Ok(())
}

/// The instances, live or not, that are linked to partitions of these computers.
pub(crate) async fn occupied(
    connection: &mut SqliteConnection,
    ids: &[i64],
) -> Result<Vec<Occupied>, StoreError> {
    let ids = serde_json::json!(ids).to_string();
    let rows = sqlx::query!(
        r#"SELECT c.reference AS "computer!", p.reference AS "partition!",
             i.reference AS "instance!", i.title AS "title!"
         FROM json_each(?1) j
         CROSS JOIN computer c ON c.id = j.value
         CROSS JOIN partition p ON p.computer_id = c.id
         CROSS JOIN instance i ON i.partition_id = p.id
         ORDER BY c.natural_key, c.id, p.position, i.id"#,
        ids
    )
    .fetch_all(connection)
    .await
    .during("look for instances on computers")?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| Occupied {
            at: PartitionAddress {
                computer: ComputerReference::trusted(row.computer),
                partition: PartitionReference::trusted(row.partition),
            },
            instance: InstanceReference::trusted(row.instance),
            title: Title::trusted(row.title),
        })
        .collect())
}

/// Ends computers that nothing is on, with their partitions and software; they are simulated no
/// more.
pub(crate) async fn invalidate(tx: &mut WriteTx, ids: &[i64]) -> Result<(), StoreError> {
    let ids = serde_json::json!(ids).to_string();
    sqlx::query!(
        "DELETE FROM simulated_computer WHERE computer_id IN (SELECT value FROM json_each(?1))",
        ids
    )
    .execute(tx.changing())
    .await
    .during("simulate computers no more")?;
    sqlx::query!(
        "UPDATE partition SET slap_state = 'inactive', validation = 'invalidated'
         WHERE computer_id IN (SELECT value FROM json_each(?1))",
        ids
    )
    .execute(tx.changing())
    .await
    .during("end the partitions of computers")?;
    sqlx::query!(
        "DELETE FROM access_status WHERE subject = 'installation' AND reference IN (
             SELECT reference FROM software_installation
             WHERE computer_id IN (SELECT value FROM json_each(?1)))",
        ids
    )
    .execute(tx.changing())
    .await
    .during("forget the statuses of software on computers")?;
    sqlx::query!(
        "UPDATE software_installation SET validation = 'invalidated', state = 'destroyed'
         WHERE computer_id IN (SELECT value FROM json_each(?1)) AND validation = 'validated'",
        ids
    )
    .execute(tx.changing())
    .await
    .during("end the software on computers")?;
    sqlx::query!(
        "UPDATE computer SET validation = 'invalidated'
         WHERE id IN (SELECT value FROM json_each(?1))",
        ids
    )
    .execute(tx.changing())
    .await
    .during("end computers")?;
    Ok(())
}

/// Keeps what a format says of the computer itself.
pub(crate) async fn update_format(
    tx: &mut WriteTx,
    id: i64,
    format: &ComputerFormat,
) -> Result<(), StoreError> {
    let quantity = i64::try_from(format.partitions.len()).unwrap_or(i64::MAX);
    let kept = format.details.is_none();
    let details = format.details.clone().unwrap_or_default();
    sqlx::query!(
        "UPDATE computer SET quantity = ?2, format_document = ?3,
             address = iif(?4, address, ?5), netmask = iif(?4, netmask, ?6),
             os_type = iif(?4, os_type, ?7),
             public_ipv4_address = iif(?4, public_ipv4_address, ?8),
             slapos_version = iif(?4, slapos_version, ?9)
         WHERE id = ?1",
        id,
        quantity,
        format.document,
        kept,
        details.address,
        details.netmask,
        details.os_type,
        details.public_ipv4_address,
        details.slapos_version
    )
    .execute(tx.changing())
    .await
    .during("keep a computer's format")?;
    Ok(())
}

/// Writes what is said of a computer beside its format.
pub(crate) async fn update_policy(
    tx: &mut WriteTx,
    id: i64,
    project_id: i64,
    policy: &ComputerPolicy,
) -> Result<(), StoreError> {
    let network = policy.network.as_ref().map(NetworkReference::as_str);
    let categories = serde_json::json!(policy.categories).to_string();
    let allocation_scope = policy.allocation_scope.as_str();
    let capacity_scope = policy.capacity_scope.as_str();
    let subscription = policy.subscription.as_str();
    sqlx::query!(
        "UPDATE computer SET project_id = ?2, title = COALESCE(?3, reference), network = ?4,
             categories = ?5, allocation_scope = ?6, capacity_scope = ?7, capacity_quantity = ?8,
             subscription = ?9
         WHERE id = ?1",
        id,
        project_id,
        policy.title,
        network,
        categories,
        allocation_scope,
        capacity_scope,
        policy.capacity_quantity,
        subscription
    )
    .execute(tx.changing())
    .await
    .during("write a computer")?;
    Ok(())
}

/// Whether a computer never had a partition or software.
pub(crate) async fn is_bare(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<bool, StoreError> {
    sqlx::query_scalar!(
        r#"SELECT NOT (EXISTS (SELECT 1 FROM partition WHERE computer_id = ?1)
             OR EXISTS (SELECT 1 FROM software_installation WHERE computer_id = ?1))
             AS "bare!: bool""#,
        id
    )
    .fetch_one(connection)
    .await
    .during("look what a computer has")
}

/// The project that a computer, or a network with a computer in it, belongs to.
pub(crate) async fn project_of(
    connection: &mut SqliteConnection,
    computer: Option<&str>,
    network: Option<&str>,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar!(
        "SELECT j.reference FROM computer c JOIN project j ON j.id = c.project_id
         WHERE c.validation = 'validated'
           AND ((?1 IS NOT NULL AND c.reference = ?1) OR (?2 IS NOT NULL AND c.network = ?2))
         ORDER BY c.natural_key LIMIT 1",
        computer,
        network
    )
    .fetch_optional(connection)
    .await
    .during("find the project of a computer")
}
