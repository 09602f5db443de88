//! The scenarios of `semantics.md` appendix B that concern the model, a test each, named after
//! what the scenario says.

mod allocation;
mod certificate;
mod connection;
mod formatting;
mod propagation;
mod rename;
mod root;
mod seeding;
mod shared;
mod software;
mod status;
mod tree;
mod usage;
mod wire;

use std::collections::BTreeMap;

/// The sources of the scenarios.
const SOURCES: [&str; 14] = [
    include_str!("allocation.rs"),
    include_str!("certificate.rs"),
    include_str!("connection.rs"),
    include_str!("formatting.rs"),
    include_str!("propagation.rs"),
    include_str!("rename.rs"),
    include_str!("root.rs"),
    include_str!("shared.rs"),
    include_str!("software.rs"),
    include_str!("status.rs"),
    include_str!("tree.rs"),
    include_str!("usage.rs"),
    include_str!("wire.rs"),
    include_str!("../permissions/rules.rs"),
];

/// Every scenario but that of faults (118).
#[test]
fn every_scenario_of_the_model_has_a_test() {
    let mut tests: BTreeMap<u32, usize> = BTreeMap::new();
    for line in SOURCES.iter().flat_map(|source| source.lines()) {
        if let Some(numbers) = line.trim().strip_prefix("/// B.") {
            let number = numbers.split(|c: char| !c.is_ascii_digit()).next();
            *tests.entry(number.unwrap().parse().unwrap()).or_default() += 1;
        }
    }
    let concerned: Vec<u32> = (1..=117).collect();
    let untested: Vec<u32> = concerned
        .iter()
        .copied()
        .filter(|number| !tests.contains_key(number))
        .collect();
    assert!(
        untested.is_empty(),
        "write a test with a line `/// B.<number>` for {untested:?}"
    );
    let unknown: Vec<&u32> = tests.keys().filter(|n| !concerned.contains(n)).collect();
    assert!(unknown.is_empty(), "no such scenario here: {unknown:?}");
}
