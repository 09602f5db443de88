//! The integration tests of slapmaster.
