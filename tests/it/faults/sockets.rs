//! Rules on real connections: what is dropped, cut and delayed really is.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::FAULTS;
use crate::support::{
    http::{self, connect},
    process::{Server, address},
    tls::Client,
};

fn start() -> Server {
    Server::start_with(&[
        "--listen",
        "http://127.0.0.1:0",
        "--listen",
        "https://127.0.0.1:0",
        "--access",
        "open",
        "--log-level",
        "info",
    ])
}

fn set(server: &Server, rule: &Value) {
    let body = rule.to_string();
    let length = body.len();
    let at = server.address();
    let call = format!(
        "POST {FAULTS} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let answer = http::send(at, call);
    assert_eq!(answer.status, 201, "{answer:?}");
}

fn get(at: SocketAddr, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {at}\r\n\r\n")
}

/// Everything that comes before the end of a connection, however it ends.
fn rest(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) => {
                let ended = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
                assert!(ended.contains(&error.kind()), "{error}");
                break;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// What comes back on a connection that is left open, over TCP and over TLS.
fn both(server: &Server, path: &str) -> [String; 2] {
    let plain = server.address();
    let mut stream = connect(plain);
    stream.write_all(get(plain, path).as_bytes()).unwrap();
    let over_tcp = rest(stream);
    let at = address(&server.urls[1]);
    let mut stream = Client::new().connect(at, "localhost").unwrap();
    stream.write_all(get(at, path).as_bytes()).unwrap();
    [over_tcp, rest(stream)]
}

#[test]
fn a_dropped_connection_ends_without_a_byte() {
    let server = start();
    set(
        &server,
        &json!({ "name": "gone", "effect": { "drop": true } }),
    );
    for path in ["/getRunId", "/hateoas", "//getRunId"] {
        assert_eq!(both(&server, path), ["", ""], "{path}");
    }
    // What has no body is dropped too.
    let at = server.address();
    let mut stream = connect(at);
    write!(stream, "HEAD /getRunId HTTP/1.1\r\nHost: {at}\r\n\r\n").unwrap();
    assert_eq!(rest(stream), "");
    let line = server.process.stderr.find("getRunId");
    assert!(
        line.contains("\"getRunId\" not answered, instead of 500"),
        "{line}"
    );
    assert!(line.contains("rule=\"gone\""), "{line}");
    assert_eq!(http::get(at, "/_mock/health/live").status, 200);
}

#[test]
fn a_cut_answer_ends_after_so_many_bytes_though_all_are_announced() {
    let server = start();
    let at = server.address();
    let whole = http::get(at, "/getRunId");
    let length = whole.header("content-length").to_owned();
    let expected: Vec<&str> = [0, 1, 7].iter().map(|end| &whole.body[..*end]).collect();
    for (count, expected) in [0, 1, 7].into_iter().zip(expected) {
        let effect = json!({ "cut_after_bytes": count });
        set(
            &server,
            &json!({ "name": format!("cut-{count}"), "effect": effect, "count": 2 }),
        );
        for answer in both(&server, "/getRunId") {
            let answer = http::Answer::parse(&answer);
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-length"), length);
            assert_eq!(answer.body, expected);
        }
    }
    assert_eq!(http::get(at, "/getRunId").body, whole.body);
    let line = server.process.stderr.find("answered in part 200");
    assert!(line.contains("rule=\"cut-0\""), "{line}");
}

#[test]
fn the_journal_has_what_was_sent_of_a_cut_answer() {
    let server = start();
    let at = server.address();
    let whole = http::get(at, "/getRunId").body;
    let rule = json!({ "name": "cut", "effect": { "cut_after_bytes": 7 } });
    set(&server, &rule);
    let answers = both(&server, "/getRunId");
    assert_eq!(http::Answer::parse(&answers[0]).body, &whole[..7]);
    let listed = http::get(at, "/_mock/v1/journal?rule=cut").body;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["entries"].as_array().unwrap().len(), 2, "{listed}");
    let entry = &listed["entries"][0];
    assert_eq!(entry["status"], 200);
    let body = &entry["response_body"];
    assert_eq!(body["text"], whole[..7]);
    assert_eq!(body["bytes"], whole.len());
    assert_eq!(body["is_cut"], true);
    let page = http::get(at, "/_mock/metrics").body;
    let line = "slapmaster_faults_injected_total{effect=\"cut\"} 2\n";
    assert!(page.contains(line), "{page}");
}

#[test]
fn a_long_answer_is_cut_where_the_rule_says() {
    let fixture = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    fs::write(
        &fixture,
        "computers: [{reference: COMP-1, partitions: 900}]",
    )
    .unwrap();
    let server = Server::start_with(&[
        "--listen",
        "http://127.0.0.1:0",
        "--listen",
        "https://127.0.0.1:0",
        "--access",
        "open",
        "--fixture",
        fixture.path().to_str().unwrap(),
    ]);
    let path = "/getFullComputerInformation?computer_id=COMP-1";
    let whole = http::get(server.address(), path).body;
    let end = whole.len() - 1;
    assert!(end > 300_000, "{end}");
    set(&server, &json!({ "effect": { "cut_after_bytes": end } }));
    for answer in both(&server, path) {
        let answer = http::Answer::parse(&answer);
        assert_eq!(answer.body.len(), end);
        assert!(whole.starts_with(&answer.body));
    }
}

#[test]
fn a_delay_takes_its_time_and_nobody_elses() {
    let server = start();
    let at = server.address();
    let delayed = json!({ "call": "getRunId" });
    set(
        &server,
        &json!({ "match": delayed, "effect": { "delay_ms": 300 } }),
    );
    let (began, mut stream) = (Instant::now(), connect(at));
    write!(
        stream,
        "GET /getRunId HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    for _ in 0..5 {
        assert_eq!(http::get(at, "/getHateoasUrl").status, 200);
    }
    let others = began.elapsed();
    let answer = http::Answer::parse(&http::read_to_end(&stream));
    assert_eq!(answer.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert!(others < began.elapsed(), "{others:?}");
}

#[test]
fn a_delay_without_end_ends_with_the_client_and_with_the_server() {
    let mut server = start();
    let at = server.address();
    let delayed = json!({ "call": "getRunId" });
    set(
        &server,
        &json!({ "name": "x", "match": delayed, "effect": { "delay_ms": 600_000 } }),
    );
    let call = || {
        let mut stream = connect(at);
        stream.write_all(get(at, "/getRunId").as_bytes()).unwrap();
        stream
    };
    let (gone, kept) = (call(), call());
    // Both are under the rule before one goes and the server stops.
    let until = Instant::now() + Duration::from_secs(20);
    while !http::get(at, &format!("{FAULTS}/x"))
        .body
        .contains("\"applied\":2")
    {
        assert!(Instant::now() < until, "the calls do not get to the rule");
    }
    let open = || {
        fs::read_dir(format!("/proc/{}/fd", server.process.id()))
            .unwrap()
            .count()
    };
    let before = open();
    gone.shutdown(Shutdown::Both).unwrap();
    drop(gone);
    while open() >= before {
        assert!(
            Instant::now() < until,
            "the call of a client that is gone goes on"
        );
    }
    let began = Instant::now();
    assert_eq!(server.stop(), Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(rest(kept), "");
}
