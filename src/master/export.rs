//! A world as a seed: everything that it holds, as it is kept, for whoever makes another of it.

use std::collections::HashMap;

use super::{Master, Result};
use crate::{
    domain::{
        identifier::{ComputerReference, PartitionAddress, ProjectReference, UserReference},
        permission::Function,
        record::{GivenAuthority, TokenRecord},
        seed::{Seed, SeedComputer, SeedInstance, SeedPlace, SeedRoom, SeedTree, SeedUser},
        status::{AccessStatus, StatusSubject},
    },
    mock::simulate::Progress,
    store::{self, Connection, record::KeptInstance},
};

/// What was last reported, by what it is of.
type Statuses = HashMap<(StatusSubject, String), AccessStatus>;

impl Master {
    /// Everything that the world holds, as it is kept: a seed of records, which makes the same
    /// world of an empty one.
    ///
    /// Contacts that are only in memory are written first. The server's own certificates are left
    /// out: those are the process's.
    pub async fn export(&self) -> Result<Seed> {
        self.write_contacts().await?;
        let mut tx = self.0.store.read().await?;
        let mut statuses = store::record::statuses(&mut tx).await?;
        let (computers, places) = computers(&mut tx, &mut statuses).await?;
        let projects = store::lookup::projects(&mut tx).await?;
        // The default project comes first, and is there in every world.
        let projects = projects.into_iter().skip(1);
        let tokens = store::token::all(&mut tx).await?.into_iter();
        Ok(Seed {
            projects: projects
                .map(|project| (SeedPlace(0), project.reference))
                .collect(),
            users: users(&mut tx).await?,
            products: store::record::products(&mut tx).await?,
            computers,
            trees: trees(&mut tx, &mut statuses, &places).await?,
            forwarded: store::forwarding::all(&mut tx).await?,
            local_release_root: Some(store::release::root(&mut tx).await?),
            kept_tokens: tokens
                .map(|row| TokenRecord {
                    place: SeedPlace(0),
                    token: row.token,
                })
                .collect(),
            certificates: store::record::certificates(&mut tx).await?,
            usage: store::record::usage_reports(&mut tx).await?,
            counters: store::record::counters(&mut tx).await?,
            ..Seed::default()
        })
    }

    /// The computer that exists without being formatted, if there is one.
    pub fn default_computer(&self) -> Option<&ComputerReference> {
        self.0.default_computer.as_ref()
    }

    /// Lets every computer be told anew what it is told: nothing that was rendered until now is
    /// used again.
    pub async fn tell_anew(&self) -> Result<()> {
        let mut connection = self.0.store.glance().await?;
        let computers = store::computer::all_live(&mut connection).await?;
        let rows = computers.into_iter().map(|(_, facts)| facts.id);
        self.0.pulses.touch(rows);
        Ok(())
    }

    /// The world's certificate authority, with its key.
    pub fn authority(&self) -> GivenAuthority {
        GivenAuthority {
            certificate_pem: self.0.authority.certificate_pem().to_owned(),
            key_pem: self.0.authority.key_pem(),
        }
    }
}

async fn users(tx: &mut Connection) -> Result<Vec<SeedUser>> {
    let mut functions: HashMap<UserReference, Vec<(ProjectReference, Function)>> = HashMap::new();
    for (user, project, function) in store::record::functions(tx).await? {
        functions.entry(user).or_default().push((project, function));
    }
    let users = store::record::users(tx).await?.into_iter();
    Ok(users
        .map(|reference| SeedUser {
            place: SeedPlace(0),
            functions: Some(functions.remove(&reference).unwrap_or_default()),
            reference,
        })
        .collect())
}

