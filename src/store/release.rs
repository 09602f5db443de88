//! Local software releases, wherever one is named, and the folder that they are below
//! (`slap.md` 9.3).

use std::path::Path;

use sqlx::SqliteConnection;

use super::{During, StoreError, WriteTx, column::corrupt};
use crate::domain::{identifier::SoftwareReleaseUri, local_release::ReleaseRoot};

/// The folder that local releases are below.
pub(crate) async fn root(connection: &mut SqliteConnection) -> Result<ReleaseRoot, StoreError> {
    let path = sqlx::query_scalar!("SELECT local_release_root FROM world WHERE id = 1")
        .fetch_one(connection)
        .await
        .during("read the root of local releases")?;
    ReleaseRoot::new(Path::new(&path)).ok_or_else(|| corrupt("a path that is not absolute"))
}

/// Keeps the folder that local releases are below.
pub(crate) async fn set_root(tx: &mut WriteTx, root: &ReleaseRoot) -> Result<(), StoreError> {
    let path = root.as_path().to_string_lossy();
    sqlx::query!(
        "UPDATE world SET local_release_root = ?1 WHERE id = 1",
        path
    )
    .execute(tx.changing())
    .await
    .during("keep the root of local releases")?;
    Ok(())
}

/// Every release that is a path, wherever it is named.
pub(crate) async fn local(
    connection: &mut SqliteConnection,
) -> Result<Vec<SoftwareReleaseUri>, StoreError> {
    let releases = sqlx::query_scalar!(
        r#"SELECT release AS "release!" FROM instance WHERE release GLOB '/*'
         UNION SELECT release FROM instance_tree WHERE release GLOB '/*'
         UNION SELECT release FROM software_installation WHERE release GLOB '/*'
         ORDER BY 1"#
    )
    .fetch_all(connection)
    .await
    .during("list the local releases")?;
    Ok(releases
        .into_iter()
        .map(SoftwareReleaseUri::trusted)
        .collect())
}

/// Names a release anew, with the trees, instances and installations that name it. Of a computer
/// that has software of both names, that of the old name ends.
pub(crate) async fn rename(
    tx: &mut WriteTx,
    from: &SoftwareReleaseUri,
    to: &SoftwareReleaseUri,
) -> Result<(), StoreError> {
    let (from, to) = (from.as_str(), to.as_str());
    sqlx::query!(
        "UPDATE instance SET release = ?2 WHERE release = ?1",
        from,
        to
    )
    .execute(tx.changing())
    .await
    .during("name the release of instances anew")?;
    sqlx::query!(
        "UPDATE instance_tree SET release = ?2 WHERE release = ?1",
        from,
        to
    )
    .execute(tx.changing())
    .await
    .during("name the release of instance trees anew")?;
    sqlx::query!(
        "UPDATE software_installation SET validation = 'invalidated', state = 'destroyed'
         WHERE release = ?1 AND validation = 'validated' AND EXISTS (
             SELECT 1 FROM software_installation o
             WHERE o.computer_id = software_installation.computer_id AND o.release = ?2
                 AND o.validation = 'validated')",
        from,
        to
    )
    .execute(tx.changing())
    .await
    .during("end software that is there under its new name")?;
    sqlx::query!(
        "UPDATE software_installation SET release = ?2 WHERE release = ?1",
        from,
        to
    )
    .execute(tx.changing())
    .await
    .during("name installed software anew")?;
    Ok(())
}
