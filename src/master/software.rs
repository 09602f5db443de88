//! Software: asking for it on a computer, what the computer reports of it, and usage reports
//! (`semantics.md` 6, 11).

use super::{Master, Missing, Result, operation::Operation};
use crate::{
    domain::{
        behaviour::{ReportSoftwareDestroyed, SupplyUnknownComputer},
        caller::Caller,
        event::{About, EventKind},
        identifier::{ComputerReference, SoftwareReleaseUri},
        request::RefusedValue,
        software::{SoftwareInstallation, SoftwareReport, Supply, SupplyDecision, decide_supply},
        state::{InstallationState, Validation},
        status::{StatusReport, StatusSubject},
        usage::UsageReport,
    },
    store,
};

/// What became of a supply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupplyOutcome {
    /// The release is asked for, or asked to be removed, as wanted.
    Taken,
    /// It was not asked for, so that there is nothing to remove.
    NothingToRemove,
}

impl Master {
    /// Asks for a software release on a computer, or for its removal (`supplySupply`).
    pub async fn supply(&self, caller: Caller, supply: Supply) -> Result<SupplyOutcome> {
        self.0
            .operate((caller, supply), |operation, (caller, supply)| {
                Box::pin(async move {
                    let who = operation.identify(caller).await?;
                    operation.demand_supply(&who, &supply.computer).await?;
                    operation.supply(supply).await
                })
            })
            .await
    }

    /// Takes a computer's report on a software release that is asked for on it.
    pub async fn report_software(
        &self,
        caller: Caller,
        computer: ComputerReference,
        release: SoftwareReleaseUri,
        report: SoftwareReport,
    ) -> Result<()> {
        self.0
            .operate(
                (caller, computer, release, report),
                |operation, (caller, computer, release, report)| {
                    Box::pin(operation.report_software(caller, computer, release, report))
                },
            )
            .await
    }

    /// Keeps a usage report of a computer; the same reference again makes a new version
    /// (`useComputer`).
    pub async fn report_usage(
        &self,
        caller: Caller,
        computer: ComputerReference,
        report: UsageReport,
    ) -> Result<()> {
        self.0
            .operate(
                (caller, computer, report),
                |operation, (caller, computer, report)| {
                    Box::pin(operation.report_usage(caller, computer, report))
                },
            )
            .await
    }

    /// Versions and documents of the usage reports kept under a reference, oldest first. The
    /// reference is `TIOCONS-<computer>-<reference of the first transaction>`.
    pub async fn usage_reports(&self, reference: &str) -> Result<Vec<(i64, String)>> {
        let mut connection = self.0.store.glance().await?;
        Ok(store::usage::of_reference(&mut connection, reference).await?)
    }
}

