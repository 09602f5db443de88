//! A world at one moment: its rows, and what it tells.

use std::collections::BTreeMap;

use proptest::sample::Index;
use serde::{Deserialize, de::DeserializeOwned};
use slapmaster::{
    domain::{
        identifier::{InstanceReference, PartitionAddress},
        status::StatusReading,
    },
    master::{ComputerView, RequestedView},
};

use crate::support::world::{TestWorld, at};

/// A row of the table of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Computer {
    pub(super) id: i64,
    pub(super) reference: String,
    pub(super) network: Option<String>,
    pub(super) validation: String,
}

/// A row of the table of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Partition {
    pub(super) id: i64,
    pub(super) computer_id: i64,
    pub(super) reference: String,
    pub(super) slap_state: String,
    pub(super) validation: String,
    pub(super) addresses: String,
    pub(super) capabilities: String,
    pub(super) touched_us: i64,
}

/// A row of the table of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Tree {
    pub(super) id: i64,
    pub(super) reference: String,
    pub(super) title: String,
    pub(super) owner_id: i64,
    pub(super) kind: String,
    pub(super) slap_state: String,
    pub(super) validation: String,
}

/// A row of the table of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Instance {
    pub(super) id: i64,
    pub(super) reference: String,
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) tree_id: i64,
    pub(super) parent_id: Option<i64>,
    pub(super) release: String,
    pub(super) software_type: String,
    pub(super) parameters: String,
    pub(super) sla: String,
    pub(super) connection: String,
    pub(super) slap_state: String,
    pub(super) validation: String,
    pub(super) partition_id: Option<i64>,
    pub(super) stamped_us: i64,
    pub(super) allocation_failure: Option<String>,
}

/// A row of the table of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Installation {
    pub(super) id: i64,
    pub(super) reference: String,
    pub(super) computer_id: i64,
    pub(super) release: String,
    pub(super) state: String,
    pub(super) validation: String,
}

/// A row of the table of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct AccessStatus {
    pub(super) subject: String,
    pub(super) reference: String,
    pub(super) kind: String,
    pub(super) created_us: i64,
    pub(super) since_us: i64,
}

/// A row of the table of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Certificate {
    pub(super) serial: String,
    pub(super) subject: String,
    pub(super) common_name: String,
    pub(super) computer_id: Option<i64>,
    pub(super) instance_id: Option<i64>,
    #[serde(rename = "certificate_pem")]
    pub(super) pem: String,
    pub(super) not_after_us: i64,
    pub(super) revoked_us: Option<i64>,
}

/// What the master tells: to each computer, and to the requester of each instance.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub(super) computers: BTreeMap<String, ComputerView>,
    pub(super) requesters: BTreeMap<String, RequestedView>,
}

/// A world at one moment.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    /// Every row.
    pub(super) dump: Vec<String>,
    pub(super) computers: Vec<Computer>,
    pub(super) partitions: Vec<Partition>,
    pub(super) trees: Vec<Tree>,
    pub(super) instances: Vec<Instance>,
    pub(super) installations: Vec<Installation>,
    pub(super) access: Vec<AccessStatus>,
    pub(super) certificates: Vec<Certificate>,
    pub(super) told: Told,
    /// Revisions of the computers: what is kept of what they are told holds until they change.
    pub(super) revisions: BTreeMap<String, u64>,
    pub(super) statuses: BTreeMap<String, StatusReading>,
    pub(super) now_us: i64,
}

fn rows<T: DeserializeOwned>(dump: &[String], table: &str) -> Vec<T> {
    let prefix = format!("{table} ");
    dump.iter()
        .filter_map(|line| line.strip_prefix(&prefix))
        .map(|json| serde_json::from_str(json).unwrap())
        .collect()
}

impl Snapshot {
    /// The world as it is.
    pub(super) async fn of(world: &TestWorld) -> Self {
        let dump = world.dump().await;
        let computers: Vec<Computer> = rows(&dump, "computer");
        let instances: Vec<Instance> = rows(&dump, "instance");
        // Before what is told is read, as whoever keeps it does.
        let revisions = computers
            .iter()
            .map(|c| (c.reference.clone(), world.master.revision(&c.reference)))
            .collect();
        let mut told = Told {
            computers: BTreeMap::new(),
            requesters: BTreeMap::new(),
        };
        let mut statuses = BTreeMap::new();
        // A draft, which is only named, is told nothing.
        for row in computers.iter().filter(|row| row.validation == "validated") {
            let view = world.computer(&row.reference).await;
            for partition in &view.partitions {
                let at = at(&row.reference, partition.reference.as_str());
                statuses.insert(at.to_string(), world.status(&at).await);
            }
            told.computers.insert(row.reference.clone(), view);
            let status = world.computer_status(&row.reference).await;
            statuses.insert(row.reference.clone(), status);
        }
        for instance in instances.iter().filter(|i| i.partition_id.is_some()) {
            let reference = InstanceReference::trusted(instance.reference.clone());
            let view = world.master.requested_information(&reference).await;
            if let Some(view) = view.unwrap() {
                told.requesters.insert(instance.reference.clone(), view);
            }
        }
        Self {
            partitions: rows(&dump, "partition"),
            trees: rows(&dump, "instance_tree"),
            installations: rows(&dump, "software_installation"),
            access: rows(&dump, "access_status"),
            certificates: rows(&dump, "certificate"),
            now_us: world.master.clock().now().as_micros(),
            computers,
            instances,
            told,
            revisions,
            statuses,
            dump,
        }
    }

