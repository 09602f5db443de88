//! `COMPATIBILITY.md` keeps its promises: every call and every switch has a row, and every test
//! that it names is there.

use std::{collections::BTreeSet, fs, path::Path};

use slapmaster::{
    domain::behaviour::Behaviour,
    front::{self, Route},
};

const DOCUMENT: &str = include_str!("../../COMPATIBILITY.md");

/// The cells of the rows of the table under a heading, without its head.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = DOCUMENT.split_once(heading).unwrap();
    let section = section.split("\n## ").next().unwrap();
    section
        .lines()
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The tables of calls, each with the routes that it lists.
const TABLES: [(&str, &[Route]); 4] = [
    ("## Calls of the classic protocol", front::slap::ROUTES),
    (
        "## Methods of the JSON-RPC dialect",
        front::json_rpc::ROUTES,
    ),
    ("## Web endpoints", front::web::ROUTES),
    ("## HATEOAS documents", front::hateoas::ROUTES),
];

fn calls() -> Vec<Vec<&'static str>> {
    TABLES
        .iter()
        .flat_map(|(heading, _)| rows(heading))
        .collect()
}

fn differences() -> Vec<Vec<&'static str>> {
    rows("## Observable differences")
}

#[test]
fn every_route_has_a_row() {
    for (heading, routes) in TABLES {
        let expected: BTreeSet<&str> = routes.iter().map(|route| route.path).collect();
        let rows = rows(heading);
        let listed: Vec<&str> = rows
            .iter()
            .map(|row| quoted(row[1]).next().unwrap())
            .collect();
        let found: BTreeSet<&str> = listed.iter().copied().collect();
        assert_eq!(found.len(), listed.len(), "a call has two rows");
        assert_eq!(
            found, expected,
            "add a row for the new call to COMPATIBILITY.md, with the test that proves it"
        );
    }
}

#[test]
fn every_switch_has_a_row() {
    let expected: BTreeSet<&str> = Behaviour::default()
        .switches()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let rows = differences();
    let found: BTreeSet<&str> = rows.iter().flat_map(|row| quoted(row[7])).collect();
    assert_eq!(
        found, expected,
        "add a row for the switch to COMPATIBILITY.md, with the test that proves it"
    );
}

#[test]
fn every_row_names_tests_that_exist() {
    let mut known = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src", "tests"] {
        collect_functions(&root.join(folder), &mut known);
    }
    let in_place = rows("## In the place of slapproxy");
    for row in calls().into_iter().chain(differences()).chain(in_place) {
        let tests: Vec<&str> = quoted(row.last().unwrap()).collect();
        assert_ne!(tests, Vec::<&str>::new(), "no test proves the row {row:?}");
        for test in tests {
            assert!(known.contains(test), "there is no test `{test}`");
        }
    }
}

/// The names of all functions of Rust and Python files below a folder.
fn collect_functions(folder: &Path, known: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_functions(&path, known);
            continue;
        }
        let before_name = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => "fn ",
            Some("py") => "def ",
            Some(_) | None => continue,
        };
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some((_, rest)) = line.split_once(before_name) {
                known.insert(rest.split('(').next().unwrap().to_owned());
            }
        }
    }
}
