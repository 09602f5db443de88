//! The integration tests of slapmaster: one crate, so that it is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails, also in its harness"
)]

mod certificates;
mod client_versions;
mod compatibility;
mod conformance;
mod control_calls;
mod ctl;
mod database;
mod embed;
mod faults;
mod fixtures;
mod forwarding;
mod hateoas_calls;
mod http_edges;
mod invariants;
mod json_rpc;
mod permissions;
mod pki;
mod presets;
mod process;
mod rooms;
mod scenarios;
mod simulation;
mod slap_calls;
mod slapos_cfg;
mod support;
mod time;
mod tls;
mod web_calls;
mod worlds;
mod xml_values;
