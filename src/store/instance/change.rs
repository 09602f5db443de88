//! What changes instances.

use crate::{
    domain::{
        identifier::{InstanceReference, Title},
        instance::{Instance, Wanted},
        parameters::Parameters,
        state::{InstanceKind, RequestedState},
        time::Timestamp,
    },
    store::{During, StoreError, WriteTx, column::parameters_json},
};

/// An instance to add.
#[derive(Debug)]
pub(crate) struct NewInstance<'a> {
    /// Its reference.
    pub(crate) reference: &'a InstanceReference,
    /// Its kind.
    pub(crate) kind: InstanceKind,
    /// Its title.
    pub(crate) title: &'a Title,
    /// Its tree.
    pub(crate) tree_id: i64,
    /// Its requester, if that is an instance.
    pub(crate) parent_id: Option<i64>,
    /// What is wanted of it.
    pub(crate) wanted: &'a Wanted,
    /// Its first timestamp.
    pub(crate) stamped_at: Timestamp,
}

/// Adds a live instance that waits for a partition.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    instance: &NewInstance<'_>,
) -> Result<i64, StoreError> {
    let reference = instance.reference.as_str();
    let kind = instance.kind.as_str();
    let title = instance.title.as_str();
    let release = instance.wanted.release.as_str();
    let software_type = instance.wanted.software_type.as_str();
    let parameters = parameters_json(&instance.wanted.parameters);
    let sla = parameters_json(&instance.wanted.sla);
    let state = instance.wanted.state.as_str();
    let stamped = instance.stamped_at.as_micros();
    sqlx::query_scalar!(
        "INSERT INTO instance (reference, kind, title, tree_id, parent_id, release,
             software_type, parameters, sla, connection, slap_state, validation, stamped_us,
             created_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '{}', ?10, 'validated', ?11, ?11) RETURNING id AS \"id!\"",
        reference,
        kind,
        title,
        instance.tree_id,
        instance.parent_id,
        release,
        software_type,
        parameters,
        sla,
        state,
        stamped
    )
    .fetch_one(tx.changing())
    .await
    .during("add an instance")
}

/// Replaces what is wanted of an instance, and who requests it.
pub(crate) async fn update_wanted(
    tx: &mut WriteTx,
    id: i64,
    wanted: &Wanted,
    parent_id: Option<i64>,
    stamped_at: Timestamp,
) -> Result<(), StoreError> {
    let release = wanted.release.as_str();
    let software_type = wanted.software_type.as_str();
    let parameters = parameters_json(&wanted.parameters);
    let sla = parameters_json(&wanted.sla);
    let state = wanted.state.as_str();
    let stamped = stamped_at.as_micros();
    sqlx::query!(
        "UPDATE instance SET release = ?2, software_type = ?3, parameters = ?4, sla = ?5,
             slap_state = ?6, parent_id = ?7, stamped_us = ?8
         WHERE id = ?1",
        id,
        release,
        software_type,
        parameters,
        sla,
        state,
        parent_id,
        stamped
    )
    .execute(tx.changing())
    .await
    .during("write an instance")?;
    Ok(())
}

/// Replaces parameters and SLA alone, which no index knows.
pub(crate) async fn update_values(
    tx: &mut WriteTx,
    id: i64,
    wanted: &Wanted,
    stamped_at: Timestamp,
) -> Result<(), StoreError> {
    let parameters = parameters_json(&wanted.parameters);
    let sla = parameters_json(&wanted.sla);
    let stamped = stamped_at.as_micros();
    sqlx::query!(
        "UPDATE instance SET parameters = ?2, sla = ?3, stamped_us = ?4 WHERE id = ?1",
        id,
        parameters,
        sla,
        stamped
    )
    .execute(tx.changing())
    .await
    .during("write the parameters of an instance")?;
    Ok(())
}

