//! Many rows in one statement, for whoever brings thousands at once: a seed, a format.
//!
//! Each row travels as a list in JSON. Rows get their ids beforehand, so that one can refer to
//! another of the same statement. They are materialized, or SQLite would write the list again for
//! every column that is read from it.

use sqlx::SqliteConnection;

use super::{
    During, StoreError, WriteTx,
    column::{addresses_json, parameters_json, texts_json},
    instance::NewInstance,
    partition::{PartitionRow, allocation_order},
    tree::NewTree,
};
use crate::domain::{
    computer::ComputerFormat,
    identifier::{ComputerReference, NetworkReference},
    natural::natural_key,
    parameters::Parameters,
    seed::ComputerPolicy,
    state::{PartitionState, Validation},
    time::Timestamp,
};

/// How many rows a statement takes: more make it no faster, and its text has to fit in memory.
const ROWS: usize = 1000;

/// The texts of statements for these rows.
pub(super) fn statements(rows: impl Iterator<Item = String>) -> Vec<String> {
    let rows: Vec<String> = rows.collect();
    rows.chunks(ROWS)
        .map(|rows| format!("[{}]", rows.join(",")))
        .collect()
}

/// A row: these values as a list in JSON. They are texts, numbers and lists of them, none of which
/// fails to be written.
macro_rules! row {
    ($($value:expr),+ $(,)?) => {{
        let mut row = String::new();
        $(
            row.push(if row.is_empty() { '[' } else { ',' });
            row.push_str(&serde_json::to_string(&$value).unwrap_or_default());
        )+
        row.push(']');
        row
    }};
}
pub(super) use row;

/// A computer to add, formatted as it says unless it lists no partitions.
#[derive(Debug)]
pub(crate) struct NewComputer<'a> {
    /// Its row.
    pub(crate) id: i64,
    /// The row of its project.
    pub(crate) project_id: i64,
    /// What it says of itself.
    pub(crate) format: &'a ComputerFormat,
    /// What is said of it beside that.
    pub(crate) policy: &'a ComputerPolicy,
    /// When it is made.
    pub(crate) created_at: Timestamp,
}

/// The id that the next computer gets.
pub(crate) async fn next_computer_id(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar!(r#"SELECT COALESCE(MAX(id), 0) + 1 AS "id!: i64" FROM computer"#)
        .fetch_one(connection)
        .await
        .during("look for the last computer")
}

/// Adds computers that count, without their partitions.
pub(crate) async fn insert_computers(
    tx: &mut WriteTx,
    computers: &[NewComputer<'_>],
) -> Result<(), StoreError> {
    let rows = computers.iter().map(|computer| {
        let NewComputer { format, policy, .. } = computer;
        let reference = format.reference.as_str();
        let formatted = !format.partitions.is_empty();
        let details = format.details.as_ref().filter(|_| formatted);
        row!(
            computer.id,
            reference,
            policy.title.as_deref().unwrap_or(reference),
            computer.project_id,
            natural_key(reference),
            computer.created_at.as_micros(),
            policy.network.as_ref().map(NetworkReference::as_str),
            serde_json::json!(policy.categories).to_string(),
            policy.allocation_scope.as_str(),
            policy.capacity_scope.as_str(),
            policy.capacity_quantity,
            policy.subscription.as_str(),
            format.partitions.len(),
            formatted.then_some(&format.document),
            details.map(|details| &details.address),
            details.map(|details| &details.netmask),
            details.map(|details| &details.os_type),
            details.map(|details| &details.public_ipv4_address),
            details.map(|details| &details.slapos_version),
        )
    });
    for rows in statements(rows) {
        sqlx::query!(
            "WITH row AS MATERIALIZED (SELECT value FROM json_each(?1) ORDER BY key)
             INSERT INTO computer (id, reference, title, project_id, natural_key, created_us,
                 network, categories, allocation_scope, capacity_scope, capacity_quantity,
                 subscription, quantity, format_document, address, netmask, os_type,
                 public_ipv4_address, slapos_version, validation)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                 value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11,
                 value ->> 12, value ->> 13, value ->> 14, value ->> 15, value ->> 16,
                 value ->> 17, value ->> 18, 'validated'
             FROM row",
            rows
        )
        .execute(tx.changing())
        .await
        .during("add computers")?;
    }
    Ok(())
}

/// Adds partitions, each to a computer with this row and reference.
pub(crate) async fn insert_partitions(
    tx: &mut WriteTx,
    partitions: &[(i64, &ComputerReference, &PartitionRow)],
) -> Result<(), StoreError> {
    let rows = partitions.iter().map(|(computer_id, computer, partition)| {
        row!(
            computer_id,
            partition.reference.as_str(),
            partition.state.as_str(),
            partition.validation.as_str(),
            partition.position,
            allocation_order(computer, partition.position),
            addresses_json(&partition.addresses),
            texts_json(&partition.capabilities),
            partition.touched_at.as_micros(),
        )
    });
    for rows in statements(rows) {
        sqlx::query!(
            "WITH row AS MATERIALIZED (SELECT value FROM json_each(?1) ORDER BY key)
             INSERT INTO partition (computer_id, reference, slap_state, validation, position,
                 allocation_order, addresses, capabilities, touched_us)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                 value ->> 6, value ->> 7, value ->> 8
             FROM row",
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
        row!(
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
        )
    });
    for rows in statements(rows) {
        sqlx::query!(
            "WITH row AS MATERIALIZED (SELECT value FROM json_each(?1) ORDER BY key)
             INSERT INTO instance_tree (id, reference, title, owner_id, project_id, kind, release,
                 software_type, parameters, sla, slap_state, created_us, validation)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                 value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11,
                 value ->> 12
             FROM row",
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
        row!(
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
        )
    });
    for rows in statements(rows) {
        sqlx::query!(
            "WITH row AS MATERIALIZED (SELECT value FROM json_each(?1) ORDER BY key)
             INSERT INTO instance (id, reference, kind, title, tree_id, parent_id, release,
                 software_type, parameters, sla, connection, slap_state, stamped_us, created_us,
                 validation)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                 value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11,
                 value ->> 12, value ->> 12, 'validated'
             FROM row",
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
        .map(|(id, touched_at)| row!(id, touched_at.as_micros()));
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
        .map(|(id, partition_id, at)| row!(id, partition_id, at.map(Timestamp::as_micros)));
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
