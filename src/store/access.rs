//! What rights follow from: certificates with their subjects, and whose an object is.

use sqlx::SqliteConnection;

use super::{During, StoreError};
use crate::domain::{
    certificate::{CertificateSerial, Validity},
    identifier::{ComputerReference, InstanceReference, PartitionAddress, UserReference},
    permission::{ComputerFacts, Identity, InstanceFacts},
    time::Timestamp,
};

/// A certificate, as far as it tells who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// From when to when it counts.
    pub(crate) validity: Validity,
    /// When it was revoked.
    pub(crate) revoked_at: Option<Timestamp>,
    /// Whose it is.
    pub(crate) subject: Option<Subject>,
}

/// The row that a certificate is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A computer.
    Computer(i64),
    /// An instance.
    Instance(i64),
    /// A person.
    User(i64),
}

/// The certificate of this serial number.
pub(crate) async fn shown(
    connection: &mut SqliteConnection,
    serial: &CertificateSerial,
) -> Result<Option<Shown>, StoreError> {
    let serial = serial.as_str();
    let row = sqlx::query!(
        "SELECT computer_id, instance_id, user_id, not_before_us, not_after_us, revoked_us
         FROM certificate WHERE serial = ?1",
        serial
    )
    .fetch_optional(connection)
    .await
    .during("find a certificate")?;
    Ok(row.map(|row| Shown {
        validity: Validity {
            not_before: Timestamp::from_micros(row.not_before_us),
            not_after: Timestamp::from_micros(row.not_after_us),
        },
        revoked_at: row.revoked_us.map(Timestamp::from_micros),
        subject: subject(row.computer_id, row.instance_id, row.user_id),
    }))
}

/// The certificates of this common name, the newest first; the server's own are nobody's.
pub(crate) async fn shown_by_name(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Vec<Shown>, StoreError> {
    let rows = sqlx::query!(
        "SELECT computer_id, instance_id, user_id, not_before_us, not_after_us, revoked_us
         FROM certificate WHERE common_name = ?1 AND +subject <> 'server' ORDER BY id DESC",
        name
    )
    .fetch_all(connection)
    .await
    .during("find certificates by name")?;
    Ok(rows
        .into_iter()
        .map(|row| Shown {
            validity: Validity {
                not_before: Timestamp::from_micros(row.not_before_us),
                not_after: Timestamp::from_micros(row.not_after_us),
            },
            revoked_at: row.revoked_us.map(Timestamp::from_micros),
            subject: subject(row.computer_id, row.instance_id, row.user_id),
        })
        .collect())
}

fn subject(computer: Option<i64>, instance: Option<i64>, user: Option<i64>) -> Option<Subject> {
    let computer = computer.map(Subject::Computer);
    let instance = instance.map(Subject::Instance);
    computer.or(instance).or(user.map(Subject::User))
}

/// Who a certificate's subject is; `None` if that does not count any more.
pub(crate) async fn identity(
    connection: &mut SqliteConnection,
    subject: Subject,
) -> Result<Option<Identity>, StoreError> {
    match subject {
        Subject::Computer(id) => {
            let reference = sqlx::query_scalar!(
                "SELECT reference FROM computer WHERE id = ?1 AND +validation = 'validated'",
                id
            )
            .fetch_optional(connection)
            .await
            .during("find a certificate's computer")?;
            Ok(reference.map(|reference| Identity::Computer {
                id,
                reference: ComputerReference::trusted(reference),
            }))
        }
        Subject::Instance(id) => {
            let row = sqlx::query!(
                "SELECT i.reference, i.tree_id, t.project_id
                 FROM instance i JOIN instance_tree t ON t.id = i.tree_id
                 WHERE i.id = ?1 AND +i.validation = 'validated'",
                id
            )
            .fetch_optional(connection)
            .await
            .during("find a certificate's instance")?;
            Ok(row.map(|row| Identity::Instance {
                id,
                reference: InstanceReference::trusted(row.reference),
                tree_id: row.tree_id,
                project_id: row.project_id,
            }))
        }
        Subject::User(id) => user(connection, id).await,
    }
}

async fn user(connection: &mut SqliteConnection, id: i64) -> Result<Option<Identity>, StoreError> {
    let reference = sqlx::query_scalar!("SELECT reference FROM user WHERE id = ?1", id)
        .fetch_optional(&mut *connection)
        .await
        .during("find a certificate's person")?;
    let Some(reference) = reference else {
        return Ok(None);
    };
    let functions = super::assignment::functions_of(connection, id)
        .await?
        .into_iter()
        .map(|(project, function)| (project.id, function))
        .collect();
    Ok(Some(Identity::User {
        id,
        reference: UserReference::trusted(reference),
        functions,
    }))
}

/// What rights on a computer that counts follow from.
pub(crate) async fn computer_facts(
    connection: &mut SqliteConnection,
    reference: &str,
) -> Result<Option<ComputerFacts>, StoreError> {
    let row = sqlx::query!(
        "SELECT id, project_id FROM computer
         WHERE reference = ?1 AND +validation = 'validated'",
        reference
    )
    .fetch_optional(connection)
    .await
    .during("find a computer's project")?;
    Ok(row.map(|row| ComputerFacts {
        id: row.id,
        project_id: row.project_id,
    }))
}

/// What rights on an instance follow from.
pub(crate) async fn instance_facts(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<InstanceFacts, StoreError> {
    let row = sqlx::query!(
        r#"SELECT i.id AS "id!", i.tree_id, t.owner_id, t.project_id,
             p.computer_id AS "computer_id?", h.id AS "host_id?"
         FROM instance i
         JOIN instance_tree t ON t.id = i.tree_id
         LEFT JOIN partition p ON p.id = i.partition_id
         LEFT JOIN instance h ON i.kind = 'shared' AND h.partition_id = i.partition_id
             AND h.kind = 'software' AND h.validation = 'validated'
         WHERE i.id = ?1"#,
        id
    )
    .fetch_one(connection)
    .await
    .during("find whose an instance is")?;
    Ok(InstanceFacts {
        id: row.id,
        tree_id: row.tree_id,
        owner_id: row.owner_id,
        project_id: row.project_id,
        computer_id: row.computer_id,
        host_id: row.host_id,
    })
}

/// The partition that an instance is on.
pub(crate) async fn address_of(
    connection: &mut SqliteConnection,
    instance_id: i64,
) -> Result<Option<PartitionAddress>, StoreError> {
    let row = sqlx::query!(
        "SELECT c.reference AS computer, p.reference AS partition
         FROM instance i
         JOIN partition p ON p.id = i.partition_id
         JOIN computer c ON c.id = p.computer_id
         WHERE i.id = ?1",
        instance_id
    )
    .fetch_optional(connection)
    .await
    .during("find where an instance is")?;
    Ok(row.map(|row| PartitionAddress {
        computer: ComputerReference::trusted(row.computer),
        partition: crate::domain::identifier::PartitionReference::trusted(row.partition),
    }))
}
