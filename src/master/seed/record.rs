//! What another world kept, put into this one as it was: no rule is asked, and only what cannot be
//! in one world is refused.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{missing, refused, taken};
use crate::{
    domain::{
        certificate::CertificateSubject,
        identifier::{InstanceReference, PartitionAddress, TreeReference},
        instance::{Instance, InstanceTree},
        record::{ComputerRecord, InstanceRecord, TreeRecord},
        seed::{Seed, SeedComputer, SeedInstance, SeedPlace, SeedRoom, SeedTree},
        state::{InstanceKind, Subscription, Validation},
        status::{AccessStatus, StatusSubject},
        time::Timestamp,
    },
    master::{Missing, Result, operation::Operation},
    mock::simulate::Progress,
    pki::CertificateFacts,
    store::{
        self,
        counter::{self, Prefix},
        partition::{PartitionRow, Spot},
        record::{KeptCertificate, NewInstallation, NewKept},
    },
};

/// An instance under the row that it gets, before that is written.
struct Kept<'s> {
    instance: Instance,
    parent_id: Option<i64>,
    record: &'s InstanceRecord,
}

impl Operation<'_> {
    /// Adds a computer as it was kept, without its software.
    pub(super) async fn seed_kept_computer(
        &mut self,
        computer: &SeedComputer,
        record: &ComputerRecord,
    ) -> Result<()> {
        let reference = &computer.format.reference;
        let project = self
            .project_of_seed(computer.place, computer.project.as_ref())
            .await?;
        let known = store::computer::by_reference(self.tx, reference).await?;
        let id = match known {
            Some(known) => known.id,
            None => {
                self.add_computer(reference, reference.as_str(), project.id, record.validation)
                    .await?
            }
        };
        let partitions: Vec<PartitionRow> = computer
            .format
            .partitions
            .iter()
            .zip(&record.partitions)
            .map(|(format, kept)| PartitionRow {
                id: 0,
                reference: format.reference.clone(),
                state: kept.state,
                validation: kept.validation,
                position: kept.position,
                addresses: format.synchronised(&[]),
                capabilities: format.capabilities.clone(),
                touched_at: kept.changed_at,
            })
            .collect();
        let listed = |row: &&PartitionRow| row.validation == Validation::Validated;
        let listed = partitions.iter().filter(listed).count();
        let created_at = record.created_at;
        store::computer::update_policy(self.tx, id, project.id, &computer.policy).await?;
        store::record::set_computer(self.tx, id, record.validation, created_at, listed).await?;
        let partitions: Vec<_> = partitions.iter().map(|row| (id, reference, row)).collect();
        store::bulk::insert_partitions(self.tx, &partitions).await?;
        self.touch(Some(id));
        Ok(())
    }

    /// Adds what was kept beside computers: software, trees, tokens, certificates and the rest.
    pub(super) async fn seed_kept(&mut self, seed: &Seed) -> Result<()> {
        self.seed_kept_software(seed).await?;
        self.seed_kept_trees(seed).await?;
        let computers = seed.computers.iter().filter_map(|computer| {
            let status = computer.record.as_ref()?.status.as_ref()?;
            let reference = computer.format.reference.as_str();
            Some((StatusSubject::Computer, reference, status))
        });
        let computers: Vec<_> = computers.collect();
        store::record::write_statuses(self.tx, &computers).await?;
        self.seed_kept_work(seed).await?;
        self.seed_kept_tokens(seed).await?;
        self.seed_certificates(seed).await?;
        for report in &seed.usage {
            let computer = store::computer::by_reference(self.tx, &report.computer).await?;
            let computer = computer
                .ok_or_else(|| missing(report.place, "computer", report.computer.as_str()))?;
            if !store::record::insert_usage(self.tx, computer.id, report).await? {
                return Err(taken(report.place, "a usage report", &report.reference));
            }
        }
        let counters = [
            (Prefix::Computer, "COMP", seed.counters.computers),
            (Prefix::Tree, "HOSTSUBS", seed.counters.trees),
            (Prefix::Instance, "SOFTINST", seed.counters.instances),
            (
                Prefix::Installation,
                "SOFTINSTALL",
                seed.counters.installations,
            ),
        ];
        for (prefix, word, last) in counters {
            counter::reserve(self.tx, prefix, &format!("{word}-{last}")).await?;
        }
        self.tx.stamp_after(latest(seed));
        Ok(())
    }

    /// Lets simulated computers be at what they were at.
    async fn seed_kept_work(&mut self, seed: &Seed) -> Result<()> {
        let mut works = Vec::new();
        for computer in &seed.computers {
            let (Some(record), Some(rules)) = (&computer.record, &computer.simulate) else {
                continue;
            };
            let reference = &computer.format.reference;
            let row = self.computer(reference).await?;
            let Some(work) = &record.work else {
                self.simulate(row.id, reference, rules).await?;
                continue;
            };
            store::simulated::put(self.tx, row.id, rules, "{}", work.since).await?;
            self.played(row.id, reference, work.since);
            works.push((row.id, computer.place, &work.progress));
        }
        if works.is_empty() {
            return Ok(());
        }
        let by_reference = |rows: BTreeMap<i64, String>| -> HashMap<String, i64> {
            rows.into_iter().map(|(id, named)| (named, id)).collect()
        };
        let (software, instances) = store::record::worked_on(self.tx).await?;
        let (software, instances) = (by_reference(software), by_reference(instances));
        for (id, place, progress) in works {
            let named = Progress::<String>::from_stored(progress).unwrap_or_default();
            for (what, all, rows) in [
                ("software", &named.software, &software),
                ("instance", &named.instances, &instances),
            ] {
                if let Some(unknown) = all.keys().find(|key| !rows.contains_key(*key)) {
                    return Err(missing(place, what, unknown));
                }
            }
            let progress: Progress = named.under(
                |named| software.get(named).copied(),
                |named| instances.get(named).copied(),
            );
            store::simulated::set_progress(self.tx, id, &progress.stored()).await?;
        }
        Ok(())
    }

    async fn seed_kept_software(&mut self, seed: &Seed) -> Result<()> {
        let mut rows = Vec::new();
        let mut statuses: Vec<(StatusSubject, &str, &AccessStatus)> = Vec::new();
        let mut first = None;
        for computer in seed.computers.iter().filter(|one| one.record.is_some()) {
            let reference = &computer.format.reference;
            let known = store::computer::by_reference(self.tx, reference).await?;
            let computer_id = known
                .ok_or_else(|| missing(computer.place, "computer", reference.as_str()))?
                .id;
            for software in &computer.software {
                let Some(record) = &software.record else {
                    continue;
                };
                first = first.or(Some(software.place));
                let reference = record.reference.as_str();
                counter::reserve(self.tx, Prefix::Installation, reference).await?;
                rows.push(NewInstallation {
                    computer_id,
                    release: software.release.as_str(),
                    state: software.state,
                    record,
                });
                let status = record.status.as_ref();
                statuses
                    .extend(status.map(|status| (StatusSubject::Installation, reference, status)));
            }
        }
        // In the order in which they were asked for, whichever computer that was on.
        rows.sort_by_key(|row| number(row.record.reference.as_str()));
        if !store::record::insert_installations(self.tx, &rows).await?
            && let Some(place) = first
        {
            let reason = "the world already has software of one of these references";
            return Err(refused(place, reason, "references that it has not"));
        }
        store::record::write_statuses(self.tx, &statuses).await?;
        Ok(())
    }

    async fn seed_kept_trees(&mut self, seed: &Seed) -> Result<()> {
        let kept = || {
            seed.trees
                .iter()
                .filter_map(|tree| Some((tree, tree.record.as_ref()?)))
        };
        // Most seeds keep none: nothing is asked for them.
        if kept().next().is_none() {
            return Ok(());
        }
        let mut trees = Vec::new();
        let mut id = store::bulk::next_tree_id(self.tx).await?;
        for (tree, record) in kept() {
            trees.push((tree, self.kept_tree(id, tree, record).await?));
            id += 1;
        }
        self.add_kept_trees(&trees).await?;
        let spots = self.kept_spots(seed).await?;
        let instances = self.kept_instances(&trees, &spots).await?;
        let rows: Vec<NewKept<'_>> = instances
            .iter()
            .map(|kept| NewKept {
                instance: &kept.instance,
                record: kept.record,
            })
            .collect();
        store::record::insert_instances(self.tx, &rows).await?;
        let parents: Vec<(i64, i64)> = instances
            .iter()
            .filter_map(|kept| Some((kept.instance.id, kept.parent_id?)))
            .collect();
        store::record::set_parents(self.tx, &parents).await?;
        let occupied: Vec<i64> = instances
            .iter()
            .filter_map(|kept| kept.instance.partition_id)
            .collect();
        store::record::occupy(self.tx, &occupied).await?;
        let statuses: Vec<_> = instances
            .iter()
            .filter_map(|kept| {
                let reference = kept.instance.reference.as_str();
                Some((
                    StatusSubject::Instance,
                    reference,
                    kept.record.status.as_ref()?,
                ))
            })
            .collect();
        store::record::write_statuses(self.tx, &statuses).await?;
        for kept in &instances {
            self.touch(kept.instance.computer_id);
        }
        Ok(())
    }

    /// A tree under the row that it gets.
    async fn kept_tree(
        &mut self,
        id: i64,
        tree: &SeedTree,
        record: &TreeRecord,
    ) -> Result<(InstanceTree, i64, i64)> {
        let owner = self.owner_of_seed(tree).await?;
        let project = self
            .project_of_seed(tree.place, tree.project.as_ref())
            .await?;
        if record.validation == Validation::Validated {
            let title = &record.title;
            let known = store::tree::live_by_title(self.tx, owner.id, title).await?;
            if known.is_some() {
                let owner = &owner.reference;
                let reason = format!("user `{owner}` already has an instance tree `{title}`");
                return Err(refused(tree.place, reason, "another title"));
            }
        }
        let reference = match &tree.reference {
            Some(reference) => reference.clone(),
            None => TreeReference::trusted(counter::next(self.tx, Prefix::Tree).await?),
        };
        let made = InstanceTree {
            id,
            reference,
            title: record.title.clone(),
            owner: owner.reference,
            project: project.reference,
            kind: record.kind,
            wanted: record.wanted.clone(),
            validation: record.validation,
            subscription: tree.subscription,
        };
        Ok((made, owner.id, project.id))
    }

    async fn add_kept_trees(
        &mut self,
        trees: &[(&SeedTree, (InstanceTree, i64, i64))],
    ) -> Result<()> {
        let rows: Vec<_> = trees
            .iter()
            .map(|(seed, (tree, owner_id, project_id))| {
                let new = store::tree::NewTree {
                    reference: &tree.reference,
                    title: &tree.title,
                    owner_id: *owner_id,
                    project_id: *project_id,
                    kind: tree.kind,
                    wanted: &tree.wanted,
                    created_at: seed
                        .record
                        .as_ref()
                        .map_or(self.now, |kept| kept.created_at),
                };
                (tree.id, new, tree.validation)
            })
            .collect();
        store::bulk::insert_trees(self.tx, &rows).await?;
        for (_, (tree, ..)) in trees {
            if tree.subscription != Subscription::Subscribed {
                store::tree::set_subscription(self.tx, tree.id, tree.subscription).await?;
            }
        }
        Ok(())
    }

    /// The partitions that kept instances are on.
    async fn kept_spots(&mut self, seed: &Seed) -> Result<HashMap<PartitionAddress, Spot>> {
        let kept = seed.trees.iter().filter(|tree| tree.record.is_some());
        let places: Vec<&PartitionAddress> = kept
            .flat_map(|tree| &tree.instances)
            .filter_map(|instance| match &instance.room {
                SeedRoom::On(at) => Some(at),
                SeedRoom::Allocated | SeedRoom::Waiting | SeedRoom::Host { .. } => None,
            })
            .collect();
        let found = store::partition::spots_of_any(self.tx, &places).await?;
        let by_place = found.into_iter().filter_map(|spot| {
            let at = places.get(spot.number).copied()?;
            Some((at.clone(), spot))
        });
        Ok(by_place.collect())
    }

    /// The instances of all kept trees in the order in which they were made, which that of their
    /// rows was: many lists are in that order.
    async fn kept_instances<'s>(
        &mut self,
        trees: &[(&'s SeedTree, (InstanceTree, i64, i64))],
        spots: &HashMap<PartitionAddress, Spot>,
    ) -> Result<Vec<Kept<'s>>> {
        let mut order: Vec<(usize, usize, &'s SeedInstance, &'s InstanceRecord)> = Vec::new();
        for (number, (tree, _)) in trees.iter().enumerate() {
            for (place, instance) in tree.instances.iter().enumerate() {
                if let Some(record) = &instance.record {
                    order.push((number, place, instance, record));
                }
            }
        }
        order.sort_by_key(|(.., record)| record.created_at);
        let first_id = store::bulk::next_instance_id(self.tx).await?;
        let ids: HashMap<(usize, usize), i64> = (first_id..)
            .zip(&order)
            .map(|(id, (tree, place, ..))| ((*tree, *place), id))
            .collect();
        let mut occupied = HashSet::new();
        let mut instances = Vec::with_capacity(order.len());
        for (id, (number, _, seed, record)) in (first_id..).zip(order) {
            let Some((_, (tree, ..))) = trees.get(number) else {
                continue;
            };
            let reference = if let Some(reference) = &seed.reference {
                reference.clone()
            } else {
                let next = counter::next(self.tx, Prefix::Instance).await?;
                InstanceReference::trusted(next)
            };
            let mut instance = Instance {
                id,
                reference,
                kind: seed.kind,
                title: seed.title.clone(),
                tree_id: tree.id,
                parent_id: None,
                wanted: seed.wanted.clone(),
                connection: seed.connection.clone(),
                validation: record.validation,
                partition_id: None,
                computer_id: None,
                stamped_at: record.changed_at,
                subscription: Subscription::Subscribed,
            };
            if let SeedRoom::On(at) = &seed.room {
                let spot = spots.get(at);
                let spot = spot.and_then(|spot| Some((spot, spot.partition?)));
                let (spot, (partition_id, _)) = spot.ok_or_else(|| {
                    let missing = Missing::Partition(at.clone()).to_string();
                    refused(seed.place, missing, "one that is there")
                })?;
                let alone = seed.kind == InstanceKind::Software
                    && record.validation == Validation::Validated;
                if alone && (spot.occupied || !occupied.insert(partition_id)) {
                    let reason = format!("another instance is on partition `{at}`");
                    return Err(refused(seed.place, reason, "one instance on each"));
                }
                instance.partition_id = Some(partition_id);
                instance.computer_id = Some(spot.computer_id);
            }
            let parent = seed.parent.map(|parent| (number, parent));
            instances.push(Kept {
                instance,
                parent_id: parent.and_then(|parent| ids.get(&parent).copied()),
                record,
            });
        }
        Ok(instances)
    }

    async fn seed_kept_tokens(&mut self, seed: &Seed) -> Result<()> {
        for kept in &seed.kept_tokens {
            let (place, token) = (kept.place, &kept.token);
            let user = store::lookup::user(self.tx, &token.user).await?;
            let user = user.ok_or_else(|| missing(place, "user", token.user.as_str()))?;
            let project = self.project_of_seed(place, Some(&token.project)).await?;
            if !store::token::insert(self.tx, token, user.id, project.id).await? {
                return Err(refused(
                    place,
                    "a token of this text is there",
                    "another text",
                ));
            }
            if let Some(used_at) = token.used_at {
                store::token::set_used(self.tx, &token.value, used_at).await?;
            }
        }
        Ok(())
    }

    async fn seed_certificates(&mut self, seed: &Seed) -> Result<()> {
        let mut rows: Vec<KeptCertificate<'_>> = Vec::with_capacity(seed.certificates.len());
        let mut holders = HashMap::new();
        for record in &seed.certificates {
            let place = record.place;
            let holder = if let Some(holder) = holders.get(&record.subject) {
                *holder
            } else {
                let found = store::certificate::holder(self.tx, &record.subject).await?;
                let holder = found.ok_or_else(|| no_holder(place, &record.subject))?;
                holders.insert(record.subject.clone(), holder);
                holder
            };
            let facts = CertificateFacts::of(&record.pem)
                .map_err(|error| refused(place, error.to_string(), "a certificate in PEM form"))?;
            rows.push((
                holder,
                record,
                facts.serial,
                facts.common_name,
                facts.validity,
            ));
        }
        if !store::record::insert_certificates(self.tx, &rows).await? {
            let place = seed
                .certificates
                .first()
                .map_or(SeedPlace(0), |one| one.place);
            let reason = "the world already has one of these certificates";
            return Err(refused(place, reason, "each certificate once"));
        }
        if !rows.is_empty() {
            self.credentials_changed();
        }
        Ok(())
    }
}

fn no_holder(place: SeedPlace, subject: &CertificateSubject) -> crate::master::MasterError {
    missing(place, subject.kind().as_str(), subject.reference())
}

/// The last timestamp that a seed tells of.
pub(super) fn latest(seed: &Seed) -> Timestamp {
    let partitions = seed.computers.iter().filter_map(|one| one.record.as_ref());
    let partitions = partitions.flat_map(|record| &record.partitions);
    let instances = seed.trees.iter().flat_map(|tree| &tree.instances);
    let instances = instances.filter_map(|instance| instance.record.as_ref());
    partitions
        .map(|partition| partition.changed_at)
        .chain(instances.map(|instance| instance.changed_at.max(instance.created_at)))
        .fold(seed.counters.last_stamp, Timestamp::max)
}

/// The number in a reference; what has none comes last.
fn number(reference: &str) -> (u64, &str) {
    let digits = reference.rsplit('-').next().unwrap_or_default();
    (digits.parse().unwrap_or(u64::MAX), reference)
}
