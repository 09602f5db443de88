//! Instance trees to choose from.

use sqlx::SqliteConnection;

use super::{AnyOf, Candidate, Page};
use crate::{
    domain::{
        document::{Detail, Document, Entry, Ledger},
        permission::{ObjectFacts, TreeFacts},
        state::{InstanceKind, RequestedState},
        status::PortalType,
        time::Timestamp,
    },
    store::{
        During, StoreError,
        column::{parameters, word},
    },
};

/// How trees are come by.
#[derive(Debug)]
pub(crate) enum Path {
    /// Those of these references.
    References(AnyOf),
    /// Those of these titles.
    Titles(AnyOf),
    /// Those of this owner that count.
    LiveOf(i64),
    /// Those that count.
    Live,
    /// All.
    All,
}

struct Row {
    id: i64,
    reference: String,
    title: String,
    owner_id: i64,
    project_id: i64,
    kind: String,
    release: String,
    software_type: String,
    parameters: String,
    slap_state: String,
    validation: String,
    created_us: i64,
    root_id: Option<i64>,
    root_stamped_us: Option<i64>,
}

impl TryFrom<Row> for Candidate {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let kind: InstanceKind = word(&row.kind)?;
        let state: RequestedState = word(&row.slap_state)?;
        let entry = Entry {
            portal_type: PortalType::InstanceTree,
            uid: Ledger::Tree.uid(row.id),
            reference: row.reference,
            title: row.title,
            validation: word(&row.validation)?,
            state: Some(state),
            release: Some(row.release),
            software_type: Some(row.software_type),
            tree: None,
            place: None,
            requester_uid: None,
            first_requested_uid: row.root_id.map(|root| Ledger::Instance.uid(root)),
            has_shared_root: Some(kind == InstanceKind::Shared),
            created_at: Timestamp::from_micros(row.created_us),
            changed_at: Timestamp::from_micros(row.root_stamped_us.unwrap_or(row.created_us)),
        };
        Ok(Self {
            id: row.id,
            document: Document {
                entry,
                detail: Detail::Tree {
                    parameters: parameters(&row.parameters)?,
                },
            },
            object: ObjectFacts::Tree(TreeFacts {
                id: row.id,
                owner_id: row.owner_id,
                project_id: row.project_id,
            }),
        })
    }
}

macro_rules! select {
    ($tail:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"SELECT t.id AS "id!", t.reference, t.title, t.owner_id, t.project_id, t.kind,
                 t.release, t.software_type, t.parameters, t.slap_state, t.validation,
                 t.created_us, r.id AS "root_id?", r.stamped_us AS "root_stamped_us?"
             FROM instance_tree t "# + $tail + r#"
             ORDER BY t.id LIMIT ?2"#
            $(, $argument)*
        )
    };
}

/// A page of the trees on a path.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    path: &Path,
    page: Page,
) -> Result<Vec<Candidate>, StoreError> {
    let Page { after, most } = page;
    let rows = match path {
        Path::References(AnyOf(references)) => {
            select!(
                "LEFT JOIN instance r ON r.tree_id = t.id AND r.title = t.title
                     AND r.parent_id IS NULL AND r.validation = 'validated'
                 WHERE t.reference IN (SELECT value FROM json_each(?3)) AND t.id > ?1",
                after,
                most,
                references
            )
            .fetch_all(connection)
            .await
        }
        Path::Titles(AnyOf(titles)) => {
            select!(
                "INDEXED BY instance_tree_title
                 LEFT JOIN instance r ON r.tree_id = t.id AND r.title = t.title
                     AND r.parent_id IS NULL AND r.validation = 'validated'
                 WHERE t.title IN (SELECT value FROM json_each(?3)) AND t.id > ?1",
                after,
                most,
                titles
            )
            .fetch_all(connection)
            .await
        }
        Path::LiveOf(owner) => {
            select!(
                "INDEXED BY instance_tree_owned
                 LEFT JOIN instance r ON r.tree_id = t.id AND r.title = t.title
                     AND r.parent_id IS NULL AND r.validation = 'validated'
                 WHERE t.owner_id = ?3 AND t.validation = 'validated' AND t.id > ?1",
                after,
                most,
                owner
            )
            .fetch_all(connection)
            .await
        }
        Path::Live => {
            select!(
                "INDEXED BY instance_tree_listed
                 LEFT JOIN instance r ON r.tree_id = t.id AND r.title = t.title
                     AND r.parent_id IS NULL AND r.validation = 'validated'
                 WHERE t.validation = 'validated' AND t.id > ?1",
                after,
                most
            )
            .fetch_all(connection)
            .await
        }
        Path::All => {
            select!(
                "LEFT JOIN instance r ON r.tree_id = t.id AND r.title = t.title
                     AND r.parent_id IS NULL AND r.validation = 'validated'
                 WHERE t.id > ?1",
                after,
                most
            )
            .fetch_all(connection)
            .await
        }
    };
    let rows = rows.during("search instance trees")?;
    rows.into_iter().map(Candidate::try_from).collect()
}
