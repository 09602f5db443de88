//! From the start to ready, and where it listens.

use std::{net::TcpListener, os::unix::net::UnixStream};

use serde_json::Value;

use crate::support::{
    http::get,
    process::{Running, Server, address, command},
};

#[test]
fn every_listener_is_announced_with_its_real_port_and_then_readiness() {
    let server = Server::start_with(&[
        "--listen",
        "http://127.0.0.1:0",
        "--listen",
        "http://127.0.0.1:0",
    ]);
    assert_eq!(server.urls.len(), 2);
    for url in &server.urls {
        assert_ne!(address(url).port(), 0);
        assert_eq!(get(address(url), "/_mock/health/ready").status, 200);
    }
}

#[test]
fn announcements_are_json_objects_when_logs_are() {
    let process = Running::spawn(&mut command(&[
        "serve",
        "--listen",
        "http://127.0.0.1:0",
        "--log-format",
        "json",
    ]));
    let listening: Value = serde_json::from_str(&process.stdout.next()).unwrap();
    assert_eq!(listening["event"], "listening");
    assert_eq!(
        get(address(listening["url"].as_str().unwrap()), "/").status,
        200
    );
    let ready: Value = serde_json::from_str(&process.stdout.next()).unwrap();
    assert_eq!(ready["event"], "ready");
    assert!(ready["duration_ms"].is_u64());
}

#[test]
fn the_ready_file_says_everything_and_goes_with_the_server() {
    let mut server = Server::start_with(&[
        "--listen",
        "http://127.0.0.1:0",
        "--database",
        "DIR/world.db",
        "--ready-file",
        "DIR/ready.json",
        "--seed",
        "7",
    ]);
    let text = std::fs::read_to_string(server.path("ready.json")).unwrap();
    let ready: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(ready["pid"], server.process.id());
    assert_eq!(ready["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(ready["urls"], serde_json::json!(server.urls));
    let authority = ready["ca_certificate"].as_str().unwrap();
    assert!(
        authority.starts_with("-----BEGIN CERTIFICATE-----"),
        "{authority}"
    );
    assert_eq!(ready["database"], server.path("world.db").to_str().unwrap());
    assert_eq!(ready["seed"], 7);
    assert_eq!(ready["worlds"], serde_json::json!(["default"]));
    assert_eq!(server.stop(), Some(0));
    let left: Vec<_> = std::fs::read_dir(server.directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().contains("ready"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn without_a_database_nothing_is_left_behind() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = Running::spawn(
        command(&["serve", "--listen", "http://127.0.0.1:0"]).env("TMPDIR", directory.path()),
    );
    process.stdout.find("ready in");
    process.signal("TERM");
    assert_eq!(process.wait().code(), Some(0));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_socket_file_can_be_listened_on_and_goes_with_the_server() {
    use std::io::{Read, Write};
    let mut server = Server::start_with(&["--listen", "unix:DIR/slap.sock"]);
    let path = server.path("slap.sock");
    let mut stream = UnixStream::connect(&path).unwrap();
    stream
        .write_all(b"GET /_mock/health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.stop(), Some(0));
    assert!(!path.exists());
}

#[test]
fn a_socket_file_left_by_a_killed_server_is_taken_over() {
    let mut first = Server::start_with(&["--listen", "unix:DIR/slap.sock"]);
    first.process.signal("KILL");
    first.process.wait();
    let url = first.urls[0].clone();
    let second = Server::start_with(&["--listen", &url]);
    assert_eq!(second.urls, [url]);
}

#[test]
fn all_addresses_of_both_families_share_a_port() {
    if TcpListener::bind("[::1]:0").is_err() {
        // A machine without IPv6 has nothing to share.
        return;
    }
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (four, six) = (
        format!("http://0.0.0.0:{port}"),
        format!("http://[::]:{port}"),
    );
    let server = Server::start_with(&["--listen", &four, "--listen", &six]);
    assert_eq!(server.urls, [four, six]);
    let warning = server.process.stderr.find("WARN");
    assert!(
        warning.contains("can be reached from other machines"),
        "{warning}"
    );
    for host in ["127.0.0.1", "[::1]"] {
        let address = format!("{host}:{port}").parse().unwrap();
        assert_eq!(get(address, "/").status, 200);
    }
}

#[test]
fn a_control_listener_takes_the_control_surface_away_from_the_others() {
    let server = Server::start_with(&[
        "--listen",
        "http://127.0.0.1:0",
        "--control-listen",
        "http://127.0.0.1:0",
    ]);
    let (main, control) = (address(&server.urls[0]), address(&server.urls[1]));
    assert_eq!(get(main, "/_mock/health/live").status, 404);
    assert_eq!(get(control, "/_mock/health/live").status, 200);
    assert_eq!(get(main, "/").status, 200);
}
