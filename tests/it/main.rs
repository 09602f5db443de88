//! The integration tests of slapmaster.

mod xml_values;
