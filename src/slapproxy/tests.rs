//! What rows become, also those that a model stricter than slapproxy's cannot hold as they are.

use super::{
    rows::{ComputerRow, NetworkRow, PartitionRow, SlaveRow, SoftwareRow},
    *,
};
use crate::{
    domain::{
        identifier::PartitionAddress,
        parameters::Parameters,
        seed::{SeedInstance, SeedRoom, SeedTree},
        state::RequestedState,
    },
    xml::{instance, marshal, marshal::Value},
};

const RELEASE: &str = "https://example.org/software.cfg";

/// Rows of a database of this version.
struct Database(Rows);

fn version(version: u32) -> Database {
    Database(Rows {
        version,
        computers: vec![ComputerRow {
            reference: "comp".to_owned(),
            address: Some("192.0.2.1".to_owned()),
            netmask: None,
        }],
        ..Rows::default()
    })
}

impl Database {
    /// A partition with an instance.
    fn busy(mut self, partition: &str, title: &str, requested_by: &str) -> Self {
        self.0.partitions.push(PartitionRow {
            reference: partition.to_owned(),
            computer: "comp".to_owned(),
            slap_state: "busy".to_owned(),
            release: RELEASE.to_owned(),
            software_type: "default".to_owned(),
            title: title.to_owned(),
            requested_by: requested_by.to_owned(),
            state: "started".to_owned(),
            ..PartitionRow::default()
        });
        self
    }

    /// Changes the last partition.
    fn with(mut self, change: impl FnOnce(&mut PartitionRow)) -> Self {
        change(self.0.partitions.last_mut().unwrap());
        self
    }

    /// Has the last partition serve these.
    fn serving(self, references: &[&str]) -> Self {
        let list = references.iter().map(|reference| {
            Value::dictionary([
                ("slave_title", Value::text(*reference)),
                ("slave_reference", Value::text(*reference)),
                ("slap_software_type", Value::text("frontend")),
                ("url", Value::text("http://x")),
                ("port", Value::from(80)),
            ])
        });
        let list = marshal::write(&Value::list(list));
        self.with(|row| row.shared = list)
    }

    fn slave(mut self, reference: &str, hosted_by: &str, requester: &str) -> Self {
        let mut connection = Parameters::new();
        connection.insert("of", reference);
        self.0.slaves.push(SlaveRow {
            reference: reference.to_owned(),
            computer: "comp".to_owned(),
            connection: instance::write(&connection),
            hosted_by: hosted_by.to_owned(),
            requester: requester.to_owned(),
        });
        self
    }

    fn read(&self) -> Slapproxy {
        of_rows(&self.0)
    }

    /// The trees, each instance as `title<requester@partition`, and the notes.
    #[track_caller]
    fn check(&self, trees: &[&str], notes: &[&str]) -> Vec<SeedTree> {
        let found = self.read();
        let shown: Vec<String> = found.seed.trees.iter().map(shown).collect();
        assert_eq!(shown, trees, "{:?}", found.notes);
        assert_eq!(found.notes.len(), notes.len(), "{:?}", found.notes);
        for (note, expected) in found.notes.iter().zip(notes) {
            assert!(note.contains(expected), "{note}");
        }
        found.seed.trees
    }
}

