//! What nodes and instances report of instances: started, stopped, destroyed, failed
//! (`semantics.md` 2.3, 7.3).

use super::{
    Master, Missing, Result,
    operation::{Located, Operation, Subject},
};
use crate::{
    domain::{
        behaviour::{CascadeDestroy, DestroyedFrees, GuidStyle},
        caller::Caller,
        event::EventKind,
        identifier::{PartitionAddress, Title},
        instance::{Instance, InstanceName, InstanceTree},
        permission::Right,
        state::{InstanceKind, RequestedState, Validation},
        status::{StatusReport, StatusSubject},
    },
    store,
};

/// What is reported of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceReport {
    /// It runs.
    Started,
    /// It is stopped.
    Stopped,
    /// It is gone.
    Destroyed,
    /// It failed.
    Error {
        /// What went wrong, in the node's words.
        log: String,
    },
    /// It is being prepared: what clients before 1.4.9 send, which changes nothing.
    Preparing,
}

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportOutcome {
    /// It was taken.
    Taken,
    /// The root is not gone while it has these children, which are asked to go now
    /// (`cascade.destroy` at `report`).
    ChildrenLeft(Vec<Title>),
}

impl Master {
    /// Takes a report on a live instance. Reports never change what is wanted
    /// of it; a destroyed report ends an instance that is to be destroyed.
    pub async fn report_instance(
        &self,
        caller: Caller,
        name: impl Into<InstanceName>,
        report: InstanceReport,
    ) -> Result<ReportOutcome> {
        self.0
            .operate(
                (caller, name.into(), report),
                |operation, (caller, name, report)| {
                    Box::pin(operation.report(caller, name, report))
                },
            )
            .await
    }
}

impl Operation<'_> {
    pub(super) async fn report(
        &mut self,
        caller: &Caller,
        name: &InstanceName,
        report: &InstanceReport,
    ) -> Result<ReportOutcome> {
        let who = self.identify(caller).await?;
        let subject = self.subject(&who, name).await?;
        let needed = match report {
            InstanceReport::Destroyed => Right::Modify,
            InstanceReport::Started
            | InstanceReport::Stopped
            | InstanceReport::Error { .. }
            | InstanceReport::Preparing => Right::Read,
        };
        self.demand_instance(&who, needed, subject.id, &subject.reference)
            .await?;
        let author = self.author(caller, &who, name, &subject).await?;
        match report {
            InstanceReport::Preparing => {}
            InstanceReport::Destroyed => return self.report_destroyed(&subject).await,
            InstanceReport::Started => {
                self.news(&subject, &StatusReport::started(), &author, "")
                    .await?;
            }
            InstanceReport::Stopped => {
                self.news(&subject, &StatusReport::stopped(), &author, "")
                    .await?;
            }
            InstanceReport::Error { log } => {
                let status = StatusReport::instance_error(log);
                self.news(&subject, &status, &author, log).await?;
            }
        }
        Ok(ReportOutcome::Taken)
    }

    async fn news(
        &mut self,
        subject: &Subject,
        report: &StatusReport,
        author: &str,
        log: &str,
    ) -> Result<()> {
        let reference = subject.reference.as_str();
        let instance = StatusSubject::Instance;
        if self
            .report_status(instance, reference, report, author)
            .await?
        {
            self.touch_told(subject.computer_id);
        }
        self.reported(subject.id, report, log).await
    }

    /// Remembers what was reported of an instance; `log` is the whole of what a status keeps the
    /// end of.
    pub(super) async fn reported(
        &mut self,
        id: i64,
        report: &StatusReport,
        log: &str,
    ) -> Result<()> {
        let kind = EventKind::of_instance(report);
        let (words, why) = match report.state {
            Some(state) => (format!("reported {state}"), String::new()),
            None => ("reported an error".to_owned(), format!(": {log}")),
        };
        self.instance_report(kind, id, &words, &why).await
    }

    async fn report_destroyed(&mut self, subject: &Subject) -> Result<ReportOutcome> {
        let instance = store::instance::by_id(self.tx, subject.id).await?;
        let wanted = instance.wanted.state != RequestedState::Destroyed;
        let frees = match (self.behaviour.destroyed_frees, instance.kind) {
            (DestroyedFrees::On, InstanceKind::Software) => true,
            (DestroyedFrees::On, InstanceKind::Shared) | (DestroyedFrees::Off, _) => false,
        };
        if wanted && !frees {
            return Ok(ReportOutcome::Taken);
        }
        let tree = store::tree::by_id(self.tx, instance.tree_id).await?;
        let is_root = instance.is_root_of(&tree);
        if is_root && self.behaviour.cascade_destroy == CascadeDestroy::Report {
            let left = self.destroy_children(&instance).await?;
            if !left.is_empty() {
                return Ok(ReportOutcome::ChildrenLeft(left));
            }
        }
        self.end(&instance).await?;
        if is_root && tree.validation == Validation::Validated {
            store::tree::archive(self.tx, tree.id).await?;
        }
        Ok(ReportOutcome::Taken)
    }

    /// Asks for the destruction of everything in the tree but this root; which software
    /// instances are still there.
    async fn destroy_children(&mut self, root: &Instance) -> Result<Vec<Title>> {
        let mut left = Vec::new();
        for child in store::instance::live_of_tree(self.tx, root.tree_id).await? {
            if child.id == root.id {
                continue;
            }
            if child.wanted.state != RequestedState::Destroyed {
                self.set_state(&child, RequestedState::Destroyed).await?;
            }
            if child.kind == InstanceKind::Software && child.partition_id.is_some() {
                left.push(child.title.clone());
            }
            self.end_unreported(&child).await?;
        }
        Ok(left)
    }

    /// The live shared instance of this reference on the partition of its host.
    pub(super) async fn shared_instance(
        &mut self,
        host: &Located,
        at: &PartitionAddress,
        reference: &str,
    ) -> Result<Instance> {
        for instance in store::instance::on_partition(self.tx, host.partition_id).await? {
            if instance.kind != InstanceKind::Shared || instance.validation != Validation::Validated
            {
                continue;
            }
            if instance.reference.as_str() == reference {
                return Ok(instance);
            }
            if self.behaviour.guid_style == GuidStyle::Proxy {
                let tree = store::tree::by_id(self.tx, instance.tree_id).await?;
                if proxy_reference(&instance, &tree) == reference {
                    return Ok(instance);
                }
            }
        }
        Err(Missing::SharedInstance {
            at: at.clone(),
            reference: reference.to_owned(),
        }
        .into())
    }
}

/// A shared instance's reference as slapproxy makes it up (C.57).
fn proxy_reference(instance: &Instance, tree: &InstanceTree) -> String {
    if instance.is_root_of(tree) {
        format!("_{}", instance.title)
    } else {
        format!("{}_{}", tree.title, instance.title)
    }
}
