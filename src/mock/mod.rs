//! The mock's own powers: what a production master does not have and a test needs.
//!
//! The room knows nothing of the protocol. Start with [`clock::Clock`], a world's only source of
//! "now"; [`journal::Journal`] remembers what happened, and [`metrics::Metrics`] counts it.

pub mod clock;
pub mod journal;
pub mod metrics;
