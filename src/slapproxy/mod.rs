//! The database of a slapproxy, read into what a world of ours can begin with.
//!
//! The file belongs to somebody else: it is opened for reading only, read in one transaction, so
//! that a slapproxy may go on working with it, and nothing is written beside it either. That is
//! why SQL is here and not in `store`, and why its statements are not checked when they are
//! compiled: nine versions of the schema are read (`slap.md` 9.4). The room knows no wire and no
//! rule of a master; what slapproxy allows and the model does not is changed or left out, and each
//! time that is a note. Start with [`read`].
//!
//! A file becomes rows (`open.rs`, `rows.rs`), these become instances that know who requested them
//! (`instances.rs`, `shared.rs`), and those become trees (`forest.rs`).

mod error;
mod forest;
mod instances;
mod note;
mod open;
mod rows;
mod shared;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    path::Path,
};

use crate::domain::{
    computer::{Address, ComputerDetails, ComputerFormat, PartitionFormat},
    forwarding::ForwardedRequest,
    identifier::{ComputerReference, PartitionReference, SoftwareReleaseUri, Title},
    local_release::ReleaseRoot,
    seed::{ComputerPolicy, Seed, SeedComputer, SeedOrigin, SeedPlace, SeedSoftware},
    state::{InstallationState, InstanceKind},
};

pub use error::SlapproxyError;

use self::{forest::Forest, note::Notes, rows::Rows};

/// The versions of the schema that can be read.
pub const VERSIONS: std::ops::RangeInclusive<u32> = 10..=18;

/// What a database of slapproxy holds, for a world of ours.
#[derive(Debug, Clone)]
pub struct Slapproxy {
    /// The version of its schema.
    pub version: u32,
    /// What can be held by a world, all of it.
    pub seed: Seed,
    /// What was changed or left out, a sentence each.
    pub notes: Vec<String>,
}

/// Reads a database. Nothing is ever written to it, nor beside it.
pub async fn read(path: &Path) -> Result<Slapproxy, SlapproxyError> {
    let rows = open::read(path).await?;
    Ok(of_rows(&rows))
}

fn of_rows(rows: &Rows) -> Slapproxy {
    let mut notes = Notes::default();
    for place in &rows.not_utf8 {
        notes.add(format!("{place} is not UTF-8: what is not was replaced"));
    }
    let computers = computers(rows, &mut notes);
    let mut forest = Forest::default();
    instances::plant(rows, &mut forest, &mut notes);
    shared::plant(rows, &mut forest, &mut notes);
    let seed = Seed {
        origin: SeedOrigin::Slapproxy,
        computers,
        trees: forest.into_trees(&mut notes),
        forwarded: forwarded(rows),
        local_release_root: Some(release_root(rows, &mut notes)),
        ..Seed::default()
    };
    Slapproxy {
        version: rows.version,
        seed,
        notes: notes.into(),
    }
}

impl Slapproxy {
    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        let Seed {
            computers,
            trees,
            forwarded,
            ..
        } = &self.seed;
        computers.is_empty() && trees.is_empty() && forwarded.is_empty()
    }
}

/// What it holds, counted.
impl fmt::Display for Slapproxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Seed {
            computers,
            trees,
            forwarded,
            ..
        } = &self.seed;
        let partitions: usize = computers.iter().map(|c| c.format.partitions.len()).sum();
        let software: usize = computers.iter().map(|c| c.software.len()).sum();
        let kinds = |kind| {
            let instances = trees.iter().flat_map(|tree| &tree.instances);
            instances.filter(|instance| instance.kind == kind).count()
        };
        let counts = [
            (computers.len(), "computer"),
            (partitions, "partition"),
            (software, "software installation"),
            (trees.len(), "instance tree"),
            (kinds(InstanceKind::Software), "software instance"),
            (kinds(InstanceKind::Shared), "shared instance"),
            (forwarded.len(), "forwarded request"),
        ];
        for (number, (count, what)) in counts.into_iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            let plural = if count == 1 { "" } else { "s" };
            write!(f, "{comma}{count} {what}{plural}")?;
        }
        Ok(())
    }
}

