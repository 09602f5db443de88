//! The name of a request, by which its answer, the log and the journal know it.

use std::fmt;

/// A request's id, unique among those of this machine: a process's own number, then a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    /// The process's own number, which it chose by chance.
    pub process: u32,
    /// How many requests it had before.
    pub count: u64,
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:x}", self.process, self.count)
    }
}
