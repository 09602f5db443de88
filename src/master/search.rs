//! Searches: documents of every kind, as far as the caller is shown them (`hateoas.md` A.4).
//!
//! The store reads by the narrowest index that the search and the caller admit, page by page;
//! [`Search::admits`] and [`Identity::is_shown`] decide on each document.

use super::{Master, Result, identity::Proven};
use crate::{
    domain::{
        caller::Caller,
        document::{Detail, Document, Ledger},
        news::InstanceNews,
        permission::Identity,
        search::{Extent, NumberField, Order, Search, TextField},
        state::{InstanceKind, RequestedState},
        status::{PortalType, StatusReading, StatusSubject},
    },
    store::{
        self, StoreError,
        search::{AnyOf, Candidate, Page, computer, installation, instance, tree},
    },
};

/// How many documents are read at first, at least and at most: as many as are to be found. Each
/// further page is twice as long.
const FIRST_PAGE: (usize, usize) = (16, 64);
/// How many are read at once at most.
const LONGEST_PAGE: i64 = 8192;

/// What is to be found.
#[derive(Debug, Clone)]
pub struct Query {
    /// Which documents.
    pub search: Search,
    /// In what order.
    pub order: Order,
    /// Which of them.
    pub extent: Extent,
    /// Whether their news are told.
    pub news: WithNews,
}

/// Whether news are told with documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithNews {
    /// They are.
    Yes,
    /// They are not.
    No,
}

/// A document that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The document.
    pub document: Document,
    /// What was last heard of it, if that was asked for and is told of its kind.
    pub news: Option<News>,
}

/// What was last heard of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Of an instance.
    Instance(InstanceNews),
    /// Of a software installation.
    Installation(StatusReading),
}

/// How documents of one kind of rows are come by.
enum Path {
    Tree(tree::Path),
    Instance(instance::Path),
    Computer(computer::Path),
    Installation(installation::Path),
}

impl Path {
    async fn page(
        &self,
        connection: &mut store::Connection,
        page: Page,
    ) -> std::result::Result<Vec<Candidate>, StoreError> {
        match self {
            Self::Tree(path) => tree::page(connection, path, page).await,
            Self::Instance(path) => instance::page(connection, path, page).await,
            Self::Computer(path) => computer::page(connection, path, page).await,
            Self::Installation(path) => installation::page(connection, path, page).await,
        }
    }
}

impl Master {
    /// The documents that are meant and that the caller is shown.
    pub async fn search(&self, caller: &Caller, query: &Query) -> Result<Vec<Found>> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, caller).await?;
        // In another order than that of the numbers the first may come last.
        let enough = if query.order.is_natural() {
            query.extent.end()
        } else {
            usize::MAX
        };
        let mut found = Vec::new();
        for path in paths(&query.search, &who) {
            found.extend(read(&mut tx, &path, &query.search, &who, enough).await?);
        }
        found.sort_by(|left, right| query.order.compare(&left.entry, &right.entry));
        let Extent { start, count } = query.extent;
        let found: Vec<Document> = found.into_iter().skip(start).take(count).collect();
        match query.news {
            WithNews::No => Ok(found.into_iter().map(Found::without_news).collect()),
            WithNews::Yes => self.with_news(&mut tx, found).await,
        }
    }

    async fn with_news(
        &self,
        tx: &mut store::Connection,
        found: Vec<Document>,
    ) -> Result<Vec<Found>> {
        let read_at = self.0.clock.now();
        let instances = self
            .statuses(tx, StatusSubject::Instance, &found, is_instance)
            .await?;
        let installations = self
            .statuses(tx, StatusSubject::Installation, &found, is_installation)
            .await?;
        let mut told = Vec::with_capacity(found.len());
        for document in found {
            let entry = &document.entry;
            let reading = |statuses: &Statuses| StatusReading {
                reference: entry.reference.clone(),
                portal_type: entry.portal_type,
                subject_exists: true,
                status: statuses.get(&entry.reference).cloned(),
                read_at,
            };
            let news = match &document.detail {
                Detail::Tree { .. } | Detail::Computer { .. } => None,
                Detail::Installation { .. } => Some(News::Installation(reading(&installations))),
                Detail::Instance { in_maintenance, .. } => {
                    let kind = instance_kind(entry.portal_type);
                    let state = entry.state.unwrap_or(RequestedState::Started);
                    let instead = InstanceNews::instead(in_maintenance.as_ref(), kind, state);
                    let news =
                        instead.unwrap_or_else(|| InstanceNews::Reported(reading(&instances)));
                    Some(News::Instance(news))
                }
            };
            told.push(Found { document, news });
        }
        Ok(told)
    }

    async fn statuses(
        &self,
        tx: &mut store::Connection,
        subject: StatusSubject,
        of: &[Document],
        concerned: fn(&Document) -> bool,
    ) -> Result<Statuses> {
        let references: Vec<&str> = of
            .iter()
            .filter(|document| concerned(document))
            .map(|document| document.entry.reference.as_str())
            .collect();
        self.0.present_statuses(tx, subject, &references).await
    }
}

/// Statuses that are not forgotten, by reference.
pub(super) type Statuses = std::collections::HashMap<String, crate::domain::status::AccessStatus>;

impl super::World {
    /// The statuses of these subjects, as they are at this moment.
    pub(super) async fn present_statuses(
        &self,
        tx: &mut store::Connection,
        subject: StatusSubject,
        references: &[&str],
    ) -> Result<Statuses> {
        if references.is_empty() {
            return Ok(Statuses::new());
        }
        let now = self.clock.now();
        let written = store::status::read_all(tx, subject, references).await?;
        Ok(written
            .into_iter()
            .filter_map(|(reference, status)| {
                let status = self.present_status(subject, &reference, Some(status), now)?;
                Some((reference, status))
            })
            .collect())
    }
}

