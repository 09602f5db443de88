//! `slapmaster ctl fixture`.

use std::fs;

use super::{World, failed, parsed};
use crate::support::process::{command, run};

#[test]
fn a_fixture_is_checked_loaded_and_taken_out_again() {
    let world = World::start();
    let file = world.server.path("more.yaml");
    fs::write(&file, "computers:\n- reference: COMP-7\n  partitions: 1\n").unwrap();
    let path = file.to_str().unwrap();
    let checked = world.done(&format!("fixture check {path}"));
    assert_eq!(
        checked,
        "accepted: 1 computer, 0 instance trees, 0 instances\n"
    );
    assert!(!world.done("fixture export").contains("COMP-7"));
    world.done(&format!("fixture load {path}"));
    assert!(world.done("fixture export").contains("reference: COMP-7\n"));
    let exported = parsed(&world.done("fixture export --json"));
    assert!(exported["computers"].is_array(), "{exported}");

    let exported = world.server.path("exported.yaml");
    fs::write(&exported, world.done("fixture export")).unwrap();
    let other = run(command(&["check"]).arg(&exported));
    assert_eq!(other.code, 0, "{other:?}");
}

#[test]
fn a_fixture_that_is_refused_changes_nothing() {
    let world = World::start();
    let file = world.server.path("wrong.yaml");
    fs::write(&file, "computers:\n- reference: COMP-7\n  partitons: 1\n").unwrap();
    let path = file.to_str().unwrap();
    for verb in ["check", "load"] {
        let outcome = world.ctl(&format!("fixture {verb} {path}"));
        failed(&outcome, 3, "partitions");
    }
    assert!(!world.done("fixture export").contains("COMP-7"));
    let by_input = run(
        command(&["ctl", "--url", world.url(), "fixture", "check", "-"])
            .stdin(fs::File::open(&file).unwrap()),
    );
    failed(&by_input, 3, "partitions");
    failed(&world.ctl("fixture load /nowhere"), 2, "/nowhere");
}
