//! Many rows in one statement, for whoever brings thousands at once: a seed, a format.
//!
//! Each row travels as a list in JSON. Rows get their ids beforehand, so that one can refer to
//! another of the same statement.

use serde_json::{Value, json};

use super::{
    During, StoreError, WriteTx,
    column::{addresses_json, parameters_json, texts_json},
    instance::NewInstance,
    partition::{PartitionRow, allocation_order},
    tree::NewTree,
};
use crate::domain::{
    identifier::ComputerReference,
    parameters::Parameters,
    state::{PartitionState, Validation},
    time::Timestamp,
};

/// How many rows a statement takes: more make it no faster, and its text has to fit in memory.
const ROWS: usize = 1000;

/// The texts of statements for these rows.
pub(super) fn statements(rows: impl Iterator<Item = Value>) -> Vec<String> {
    let rows: Vec<String> = rows.map(|row| row.to_string()).collect();
    rows.chunks(ROWS)
        .map(|rows| format!("[{}]", rows.join(",")))
        .collect()
}

/// Adds partitions to a computer.
pub(crate) async fn insert_partitions(
    tx: &mut WriteTx,
    computer_id: i64,
    computer: &ComputerReference,
    partitions: &[PartitionRow],
) -> Result<(), StoreError> {
    let rows = partitions.iter().map(|partition| {
        json!([
            partition.reference.as_str(),
            partition.state.as_str(),
            partition.validation.as_str(),
            partition.position,
            allocation_order(computer, partition.position),
            addresses_json(&partition.addresses),
            texts_json(&partition.capabilities),
            partition.touched_at.as_micros(),
        ])
    });
    for rows in statements(rows) {
        sqlx::query!(
            "INSERT INTO partition (computer_id, reference, slap_state, validation, position,
                 allocation_order, addresses, capabilities, touched_us)
             SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
                 value ->> 5, value ->> 6, value ->> 7
             FROM json_each(?2) ORDER BY key",
            computer_id,
            rows
        )
        .execute(tx.changing())
        .await
        .during("add partitions")?;
    }
    Ok(())
}

/// The id that the next tree gets.
pub(crate) async fn next_tree_id(tx: &mut WriteTx) -> Result<i64, StoreError> {
    sqlx::query_scalar!(r#"SELECT COALESCE(MAX(id), 0) + 1 AS "id!: i64" FROM instance_tree"#)
        .fetch_one(&mut **tx)
        .await
        .during("look for the last instance tree")
}

/// The id that the next instance gets.
pub(crate) async fn next_instance_id(tx: &mut WriteTx) -> Result<i64, StoreError> {
    sqlx::query_scalar!(r#"SELECT COALESCE(MAX(id), 0) + 1 AS "id!: i64" FROM instance"#)
        .fetch_one(&mut **tx)
        .await
        .during("look for the last instance")
}

/// Adds trees under these ids, each live or archived.
pub(crate) async fn insert_trees(
    tx: &mut WriteTx,
    trees: &[(i64, NewTree<'_>, Validation)],
) -> Result<(), StoreError> {
    let rows = trees.iter().map(|(id, tree, validation)| {
        json!([
            id,
            tree.reference.as_str(),
            tree.title.as_str(),
            tree.owner_id,
            tree.project_id,
            tree.kind.as_str(),
            tree.wanted.release.as_str(),
            tree.wanted.software_type.as_str(),
            parameters_json(&tree.wanted.parameters),
            parameters_json(&tree.wanted.sla),
            tree.wanted.state.as_str(),
            tree.created_at.as_micros(),
            validation.as_str(),
        ])
    });
    for rows in statements(rows) {
        sqlx::query!(
            "INSERT INTO instance_tree (id, reference, title, owner_id, project_id, kind, release,
                 software_type, parameters, sla, slap_state, created_us, validation)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                 value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11,
                 value ->> 12
             FROM json_each(?1) ORDER BY key",
            rows
        )
        .execute(tx.changing())
        .await
        .during("add instance trees")?;
    }
    Ok(())
}

/// Adds live instances under these ids, which wait for a partition, with what they published.
pub(crate) async fn insert_instances(
    tx: &mut WriteTx,
    instances: &[(i64, NewInstance<'_>, &Parameters)],
) -> Result<(), StoreError> {
    let rows = instances.iter().map(|(id, instance, connection)| {
        json!([
            id,
            instance.reference.as_str(),
            instance.kind.as_str(),
            instance.title.as_str(),
            instance.tree_id,
            instance.parent_id,
            instance.wanted.release.as_str(),
            instance.wanted.software_type.as_str(),
            parameters_json(&instance.wanted.parameters),
            parameters_json(&instance.wanted.sla),
            parameters_json(connection),
            instance.wanted.state.as_str(),
            instance.stamped_at.as_micros(),
        ])
    });
    for rows in statements(rows) {
        sqlx::query!(
            "INSERT INTO instance (id, reference, kind, title, tree_id, parent_id, release,
                 software_type, parameters, sla, connection, slap_state, stamped_us, created_us,
                 validation)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                 value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11,
                 value ->> 12, value ->> 12, 'validated'
             FROM json_each(?1) ORDER BY key",
            rows
        )
        .execute(tx.changing())
        .await
        .during("add instances")?;
    }
    Ok(())
}

/// Sets the slap state of partitions, which edits each at its time.
pub(crate) async fn set_partition_states(
    tx: &mut WriteTx,
    state: PartitionState,
    partitions: &[(i64, Timestamp)],
) -> Result<(), StoreError> {
    let state = state.as_str();
    let rows = partitions
        .iter()
        .map(|(id, touched_at)| json!([id, touched_at.as_micros()]));
    for rows in statements(rows) {
        sqlx::query!(
            "UPDATE partition SET slap_state = ?1, touched_us = j.value ->> 1
             FROM json_each(?2) j WHERE partition.id = j.value ->> 0",
            state,
            rows
        )
        .execute(tx.changing())
        .await
        .during("set the state of partitions")?;
    }
    Ok(())
}

/// Links instances to partitions; one with a time is changed by that.
pub(crate) async fn allocate(
    tx: &mut WriteTx,
    links: &[(i64, i64, Option<Timestamp>)],
) -> Result<(), StoreError> {
    let rows = links
        .iter()
        .map(|(id, partition_id, at)| json!([id, partition_id, at.map(Timestamp::as_micros)]));
    for rows in statements(rows) {
        sqlx::query!(
            "UPDATE instance SET partition_id = j.value ->> 1, allocation_failure = NULL,
                 stamped_us = COALESCE(j.value ->> 2, stamped_us)
             FROM json_each(?1) j WHERE instance.id = j.value ->> 0",
            rows
        )
        .execute(tx.changing())
        .await
        .during("allocate instances")?;
    }
    Ok(())
}
