//! Bangs: something is to be processed anew (`semantics.md` 8.1, 8.2).

use std::collections::{BTreeMap, BTreeSet};

use super::{Master, Result, operation::Operation};
use crate::{
    domain::{
        behaviour::{BangComputer, BangInstance},
        caller::Caller,
        event::{About, EventKind},
        identifier::ComputerReference,
        instance::{Instance, InstanceName},
        permission::Right,
        state::{InstanceKind, RequestedState},
        status::{StatusReport, StatusSubject},
    },
    store,
};

impl Master {
    /// Bangs an instance: its status becomes an error, and it is processed anew
    /// with its tree or its ancestors (`bang.instance`).
    pub async fn bang_instance(
        &self,
        caller: Caller,
        name: impl Into<InstanceName>,
        message: String,
    ) -> Result<()> {
        self.0
            .operate(
                (caller, name.into(), message),
                |operation, (caller, name, message)| {
                    Box::pin(operation.bang(caller, name, message))
                },
            )
            .await
    }

    /// Bangs a computer: its status becomes an error, and what it hosts is processed anew
    /// (`bang.computer`).
    pub async fn bang_computer(
        &self,
        caller: Caller,
        computer: ComputerReference,
        message: String,
    ) -> Result<()> {
        self.0
            .operate(
                (caller, computer, message),
                |operation, (caller, computer, message)| {
                    Box::pin(operation.bang_computer(caller, computer, message))
                },
            )
            .await
    }
}

impl Operation<'_> {
    async fn bang(&mut self, caller: &Caller, name: &InstanceName, message: &str) -> Result<()> {
        let who = self.identify(caller).await?;
        let subject = self.subject(&who, name).await?;
        let reference = &subject.reference;
        self.demand_instance(&who, Right::Modify, subject.id, reference)
            .await?;
        let author = self.author(caller, &who, name, &subject).await?;
        let status = StatusReport::instance_bang(message);
        self.report_status(
            StatusSubject::Instance,
            reference.as_str(),
            &status,
            &author,
        )
        .await?;
        let instance = store::instance::by_id(self.tx, subject.id).await?;
        let mut banged = BTreeSet::new();
        self.bang_with_tree(&instance, &mut banged).await?;
        let words = format!("was banged: {message}");
        self.instance_event(EventKind::InstanceBanged, instance.id, words)
            .await
    }

    /// Bangs an instance and those that a bang on it reaches, each once.
    ///
    /// The whole tree is every live software instance in it, whatever is wanted of it, and the
    /// banged instance itself where that is shared.
    async fn bang_with_tree(
        &mut self,
        instance: &Instance,
        banged: &mut BTreeSet<i64>,
    ) -> Result<()> {
        let reached = match self.behaviour.bang_instance {
            BangInstance::Tree => store::instance::live_of_tree(self.tx, instance.tree_id).await?,
            BangInstance::Ancestors => {
                let mut lineage = Vec::new();
                for id in store::instance::lineage(self.tx, instance.id).await? {
                    lineage.push(store::instance::by_id(self.tx, id).await?);
                }
                lineage
            }
        };
        for other in reached {
            let included = other.kind == InstanceKind::Software || other.id == instance.id;
            if included && banged.insert(other.id) {
                self.bang_one(&other).await?;
            }
        }
        Ok(())
    }

    async fn bang_computer(
        &mut self,
        caller: &Caller,
        reference: &ComputerReference,
        message: &str,
    ) -> Result<()> {
        let who = self.identify(caller).await?;
        self.demand_computer(&who, reference).await?;
        let computer = self.computer(reference).await?;
        let author = self.author_of_computer(caller, &who, reference);
        let hosted: Vec<Instance> = store::instance::live_on_computer(self.tx, computer.id)
            .await?
            .into_iter()
            .filter(|instance| instance.wanted.state != RequestedState::Destroyed)
            .collect();
        let chosen: Vec<Instance> = match self.behaviour.bang_computer {
            BangComputer::None => Vec::new(),
            BangComputer::All => hosted,
            BangComputer::OnePerTree => {
                let mut by_tree = BTreeMap::new();
                for instance in hosted {
                    by_tree.entry(instance.tree_id).or_insert(instance);
                }
                by_tree.into_values().collect()
            }
        };
        let mut banged = BTreeSet::new();
        for instance in &chosen {
            self.bang_with_tree(instance, &mut banged).await?;
        }
        let status = StatusReport::computer_bang(message);
        self.report_status(
            StatusSubject::Computer,
            reference.as_str(),
            &status,
            &author,
        )
        .await?;
        self.event(
            EventKind::ComputerBanged,
            reference.as_str(),
            About::computer(reference),
            format!("computer {reference} was banged: {message}"),
        );
        Ok(())
    }
}
