//! Instance trees with their instances, as they are drawn.

use sqlx::SqliteConnection;

use super::{During, StoreError, column::word};
use crate::domain::{
    forest::{InstanceInTree, TreeFilter, TreeRecord},
    identifier::{
        ComputerReference, InstanceReference, PartitionAddress, PartitionReference,
        ProjectReference, SoftwareReleaseUri, SoftwareType, Title, TreeReference, UserReference,
    },
    state::RequestedState,
    status::AccessStatus,
    time::Timestamp,
};

/// The row of the tree that has this reference, whether it still counts or not.
pub(crate) async fn row(
    connection: &mut SqliteConnection,
    reference: &TreeReference,
) -> Result<Option<i64>, StoreError> {
    let reference = reference.as_str();
    sqlx::query_scalar!(
        r#"SELECT id AS "id!" FROM instance_tree WHERE reference = ?1"#,
        reference
    )
    .fetch_optional(connection)
    .await
    .during("find an instance tree by reference")
}

/// Rows and records of at most `most` trees behind the row `after` that a filter admits, in the
/// order in which they were made. A tree is there as long as it, or one of its instances, counts.
pub(crate) async fn trees(
    connection: &mut SqliteConnection,
    filter: &TreeFilter,
    after: i64,
    most: i64,
) -> Result<Vec<(i64, TreeRecord)>, StoreError> {
    let title = filter.title.as_ref().map(Title::as_str);
    let state = filter.state.map(RequestedState::as_str);
    let owner = filter.owner.as_ref().map(UserReference::as_str);
    let rows = sqlx::query!(
        "SELECT t.id, t.reference, t.title, u.reference AS owner, j.reference AS project, t.kind,
             t.release, t.software_type, t.slap_state, t.validation, t.subscription, t.created_us
         FROM instance_tree t
         JOIN user u ON u.id = t.owner_id
         JOIN project j ON j.id = t.project_id
         WHERE t.id > ?1 AND (?2 IS NULL OR t.title = ?2) AND (?3 IS NULL OR t.slap_state = ?3)
             AND (?4 IS NULL OR u.reference = ?4)
             AND (t.validation = 'validated' OR EXISTS (
                 SELECT 1 FROM instance i WHERE i.tree_id = t.id AND i.validation = 'validated'))
         ORDER BY t.id LIMIT ?5",
        after,
        title,
        state,
        owner,
        most
    )
    .fetch_all(connection)
    .await
    .during("list instance trees")?;
    rows.into_iter()
        .map(|row| {
            let tree = TreeRecord {
                reference: TreeReference::trusted(row.reference),
                title: Title::trusted(row.title),
                owner: UserReference::trusted(row.owner),
                project: ProjectReference::trusted(row.project),
                kind: word(&row.kind)?,
                release: SoftwareReleaseUri::trusted(row.release),
                software_type: SoftwareType::trusted(row.software_type),
                state: word(&row.slap_state)?,
                validation: word(&row.validation)?,
                subscription: word(&row.subscription)?,
                created_at: Timestamp::from_micros(row.created_us),
                instances: Vec::new(),
            };
            Ok((row.id, tree))
        })
        .collect()
}

/// The live instances of these trees, oldest first, each with the row of its tree.
pub(crate) async fn instances(
    connection: &mut SqliteConnection,
    trees: &[i64],
) -> Result<Vec<(i64, InstanceInTree)>, StoreError> {
    let trees = serde_json::Value::from(trees).to_string();
    let rows = sqlx::query!(
        r#"SELECT i.tree_id, i.reference, i.title, i.kind, q.reference AS "parent?", i.release,
             i.software_type, i.slap_state, c.reference AS "computer?", p.reference AS "partition?",
             h.reference AS "host?", i.allocation_failure,
             a.user AS "status_user?", a.kind AS "status_kind?", a.message AS "status_message?",
             a.state AS "status_state?", a.created_us AS "status_created_us?",
             a.since_us AS "status_since_us?"
         FROM instance i
         LEFT JOIN instance q ON q.id = i.parent_id
         LEFT JOIN partition p ON p.id = i.partition_id
         LEFT JOIN computer c ON c.id = p.computer_id
         LEFT JOIN instance h ON i.kind = 'shared' AND h.partition_id = i.partition_id
             AND h.kind = 'software' AND h.validation = 'validated'
         LEFT JOIN access_status a ON a.subject = 'instance' AND a.reference = i.reference
         WHERE i.tree_id IN (SELECT value FROM json_each(?1)) AND i.validation = 'validated'
         ORDER BY i.id"#,
        trees
    )
    .fetch_all(connection)
    .await
    .during("list the instances of instance trees")?;
    rows.into_iter()
        .map(|row| {
            let status = match (
                row.status_user,
                row.status_kind,
                row.status_message,
                row.status_state,
                row.status_created_us,
                row.status_since_us,
            ) {
                (
                    Some(user),
                    Some(kind),
                    Some(message),
                    Some(state),
                    Some(created),
                    Some(since),
                ) => Some(AccessStatus {
                    user,
                    kind: word(&kind)?,
                    message,
                    state,
                    created_at: Timestamp::from_micros(created),
                    since: Timestamp::from_micros(since),
                }),
                _ => None,
            };
            let at = row.computer.zip(row.partition);
            let instance = InstanceInTree {
                reference: InstanceReference::trusted(row.reference),
                title: Title::trusted(row.title),
                kind: word(&row.kind)?,
                parent: row.parent.map(InstanceReference::trusted),
                release: SoftwareReleaseUri::trusted(row.release),
                software_type: SoftwareType::trusted(row.software_type),
                state: word(&row.slap_state)?,
                at: at.map(|(computer, partition)| PartitionAddress {
                    computer: ComputerReference::trusted(computer),
                    partition: PartitionReference::trusted(partition),
                }),
                host: row.host.map(InstanceReference::trusted),
                waits_because: row.allocation_failure,
                status,
            };
            Ok((row.tree_id, instance))
        })
        .collect()
}
