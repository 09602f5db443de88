//! The process with https listeners: what it announces, shows, refuses, and how it ends.

use std::{
    fs,
    io::{Read, Write},
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use rustls::AlertDescription;
use serde_json::Value;
use slapmaster::net::TlsName;

use crate::support::{
    http::{self, connect},
    process::{Outcome, Running, SLAPMASTER, Server, address, command, run, slapmaster},
    tls::{Client, Pair, rustls_error},
};

const HTTPS: &str = "https://127.0.0.1:0";

/// The authority that the ready file names.
fn authority(server: &Server) -> String {
    let text = fs::read_to_string(server.path("ready.json")).unwrap();
    let ready: Value = serde_json::from_str(&text).unwrap();
    ready["ca_certificate"].as_str().unwrap().to_owned()
}

fn ready(client: &Client, address: SocketAddr, name: &str) -> u16 {
    let answer = client.get(address, name, "/_mock/health/ready");
    answer
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .status
}

#[test]
fn plain_and_tls_listeners_stand_side_by_side_and_are_announced_in_order() {
    let server = Server::start_with(&[
        "--listen",
        "http://127.0.0.1:0",
        "--listen",
        HTTPS,
        "--listen",
        "unix:DIR/slap.sock",
        "--control-listen",
        HTTPS,
    ]);
    let schemes: Vec<_> = server
        .urls
        .iter()
        .map(|url| url.split(':').next().unwrap())
        .collect();
    assert_eq!(schemes, ["http", "https", "unix", "https"]);
    let [plain, over_tls, _, control] = server.urls.as_slice() else {
        panic!("{:?}", server.urls)
    };
    let client = Client::new();
    let page = client.get(address(over_tls), "localhost", "/").unwrap();
    assert_eq!(page.status, 200);
    assert_eq!(http::get(address(plain), "/").status, 200);
    assert_eq!(ready(&client, address(over_tls), "localhost"), 404);
    assert_eq!(ready(&client, address(control), "localhost"), 200);
    let told = http::get(address(over_tls), "/");
    assert_eq!(told.status, 400);
    assert!(told.body.contains("https"), "{told:?}");
}

#[test]
fn tls_listeners_are_announced_in_json_too() {
    let process = Running::spawn(&mut command(&[
        "serve",
        "--listen",
        HTTPS,
        "--log-format",
        "json",
    ]));
    let listening: Value = serde_json::from_str(&process.stdout.next()).unwrap();
    assert_eq!(listening["event"], "listening");
    let url = listening["url"].as_str().unwrap();
    assert!(url.starts_with("https://"), "{url}");
    process.stdout.find("ready");
    assert_eq!(ready(&Client::new(), address(url), "localhost"), 200);
}

#[test]
fn the_certificate_bears_every_name_and_is_issued_by_the_authority_of_the_ready_file() {
    let server = Server::start_with(&[
        "--listen",
        HTTPS,
        "--listen",
        "https://127.0.0.2:0",
        "--tls-name",
        "Slap.Example.org",
        "--tls-name",
        "2001:db8::1",
        "--ready-file",
        "DIR/ready.json",
    ]);
    let authority = authority(&server);
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    // A machine may be called what no certificate can be made out to, as with an underscore.
    let host = Some(host.trim()).filter(|host| host.parse::<TlsName>().is_ok());
    let names = [
        "localhost",
        "127.0.0.1",
        "::1",
        "127.0.0.2",
        "slap.example.org",
        "2001:db8::1",
        host.unwrap_or("localhost"),
    ];
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let client = Client::trusting(&authority).version(version);
        for name in names {
            assert_eq!(ready(&client, server.address(), name), 200);
        }
        let refused = client
            .get(server.address(), "other.example.org", "/")
            .unwrap_err();
        assert!(
            matches!(
                rustls_error(&refused),
                Some(rustls::Error::InvalidCertificate(_))
            ),
            "{refused}"
        );
    }
}

#[test]
fn a_world_that_is_kept_shows_the_same_authority_again() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("world.db");
    let start = || {
        Server::start_with(&[
            "--listen",
            HTTPS,
            "--database",
            database.to_str().unwrap(),
            "--ready-file",
            "DIR/ready.json",
        ])
    };
    let mut first = start();
    let authority = authority(&first);
    assert_eq!(first.stop(), Some(0));
    let second = start();
    assert_eq!(
        ready(&Client::trusting(&authority), second.address(), "localhost"),
        200
    );
}

