//! Partitions.

use sqlx::SqliteConnection;

use super::{
    During, StoreError, WriteTx,
    column::{addresses, addresses_json, texts, texts_json, word},
};
use crate::domain::{
    computer::Address,
    identifier::{
        ComputerReference, InstanceReference, PartitionAddress, PartitionReference,
        ProjectReference,
    },
    natural::natural_key,
    parameters::Parameters,
    state::{PartitionState, Validation},
    time::Timestamp,
};

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartitionRow {
    /// Row.
    pub(crate) id: i64,
    /// Reference.
    pub(crate) reference: PartitionReference,
    /// Slap state.
    pub(crate) state: PartitionState,
    /// Whether its computer lists it.
    pub(crate) validation: Validation,
    /// Order of the format.
    pub(crate) position: i64,
    /// Addresses in stored order.
    pub(crate) addresses: Vec<Address>,
    /// Capabilities as sent.
    pub(crate) capabilities: Vec<String>,
    /// When it was last edited or taken.
    pub(crate) touched_at: Timestamp,
}

/// What is found where a call says that a partition is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The computer.
    pub(crate) computer_id: i64,
    /// The partition, if the computer has it.
    pub(crate) partition: Option<PlacePartition>,
}

/// The partition of a [`Place`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlacePartition {
    /// Row.
    pub(crate) id: i64,
    /// Slap state.
    pub(crate) state: PartitionState,
    /// The live software instance on it.
    pub(crate) occupant: Option<Occupant>,
}

/// The instance of a [`PlacePartition`], as far as reports need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Occupant {
    /// Row.
    pub(crate) id: i64,
    /// Reference.
    pub(crate) reference: InstanceReference,
    /// Its requester, if that is an instance.
    pub(crate) parent_id: Option<i64>,
    /// What it published.
    pub(crate) connection: Parameters,
}

/// Looks a partition up as the wire names it. `None`: the computer is not known.
pub(crate) async fn place(
    connection: &mut SqliteConnection,
    at: &PartitionAddress,
) -> Result<Option<Place>, StoreError> {
    let computer = at.computer.as_str();
    let partition = at.partition.as_str();
    let row = sqlx::query!(
        r#"SELECT c.id AS "computer_id!", p.id AS "partition_id?", p.slap_state AS "slap_state?",
             i.id AS "instance_id?", i.reference AS "instance?", i.parent_id AS "parent_id?",
             i.connection AS "connection?"
         FROM computer c
         LEFT JOIN partition p ON p.computer_id = c.id AND p.reference = ?2
         LEFT JOIN instance i ON i.partition_id = p.id AND i.kind = 'software'
             AND i.validation = 'validated'
         WHERE c.reference = ?1 AND c.validation = 'validated'"#,
        computer,
        partition
    )
    .fetch_optional(connection)
    .await
    .during("find a partition")?;
    let Some(row) = row else {
        return Ok(None);
    };
    let occupant = match (row.instance_id, row.instance, row.connection) {
        (Some(id), Some(reference), Some(connection)) => Some(Occupant {
            id,
            reference: InstanceReference::trusted(reference),
            parent_id: row.parent_id,
            connection: super::column::parameters(&connection)?,
        }),
        _ => None,
    };
    let partition = match (row.partition_id, row.slap_state) {
        (Some(id), Some(state)) => Some(PlacePartition {
            id,
            state: word(&state)?,
            occupant,
        }),
        _ => None,
    };
    Ok(Some(Place {
        computer_id: row.computer_id,
        partition,
    }))
}

/// Every partition that a computer has or had, in format order.
pub(crate) async fn of_computer(
    connection: &mut SqliteConnection,
    computer_id: i64,
) -> Result<Vec<PartitionRow>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, reference, slap_state, validation, position, addresses, capabilities, touched_us
         FROM partition WHERE computer_id = ?1 ORDER BY position, id",
        computer_id
    )
    .fetch_all(connection)
    .await
    .during("list the partitions of a computer")?;
    rows.into_iter()
        .map(|row| {
            Ok(PartitionRow {
                id: row.id,
                reference: PartitionReference::trusted(row.reference),
                state: word(&row.slap_state)?,
                validation: word(&row.validation)?,
                position: row.position,
                addresses: addresses(&row.addresses)?,
                capabilities: texts(&row.capabilities)?,
                touched_at: Timestamp::from_micros(row.touched_us),
            })
        })
        .collect()
}

/// A partition as those are told it who have an instance on it.
#[derive(Debug)]
pub(crate) struct Site {
    /// Its computer and reference.
    pub(crate) at: PartitionAddress,
    /// Its addresses in stored order.
    pub(crate) addresses: Vec<Address>,
    /// When it was last edited or taken.
    pub(crate) touched_at: Timestamp,
    /// Whether live shared instances are on it.
    pub(crate) has_shared: bool,
}

