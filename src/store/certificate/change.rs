//! What adds certificates and revokes them.

use std::collections::HashSet;

use super::{Holder, present_second};
use crate::{
    domain::{
        certificate::{CertificateSerial, Validity},
        secret::Secret,
        time::Timestamp,
    },
    store::{During, StoreError, WriteTx, bulk::row, column::texts_json},
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

/// Adds the first certificates of live software instances, given by their rows; answers the rows of
/// those that got one. Those that ended, or have one, get none.
pub(crate) async fn insert_first(
    tx: &mut WriteTx,
    all: &[(i64, NewCertificate<'_>)],
) -> Result<HashSet<i64>, StoreError> {
    let rows: Vec<_> = all
        .iter()
        .map(|(instance_id, new)| {
            row!(
                instance_id,
                new.serial.as_str(),
                new.common_name,
                new.pem,
                new.key_pem.map(Secret::expose),
                new.validity.not_before.as_micros(),
                new.validity.not_after.as_micros(),
                new.issued_at.as_micros(),
            )
        })
        .collect();
    let rows = format!("[{}]", rows.join(","));
    let added = sqlx::query!(
        "WITH row AS MATERIALIZED (SELECT key, value FROM json_each(?1))
         INSERT INTO certificate (subject, instance_id, serial, common_name, certificate_pem,
             key_pem, not_before_us, not_after_us, issued_us)
         SELECT 'instance', i.id, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4,
             j.value ->> 5, j.value ->> 6, j.value ->> 7
         FROM row j CROSS JOIN instance i ON i.id = j.value ->> 0
         WHERE i.kind = 'software' AND i.validation = 'validated'
             AND NOT EXISTS (SELECT 1 FROM certificate c WHERE c.instance_id = i.id)
         ORDER BY j.key",
        rows
    )
    .execute(tx.changing())
    .await
    .during("add the certificates of instances")?;
    // Rows that are answered cost more than those that are written: nearly always it is all of them.
    if usize::try_from(added.rows_affected()) == Ok(all.len()) {
        return Ok(all.iter().map(|(id, _)| *id).collect());
    }
    let given = sqlx::query_scalar!(
        r#"SELECT c.instance_id AS "instance_id!: i64"
           FROM json_each(?1) j JOIN certificate c ON c.serial = j.value ->> 1"#,
        rows
    )
    .fetch_all(&mut **tx)
    .await
    .during("find the certificates that were added")?;
    Ok(given.into_iter().collect())
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
