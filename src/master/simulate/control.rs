//! What is asked of simulated computers from outside: that they are simulated, stand still, go on,
//! fail and recover.

use super::super::{Master, Missing, Result, operation::Operation};
use crate::{
    domain::{
        event::{About, EventKind},
        identifier::{ComputerReference, PartitionAddress, PartitionReference, SoftwareReleaseUri},
        status::{StatusReport, StatusSubject},
    },
    mock::simulate::{MOST_ORDERED, Ordered, Part, Progress, Rules},
    store::{self, simulated::Kept},
};

/// What becomes of parts of the work of a simulated computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// They stand still.
    Hold,
    /// They go on where they stood.
    Release,
}

/// A failure that is to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureOrder {
    /// What fails.
    pub of: WhatFailed,
    /// What is reported.
    pub text: String,
    /// How many times.
    pub count: u64,
}

/// What of a simulated computer fails, or recovers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhatFailed {
    /// Whatever it works on.
    Anything,
    /// The building of this release.
    Build(SoftwareReleaseUri),
    /// The instance on this partition.
    Instance(PartitionReference),
}

impl Master {
    /// Simulates a computer by these rules from now on. What it is at stays, where it was
    /// simulated before.
    pub async fn simulate(&self, computer: ComputerReference, rules: Rules) -> Result<()> {
        let (stored, profile) = (rules.stored(), rules.profile());
        self.0
            .operate(
                (computer, stored, profile),
                |operation, (computer, stored, profile)| {
                    Box::pin(async move {
                        let row = operation.computer(computer).await?;
                        operation.simulate(row.id, computer, stored).await?;
                        let text = format!("computer {computer} is simulated: {profile}");
                        operation.simulated_event(EventKind::ComputerSimulated, computer, text);
                        Ok(())
                    })
                },
            )
            .await
    }

    /// Simulates a computer no more: a node of its own can take over. False if it was not.
    pub async fn end_simulation(&self, computer: ComputerReference) -> Result<bool> {
        self.0
            .operate(computer, |operation, computer| {
                Box::pin(operation.end_simulation(computer))
            })
            .await
    }

    /// Lets parts of what a simulated computer works on stand still, or go on where they stood.
    /// False if all did already.
    pub async fn turn(
        &self,
        computer: ComputerReference,
        turn: Turn,
        parts: Vec<Part>,
    ) -> Result<bool> {
        self.0
            .operate(
                (computer, turn, parts),
                |operation, (computer, turn, parts)| {
                    Box::pin(operation.turn(computer, *turn, parts))
                },
            )
            .await
    }

    /// Lets what comes next fail, so many times: builds, starts, and where a partition is named,
    /// the instance that runs on it at once. False if there are too many that have not come yet.
    pub async fn order_failure(
        &self,
        computer: ComputerReference,
        order: FailureOrder,
    ) -> Result<bool> {
        self.0
            .operate((computer, order), |operation, (computer, order)| {
                Box::pin(operation.order_failure(computer, order))
            })
            .await
    }

    /// Lets what failed be tried again at once, and succeed; no failure that was ordered comes any
    /// more. Says how many of both there were.
    pub async fn recover(&self, computer: ComputerReference, what: WhatFailed) -> Result<usize> {
        self.0
            .operate((computer, what), |operation, (computer, what)| {
                Box::pin(operation.recover(computer, what))
            })
            .await
    }
}

/// Parts in words.
fn words(parts: &[Part]) -> &'static str {
    match parts {
        [Part::Software] => "work on software",
        [Part::Instances] => "work on instances",
        _ => "work on software and instances",
    }
}

