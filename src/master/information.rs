//! Reads: what nodes, requesters and onlookers are told (`semantics.md` 7, 12).

use std::collections::HashMap;

use super::{
    ComputerReader, ComputerView, Master, Missing, OccupantView, PartitionView, RequestedView,
    Result, SharedView,
};
use crate::{
    domain::{
        behaviour::RequestProject,
        caller::Caller,
        computer::Address,
        identifier::{
            ComputerReference, InstanceReference, PartitionAddress, ProjectReference,
            SoftwareReleaseUri, Title,
        },
        instance::{Instance, is_listed_by_host},
        natural::natural_key,
        permission::Right,
        product::{ProductQuery, newest_first},
        state::{InstanceKind, RequestedState},
        status::{AccessStatus, PortalType, StatusReading, StatusSubject, no_data_text},
        time::Timestamp,
    },
    store::{
        self, ReadTx,
        partition::{Place, PlacePartition},
        view::Placed,
    },
};

impl Master {
    /// All that a computer is told (`getFullComputerInformation`).
    ///
    /// `reader` comes from [`Master::computer_reader`]; an instance is told its own partition
    /// alone, and no software.
    pub async fn computer_information(
        &self,
        reader: ComputerReader,
        computer: &ComputerReference,
    ) -> Result<ComputerView> {
        let now = self.0.clock.now();
        let mut tx = self.0.store.read().await?;
        let row = store::computer::live(&mut tx, computer)
            .await?
            .ok_or_else(|| Missing::Computer(computer.clone()))?;
        self.0.pulses.register(row.id, computer);
        let listed = store::view::listed_partitions(&mut tx, row.id).await?;
        let mut placed: HashMap<i64, Vec<Placed>> = HashMap::new();
        for instance in store::view::placed_on_computer(&mut tx, row.id).await? {
            placed
                .entry(instance.partition_id)
                .or_default()
                .push(instance);
        }
        let mut installations = store::installation::of_computer(&mut tx, row.id).await?;
        let mut stale_at = Timestamp::from_micros(i64::MAX);
        let mut partitions: Vec<PartitionView> = listed
            .into_iter()
            .map(|partition| {
                let instances = placed.remove(&partition.id).unwrap_or_default();
                stale_at = stale_at.min(self.holds_until(now, &instances));
                PartitionView {
                    computer: computer.clone(),
                    reference: partition.reference,
                    instance: self.occupant(instances, partition.addresses, partition.touched_at),
                }
            })
            .collect();
        self.0.pulses.holds_until(computer.as_str(), stale_at);
        partitions.sort_by_cached_key(|partition| natural_key(partition.reference.as_str()));
        if let ComputerReader::Inhabitant { instance_id } = reader {
            let own = store::access::address_of(&mut tx, instance_id).await?;
            partitions.retain(|partition| {
                own.as_ref().is_some_and(|own| {
                    own.computer == partition.computer && own.partition == partition.reference
                })
            });
            installations.clear();
        }
        Ok(ComputerView {
            reference: computer.clone(),
            partitions,
            installations,
        })
    }

    /// One partition and what is on it, listed or not (`registerComputerPartition`). Whether
    /// somebody may read it is [`Master::admit_to_partition`]'s question.
    pub async fn partition_information(&self, at: &PartitionAddress) -> Result<PartitionView> {
        let now = self.0.clock.now();
        let mut tx = self.0.store.read().await?;
        let (computer_id, partition) = located(&mut tx, at).await?;
        self.0.pulses.register(computer_id, &at.computer);
        let instances = store::view::placed_on_partition(&mut tx, partition.id).await?;
        let stale_at = self.holds_until(now, &instances);
        self.0.pulses.holds_until(at.computer.as_str(), stale_at);
        let site = store::partition::site(&mut tx, partition.id)
            .await?
            .ok_or_else(|| Missing::Partition(at.clone()))?;
        Ok(PartitionView {
            computer: at.computer.clone(),
            reference: at.partition.clone(),
            instance: self.occupant(instances, site.addresses, site.touched_at),
        })
    }

    /// An allocated instance as its requester is told it; `None` when it is on no partition (any
    /// more).
    pub async fn requested_information(
        &self,
        instance: &InstanceReference,
    ) -> Result<Option<RequestedView>> {
        let mut tx = self.0.store.read().await?;
        let Some(instance) = store::instance::live_by_reference(&mut tx, instance).await? else {
            return Ok(None);
        };
        let tree = store::tree::by_id(&mut tx, instance.tree_id).await?;
        let view = requested_view(&mut tx, &instance, &tree.title).await?;
        if let (Some(view), Some(computer_id)) = (&view, instance.computer_id) {
            self.0.pulses.register(computer_id, &view.at.computer);
        }
        Ok(view)
    }

