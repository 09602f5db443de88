//! Instance trees.

use sqlx::SqliteConnection;

use super::{
    During, StoreError, WriteTx,
    column::{parameters, parameters_json, word},
};
use crate::domain::{
    identifier::{
        ProjectReference, SoftwareReleaseUri, SoftwareType, Title, TreeReference, UserReference,
    },
    instance::{InstanceTree, Wanted},
    state::{InstanceKind, RequestedState, Subscription},
    time::Timestamp,
};

struct Row {
    id: i64,
    reference: String,
    title: String,
    owner: String,
    project: String,
    kind: String,
    release: String,
    software_type: String,
    parameters: String,
    sla: String,
    slap_state: String,
    validation: String,
    subscription: String,
}

impl TryFrom<Row> for InstanceTree {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            reference: TreeReference::trusted(row.reference),
            title: Title::trusted(row.title),
            owner: UserReference::trusted(row.owner),
            project: ProjectReference::trusted(row.project),
            kind: word(&row.kind)?,
            wanted: Wanted {
                release: SoftwareReleaseUri::trusted(row.release),
                software_type: SoftwareType::trusted(row.software_type),
                parameters: parameters(&row.parameters)?,
                sla: parameters(&row.sla)?,
                state: word(&row.slap_state)?,
            },
            validation: word(&row.validation)?,
            subscription: word(&row.subscription)?,
        })
    }
}

macro_rules! select {
    ($tail:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            "SELECT t.id, t.reference, t.title, u.reference AS owner, j.reference AS project,
                 t.kind, t.release, t.software_type, t.parameters, t.sla, t.slap_state,
                 t.validation, t.subscription
             FROM instance_tree t
             JOIN user u ON u.id = t.owner_id
             JOIN project j ON j.id = t.project_id " + $tail
            $(, $argument)*
        )
    };
}

/// The live tree of this owner and title.
pub(crate) async fn live_by_title(
    connection: &mut SqliteConnection,
    owner_id: i64,
    title: &Title,
) -> Result<Option<InstanceTree>, StoreError> {
    let title = title.as_str();
    let row = select!(
        "WHERE t.owner_id = ?1 AND t.title = ?2 AND t.validation = 'validated'",
        owner_id,
        title
    )
    .fetch_optional(connection)
    .await
    .during("find an instance tree")?;
    row.map(InstanceTree::try_from).transpose()
}

/// Kinds and titles of the live trees of an owner, in the order of their titles.
pub(crate) async fn titles_of(
    connection: &mut SqliteConnection,
    owner_id: i64,
) -> Result<Vec<(InstanceKind, Title)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT kind, title FROM instance_tree
         WHERE owner_id = ?1 AND validation = 'validated' ORDER BY title",
        owner_id
    )
    .fetch_all(connection)
    .await
    .during("list the instance trees of a person")?;
    rows.into_iter()
        .map(|row| Ok((word(&row.kind)?, Title::trusted(row.title))))
        .collect()
}

/// A tree by row.
pub(crate) async fn by_id(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<InstanceTree, StoreError> {
    select!("WHERE t.id = ?1", id)
        .fetch_one(connection)
        .await
        .during("read an instance tree")?
        .try_into()
}

/// The live, subscribed trees that have no live root that is wanted.
pub(crate) async fn without_root(
    connection: &mut SqliteConnection,
) -> Result<Vec<InstanceTree>, StoreError> {
    let rows = select!(
        "WHERE t.validation = 'validated' AND t.slap_state <> 'destroyed'
             AND t.subscription = 'subscribed' AND NOT EXISTS (
             SELECT 1 FROM instance i WHERE i.tree_id = t.id AND i.title = t.title
                 AND i.parent_id IS NULL
                 AND i.validation = 'validated' AND i.slap_state <> 'destroyed')
         ORDER BY t.id"
    )
    .fetch_all(connection)
    .await
    .during("look for trees without a root")?;
    rows.into_iter().map(InstanceTree::try_from).collect()
}

/// Whether a tree, live or not, has this reference.
pub(crate) async fn is_known(
    connection: &mut SqliteConnection,
    reference: &TreeReference,
) -> Result<bool, StoreError> {
    let reference = reference.as_str();
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM instance_tree WHERE reference = ?1) AS "known!: bool""#,
        reference
    )
    .fetch_one(connection)
    .await
    .during("look for an instance tree by reference")
}

/// A tree to add.
#[derive(Debug)]
pub(crate) struct NewTree<'a> {
    /// Its reference.
    pub(crate) reference: &'a TreeReference,
    /// Its title.
    pub(crate) title: &'a Title,
    /// Its owner.
    pub(crate) owner_id: i64,
    /// Its project.
    pub(crate) project_id: i64,
    /// Kind of its root.
    pub(crate) kind: InstanceKind,
    /// What is wanted of its root.
    pub(crate) wanted: &'a Wanted,
    /// When it is made.
    pub(crate) created_at: Timestamp,
}

