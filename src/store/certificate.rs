//! Certificates. What counts is decided by these rows; the revocation list is a rendering of
//! them.

use sqlx::SqliteConnection;

use super::{
    During, StoreError, WriteTx,
    column::{texts, texts_json, word},
};
use crate::domain::{
    certificate::{Certificate, CertificateKind, CertificateSerial, CertificateSubject, Validity},
    identifier::InstanceReference,
    secret::Secret,
    time::Timestamp,
};

/// The row of whom a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A computer.
    Computer(i64),
    /// A software instance.
    Instance(i64),
    /// A person.
    User(i64),
}

impl Holder {
    const fn kind(self) -> CertificateKind {
        match self {
            Self::Computer(_) => CertificateKind::Computer,
            Self::Instance(_) => CertificateKind::Instance,
            Self::User(_) => CertificateKind::User,
        }
    }

    /// The rows for the three columns.
    const fn columns(self) -> (Option<i64>, Option<i64>, Option<i64>) {
        match self {
            Self::Computer(id) => (Some(id), None, None),
            Self::Instance(id) => (None, Some(id), None),
            Self::User(id) => (None, None, Some(id)),
        }
    }
}

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

struct Row {
    serial: String,
    subject: String,
    common_name: String,
    certificate_pem: String,
    not_before_us: i64,
    not_after_us: i64,
    issued_us: i64,
    revoked_us: Option<i64>,
}

impl TryFrom<Row> for Certificate {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            serial: CertificateSerial::trusted(row.serial),
            kind: word(&row.subject)?,
            common_name: row.common_name,
            validity: Validity {
                not_before: Timestamp::from_micros(row.not_before_us),
                not_after: Timestamp::from_micros(row.not_after_us),
            },
            issued_at: Timestamp::from_micros(row.issued_us),
            revoked_at: row.revoked_us.map(Timestamp::from_micros),
            pem: row.certificate_pem,
        })
    }
}

/// A certificate by its serial number.
pub(crate) async fn by_serial(
    connection: &mut SqliteConnection,
    serial: &CertificateSerial,
) -> Result<Option<Certificate>, StoreError> {
    let serial = serial.as_str();
    sqlx::query_as!(
        Row,
        "SELECT serial, subject, common_name, certificate_pem, not_before_us, not_after_us,
             issued_us, revoked_us
         FROM certificate WHERE serial = ?1",
        serial
    )
    .fetch_optional(connection)
    .await
    .during("find a certificate")?
    .map(Certificate::try_from)
    .transpose()
}

/// The certificates of a kind and of a common name, where these are given, oldest first.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    kind: Option<CertificateKind>,
    common_name: Option<&str>,
) -> Result<Vec<Certificate>, StoreError> {
    let kind = kind.map(CertificateKind::as_str);
    let rows = match common_name {
        // Apart, so that the name is looked up in its index.
        Some(common_name) => {
            sqlx::query_as!(
                Row,
                "SELECT serial, subject, common_name, certificate_pem, not_before_us,
                     not_after_us, issued_us, revoked_us
                 FROM certificate WHERE common_name = ?1 AND (?2 IS NULL OR subject = ?2)
                 ORDER BY id",
                common_name,
                kind
            )
            .fetch_all(connection)
            .await
        }
        None => {
            sqlx::query_as!(
                Row,
                "SELECT serial, subject, common_name, certificate_pem, not_before_us,
                     not_after_us, issued_us, revoked_us
                 FROM certificate WHERE ?1 IS NULL OR subject = ?1 ORDER BY id",
                kind
            )
            .fetch_all(connection)
            .await
        }
    };
    rows.during("list the certificates")?
        .into_iter()
        .map(Certificate::try_from)
        .collect()
}

/// The first microsecond of the last second in which a certificate must count to count now.
const fn present_second(now: Timestamp) -> i64 {
    Timestamp::from_seconds(now.as_seconds()).as_micros()
}

/// Whether a holder has a certificate that is neither revoked nor expired.
pub(crate) async fn has_active(
    connection: &mut SqliteConnection,
    holder: Holder,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let since = present_second(now);
    let found = match holder {
        Holder::Computer(id) => {
            sqlx::query_scalar!(
                r#"SELECT EXISTS (SELECT 1 FROM certificate WHERE computer_id = ?1
                     AND revoked_us IS NULL AND not_after_us >= ?2) AS "active!: bool""#,
                id,
                since
            )
            .fetch_one(connection)
            .await
        }
        Holder::Instance(id) => {
            sqlx::query_scalar!(
                r#"SELECT EXISTS (SELECT 1 FROM certificate WHERE instance_id = ?1
                     AND revoked_us IS NULL AND not_after_us >= ?2) AS "active!: bool""#,
                id,
                since
            )
            .fetch_one(connection)
            .await
        }
        Holder::User(id) => {
            sqlx::query_scalar!(
                r#"SELECT EXISTS (SELECT 1 FROM certificate WHERE user_id = ?1
                     AND revoked_us IS NULL AND not_after_us >= ?2) AS "active!: bool""#,
                id,
                since
            )
            .fetch_one(connection)
            .await
        }
    };
    found.during("look for a certificate that counts")
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

