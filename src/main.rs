//! The `slapmaster` binary.
fn main() {}
