//! Rows as they were kept elsewhere. As in `bulk.rs`, each travels as a list in JSON.

use crate::{
    domain::{
        certificate::{CertificateSerial, Validity},
        instance::Instance,
        record::{CertificateRecord, InstanceRecord, SoftwareRecord, UsageRecord},
        secret::Secret,
        state::{InstallationState, Validation},
        status::{AccessStatus, StatusSubject},
        time::Timestamp,
    },
    store::{
        During, StoreError, WriteTx,
        bulk::{row, statements},
        certificate::Holder,
        column::parameters_json,
    },
};

/// Writes what was kept of a computer and is no policy.
pub(crate) async fn set_computer(
    tx: &mut WriteTx,
    id: i64,
    validation: Validation,
    created_at: Timestamp,
    listed: usize,
) -> Result<(), StoreError> {
    let validation = validation.as_str();
    let created = created_at.as_micros();
    let quantity = i64::try_from(listed).unwrap_or(i64::MAX);
    sqlx::query!(
        "UPDATE computer SET validation = ?2, created_us = ?3, quantity = ?4 WHERE id = ?1",
        id,
        validation,
        created,
        quantity
    )
    .execute(tx.changing())
    .await
    .during("write a computer as it was kept")?;
    Ok(())
}

/// Software of a computer as it was kept.
#[derive(Debug)]
pub(crate) struct NewInstallation<'a> {
    /// Row of the computer.
    pub(crate) computer_id: i64,
    /// The release.
    pub(crate) release: &'a str,
    /// What is wanted of it.
    pub(crate) state: InstallationState,
    /// The rest.
    pub(crate) record: &'a SoftwareRecord,
}

/// Adds software; false if one has a reference that there is already.
pub(crate) async fn insert_installations(
    tx: &mut WriteTx,
    installations: &[NewInstallation<'_>],
) -> Result<bool, StoreError> {
    let rows = installations.iter().map(|one| {
        row!(
            one.record.reference.as_str(),
            one.computer_id,
            one.release,
            one.state.as_str(),
            one.record.validation.as_str(),
            one.record.created_at.as_micros(),
        )
    });
    let mut added = 0;
    for rows in statements(rows) {
        let done = sqlx::query!(
            "WITH row AS MATERIALIZED (SELECT value FROM json_each(?1) ORDER BY key)
             INSERT INTO software_installation (reference, computer_id, release, state, validation,
                 created_us)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
             FROM row WHERE true ON CONFLICT (reference) DO NOTHING",
            rows
        )
        .execute(tx.changing())
        .await
        .during("add software as it was kept")?;
        added += done.rows_affected();
    }
    Ok(usize::try_from(added).ok() == Some(installations.len()))
}

/// An instance as it was kept.
#[derive(Debug)]
pub(crate) struct NewKept<'a> {
    /// The instance under the row that it gets; its requester comes with [`set_parents`].
    pub(crate) instance: &'a Instance,
    /// The rest.
    pub(crate) record: &'a InstanceRecord,
}

