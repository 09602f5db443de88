//! Whether an instance already is exactly as a request asks for.
//!
//! One look-up in place of the whole operation, for the request that changes nothing, which is
//! most of them.
//!
//! The `+` before a column keeps SQLite from holding its parameter against the conditions of
//! partial indexes: it would prepare the whole statement anew for every value bound to it.

use sqlx::SqliteConnection;

use crate::{
    domain::{
        identifier::{ComputerReference, InstanceReference, PartitionAddress, ProjectReference},
        request::RequestInstance,
        state::RequestedState,
    },
    store::{During, StoreError, column::parameters_json},
};

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
           AND t.sla = ?7 AND +t.slap_state = ?8 AND (?9 IS NULL OR j.reference = ?9)
           AND (?9 IS NOT NULL OR NOT ?10 OR (SELECT count(*) FROM project) = 1)
           AND t.subscription = 'subscribed'
           AND +i.kind = ?3 AND i.release = ?4 AND i.software_type = ?5 AND i.parameters = ?6
           AND i.sla = ?7 AND +i.slap_state = ?8 AND i.parent_id IS NULL",
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
           AND +i.kind = ?4 AND i.release = ?5 AND i.software_type = ?6 AND i.parameters = ?7
           AND i.sla = ?8 AND +i.slap_state = ?9",
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