/// Sets the requested state, which changes the instance.
pub(crate) async fn set_state(
    tx: &mut WriteTx,
    id: i64,
    state: RequestedState,
    stamped_at: Timestamp,
) -> Result<(), StoreError> {
    let state = state.as_str();
    let stamped = stamped_at.as_micros();
    sqlx::query!(
        "UPDATE instance SET slap_state = ?2, stamped_us = ?3 WHERE id = ?1",
        id,
        state,
        stamped
    )
    .execute(tx.changing())
    .await
    .during("set an instance's state")?;
    Ok(())
}

/// Bangs an instance.
pub(crate) async fn stamp(
    tx: &mut WriteTx,
    id: i64,
    stamped_at: Timestamp,
) -> Result<(), StoreError> {
    let stamped = stamped_at.as_micros();
    sqlx::query!(
        "UPDATE instance SET stamped_us = ?2 WHERE id = ?1",
        id,
        stamped
    )
    .execute(tx.changing())
    .await
    .during("stamp an instance")?;
    Ok(())
}

/// Replaces what an instance published.
pub(crate) async fn set_connection(
    tx: &mut WriteTx,
    id: i64,
    connection: &Parameters,
) -> Result<(), StoreError> {
    let connection = parameters_json(connection);
    sqlx::query!(
        "UPDATE instance SET connection = ?2 WHERE id = ?1",
        id,
        connection
    )
    .execute(tx.changing())
    .await
    .during("keep connection parameters")?;
    Ok(())
}

/// Gives an instance another title.
pub(crate) async fn rename(tx: &mut WriteTx, id: i64, title: &Title) -> Result<(), StoreError> {
    let title = title.as_str();
    sqlx::query!("UPDATE instance SET title = ?2 WHERE id = ?1", id, title)
        .execute(tx.changing())
        .await
        .during("rename an instance")?;
    Ok(())
}

/// Ends an instance: its title is free, and its status is forgotten.
pub(crate) async fn invalidate(tx: &mut WriteTx, instance: &Instance) -> Result<(), StoreError> {
    let reference = instance.reference.as_str();
    sqlx::query!(
        "UPDATE instance SET validation = 'invalidated', slap_state = 'destroyed' WHERE id = ?1",
        instance.id
    )
    .execute(tx.changing())
    .await
    .during("end an instance")?;
    sqlx::query!(
        "DELETE FROM access_status WHERE subject = 'instance' AND reference = ?1",
        reference
    )
    .execute(tx.changing())
    .await
    .during("forget the status of an instance")?;
    Ok(())
}

/// Links an instance to a partition.
pub(crate) async fn allocate(
    tx: &mut WriteTx,
    id: i64,
    partition_id: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE instance SET partition_id = ?2, allocation_failure = NULL WHERE id = ?1",
        id,
        partition_id
    )
    .execute(tx.changing())
    .await
    .during("allocate an instance")?;
    Ok(())
}

/// Unlinks an instance from its partition.
pub(crate) async fn unlink(tx: &mut WriteTx, id: i64) -> Result<(), StoreError> {
    sqlx::query!("UPDATE instance SET partition_id = NULL WHERE id = ?1", id)
        .execute(tx.changing())
        .await
        .during("unlink an instance from its partition")?;
    Ok(())
}

/// Notes why an instance is not allocated. Says whether that is another reason than before.
pub(crate) async fn note_failure(
    tx: &mut WriteTx,
    id: i64,
    reason: &str,
) -> Result<bool, StoreError> {
    let known = sqlx::query_scalar!("SELECT allocation_failure FROM instance WHERE id = ?1", id)
        .fetch_one(&mut **tx)
        .await
        .during("read why an instance waits")?;
    if known.as_deref() == Some(reason) {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE instance SET allocation_failure = ?2 WHERE id = ?1",
        id,
        reason
    )
    .execute(tx.changing())
    .await
    .during("note why an instance waits")?;
    Ok(true)
}
