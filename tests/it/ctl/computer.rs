//! `slapmaster ctl computer`.

use serde_json::{Value, json};

use super::{World, done, failed, parsed};

#[test]
fn computers_are_made_listed_and_shown() {
    let world = World::start();
    let made = world.json("computer add --reference COMP-7 --partitions 3 --title seven");
    assert_eq!(
        (&made["reference"], &made["partitions"]),
        (&json!("COMP-7"), &json!(3))
    );
    let by_text = world.ctl_with(&[
        "computer",
        "add",
        "{reference: COMP-8, partitions: [{reference: p1}]}",
        "--simulate",
        "healthy",
        "--json",
    ]);
    assert_eq!(parsed(&done(by_text))["simulate"]["profile"], "healthy");
    let list = world.done("computer");
    let references: Vec<&str> = list
        .lines()
        .skip(1)
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(references, ["COMP-1", "COMP-7", "COMP-8"]);
    let shown = world.done("computer show COMP-7");
    assert!(shown.contains("title       seven\n"), "{shown}");
    failed(&world.ctl("computer show COMP-9"), 3, "Not Found: ");
    failed(
        &world.ctl("computer add --reference COMP-7"),
        3,
        "Conflict: ",
    );
    failed(&world.ctl("computer add [1]"), 2, "keys with their values");
}

#[test]
fn a_simulated_computer_is_held_fails_and_recovers() {
    let world = World::start();
    let simulated = world.json("computer simulate COMP-1 slow");
    assert_eq!(simulated["profile"], "slow");
    assert_eq!(world.json("computer simulate COMP-1"), simulated);
    let held = |computer: &Value| computer["work"]["instances_held_at"].is_string();
    assert!(held(&world.json("computer hold COMP-1 --what instances")));
    assert!(!held(&world.json("computer release COMP-1")));
    let fails = world.json("computer fail COMP-1 --partition slappart0 --text broken --count 2");
    assert_eq!(fails["work"]["failures"][0]["text"], "broken");
    let shown = world.done("computer show COMP-1");
    assert!(shown.contains("\nfailures:\n"), "{shown}");
    let recovers = world.json("computer recover COMP-1");
    assert_eq!(recovers["work"]["failures"], json!([]));
    world.done("computer simulate COMP-1 --off");
    failed(&world.ctl("computer hold COMP-1"), 3, "is not simulated");
    failed(
        &world.ctl("computer simulate COMP-1 slow --off"),
        2,
        "--off",
    );
    failed(
        &world.ctl("computer simulate COMP-1 slwo"),
        3,
        "perhaps `slow` was meant",
    );
}

#[test]
fn there_are_as_many_simulated_computers_as_were_asked_for() {
    let world = World::start();
    let scaled = world.json("computer scale 3 --prefix T- --partitions 2 --simulate healthy");
    assert_eq!(scaled, json!({ "made": 3, "removed": 0, "computers": 3 }));
    assert_eq!(world.json("computer show T-1")["partitions"], 2);
    let fewer = world.json("computer scale 1 --prefix T-");
    assert_eq!(fewer, json!({ "made": 0, "removed": 2, "computers": 1 }));
    failed(&world.ctl("computer show T-2"), 3, "Not Found: ");
    failed(
        &world.ctl("computer scale many"),
        2,
        "COUNT: `many` is no whole number",
    );
}
