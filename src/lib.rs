//! slapmaster: a mock SlapOS master for tests and demos.

pub mod domain;
pub mod front;
pub mod master;
pub mod mock;
pub mod store;