/// A partition by row.
pub(crate) async fn site(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<Option<Site>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT c.reference AS computer, p.reference, p.addresses, p.touched_us,
             EXISTS (SELECT 1 FROM instance i WHERE i.partition_id = p.id AND i.kind = 'shared'
                 AND i.validation = 'validated') AS "has_shared!: bool"
         FROM partition p JOIN computer c ON c.id = p.computer_id WHERE p.id = ?1"#,
        id
    )
    .fetch_optional(connection)
    .await
    .during("read a partition")?;
    row.map(|row| {
        Ok(Site {
            at: PartitionAddress {
                computer: ComputerReference::trusted(row.computer),
                partition: PartitionReference::trusted(row.reference),
            },
            addresses: addresses(&row.addresses)?,
            touched_at: Timestamp::from_micros(row.touched_us),
            has_shared: row.has_shared,
        })
    })
    .transpose()
}

pub(super) fn allocation_order(computer: &ComputerReference, position: i64) -> String {
    format!("{} {position:020}", natural_key(computer.as_str()))
}

/// Writes a partition as it is now.
pub(crate) async fn update(
    tx: &mut WriteTx,
    computer: &ComputerReference,
    partition: &PartitionRow,
) -> Result<(), StoreError> {
    let state = partition.state.as_str();
    let validation = partition.validation.as_str();
    let order = allocation_order(computer, partition.position);
    let addresses = addresses_json(&partition.addresses);
    let capabilities = texts_json(&partition.capabilities);
    let touched = partition.touched_at.as_micros();
    sqlx::query!(
        "UPDATE partition SET slap_state = ?2, validation = ?3, position = ?4,
             allocation_order = ?5, addresses = ?6, capabilities = ?7, touched_us = ?8
         WHERE id = ?1",
        partition.id,
        state,
        validation,
        partition.position,
        order,
        addresses,
        capabilities,
        touched
    )
    .execute(tx.changing())
    .await
    .during("write a partition")?;
    Ok(())
}

/// Sets a partition's slap state, which edits it.
pub(crate) async fn set_state(
    tx: &mut WriteTx,
    id: i64,
    state: PartitionState,
    touched_at: Timestamp,
) -> Result<(), StoreError> {
    let state = state.as_str();
    let touched = touched_at.as_micros();
    sqlx::query!(
        "UPDATE partition SET slap_state = ?2, touched_us = ?3 WHERE id = ?1",
        id,
        state,
        touched
    )
    .execute(tx.changing())
    .await
    .during("set a partition's state")?;
    Ok(())
}

/// Removes a partition.
pub(crate) async fn delete(tx: &mut WriteTx, id: i64) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM partition WHERE id = ?1", id)
        .execute(tx.changing())
        .await
        .during("remove a partition")?;
    Ok(())
}

/// Whether an instance of either kind, live or not, is linked to the partition.
pub(crate) async fn is_linked(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<bool, StoreError> {
    let linked = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM instance WHERE partition_id = ?1) AS "linked!: bool""#,
        id
    )
    .fetch_one(connection)
    .await
    .during("look for instances on a partition")?;
    Ok(linked)
}

/// A partition as far as it matters to who wants to put an instance on it.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    /// Its place in the list that was asked about.
    pub(crate) number: usize,
    /// Row of its computer.
    pub(crate) computer_id: i64,
    /// Whether that counts.
    pub(crate) computer_counts: bool,
    /// The project of the computer.
    pub(crate) project: ProjectReference,
    /// Its row, if the computer has it.
    pub(crate) partition: Option<(i64, PartitionState)>,
    /// Whether a live software instance is on it.
    pub(crate) occupied: bool,
}

/// Looks many partitions up. Those of computers that do not count are not in the answer.
pub(crate) async fn spots(
    connection: &mut SqliteConnection,
    places: &[&PartitionAddress],
) -> Result<Vec<Spot>, StoreError> {
    let mut found = spots_of_any(connection, places).await?;
    found.retain(|spot| spot.computer_counts);
    Ok(found)
}

/// The same, whether the computers count or not.
pub(crate) async fn spots_of_any(
    connection: &mut SqliteConnection,
    places: &[&PartitionAddress],
) -> Result<Vec<Spot>, StoreError> {
    let places: Vec<[&str; 2]> = places
        .iter()
        .map(|at| [at.computer.as_str(), at.partition.as_str()])
        .collect();
    let places = serde_json::json!(places).to_string();
    let rows = sqlx::query!(
        r#"SELECT j.key + 0 AS "number!: i64", c.id AS "computer_id!: i64",
             c.validation = 'validated' AS "computer_counts!: bool", r.reference AS project,
             p.id AS "partition_id?: i64", p.slap_state AS "slap_state?",
             EXISTS (SELECT 1 FROM instance i WHERE i.partition_id = p.id AND i.kind = 'software'
                 AND i.validation = 'validated') AS "occupied!: bool"
         FROM json_each(?1) j
         JOIN computer c ON c.reference = j.value ->> 0
         JOIN project r ON r.id = c.project_id
         LEFT JOIN partition p ON p.computer_id = c.id AND p.reference = j.value ->> 1"#,
        places
    )
    .fetch_all(connection)
    .await
    .during("find partitions")?;
    rows.into_iter()
        .map(|row| {
            let partition = match (row.partition_id, row.slap_state) {
                (Some(id), Some(state)) => Some((id, word(&state)?)),
                _ => None,
            };
            Ok(Spot {
                number: usize::try_from(row.number).unwrap_or(usize::MAX),
                computer_id: row.computer_id,
                computer_counts: row.computer_counts,
                project: ProjectReference::trusted(row.project),
                partition,
                occupied: row.occupied,
            })
        })
        .collect()
}