    /// The status of a computer.
    pub async fn computer_status(
        &self,
        caller: &Caller,
        computer: &ComputerReference,
    ) -> Result<StatusReading> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, caller).await?;
        let reference = computer.as_str();
        self.0
            .demand_computer(&mut tx, &who, Right::Read, reference)
            .await?;
        store::computer::live(&mut tx, computer)
            .await?
            .ok_or_else(|| Missing::Computer(computer.clone()))?;
        let subject = StatusSubject::Computer;
        self.reading(
            &mut tx,
            Some(subject),
            computer.as_str(),
            PortalType::ComputeNode,
        )
        .await
    }

    /// The status of the instance on a partition; where there is none, a reading without data
    /// under the partition's reference.
    pub async fn partition_status(
        &self,
        caller: &Caller,
        at: &PartitionAddress,
    ) -> Result<StatusReading> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, caller).await?;
        self.0
            .demand_partition(&mut tx, &who, Right::Read, at)
            .await?;
        let (_, partition) = located(&mut tx, at).await?;
        let portal_type = PortalType::SoftwareInstance;
        match partition.occupant {
            Some(instance) => {
                let subject = Some(StatusSubject::Instance);
                let reference = instance.reference.as_str();
                self.reading(&mut tx, subject, reference, portal_type).await
            }
            None => {
                self.reading(&mut tx, None, at.partition.as_str(), portal_type)
                    .await
            }
        }
    }

    /// The status of a software release on a computer; where it is not supplied, a reading
    /// without data under its own name.
    pub async fn installation_status(
        &self,
        caller: &Caller,
        computer: &ComputerReference,
        release: &SoftwareReleaseUri,
    ) -> Result<StatusReading> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, caller).await?;
        self.0
            .demand_software(&mut tx, &who, Right::Read, computer)
            .await?;
        let row = store::computer::live(&mut tx, computer)
            .await?
            .ok_or_else(|| Missing::Computer(computer.clone()))?;
        let portal_type = PortalType::SoftwareInstallation;
        match store::installation::live(&mut tx, row.id, release).await? {
            Some(installation) => {
                let subject = Some(StatusSubject::Installation);
                let reference = installation.reference.as_str();
                self.reading(&mut tx, subject, reference, portal_type).await
            }
            None => {
                self.reading(&mut tx, None, release.as_str(), portal_type)
                    .await
            }
        }
    }

    /// Interface and address of every address of every allocated software instance in the tree of
    /// the instance on a partition; none when that is to be destroyed
    /// (`getHostingSubscriptionIpList`).
    pub async fn tree_addresses(
        &self,
        caller: &Caller,
        at: &PartitionAddress,
    ) -> Result<Vec<(String, String)>> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, caller).await?;
        let (_, partition) = located(&mut tx, at).await?;
        let busy = partition.state == crate::domain::state::PartitionState::Busy;
        let occupant = partition
            .occupant
            .ok_or_else(|| Missing::InstanceOnPartition {
                at: at.clone(),
                busy,
            })?;
        self.0
            .demand_instance(&mut tx, &who, Right::Read, occupant.id, &occupant.reference)
            .await?;
        let asker = store::instance::by_id(&mut tx, occupant.id).await?;
        if asker.wanted.state == RequestedState::Destroyed {
            return Ok(Vec::new());
        }
        let mut pairs = Vec::new();
        for instance in store::instance::live_of_tree(&mut tx, asker.tree_id).await? {
            let (InstanceKind::Software, Some(partition_id)) =
                (instance.kind, instance.partition_id)
            else {
                continue;
            };
            if let Some(site) = store::partition::site(&mut tx, partition_id).await? {
                pairs.extend(site.addresses.into_iter().map(|a| (a.interface, a.address)));
            }
        }
        Ok(pairs)
    }

    /// The releases of a product, newest first
    /// (`getSoftwareReleaseListFromSoftwareProduct`). A project that is named, and looked at
    /// (`request.project`), must be known, and the product one of its own.
    pub async fn product_releases(
        &self,
        caller: &Caller,
        project: Option<ProjectReference>,
        query: ProductQuery,
    ) -> Result<Vec<SoftwareReleaseUri>> {
        let mut tx = self.0.store.read().await?;
        self.0.identify(&mut tx, caller).await?;
        let ignored = self.0.behaviour().request_project == RequestProject::Ignore;
        let project = project.filter(|_| !ignored);
        if let Some(project) = &project {
            let known = store::lookup::projects(&mut tx).await?;
            if known.iter().all(|other| other.reference != *project) {
                return Err(Missing::Project(project.clone()).into());
            }
        }
        let project = project.as_ref().map(ProjectReference::as_str);
        let product = match query {
            ProductQuery::Product(reference) => reference.as_str().to_owned(),
            ProductQuery::Release(release) => {
                store::product::of_release(&mut tx, project, release.as_str())
                    .await?
                    .ok_or(Missing::ProductOfRelease(release))?
            }
        };
        let releases = store::product::releases(&mut tx, project, &product).await?;
        Ok(newest_first(releases, self.0.clock.now()))
    }

    pub(super) async fn reading(
        &self,
        tx: &mut ReadTx,
        subject: Option<StatusSubject>,
        reference: &str,
        portal_type: PortalType,
    ) -> Result<StatusReading> {
        let read_at = self.0.clock.now();
        let status = match subject {
            None => None,
            Some(subject) => {
                let written = store::status::read(tx, subject, reference).await?;
                self.0.present_status(subject, reference, written, read_at)
            }
        };
        Ok(StatusReading {
            reference: reference.to_owned(),
            portal_type,
            subject_exists: subject.is_some(),
            status,
            read_at,
        })
    }

    /// When the first status of these instances is forgotten that is not yet at `now`.
    fn holds_until(&self, now: Timestamp, instances: &[Placed]) -> Timestamp {
        let statuses = instances
            .iter()
            .filter_map(|instance| instance.status.as_ref());
        self.0.forgotten_first(now, statuses)
    }

    /// The occupant among the live instances on a partition, with the shared ones that it serves.
    fn occupant(
        &self,
        mut instances: Vec<Placed>,
        addresses: Vec<Address>,
        touched_at: Timestamp,
    ) -> Option<OccupantView> {
        let place = instances
            .iter()
            .position(|i| i.kind == InstanceKind::Software)?;
        let instance = instances.remove(place);
        let shared = listed_shared(instances);
        Some(OccupantView {
            timestamp: visible_timestamp(touched_at, instance.stamped_at, &shared),
            access_status: self.status_text(&instance.reference, instance.status.as_ref()),
            reference: instance.reference,
            title: instance.title,
            tree_title: instance.tree_title,
            release: instance.wanted.release,
            software_type: instance.wanted.software_type,
            state: instance.wanted.state,
            parameters: instance.wanted.parameters,
            connection: instance.connection,
            sla: instance.wanted.sla,
            shared,
            addresses,
        })
    }

    pub(super) fn status_text(
        &self,
        reference: &InstanceReference,
        status: Option<&AccessStatus>,
    ) -> String {
        let now = self.0.clock.now();
        let expiry_s = self.0.behaviour().status_expiry_s;
        match status {
            Some(status) if !status.is_forgotten(now, expiry_s) => status.text(),
            Some(_) | None => no_data_text(reference.as_str()),
        }
    }
}