fn shown(tree: &SeedTree) -> String {
    let instance = |instance: &SeedInstance| {
        let parent = instance
            .parent
            .map(|parent| format!("<{}", tree.instances[parent].title))
            .unwrap_or_default();
        let SeedRoom::On(PartitionAddress { partition, .. }) = &instance.room else {
            panic!("everything is somewhere: {instance:?}");
        };
        let kind = match instance.kind {
            InstanceKind::Software => "@",
            InstanceKind::Shared => "~",
        };
        format!("{}{parent}{kind}{partition}", instance.title)
    };
    tree.instances
        .iter()
        .map(instance)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn computers_have_their_partitions_addresses_and_software() {
    let mut database = version(18).busy("slappart0", "web", "");
    let rows = &mut database.0;
    rows.partitions.push(PartitionRow {
        reference: "slappart1".to_owned(),
        computer: "comp".to_owned(),
        slap_state: "free".to_owned(),
        ..PartitionRow::default()
    });
    for (partition, address) in [
        ("slappart1", "::1"),
        ("slappart0", "127.0.0.1"),
        ("gone", "::2"),
    ] {
        rows.networks.push(NetworkRow {
            partition: partition.to_owned(),
            computer: "comp".to_owned(),
            interface: "tap".to_owned(),
            address: address.to_owned(),
            netmask: "mask".to_owned(),
        });
    }
    for (computer, url, state) in [
        ("comp", "a", Some("available")),
        ("comp", "b", Some("destroyed")),
        ("comp", "c", None),
        ("comp", "d", Some("wanted")),
        ("other", "a", Some("available")),
    ] {
        rows.software.push(SoftwareRow {
            url: url.to_owned(),
            computer: computer.to_owned(),
            state: state.map(str::to_owned),
        });
    }
    rows.forwarded = vec![
        ("user_a".to_owned(), "http://m".to_owned()),
        ("user_a".to_owned(), "http://m".to_owned()),
    ];
    rows.release_root = Some("/srv/project".to_owned());
    let found = database.read();
    let [comp, other] = &found.seed.computers[..] else {
        panic!("two computers: {:?}", found.seed.computers);
    };
    let details = comp.format.details.as_ref().unwrap();
    assert_eq!(details.address.as_deref(), Some("192.0.2.1"));
    let partitions: Vec<_> = comp
        .format
        .partitions
        .iter()
        .map(|partition| {
            let addresses = partition.described.as_ref().unwrap();
            let address = &addresses[0];
            (
                partition.reference.as_str(),
                address.interface.as_str(),
                address.address.as_str(),
                address.netmask.as_str(),
            )
        })
        .collect();
    assert_eq!(
        partitions,
        [
            ("slappart0", "tap", "127.0.0.1", "mask"),
            ("slappart1", "tap", "::1", "mask"),
        ]
    );
    let software: Vec<_> = comp
        .software
        .iter()
        .map(|software| (software.release.as_str(), software.state.as_str()))
        .collect();
    assert_eq!(
        software,
        [
            ("a", "available"),
            ("b", "destroyed"),
            ("c", "available"),
            ("d", "available")
        ]
    );
    assert_eq!(other.software.len(), 1);
    assert_eq!(
        found.seed.forwarded,
        [ForwardedRequest {
            title: Title::trusted("user_a".to_owned()),
            master_url: "http://m".to_owned(),
        }]
    );
    let root = found.seed.local_release_root.as_ref().unwrap();
    assert_eq!(root.as_path(), Path::new("/srv/project"));
    let notes = [
        "the addresses of partition `gone` on computer `comp` were left out",
        "`d` on computer `comp` is asked to be available: `wanted` is none of",
        "computer `other` was never formatted and is known from now on",
    ];
    for (note, expected) in found.notes.iter().zip(notes) {
        assert!(note.contains(expected), "{note}");
    }
    assert_eq!(found.notes.len(), notes.len(), "{:?}", found.notes);
    assert_eq!(
        found.to_string(),
        "2 computers, 2 partitions, 5 software installations, 1 instance tree, 1 software \
         instance, 0 shared instances, 1 forwarded request"
    );
}

#[test]
fn an_instance_is_read_whole() {
    let trees = version(18)
        .busy("slappart0", "web", "")
        .with(|row| {
            let mut parameters = Parameters::new();
            parameters.insert("a", "1");
            row.parameters = instance::write(&parameters);
            row.connection = instance::write(&parameters);
            row.software_type = "kvm".to_owned();
            row.state = "stopped".to_owned();
        })
        .busy("slappart1", "plain", "")
        .with(|row| row.software_type = String::new())
        .check(&["web@slappart0", "plain@slappart1"], &[]);
    let web = &trees[0].instances[0];
    assert_eq!(web.wanted.release.as_str(), RELEASE);
    assert_eq!(web.wanted.software_type.as_str(), "kvm");
    assert_eq!(web.wanted.state, RequestedState::Stopped);
    assert_eq!(web.wanted.parameters.get("a"), Some("1"));
    assert_eq!(web.connection.get("a"), Some("1"));
    let plain = &trees[1].instances[0];
    assert_eq!(plain.wanted.software_type.as_str(), "default");
    assert!(plain.wanted.parameters.is_empty());
}

#[test]
fn from_18_on_the_requester_is_kept_beside_the_root() {
    let by = |requester: &str| {
        let requester = requester.to_owned();
        move |row: &mut PartitionRow| row.requester = requester
    };
    version(18)
        .busy("slappart2", "c", "web")
        .with(by("slappart1"))
        .busy("slappart0", "web", "")
        .with(by("user"))
        .busy("slappart1", "b", "web")
        .with(by("slappart0"))
        .busy("slappart3", "d", "web")
        .with(by("slappart9"))
        .busy("slappart4", "e", "web")
        .check(
            &["web@slappart0 b<web@slappart1 c<b@slappart2 d<web@slappart3 e<web@slappart4"],
            &["`d` on partition `slappart3` on computer `comp` became a child of its root"],
        );
}

#[test]
fn in_17_every_child_is_its_roots() {
    version(17)
        .busy("slappart0", "web", "")
        .busy("slappart1", "b", "web")
        .busy("slappart2", "c", "web")
        .check(&["web@slappart0 b<web@slappart1 c<web@slappart2"], &[]);
}

#[test]
fn before_17_the_requester_is_kept_by_its_partition() {
    for number in 10..17 {
        version(number)
            .busy("slappart2", "c", "slappart1")
            .busy("slappart0", "web", "")
            .busy("slappart1", "b", "slappart0")
            .busy("slappart3", "own", "slappart3")
            .check(
                &[
                    "web@slappart0 b<web@slappart1 c<b@slappart2",
                    "own@slappart3",
                ],
                &[],
            );
    }
}

#[test]
fn who_has_no_requester_any_more_is_a_root() {
    version(18)
        .busy("slappart0", "b", "gone")
        .busy("slappart1", "c", "gone")
        .with(|row| row.requester = "slappart0".to_owned())
        .check(
            &["b@slappart0 c<b@slappart1"],
            &["its root `gone` is not there"],
        );
    version(16)
        .busy("slappart0", "b", "slappart7")
        .check(&["b@slappart0"], &["nothing is on partition `slappart7`"]);
}

#[test]
fn a_circle_of_requesters_is_cut() {
    version(12)
        .busy("slappart0", "a", "slappart1")
        .busy("slappart1", "b", "slappart0")
        .check(&["b@slappart1 a<b@slappart0"], &["go in a circle"]);
    let by = |requester: &'static str| {
        move |row: &mut PartitionRow| row.requester = requester.to_owned()
    };
    version(18)
        .busy("slappart0", "web", "")
        .busy("slappart1", "b", "web")
        .with(by("slappart2"))
        .busy("slappart2", "c", "web")
        .with(by("slappart1"))
        .check(
            &["web@slappart0 c<web@slappart2 b<c@slappart1"],
            &["became a child of its root: those who requested it go in a circle"],
        );
}

