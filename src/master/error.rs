//! Why an operation was not done, by what a client must be able to tell apart.

use crate::{
    domain::{
        certificate::CertificateRefused,
        identifier::{
            ComputerReference, InstanceReference, PartitionAddress, ProjectReference,
            SoftwareReleaseUri, Title, UserReference,
        },
        permission::{CredentialRefused, Forbidden},
        request::{BrokenRule, RefusedValue},
        seed::SeedRefused,
        text::InvalidValue,
    },
    pki::PkiError,
    store::StoreError,
};

/// Something that a call names and that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The computer is not known.
    #[error("computer `{0}` is not known")]
    Computer(ComputerReference),
    /// The computer is known, the partition is not.
    #[error("computer `{}` has no partition `{}`", .0.computer, .0.partition)]
    Partition(PartitionAddress),
    /// The partition is known and no live instance is on it.
    #[error("no live instance is on partition `{}` of computer `{}`", at.partition, at.computer)]
    InstanceOnPartition {
        /// The partition.
        at: PartitionAddress,
        /// Whether it is still busy: its instance ended, and it was not freed yet.
        busy: bool,
    },
    /// The partition has an instance that hosts no such shared instance.
    #[error("no live shared instance `{reference}` is on partition `{}` of computer `{}`", at.partition, at.computer)]
    SharedInstance {
        /// The partition of the host.
        at: PartitionAddress,
        /// The reference that was named.
        reference: String,
    },
    /// The release is not supplied on the computer.
    #[error("software release `{release}` is not supplied on computer `{computer}`")]
    Installation {
        /// The computer.
        computer: ComputerReference,
        /// The release.
        release: SoftwareReleaseUri,
    },
    /// No product has this release.
    #[error("software release `{0}` belongs to no software product")]
    ProductOfRelease(SoftwareReleaseUri),
    /// No live software instance has this reference.
    #[error("software instance `{0}` is not known, or it ended")]
    Instance(InstanceReference),
    /// The caller has no live instance tree of this title.
    #[error("instance tree `{0}` is not known, or it ended")]
    Tree(Title),
    /// The person is not known.
    #[error("user `{0}` is not known")]
    User(UserReference),
    /// The project is not known.
    #[error("project `{0}` is not known")]
    Project(ProjectReference),
    /// A computer requests in its own name, which only people and instances can.
    #[error("computer `{0}` requests nothing for itself: name the partition whose instance does")]
    Requester(ComputerReference),
    /// The computer is not simulated.
    #[error("computer `{0}` is not simulated")]
    Simulation(ComputerReference),
    /// A root request names no project and none can be guessed.
    #[error("the request names no project, and none can be guessed from it")]
    ProjectGuess,
}

/// Why an operation was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MasterError {
    /// Nobody known calls, where that has to be proven. Classic: 401.
    #[error(transparent)]
    Unauthenticated(#[from] CredentialRefused),
    /// Somebody known wants what is not theirs. Classic: 401, production's word for it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The caller's value is malformed. Classic: 400.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    /// The call names what is not there. Classic: 404 by default; see `errors.unknown`.
    #[error(transparent)]
    NotFound(#[from] Missing),
    /// A request is made in the name of a partition that is unknown or has no instance.
    /// Classic: 404 by default; see `request.unknown_requester`.
    #[error("the requester cannot be found: {0}")]
    UnknownRequester(#[source] Missing),
    /// There is no room for the instance, and it is not kept waiting (`allocation.nothing_free`).
    /// Classic: 404.
    #[error("no room: {0}")]
    NothingFree(String),
    /// The model refuses a value. Classic: 404 with the reason.
    #[error(transparent)]
    RefusedValue(#[from] RefusedValue),
    /// The request breaks a rule. Classic: 500 with the reason, as production.
    #[error(transparent)]
    BrokenRule(#[from] BrokenRule),
    /// A certificate is not issued because one counts, or not revoked because none does.
    /// Classic: 404 with the reason.
    #[error(transparent)]
    CertificateRefused(#[from] CertificateRefused),
    /// The world's certificate authority cannot issue, because of the names or the time that it
    /// was given. Classic: 500 with the reason.
    #[error("no certificate can be issued: {0}")]
    Issuing(#[from] PkiError),
    /// A seed contradicts itself, the rules or what the world holds. No call of a protocol can
    /// meet it.
    #[error(transparent)]
    SeedRefused(#[from] SeedRefused),
    /// The master failed; the caller did nothing wrong. Every dialect: 500, a fixed sentence.
    #[error("internal error")]
    Internal(#[from] StoreError),
}
