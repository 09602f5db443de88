//! A world that is exported and loaded again is the same world: its rows, what it tells, the text
//! of its next export, and how it goes on.

use std::{collections::BTreeMap, path::PathBuf};

use proptest::{prop_assert_eq, test_runner::TestCaseResult};
use serde_json::Value;
use slapmaster::{
    domain::behaviour::Preset,
    fixture::{Export, Fixture},
};

use crate::support::world::{TestWorld, standing_clock};

use super::{operation::Operation, over_sequences, prepare, snapshot::Snapshot};

/// How many worlds of each preset are exported unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 24;
/// What a world does not tell anybody: what a computer said of itself in its last format.
const UNTOLD: [&str; 6] = [
    "address",
    "netmask",
    "os_type",
    "public_ipv4_address",
    "slapos_version",
    "format_document",
];
/// Times that go on from whatever was the last one.
const TIMES: [&str; 3] = ["stamped_us", "created_us", "touched_us"];

#[test]
fn an_exported_world_is_loaded_as_it_was() {
    run(Preset::Default);
}

#[test]
fn an_exported_world_like_production_is_loaded_as_it_was() {
    run(Preset::Real);
}

#[test]
fn an_exported_world_like_slapproxy_is_loaded_as_it_was() {
    run(Preset::Slapproxy);
}

fn run(preset: Preset) {
    over_sequences(preset, CASES, &async |operations| {
        play(preset, operations).await
    });
}

/// The world of a fixture, beside another one and by the same clock.
async fn loaded(text: &str, clock: &slapmaster::mock::clock::Clock) -> TestWorld {
    let file = (PathBuf::from("world.yaml"), text.to_owned());
    let fixture = Fixture::parse(&[file]).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let world = TestWorld::preset(Preset::Default)
        .fixture(&fixture)
        .clock(clock)
        .start()
        .await;
    let applied = fixture.apply(&world.master).await;
    applied.unwrap_or_else(|error| panic!("{error}\n{text}"));
    world
}

async fn exported(world: &TestWorld) -> String {
    Export::of(&world.master).await.unwrap().yaml()
}

/// The rows of a world, each by what it is of: the rows of partitions alone have other numbers,
/// since whose they were is not told.
fn rows(snapshot: &Snapshot, masked: &[&str]) -> Vec<String> {
    let names: BTreeMap<i64, String> = snapshot
        .partitions
        .iter()
        .map(|partition| {
            let computer = &snapshot.computer(partition.computer_id).reference;
            (partition.id, format!("{computer}/{}", partition.reference))
        })
        .collect();
    let mut rows: Vec<String> = snapshot
        .dump
        .iter()
        .map(|row| {
            let (table, row) = row.split_once(' ').unwrap();
            let mut row: Value = serde_json::from_str(row).unwrap();
            let fields = row.as_object_mut().unwrap();
            if table == "partition" {
                fields.remove("id");
            }
            if table == "computer" {
                fields.retain(|key, _| !UNTOLD.contains(&key.as_str()));
            }
            fields.retain(|key, _| !masked.contains(&key.as_str()));
            if let Some(id) = fields.get("partition_id").and_then(Value::as_i64) {
                fields.insert("partition_id".to_owned(), names[&id].as_str().into());
            }
            format!("{table} {row}")
        })
        .collect();
    rows.sort_unstable();
    rows
}

async fn play(preset: Preset, operations: &[Operation]) -> TestCaseResult {
    let clock = standing_clock();
    let world = TestWorld::preset(preset)
        .switch("format.unknown_computer", "create")
        .clock(&clock)
        .start()
        .await;
    prepare(&world).await;
    // The second half is played in both worlds.
    let (before, after) = operations.split_at(operations.len() / 2);
    for operation in before {
        let known = Snapshot::of(&world).await;
        operation.run(&world, &known).await;
    }
    let text = exported(&world).await;
    let other = loaded(&text, &clock).await;
    prop_assert_eq!(exported(&other).await, text.as_str());
    prop_assert_eq!(exported(&world).await, text.as_str());
    let (one, two) = (Snapshot::of(&world).await, Snapshot::of(&other).await);
    prop_assert_eq!(rows(&one, &[]), rows(&two, &[]), "{}", text);
    prop_assert_eq!(&one.told, &two.told);
    prop_assert_eq!(&one.statuses, &two.statuses);

    for operation in after {
        let known = Snapshot::of(&world).await;
        operation.run(&world, &known).await;
        operation.run(&other, &known).await;
    }
    let (one, two) = (Snapshot::of(&world).await, Snapshot::of(&other).await);
    // Certificates are made by chance, and each at its own moment.
    let rows = |snapshot: &Snapshot| {
        let mut rows = rows(snapshot, &TIMES);
        rows.retain(|row| !row.starts_with("certificate "));
        rows
    };
    prop_assert_eq!(rows(&one), rows(&two), "{}", text);
    world.close().await;
    other.close().await;
    Ok(())
}
