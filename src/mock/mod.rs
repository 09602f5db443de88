//! The mock's own powers: what a production master does not have and a test needs.
//!
//! The room knows nothing of the protocol. Start with [`clock::Clock`], a world's only source of
//! "now"; [`journal::Journal`] remembers what happened, [`metrics::Metrics`] counts it,
//! [`faults::Faults`] say what shall go wrong, and [`background`] when the background works.

pub mod background;
pub mod clock;
pub mod faults;
pub mod journal;
pub mod metrics;
pub mod simulate;
