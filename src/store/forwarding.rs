//! Requests that were forwarded to other masters.

use sqlx::SqliteConnection;

use super::{During, StoreError, WriteTx};
use crate::domain::{forwarding::ForwardedRequest, identifier::Title};

/// Every forwarded request, in the order of titles and URLs.
pub(crate) async fn all(
    connection: &mut SqliteConnection,
) -> Result<Vec<ForwardedRequest>, StoreError> {
    let rows =
        sqlx::query!("SELECT title, master_url FROM forwarded_request ORDER BY title, master_url")
            .fetch_all(connection)
            .await
            .during("list the forwarded requests")?;
    Ok(rows
        .into_iter()
        .map(|row| ForwardedRequest {
            title: Title::trusted(row.title),
            master_url: row.master_url,
        })
        .collect())
}

/// Adds a forwarded request. False if it is there already.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    request: &ForwardedRequest,
) -> Result<bool, StoreError> {
    let title = request.title.as_str();
    let done = sqlx::query!(
        "INSERT INTO forwarded_request (title, master_url) VALUES (?1, ?2)
         ON CONFLICT (title, master_url) DO NOTHING",
        title,
        request.master_url
    )
    .execute(tx.changing())
    .await
    .during("add a forwarded request")?;
    Ok(done.rows_affected() == 1)
}

/// Removes a forwarded request. False if it is not there.
pub(crate) async fn remove(
    tx: &mut WriteTx,
    request: &ForwardedRequest,
) -> Result<bool, StoreError> {
    let title = request.title.as_str();
    let done = sqlx::query!(
        "DELETE FROM forwarded_request WHERE title = ?1 AND master_url = ?2",
        title,
        request.master_url
    )
    .execute(tx.changing())
    .await
    .during("remove a forwarded request")?;
    Ok(done.rows_affected() == 1)
}
