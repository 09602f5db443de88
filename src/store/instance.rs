//! Instances of either kind.

use sqlx::SqliteConnection;

use super::{
    During, StoreError, WriteTx,
    column::{parameters, parameters_json, word},
};
use crate::domain::{
    identifier::{
        ComputerReference, InstanceReference, PartitionAddress, ProjectReference,
        SoftwareReleaseUri, SoftwareType, Title,
    },
    instance::{Instance, Wanted},
    parameters::Parameters,
    request::RequestInstance,
    state::{InstanceKind, RequestedState},
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

/// Whether there already is an allocated root exactly as requested: its reference and computer.
///
/// One look-up in place of the whole operation, for the request that changes nothing. Where a
/// project that is not named is guessed, that is only for a world with a single one.
pub(crate) async fn root_exactly_as(
    connection: &mut SqliteConnection,
    owner_id: i64,
    request: &RequestInstance,
    state: RequestedState,
    project_is_guessed: bool,
) -> Result<Option<(InstanceReference, ComputerReference)>, StoreError> {
    let title = request.title.as_str();
    let kind = request.kind.as_str();
    let release = request.release.as_str();
    let software_type = request.software_type.as_str();
    let parameters = parameters_json(&request.parameters);
    let sla = parameters_json(&request.sla);
    let state = state.as_str();
    let project = request.project.as_ref().map(ProjectReference::as_str);
    let row = sqlx::query!(
        "SELECT i.reference, c.reference AS computer
         FROM instance_tree t
         JOIN project j ON j.id = t.project_id
         JOIN instance i ON i.tree_id = t.id AND i.title = t.title AND i.validation = 'validated'
         JOIN partition p ON p.id = i.partition_id
         JOIN computer c ON c.id = p.computer_id
         WHERE t.owner_id = ?1 AND t.title = ?2 AND t.validation = 'validated'
           AND t.kind = ?3 AND t.release = ?4 AND t.software_type = ?5 AND t.parameters = ?6
           AND t.sla = ?7 AND t.slap_state = ?8 AND (?9 IS NULL OR j.reference = ?9)
           AND (?9 IS NOT NULL OR NOT ?10 OR (SELECT count(*) FROM project) = 1)
           AND t.subscription = 'subscribed'
           AND i.kind = ?3 AND i.release = ?4 AND i.software_type = ?5 AND i.parameters = ?6
           AND i.sla = ?7 AND i.slap_state = ?8 AND i.parent_id IS NULL",
        owner_id,
        title,
        kind,
        release,
        software_type,
        parameters,
        sla,
        state,
        project,
        project_is_guessed
    )
    .fetch_optional(connection)
    .await
    .during("look for an unchanged root instance")?;
    Ok(row.map(|row| {
        (
            InstanceReference::trusted(row.reference),
            ComputerReference::trusted(row.computer),
        )
    }))
}

/// The same for a child of the instance on a partition, in a tree that is started.
pub(crate) async fn child_exactly_as(
    connection: &mut SqliteConnection,
    requester: &PartitionAddress,
    request: &RequestInstance,
    state: RequestedState,
) -> Result<Option<(InstanceReference, ComputerReference)>, StoreError> {
    let computer = requester.computer.as_str();
    let partition = requester.partition.as_str();
    let title = request.title.as_str();
    let kind = request.kind.as_str();
    let release = request.release.as_str();
    let software_type = request.software_type.as_str();
    let parameters = parameters_json(&request.parameters);
    let sla = parameters_json(&request.sla);
    let state = state.as_str();
    let row = sqlx::query!(
        "SELECT i.reference, c.reference AS computer
         FROM computer rc
         JOIN partition rp ON rp.computer_id = rc.id AND rp.reference = ?2
         JOIN instance r ON r.partition_id = rp.id AND r.kind = 'software'
             AND r.validation = 'validated'
         JOIN instance_tree t ON t.id = r.tree_id AND t.slap_state = 'started'
         JOIN instance i ON i.tree_id = r.tree_id AND i.title = ?3 AND i.validation = 'validated'
         JOIN partition p ON p.id = i.partition_id
         JOIN computer c ON c.id = p.computer_id
         WHERE rc.reference = ?1 AND rc.validation = 'validated' AND i.parent_id = r.id
           AND i.kind = ?4 AND i.release = ?5 AND i.software_type = ?6 AND i.parameters = ?7
           AND i.sla = ?8 AND i.slap_state = ?9",
        computer,
        partition,
        title,
        kind,
        release,
        software_type,
        parameters,
        sla,
        state
    )
    .fetch_optional(connection)
    .await
    .during("look for an unchanged child instance")?;
    Ok(row.map(|row| {
        (
            InstanceReference::trusted(row.reference),
            ComputerReference::trusted(row.computer),
        )
    }))
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
             software_type, parameters, sla, connection, slap_state, validation, stamped_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '{}', ?10, 'validated', ?11) RETURNING id AS \"id!\"",
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

/// How many live instances an instance, or a tree itself, requested.
pub(crate) async fn count_children(
    connection: &mut SqliteConnection,
    tree_id: i64,
    parent_id: Option<i64>,
) -> Result<i64, StoreError> {
    sqlx::query_scalar!(
        "SELECT count(*) FROM instance
         WHERE tree_id = ?1 AND parent_id IS ?2 AND validation = 'validated'",
        tree_id,
        parent_id
    )
    .fetch_one(connection)
    .await
    .during("count the children of a requester")
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
