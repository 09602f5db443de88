//! Certificates. What counts is decided by these rows; the revocation list is a rendering of
//! them.

mod change;

use sqlx::SqliteConnection;

pub(crate) use change::{
    NewCertificate, insert, insert_first, insert_server, revoke, revoke_active,
};

use super::{
    During, StoreError,
    column::{texts, word},
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
    pub(in crate::store) const fn columns(self) -> (Option<i64>, Option<i64>, Option<i64>) {
        match self {
            Self::Computer(id) => (Some(id), None, None),
            Self::Instance(id) => (None, Some(id), None),
            Self::User(id) => (None, None, Some(id)),
        }
    }
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

/// How many certificates count at this moment.
pub(crate) async fn count_valid(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let now = now.as_micros();
    sqlx::query_scalar!(
        r#"SELECT COUNT(*) AS "count!: i64" FROM certificate
         WHERE revoked_us IS NULL AND not_before_us <= ?1 AND not_after_us >= ?1"#,
        now
    )
    .fetch_one(connection)
    .await
    .during("count the valid certificates")
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

/// Certificate and key of an instance.
#[derive(Debug)]
pub(crate) struct InstancePair {
    /// The certificate.
    pub(crate) certificate_pem: String,
    /// Its key.
    pub(crate) key_pem: Secret,
    /// When the instance was last changed.
    pub(crate) changed_at: Timestamp,
}

/// The last certificate of an instance, with its key.
pub(crate) async fn pair_of_instance(
    connection: &mut SqliteConnection,
    instance_id: i64,
) -> Result<Option<InstancePair>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT c.certificate_pem, c.key_pem AS "key_pem!", i.stamped_us
         FROM certificate c JOIN instance i ON i.id = c.instance_id
         WHERE c.instance_id = ?1 AND c.key_pem IS NOT NULL ORDER BY c.id DESC LIMIT 1"#,
        instance_id
    )
    .fetch_optional(connection)
    .await
    .during("read the certificate of an instance")?;
    Ok(row.map(|row| InstancePair {
        certificate_pem: row.certificate_pem,
        key_pem: Secret::new(row.key_pem),
        changed_at: Timestamp::from_micros(row.stamped_us),
    }))
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
