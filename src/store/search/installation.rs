//! Software installations to choose from.

use sqlx::SqliteConnection;

use super::{AnyOf, Candidate, Page};
use crate::{
    domain::{
        document::{Detail, Document, Entry, Ledger, Mark},
        permission::{ComputerFacts, ObjectFacts},
        state::{InstallationState, RequestedState},
        status::PortalType,
        time::Timestamp,
    },
    store::{During, StoreError, column::word},
};

/// How software installations are come by.
#[derive(Debug)]
pub(crate) enum Path {
    /// Those of these references.
    References(AnyOf),
    /// Those on the computers of these references.
    OnComputers(AnyOf),
    /// All.
    All,
}

struct Row {
    id: i64,
    reference: String,
    computer_id: i64,
    computer: String,
    computer_title: String,
    project_id: i64,
    release: String,
    state: String,
    validation: String,
    created_us: i64,
}

impl TryFrom<Row> for Candidate {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let created_at = Timestamp::from_micros(row.created_us);
        let state = match word(&row.state)? {
            InstallationState::Available => RequestedState::Started,
            InstallationState::Destroyed => RequestedState::Destroyed,
        };
        let entry = Entry {
            portal_type: PortalType::SoftwareInstallation,
            uid: Ledger::Installation.uid(row.id),
            title: row.reference.clone(),
            reference: row.reference,
            validation: word(&row.validation)?,
            state: Some(state),
            release: Some(row.release),
            software_type: None,
            tree: None,
            place: Some(Mark {
                uid: Ledger::Computer.uid(row.computer_id),
                reference: row.computer,
            }),
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
                detail: Detail::Installation {
                    computer_title: row.computer_title,
                },
            },
            object: ObjectFacts::Software(ComputerFacts {
                id: row.computer_id,
                project_id: row.project_id,
            }),
        })
    }
}

macro_rules! select {
    ($tail:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"SELECT s.id AS "id!", s.reference, s.computer_id, c.reference AS computer,
                 c.title AS computer_title, c.project_id, s.release, s.state, s.validation,
                 s.created_us
             FROM software_installation s JOIN computer c ON c.id = s.computer_id "# + $tail
             + r#"
             ORDER BY s.id LIMIT ?2"#
            $(, $argument)*
        )
    };
}

/// A page of the software installations on a path.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    path: &Path,
    page: Page,
) -> Result<Vec<Candidate>, StoreError> {
    let Page { after, most } = page;
    let rows = match path {
        Path::References(AnyOf(references)) => {
            select!(
                "WHERE s.reference IN (SELECT value FROM json_each(?3)) AND s.id > ?1",
                after,
                most,
                references
            )
            .fetch_all(connection)
            .await
        }
        Path::OnComputers(AnyOf(computers)) => {
            select!(
                "WHERE s.computer_id IN (SELECT id FROM computer
                     WHERE reference IN (SELECT value FROM json_each(?3))) AND s.id > ?1",
                after,
                most,
                computers
            )
            .fetch_all(connection)
            .await
        }
        Path::All => {
            select!("WHERE s.id > ?1", after, most)
                .fetch_all(connection)
                .await
        }
    };
    let rows = rows.during("search software installations")?;
    rows.into_iter().map(Candidate::try_from).collect()
}