/// The subject's row, whether it still counts or not; none where there is no such subject, or it
/// can have no certificate.
pub(crate) async fn holder(
    connection: &mut SqliteConnection,
    subject: &CertificateSubject,
) -> Result<Option<Holder>, StoreError> {
    let reference = subject.reference();
    let found = match subject {
        CertificateSubject::Computer(_) => {
            sqlx::query_scalar!("SELECT id FROM computer WHERE reference = ?1", reference)
                .fetch_optional(connection)
                .await
                .map(|id| id.map(Holder::Computer))
        }
        CertificateSubject::Instance(_) => sqlx::query_scalar!(
            "SELECT id FROM instance WHERE reference = ?1 AND kind = 'software'",
            reference
        )
        .fetch_optional(connection)
        .await
        .map(|id| id.map(Holder::Instance)),
        CertificateSubject::User(_) => {
            sqlx::query_scalar!("SELECT id FROM user WHERE reference = ?1", reference)
                .fetch_optional(connection)
                .await
                .map(|id| id.map(Holder::User))
        }
    };
    found.during("find whom a certificate is for")
}

/// The software instance on a partition: the live one, or the last that ended and was not yet
/// unlinked.
#[derive(Debug)]
pub(crate) struct Tenant {
    /// Row.
    pub(crate) id: i64,
    /// Its reference.
    pub(crate) reference: InstanceReference,
    /// Whether it counts.
    pub(crate) live: bool,
}

/// The software instance on a partition, live or not.
pub(crate) async fn tenant(
    connection: &mut SqliteConnection,
    partition_id: i64,
) -> Result<Option<Tenant>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT id, reference, validation = 'validated' AS "live!: bool" FROM instance
         WHERE partition_id = ?1 AND kind = 'software'
         ORDER BY validation = 'validated' DESC, id DESC LIMIT 1"#,
        partition_id
    )
    .fetch_optional(connection)
    .await
    .during("find the instance on a partition")?;
    Ok(row.map(|row| Tenant {
        id: row.id,
        reference: InstanceReference::trusted(row.reference),
        live: row.live,
    }))
}

/// The last certificate of an instance, with its key.
pub(crate) async fn pair_of_instance(
    connection: &mut SqliteConnection,
    instance_id: i64,
) -> Result<Option<(String, Secret)>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT certificate_pem, key_pem AS "key_pem!" FROM certificate
         WHERE instance_id = ?1 AND key_pem IS NOT NULL ORDER BY id DESC LIMIT 1"#,
        instance_id
    )
    .fetch_optional(connection)
    .await
    .during("read the certificate of an instance")?;
    Ok(row.map(|row| (row.certificate_pem, Secret::new(row.key_pem))))
}

/// The server's last certificate that was not revoked.
#[derive(Debug)]
pub(crate) struct ServerRow {
    /// What it is for.
    pub(crate) names: Vec<String>,
    /// The certificate.
    pub(crate) pem: String,
    /// Its key.
    pub(crate) key_pem: Secret,
    /// From when to when it counts.
    pub(crate) validity: Validity,
}

/// The server's last certificate, unless that was revoked.
pub(crate) async fn server(
    connection: &mut SqliteConnection,
) -> Result<Option<ServerRow>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT names AS "names!", certificate_pem, key_pem AS "key_pem!", not_before_us,
             not_after_us, revoked_us
         FROM certificate WHERE subject = 'server' ORDER BY id DESC LIMIT 1"#
    )
    .fetch_optional(connection)
    .await
    .during("read the server's certificate")?;
    row.filter(|row| row.revoked_us.is_none())
        .map(|row| {
            Ok(ServerRow {
                names: texts(&row.names)?,
                pem: row.certificate_pem,
                key_pem: Secret::new(row.key_pem),
                validity: Validity {
                    not_before: Timestamp::from_micros(row.not_before_us),
                    not_after: Timestamp::from_micros(row.not_after_us),
                },
            })
        })
        .transpose()
}

/// What a revocation list names: what was revoked and is not past its time.
pub(crate) async fn revoked(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<Vec<(CertificateSerial, Timestamp)>, StoreError> {
    let since = present_second(now);
    let rows = sqlx::query!(
        r#"SELECT serial, revoked_us AS "revoked_us!" FROM certificate
         WHERE revoked_us IS NOT NULL AND not_after_us >= ?1 ORDER BY revoked_us, id"#,
        since
    )
    .fetch_all(connection)
    .await
    .during("list the revoked certificates")?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let revoked_at = Timestamp::from_micros(row.revoked_us);
            (CertificateSerial::trusted(row.serial), revoked_at)
        })
        .collect())
}

/// How many certificates were ever revoked.
pub(crate) async fn count_revoked(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar!("SELECT count(*) FROM certificate WHERE revoked_us IS NOT NULL")
        .fetch_one(connection)
        .await
        .during("count the revoked certificates")
}
