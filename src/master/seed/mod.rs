//! Seeding: a whole world, or a part of one, in one operation.
//!
//! The rules are those of the other operations, whose verbs are used: only what a seed says
//! beside them (references, placements, policies) is written here. References come first, then
//! computers with what they report, then every instance, then where each is: given places before
//! those that the rules find, software before the shared instances that it serves.

mod person;

use super::{Master, MasterError, Result, make::TreeToMake, operation::Operation, request::InTree};
use crate::{
    domain::{
        behaviour::AfterDestroy,
        caller::Caller,
        identifier::{InstanceReference, PartitionAddress, ProjectReference, TreeReference},
        instance::{Instance, InstanceTree},
        product::ProductRelease,
        seed::{
            Seed, SeedComputer, SeedInstance, SeedPlace, SeedProduct, SeedRefused, SeedRoom,
            SeedSoftware, SeedTree,
        },
        software::Supply,
        state::{InstallationState, InstanceKind, PartitionState, RequestedState},
        status::{StatusReport, StatusSubject},
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
    pub async fn seed(&self, seed: Seed) -> Result<()> {
        self.0
            .operate(seed, |operation, seed| Box::pin(operation.seed(seed)))
            .await
    }

    /// Whether nothing was ever put into this world; a default computer alone does not count.
    pub async fn is_untouched(&self) -> Result<bool> {
        let mut connection = self.0.store.glance().await?;
        let default = self.0.default_computer.as_ref();
        Ok(store::lookup::is_untouched(&mut connection, default).await?)
    }
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

/// An instance that was made, with where it is to be.
struct Made<'s> {
    tree: usize,
    instance: Instance,
    seed: &'s SeedInstance,
}

impl Operation<'_> {
    async fn seed(&mut self, seed: &Seed) -> Result<()> {
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
        for computer in &seed.computers {
            self.seed_computer(computer).await?;
        }
        let mut trees = Vec::new();
        let mut made = Vec::new();
        for (number, tree) in seed.trees.iter().enumerate() {
            trees.push(self.seed_tree(number, tree, &mut made).await?);
        }
        self.settle(&trees, &made).await?;
        for one in &made {
            self.seed_reports(one).await?;
        }
        for (tree, described) in trees.iter().zip(&seed.trees) {
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
        self.unsettled = true;
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
            None => self.default_project().await,
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

    async fn seed_computer(&mut self, computer: &SeedComputer) -> Result<()> {
        let reference = &computer.format.reference;
        let project = self
            .project_of_seed(computer.place, computer.project.as_ref())
            .await?;
        if let Some(known) = store::computer::by_reference(self.tx, reference).await? {
            let is_default = self.world.default_computer.as_ref() == Some(reference);
            if !is_default || !store::computer::is_bare(self.tx, known.id).await? {
                return Err(taken(computer.place, "a computer", reference.as_str()));
            }
        }
        let id = self.known_computer(reference).await?;
        store::computer::update_policy(self.tx, id, project.id, &computer.policy).await?;
        if !computer.format.partitions.is_empty() {
            at(computer.place, self.format(&computer.format).await)?;
        }
        for software in &computer.software {
            let seeded = self.seed_software(computer, software).await;
            at(software.place, seeded)?;
        }
        if let Some(report) = &computer.report {
            let reference = reference.as_str();
            self.report_status(StatusSubject::Computer, reference, report, reference)
                .await?;
        }
        self.touch(Some(id));
        Ok(())
    }

    async fn seed_software(
        &mut self,
        computer: &SeedComputer,
        software: &SeedSoftware,
    ) -> Result<()> {
        let reference = &computer.format.reference;
        let mut states = vec![InstallationState::Available];
        if software.state == InstallationState::Destroyed {
            states.push(InstallationState::Destroyed);
        }
        for state in states {
            let supply = Supply {
                computer: reference.clone(),
                release: software.release.clone(),
                state: state.as_str().to_owned(),
            };
            self.supply(&supply).await?;
        }
        if let Some(report) = &software.report {
            let caller = Caller::Computer(reference.clone());
            self.report_software(&caller, reference, &software.release, report)
                .await?;
        }
        Ok(())
    }

    /// Makes a tree and its instances, none of them anywhere yet.
    async fn seed_tree<'s>(
        &mut self,
        number: usize,
        seed: &'s SeedTree,
        made: &mut Vec<Made<'s>>,
    ) -> Result<InstanceTree> {
        let Some(root) = seed.instances.first() else {
            return Err(refused(seed.place, "a tree has no instance", "its root"));
        };
        let owner = match &seed.owner {
            None => self.world.default_user.clone(),
            Some(owner) => store::lookup::user(self.tx, owner)
                .await?
                .ok_or_else(|| missing(seed.place, "user", owner.as_str()))?,
        };
        let project = self
            .project_of_seed(seed.place, seed.project.as_ref())
            .await?;
        let taken = store::tree::live_by_title(self.tx, owner.id, &root.title).await?;
        if taken.is_some() {
            let (title, owner) = (&root.title, owner.reference);
            let reason = format!("user `{owner}` already has an instance tree `{title}`");
            return Err(refused(seed.place, reason, "another title"));
        }
        let reference = match &seed.reference {
            Some(reference) => reference.clone(),
            None => TreeReference::trusted(counter::next(self.tx, Prefix::Tree).await?),
        };
        let tree = self
            .add_tree(TreeToMake {
                reference,
                title: &root.title,
                owner,
                project,
                kind: root.kind,
                wanted: root.wanted.clone(),
            })
            .await?;
        let mut ids: Vec<i64> = Vec::new();
        for instance in &seed.instances {
            let request = InTree {
                tree: &tree,
                parent_id: instance.parent.and_then(|parent| ids.get(parent).copied()),
                title: &instance.title,
                kind: instance.kind,
                wanted: instance.wanted.clone(),
            };
            let reference = match &instance.reference {
                Some(reference) => reference.clone(),
                None => InstanceReference::trusted(counter::next(self.tx, Prefix::Instance).await?),
            };
            let row = at(
                instance.place,
                self.make_instance(&request, reference).await,
            )?;
            ids.push(row.id);
            made.push(Made {
                tree: number,
                instance: row,
                seed: instance,
            });
        }
        let destroyed = tree.wanted.state == RequestedState::Destroyed;
        if destroyed && self.behaviour.after_destroy == AfterDestroy::New {
            store::tree::archive(self.tx, tree.id).await?;
        }
        Ok(tree)
    }

    /// Puts every instance where it is to be.
    async fn settle(&mut self, trees: &[InstanceTree], made: &[Made<'_>]) -> Result<()> {
        for kind in [InstanceKind::Software, InstanceKind::Shared] {
            for by_rules in [false, true] {
                for one in made.iter().filter(|one| one.seed.kind == kind) {
                    let Some(tree) = trees.get(one.tree) else {
                        continue;
                    };
                    match &one.seed.room {
                        SeedRoom::Allocated if by_rules => self.seed_by_rules(tree, one).await?,
                        SeedRoom::On(at) if !by_rules => self.seed_on(tree, one, at).await?,
                        SeedRoom::Host { tree: of, instance } if !by_rules => {
                            let host = made
                                .iter()
                                .filter(|host| host.tree == *of)
                                .nth(*instance)
                                .ok_or_else(|| {
                                refused(
                                    one.seed.place,
                                    "there is no such host",
                                    "an instance of the seed",
                                )
                            })?;
                            self.seed_served_by(tree, one, host).await?;
                        }
                        SeedRoom::Allocated
                        | SeedRoom::On(_)
                        | SeedRoom::Host { .. }
                        | SeedRoom::Waiting => {}
                    }
                }
            }
        }
        Ok(())
    }

    async fn seed_by_rules(&mut self, tree: &InstanceTree, one: &Made<'_>) -> Result<()> {
        let allocated = self.allocate(&one.instance, tree).await?;
        allocated.map(|_| ()).map_err(|failure| {
            refused(
                one.seed.place,
                format!("instance `{}` has no room: {failure}", one.seed.title),
                "room for it, a place of its own (`on`), or that it may wait (`waiting: true`)",
            )
        })
    }

    async fn seed_on(
        &mut self,
        tree: &InstanceTree,
        one: &Made<'_>,
        address: &PartitionAddress,
    ) -> Result<()> {
        let place = one.seed.place;
        let (computer_id, partition) = at(place, self.partition(address).await)?;
        let PartitionAddress {
            computer,
            partition: name,
        } = address;
        let fits = match one.seed.kind {
            InstanceKind::Software => partition.state == PartitionState::Free,
            InstanceKind::Shared => partition.occupant.is_some(),
        };
        if !fits {
            let reason = match one.seed.kind {
                InstanceKind::Software => {
                    format!("partition `{name}` of computer `{computer}` is taken already")
                }
                InstanceKind::Shared => format!(
                    "no instance is on partition `{name}` of computer `{computer}` to serve `{}`",
                    one.seed.title
                ),
            };
            return Err(refused(place, reason, "another partition"));
        }
        let project = store::computer::project_of(self.tx, Some(computer.as_str()), None).await?;
        if project.as_deref() != Some(tree.project.as_str()) {
            return Err(refused(
                place,
                format!(
                    "computer `{computer}` is not in project `{}`, to which the tree belongs",
                    tree.project
                ),
                "a computer of that project",
            ));
        }
        self.occupy(&one.instance, partition.id, computer_id, address)
            .await
    }

    async fn seed_served_by(
        &mut self,
        tree: &InstanceTree,
        one: &Made<'_>,
        host: &Made<'_>,
    ) -> Result<()> {
        let host = store::instance::by_id(self.tx, host.instance.id).await?;
        let at = match host.partition_id {
            Some(id) => store::partition::site(self.tx, id).await?,
            None => None,
        };
        match at {
            Some(site) => self.seed_on(tree, one, &site.at).await,
            None => Err(refused(
                one.seed.place,
                format!("the host `{}` is on no partition", host.title),
                "an instance that is on one",
            )),
        }
    }

    /// What an instance published, and what was last reported of it.
    async fn seed_reports(&mut self, one: &Made<'_>) -> Result<()> {
        let instance = &one.instance;
        if !one.seed.connection.is_empty() {
            store::instance::set_connection(self.tx, instance.id, &one.seed.connection).await?;
        }
        let Some(report) = &one.seed.report else {
            return Ok(());
        };
        let placed = store::instance::by_id(self.tx, instance.id).await?;
        let computer = match placed.partition_id {
            Some(id) => store::partition::site(self.tx, id).await?,
            None => None,
        };
        let Some(site) = computer else {
            let reason = format!("nothing can report on `{}`, which waits", instance.title);
            return Err(refused(one.seed.place, reason, "no report"));
        };
        self.seed_status(instance, report, &site.at).await
    }

    async fn seed_status(
        &mut self,
        instance: &Instance,
        report: &StatusReport,
        address: &PartitionAddress,
    ) -> Result<()> {
        let reference = instance.reference.as_str();
        let author = address.computer.as_str();
        self.report_status(StatusSubject::Instance, reference, report, author)
            .await?;
        self.event(reference, format!("#{} {}", report.kind, report.message));
        Ok(())
    }
}
