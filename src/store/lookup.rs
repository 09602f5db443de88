//! Users and projects.

use sqlx::SqliteConnection;

use super::{During, StoreError, WriteTx};
use crate::domain::identifier::{ComputerReference, ProjectReference, UserReference};

/// A row and the reference that it is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named<R> {
    /// Row.
    pub(crate) id: i64,
    /// Reference.
    pub(crate) reference: R,
}

/// The user who is taken to call where nobody proves who calls, and the project of whatever names
/// none. Both are there from the beginning and stay.
pub(crate) async fn defaults(
    connection: &mut SqliteConnection,
) -> Result<(Named<UserReference>, Named<ProjectReference>), StoreError> {
    let row = sqlx::query!(
        "SELECT u.id AS user_id, u.reference AS user, p.id AS project_id, p.reference AS project
         FROM user u JOIN project p WHERE u.is_default = 1 AND p.is_default = 1"
    )
    .fetch_one(connection)
    .await
    .during("find the default user and project")?;
    let user = Named {
        id: row.user_id,
        reference: UserReference::trusted(row.user),
    };
    let project = Named {
        id: row.project_id,
        reference: ProjectReference::trusted(row.project),
    };
    Ok((user, project))
}

/// A user by reference.
pub(crate) async fn user(
    connection: &mut SqliteConnection,
    reference: &UserReference,
) -> Result<Option<Named<UserReference>>, StoreError> {
    let text = reference.as_str();
    let id = sqlx::query_scalar!("SELECT id FROM user WHERE reference = ?1", text)
        .fetch_optional(connection)
        .await
        .during("find a user")?;
    Ok(id.map(|id| Named {
        id,
        reference: reference.clone(),
    }))
}

/// Adds a user.
pub(crate) async fn insert_user(
    tx: &mut WriteTx,
    reference: &UserReference,
) -> Result<i64, StoreError> {
    let text = reference.as_str();
    sqlx::query_scalar!(
        r#"INSERT INTO user (reference, is_default) VALUES (?1, 0) RETURNING id AS "id!""#,
        text
    )
    .fetch_one(tx.changing())
    .await
    .during("add a user")
}

/// Adds a project.
pub(crate) async fn insert_project(
    tx: &mut WriteTx,
    reference: &ProjectReference,
) -> Result<(), StoreError> {
    let text = reference.as_str();
    sqlx::query!(
        "INSERT INTO project (reference, is_default) VALUES (?1, 0)",
        text
    )
    .execute(tx.changing())
    .await
    .during("add a project")?;
    Ok(())
}

/// Whether nothing was ever put into the world: a computer of this reference without partitions
/// and software, and products of the configuration, which every start of a process may make, do
/// not count.
pub(crate) async fn is_untouched(
    connection: &mut SqliteConnection,
    but: Option<&ComputerReference>,
) -> Result<bool, StoreError> {
    let but = but.map(ComputerReference::as_str);
    sqlx::query_scalar!(
        r#"SELECT NOT (
             EXISTS (SELECT 1 FROM computer WHERE ?1 IS NULL OR reference <> ?1)
             OR EXISTS (SELECT 1 FROM partition)
             OR EXISTS (SELECT 1 FROM software_installation)
             OR EXISTS (SELECT 1 FROM software_product WHERE configured = 0)
             OR EXISTS (SELECT 1 FROM instance_tree)
             OR EXISTS (SELECT 1 FROM forwarded_request)
             OR EXISTS (SELECT 1 FROM token)
             OR EXISTS (SELECT 1 FROM user WHERE is_default = 0)
             OR EXISTS (SELECT 1 FROM project WHERE is_default = 0)) AS "untouched!: bool""#,
        but
    )
    .fetch_one(connection)
    .await
    .during("look whether the world is empty")
}

/// Every project.
pub(crate) async fn projects(
    connection: &mut SqliteConnection,
) -> Result<Vec<Named<ProjectReference>>, StoreError> {
    let rows = sqlx::query!("SELECT id, reference FROM project ORDER BY is_default DESC, id")
        .fetch_all(connection)
        .await
        .during("list the projects")?;
    Ok(rows
        .into_iter()
        .map(|row| Named {
            id: row.id,
            reference: ProjectReference::trusted(row.reference),
        })
        .collect())
}

/// The projects whose products have this release.
pub(crate) async fn projects_of_release(
    connection: &mut SqliteConnection,
    release: &str,
) -> Result<Vec<ProjectReference>, StoreError> {
    let rows = sqlx::query_scalar!(
        "SELECT DISTINCT j.reference FROM software_product_release r
         JOIN software_product s ON s.id = r.product_id
         JOIN project j ON j.id = s.project_id
         WHERE r.release = ?1 ORDER BY j.reference",
        release
    )
    .fetch_all(connection)
    .await
    .during("find the projects of a release")?;
    Ok(rows.into_iter().map(ProjectReference::trusted).collect())
}
