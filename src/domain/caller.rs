//! Who is calling.

use super::{
    certificate::CertificateSerial,
    identifier::{ComputerReference, PartitionAddress},
};

/// Who calls an operation.
///
/// On an open listener nobody proves anything, and the call itself says who calls: the first
/// three. On one in certificate mode only what was proven counts (`semantics.md` 10.5). An
/// operation resolves the caller in its own transaction, so that what
/// it decides is about the caller's state at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The world's default user.
    DefaultUser,
    /// The computer that the call names.
    Computer(ComputerReference),
    /// The instance on the partition that the `X-SlapPartition` header names; where none is
    /// named there, the instance that the call is about.
    Instance(Option<PartitionAddress>),
    /// Whoever this credential leads to.
    Certified(Credential),
    /// A computer that the mock master plays itself: it may what its certificate would let it do.
    Simulated(ComputerReference),
}

/// What a caller showed of itself, where that has to be proven.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Credential {
    /// Nothing.
    None,
    /// A certificate that the world's authority did not issue.
    Foreign,
    /// A certificate that the world's authority signed. Whether it was issued by this world, its
    /// time has come and it was not revoked is looked up at each call.
    Certificate(CertificateSerial),
    /// The common name of a certificate that a trusted proxy verified.
    Name(String),
}
