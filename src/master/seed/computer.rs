//! Computers with their partitions, and the software on them.

use std::collections::{HashMap, HashSet};

use super::{at, taken};
use crate::{
    domain::{
        caller::Caller,
        identifier::ProjectReference,
        seed::{SeedComputer, SeedSoftware},
        software::Supply,
        state::InstallationState,
        status::StatusSubject,
    },
    master::{Result, operation::Operation},
    store::{
        self,
        bulk::{self, NewComputer},
        counter::{self, Prefix},
    },
};

/// A computer of the seed, with where it is to be.
struct Described<'s> {
    id: i64,
    project_id: i64,
    /// Whether the world had it: its default one.
    known: bool,
    seed: &'s SeedComputer,
}

impl Operation<'_> {
    /// Makes all computers.
    pub(super) async fn seed_computers(&mut self, computers: &[SeedComputer]) -> Result<()> {
        if computers.is_empty() {
            return Ok(());
        }
        let all = self.describe(computers).await?;
        self.make_computers(&all).await?;
        for one in &all {
            self.seed_computer(one).await?;
        }
        Ok(())
    }

    /// Finds out which there are and gives the others their rows, or refuses one.
    async fn describe<'s>(&mut self, computers: &'s [SeedComputer]) -> Result<Vec<Described<'s>>> {
        let references: Vec<&str> = computers
            .iter()
            .map(|computer| computer.format.reference.as_str())
            .collect();
        let known = store::computer::among(self.tx, &references).await?;
        let mut next_id = bulk::next_computer_id(self.tx).await?;
        let mut projects: HashMap<Option<&ProjectReference>, i64> = HashMap::new();
        let mut before = HashSet::new();
        let mut all = Vec::new();
        for computer in computers {
            let named = computer.project.as_ref();
            let project_id = match projects.get(&named) {
                Some(id) => *id,
                None => self.project_of_seed(computer.place, named).await?.id,
            };
            projects.insert(named, project_id);
            let reference = &computer.format.reference;
            let id = known.get(reference.as_str()).copied();
            let is_default = self.world.default_computer.as_ref() == Some(reference);
            let may_be = match id {
                Some(id) => is_default && store::computer::is_bare(self.tx, id).await?,
                None => true,
            };
            if !may_be || !before.insert(reference) {
                return Err(taken(computer.place, "a computer", reference.as_str()));
            }
            all.push(Described {
                id: id.unwrap_or(next_id),
                project_id,
                known: id.is_some(),
                seed: computer,
            });
            next_id += 1;
        }
        Ok(all)
    }

    /// Adds those that the world had not, with their partitions.
    async fn make_computers(&mut self, all: &[Described<'_>]) -> Result<()> {
        // One that is kept is made as it was, by itself.
        let new = || {
            all.iter()
                .filter(|one| !one.known && one.seed.record.is_none())
        };
        let mut partitions = Vec::new();
        for one in new() {
            for (position, partition) in (0..).zip(&one.seed.format.partitions) {
                let row = self.new_partition(position, partition);
                partitions.push((one.id, &one.seed.format.reference, row));
            }
        }
        let computers: Vec<_> = new()
            .map(|one| NewComputer {
                id: one.id,
                project_id: one.project_id,
                format: &one.seed.format,
                policy: &one.seed.policy,
                created_at: self.now,
            })
            .collect();
        bulk::insert_computers(self.tx, &computers).await?;
        let rows: Vec<_> = partitions
            .iter()
            .map(|(id, reference, row)| (*id, *reference, row))
            .collect();
        bulk::insert_partitions(self.tx, &rows).await?;
        let references: Vec<&str> = new()
            .map(|one| one.seed.format.reference.as_str())
            .collect();
        counter::reserve_all(self.tx, Prefix::Computer, &references).await?;
        Ok(())
    }

    /// Tells of a computer that was made, or describes the one that the world had, and does what is
    /// said of it beside.
    async fn seed_computer(&mut self, one: &Described<'_>) -> Result<()> {
        let (id, computer) = (one.id, one.seed);
        if let Some(record) = &computer.record {
            return self.seed_kept_computer(computer, record).await;
        }
        let format = &computer.format;
        let reference = &format.reference;
        let formatted = !format.partitions.is_empty();
        if one.known {
            self.known_computer(reference).await?;
            store::computer::update_policy(self.tx, id, one.project_id, &computer.policy).await?;
            if formatted {
                at(computer.place, self.format(format).await)?;
            }
        } else {
            self.computer_made(reference);
            if formatted {
                self.formatted(id, format);
            }
        }
        for software in &computer.software {
            let seeded = self.seed_software(computer, software).await;
            at(software.place, seeded)?;
        }
        if let Some(report) = &computer.report {
            let reference = reference.as_str();
            self.report_status(StatusSubject::Computer, reference, report, reference)
                .await?;
        }
        if let Some(rules) = &computer.simulate {
            self.simulate(id, reference, rules).await?;
        }
        self.touch(Some(id));
        Ok(())
    }

    async fn seed_software(
        &mut self,
        computer: &SeedComputer,
        software: &SeedSoftware,
    ) -> Result<()> {
        let reference = &computer.format.reference;
        let mut states = vec![InstallationState::Available];
        if software.state == InstallationState::Destroyed {
            states.push(InstallationState::Destroyed);
        }
        for state in states {
            let supply = Supply {
                computer: reference.clone(),
                release: software.release.clone(),
                state: state.as_str().to_owned(),
            };
            self.supply(&supply).await?;
        }
        if let Some(report) = &software.report {
            let caller = Caller::Computer(reference.clone());
            self.report_software(&caller, reference, &software.release, report)
                .await?;
        }
        Ok(())
    }
}
