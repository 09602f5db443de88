//! Settings: a flag wins over the environment, which wins over the default.

use crate::support::{
    http::get,
    process::{Running, address, command, run, slapmaster},
};

/// The line of `slapmaster config` about one setting, in single blanks.
fn line(output: &str, name: &str) -> String {
    let line = output
        .lines()
        .find(|line| line.split(' ').next() == Some(name));
    line.unwrap_or_else(|| panic!("{name} is not in {output}"))
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn config_prints_every_setting_and_where_it_came_from() {
    let outcome = slapmaster(&["config"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(
        line(&outcome.stdout, "listen"),
        "listen http://127.0.0.1:5000 (default)"
    );
    assert_eq!(line(&outcome.stdout, "database"), "database - (default)");
    for setting in slapmaster::config::SETTINGS {
        line(&outcome.stdout, setting.name);
    }
}

#[test]
fn flags_win_over_variables() {
    let mut config = command(&["config", "--seed", "1", "--trust-forwarded"]);
    let outcome = run(config
        .env("SLAPMASTER_SEED", "2")
        .env("SLAPMASTER_PRESET", "real")
        .env("SLAPMASTER_LISTEN", "http://127.0.0.1:1, unix:/run/a.sock"));
    assert_eq!(outcome.code, 0, "{outcome:?}");
    for (name, expected) in [
        ("seed", "seed 1 (command line, --seed)"),
        ("preset", "preset real (environment, SLAPMASTER_PRESET)"),
        (
            "trust-forwarded",
            "trust-forwarded true (command line, --trust-forwarded)",
        ),
        (
            "listen",
            "listen http://127.0.0.1:1 unix:/run/a.sock (environment, SLAPMASTER_LISTEN)",
        ),
    ] {
        assert_eq!(line(&outcome.stdout, name), expected);
    }
}

#[test]
fn config_refuses_what_serve_refuses() {
    let outcome = slapmaster(&["config", "--log-level", "loud"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.error().contains("`debug`"), "{}", outcome.error());
}

#[test]
fn the_control_token_is_not_printed() {
    let mut config = command(&["config"]);
    let outcome = run(config.env("SLAPMASTER_CONTROL_TOKEN", "hunter2"));
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(
        line(&outcome.stdout, "control-token"),
        "control-token [secret] (environment, SLAPMASTER_CONTROL_TOKEN)"
    );
    let refused = slapmaster(&["config", "--control-token", "hunter 2"]);
    assert_eq!(refused.code, 2);
    assert!(refused.error().contains("--control-token"), "{refused:?}");
    let all = format!("{outcome:?} {refused:?}");
    assert!(!all.contains("hunter"), "{all}");
}

#[test]
fn the_environment_alone_is_enough_to_serve() {
    let process =
        Running::spawn(command(&["serve"]).env("SLAPMASTER_LISTEN", "http://127.0.0.1:0"));
    let url = process
        .stdout
        .find("listening on")
        .replace("listening on ", "");
    assert_eq!(get(address(&url), "/").status, 200);
}

#[test]
fn an_empty_variable_is_as_none() {
    let outcome = run(command(&["config"])
        .env("SLAPMASTER_LISTEN", "")
        .env("SLAPMASTER_DATABASE", "")
        .env("SLAPMASTER_TRUST_FORWARDED", ""));
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(
        line(&outcome.stdout, "listen"),
        "listen http://127.0.0.1:5000 (default)"
    );
    assert_eq!(line(&outcome.stdout, "database"), "database - (default)");
    assert_eq!(
        line(&outcome.stdout, "trust-forwarded"),
        "trust-forwarded false (default)"
    );
    // Given on purpose, it is a mistake.
    let flag = slapmaster(&["config", "--database", ""]);
    assert_eq!(flag.code, 2);
    assert!(flag.error().contains("is empty"), "{}", flag.error());
}
