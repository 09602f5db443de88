//! Software installations: releases asked for on a computer, and what it reports of them.

use super::{
    identifier::{ComputerReference, InstallationReference, SoftwareReleaseUri},
    state::InstallationState,
};

/// `supply`: ask for a software release on a computer, or ask for its removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supply {
    /// Where.
    pub computer: ComputerReference,
    /// What.
    pub release: SoftwareReleaseUri,
    /// The state's word as the caller sent it; `available` where none was sent.
    pub state: String,
}

/// A live software installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoftwareInstallation {
    /// Row in the store.
    pub id: i64,
    /// Its own reference.
    pub reference: InstallationReference,
    /// The release.
    pub release: SoftwareReleaseUri,
    /// What is wanted of it.
    pub state: InstallationState,
}

/// What a supply does to the installation that is there (`semantics.md` 6, the supply table).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupplyDecision {
    /// Nothing changes.
    Keep,
    /// A new installation is made.
    Create,
    /// The one that is there is to be removed.
    RequestDestroy,
    /// The one that is there ends as if it had been destroyed, and a new one begins.
    Replace,
}

/// Decides what supplying `wanted` does where the live installation, if any, is in `existing`.
pub const fn decide_supply(
    existing: Option<InstallationState>,
    wanted: InstallationState,
) -> SupplyDecision {
    use InstallationState::{Available, Destroyed};
    match (existing, wanted) {
        (None, Available) => SupplyDecision::Create,
        (Some(Available), Destroyed) => SupplyDecision::RequestDestroy,
        (Some(Destroyed), Available) => SupplyDecision::Replace,
        (None | Some(Destroyed), Destroyed) | (Some(Available), Available) => SupplyDecision::Keep,
    }
}

/// What a computer reports of a software release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoftwareReport {
    /// It is being built.
    Building,
    /// It was built.
    Available,
    /// It could not be built; the log is for the journal, the status drops it.
    Error {
        /// What went wrong, in the node's words.
        log: String,
    },
    /// The same, where the status is to tell the message in place of the release.
    ErrorMessage {
        /// What went wrong, in the node's words.
        message: String,
    },
    /// It was removed.
    Destroyed,
}

#[cfg(test)]
mod tests {
    use super::*;
    use InstallationState::{Available, Destroyed};

    #[test]
    fn the_supply_table() {
        assert_eq!(decide_supply(None, Available), SupplyDecision::Create);
        assert_eq!(decide_supply(None, Destroyed), SupplyDecision::Keep);
        assert_eq!(
            decide_supply(Some(Available), Available),
            SupplyDecision::Keep
        );
        assert_eq!(
            decide_supply(Some(Available), Destroyed),
            SupplyDecision::RequestDestroy
        );
        assert_eq!(
            decide_supply(Some(Destroyed), Available),
            SupplyDecision::Replace
        );
        assert_eq!(
            decide_supply(Some(Destroyed), Destroyed),
            SupplyDecision::Keep
        );
    }
}