/// Adds a live tree.
pub(crate) async fn insert(tx: &mut WriteTx, tree: &NewTree<'_>) -> Result<i64, StoreError> {
    let reference = tree.reference.as_str();
    let title = tree.title.as_str();
    let kind = tree.kind.as_str();
    let release = tree.wanted.release.as_str();
    let software_type = tree.wanted.software_type.as_str();
    let parameters = parameters_json(&tree.wanted.parameters);
    let sla = parameters_json(&tree.wanted.sla);
    let state = tree.wanted.state.as_str();
    let created = tree.created_at.as_micros();
    sqlx::query_scalar!(
        "INSERT INTO instance_tree (reference, title, owner_id, project_id, kind, release,
             software_type, parameters, sla, slap_state, validation, created_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'validated', ?11)
         RETURNING id AS \"id!\"",
        reference,
        title,
        tree.owner_id,
        tree.project_id,
        kind,
        release,
        software_type,
        parameters,
        sla,
        state,
        created
    )
    .fetch_one(tx.changing())
    .await
    .during("add an instance tree")
}

/// Replaces what is wanted of a tree's root.
pub(crate) async fn update_wanted(
    tx: &mut WriteTx,
    id: i64,
    wanted: &Wanted,
) -> Result<(), StoreError> {
    let release = wanted.release.as_str();
    let software_type = wanted.software_type.as_str();
    let parameters = parameters_json(&wanted.parameters);
    let sla = parameters_json(&wanted.sla);
    let state = wanted.state.as_str();
    sqlx::query!(
        "UPDATE instance_tree SET release = ?2, software_type = ?3, parameters = ?4, sla = ?5,
             slap_state = ?6
         WHERE id = ?1",
        id,
        release,
        software_type,
        parameters,
        sla,
        state
    )
    .execute(tx.changing())
    .await
    .during("write an instance tree")?;
    Ok(())
}

/// Replaces parameters and SLA alone, which no index knows.
pub(crate) async fn update_values(
    tx: &mut WriteTx,
    id: i64,
    wanted: &Wanted,
) -> Result<(), StoreError> {
    let parameters = parameters_json(&wanted.parameters);
    let sla = parameters_json(&wanted.sla);
    sqlx::query!(
        "UPDATE instance_tree SET parameters = ?2, sla = ?3 WHERE id = ?1",
        id,
        parameters,
        sla
    )
    .execute(tx.changing())
    .await
    .during("write the parameters of an instance tree")?;
    Ok(())
}

/// Ends a tree: its title is free from now on.
pub(crate) async fn archive(tx: &mut WriteTx, id: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE instance_tree SET validation = 'invalidated', slap_state = 'destroyed'
         WHERE id = ?1",
        id
    )
    .execute(tx.changing())
    .await
    .during("archive an instance tree")?;
    Ok(())
}

/// Gives a tree another title.
pub(crate) async fn rename(tx: &mut WriteTx, id: i64, title: &Title) -> Result<(), StoreError> {
    let title = title.as_str();
    sqlx::query!(
        "UPDATE instance_tree SET title = ?2 WHERE id = ?1",
        id,
        title
    )
    .execute(tx.changing())
    .await
    .during("rename an instance tree")?;
    Ok(())
}

/// Sets whether a tree is subscribed.
pub(crate) async fn set_subscription(
    tx: &mut WriteTx,
    id: i64,
    subscription: Subscription,
) -> Result<(), StoreError> {
    let subscription = subscription.as_str();
    sqlx::query!(
        "UPDATE instance_tree SET subscription = ?2 WHERE id = ?1",
        id,
        subscription
    )
    .execute(tx.changing())
    .await
    .during("set the subscription of an instance tree")?;
    Ok(())
}

/// Row of a tree's owner.
pub(crate) async fn owner_id(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<i64, StoreError> {
    sqlx::query_scalar!("SELECT owner_id FROM instance_tree WHERE id = ?1", id)
        .fetch_one(connection)
        .await
        .during("read the owner of an instance tree")
}

/// The computers that any live instance of the tree is on.
pub(crate) async fn computers(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<Vec<i64>, StoreError> {
    sqlx::query_scalar!(
        "SELECT DISTINCT p.computer_id FROM instance i JOIN partition p ON p.id = i.partition_id
         WHERE i.tree_id = ?1 AND i.validation = 'validated' ORDER BY p.computer_id",
        id
    )
    .fetch_all(connection)
    .await
    .during("list the computers of an instance tree")
}

/// The state of a tree and whether it is live, by one of its instances.
pub(crate) async fn of_instance(
    connection: &mut SqliteConnection,
    instance_id: i64,
) -> Result<InstanceTree, StoreError> {
    select!(
        "WHERE t.id = (SELECT tree_id FROM instance WHERE id = ?1)",
        instance_id
    )
    .fetch_one(connection)
    .await
    .during("find the tree of an instance")?
    .try_into()
}

/// Live trees that are stopped and have live instances that are started.
pub(crate) async fn stopped_with_started(
    connection: &mut SqliteConnection,
) -> Result<Vec<i64>, StoreError> {
    let state = RequestedState::Started.as_str();
    sqlx::query_scalar!(
        "SELECT t.id FROM instance_tree t
         WHERE t.validation = 'validated' AND t.slap_state = 'stopped' AND EXISTS (
             SELECT 1 FROM instance i WHERE i.tree_id = t.id AND i.validation = 'validated'
                 AND i.slap_state = ?1)
         ORDER BY t.id",
        state
    )
    .fetch_all(connection)
    .await
    .during("look for stopped trees")
}
