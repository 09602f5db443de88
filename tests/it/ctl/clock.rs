//! `slapmaster ctl clock` and `ctl background`.

use super::{World, failed};

const NOON: &str = "2027-03-01T12:00:00Z";

#[test]
fn the_clock_stands_is_set_moves_on_and_runs() {
    let world = World::start();
    assert_eq!(world.json("clock")["mode"], "running");
    assert_eq!(
        world.json(&format!("clock freeze --at {NOON}"))["now"],
        NOON
    );
    let shown = world.done("clock show");
    assert!(shown.contains("mode      frozen\n"), "{shown}");
    assert_eq!(
        world.json("clock advance 1h30m")["now"],
        "2027-03-01T13:30:00Z"
    );
    assert_eq!(
        world.json("clock advance 1500ms")["now"],
        "2027-03-01T13:30:01.5Z"
    );
    let to = world.json("clock advance --to 2027-03-02T00:00:00Z");
    assert_eq!(to["now"], "2027-03-02T00:00:00Z");
    assert_eq!(world.json(&format!("clock set {NOON}"))["now"], NOON);
    let running = world.json("clock run");
    assert_eq!(running["mode"], "running");
    assert!(
        running["now"]
            .as_str()
            .unwrap()
            .starts_with("2027-03-01T12:00:")
    );
    assert_eq!(world.json("clock run --real")["offset_s"], 0.0);
}

#[test]
fn a_time_that_is_none_moves_nothing() {
    let world = World::start();
    world.done(&format!("clock freeze --at {NOON}"));
    failed(&world.ctl("clock advance soon"), 2, "for example 30s");
    failed(&world.ctl("clock advance"), 2, "--to");
    failed(
        &world.ctl("clock advance 1h --to 2027-03-02T00:00:00Z"),
        2,
        "--to",
    );
    failed(&world.ctl("clock set noon"), 3, "`now`: is no time");
    assert_eq!(world.json("clock")["now"], NOON);
}

#[test]
fn the_background_is_driven() {
    let world = World::start();
    assert_eq!(world.json("background mode manual")["mode"], "manual");
    failed(&world.ctl("background mode sometimes"), 3, "sometimes");
    assert_eq!(
        world.json("background allocation paused")["allocation"],
        "paused"
    );
    assert_eq!(
        world.json("background allocation running")["allocation"],
        "running"
    );
    assert_eq!(world.json("background round")["changed"], false);
    let settled = world.json("background settle");
    assert_eq!(settled["settled"], true);
    let shown = world.done("background");
    let mode: Vec<&str> = shown.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(mode, ["mode", "manual"]);
}
