//! Software installations: releases asked for on a computer, and what it reports of them.

use super::{
    behaviour::SupplyUnknownRelease,
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
    /// A new installation is made, in the state that is wanted.
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
    unknown: SupplyUnknownRelease,
) -> SupplyDecision {
    use InstallationState::{Available, Destroyed};
    match (existing, wanted) {
        (None, Available) => SupplyDecision::Create,
        (None, Destroyed) => match unknown {
            SupplyUnknownRelease::Nothing => SupplyDecision::Keep,
            SupplyUnknownRelease::List => SupplyDecision::Create,
        },
        (Some(Available), Destroyed) => SupplyDecision::RequestDestroy,
        (Some(Destroyed), Available) => SupplyDecision::Replace,
        (Some(Destroyed), Destroyed) | (Some(Available), Available) => SupplyDecision::Keep,
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
        let check = |existing, wanted, expected| {
            for unknown in [SupplyUnknownRelease::Nothing, SupplyUnknownRelease::List] {
                assert_eq!(decide_supply(existing, wanted, unknown), expected);
            }
        };
        check(None, Available, SupplyDecision::Create);
        check(Some(Available), Available, SupplyDecision::Keep);
        check(Some(Available), Destroyed, SupplyDecision::RequestDestroy);
        check(Some(Destroyed), Available, SupplyDecision::Replace);
        check(Some(Destroyed), Destroyed, SupplyDecision::Keep);
        let removal = |unknown| decide_supply(None, Destroyed, unknown);
        assert_eq!(removal(SupplyUnknownRelease::Nothing), SupplyDecision::Keep);
        assert_eq!(removal(SupplyUnknownRelease::List), SupplyDecision::Create);
    }
}