impl Found {
    fn without_news(document: Document) -> Self {
        Self {
            document,
            news: None,
        }
    }
}

fn is_instance(document: &Document) -> bool {
    matches!(document.detail, Detail::Instance { .. })
}

fn is_installation(document: &Document) -> bool {
    matches!(document.detail, Detail::Installation { .. })
}

/// The kind of an instance by that of its document.
pub(super) const fn instance_kind(portal_type: PortalType) -> InstanceKind {
    match portal_type {
        PortalType::SlaveInstance => InstanceKind::Shared,
        PortalType::SoftwareInstance
        | PortalType::InstanceTree
        | PortalType::ComputeNode
        | PortalType::SoftwareInstallation => InstanceKind::Software,
    }
}

/// Reads documents until there are enough that are meant and shown.
async fn read(
    tx: &mut store::Connection,
    path: &Path,
    search: &Search,
    who: &Proven,
    enough: usize,
) -> Result<Vec<Document>> {
    let mut found = Vec::new();
    let mut page = Page {
        after: i64::MIN,
        most: i64::try_from(enough.clamp(FIRST_PAGE.0, FIRST_PAGE.1)).unwrap_or(LONGEST_PAGE),
    };
    while found.len() < enough {
        let candidates = path.page(tx, page).await?;
        let read = i64::try_from(candidates.len()).unwrap_or(i64::MAX);
        if let Some(last) = candidates.last() {
            page.after = last.id;
        }
        found.extend(
            candidates
                .into_iter()
                .filter(|candidate| {
                    search.admits(&candidate.document.entry)
                        && who
                            .as_deref()
                            .is_none_or(|who| who.is_shown(candidate.object))
                })
                .map(|candidate| candidate.document),
        );
        if read < page.most {
            break;
        }
        page.most = (page.most * 2).min(LONGEST_PAGE);
    }
    Ok(found)
}

/// How the documents that can be meant and shown are come by.
fn paths(search: &Search, who: &Proven) -> Vec<Path> {
    let who = who.as_deref();
    let mut paths = Vec::new();
    if search.concerns(PortalType::InstanceTree) {
        paths.push(Path::Tree(tree_path(search, who)));
    }
    if search.concerns(PortalType::SoftwareInstance) || search.concerns(PortalType::SlaveInstance) {
        paths.push(Path::Instance(instance_path(search, who)));
    }
    if search.concerns(PortalType::ComputeNode) {
        let path = match references(search) {
            Some(references) => computer::Path::References(references),
            None => match who {
                Some(Identity::Computer { reference, .. }) => {
                    computer::Path::References(AnyOf::from_iter([reference.as_str()]))
                }
                Some(Identity::User { .. } | Identity::Instance { .. }) | None => {
                    computer::Path::All
                }
            },
        };
        paths.push(Path::Computer(path));
    }
    if search.concerns(PortalType::SoftwareInstallation) {
        let path = match (references(search), search.texts(TextField::PlaceReference)) {
            (Some(references), _) => installation::Path::References(references),
            (None, Some(computers)) => {
                installation::Path::OnComputers(computers.into_iter().collect())
            }
            (None, None) => match who {
                Some(Identity::Computer { reference, .. }) => {
                    installation::Path::OnComputers(AnyOf::from_iter([reference.as_str()]))
                }
                Some(Identity::User { .. } | Identity::Instance { .. }) | None => {
                    installation::Path::All
                }
            },
        };
        paths.push(Path::Installation(path));
    }
    paths
}

fn references(search: &Search) -> Option<AnyOf> {
    let references = search.texts(TextField::Reference)?;
    Some(references.into_iter().collect())
}

fn tree_path(search: &Search, who: Option<&Identity>) -> tree::Path {
    if let Some(references) = references(search) {
        return tree::Path::References(references);
    }
    if let Some(titles) = search.texts(TextField::Title) {
        return tree::Path::Titles(titles.into_iter().collect());
    }
    match (search.is_of_live(), who) {
        (true, Some(Identity::User { id, .. })) if shown_own_trees_only(who) => {
            tree::Path::LiveOf(*id)
        }
        (true, _) => tree::Path::Live,
        (false, _) => tree::Path::All,
    }
}

fn instance_path(search: &Search, who: Option<&Identity>) -> instance::Path {
    if let Some(references) = references(search) {
        return instance::Path::References(references);
    }
    if let Some(titles) = search.texts(TextField::TreeTitle) {
        return instance::Path::TreeTitles(titles.into_iter().collect());
    }
    if let Some(requesters) = search.numbers(NumberField::Requester) {
        let rows = |ledger: Ledger| requesters.iter().filter_map(move |uid| ledger.row(*uid));
        return instance::Path::Requesters {
            trees: rows(Ledger::Tree).collect(),
            instances: rows(Ledger::Instance).collect(),
        };
    }
    match who {
        Some(Identity::Computer { id, .. }) => instance::Path::OnComputer(*id),
        Some(Identity::Instance { id, tree_id, .. }) => instance::Path::Around {
            tree_id: *tree_id,
            instance_id: *id,
        },
        Some(Identity::User { id, .. }) if shown_own_trees_only(who) => {
            instance::Path::OfOwner(*id)
        }
        Some(Identity::User { .. }) | None if search.is_of_live() => instance::Path::Live,
        Some(Identity::User { .. }) | None => instance::Path::All,
    }
}

fn shown_own_trees_only(who: Option<&Identity>) -> bool {
    who.is_some_and(Identity::is_shown_own_trees_only)
}
