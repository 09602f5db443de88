//! Certificates and tokens, by the master's own operations: no TLS, no dialect.

mod authority;
mod instances;
mod races;
mod revoked;
mod tokens;

use slapmaster::{domain::identifier::ProjectReference, fixture::Fixture};

use crate::support::world::TestWorld;

/// Puts what a fixture describes into a world.
async fn add(world: &TestWorld, described: &str) {
    let fixture = Fixture::parse(&[("world.yaml".into(), described.to_owned())]).unwrap();
    fixture.apply(&world.master).await.unwrap();
}

/// A project's reference.
fn project(reference: &str) -> ProjectReference {
    ProjectReference::parse("project", reference).unwrap()
}