/// Adds instances under their rows.
pub(crate) async fn insert_instances(
    tx: &mut WriteTx,
    instances: &[NewKept<'_>],
) -> Result<(), StoreError> {
    let rows = instances.iter().map(|NewKept { instance, record }| {
        row!(
            instance.id,
            instance.reference.as_str(),
            instance.kind.as_str(),
            instance.title.as_str(),
            instance.tree_id,
            instance.partition_id,
            instance.wanted.release.as_str(),
            instance.wanted.software_type.as_str(),
            parameters_json(&instance.wanted.parameters),
            parameters_json(&instance.wanted.sla),
            parameters_json(&instance.connection),
            instance.wanted.state.as_str(),
            record.validation.as_str(),
            record.changed_at.as_micros(),
            record.created_at.as_micros(),
            record.failure,
        )
    });
    for rows in statements(rows) {
        sqlx::query!(
            "WITH row AS MATERIALIZED (SELECT value FROM json_each(?1) ORDER BY key)
             INSERT INTO instance (id, reference, kind, title, tree_id, partition_id, release,
                 software_type, parameters, sla, connection, slap_state, validation, stamped_us,
                 created_us, allocation_failure)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                 value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11,
                 value ->> 12, value ->> 13, value ->> 14, value ->> 15
             FROM row",
            rows
        )
        .execute(tx.changing())
        .await
        .during("add instances as they were kept")?;
    }
    Ok(())
}

/// Gives instances their requesters: rows of both.
pub(crate) async fn set_parents(tx: &mut WriteTx, pairs: &[(i64, i64)]) -> Result<(), StoreError> {
    for rows in statements(pairs.iter().map(|(id, parent)| row!(id, parent))) {
        sqlx::query!(
            "UPDATE instance SET parent_id = j.value ->> 1
             FROM json_each(?1) j WHERE instance.id = j.value ->> 0",
            rows
        )
        .execute(tx.changing())
        .await
        .during("set the requesters of instances")?;
    }
    Ok(())
}

/// Lets those of these partitions be busy that are free.
pub(crate) async fn occupy(tx: &mut WriteTx, partitions: &[i64]) -> Result<(), StoreError> {
    for rows in statements(partitions.iter().map(ToString::to_string)) {
        sqlx::query!(
            "UPDATE partition SET slap_state = 'busy'
             WHERE slap_state = 'free' AND id IN (SELECT value FROM json_each(?1))",
            rows
        )
        .execute(tx.changing())
        .await
        .during("occupy partitions")?;
    }
    Ok(())
}

/// Writes statuses, each in the place of the one that its subject has.
pub(crate) async fn write_statuses(
    tx: &mut WriteTx,
    statuses: &[(StatusSubject, &str, &AccessStatus)],
) -> Result<(), StoreError> {
    let rows = statuses.iter().map(|(subject, reference, status)| {
        row!(
            subject.as_str(),
            reference,
            status.user,
            status.kind.as_str(),
            status.message,
            status.state,
            status.created_at.as_micros(),
            status.since.as_micros(),
        )
    });
    for rows in statements(rows) {
        sqlx::query!(
            "WITH row AS MATERIALIZED (SELECT value FROM json_each(?1) ORDER BY key)
             INSERT OR REPLACE INTO access_status (subject, reference, user, kind, message, state,
                 created_us, since_us)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                 value ->> 6, value ->> 7
             FROM row",
            rows
        )
        .execute(tx.changing())
        .await
        .during("write statuses")?;
    }
    Ok(())
}

/// A certificate as it was kept, with what is read from it.
pub(crate) type KeptCertificate<'a> = (
    Holder,
    &'a CertificateRecord,
    CertificateSerial,
    String,
    Validity,
);

/// Adds certificates; false if there is one of the same serial number already.
pub(crate) async fn insert_certificates(
    tx: &mut WriteTx,
    certificates: &[KeptCertificate<'_>],
) -> Result<bool, StoreError> {
    let rows = certificates
        .iter()
        .map(|(holder, record, serial, common_name, validity)| {
            let (computer_id, instance_id, user_id) = holder.columns();
            row!(
                serial.as_str(),
                record.subject.kind().as_str(),
                common_name,
                computer_id,
                instance_id,
                user_id,
                record.pem,
                record.key_pem.as_ref().map(Secret::expose),
                validity.not_before.as_micros(),
                validity.not_after.as_micros(),
                record.issued_at.as_micros(),
                record.revoked_at.map(Timestamp::as_micros),
            )
        });
    let mut added = 0;
    for rows in statements(rows) {
        let done = sqlx::query!(
            "WITH row AS MATERIALIZED (SELECT value FROM json_each(?1) ORDER BY key)
             INSERT INTO certificate (serial, subject, common_name, computer_id, instance_id,
                 user_id, certificate_pem, key_pem, not_before_us, not_after_us, issued_us,
                 revoked_us)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                 value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11
             FROM row WHERE true ON CONFLICT (serial) DO NOTHING",
            rows
        )
        .execute(tx.changing())
        .await
        .during("add certificates as they were kept")?;
        added += done.rows_affected();
    }
    Ok(usize::try_from(added).ok() == Some(certificates.len()))
}

/// Adds a usage report; false if there is one of this reference and version already.
pub(crate) async fn insert_usage(
    tx: &mut WriteTx,
    computer_id: i64,
    report: &UsageRecord,
) -> Result<bool, StoreError> {
    let created = report.created_at.as_micros();
    let done = sqlx::query!(
        "INSERT INTO usage_report (computer_id, reference, version, document, created_us)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (computer_id, reference, version) DO NOTHING",
        computer_id,
        report.reference,
        report.version,
        report.document,
        created
    )
    .execute(tx.changing())
    .await
    .during("add a usage report as it was kept")?;
    Ok(done.rows_affected() == 1)
}
