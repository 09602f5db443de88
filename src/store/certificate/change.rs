//! What adds certificates and revokes them.

use super::{Holder, present_second};
use crate::{
    domain::{
        certificate::{CertificateSerial, Validity},
        secret::Secret,
        time::Timestamp,
    },
    store::{During, StoreError, WriteTx, column::texts_json},
};

/// A certificate to add.
#[derive(Debug)]
pub(crate) struct NewCertificate<'a> {
    /// Its serial number.
    pub(crate) serial: &'a CertificateSerial,
    /// Its common name.
    pub(crate) common_name: &'a str,
    /// The certificate.
    pub(crate) pem: &'a str,
    /// Its key, where that is handed out again.
    pub(crate) key_pem: Option<&'a Secret>,
    /// From when to when it counts.
    pub(crate) validity: Validity,
    /// When it was issued.
    pub(crate) issued_at: Timestamp,
}

/// Adds a certificate of a holder.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    holder: Holder,
    new: &NewCertificate<'_>,
) -> Result<(), StoreError> {
    let serial = new.serial.as_str();
    let kind = holder.kind().as_str();
    let (computer_id, instance_id, user_id) = holder.columns();
    let key_pem = new.key_pem.map(Secret::expose);
    let not_before = new.validity.not_before.as_micros();
    let not_after = new.validity.not_after.as_micros();
    let issued = new.issued_at.as_micros();
    sqlx::query!(
        "INSERT INTO certificate (serial, subject, common_name, computer_id, instance_id, user_id,
             certificate_pem, key_pem, not_before_us, not_after_us, issued_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        serial,
        kind,
        new.common_name,
        computer_id,
        instance_id,
        user_id,
        new.pem,
        key_pem,
        not_before,
        not_after,
        issued
    )
    .execute(tx.changing())
    .await
    .during("add a certificate")?;
    Ok(())
}

/// Adds the first certificate of a live software instance. False if that ended, or has one.
pub(crate) async fn insert_first(
    tx: &mut WriteTx,
    instance_id: i64,
    new: &NewCertificate<'_>,
) -> Result<bool, StoreError> {
    let serial = new.serial.as_str();
    let key_pem = new.key_pem.map(Secret::expose);
    let not_before = new.validity.not_before.as_micros();
    let not_after = new.validity.not_after.as_micros();
    let issued = new.issued_at.as_micros();
    let done = sqlx::query!(
        "INSERT INTO certificate (serial, subject, common_name, instance_id, certificate_pem,
             key_pem, not_before_us, not_after_us, issued_us)
         SELECT ?1, 'instance', ?2, i.id, ?4, ?5, ?6, ?7, ?8 FROM instance i
         WHERE i.id = ?3 AND i.kind = 'software' AND i.validation = 'validated'
           AND NOT EXISTS (SELECT 1 FROM certificate c WHERE c.instance_id = i.id)",
        serial,
        new.common_name,
        instance_id,
        new.pem,
        key_pem,
        not_before,
        not_after,
        issued
    )
    .execute(tx.changing())
    .await
    .during("add the certificate of an instance")?;
    Ok(done.rows_affected() == 1)
}

/// Adds a certificate of the server for these names.
pub(crate) async fn insert_server(
    tx: &mut WriteTx,
    names: &[String],
    new: &NewCertificate<'_>,
) -> Result<(), StoreError> {
    let names = texts_json(names);
    let serial = new.serial.as_str();
    let key_pem = new.key_pem.map(Secret::expose);
    let not_before = new.validity.not_before.as_micros();
    let not_after = new.validity.not_after.as_micros();
    let issued = new.issued_at.as_micros();
    sqlx::query!(
        "INSERT INTO certificate (serial, subject, common_name, certificate_pem, key_pem, names,
             not_before_us, not_after_us, issued_us)
         VALUES (?1, 'server', ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        serial,
        new.common_name,
        new.pem,
        key_pem,
        names,
        not_before,
        not_after,
        issued
    )
    .execute(tx.changing())
    .await
    .during("add the server's certificate")?;
    Ok(())
}

/// Revokes what a holder has that is neither revoked nor expired.
pub(crate) async fn revoke_active(
    tx: &mut WriteTx,
    holder: Holder,
    now: Timestamp,
) -> Result<Vec<CertificateSerial>, StoreError> {
    let since = present_second(now);
    let now = now.as_micros();
    let connection = tx.changing();
    let revoked = match holder {
        Holder::Computer(id) => {
            sqlx::query_scalar!(
                "UPDATE certificate SET revoked_us = ?2
                 WHERE computer_id = ?1 AND revoked_us IS NULL AND not_after_us >= ?3
                 RETURNING serial",
                id,
                now,
                since
            )
            .fetch_all(connection)
            .await
        }
        Holder::Instance(id) => {
            sqlx::query_scalar!(
                "UPDATE certificate SET revoked_us = ?2
                 WHERE instance_id = ?1 AND revoked_us IS NULL AND not_after_us >= ?3
                 RETURNING serial",
                id,
                now,
                since
            )
            .fetch_all(connection)
            .await
        }
        Holder::User(id) => {
            sqlx::query_scalar!(
                "UPDATE certificate SET revoked_us = ?2
                 WHERE user_id = ?1 AND revoked_us IS NULL AND not_after_us >= ?3
                 RETURNING serial",
                id,
                now,
                since
            )
            .fetch_all(connection)
            .await
        }
    };
    let revoked = revoked.during("revoke certificates")?;
    Ok(revoked
        .into_iter()
        .map(CertificateSerial::trusted)
        .collect())
}

/// Revokes a certificate that is not.
pub(crate) async fn revoke(
    tx: &mut WriteTx,
    serial: &CertificateSerial,
    now: Timestamp,
) -> Result<(), StoreError> {
    let serial = serial.as_str();
    let now = now.as_micros();
    sqlx::query!(
        "UPDATE certificate SET revoked_us = ?2 WHERE serial = ?1 AND revoked_us IS NULL",
        serial,
        now
    )
    .execute(tx.changing())
    .await
    .during("revoke a certificate")?;
    Ok(())
}
