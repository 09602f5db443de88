//! Where instances are, and what was reported of them there.

use std::collections::HashSet;

use super::{refused, tree::Made};
use crate::{
    domain::{
        identifier::PartitionAddress,
        instance::{Instance, InstanceTree},
        seed::{SeedInstance, SeedRoom},
        state::{InstanceKind, PartitionState},
        status::{StatusReport, StatusSubject},
    },
    master::{MasterError, Missing, Result, allocate::Occupancy, operation::Operation},
    store::{self, partition::Spot},
};

impl Operation<'_> {
    /// Puts every instance where it is to be.
    pub(super) async fn settle(&mut self, trees: &[InstanceTree], made: &[Made<'_>]) -> Result<()> {
        for kind in [InstanceKind::Software, InstanceKind::Shared] {
            let of_kind = || made.iter().filter(|one| one.seed.kind == kind);
            let mut given: Vec<(&Made<'_>, PartitionAddress)> = Vec::new();
            for one in of_kind() {
                match &one.seed.room {
                    SeedRoom::On(at) => given.push((one, at.clone())),
                    SeedRoom::Host { tree, instance } => {
                        let host = made.iter().filter(|host| host.tree == *tree).nth(*instance);
                        given.push((one, self.place_of_host(one.seed, host).await?));
                    }
                    SeedRoom::Allocated | SeedRoom::Waiting => {}
                }
            }
            self.seed_given(kind, trees, &given).await?;
            for one in of_kind().filter(|one| one.seed.room == SeedRoom::Allocated) {
                if let Some(tree) = trees.get(one.tree) {
                    self.seed_by_rules(tree, one).await?;
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

    /// Puts instances of one kind on the partitions that were named for them.
    async fn seed_given(
        &mut self,
        kind: InstanceKind,
        trees: &[InstanceTree],
        given: &[(&Made<'_>, PartitionAddress)],
    ) -> Result<()> {
        if given.is_empty() {
            return Ok(());
        }
        let places: Vec<&PartitionAddress> = given.iter().map(|(_, at)| at).collect();
        let mut spots: Vec<Option<Spot>> = vec![None; given.len()];
        for spot in store::partition::spots(self.tx, &places).await? {
            if let Some(place) = spots.get_mut(spot.number) {
                *place = Some(spot);
            }
        }
        let mut taken = HashSet::new();
        let mut occupancies = Vec::new();
        for ((one, address), spot) in given.iter().zip(spots) {
            let Some(tree) = trees.get(one.tree) else {
                continue;
            };
            let (spot, partition_id, state) = found(one.seed, address, spot)?;
            let fits = match kind {
                InstanceKind::Software => {
                    state == PartitionState::Free && taken.insert(partition_id)
                }
                InstanceKind::Shared => spot.occupied,
            };
            if !fits {
                return Err(does_not_fit(one.seed, address));
            }
            if spot.project != tree.project {
                return Err(refused(
                    one.seed.place,
                    format!(
                        "computer `{}` is not in project `{}`, to which the tree belongs",
                        address.computer, tree.project
                    ),
                    "a computer of that project",
                ));
            }
            occupancies.push(Occupancy {
                instance: &one.instance,
                tree: &tree.reference,
                partition_id,
                computer_id: spot.computer_id,
                at: address,
            });
        }
        self.occupy_all(kind, &occupancies).await
    }

    /// The partition of the instance that serves another.
    async fn place_of_host(
        &mut self,
        served: &SeedInstance,
        host: Option<&Made<'_>>,
    ) -> Result<PartitionAddress> {
        let Some(host) = host else {
            let reason = "there is no such host";
            return Err(refused(served.place, reason, "an instance of the seed"));
        };
        let host = store::instance::by_id(self.tx, host.instance.id).await?;
        let site = match host.partition_id {
            Some(id) => store::partition::site(self.tx, id).await?,
            None => None,
        };
        site.map(|site| site.at).ok_or_else(|| {
            refused(
                served.place,
                format!("the host `{}` is on no partition", host.title),
                "an instance that is on one",
            )
        })
    }

    /// What was last reported of an instance.
    pub(super) async fn seed_reports(&mut self, one: &Made<'_>) -> Result<()> {
        let instance = &one.instance;
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
        self.reported(instance.id, report, &report.message).await
    }
}

/// The partition that was looked up for an instance.
fn found(
    seed: &SeedInstance,
    address: &PartitionAddress,
    spot: Option<Spot>,
) -> Result<(Spot, i64, PartitionState)> {
    let missing = |missing: Missing| refused(seed.place, missing.to_string(), "one that is there");
    let spot = spot.ok_or_else(|| missing(Missing::Computer(address.computer.clone())))?;
    let (partition_id, state) = spot
        .partition
        .ok_or_else(|| missing(Missing::Partition(address.clone())))?;
    Ok((spot, partition_id, state))
}

fn does_not_fit(seed: &SeedInstance, address: &PartitionAddress) -> MasterError {
    let PartitionAddress {
        computer,
        partition,
    } = address;
    let reason = match seed.kind {
        InstanceKind::Software => {
            format!("partition `{partition}` of computer `{computer}` is taken already")
        }
        InstanceKind::Shared => format!(
            "no instance is on partition `{partition}` of computer `{computer}` to serve `{}`",
            seed.title
        ),
    };
    refused(seed.place, reason, "another partition")
}
