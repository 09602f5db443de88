//! slapmaster: a mock SlapOS master for tests and demos.
//!
//! As a library it is a master in the process of a Rust test: start with
//! [`Slapmaster::builder`](embed::Slapmaster::builder), explained in `docs/embedding.md`. The other
//! rooms are what the command is made of; `ARCHITECTURE.md` says how.

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod embed;
pub mod fixture;
pub mod front;
pub mod master;
pub mod mock;
pub mod net;
pub mod pki;
pub mod slapproxy;
pub mod store;
pub mod xml;
