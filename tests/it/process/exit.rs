//! How it ends: signals, exit codes, and the last line on standard error.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use crate::support::{
    http::{connect, get, read_to_end},
    process::{Outcome, Running, SLAPMASTER, Server, command, run, slapmaster},
};

fn check(outcome: &Outcome, code: i32, parts: &[&str]) {
    assert_eq!(outcome.code, code, "{outcome:?}");
    let error = outcome.error();
    assert!(error.starts_with("error: "), "{outcome:?}");
    for part in parts {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

#[test]
fn sigterm_and_sigint_end_it_in_order() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start();
        let idle = connect(server.address());
        let began = Instant::now();
        server.process.signal(signal);
        assert_eq!(server.process.wait().code(), Some(0));
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "an idle connection is no reason to wait"
        );
        drop(idle);
    }
}

#[test]
fn a_running_request_gets_two_seconds_and_a_second_signal_none() {
    let half = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf";
    let hang = |server: &Server| {
        let mut stream = connect(server.address());
        stream.write_all(half).unwrap();
        thread::sleep(Duration::from_millis(100));
        server.process.signal("TERM");
        stream
    };
    let mut server = Server::start();
    let mut stream = hang(&server);
    stream.write_all(b" done!").unwrap();
    assert!(read_to_end(&stream).starts_with("HTTP/1.1 405"));
    assert_eq!(server.process.wait().code(), Some(0));

    let mut server = Server::start();
    let stream = hang(&server);
    let began = Instant::now();
    assert_eq!(server.process.wait().code(), Some(0));
    let took = began.elapsed();
    assert!(
        took > Duration::from_secs(1) && took < Duration::from_secs(5),
        "{took:?}"
    );
    drop(stream);

    let mut server = Server::start();
    let stream = hang(&server);
    server.process.stderr.find("stopping");
    let began = Instant::now();
    server.process.signal("INT");
    assert_eq!(server.process.wait().code(), Some(1));
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(
        server
            .process
            .stderr
            .rest()
            .contains("error: stopped at once by a second signal")
    );
    drop(stream);
}

#[test]
fn it_ends_with_its_parent_when_told_so() {
    let script =
        format!("{SLAPMASTER} serve --listen http://127.0.0.1:0 --exit-with-parent & read line");
    let mut shell = Running::spawn(
        std::process::Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::piped()),
    );
    let url = shell
        .stdout
        .find("listening on")
        .replace("listening on http://", "");
    shell.stdout.find("ready in");
    let address = url.parse().unwrap();
    assert_eq!(get(address, "/").status, 200);
    shell.close_stdin();
    shell.wait();
    // The server holds the other end of this pipe until it is gone.
    assert!(shell.stderr.rest().contains("the parent process ended"));
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn wrong_usage_is_2_and_says_what_would_be_right() {
    check(&slapmaster(&[]), 2, &["requires a subcommand", "serve"]);
    check(
        &slapmaster(&["serve", "--listn", "x"]),
        2,
        &["--listn", "--listen"],
    );
    check(&slapmaster(&["serv"]), 2, &["serv", "serve"]);
    let presets = &["--preset", "`slapproxi`", "`slapproxy`"];
    check(&slapmaster(&["serve", "--preset", "slapproxi"]), 2, presets);
    let unknown = run(command(&["serve"]).env("SLAPMASTER_LISTN", "x"));
    check(&unknown, 2, &["SLAPMASTER_LISTN", "SLAPMASTER_LISTEN"]);
    let bad = run(command(&["serve"]).env("SLAPMASTER_SEED", "x"));
    check(&bad, 2, &["SLAPMASTER_SEED", "whole number"]);
    let nowhere = [
        "serve",
        "--listen",
        "http://127.0.0.1:0",
        "--ready-file",
        "/nowhere/ready",
    ];
    check(
        &slapmaster(&nowhere),
        2,
        &["/nowhere/ready", "--ready-file"],
    );
}

#[test]
fn help_and_version_are_no_errors() {
    for arguments in [&["--help"][..], &["serve", "--help"], &["--version"]] {
        let outcome = slapmaster(arguments);
        assert_eq!(
            (outcome.code, outcome.stderr.as_str()),
            (0, ""),
            "{arguments:?}"
        );
        assert!(outcome.stdout.contains("slapmaster"));
    }
}

#[test]
fn a_fixture_that_is_refused_is_3() {
    let serve = |flag: &str| {
        slapmaster(&[
            "serve",
            "--listen",
            "http://127.0.0.1:0",
            flag,
            "/nowhere/x.yaml",
        ])
    };
    check(&serve("--fixture"), 3, &["/nowhere/x.yaml"]);
    check(
        &serve("--fixture-dir"),
        3,
        &["/nowhere/x.yaml", "--fixture-dir"],
    );
    check(
        &slapmaster(&["check", "/nowhere/x.yaml"]),
        3,
        &["/nowhere/x.yaml"],
    );
}

#[test]
fn a_port_in_use_is_4_and_port_0_is_suggested() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", taken.local_addr().unwrap());
    check(
        &slapmaster(&["serve", "--listen", &url]),
        4,
        &[&url, "in use", "port 0"],
    );
    let socket = slapmaster(&["serve", "--listen", "unix:/nowhere/slap.sock"]);
    check(&socket, 4, &["unix:/nowhere/slap.sock"]);
}

#[test]
fn a_database_that_cannot_be_used_is_5_and_is_left_untouched() {
    let directory = tempfile::tempdir().unwrap();
    let serve = |path: &str| {
        slapmaster(&[
            "serve",
            "--listen",
            "http://127.0.0.1:0",
            "--database",
            path,
        ])
    };
    check(&serve("/nowhere/world.db"), 5, &["/nowhere/world.db"]);

    let foreign = directory.path().join("notes.txt");
    fs::write(&foreign, "my notes, which are no database of anybody's\n").unwrap();
    let path = foreign.to_str().unwrap();
    check(&serve(path), 5, &[path]);
    assert!(
        fs::read_to_string(&foreign)
            .unwrap()
            .starts_with("my notes")
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);

    let server = Server::start_with(&[
        "--listen",
        "http://127.0.0.1:0",
        "--database",
        "DIR/world.db",
    ]);
    let path = server.path("world.db");
    check(&serve(path.to_str().unwrap()), 5, &[path.to_str().unwrap()]);
}
