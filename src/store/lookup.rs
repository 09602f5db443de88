//! Users and projects.

use sqlx::SqliteConnection;

use super::{During, StoreError};
use crate::domain::identifier::{ProjectReference, UserReference};

/// A row and the reference that it is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named<R> {
    /// Row.
    pub(crate) id: i64,
    /// Reference.
    pub(crate) reference: R,
}

/// The user who is taken to call where nobody proves who calls.
pub(crate) async fn default_user(
    connection: &mut SqliteConnection,
) -> Result<Named<UserReference>, StoreError> {
    let row = sqlx::query!("SELECT id, reference FROM user WHERE is_default = 1")
        .fetch_one(connection)
        .await
        .during("find the default user")?;
    Ok(Named {
        id: row.id,
        reference: UserReference::trusted(row.reference),
    })
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
