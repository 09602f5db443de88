//! Trees, certificates, tokens and metrics.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::json;

use super::{World, ctl, done, failed, parsed};

#[test]
fn trees_are_drawn() {
    let world = World::start();
    assert_eq!(
        world.done("tree"),
        "\
web  HOSTSUBS-1  started  of default-user
`-- web  SOFTINST-1  started  COMP-1/slappart0
    |-- db  SOFTINST-2  error -> stopped  COMP-1/slappart1  (#error while instanciating: no disk)
    `-- route  SOFTINST-3  unreported -> started  COMP-1/slappart1  shared, served by SOFTINST-2
late  HOSTSUBS-2  started  of default-user
`-- late  SOFTINST-4  unreported -> started  on no partition  (no free partition on an open computer satisfies the SLA)
"
    );
    assert!(world.done("tree late").starts_with("late  HOSTSUBS-2"));
    assert_eq!(world.done("tree nobody"), "no such tree\n");
    assert_eq!(world.done("tree --state stopped"), "no such tree\n");
    let outcome = world.ctl("tree --limit 1");
    assert_eq!(outcome.error(), "there may be more: --after HOSTSUBS-1");
    assert_eq!(
        world.json("tree web")["trees"][0]["instances"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn no_colour_goes_where_no_terminal_is() {
    let world = World::start();
    for words in ["tree", "journal", "certificate list", "fault list"] {
        assert!(!world.done(words).contains('\u{1b}'), "{words}");
    }
}

#[test]
fn certificates_are_issued_shown_and_revoked() {
    let world = World::start();
    let issued = world.json("certificate issue --computer COMP-1");
    let serial = issued["serial"].as_str().unwrap();
    assert!(issued["key"].as_str().unwrap().contains("PRIVATE KEY"));
    let list = world.done("certificate list --computer COMP-1");
    let row = list.lines().nth(1).unwrap();
    assert!(
        row.starts_with(serial) && row.contains("  valid  "),
        "{list}"
    );
    let shown = world.done(&format!("certificate show {serial}"));
    assert!(shown.contains("pem:\n"), "{shown}");
    assert!(shown.contains("\n-----BEGIN CERTIFICATE-----\n"), "{shown}");
    let revoked = world.done(&format!("certificate revoke {serial}"));
    assert!(revoked.contains("  revoked  "), "{revoked}");
    let list = world.json("certificate list --status revoked");
    assert_eq!(list["certificates"][0]["serial"], serial);
    assert_eq!(
        world.done("certificate revoke --computer COMP-1"),
        "there was none to revoke\n"
    );
    assert_eq!(
        world.done("certificate list --user default-user"),
        "no such certificate was issued\n"
    );
}

#[test]
fn a_certificate_and_its_key_are_written_to_files() {
    let world = World::start();
    let (certificate, key) = (world.server.path("c.crt"), world.server.path("c.key"));
    let issue = |key: &str| {
        let certificate = certificate.to_str().unwrap();
        let user = ["certificate", "issue", "--user", "default-user"];
        world.ctl_with(&[&user[..], &["--certificate", certificate, "--key", key]].concat())
    };
    let told = done(issue(key.to_str().unwrap()));
    assert!(!told.contains("-----"), "{told}");
    for (path, kind) in [(&certificate, "CERTIFICATE"), (&key, "PRIVATE KEY")] {
        let text = fs::read_to_string(path).unwrap();
        assert!(
            text.contains(&format!("-----BEGIN {kind}-----\n")),
            "{text}"
        );
    }
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // What cannot be written is told after all: there is no second time.
    let outcome = issue("/nowhere/c.key");
    failed(&outcome, 2, "cannot write /nowhere/c.key");
    assert!(outcome.stdout.contains("PRIVATE KEY"), "{outcome:?}");
}

#[test]
fn what_verifies_certificates_is_printed_as_it_is() {
    let world = World::start();
    assert!(
        world
            .done("certificate ca")
            .starts_with("-----BEGIN CERTIFICATE-----\n")
    );
    assert!(
        world
            .done("certificate crl")
            .starts_with("-----BEGIN X509 CRL-----\n")
    );
}

#[test]
fn tokens_are_made_and_listed() {
    let world = World::start();
    let made = world.json("token make --value demo-token --lifetime 2h --reusable");
    assert_eq!(made["purpose"], "computer");
    assert_eq!(made["reusable"], json!(true));
    let seconds = |key: &str| made[key].as_str().unwrap()[11..13].parse::<i64>().unwrap();
    assert_eq!(
        (seconds("expires_at") - seconds("created_at")).rem_euclid(24),
        2
    );
    let list = world.done("token list");
    assert!(
        list.lines()
            .nth(1)
            .unwrap()
            .starts_with("demo-token  computer  default-user")
    );
}

#[test]
fn the_counters_are_those_of_the_process() {
    let world = World::start();
    let counters = world.done("metrics");
    assert!(counters.contains("# TYPE slapmaster_"), "{counters}");
    let in_a_world = ctl(&format!("{}/w/none", world.url()), &["metrics"]);
    assert_eq!(in_a_world.code, 0, "{in_a_world:?}");
}

#[test]
fn a_title_that_steers_the_terminal_is_shown_and_not_obeyed() {
    let world = World::start();
    // C1 controls are allowed in XML 1.0, so that a master has to take them.
    let path = "/requestComputerPartition";
    let body = "partition_reference=a%C2%9B2Jb&software_release=http%3A%2F%2Fx&software_type=d\
                &partition_parameter_xml=%3Cmarshal%3E%3Cdictionary%2F%3E%3C%2Fmarshal%3E\
                &filter_xml=%3Cmarshal%3E%3Cdictionary%2F%3E%3C%2Fmarshal%3E\
                &state=%3Cmarshal%3E%3Cnone%2F%3E%3C%2Fmarshal%3E\
                &shared_xml=%3Cmarshal%3E%3Cbool%3E0%3C%2Fbool%3E%3C%2Fmarshal%3E";
    let address = world.server.address();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = crate::support::http::send(address, request);
    assert_eq!(answer.status, 408, "{}", answer.body);
    let drawn = world.done("tree");
    assert!(drawn.contains("a\\u{9b}2Jb  HOSTSUBS-3"), "{drawn}");
    let told = parsed(&world.done("tree --json"));
    assert_eq!(told["trees"][2]["title"], "a\u{9b}2Jb");
}
