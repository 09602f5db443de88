//! The world's certificate authority.

use sqlx::SqliteConnection;

use super::{During, StoreError, WriteTx};
use crate::domain::secret::Secret;

/// Certificate and key of the authority, if the world has one.
pub(crate) async fn read(
    connection: &mut SqliteConnection,
) -> Result<Option<(String, Secret)>, StoreError> {
    let row = sqlx::query!("SELECT certificate_pem, key_pem FROM authority WHERE id = 1")
        .fetch_optional(connection)
        .await
        .during("read the certificate authority")?;
    Ok(row.map(|row| (row.certificate_pem, Secret::new(row.key_pem))))
}

/// Keeps certificate and key of the authority.
pub(crate) async fn write(
    tx: &mut WriteTx,
    certificate_pem: &str,
    key_pem: &Secret,
) -> Result<(), StoreError> {
    let key_pem = key_pem.expose();
    sqlx::query!(
        "INSERT INTO authority (id, certificate_pem, key_pem) VALUES (1, ?1, ?2)
         ON CONFLICT (id) DO UPDATE SET certificate_pem = excluded.certificate_pem,
             key_pem = excluded.key_pem",
        certificate_pem,
        key_pem
    )
    .execute(tx.changing())
    .await
    .during("keep the certificate authority")?;
    Ok(())
}