#[test]
fn an_authority_in_a_directory_serves_every_world() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("ca");
    let start = || {
        Server::start_with(&[
            "--listen",
            HTTPS,
            "--ca-dir",
            folder.to_str().unwrap(),
            "--ready-file",
            "DIR/ready.json",
        ])
    };
    let first = start();
    let written = fs::read_to_string(folder.join("ca.crt")).unwrap();
    assert_eq!(authority(&first), written);
    let second = start();
    assert_eq!(authority(&second), written);
    let client = Client::trusting(&written);
    for server in [&first, &second] {
        assert_eq!(ready(&client, server.address(), "localhost"), 200);
    }
    drop((first, second));

    let key = folder.join("ca.key");
    fs::write(&key, "my notes\n").unwrap();
    let refused = slapmaster(&[
        "serve",
        "--listen",
        HTTPS,
        "--ca-dir",
        folder.to_str().unwrap(),
    ]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let error = refused.error();
    assert!(
        error.contains("ca.key") && error.contains("--ca-dir"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&key).unwrap(), "my notes\n");
}

/// Writes a pair to `<name>.crt` and `<name>.key`.
fn write_pair(directory: &Path, name: &str, pair: &Pair) -> (String, String) {
    let write = |extension: &str, content: &str| {
        let path = directory.join(format!("{name}.{extension}"));
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    (write("crt", &pair.certificate), write("key", &pair.key))
}

#[test]
fn a_certificate_that_is_given_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let pair = Pair::made_out_to(&["given.example.org"]);
    let (certificate, key) = write_pair(directory.path(), "given", &pair);
    let server = Server::start_with(&[
        "--listen",
        HTTPS,
        "--tls-cert",
        &certificate,
        "--tls-key",
        &key,
    ]);
    let stream = Client::new()
        .connect(server.address(), "given.example.org")
        .unwrap();
    assert_eq!(stream.conn.peer_certificates().unwrap(), [pair.der()]);
    assert_eq!(
        ready(&Client::new(), server.address(), "given.example.org"),
        200
    );
}

fn check_refused(arguments: &[&str], parts: &[&str]) {
    let outcome = slapmaster(&[&["serve", "--listen", HTTPS][..], arguments].concat());
    assert_eq!(outcome.code, 2, "{outcome:?}");
    assert_eq!(outcome.stdout, "", "nothing was bound");
    let error = outcome.error();
    assert!(error.starts_with("error: "), "{outcome:?}");
    for part in parts {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

#[test]
fn files_that_make_no_certificate_are_refused_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) =
        write_pair(directory.path(), "one", &Pair::made_out_to(&["localhost"]));
    let (_, other_key) = write_pair(directory.path(), "two", &Pair::made_out_to(&["localhost"]));
    let text = directory.path().join("notes.txt");
    fs::write(&text, "my notes\n").unwrap();
    let text = text.to_str().unwrap();
    let folder = directory.path().to_str().unwrap();
    let with = |certificate, key, parts: &[&str]| {
        check_refused(&["--tls-cert", certificate, "--tls-key", key], parts);
    };
    let of_certificate = &["/nowhere/a.crt", "cannot read", "--tls-cert"];
    with("/nowhere/a.crt", &key, of_certificate);
    with(
        &certificate,
        "/nowhere/a.key",
        &["/nowhere/a.key", "--tls-key"],
    );
    with(folder, &key, &[folder, "cannot read", "--tls-cert"]);
    with(text, &key, &["notes.txt", "no certificate", "--tls-cert"]);
    with(
        &certificate,
        text,
        &["notes.txt", "no private key", "--tls-key"],
    );
    with(
        &certificate,
        &other_key,
        &["one.crt", "two.key", "does not belong"],
    );
    check_refused(&["--tls-cert", &certificate], &["--tls-key"]);
    check_refused(&["--tls-name", "a_b"], &["--tls-name", "`a_b`", "DNS name"]);
    check_refused(
        &["--client-certificate", "must"],
        &["`optional`, `required`"],
    );
    check_refused(
        &["--trust-identity-header", "a b"],
        &["--trust-identity-header", "name of a header"],
    );
    check_refused(&["--access", "closed"], &["`by-listener`"]);
}

#[test]
fn a_client_certificate_can_be_required() {
    let server = Server::start_with(&["--listen", HTTPS, "--client-certificate", "required"]);
    assert_eq!(
        Client::new().refused(server.address()),
        AlertDescription::CertificateRequired
    );
    let client = Client::new().showing(&Pair::made_out_to(&["me"]));
    assert_eq!(ready(&client, server.address(), "localhost"), 200);
}

#[test]
fn a_stranger_is_refused_in_the_handshake_where_a_fixture_says_so() {
    let fixture = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    fs::write(fixture.path(), "behaviour: {auth.revoked: handshake}\n").unwrap();
    let fixture = fixture.path().to_str().unwrap();
    let server = Server::start_with(&["--listen", HTTPS, "--fixture", fixture]);
    let stranger = Client::new().showing(&Pair::made_out_to(&["COMP-1"]));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stranger = stranger.clone().version(version);
        assert_eq!(
            stranger.refused(server.address()),
            AlertDescription::UnknownCA
        );
    }
    assert_eq!(ready(&Client::new(), server.address(), "localhost"), 200);
}