/// The computers with all that is theirs, and where each partition is by its row.
async fn computers(
    tx: &mut Connection,
    statuses: &mut Statuses,
) -> Result<(Vec<SeedComputer>, HashMap<i64, PartitionAddress>)> {
    let rows = store::record::computers(tx).await?;
    let mut computers = Vec::with_capacity(rows.len());
    let mut numbers = HashMap::with_capacity(rows.len());
    for (id, mut computer) in rows {
        let subject = (
            StatusSubject::Computer,
            computer.format.reference.to_string(),
        );
        if let Some(record) = &mut computer.record {
            record.status = statuses.remove(&subject);
        }
        numbers.insert(id, computers.len());
        computers.push(computer);
    }
    let mut places = HashMap::new();
    for (id, computer_id, format, record) in store::record::partitions(tx).await? {
        let number = numbers.get(&computer_id).copied();
        let Some(computer) = number.and_then(|number| computers.get_mut(number)) else {
            continue;
        };
        let at = PartitionAddress {
            computer: computer.format.reference.clone(),
            partition: format.reference.clone(),
        };
        places.insert(id, at);
        computer.format.partitions.push(format);
        if let Some(kept) = &mut computer.record {
            kept.partitions.push(record);
        }
    }
    for (computer_id, mut software) in store::record::installations(tx).await? {
        if let Some(record) = &mut software.record {
            let subject = (StatusSubject::Installation, record.reference.to_string());
            record.status = statuses.remove(&subject);
        }
        let number = numbers.get(&computer_id).copied();
        if let Some(computer) = number.and_then(|number| computers.get_mut(number)) {
            computer.software.push(software);
        }
    }
    name_work(tx, &mut computers).await?;
    Ok((computers, places))
}

/// Gives what simulated computers are at references in the place of rows. What cannot be read, or
/// is of what ended, is left out.
async fn name_work(tx: &mut Connection, computers: &mut [SeedComputer]) -> Result<()> {
    let (software, instances) = store::record::worked_on(tx).await?;
    let records = computers.iter_mut().filter_map(|one| one.record.as_mut());
    for work in records.filter_map(|record| record.work.as_mut()) {
        let progress: Progress = Progress::from_stored(&work.progress).unwrap_or_default();
        let named = progress.under(
            |id| software.get(id).cloned(),
            |id| instances.get(id).cloned(),
        );
        work.progress = named.stored();
    }
    Ok(())
}

/// The trees, each with its instances: every requester before those that it requested.
async fn trees(
    tx: &mut Connection,
    statuses: &mut Statuses,
    places: &HashMap<i64, PartitionAddress>,
) -> Result<Vec<SeedTree>> {
    let mut trees = store::record::trees(tx).await?;
    let mut children: HashMap<(i64, Option<i64>), Vec<KeptInstance>> = HashMap::new();
    for mut kept in store::record::instances(tx).await? {
        let instance = &mut kept.instance;
        if let (Some(record), Some(reference)) = (&mut instance.record, &instance.reference) {
            let subject = (StatusSubject::Instance, reference.to_string());
            record.status = statuses.remove(&subject);
        }
        if let Some(at) = kept.partition_id.and_then(|id| places.get(&id)) {
            instance.room = SeedRoom::On(at.clone());
        }
        let of = (kept.tree_id, kept.parent_id);
        children.entry(of).or_default().push(kept);
    }
    for (id, tree) in &mut trees {
        plant(*id, &mut children, &mut tree.instances);
    }
    Ok(trees.into_iter().map(|(_, tree)| tree).collect())
}

/// Adds the instances of a tree, each followed by those that it requested. Not by recursion: a
/// tree may be deeper than a stack.
fn plant(
    tree: i64,
    children: &mut HashMap<(i64, Option<i64>), Vec<KeptInstance>>,
    planted: &mut Vec<SeedInstance>,
) {
    let mut next: Vec<(KeptInstance, Option<usize>)> = Vec::new();
    let mut push = |next: &mut Vec<_>, id: Option<i64>, parent: Option<usize>| {
        let found = children.remove(&(tree, id)).unwrap_or_default();
        // The last is taken first.
        next.extend(found.into_iter().rev().map(|kept| (kept, parent)));
    };
    push(&mut next, None, None);
    while let Some((kept, parent)) = next.pop() {
        let place = planted.len();
        planted.push(SeedInstance {
            parent,
            ..kept.instance
        });
        push(&mut next, Some(kept.id), Some(place));
    }
}
