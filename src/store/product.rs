//! Software products.

use sqlx::SqliteConnection;

use super::{During, StoreError, WriteTx};
use crate::domain::{identifier::SoftwareReleaseUri, product::ProductRelease, time::Timestamp};

/// The releases of a product by its reference, if it is one of the project's, where one is named.
pub(crate) async fn releases(
    connection: &mut SqliteConnection,
    project: Option<&str>,
    product: &str,
) -> Result<Vec<ProductRelease>, StoreError> {
    let rows = sqlx::query!(
        "SELECT r.release, r.effective_us FROM software_product s
         JOIN project j ON j.id = s.project_id
         JOIN software_product_release r ON r.product_id = s.id
         WHERE s.reference = ?1 AND (?2 IS NULL OR j.reference = ?2) ORDER BY r.id DESC",
        product,
        project
    )
    .fetch_all(connection)
    .await
    .during("list the releases of a product")?;
    Ok(rows
        .into_iter()
        .map(|row| ProductRelease {
            uri: SoftwareReleaseUri::trusted(row.release),
            effective_at: Timestamp::from_micros(row.effective_us),
        })
        .collect())
}

/// The product that a release belongs to, among the project's where one is named; of several, the
/// first that was made.
pub(crate) async fn of_release(
    connection: &mut SqliteConnection,
    project: Option<&str>,
    release: &str,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar!(
        "SELECT s.reference FROM software_product_release r
         JOIN software_product s ON s.id = r.product_id
         JOIN project j ON j.id = s.project_id
         WHERE r.release = ?1 AND (?2 IS NULL OR j.reference = ?2) ORDER BY s.id LIMIT 1",
        release,
        project
    )
    .fetch_optional(connection)
    .await
    .during("find the product of a release")
}

/// Whether one product of the project offers both the release and the type.
pub(crate) async fn offers(
    connection: &mut SqliteConnection,
    project: &str,
    release: &str,
    software_type: &str,
) -> Result<bool, StoreError> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT 1 FROM software_product s JOIN project j ON j.id = s.project_id
             JOIN software_product_release r ON r.product_id = s.id AND r.release = ?2
             JOIN software_product_type t ON t.product_id = s.id AND t.software_type = ?3
             WHERE j.reference = ?1) AS "offers!: bool""#,
        project,
        release,
        software_type
    )
    .fetch_one(connection)
    .await
    .during("look for a product")
}

/// Whether there is a product of this reference.
pub(crate) async fn is_known(
    connection: &mut SqliteConnection,
    reference: &str,
) -> Result<bool, StoreError> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM software_product WHERE reference = ?1) AS "known!: bool""#,
        reference
    )
    .fetch_one(connection)
    .await
    .during("look for a product by reference")
}

/// Adds a product.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    reference: &str,
    project_id: i64,
) -> Result<i64, StoreError> {
    sqlx::query_scalar!(
        "INSERT INTO software_product (reference, project_id) VALUES (?1, ?2) RETURNING id AS \"id!\"",
        reference,
        project_id
    )
    .fetch_one(tx.changing())
    .await
    .during("add a software product")
}

/// Adds a release to a product.
pub(crate) async fn insert_release(
    tx: &mut WriteTx,
    product_id: i64,
    release: &ProductRelease,
) -> Result<(), StoreError> {
    let uri = release.uri.as_str();
    let effective = release.effective_at.as_micros();
    sqlx::query!(
        "INSERT INTO software_product_release (product_id, release, effective_us)
         VALUES (?1, ?2, ?3)",
        product_id,
        uri,
        effective
    )
    .execute(tx.changing())
    .await
    .during("add a release to a software product")?;
    Ok(())
}

/// Adds a software type to a product.
pub(crate) async fn insert_type(
    tx: &mut WriteTx,
    product_id: i64,
    software_type: &str,
    weight: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO software_product_type (product_id, software_type, weight)
         VALUES (?1, ?2, ?3)",
        product_id,
        software_type,
        weight
    )
    .execute(tx.changing())
    .await
    .during("add a type to a software product")?;
    Ok(())
}

/// Forgets the products of the configuration, and whatever has one of these references.
pub(crate) async fn forget_configured(
    tx: &mut WriteTx,
    references: &[&str],
) -> Result<(), StoreError> {
    let references = serde_json::json!(references).to_string();
    sqlx::query!(
        "DELETE FROM software_product
         WHERE configured = 1 OR reference IN (SELECT value FROM json_each(?1))",
        references
    )
    .execute(tx.changing())
    .await
    .during("forget the products of the configuration")?;
    Ok(())
}

/// Notes that a product comes from the configuration.
pub(crate) async fn set_configured(tx: &mut WriteTx, id: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE software_product SET configured = 1 WHERE id = ?1",
        id
    )
    .execute(tx.changing())
    .await
    .during("note a product of the configuration")?;
    Ok(())
}
