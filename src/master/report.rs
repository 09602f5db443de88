//! What nodes and instances report of instances: started, stopped, destroyed, failed
//! (`semantics.md` 2.3, 7.3).

use super::{
    Master, Missing, Result,
    operation::{Located, Operation},
};
use crate::{
    domain::{
        behaviour::{CascadeDestroy, DestroyedFrees, GuidStyle},
        caller::Caller,
        identifier::PartitionAddress,
        instance::{Instance, InstanceTree},
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
        /// The shared instance that failed, where it is one that the instance hosts.
        shared: Option<String>,
    },
    /// It is being prepared: what clients before 1.4.9 send, which changes nothing.
    Preparing,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportOutcome {
    /// It was taken.
    Taken,
    /// The root is not gone while it has this many children, which are asked to go now
    /// (`cascade.destroy` at `report`).
    ChildrenLeft(usize),
}

impl Master {
    /// Takes a report on the live instance of a partition. Reports never change what is wanted
    /// of it; a destroyed report ends an instance that is to be destroyed.
    pub async fn report_instance(
        &self,
        caller: Caller,
        at: PartitionAddress,
        report: InstanceReport,
    ) -> Result<ReportOutcome> {
        self.0
            .operate((caller, at, report), |operation, (caller, at, report)| {
                Box::pin(operation.report(caller, at, report))
            })
            .await
    }
}

impl Operation<'_> {
    async fn report(
        &mut self,
        caller: &Caller,
        at: &PartitionAddress,
        report: &InstanceReport,
    ) -> Result<ReportOutcome> {
        let who = self.identify(caller).await?;
        let located = self.occupant(at).await?;
        let needed = match report {
            InstanceReport::Destroyed => Right::Modify,
            InstanceReport::Started
            | InstanceReport::Stopped
            | InstanceReport::Error { .. }
            | InstanceReport::Preparing => Right::Read,
        };
        let instance = &located.instance;
        self.demand_instance(&who, needed, instance.id, &instance.reference)
            .await?;
        let author = self.author(caller, &who, at, instance).await?;
        let reference = located.instance.reference.as_str().to_owned();
        match report {
            InstanceReport::Preparing => {}
            InstanceReport::Destroyed => return self.report_destroyed(&located).await,
            InstanceReport::Started => {
                let status = StatusReport::started();
                self.news(&located, &reference, &status, &author).await?;
            }
            InstanceReport::Stopped => {
                let status = StatusReport::stopped();
                self.news(&located, &reference, &status, &author).await?;
            }
            InstanceReport::Error { log, shared } => {
                let subject = match shared {
                    None => reference,
                    Some(shared) => {
                        let shared = self.shared_instance(&located, at, shared).await?;
                        self.demand_instance(&who, needed, shared.id, &shared.reference)
                            .await?;
                        shared.reference.as_str().to_owned()
                    }
                };
                let status = StatusReport::instance_error(log);
                self.news(&located, &subject, &status, &author).await?;
                self.event(&subject, format!("error reported: {log}"));
            }
        }
        Ok(ReportOutcome::Taken)
    }

    async fn news(
        &mut self,
        located: &Located,
        subject: &str,
        report: &StatusReport,
        author: &str,
    ) -> Result<()> {
        let instance = StatusSubject::Instance;
        if self
            .report_status(instance, subject, report, author)
            .await?
        {
            self.touch(Some(located.computer_id));
            self.event(subject, format!("#{} {}", report.kind, report.message));
        }
        Ok(())
    }

    async fn report_destroyed(&mut self, located: &Located) -> Result<ReportOutcome> {
        let instance = store::instance::by_id(self.tx, located.instance.id).await?;
        let wanted = instance.wanted.state != RequestedState::Destroyed;
        if wanted && self.behaviour.destroyed_frees == DestroyedFrees::Off {
            return Ok(ReportOutcome::Taken);
        }
        let tree = store::tree::by_id(self.tx, instance.tree_id).await?;
        let is_root = instance.is_root_of(&tree);
        if is_root && self.behaviour.cascade_destroy == CascadeDestroy::Report {
            let left = self.destroy_children(&instance).await?;
            if left > 0 {
                return Ok(ReportOutcome::ChildrenLeft(left));
            }
        }
        self.end(&instance).await?;
        if is_root && tree.validation == Validation::Validated {
            store::tree::archive(self.tx, tree.id).await?;
        }
        Ok(ReportOutcome::Taken)
    }

    /// Asks for the destruction of everything in the tree but this root; how many software
    /// instances are still there.
    async fn destroy_children(&mut self, root: &Instance) -> Result<usize> {
        let mut left = 0;
        for child in store::instance::live_of_tree(self.tx, root.tree_id).await? {
            if child.id == root.id {
                continue;
            }
            if child.wanted.state != RequestedState::Destroyed {
                self.set_state(&child, RequestedState::Destroyed).await?;
            }
            if child.kind == InstanceKind::Software && child.partition_id.is_some() {
                left += 1;
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
