//! Access statuses.

use std::collections::HashMap;

use sqlx::SqliteConnection;

use super::{During, StoreError, WriteTx, column::word};
use crate::domain::{
    status::{AccessStatus, StatusSubject},
    time::Timestamp,
};

/// The last status of a subject, however old.
pub(crate) async fn read(
    connection: &mut SqliteConnection,
    subject: StatusSubject,
    reference: &str,
) -> Result<Option<AccessStatus>, StoreError> {
    let subject = subject.as_str();
    let row = sqlx::query!(
        "SELECT user, kind, message, state, created_us, since_us FROM access_status
         WHERE subject = ?1 AND reference = ?2",
        subject,
        reference
    )
    .fetch_optional(connection)
    .await
    .during("read a status")?;
    row.map(|row| {
        Ok(AccessStatus {
            user: row.user,
            kind: word(&row.kind)?,
            message: row.message,
            state: row.state,
            created_at: Timestamp::from_micros(row.created_us),
            since: Timestamp::from_micros(row.since_us),
        })
    })
    .transpose()
}

/// What was reported later than `now` counts as reported then.
pub(crate) async fn not_after(tx: &mut WriteTx, now: Timestamp) -> Result<(), StoreError> {
    let now = now.as_micros();
    sqlx::query!(
        "UPDATE access_status SET created_us = ?1, since_us = min(since_us, ?1)
         WHERE created_us > ?1",
        now
    )
    .execute(tx.changing())
    .await
    .during("keep statuses from being of the future")?;
    Ok(())
}

/// The last statuses, however old, of the subjects of a kind that have any of these references.
pub(crate) async fn read_all(
    connection: &mut SqliteConnection,
    subject: StatusSubject,
    references: &[&str],
) -> Result<HashMap<String, AccessStatus>, StoreError> {
    let subject = subject.as_str();
    let references = serde_json::Value::from(references).to_string();
    let rows = sqlx::query!(
        "SELECT reference, user, kind, message, state, created_us, since_us FROM access_status
         WHERE subject = ?1 AND reference IN (SELECT value FROM json_each(?2))",
        subject,
        references
    )
    .fetch_all(connection)
    .await
    .during("read statuses")?;
    rows.into_iter()
        .map(|row| {
            let status = AccessStatus {
                user: row.user,
                kind: word(&row.kind)?,
                message: row.message,
                state: row.state,
                created_at: Timestamp::from_micros(row.created_us),
                since: Timestamp::from_micros(row.since_us),
            };
            Ok((row.reference, status))
        })
        .collect()
}

/// Replaces the status of a subject.
pub(crate) async fn write(
    tx: &mut WriteTx,
    subject: StatusSubject,
    reference: &str,
    status: &AccessStatus,
) -> Result<(), StoreError> {
    let subject = subject.as_str();
    let kind = status.kind.as_str();
    let created = status.created_at.as_micros();
    let since = status.since.as_micros();
    sqlx::query!(
        "INSERT INTO access_status (subject, reference, user, kind, message, state, created_us,
             since_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (subject, reference) DO UPDATE SET user = excluded.user,
             kind = excluded.kind, message = excluded.message, state = excluded.state,
             created_us = excluded.created_us, since_us = excluded.since_us",
        subject,
        reference,
        status.user,
        kind,
        status.message,
        status.state,
        created,
        since
    )
    .execute(tx.changing())
    .await
    .during("write a status")?;
    Ok(())
}
