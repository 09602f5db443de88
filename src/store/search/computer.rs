//! Computers to choose from.

use sqlx::SqliteConnection;

use super::{AnyOf, Candidate, Page};
use crate::{
    domain::{
        document::{Detail, Document, Entry, Ledger},
        permission::{ComputerFacts, ObjectFacts},
        status::PortalType,
        time::Timestamp,
    },
    store::{During, StoreError, column::word},
};

/// How computers are come by.
#[derive(Debug)]
pub(crate) enum Path {
    /// Those of these references.
    References(AnyOf),
    /// All.
    All,
}

struct Row {
    id: i64,
    reference: String,
    title: String,
    project_id: i64,
    validation: String,
    allocation_scope: String,
    capacity_scope: String,
    created_us: i64,
}

impl TryFrom<Row> for Candidate {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let created_at = Timestamp::from_micros(row.created_us);
        let entry = Entry {
            portal_type: PortalType::ComputeNode,
            uid: Ledger::Computer.uid(row.id),
            reference: row.reference,
            title: row.title,
            validation: word(&row.validation)?,
            state: None,
            release: None,
            software_type: None,
            tree: None,
            place: None,
            requester_uid: None,
            first_requested_uid: None,
            has_shared_root: None,
            created_at,
            changed_at: created_at,
        };
        Ok(Self {
            id: row.id,
            document: Document {
                entry,
                detail: Detail::Computer {
                    allocation_scope: word(&row.allocation_scope)?,
                    capacity_scope: word(&row.capacity_scope)?,
                },
            },
            object: ObjectFacts::Computer(ComputerFacts {
                id: row.id,
                project_id: row.project_id,
            }),
        })
    }
}

macro_rules! select {
    ($tail:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"SELECT id AS "id!", reference, title, project_id, validation, allocation_scope,
                 capacity_scope, created_us
             FROM computer "# + $tail + r#"
             ORDER BY id LIMIT ?2"#
            $(, $argument)*
        )
    };
}

/// A page of the computers on a path.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    path: &Path,
    page: Page,
) -> Result<Vec<Candidate>, StoreError> {
    let Page { after, most } = page;
    let rows = match path {
        Path::References(AnyOf(references)) => {
            select!(
                "WHERE reference IN (SELECT value FROM json_each(?3)) AND id > ?1",
                after,
                most,
                references
            )
            .fetch_all(connection)
            .await
        }
        Path::All => {
            select!("WHERE id > ?1", after, most)
                .fetch_all(connection)
                .await
        }
    };
    let rows = rows.during("search computers")?;
    rows.into_iter().map(Candidate::try_from).collect()
}
