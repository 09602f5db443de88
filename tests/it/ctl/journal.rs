//! `slapmaster ctl journal`, `wait` and `verify`.

use super::{World, failed, parsed};
use crate::support::{
    http::get,
    process::{Running, command},
};

fn follow(world: &World, more: &[&str]) -> Running {
    let arguments = ["ctl", "--url", world.url(), "journal", "--follow"];
    Running::spawn(command(&arguments).args(more))
}

#[test]
fn what_happened_is_a_table() {
    let world = World::start();
    let text = world.done("journal --kind events --instance web");
    let lines: Vec<&str> = text.lines().collect();
    let head: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(head, ["#", "at", "kind", "what"]);
    assert!(lines.len() > 2, "{text}");
    assert!(text.contains("  instance_started  "), "{text}");
    for line in lines {
        assert_eq!(line.trim_end(), line);
    }
    assert_eq!(world.done("journal --instance nobody"), "no such entry\n");
}

#[test]
fn a_call_is_a_line_with_what_became_of_it() {
    let world = World::start();
    world.done("fault add --name tea --call getRunId --status 418");
    get(world.server.address(), "/getRunId?x=1");
    let text = world.done("journal --call getRunId --kind calls --status 4xx");
    let line = text.lines().nth(1).unwrap();
    assert!(
        line.contains("getRunId  GET /getRunId?x=1 -> 418 in "),
        "{line}"
    );
    assert!(line.ends_with(", by rule tea"), "{line}");
    assert_eq!(
        world.json("journal --rule tea")["entries"][0]["status"],
        418
    );
}

#[test]
fn pages_say_where_they_go_on() {
    let world = World::start();
    let outcome = world.ctl("journal --limit 2");
    assert_eq!(outcome.stdout.lines().count(), 3);
    assert_eq!(outcome.error(), "there may be more: --after 2");
    let newest = world.json("journal --limit 1 --order newest");
    assert_eq!(newest["entries"][0]["sequence"], newest["last"]);
    assert_eq!(
        world.json("journal --after 2 --before 4")["entries"][0]["sequence"],
        3
    );
}

#[test]
fn an_emptied_journal_is_empty() {
    let world = World::start();
    world.done("journal --clear");
    assert_eq!(world.done("journal"), "no such entry\n");
}

#[test]
fn following_tells_entries_as_they_come_and_ends_with_the_server() {
    let mut world = World::start();
    let mut lines = follow(&world, &["--json", "--call", "getRunId", "--after", "0"]);
    for query in ["a", "b"] {
        get(world.server.address(), &format!("/getRunId?{query}=1"));
        // It is here before the next one is called.
        let entry = parsed(&lines.stdout.next());
        assert_eq!(entry["path"], format!("/getRunId?{query}=1"));
    }
    let mut people = follow(&world, &["--kind", "events", "--after", "0"]);
    let line = people.stdout.find("instance_started");
    assert!(line.contains("`web`"), "{line}");
    assert_eq!(world.server.stop(), Some(0));
    for following in [&mut lines, &mut people] {
        assert_eq!(following.wait().code(), Some(0));
    }
}

#[test]
fn following_ends_after_as_many_as_were_asked_for() {
    let world = World::start();
    let mut following = follow(&world, &["--json", "--after", "0", "--limit", "3"]);
    assert_eq!(following.wait().code(), Some(0));
    let numbers: Vec<u64> = following
        .stdout
        .rest()
        .lines()
        .map(|line| parsed(line)["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn a_server_that_is_killed_ends_a_follower_with_an_error() {
    let world = World::start();
    let mut following = follow(&world, &["--after", "0"]);
    following.stdout.next();
    world.server.process.signal("KILL");
    assert_eq!(following.wait().code(), Some(4));
}

#[test]
fn a_wait_is_for_a_state_or_for_something_to_happen() {
    let world = World::start();
    let seen = world.done("wait --is started --instance web");
    assert!(
        seen.contains("instance `web` (SOFTINST-1) is on COMP-1/slappart0"),
        "{seen}"
    );
    let table = world.done("wait --event instance_started --instance web --count 1");
    assert!(table.contains("instance_started"), "{table}");
    assert_eq!(world.json("wait --event computer_made")["matched"], 1);

    let mut waiting = Running::spawn(&mut command(&[
        "ctl",
        "--url",
        world.url(),
        "wait",
        "--call",
        "getRunId",
        "--from-now",
        "--timeout",
        "20s",
    ]));
    // Until the wait is there, its call is not: what is called before does not count.
    while waiting.is_running() {
        get(world.server.address(), "/getRunId");
    }
    assert_eq!(waiting.wait().code(), Some(0));
}

#[test]
fn a_wait_whose_time_is_over_is_exit_code_1() {
    let world = World::start();
    let outcome = world.ctl("wait --is stopped --instance web --timeout 0s");
    failed(&outcome, 1, "did not happen within 0 s");
    failed(&outcome, 1, "asked to be started");
    failed(
        &world.ctl("wait --is nothing_waiting --timeout 0s"),
        1,
        "`late`",
    );
    let outcome = world.ctl("wait --event instance_stopped --timeout 0s --json");
    failed(&outcome, 1, "did not happen");
    assert_eq!(parsed(&outcome.stdout)["status"], 408);
    failed(&world.ctl("wait --timeout 10m"), 3, "`timeout_s`");
}

#[test]
fn what_is_published_can_be_waited_for() {
    let world = World::start();
    let outcome = world.ctl("wait --instance web --connection url=x --timeout 0s");
    failed(&outcome, 1, "not published, or with another value: url");
}

#[test]
fn verify_counts_and_says_what_came_near() {
    let world = World::start();
    let so = world.done("verify --event instance_started --instance web --exactly 1");
    assert!(so.starts_with("1 matched\n"), "{so}");
    assert_eq!(
        world.done("verify --event instance_stopped --none"),
        "0 matched\n"
    );
    assert_eq!(
        world.json("verify --event computer_made --at-least 1")["matched"],
        1
    );
    let outcome = world.ctl("verify --event instance_stopped --instance web");
    failed(
        &outcome,
        1,
        "expected at least 1 of an entry with event `instance_stopped`",
    );
    failed(&outcome, 1, "near misses: ");
    let outcome = world.ctl("verify --event computer_made --none --json");
    failed(&outcome, 1, "expected none");
    assert_eq!(parsed(&outcome.stdout)["matched"], 1);
    failed(
        &world.ctl("verify --none --exactly 1"),
        3,
        "one of the two was expected",
    );
}
