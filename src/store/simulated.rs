//! Simulated computers.

use sqlx::SqliteConnection;

use super::{During, StoreError, WriteTx};
use crate::domain::{identifier::ComputerReference, time::Timestamp};

/// A simulated computer, by which it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Simulated {
    /// Row of the computer.
    pub(crate) id: i64,
    /// Its reference.
    pub(crate) reference: ComputerReference,
    /// Since when it is simulated.
    pub(crate) since: Timestamp,
}

/// How a computer is simulated, and what it is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its reference.
    pub(crate) reference: ComputerReference,
    /// How it is simulated.
    pub(crate) rules: String,
    /// What it is at.
    pub(crate) progress: String,
}

/// A computer as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Row.
    pub(crate) id: i64,
    /// Reference.
    pub(crate) reference: ComputerReference,
    /// Title.
    pub(crate) title: String,
    /// How many partitions it lists.
    pub(crate) partitions: i64,
    /// How many of its partitions are taken.
    pub(crate) busy: i64,
    /// How it is simulated, if it is.
    pub(crate) rules: Option<String>,
}

/// Every simulated computer that counts.
pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<Simulated>, StoreError> {
    let rows = sqlx::query!(
        "SELECT c.id, c.reference, s.since_us FROM simulated_computer s
         JOIN computer c ON c.id = s.computer_id WHERE c.validation = 'validated' ORDER BY c.id"
    )
    .fetch_all(connection)
    .await
    .during("list the simulated computers")?;
    Ok(rows
        .into_iter()
        .map(|row| Simulated {
            id: row.id,
            reference: ComputerReference::trusted(row.reference),
            since: Timestamp::from_micros(row.since_us),
        })
        .collect())
}

/// How a computer is simulated and what it is at; none if it is not.
pub(crate) async fn of(
    connection: &mut SqliteConnection,
    computer_id: i64,
) -> Result<Option<Kept>, StoreError> {
    let row = sqlx::query!(
        "SELECT c.reference, s.rules, s.progress FROM simulated_computer s
         JOIN computer c ON c.id = s.computer_id
         WHERE s.computer_id = ?1 AND +c.validation = 'validated'",
        computer_id
    )
    .fetch_optional(connection)
    .await
    .during("read what a simulated computer is at")?;
    Ok(row.map(|row| Kept {
        reference: ComputerReference::trusted(row.reference),
        rules: row.rules,
        progress: row.progress,
    }))
}

/// The simulated computers that count and whose references begin so, in natural order.
pub(crate) async fn fleet(
    connection: &mut SqliteConnection,
    prefix: &str,
) -> Result<Vec<(i64, ComputerReference)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT c.id, c.reference FROM simulated_computer s JOIN computer c ON c.id = s.computer_id
         WHERE c.validation = 'validated' AND substr(c.reference, 1, length(?1)) = ?1
         ORDER BY c.natural_key, c.id",
        prefix
    )
    .fetch_all(connection)
    .await
    .during("list a fleet of simulated computers")?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| (row.id, ComputerReference::trusted(row.reference)))
        .collect())
}

/// Every computer that counts, in natural order; or the one of this reference.
pub(crate) async fn listed(
    connection: &mut SqliteConnection,
    reference: Option<&ComputerReference>,
) -> Result<Vec<Listed>, StoreError> {
    let reference = reference.map(ComputerReference::as_str);
    let rows = sqlx::query!(
        r#"SELECT c.id, c.reference, c.title,
             (SELECT count(*) FROM partition p
              WHERE p.computer_id = c.id AND p.validation = 'validated') AS "partitions!: i64",
             (SELECT count(*) FROM partition p
              WHERE p.computer_id = c.id AND p.slap_state = 'busy') AS "busy!: i64",
             s.rules AS "rules?"
         FROM computer c LEFT JOIN simulated_computer s ON s.computer_id = c.id
         WHERE c.validation = 'validated' AND (?1 IS NULL OR c.reference = ?1)
         ORDER BY c.natural_key, c.id"#,
        reference
    )
    .fetch_all(connection)
    .await
    .during("list the computers with what they hold")?;
    Ok(rows
        .into_iter()
        .map(|row| Listed {
            id: row.id,
            reference: ComputerReference::trusted(row.reference),
            title: row.title,
            partitions: row.partitions,
            busy: row.busy,
            rules: row.rules,
        })
        .collect())
}

/// Simulates a computer by these rules; what it is at stays, where it was simulated before.
/// Returns since when it is.
pub(crate) async fn put(
    tx: &mut WriteTx,
    computer_id: i64,
    rules: &str,
    progress: &str,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    let now = now.as_micros();
    let since = sqlx::query_scalar!(
        "INSERT INTO simulated_computer (computer_id, rules, progress, since_us)
         VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (computer_id) DO UPDATE SET rules = excluded.rules RETURNING since_us",
        computer_id,
        rules,
        progress,
        now
    )
    .fetch_one(tx.changing())
    .await
    .during("simulate a computer")?;
    Ok(Timestamp::from_micros(since))
}

/// Keeps what a simulated computer is at.
pub(crate) async fn set_progress(
    tx: &mut WriteTx,
    computer_id: i64,
    progress: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE simulated_computer SET progress = ?2 WHERE computer_id = ?1",
        computer_id,
        progress
    )
    .execute(tx.changing())
    .await
    .during("keep what a simulated computer is at")?;
    Ok(())
}

/// Simulates a computer no more.
pub(crate) async fn remove(tx: &mut WriteTx, computer_id: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM simulated_computer WHERE computer_id = ?1",
        computer_id
    )
    .execute(tx.changing())
    .await
    .during("simulate a computer no more")?;
    Ok(())
}
