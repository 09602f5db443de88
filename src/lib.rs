//! slapmaster: a mock SlapOS master for tests and demos.

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod fixture;
pub mod front;
pub mod master;
pub mod mock;
pub mod net;
pub mod pki;
pub mod slapproxy;
pub mod store;
pub mod xml;
