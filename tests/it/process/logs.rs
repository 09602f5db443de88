//! Logs: one line a request, on standard error, never in the way.

use std::{process::Stdio, thread, time::Duration};

use serde_json::Value;

use crate::support::{
    http::{get, send},
    process::{Running, Server, address, command},
};

#[test]
fn a_request_is_one_line_with_the_id_that_its_answer_carries() {
    let server = Server::start_with(&["--listen", "http://127.0.0.1:0", "--log-level", "info"]);
    let answer = get(server.address(), "/_mock/health/live?secret=1");
    let line = server.process.stderr.find("health/live");
    let id = answer.header("x-request-id");
    assert!(
        !id.is_empty() && line.contains(&format!("request.id={id}")),
        "{line}"
    );
    for field in [
        "world=\"default\"",
        "dialect=\"control\"",
        "status=200",
        "duration_ms=",
    ] {
        assert!(line.contains(field), "{field} is not in {line}");
    }
    assert!(!line.contains('\u{1b}'), "colours are for terminals");
    assert!(
        !line.contains("secret"),
        "queries hold what is nobody's business"
    );
    let other = get(server.address(), "/no%0asuch");
    assert_ne!(other.header("x-request-id"), id);
    let line = server.process.stderr.next();
    assert!(
        line.contains("no%0asuch") && line.contains("status=404"),
        "{line}"
    );
}

#[test]
fn a_line_has_the_worlds_time_where_it_is_another_than_the_machines() {
    let server = Server::start_with(&["--listen", "http://127.0.0.1:0", "--log-level", "info"]);
    let at = server.address();
    get(at, "/getRunId?real");
    let line = server.process.stderr.find("getRunId");
    assert!(!line.contains("world.time"), "{line}");
    let body = r#"{"mode": "frozen", "now": "2030-01-02T03:04:05Z"}"#;
    let head = format!(
        "PUT /_mock/v1/clock HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(send(at, head).status, 200);
    get(at, "/getRunId?then");
    let line = server.process.stderr.find("getRunId");
    assert!(
        line.contains(r#"world.time="2030-01-02T03:04:05Z""#),
        "{line}"
    );
    get(at, "/_mock/health/live");
    let line = server.process.stderr.find("health/live");
    assert!(
        !line.contains("world.time"),
        "health knows no world: {line}"
    );
}

#[test]
fn no_token_and_no_key_gets_into_the_log() {
    let mut server = Server::start_with(&[
        "--listen",
        "http://127.0.0.1:0",
        "--log-level",
        "debug",
        "--control-token",
        "open-sesame",
    ]);
    let at = server.address();
    let call = |method: &str, path: &str, authorization: &str, body: &str| {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\
             Authorization: {authorization}\r\nContent-Type: application/json\r\n\
             X-Access-Token: hunter2hunter2\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        send(at, head)
    };
    let right = "Bearer open-sesame";
    let token = r#"{"purpose": "user", "value": "hunter2hunter2"}"#;
    assert_eq!(call("POST", "/_mock/v1/tokens", right, token).status, 201);
    assert_eq!(call("POST", "/_mock/v1/tokens", right, token).status, 400);
    let wrong = "Bearer open-sesame-not";
    assert_eq!(call("GET", "/_mock/v1/tokens", wrong, "").status, 401);
    let path = "/Person_getCertificate?access_token=hunter2hunter2";
    let issued = call("POST", path, "", "");
    assert_eq!(issued.status, 200);
    assert_eq!(call("POST", path, "", "").status, 403);
    let told: Value = serde_json::from_str(&issued.body).unwrap();
    let key = told["key"].as_str().unwrap();
    assert_eq!(server.stop(), Some(0));
    let log = server.process.stderr.rest();
    assert!(log.contains("Person_getCertificate"), "{log}");
    let secrets = key.lines().filter(|line| !line.starts_with('-'));
    for secret in secrets.chain(["hunter2", "open-sesame", "PRIVATE KEY"]) {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}

#[test]
fn json_logs_are_an_object_a_line_with_the_same_fields() {
    let process = Running::spawn(&mut command(&[
        "serve",
        "--listen",
        "http://127.0.0.1:0",
        "--log-format",
        "json",
    ]));
    let listening: Value = serde_json::from_str(&process.stdout.next()).unwrap();
    let answer = get(
        address(listening["url"].as_str().unwrap()),
        "/_mock/health/live",
    );
    let line: Value = serde_json::from_str(&process.stderr.find("health/live")).unwrap();
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["request.id"], answer.header("x-request-id"));
    assert_eq!(line["call"], "health/live");
    assert_eq!(line["status"], 200);
    assert!(line["duration_ms"].is_f64());
}

#[test]
fn a_higher_level_keeps_requests_out_of_the_log() {
    let mut server = Server::start_with(&["--listen", "http://127.0.0.1:0", "--log-level", "warn"]);
    let answer = get(server.address(), "/");
    assert!(!answer.header("x-request-id").is_empty());
    assert_eq!(server.stop(), Some(0));
    assert_eq!(server.process.stderr.rest(), "");
}

// A test suite that gave its server a pipe for standard error and never read it saw the server
// stop answering once the pipe was full.
#[test]
fn a_log_that_nobody_reads_stops_nobody() {
    let mut child = command(&["serve", "--listen", "http://127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (answers, done) = std::sync::mpsc::channel();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
        let address = address(line.trim_end().trim_start_matches("listening on "));
        let path = format!("/{}", "x".repeat(4000));
        for _ in 0..100 {
            answers.send(get(address, &path).status).unwrap();
        }
    });
    let mut count = 0;
    while let Ok(status) = done.recv_timeout(Duration::from_secs(10)) {
        assert_eq!(status, 404);
        count += 1;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(count, 100);
}