#[test]
fn two_hundred_silent_handshakes_hold_up_neither_requests_nor_the_stop() {
    let mut server = Server::start_with(&["--listen", HTTPS, "--listen", "http://127.0.0.1:0"]);
    let (over_tls, plain) = (server.address(), address(&server.urls[1]));
    let silent: Vec<_> = (0..200)
        .map(|number| {
            let mut stream = connect(over_tls);
            if number % 2 == 0 {
                stream.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
            }
            stream
        })
        .collect();
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(ready(&Client::new(), over_tls, "localhost"), 200);
        assert_eq!(http::get(plain, "/").status, 200);
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    let began = Instant::now();
    assert_eq!(server.stop(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(
        !server.process.stderr.rest().contains("WARN"),
        "silence of others is nothing to warn of"
    );
    drop(silent);
}

#[test]
fn silent_handshakes_give_way_when_descriptors_run_out() {
    let script = format!(
        "ulimit -n 64; exec {SLAPMASTER} serve --listen {HTTPS} --listen http://127.0.0.1:0"
    );
    let process = Running::spawn(std::process::Command::new("sh").args(["-c", &script]));
    let url = || {
        process
            .stdout
            .find("listening on ")
            .replace("listening on ", "")
    };
    let (over_tls, plain) = (address(&url()), address(&url()));
    process.stdout.find("ready in");
    let silent: Vec<_> = (0..100).map(|_| connect(over_tls)).collect();
    let began = Instant::now();
    assert_eq!(http::get(plain, "/").status, 200);
    assert_eq!(ready(&Client::new(), over_tls, "localhost"), 200);
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "nobody waited for a handshake's ten seconds"
    );
    drop(silent);
}

#[test]
fn an_idle_tls_connection_is_no_reason_to_wait_at_the_end() {
    let mut server = Server::start_with(&["--listen", HTTPS]);
    let mut idle = Client::new()
        .connect(server.address(), "localhost")
        .unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    assert!(idle.read(&mut [0; 100]).unwrap() > 0);
    let began = Instant::now();
    assert_eq!(server.stop(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(2));
}

fn healthcheck(arguments: &[&str]) -> Outcome {
    run(command(&["healthcheck"]).args(arguments))
}

#[test]
fn healthcheck_asks_over_https_and_prefers_a_plain_listener() {
    let server = Server::start_with(&[
        "--listen",
        HTTPS,
        "--listen",
        "http://127.0.0.1:0",
        "--ready-file",
        "DIR/ready.json",
    ]);
    let [over_tls, plain] = server.urls.as_slice() else {
        panic!("{:?}", server.urls)
    };
    assert_eq!(healthcheck(&["--listen", over_tls]).code, 0);
    // Nobody listens at the first.
    let dead = "https://127.0.0.1:1";
    assert_eq!(healthcheck(&["--listen", dead]).code, 1);
    assert_eq!(healthcheck(&["--listen", dead, "--listen", plain]).code, 0);
    let file = server.path("ready.json");
    let by_file = &["--listen", HTTPS, "--ready-file", file.to_str().unwrap()];
    assert_eq!(healthcheck(by_file).code, 0);
    // It speaks http there, and is told so.
    let wrong = healthcheck(&["--listen", &over_tls.replace("https", "http")]);
    assert_eq!(wrong.code, 1);
}

#[test]
fn healthcheck_takes_the_demand_for_a_certificate_as_a_sign_of_life() {
    let server = Server::start_with(&[
        "--listen",
        HTTPS,
        "--client-certificate",
        "required",
        "--ready-file",
        "DIR/ready.json",
    ]);
    let required = |more: &[&str]| {
        let url = server.urls[0].as_str();
        let arguments = ["--listen", url, "--client-certificate", "required"];
        healthcheck(&[&arguments, more].concat())
    };
    assert_eq!(required(&[]).code, 0);
    let file = server.path("ready.json");
    assert_eq!(required(&["--ready-file", file.to_str().unwrap()]).code, 0);
    let early = required(&["--ready-file", "/nowhere/ready.json"]);
    assert_eq!(early.code, 1);
    assert!(early.error().contains("not there yet"), "{early:?}");
    let unaware = healthcheck(&["--listen", &server.urls[0]]);
    assert_eq!(unaware.code, 1);
    assert!(
        unaware.error().contains("--client-certificate required"),
        "{unaware:?}"
    );
}

#[test]
fn a_listener_for_all_is_warned_of_unless_strangers_can_do_nothing() {
    let warns = |arguments: &[&str]| {
        let mut server = Server::start_with(arguments);
        assert_eq!(server.stop(), Some(0));
        server
            .process
            .stderr
            .rest()
            .contains("can be reached from other machines")
    };
    let (http, https) = ("http://0.0.0.0:0", "https://0.0.0.0:0");
    let token = "--control-token=hunter2";
    assert!(warns(&["--listen", https]));
    assert!(warns(&["--listen", http, token]));
    assert!(!warns(&["--listen", https, token]));
    assert!(!warns(&[
        "--listen",
        http,
        token,
        "--access",
        "certificate"
    ]));
}
