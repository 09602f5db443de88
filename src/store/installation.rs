//! Software installations.

use sqlx::SqliteConnection;

use super::{
    During, StoreError, WriteTx,
    column::word,
    counter::{self, Prefix},
};
use crate::domain::{
    identifier::{InstallationReference, SoftwareReleaseUri},
    software::SoftwareInstallation,
    state::InstallationState,
    time::Timestamp,
};

/// The live installation of a release on a computer.
pub(crate) async fn live(
    connection: &mut SqliteConnection,
    computer_id: i64,
    release: &SoftwareReleaseUri,
) -> Result<Option<SoftwareInstallation>, StoreError> {
    let text = release.as_str();
    let row = sqlx::query!(
        "SELECT id, reference, state FROM software_installation
         WHERE computer_id = ?1 AND release = ?2 AND validation = 'validated'",
        computer_id,
        text
    )
    .fetch_optional(connection)
    .await
    .during("find a software installation")?;
    row.map(|row| {
        Ok(SoftwareInstallation {
            id: row.id,
            reference: InstallationReference::trusted(row.reference),
            release: release.clone(),
            state: word(&row.state)?,
        })
    })
    .transpose()
}

/// Whether there was an installation of a release on a computer that ended.
pub(crate) async fn ended(
    connection: &mut SqliteConnection,
    computer_id: i64,
    release: &SoftwareReleaseUri,
) -> Result<bool, StoreError> {
    let text = release.as_str();
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM software_installation WHERE computer_id = ?1
             AND release = ?2 AND validation <> 'validated') AS "ended!: bool""#,
        computer_id,
        text
    )
    .fetch_one(connection)
    .await
    .during("look for an ended software installation")
}

/// The live installations on a computer, oldest first.
pub(crate) async fn of_computer(
    connection: &mut SqliteConnection,
    computer_id: i64,
) -> Result<Vec<SoftwareInstallation>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, reference, release, state FROM software_installation
         WHERE computer_id = ?1 AND validation = 'validated' ORDER BY id",
        computer_id
    )
    .fetch_all(connection)
    .await
    .during("list the software installations of a computer")?;
    rows.into_iter()
        .map(|row| {
            Ok(SoftwareInstallation {
                id: row.id,
                reference: InstallationReference::trusted(row.reference),
                release: SoftwareReleaseUri::trusted(row.release),
                state: word(&row.state)?,
            })
        })
        .collect()
}

/// Adds an installation under the next reference.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    computer_id: i64,
    release: &SoftwareReleaseUri,
    state: InstallationState,
    now: Timestamp,
) -> Result<InstallationReference, StoreError> {
    let reference = counter::next(tx, Prefix::Installation).await?;
    let release = release.as_str();
    let state = state.as_str();
    let created = now.as_micros();
    sqlx::query!(
        "INSERT INTO software_installation (reference, computer_id, release, state, validation,
             created_us)
         VALUES (?1, ?2, ?3, ?4, 'validated', ?5)",
        reference,
        computer_id,
        release,
        state,
        created
    )
    .execute(tx.changing())
    .await
    .during("add a software installation")?;
    Ok(InstallationReference::trusted(reference))
}

/// Asks for the removal of an installation.
pub(crate) async fn request_destroy(tx: &mut WriteTx, id: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE software_installation SET state = 'destroyed' WHERE id = ?1",
        id
    )
    .execute(tx.changing())
    .await
    .during("ask for the removal of software")?;
    Ok(())
}

/// Ends an installation, and forgets its status.
pub(crate) async fn invalidate(
    tx: &mut WriteTx,
    installation: &SoftwareInstallation,
) -> Result<(), StoreError> {
    let reference = installation.reference.as_str();
    sqlx::query!(
        "UPDATE software_installation SET validation = 'invalidated', state = 'destroyed'
         WHERE id = ?1",
        installation.id
    )
    .execute(tx.changing())
    .await
    .during("end a software installation")?;
    sqlx::query!(
        "DELETE FROM access_status WHERE subject = 'installation' AND reference = ?1",
        reference
    )
    .execute(tx.changing())
    .await
    .during("forget the status of a software installation")?;
    Ok(())
}