/// The computers with their partitions and software, in the order in which they are first named.
fn computers(rows: &Rows, notes: &mut Notes) -> Vec<SeedComputer> {
    let mut computers = Computers::default();
    for row in &rows.computers {
        if let Some(computer) = computers.get(&row.reference, notes) {
            computer.format.details = Some(ComputerDetails {
                address: row.address.clone(),
                netmask: row.netmask.clone(),
                ..ComputerDetails::default()
            });
        }
    }
    let known = computers.list.len();
    for row in &rows.partitions {
        let Some(reference) = PartitionReference::parse("reference", &row.reference).ok() else {
            notes.add(format!(
                "{row} was left out: its reference cannot be told in XML"
            ));
            continue;
        };
        if let Some(computer) = computers.get(&row.computer, notes) {
            computer.format.partitions.push(PartitionFormat {
                reference,
                tap_name: String::new(),
                addresses: Vec::new(),
                route: None,
                described: Some(Vec::new()),
                capabilities: Vec::new(),
            });
        }
    }
    computers.add_addresses(rows, notes);
    for row in &rows.software {
        let Some(release) = SoftwareReleaseUri::parse("url", &row.url).ok() else {
            notes.add(format!(
                "software `{}` on computer `{}` was left out: it cannot be told in XML",
                row.url, row.computer
            ));
            continue;
        };
        let state = row.state.as_deref().unwrap_or_default();
        let state = match (state.parse::<InstallationState>(), state) {
            (Ok(state), _) => state,
            (Err(_), "") => InstallationState::Available,
            (Err(unknown), _) => {
                notes.add(format!(
                    "software `{release}` on computer `{}` is asked to be available: {unknown}",
                    row.computer
                ));
                InstallationState::Available
            }
        };
        if let Some(computer) = computers.get(&row.computer, notes) {
            computer.software.push(SeedSoftware {
                place: SeedPlace(0),
                release,
                state,
                report: None,
                record: None,
            });
        }
    }
    for computer in computers.list.iter().skip(known) {
        notes.add(format!(
            "computer `{}` was never formatted and is known from now on, because it has software \
             or partitions",
            computer.format.reference
        ));
    }
    computers.list
}

#[derive(Default)]
struct Computers {
    list: Vec<SeedComputer>,
    places: HashMap<String, usize>,
}

impl Computers {
    /// The computer of this reference, which is added if it is new; none if that is illegal.
    fn get(&mut self, reference: &str, notes: &mut Notes) -> Option<&mut SeedComputer> {
        if let Some(place) = self.places.get(reference) {
            return self.list.get_mut(*place);
        }
        let Ok(parsed) = ComputerReference::parse("computer_reference", reference) else {
            notes.once(format!(
                "computer `{reference}` was left out with all that is on it: its reference cannot \
                 be told in XML"
            ));
            return None;
        };
        self.places.insert(reference.to_owned(), self.list.len());
        self.list.push(SeedComputer {
            place: SeedPlace(0),
            project: None,
            format: ComputerFormat {
                reference: parsed,
                details: None,
                partitions: Vec::new(),
                document: "{}".to_owned(),
            },
            policy: ComputerPolicy::default(),
            software: Vec::new(),
            report: None,
            record: None,
            simulate: None,
        });
        self.list.last_mut()
    }

    fn add_addresses(&mut self, rows: &Rows, notes: &mut Notes) {
        let mut addresses: HashMap<(String, String), Vec<Address>> = HashMap::new();
        for row in &rows.networks {
            let at = (row.computer.clone(), row.partition.clone());
            addresses.entry(at).or_default().push(Address {
                interface: row.interface.clone(),
                address: row.address.clone(),
                netmask: row.netmask.clone(),
                gateway: String::new(),
                network: String::new(),
            });
        }
        for computer in &mut self.list {
            let reference = computer.format.reference.as_str().to_owned();
            for partition in &mut computer.format.partitions {
                let at = (reference.clone(), partition.reference.as_str().to_owned());
                partition.described = Some(addresses.remove(&at).unwrap_or_default());
            }
        }
        let mut left: Vec<_> = addresses.into_keys().collect();
        left.sort();
        for (computer, partition) in left {
            notes.add(format!(
                "the addresses of partition `{partition}` on computer `{computer}` were left out: \
                 there is no such partition"
            ));
        }
    }
}

/// The requests that were forwarded, each once.
fn forwarded(rows: &Rows) -> Vec<ForwardedRequest> {
    let mut seen = HashSet::new();
    rows.forwarded
        .iter()
        .filter(|pair| seen.insert(*pair))
        .cloned()
        .map(|(title, master_url)| ForwardedRequest {
            title: Title::trusted(title),
            master_url,
        })
        .collect()
}

fn release_root(rows: &Rows, notes: &mut Notes) -> ReleaseRoot {
    let Some(stored) = rows.release_root.as_deref().filter(|path| !path.is_empty()) else {
        return ReleaseRoot::default();
    };
    ReleaseRoot::new(Path::new(stored)).unwrap_or_else(|| {
        notes.add(format!(
            "the root of local releases, `{stored}`, was taken for `/`: it is no absolute path"
        ));
        ReleaseRoot::default()
    })
}

#[cfg(test)]
mod tests;
