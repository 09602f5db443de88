//! Who is calling.

use super::identifier::{ComputerReference, PartitionAddress};

/// Who is taken to call an operation.
///
/// On an open listener nobody proves anything, and the call itself says who calls
/// (`semantics.md` 10.5). An operation resolves the caller in its own transaction, so that what
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
}
