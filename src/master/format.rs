//! Formatting a computer (`semantics.md` 5).

use std::collections::HashMap;

use super::{Master, Missing, Result, operation::Operation};
use crate::{
    domain::{
        behaviour::FormatUnknownComputer,
        caller::Caller,
        computer::{ComputerFormat, PartitionFormat, Unlisted, after_listed, after_unlisted},
        event::{About, EventKind},
        identifier::ComputerReference,
        state::Validation,
    },
    store::{self, counter::Prefix, partition::PartitionRow},
};

impl Master {
    /// Takes what a computer says of itself and its partitions
    /// (`loadComputerConfigurationFromXML`).
    ///
    /// An unknown computer is made or not found, by `format.unknown_computer`.
    pub async fn format_computer(&self, caller: Caller, format: ComputerFormat) -> Result<()> {
        self.0
            .operate((caller, format), |operation, (caller, format)| {
                Box::pin(async move {
                    let who = operation.identify(caller).await?;
                    operation.demand_format(&who, &format.reference).await?;
                    operation.format(format).await
                })
            })
            .await
    }

    /// Makes a computer exist without being formatted.
    pub(super) async fn ensure_computer(&self, reference: ComputerReference) -> Result<()> {
        self.0
            .operate(reference, |operation, reference| {
                Box::pin(async move {
                    operation.known_computer(reference).await?;
                    Ok(())
                })
            })
            .await
    }
}

impl Operation<'_> {
    /// The row of a computer, which is made if it is not known.
    pub(super) async fn known_computer(&mut self, reference: &ComputerReference) -> Result<i64> {
        match store::computer::by_reference(self.tx, reference).await? {
            Some(computer) if computer.validation == Validation::Validated => Ok(computer.id),
            Some(computer) => {
                store::computer::validate(self.tx, computer.id).await?;
                Ok(computer.id)
            }
            None => self.make_computer(reference, Validation::Validated).await,
        }
    }

    /// Adds a computer to the default project.
    pub(super) async fn make_computer(
        &mut self,
        reference: &ComputerReference,
        validation: Validation,
    ) -> Result<i64> {
        let project = self.default_project();
        let title = reference.as_str();
        self.add_computer(reference, title, project.id, validation)
            .await
    }

    /// Adds a computer.
    pub(super) async fn add_computer(
        &mut self,
        reference: &ComputerReference,
        title: &str,
        project_id: i64,
        validation: Validation,
    ) -> Result<i64> {
        let now = self.now;
        let id =
            store::computer::insert(self.tx, reference, title, project_id, validation, now).await?;
        store::counter::reserve(self.tx, Prefix::Computer, reference.as_str()).await?;
        self.computer_made(reference);
        Ok(id)
    }

    /// Remembers that a computer was made.
    pub(super) fn computer_made(&mut self, reference: &ComputerReference) {
        self.event(
            EventKind::ComputerMade,
            reference.as_str(),
            About::computer(reference),
            format!("computer {reference} was made"),
        );
    }

    pub(super) async fn format(&mut self, format: &ComputerFormat) -> Result<()> {
        let known = store::computer::live(self.tx, &format.reference).await?;
        let computer_id = match (known, self.behaviour.format_unknown_computer) {
            (Some(computer), _) => computer.id,
            (None, FormatUnknownComputer::Create) => self.known_computer(&format.reference).await?,
            (None, FormatUnknownComputer::Refuse) => {
                return Err(Missing::Computer(format.reference.clone()).into());
            }
        };
        store::computer::update_format(self.tx, computer_id, format).await?;
        let mut before: HashMap<String, PartitionRow> =
            store::partition::of_computer(self.tx, computer_id)
                .await?
                .into_iter()
                .map(|row| (row.reference.as_str().to_owned(), row))
                .collect();
        let mut new = Vec::new();
        for (position, partition) in (0..).zip(&format.partitions) {
            let row = before.remove(partition.reference.as_str());
            let listed = self
                .list_partition(&format.reference, position, partition, row)
                .await?;
            new.extend(listed);
        }
        let new: Vec<_> = new
            .iter()
            .map(|row| (computer_id, &format.reference, row))
            .collect();
        store::bulk::insert_partitions(self.tx, &new).await?;
        for row in before.into_values() {
            self.unlist_partition(&format.reference, row).await?;
        }
        self.formatted(computer_id, format);
        Ok(())
    }

    /// Remembers that a computer was formatted, and what follows from that.
    pub(super) fn formatted(&mut self, computer_id: i64, format: &ComputerFormat) {
        self.touch(Some(computer_id));
        self.unsettled = true;
        let count = format.partitions.len();
        self.event(
            EventKind::ComputerFormatted,
            format.reference.as_str(),
            About::computer(&format.reference),
            format!(
                "computer {} was formatted with {count} partitions",
                format.reference
            ),
        );
    }

    /// A partition that is listed for the first time.
    pub(super) fn new_partition(
        &mut self,
        position: i64,
        format: &PartitionFormat,
    ) -> PartitionRow {
        let (state, validation) = after_listed(None);
        PartitionRow {
            id: 0,
            reference: format.reference.clone(),
            state,
            validation,
            position,
            addresses: format.synchronised(&[]),
            capabilities: format.capabilities.clone(),
            touched_at: self.stamp(),
        }
    }

    /// Writes a partition that is listed; returns one that is new, to be added.
    async fn list_partition(
        &mut self,
        computer: &ComputerReference,
        position: i64,
        format: &PartitionFormat,
        before: Option<PartitionRow>,
    ) -> Result<Option<PartitionRow>> {
        let Some(before) = before else {
            return Ok(Some(self.new_partition(position, format)));
        };
        let (state, validation) = after_listed(Some(before.state));
        let mut row = PartitionRow {
            id: before.id,
            reference: format.reference.clone(),
            state,
            validation,
            position,
            addresses: format.synchronised(&before.addresses),
            capabilities: format.capabilities.clone(),
            touched_at: before.touched_at,
        };
        if row == before {
            return Ok(None);
        }
        let moved_only = PartitionRow {
            position,
            ..before.clone()
        } == row;
        if !moved_only {
            row.touched_at = self.stamp();
        }
        store::partition::update(self.tx, computer, &row).await?;
        Ok(None)
    }

    async fn unlist_partition(
        &mut self,
        computer: &ComputerReference,
        mut row: PartitionRow,
    ) -> Result<()> {
        match after_unlisted(row.state, self.behaviour.format_missing) {
            Unlisted::Kept(state) => {
                if (state, Validation::Invalidated) == (row.state, row.validation) {
                    return Ok(());
                }
                row.state = state;
                row.validation = Validation::Invalidated;
                store::partition::update(self.tx, computer, &row).await?;
            }
            Unlisted::Deleted => {
                for instance in store::instance::on_partition(self.tx, row.id).await? {
                    if instance.validation == Validation::Validated {
                        self.invalidate(&instance).await?;
                        let tree = store::tree::by_id(self.tx, instance.tree_id).await?;
                        if instance.is_root_of(&tree) {
                            store::tree::archive(self.tx, tree.id).await?;
                        }
                        let words = "was destroyed with its partition";
                        self.instance_event(EventKind::InstanceDestroyed, instance.id, words)
                            .await?;
                    }
                    store::instance::unlink(self.tx, instance.id).await?;
                }
                store::partition::delete(self.tx, row.id).await?;
            }
        }
        Ok(())
    }
}