#[test]
fn a_title_that_another_has_is_told_from_it() {
    version(18)
        .busy("slappart0", "web", "")
        .busy("slappart1", "web", "web")
        .busy("slappart2", "web", "")
        .busy("slappart3", "b", "web")
        .busy("slappart4", "b", "web")
        .check(
            &[
                "web@slappart0 web (slappart1 on comp)<web@slappart1 b<web@slappart3 \
                 b (slappart4 on comp)<web@slappart4",
                "web (slappart2 on comp)@slappart2",
            ],
            &[
                "`web` (slappart1 on comp) is called `web (slappart1 on comp)` from now on: another in its instance tree",
                "`b` (slappart4 on comp) is called",
                "`web` (slappart2 on comp) is called `web (slappart2 on comp)` from now on: another among instance trees",
            ],
        );
}

#[test]
fn what_cannot_be_held_is_left_out_and_named() {
    let trees = version(18)
        .busy("slappart0", "a\u{8}b", "")
        .with(|row| {
            row.state = "running".to_owned();
            row.parameters = "<instance>".to_owned();
            row.software_type = "\u{8}".to_owned();
        })
        .busy("slappart1", "", "")
        .busy("slappart2", "c", "")
        .with(|row| row.release = "\u{8}".to_owned())
        .busy("slap\u{8}part", "d", "")
        .busy("slappart3", "e", "")
        .with(|row| row.slap_state = "free".to_owned())
        .check(
            &["ab@slappart0"],
            &[
                "partition `slap\u{8}part` on computer `comp` was left out",
                "is called `ab` from now on",
                "has software type `default` from now on",
                "the parameters of instance `a\u{8}b`",
                "its state `running` is none of",
                "partition `slappart1` on computer `comp` was taken for free",
                "`c` on partition `slappart2` on computer `comp` was left out",
                "`e` on partition `slappart3` on computer `comp` was left out: the partition is free",
            ],
        );
    assert_eq!(trees[0].instances[0].wanted.state, RequestedState::Started);
}