impl Operation<'_> {
    pub(super) async fn supply(&mut self, supply: &Supply) -> Result<SupplyOutcome> {
        let computer_id = self.supplied_computer(&supply.computer).await?;
        let state: InstallationState = supply.state.parse().map_err(RefusedValue::from)?;
        let existing = store::installation::live(self.tx, computer_id, &supply.release).await?;
        let present = existing.as_ref().map(|known| known.state);
        let decision = decide_supply(present, state, self.behaviour.supply_unknown_release);
        match (decision, existing) {
            (SupplyDecision::Keep, None) => return Ok(SupplyOutcome::NothingToRemove),
            (SupplyDecision::Keep, Some(_)) => return Ok(SupplyOutcome::Taken),
            (SupplyDecision::RequestDestroy, Some(known)) => {
                store::installation::request_destroy(self.tx, known.id).await?;
            }
            (SupplyDecision::Replace, Some(known)) => {
                store::installation::invalidate(self.tx, &known).await?;
                self.add_installation(computer_id, &supply.release, state)
                    .await?;
            }
            (SupplyDecision::Create | SupplyDecision::Replace, _) => {
                self.add_installation(computer_id, &supply.release, state)
                    .await?;
            }
            (SupplyDecision::RequestDestroy, None) => {}
        }
        self.touch(Some(computer_id));
        self.unsettled = true;
        self.event(
            EventKind::SoftwareAsked,
            supply.computer.as_str(),
            About::computer(&supply.computer).of_release(&supply.release),
            format!(
                "software {} is asked to be {state} on {}",
                supply.release, supply.computer
            ),
        );
        Ok(SupplyOutcome::Taken)
    }

    async fn add_installation(
        &mut self,
        computer_id: i64,
        release: &SoftwareReleaseUri,
        state: InstallationState,
    ) -> Result<()> {
        let now = self.now;
        store::installation::insert(self.tx, computer_id, release, state, now).await?;
        Ok(())
    }

    /// The row of the computer that is supplied to, by `supply.unknown_computer`.
    async fn supplied_computer(&mut self, reference: &ComputerReference) -> Result<i64> {
        let known = store::computer::by_reference(self.tx, reference).await?;
        match (known, self.behaviour.supply_unknown_computer) {
            (Some(computer), _) if computer.validation == Validation::Validated => Ok(computer.id),
            (_, SupplyUnknownComputer::Refuse) => Err(Missing::Computer(reference.clone()).into()),
            (Some(computer), SupplyUnknownComputer::Accept) => Ok(computer.id),
            (None, SupplyUnknownComputer::Accept) => {
                self.make_computer(reference, Validation::Draft).await
            }
        }
    }

    pub(super) async fn report_software(
        &mut self,
        caller: &Caller,
        computer: &ComputerReference,
        release: &SoftwareReleaseUri,
        report: &SoftwareReport,
    ) -> Result<()> {
        let who = self.identify(caller).await?;
        self.demand_software(&who, computer).await?;
        let row = self.computer(computer).await?;
        let installation = store::installation::live(self.tx, row.id, release)
            .await?
            .ok_or_else(|| Missing::Installation {
                computer: computer.clone(),
                release: release.clone(),
            })?;
        let status = match report {
            SoftwareReport::Destroyed => {
                return self
                    .software_destroyed(row.id, computer, &installation)
                    .await;
            }
            SoftwareReport::Building => StatusReport::building(release),
            SoftwareReport::Available => StatusReport::available(release),
            SoftwareReport::Error { .. } => StatusReport::software_error(release),
            SoftwareReport::ErrorMessage { message } => {
                StatusReport::software_error_message(message)
            }
        };
        let text = match report {
            SoftwareReport::Error { log: why } | SoftwareReport::ErrorMessage { message: why } => {
                format!("building {release} failed on {computer}: {why}")
            }
            SoftwareReport::Building => format!("software {release} is being built on {computer}"),
            SoftwareReport::Available | SoftwareReport::Destroyed => {
                format!("software {release} is available on {computer}")
            }
        };
        self.event(
            EventKind::of_software(&status),
            installation.reference.as_str(),
            About::computer(computer).of_release(release),
            text,
        );
        let author = self.author_of_computer(caller, &who, computer);
        let reference = installation.reference.as_str();
        self.report_status(StatusSubject::Installation, reference, &status, &author)
            .await?;
        Ok(())
    }

    async fn software_destroyed(
        &mut self,
        computer_id: i64,
        computer: &ComputerReference,
        installation: &SoftwareInstallation,
    ) -> Result<()> {
        let asked = installation.state == InstallationState::Destroyed;
        if !asked && self.behaviour.report_software_destroyed == ReportSoftwareDestroyed::Checked {
            return Err(RefusedValue::NotAskedToBeDestroyed(installation.release.clone()).into());
        }
        store::installation::invalidate(self.tx, installation).await?;
        self.touch_told(Some(computer_id));
        self.event(
            EventKind::SoftwareDestroyed,
            installation.reference.as_str(),
            About::computer(computer).of_release(&installation.release),
            format!("software {} is gone from {computer}", installation.release),
        );
        Ok(())
    }

    async fn report_usage(
        &mut self,
        caller: &Caller,
        computer: &ComputerReference,
        report: &UsageReport,
    ) -> Result<()> {
        let who = self.identify(caller).await?;
        self.demand_computer(&who, computer).await?;
        let row = self.computer(computer).await?;
        let reference = format!("TIOCONS-{computer}-{}", report.transaction_reference);
        let version = store::usage::insert(self.tx, row.id, &reference, report, self.now).await?;
        self.event(
            EventKind::UsageReported,
            computer.as_str(),
            About::computer(computer),
            format!("usage report {reference} was kept as version {version}"),
        );
        Ok(())
    }
}
