//! How many simulated computers there are: more are made, or taken away.

use super::super::{Master, Result, operation::Operation};
use crate::{
    domain::{
        computer::{ComputerDetails, ComputerFormat, Occupied, numbered_partitions},
        event::{About, EventKind},
        identifier::ComputerReference,
        seed::{ComputerPolicy, Seed, SeedComputer, SeedPlace},
    },
    mock::simulate::Rules,
    store::{self, certificate::Holder},
};

/// How many simulated computers there shall be.
#[derive(Debug, Clone)]
pub struct Scale {
    /// What their references begin with; a number from 1 follows.
    pub prefix: String,
    /// How many.
    pub count: usize,
    /// How many partitions each that is made has.
    pub partitions: usize,
    /// How all are simulated. Without it those that are stay as they are, and others are healthy.
    pub rules: Option<Rules>,
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scaled {
    /// There are so many now.
    Done {
        /// How many were made.
        made: usize,
        /// How many were taken away.
        removed: usize,
    },
    /// Nothing was changed: these instances are on computers that would have to be taken away, or
    /// ended there and still hold their partition.
    Occupied(Vec<Occupied>),
}

impl Master {
    /// Lets there be so many simulated computers: `SIM-1`, `SIM-2` and so on.
    ///
    /// Those that are missing are made, and those with higher numbers are taken away, as far as
    /// they are simulated. As a closed computer in production (`semantics.md` 2.5), one ends only
    /// if nothing is on it, and its row stays.
    pub async fn scale(&self, scale: Scale) -> Result<Scaled> {
        self.0
            .operate(scale, |operation, scale| Box::pin(operation.scale(scale)))
            .await
    }
}

impl Operation<'_> {
    async fn scale(&mut self, scale: &Scale) -> Result<Scaled> {
        let surplus = self.surplus(scale).await?;
        let ids: Vec<i64> = surplus.iter().map(|(id, _)| *id).collect();
        let occupied = store::computer::occupied(self.tx, &ids).await?;
        if !occupied.is_empty() {
            return Ok(Scaled::Occupied(occupied));
        }
        self.take_away(&surplus).await?;
        let made = self.fill_up(scale).await?;
        let (count, prefix) = (scale.count, &scale.prefix);
        let how = scale
            .rules
            .as_ref()
            .map_or_else(String::new, |rules| format!(": {}", rules.profile()));
        let text = format!("{count} computers {prefix}… are simulated{how}");
        self.event(EventKind::ComputerSimulated, prefix, About::default(), text);
        Ok(Scaled::Done {
            made,
            removed: surplus.len(),
        })
    }

    /// The simulated computers that are too many.
    async fn surplus(&mut self, scale: &Scale) -> Result<Vec<(i64, ComputerReference)>> {
        let mut fleet = store::simulated::fleet(self.tx, &scale.prefix).await?;
        fleet.retain(|(_, reference)| {
            let number = reference.as_str().get(scale.prefix.len()..);
            let number = number.filter(|text| !text.starts_with(['0', '+']));
            let number = number.and_then(|text| text.parse::<u64>().ok());
            number.is_some_and(|number| number > scale.count as u64)
        });
        Ok(fleet)
    }

    /// Ends computers that nothing is on.
    async fn take_away(&mut self, computers: &[(i64, ComputerReference)]) -> Result<()> {
        if computers.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = computers.iter().map(|(id, _)| *id).collect();
        store::computer::invalidate(self.tx, &ids).await?;
        self.credentials_changed();
        for (id, reference) in computers {
            self.revoke_active(Holder::Computer(*id), reference.as_str())
                .await?;
            self.played_no_more(*id);
            self.touch_told(Some(*id));
            let text = format!("computer {reference} was taken away");
            self.simulated_event(EventKind::ComputerRemoved, reference, text);
        }
        Ok(())
    }

    /// Makes those that are missing, and simulates the others as is said. Says how many were made.
    async fn fill_up(&mut self, scale: &Scale) -> Result<usize> {
        let given = scale.rules.as_ref().map(Rules::stored);
        let stored = given.clone().unwrap_or_else(|| Rules::default().stored());
        let next_place = store::bulk::next_computer_id(self.tx).await?;
        let mut seed = Seed::default();
        let mut again = 0;
        for number in 1..=scale.count {
            let reference = format!("{}{number}", scale.prefix);
            let reference = ComputerReference::trusted(reference);
            let known = store::computer::by_reference(self.tx, &reference).await?;
            if let Some(row) = &known
                && row.counts()
            {
                let is_simulated = store::simulated::of(self.tx, row.id).await?.is_some();
                if given.is_some() || !is_simulated {
                    self.simulate(row.id, &reference, &stored).await?;
                }
                continue;
            }
            let place = known.as_ref().map_or_else(
                || next_place.saturating_add_unsigned(seed.computers.len() as u64),
                |row| row.id,
            );
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            let format = ComputerFormat {
                partitions: numbered_partitions(place, scale.partitions),
                reference,
                details: Some(ComputerDetails::default()),
                document: "{}".to_owned(),
            };
            if let Some(row) = known {
                self.make_again(row.id, &format, &stored).await?;
                again += 1;
                continue;
            }
            seed.computers.push(SeedComputer {
                place: SeedPlace(0),
                project: None,
                format,
                policy: ComputerPolicy::default(),
                software: Vec::new(),
                report: None,
                simulate: Some(stored.clone()),
                record: None,
            });
        }
        let made = again + seed.computers.len();
        if made > 0 {
            self.seed(&seed).await?;
        }
        Ok(made)
    }

    /// Makes a computer that ended, or that was only named, as if it were new: in its row.
    async fn make_again(&mut self, id: i64, format: &ComputerFormat, rules: &str) -> Result<()> {
        let project = self.default_project();
        let reference = &format.reference;
        store::computer::validate(self.tx, id).await?;
        self.computer_made(reference);
        let policy = ComputerPolicy::default();
        store::computer::update_policy(self.tx, id, project.id, &policy).await?;
        self.format(format).await?;
        self.simulate(id, reference, rules).await
    }
}
