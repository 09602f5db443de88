//! `slapmaster ctl world`, `ctl reset` and `ctl snapshot`.

use std::fs;

use super::{World, ctl, done, failed};
use crate::support::process::{command, run};

#[test]
fn worlds_are_made_found_and_ended() {
    let world = World::start();
    let fixture = world.server.path("other.yaml");
    fs::write(
        &fixture,
        "trees: [{title: other, release: 'http://x/', waiting: true}]\n",
    )
    .unwrap();
    let fixture = fixture.to_str().unwrap();
    let made = world.json(&format!(
        "world create ci-7 --fixture {fixture} --idle-ttl 1h --seed 5"
    ));
    assert_eq!(
        (&made["name"], &made["idle_ttl_s"]),
        (&"ci-7".into(), &3600.into())
    );
    let url = made["url"].as_str().unwrap();
    assert_eq!(url, format!("{}/w/ci-7/", world.url()));

    let by_url = done(ctl(url, &["tree"]));
    assert!(by_url.starts_with("other  HOSTSUBS-1"), "{by_url}");
    assert_eq!(world.done("tree --world ci-7"), by_url);
    let by_variable =
        run(command(&["ctl", "tree", "--url", world.url()]).env("SLAPMASTER_WORLD", "ci-7"));
    assert_eq!(done(by_variable), by_url);
    // The world that is named wins over that of the URL.
    assert_eq!(
        done(ctl(url, &["tree", "--world", "default"])),
        world.done("tree")
    );

    // Worlds are the process's, whichever is meant.
    for meant in ["default", "ci-7"] {
        let list = world.done(&format!("world list --world {meant}"));
        let name = |line: &str| line.split(' ').next().unwrap().to_owned();
        let names: Vec<String> = list.lines().skip(1).map(name).collect();
        assert_eq!(names, ["default", "ci-7"]);
    }
    let shown = world.done("world show ci-7");
    assert!(shown.contains("\n-----BEGIN CERTIFICATE-----\n"), "{shown}");
    assert_eq!(world.done("world delete ci-7"), "done\n");
    failed(&world.ctl("tree --world ci-7"), 3, "ci-7");
    failed(&world.ctl("world delete ci-7"), 3, "Not Found: ");
}

#[test]
fn a_world_is_made_from_standard_input_or_of_another() {
    let world = World::start();
    let file = world.server.path("x.yaml");
    fs::write(&file, "computers: [{reference: X, partitions: 1}]\n").unwrap();
    let by_input = run(command(&[
        "ctl",
        "--url",
        world.url(),
        "world",
        "create",
        "x",
        "--fixture",
        "-",
    ])
    .stdin(fs::File::open(&file).unwrap()));
    let made = done(by_input);
    assert!(!made.contains("BEGIN CERTIFICATE"), "{made}");
    world.done("snapshot take now");
    world.done("world create copy --copy-of default --snapshot now");
    assert_eq!(world.done("tree --world copy"), world.done("tree"));

    fs::write(&file, "computers: [{reference: X, partitions: many}]\n").unwrap();
    let refused = world.ctl_with(&["world", "create", "y", "--fixture", file.to_str().unwrap()]);
    failed(&refused, 3, "partitions");
    failed(&world.ctl("world create z --copy-of nobody"), 3, "nobody");
    failed(&world.ctl("world create x --preset real"), 3, "Conflict: ");
    failed(&world.ctl("world create a/b"), 3, "name");
}

#[test]
fn a_world_goes_back_to_what_it_was() {
    let world = World::start();
    world.done("snapshot take before");
    world.done("certificate issue --computer COMP-1");
    let difference = world.done("snapshot diff before");
    let mut lines = difference.lines();
    assert!(
        lines.any(|line| line.starts_with("+ certificate ")),
        "{difference}"
    );
    assert!(difference.ends_with(" changed\n"), "{difference}");
    world.done("snapshot take after");
    assert_eq!(
        world.json("snapshot diff after")["differences"],
        serde_json::json!([])
    );
    let between = world.json("snapshot diff before --to after");
    assert_ne!(between["added"], 0);

    world.done("snapshot restore before");
    let gone = world.done("certificate list --computer COMP-1");
    assert_eq!(gone, "no such certificate was issued\n");
    let list = world.done("snapshot list");
    assert_eq!(list.lines().count(), 3, "{list}");
    assert_eq!(world.json("snapshot show after")["name"], "after");
    world.done("snapshot restore after");
    world.done("reset");
    let gone = world.done("certificate list --computer COMP-1");
    assert_eq!(gone, "no such certificate was issued\n");
    assert_eq!(world.done("snapshot delete before"), "done\n");
    failed(&world.ctl("snapshot restore before"), 3, "Not Found: ");
}