impl Operation<'_> {
    /// Simulates a computer by rules that were read before.
    pub(in super::super) async fn simulate(
        &mut self,
        id: i64,
        computer: &ComputerReference,
        rules: &str,
    ) -> Result<()> {
        let begin = <Progress>::default().stored();
        let since = store::simulated::put(self.tx, id, rules, &begin, self.now).await?;
        let (subject, reference) = (StatusSubject::Computer, computer.as_str());
        if self.status(subject, reference).await?.is_none() {
            let report = StatusReport::contact(computer);
            self.report_status(subject, reference, &report, reference)
                .await?;
        }
        self.played(id, computer, since);
        Ok(())
    }

    async fn end_simulation(&mut self, computer: &ComputerReference) -> Result<bool> {
        let row = self.computer(computer).await?;
        if store::simulated::of(self.tx, row.id).await?.is_none() {
            return Ok(false);
        }
        // As a node that ends: that it was there until now is the last that is known of it.
        let report = StatusReport::contact(computer);
        let subject = StatusSubject::Computer;
        self.report_status(subject, computer.as_str(), &report, computer.as_str())
            .await?;
        store::simulated::remove(self.tx, row.id).await?;
        self.played_no_more(row.id);
        let text = format!("computer {computer} is simulated no more");
        self.simulated_event(EventKind::ComputerSimulated, computer, text);
        Ok(true)
    }

    async fn turn(
        &mut self,
        computer: &ComputerReference,
        turn: Turn,
        parts: &[Part],
    ) -> Result<bool> {
        let (id, mut progress) = self.progress(computer).await?;
        let mut any = false;
        for part in parts {
            any |= match turn {
                Turn::Hold => progress.hold(*part, self.now),
                Turn::Release => progress.release(*part, self.now),
            };
        }
        if any {
            let (kind, does) = match turn {
                Turn::Hold => (EventKind::SimulationHeld, "stands still"),
                Turn::Release => (EventKind::SimulationReleased, "goes on"),
            };
            let text = format!("the {} of computer {computer} {does}", words(parts));
            self.simulated_event(kind, computer, text);
            self.keep(id, &progress).await?;
        }
        Ok(any)
    }

    async fn order_failure(
        &mut self,
        computer: &ComputerReference,
        order: &FailureOrder,
    ) -> Result<bool> {
        let (id, mut progress) = self.progress(computer).await?;
        if progress.ordered.len() >= MOST_ORDERED {
            return Ok(false);
        }
        let (release, partition) = match &order.of {
            WhatFailed::Anything => (None, None),
            WhatFailed::Build(release) => (Some(release.as_str().to_owned()), None),
            WhatFailed::Instance(partition) => {
                let at = PartitionAddress {
                    computer: computer.clone(),
                    partition: partition.clone(),
                };
                self.partition(&at).await?;
                (None, Some(partition.as_str().to_owned()))
            }
        };
        progress.ordered.push(Ordered {
            release,
            partition,
            text: order.text.clone(),
            left: order.count,
        });
        let what = order.of.in_words(computer);
        let (count, text) = (order.count, &order.text);
        let times = if count == 1 {
            "once".to_owned()
        } else {
            format!("{count} times")
        };
        let text = format!("{what} is to fail {times}: {text}");
        self.simulated_event(EventKind::FailureOrdered, computer, text);
        self.keep(id, &progress).await?;
        Ok(true)
    }

    async fn recover(&mut self, computer: &ComputerReference, what: &WhatFailed) -> Result<usize> {
        let (id, mut progress) = self.progress(computer).await?;
        let seen = self.seen_by(id, computer, &progress).await?;
        let now = self.now;
        let recovered = progress.recover(
            |ordered| match what {
                WhatFailed::Anything => true,
                WhatFailed::Build(release) => ordered.release.as_deref() == Some(release.as_str()),
                WhatFailed::Instance(partition) => {
                    ordered.partition.as_deref() == Some(partition.as_str())
                }
            },
            |row| match what {
                WhatFailed::Anything => true,
                WhatFailed::Build(release) => {
                    let mut software = seen.software.iter();
                    software.any(|seen| seen.id == row && seen.release == *release)
                }
                WhatFailed::Instance(_) => false,
            },
            |row| match what {
                WhatFailed::Anything => true,
                WhatFailed::Build(_) => false,
                WhatFailed::Instance(partition) => {
                    let mut instances = seen.instances.iter();
                    instances.any(|seen| seen.id == row && seen.partition == *partition)
                }
            },
            now,
        );
        let text = format!("{} is to recover", what.in_words(computer));
        self.simulated_event(EventKind::RecoveryOrdered, computer, text);
        self.keep(id, &progress).await?;
        Ok(recovered)
    }

    /// What a simulated computer is at.
    async fn progress(&mut self, computer: &ComputerReference) -> Result<(i64, Progress)> {
        let row = self.computer(computer).await?;
        let kept: Kept = store::simulated::of(self.tx, row.id)
            .await?
            .ok_or_else(|| Missing::Simulation(computer.clone()))?;
        // What cannot be read is begun anew.
        let progress = Progress::from_stored(&kept.progress).unwrap_or_default();
        Ok((row.id, progress))
    }

    /// Keeps what a simulated computer is at, which looks at it.
    async fn keep(&mut self, id: i64, progress: &Progress) -> Result<()> {
        store::simulated::set_progress(self.tx, id, &progress.stored()).await?;
        self.wake(id);
        Ok(())
    }

    pub(super) fn simulated_event(
        &mut self,
        kind: EventKind,
        computer: &ComputerReference,
        text: String,
    ) {
        self.event(kind, computer.as_str(), About::computer(computer), text);
    }
}

impl WhatFailed {
    fn in_words(&self, computer: &ComputerReference) -> String {
        match self {
            Self::Anything => format!("what computer {computer} works on"),
            Self::Build(release) => format!("the building of {release} on {computer}"),
            Self::Instance(partition) => format!("the instance on {computer}/{partition}"),
        }
    }
}
