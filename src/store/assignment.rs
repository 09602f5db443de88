//! What persons do in projects.

use sqlx::SqliteConnection;

use super::{During, StoreError, WriteTx, column::word, lookup::Named};
use crate::domain::{identifier::ProjectReference, permission::Function};

/// What a person does, by project.
pub(crate) async fn functions_of(
    connection: &mut SqliteConnection,
    user_id: i64,
) -> Result<Vec<(Named<ProjectReference>, Function)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT a.project_id, j.reference, a.function FROM assignment a
         JOIN project j ON j.id = a.project_id
         WHERE a.user_id = ?1 ORDER BY a.project_id, a.function",
        user_id
    )
    .fetch_all(connection)
    .await
    .during("read what a person does")?;
    rows.into_iter()
        .map(|row| {
            let project = Named {
                id: row.project_id,
                reference: ProjectReference::trusted(row.reference),
            };
            Ok((project, word(&row.function)?))
        })
        .collect()
}

/// Takes every function from a person.
pub(crate) async fn clear(tx: &mut WriteTx, user_id: i64) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM assignment WHERE user_id = ?1", user_id)
        .execute(tx.changing())
        .await
        .during("take the functions of a person")?;
    Ok(())
}

/// Gives a person a function in a project.
pub(crate) async fn add(
    tx: &mut WriteTx,
    user_id: i64,
    project_id: i64,
    function: Function,
) -> Result<(), StoreError> {
    let function = function.as_str();
    sqlx::query!(
        "INSERT INTO assignment (user_id, project_id, function) VALUES (?1, ?2, ?3)
         ON CONFLICT DO NOTHING",
        user_id,
        project_id,
        function
    )
    .execute(tx.changing())
    .await
    .during("give a person a function")?;
    Ok(())
}
