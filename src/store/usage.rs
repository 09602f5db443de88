//! Usage reports.

use super::{During, StoreError, WriteTx};
use crate::domain::{time::Timestamp, usage::UsageReport};

/// How many reports of a computer are kept; older ones go.
const KEPT: i64 = 1_000;

/// Keeps a report under the next version of its reference.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    computer_id: i64,
    reference: &str,
    report: &UsageReport,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let created = now.as_micros();
    let version = sqlx::query_scalar!(
        r#"INSERT INTO usage_report (computer_id, reference, version, document, created_us)
         VALUES (?1, ?2, (SELECT COALESCE(MAX(version), 0) + 1 FROM usage_report
                          WHERE computer_id = ?1 AND reference = ?2), ?3, ?4)
         RETURNING version AS "version!""#,
        computer_id,
        reference,
        report.document,
        created
    )
    .fetch_one(tx.changing())
    .await
    .during("keep a usage report")?;
    sqlx::query!(
        "DELETE FROM usage_report WHERE computer_id = ?1 AND id <= (
             SELECT id FROM usage_report WHERE computer_id = ?1
             ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        computer_id,
        KEPT
    )
    .execute(tx.changing())
    .await
    .during("forget old usage reports")?;
    Ok(version)
}

/// Versions and documents kept under a reference, oldest first.
pub(crate) async fn of_reference(
    connection: &mut sqlx::SqliteConnection,
    reference: &str,
) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT version, document FROM usage_report WHERE reference = ?1 ORDER BY id",
        reference
    )
    .fetch_all(connection)
    .await
    .during("read usage reports")?;
    Ok(rows.into_iter().map(|r| (r.version, r.document)).collect())
}