/// An instance as its requester is told it; `None` when it is on no partition.
pub(super) async fn requested_view(
    connection: &mut store::Connection,
    instance: &Instance,
    tree_title: &Title,
) -> Result<Option<RequestedView>> {
    let Some(partition_id) = instance.partition_id else {
        return Ok(None);
    };
    let Some(site) = store::partition::site(connection, partition_id).await? else {
        return Ok(None);
    };
    let shared = if instance.kind == InstanceKind::Software && site.has_shared {
        listed_shared(store::view::placed_on_partition(connection, partition_id).await?)
    } else {
        Vec::new()
    };
    let wanted = instance.wanted.clone();
    Ok(Some(RequestedView {
        at: site.at,
        timestamp: visible_timestamp(site.touched_at, instance.stamped_at, &shared),
        kind: instance.kind,
        reference: instance.reference.clone(),
        title: instance.title.clone(),
        tree_title: tree_title.clone(),
        is_root: instance.parent_id.is_none() && instance.title == *tree_title,
        release: wanted.release,
        software_type: wanted.software_type,
        state: wanted.state,
        parameters: wanted.parameters,
        connection: instance.connection.clone(),
        sla: wanted.sla,
        shared,
        addresses: site.addresses,
    }))
}

/// The shared instances that a host is told: those that are started.
pub(super) fn listed_shared(instances: Vec<Placed>) -> Vec<SharedView> {
    instances
        .into_iter()
        .filter(|instance| is_listed_by_host(instance.kind, instance.wanted.state))
        .map(|instance| SharedView {
            reference: instance.reference,
            title: instance.title,
            tree_title: instance.tree_title,
            is_root: instance.is_root,
            software_type: instance.wanted.software_type,
            parameters: instance.wanted.parameters,
            connection: instance.connection,
            timestamp: instance.stamped_at,
        })
        .collect()
}

/// The timestamp that a node compares (`semantics.md` 8.3).
pub(super) fn visible_timestamp(
    touched_at: Timestamp,
    stamped_at: Timestamp,
    shared: &[SharedView],
) -> Timestamp {
    let own = touched_at.max(stamped_at);
    shared
        .iter()
        .map(|shared| shared.timestamp)
        .fold(own, Timestamp::max)
}

pub(super) async fn located(
    tx: &mut ReadTx,
    at: &PartitionAddress,
) -> Result<(i64, PlacePartition)> {
    let Place {
        computer_id,
        partition,
    } = store::partition::place(tx, at)
        .await?
        .ok_or_else(|| Missing::Computer(at.computer.clone()))?;
    let partition = partition.ok_or_else(|| Missing::Partition(at.clone()))?;
    Ok((computer_id, partition))
}
