//! Single documents, with all that is shown of them (`hateoas.md` A.5, A.6).

use super::{Master, Result, search::instance_kind};
use crate::{
    domain::{
        caller::Caller,
        document::{Detail, Entry, Shown},
        identifier::{
            ComputerReference, InstallationReference, InstanceReference, Title, TreeReference,
            UserReference,
        },
        news::{InstanceNews, MemberNews, TreeNews},
        permission::{Identity, Right},
        state::{InstanceKind, RequestedState},
        status::{AccessStatus, PortalType, StatusReading, StatusSubject},
    },
    store::{
        self, ReadTx,
        search::{AnyOf, Page, computer, installation, instance, tree},
    },
};

/// Which document is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentName {
    /// An instance tree.
    Tree(TreeReference),
    /// An instance, software or shared.
    Instance(InstanceReference),
    /// A computer.
    Computer(ComputerReference),
    /// A software installation.
    Installation(InstallationReference),
    /// A person; only the caller's own is shown.
    Person(UserReference),
}

/// The first of the candidates: a reference names at most one.
const ONE: Page = Page {
    after: i64::MIN,
    most: 1,
};

impl Master {
    /// A document with all that is shown of it, live or not; `None` where there is none, or the
    /// caller may not read it.
    pub async fn document(&self, caller: &Caller, name: &DocumentName) -> Result<Option<Shown>> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, caller).await?;
        let only = |reference: &str| AnyOf::from_iter([reference]);
        let mut found = match name {
            DocumentName::Tree(reference) => {
                let path = tree::Path::References(only(reference.as_str()));
                tree::page(&mut tx, &path, ONE).await?
            }
            DocumentName::Instance(reference) => {
                let path = instance::Path::References(only(reference.as_str()));
                instance::page(&mut tx, &path, ONE).await?
            }
            DocumentName::Computer(reference) => {
                let path = computer::Path::References(only(reference.as_str()));
                computer::page(&mut tx, &path, ONE).await?
            }
            DocumentName::Installation(reference) => {
                let path = installation::Path::References(only(reference.as_str()));
                installation::page(&mut tx, &path, ONE).await?
            }
            DocumentName::Person(reference) => {
                let own = match who.as_deref() {
                    None => &self.0.default_user.reference == reference,
                    Some(Identity::User { reference: own, .. }) => own == reference,
                    Some(Identity::Computer { .. } | Identity::Instance { .. }) => false,
                };
                return Ok(own.then(|| Shown::Person(reference.clone())));
            }
        };
        let readable = found.pop().filter(|candidate| {
            who.as_deref()
                .is_none_or(|who| who.on(candidate.object) >= Right::Read)
        });
        let Some(candidate) = readable else {
            return Ok(None);
        };
        let entry = candidate.document.entry;
        let shown = match candidate.document.detail {
            Detail::Tree { parameters } => {
                let (connection, news) = self.tree_life(&mut tx, candidate.id, &entry).await?;
                Shown::Tree {
                    entry,
                    parameters,
                    connection,
                    news,
                }
            }
            Detail::Instance {
                parameters,
                connection,
                in_maintenance,
            } => {
                let kind = instance_kind(entry.portal_type);
                let state = entry.state.unwrap_or(RequestedState::Started);
                let news = match InstanceNews::instead(in_maintenance.as_ref(), kind, state) {
                    Some(news) => news,
                    None => InstanceNews::Reported(
                        self.status_of(&mut tx, StatusSubject::Instance, &entry)
                            .await?,
                    ),
                };
                Shown::Instance {
                    entry,
                    parameters,
                    connection,
                    news,
                }
            }
            Detail::Computer {
                allocation_scope,
                capacity_scope,
            } => Shown::Computer {
                status: self
                    .status_of(&mut tx, StatusSubject::Computer, &entry)
                    .await?,
                partitions: self.busy_partitions(&mut tx, candidate.id).await?,
                entry,
                allocation_scope,
                capacity_scope,
            },
            Detail::Installation { computer_title } => Shown::Installation {
                status: self
                    .status_of(&mut tx, StatusSubject::Installation, &entry)
                    .await?,
                entry,
                computer_title,
            },
        };
        Ok(Some(shown))
    }

    /// What the root of a tree published, unless it is to be destroyed, and what is told of the
    /// tree's instances.
    async fn tree_life(
        &self,
        tx: &mut ReadTx,
        id: i64,
        entry: &Entry,
    ) -> Result<(crate::domain::parameters::Parameters, TreeNews)> {
        let title = Title::trusted(entry.title.clone());
        let connection = store::instance::live_by_title(tx, id, &title)
            .await?
            .filter(|root| root.wanted.state != RequestedState::Destroyed)
            .map(|root| root.connection)
            .unwrap_or_default();
        let kind = if entry.has_shared_root == Some(true) {
            InstanceKind::Shared
        } else {
            InstanceKind::Software
        };
        let state = entry.state.unwrap_or(RequestedState::Started);
        if let Some(news) = TreeNews::instead(kind, state) {
            return Ok((connection, news));
        }
        let instances = store::instance::live_of_tree(tx, id).await?;
        let closed = store::search::instance::in_maintenance(tx, id).await?;
        let references: Vec<&str> = instances
            .iter()
            .map(|instance| instance.reference.as_str())
            .collect();
        let statuses = self
            .0
            .present_statuses(tx, StatusSubject::Instance, &references)
            .await?;
        let members = instances
            .iter()
            .filter(|instance| instance.kind == InstanceKind::Software)
            .map(|instance| {
                let closed = instance.computer_id.and_then(|id| closed.get(&id));
                let instead = InstanceNews::instead(closed, instance.kind, instance.wanted.state);
                let news = instead.unwrap_or_else(|| {
                    let status = statuses.get(instance.reference.as_str());
                    InstanceNews::Reported(self.reading_of_instance(&instance.reference, status))
                });
                MemberNews {
                    reference: instance.reference.clone(),
                    connection: instance.connection.clone(),
                    news,
                }
            })
            .collect();
        Ok((connection, TreeNews::Instances(members)))
    }

    fn reading_of_instance(
        &self,
        reference: &InstanceReference,
        status: Option<&AccessStatus>,
    ) -> StatusReading {
        StatusReading {
            reference: reference.as_str().to_owned(),
            portal_type: PortalType::SoftwareInstance,
            subject_exists: true,
            status: status.cloned(),
            read_at: self.0.clock.now(),
        }
    }

    /// What was last heard of the instance on each partition of a computer that has one.
    async fn busy_partitions(
        &self,
        tx: &mut ReadTx,
        computer_id: i64,
    ) -> Result<Vec<(crate::domain::identifier::PartitionReference, StatusReading)>> {
        let expiry_s = self.0.behaviour().status_expiry_s;
        let now = self.0.clock.now();
        let placed = store::view::placed_on_computer(tx, computer_id).await?;
        Ok(store::view::listed_partitions(tx, computer_id)
            .await?
            .into_iter()
            .filter_map(|partition| {
                let instance = placed.iter().find(|instance| {
                    instance.partition_id == partition.id && instance.kind == InstanceKind::Software
                })?;
                let status = instance.status.as_ref();
                let status = status.filter(|status| !status.is_forgotten(now, expiry_s));
                let reading = self.reading_of_instance(&instance.reference, status);
                Some((partition.reference, reading))
            })
            .collect())
    }

    async fn status_of(
        &self,
        tx: &mut ReadTx,
        subject: StatusSubject,
        entry: &Entry,
    ) -> Result<StatusReading> {
        self.reading(tx, Some(subject), &entry.reference, entry.portal_type)
            .await
    }
}