#[test]
fn a_shared_instance_is_read_from_its_row_and_its_hosts_list() {
    let trees = version(18)
        .busy("slappart0", "host", "")
        .serving(&["_root", "web_one", "web_two"])
        .busy("slappart1", "web", "")
        .busy("slappart2", "b", "web")
        .slave("_root", "slappart0", "user")
        .slave("web_one", "slappart0", "slappart2")
        .slave("web_two", "slappart0", "")
        .check(
            &[
                "host@slappart0",
                "web@slappart1 b<web@slappart2 one<b~slappart0 two<web~slappart0",
                "root~slappart0",
            ],
            &[],
        );
    let one = &trees[1].instances[2];
    assert_eq!(one.wanted.release.as_str(), RELEASE);
    assert_eq!(one.wanted.software_type.as_str(), "frontend");
    let parameters: Vec<_> = one.wanted.parameters.iter().collect();
    assert_eq!(
        parameters,
        [("port", Some("80")), ("url", Some("http://x"))]
    );
    assert_eq!(one.connection.get("of"), Some("web_one"));
}

#[test]
fn older_references_of_shared_instances_are_read_by_their_version() {
    let database = |number, requester: &str, reference: &str| {
        version(number)
            .busy("slappart0", "host", "")
            .serving(&[reference, "_root"])
            .busy("slappart1", "web_app", "")
            .slave(reference, "slappart0", requester)
            .slave("_root", "slappart0", "")
    };
    let expected = [
        "host@slappart0",
        "web_app@slappart1 one<web_app~slappart0",
        "root~slappart0",
    ];
    database(17, "web_app", "web_app_one").check(&expected, &[]);
    database(16, "slappart1", "slappart1_one").check(&expected, &[]);
    database(10, "slappart1", "slappart1_one").check(&expected, &[]);
    // One that slapproxy kept when it brought its database up to date.
    database(18, "", "slappart1_one").check(&expected, &[]);
}

#[test]
fn a_reference_with_several_readings_belongs_to_the_longest_title() {
    version(18)
        .busy("slappart0", "a", "")
        .serving(&["a_b_c"])
        .busy("slappart1", "a_b", "")
        .slave("a_b_c", "slappart0", "")
        .check(
            &["a@slappart0", "a_b@slappart1 c<a_b~slappart0"],
            &["may belong to several trees"],
        );
}

#[test]
fn odd_shared_instances_are_named() {
    version(18)
        .busy("slappart0", "host", "")
        .serving(&["_a", "_b", "host_c", "alone"])
        .busy("slappart1", "broken", "")
        .with(|row| row.shared = "<marshal>".to_owned())
        .busy("slappart2", "a", "")
        .slave("_a", "slappart0", "user")
        .slave("_a", "slappart0", "user")
        .slave("_b", "slappart1", "user")
        .slave("_gone", "slappart0", "user")
        .check(
            &[
                "host@slappart0 c<host~slappart0",
                "broken@slappart1",
                "a@slappart2",
                "a (served by slappart0 on comp)~slappart0",
                "b~slappart0",
                "alone~slappart0",
            ],
            &[
                "what partition `slappart1` on computer `comp` serves was left out",
                "shared instance `_a` on computer `comp` was left out: it is there twice",
                "`_b` on computer `comp` is served by partition `slappart0`, which lists it, and not by `slappart1`",
                "`_gone` on computer `comp` was left out: no host lists it",
                "`host_c` on computer `comp` was published nothing",
                "`alone` on computer `comp` was published nothing",
                "`alone` on computer `comp` became the root of a tree of its own",
                "shared instance `a` (served by slappart0 on comp) is called",
            ],
        );
}
