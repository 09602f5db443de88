//! Seeding: a whole world, or a part of one, in one operation.
//!
//! The rules are those of the other operations, whose verbs are used: only what a seed says
//! beside them (references, placements, policies) is written here. References come first, then
//! computers with what they report, then every instance, then where each is: given places before
//! those that the rules find, software before the shared instances that it serves.
//!
//! A seed may bring tens of thousands of instances, so that what there are many of is read and
//! written with few statements.

mod again;
mod computer;
mod person;
mod record;
mod room;
mod tree;

use std::sync::Arc;

pub use again::Seeded;

use super::{Master, MasterError, Result, operation::Operation};
use crate::{
    domain::{
        identifier::ProjectReference,
        product::ProductRelease,
        seed::{Seed, SeedPlace, SeedProduct, SeedRefused, SeedTree},
    },
    store::{
        self,
        counter::{self, Prefix},
        lookup::Named,
    },
};

impl Master {
    /// Adds everything that the seed describes, or nothing.
    ///
    /// What the world holds already stays as it is: a seed that names it again is refused, as is
    /// one that breaks a rule ([`MasterError::SeedRefused`]). The computer that the world was
    /// given as its default one may be described as long as it has neither partitions nor
    /// software.
    pub async fn seed(&self, seed: impl Into<Arc<Seed>>) -> Result<()> {
        self.0
            .operate(seed.into(), |operation, seed| {
                Box::pin(operation.seed(seed))
            })
            .await
    }

    /// Whether nothing was ever put into this world; a default computer alone does not count.
    pub async fn is_untouched(&self) -> Result<bool> {
        let mut connection = self.0.store.glance().await?;
        let default = self.0.default_computer.as_ref();
        Ok(store::lookup::is_untouched(&mut connection, default).await?)
    }
}

/// The trees that are described, rather than kept.
fn described(seed: &Seed) -> impl Iterator<Item = &SeedTree> {
    seed.trees.iter().filter(|tree| tree.record.is_none())
}

/// A refusal of what is described at this place.
fn refused(place: SeedPlace, reason: impl Into<String>, expected: &'static str) -> MasterError {
    SeedRefused {
        place,
        reason: reason.into(),
        expected,
    }
    .into()
}

/// A refusal of what the world holds already.
fn taken(place: SeedPlace, what: &str, name: &str) -> MasterError {
    let reason = format!("the world already has {what} `{name}`");
    refused(place, reason, "one that it has not")
}

/// A refusal of what is named and not there.
fn missing(place: SeedPlace, what: &str, name: &str) -> MasterError {
    let reason = format!("there is no {what} `{name}`");
    refused(place, reason, "one of the seed or of the world")
}

/// Gives a refusal the place of what was being seeded.
fn at<T>(place: SeedPlace, outcome: Result<T>) -> Result<T> {
    outcome.map_err(|error| match error {
        MasterError::Internal(_) | MasterError::SeedRefused(_) => error,
        MasterError::Invalid(_)
        | MasterError::NotFound(_)
        | MasterError::Unauthenticated(_)
        | MasterError::Forbidden(_)
        | MasterError::UnknownRequester(_)
        | MasterError::NothingFree(_)
        | MasterError::RefusedValue(_)
        | MasterError::CertificateRefused(_)
        | MasterError::Issuing(_)
        | MasterError::BrokenRule(_) => refused(place, error.to_string(), "what the rules allow"),
    })
}

impl Operation<'_> {
    pub(super) async fn seed(&mut self, seed: &Seed) -> Result<()> {
        for (place, project) in &seed.projects {
            self.seed_project(*place, project).await?;
        }
        for user in &seed.users {
            self.seed_user(user).await?;
        }
        self.reserve(seed).await?;
        for product in &seed.products {
            self.seed_product(product).await?;
        }
        self.seed_computers(&seed.computers).await?;
        self.seed_kept(seed).await?;
        let (trees, made) = self.seed_trees(seed).await?;
        self.settle(&trees, &made).await?;
        for one in &made {
            self.seed_reports(one).await?;
        }
        for (tree, described) in trees.iter().zip(described(seed)) {
            if described.subscription != tree.subscription {
                store::tree::set_subscription(self.tx, tree.id, described.subscription).await?;
            }
        }
        for (place, token) in &seed.tokens {
            self.seed_token(*place, token).await?;
        }
        for request in &seed.forwarded {
            store::forwarding::insert(self.tx, request).await?;
        }
        if let Some(root) = &seed.local_release_root {
            store::release::set_root(self.tx, root).await?;
        }
        // A world of which everything was kept is as settled as it was.
        let is_kept = |tree: &SeedTree| tree.record.is_some();
        let kept = seed
            .computers
            .iter()
            .all(|computer| computer.record.is_some())
            && seed.trees.iter().all(is_kept);
        self.unsettled = !kept;
        Ok(())
    }

    /// Keeps every reference that the seed names from being handed out to another.
    async fn reserve(&mut self, seed: &Seed) -> Result<()> {
        for tree in &seed.trees {
            if let Some(reference) = &tree.reference {
                if store::tree::is_known(self.tx, reference).await? {
                    let place = tree.place;
                    return Err(taken(place, "an instance tree", reference.as_str()));
                }
                counter::reserve(self.tx, Prefix::Tree, reference.as_str()).await?;
            }
            for instance in &tree.instances {
                let Some(reference) = &instance.reference else {
                    continue;
                };
                if store::instance::is_known(self.tx, reference).await? {
                    return Err(taken(instance.place, "an instance", reference.as_str()));
                }
                counter::reserve(self.tx, Prefix::Instance, reference.as_str()).await?;
            }
        }
        Ok(())
    }

    /// The project of what names this one, or none.
    pub(super) async fn project_of_seed(
        &mut self,
        place: SeedPlace,
        named: Option<&ProjectReference>,
    ) -> Result<Named<ProjectReference>> {
        match named {
            None => Ok(self.default_project()),
            Some(named) => self
                .project(named.as_str())
                .await?
                .ok_or_else(|| missing(place, "project", named.as_str())),
        }
    }

    async fn seed_product(&mut self, product: &SeedProduct) -> Result<()> {
        let project = self
            .project_of_seed(product.place, product.project.as_ref())
            .await?;
        let reference = product.reference.as_str();
        if store::product::is_known(self.tx, reference).await? {
            return Err(taken(product.place, "a product", reference));
        }
        let id = store::product::insert(self.tx, reference, project.id).await?;
        for (release, effective_at) in &product.releases {
            let release = ProductRelease {
                uri: release.clone(),
                effective_at: effective_at.unwrap_or(self.now),
            };
            store::product::insert_release(self.tx, id, &release).await?;
        }
        for (software_type, weight) in &product.types {
            store::product::insert_type(self.tx, id, software_type.as_str(), *weight).await?;
        }
        Ok(())
    }
}