    /// The live instances.
    pub(super) fn live(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|i| i.is_live())
    }

    /// The live instances on a partition.
    pub(super) fn live_on(&self, partition_id: i64) -> impl Iterator<Item = &Instance> {
        self.live()
            .filter(move |i| i.partition_id == Some(partition_id))
    }

    /// The certificates that are neither revoked nor expired.
    pub(super) fn active(&self) -> impl Iterator<Item = &Certificate> {
        let counts = |c: &&Certificate| c.revoked_us.is_none() && c.not_after_us >= self.now_us;
        self.certificates.iter().filter(counts)
    }

    /// Whether a computer has a certificate that counts.
    pub(super) fn is_certified(&self, computer: &str) -> bool {
        let known = self.computers.iter().find(|c| c.reference == computer);
        known.is_some_and(|known| self.active().any(|c| c.computer_id == Some(known.id)))
    }

    /// An instance by row.
    pub(super) fn instance(&self, id: i64) -> Option<&Instance> {
        self.instances.iter().find(|i| i.id == id)
    }

    /// A partition by row.
    pub(super) fn partition(&self, id: i64) -> &Partition {
        self.partitions.iter().find(|p| p.id == id).unwrap()
    }

    /// A tree by row.
    pub(super) fn tree(&self, id: i64) -> &Tree {
        self.trees.iter().find(|t| t.id == id).unwrap()
    }

    /// A computer by row.
    pub(super) fn computer(&self, id: i64) -> &Computer {
        self.computers.iter().find(|c| c.id == id).unwrap()
    }

    /// The live software instance on a partition.
    pub(super) fn occupant(&self, at: &PartitionAddress) -> Option<&Instance> {
        self.live().find(|i| {
            i.kind == "software"
                && i.partition_id.is_some_and(|id| {
                    let partition = self.partition(id);
                    partition.reference == at.partition.as_str()
                        && self.computer(partition.computer_id).reference == at.computer.as_str()
                })
        })
    }

    /// One of the partitions that hold a live software instance, if there is any.
    pub(super) fn place(&self, index: Index) -> Option<PartitionAddress> {
        let places: Vec<i64> = self
            .live()
            .filter(|i| i.kind == "software")
            .filter_map(|i| i.partition_id)
            .collect();
        if places.is_empty() {
            return None;
        }
        let partition = self.partition(*index.get(&places));
        let computer = self.computer(partition.computer_id);
        Some(at(&computer.reference, &partition.reference))
    }

    /// One of the live shared instances on a partition, if there is any.
    pub(super) fn shared_on(&self, at: &PartitionAddress, index: Index) -> Option<String> {
        let partition_id = self.occupant(at)?.partition_id?;
        let shared: Vec<&Instance> = self
            .live_on(partition_id)
            .filter(|i| i.kind == "shared")
            .collect();
        (!shared.is_empty()).then(|| index.get(&shared).reference.clone())
    }

    /// The first live shared instance on a partition.
    pub(super) fn first_shared_on(&self, at: &PartitionAddress) -> Option<String> {
        let partition_id = self.occupant(at)?.partition_id?;
        self.live_on(partition_id)
            .find(|i| i.kind == "shared")
            .map(|i| i.reference.clone())
    }
}

impl Instance {
    /// Whether it counts.
    pub(super) fn is_live(&self) -> bool {
        self.validation == "validated"
    }

    /// Whether it is listed by its host.
    pub(super) fn is_listed(&self) -> bool {
        self.is_live() && self.kind == "shared" && self.slap_state == "started"
    }

    /// What a change of bumps it.
    pub(super) fn wanted(&self) -> [&str; 5] {
        [
            &self.release,
            &self.software_type,
            &self.parameters,
            &self.sla,
            &self.slap_state,
        ]
    }
}
