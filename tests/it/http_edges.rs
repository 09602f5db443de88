//! Requests that no client library would send, and clients that take their time.

use std::{
    convert::Infallible,
    io::{Read, Write},
    net::{Shutdown, SocketAddr},
    thread,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, to_bytes},
    http::Request,
    response::Response,
};
use slapmaster::net::{Limits, Listener, Server, guard::guarded};
use tower::service_fn;

use crate::support::{
    http::{Answer, connect, get, read_to_end, request, send},
    process::{Running, SLAPMASTER, Server as Process, address},
};

/// Sends the bytes; the server must answer with the status and a sentence, close by itself, and
/// go on serving others.
fn refused(server: &Process, bytes: impl AsRef<[u8]>, status: u16, sentence: &str) {
    let answer = send(server.address(), bytes);
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.body.contains(sentence), "{answer:?}");
    assert_eq!(get(server.address(), "/_mock/health/ready").status, 200);
}

#[test]
fn an_unknown_path_is_404_and_a_wrong_method_405_with_what_is_allowed() {
    let server = Process::start();
    let unknown = get(server.address(), "/nothing/here");
    assert_eq!(unknown.status, 404);
    assert_eq!(unknown.header("content-type"), "text/plain; charset=utf-8");
    assert!(unknown.body.ends_with(".\n"));
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "FETCH"] {
        let wrong = request(server.address(), method, "/", &[]);
        assert_eq!(
            (wrong.status, wrong.header("allow")),
            (405, "GET,HEAD"),
            "{method}"
        );
        assert!(!wrong.header("x-request-id").is_empty());
    }
}

#[test]
fn a_url_has_at_most_16_kib_and_headers_64_kib() {
    let server = Process::start();
    let url = |length: usize| {
        format!(
            "GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "x".repeat(length - 1)
        )
    };
    assert_eq!(send(server.address(), url(16 * 1024)).status, 404);
    refused(&server, url(16 * 1024 + 1), 414, "longer than 16384 bytes");
    refused(&server, url(100 * 1024), 414, "");
    let headers = |length: usize| {
        let text = "x".repeat(length / 2);
        format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\na: {text}\r\nb: {text}\r\n\r\n")
    };
    assert_eq!(send(server.address(), headers(63 * 1024)).status, 200);
    refused(&server, headers(65 * 1024), 431, "longer than 65536 bytes");
    refused(&server, headers(1024 * 1024), 431, "");
    let many = format!(
        "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
        "a: b\r\n".repeat(1000)
    );
    refused(&server, many, 431, "");
}

#[test]
fn a_request_names_exactly_one_host() {
    let server = Process::start();
    refused(&server, "GET / HTTP/1.1\r\n\r\n", 400, "needs a Host");
    refused(
        &server,
        "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
        400,
        "more than one Host",
    );
    refused(
        &server,
        "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n",
        400,
        "more than one Host",
    );
    assert_eq!(send(server.address(), "GET / HTTP/1.0\r\n\r\n").status, 200);
}

#[test]
fn a_request_that_says_twice_where_it_ends_is_400() {
    let server = Process::start();
    let chunks = "5\r\nhello\r\n0\r\n\r\n";
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
    ] {
        let bytes = format!("POST / HTTP/1.1\r\nHost: x\r\n{headers}\r\n{chunks}");
        refused(&server, &bytes, 400, "");
        let after_another = format!("GET / HTTP/1.1\r\nHost: x\r\n\r\n{bytes}");
        let mut stream = connect(server.address());
        stream.write_all(after_another.as_bytes()).unwrap();
        let answers = read_to_end(&stream);
        assert!(answers.starts_with("HTTP/1.1 200"), "{answers}");
        assert!(answers.contains("HTTP/1.1 400"), "{headers}: {answers}");
    }
}

#[test]
fn chunks_are_read_and_broken_ones_are_400() {
    let server = Process::start();
    let chunked = |body: &str| {
        format!("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
    };
    let whole = send(server.address(), chunked("5\r\nhello\r\n0\r\n\r\n"));
    assert_eq!((whole.status, whole.header("connection")), (405, "close"));
    for body in [
        "10000000000000000\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
        "x\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloworld\r\n0\r\n\r\n",
    ] {
        refused(&server, chunked(body), 400, "malformed");
    }
}

#[test]
fn a_body_that_is_declared_too_large_is_413_before_it_is_sent() {
    let server = Process::start();
    for length in ["33554433", "18446744073709551613"] {
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        let began = Instant::now();
        let mut stream = connect(server.address());
        stream.write_all(head.as_bytes()).unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 413", "{length}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn a_client_that_sends_a_large_body_before_it_listens_still_sees_413() {
    let server = Process::start();
    let block = vec![b'x'; 1024 * 1024];
    let mut stream = connect(server.address());
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 41943040\r\n\r\n")
        .unwrap();
    for _ in 0..40 {
        stream.write_all(&block).unwrap();
    }
    assert_eq!(Answer::parse(&read_to_end(&stream)).status, 413);

    let mut stream = connect(server.address());
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    for _ in 0..40 {
        stream.write_all(b"100000\r\n").unwrap();
        stream.write_all(&block).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let answer = Answer::parse(&read_to_end(&stream));
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("larger than 33554432 bytes"));
}

#[test]
fn a_body_of_exactly_32_mib_is_let_through() {
    let server = Process::start();
    let mut bytes =
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 33554432\r\n\r\n"
            .to_vec();
    bytes.resize(bytes.len() + 32 * 1024 * 1024, b'x');
    assert_eq!(send(server.address(), bytes).status, 405);
}

#[test]
fn requests_one_after_another_on_a_connection_are_all_answered() {
    let server = Process::start();
    let mut stream = connect(server.address());
    let post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
    let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream
        .write_all(format!("{post}{get}\r\n{post}{last}").as_bytes())
        .unwrap();
    let answers = read_to_end(&stream);
    let statuses: Vec<_> = answers
        .matches("HTTP/1.1 ")
        .zip([405, 200, 405, 200])
        .collect();
    assert_eq!(statuses.len(), 4, "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 405").count(), 2);
}

#[test]
fn a_client_that_waits_for_100_continue_gets_it() {
    let server = Process::start();
    let mut stream = connect(server.address());
    stream
        .write_all(
            b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\
              Expect: 100-continue\r\n\r\n",
        )
        .unwrap();
    let mut line = [0; 25];
    stream.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").unwrap();
    assert_eq!(Answer::parse(&read_to_end(&stream)).status, 405);
}

#[test]
fn what_is_no_http_is_400_and_never_a_crash() {
    let server = Process::start();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nbad name: y\r\n\r\n",
    ] {
        let mut stream = connect(server.address());
        stream.write_all(bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(
            answer.starts_with(b"HTTP/1.1 400") || answer.is_empty(),
            "{bytes:?}"
        );
    }
    assert_eq!(get(server.address(), "/_mock/health/ready").status, 200);
}

#[test]
fn running_out_of_descriptors_is_survived() {
    let script = format!("ulimit -n 64; exec {SLAPMASTER} serve --listen http://127.0.0.1:0");
    let process = Running::spawn(std::process::Command::new("sh").args(["-c", &script]));
    let url = process
        .stdout
        .find("listening on")
        .replace("listening on ", "");
    process.stdout.find("ready in");
    let address = address(&url);
    let held: Vec<_> = (0..100).map(|_| connect(address)).collect();
    process.stderr.find("cannot accept connections");
    drop(held);
    assert_eq!(get(address, "/").status, 200);
}

/// A server inside the test with limits of its own; it echoes bodies and takes 300 ms for `/slow`.
fn serve(limits: Limits) -> SocketAddr {
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = Listener::bind(&"http://127.0.0.1:0".parse().unwrap()).unwrap();
            let address = listener.endpoint().to_string();
            let server = Server::new(limits);
            server.serve(listener, guarded(service_fn(echo), limits));
            sender.send(address).unwrap();
            // As long as the tests run.
            std::future::pending::<()>().await;
        });
    });
    address(&receiver.recv().unwrap())
}

async fn echo(request: Request<Body>) -> Result<Response, Infallible> {
    if request.uri().path() == "/slow" {
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    Ok(Response::new(Body::from(body)))
}

fn impatient() -> Limits {
    Limits {
        head_time: Duration::from_millis(200),
        body_time: Duration::from_millis(200),
        ..Limits::default()
    }
}

#[test]
fn the_limits_are_those_that_are_documented() {
    let limits = Limits::default();
    assert_eq!(limits.head_time, Duration::from_secs(30));
    assert_eq!(limits.body_time, Duration::from_secs(30));
    assert_eq!(limits.body_bytes, 32 << 20);
    assert_eq!(limits.stop_time, Duration::from_secs(2));
}

#[test]
fn half_a_head_ends_the_connection_after_its_time() {
    let address = serve(impatient());
    for half in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = connect(address);
        stream.write_all(half.as_bytes()).unwrap();
        let began = Instant::now();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        let took = began.elapsed();
        assert!(
            took > Duration::from_millis(100) && took < Duration::from_secs(10),
            "{took:?}"
        );
    }
}

#[test]
fn half_a_body_ends_the_connection_after_its_time_and_holds_up_nobody() {
    let address = serve(impatient());
    let half: Vec<_> = [
        "Content-Length: 9\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n9\r\nhalf",
    ]
    .map(|half| {
        let mut stream = connect(address);
        write!(stream, "POST / HTTP/1.1\r\nHost: x\r\n{half}").unwrap();
        stream
    })
    .into();
    let began = Instant::now();
    assert_eq!(get(address, "/").status, 200);
    assert!(
        began.elapsed() < Duration::from_millis(150),
        "{:?}",
        began.elapsed()
    );
    for stream in half {
        let answer = Answer::parse(&read_to_end(&stream));
        assert_eq!(answer.status, 400);
        assert!(
            answer.body.contains("did not arrive within 0.2 s"),
            "{answer:?}"
        );
    }
}

#[test]
fn a_body_that_arrives_in_pieces_is_whole_for_the_service() {
    let address = serve(Limits::default());
    let mut stream = connect(address);
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9\r\n\r\n")
        .unwrap();
    for piece in ["one", "two", "six"] {
        stream.write_all(piece.as_bytes()).unwrap();
        stream.flush().unwrap();
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(Answer::parse(&read_to_end(&stream)).body, "onetwosix");
}

#[test]
fn a_slow_answer_is_not_cut_by_the_limits_on_requests() {
    let address = serve(impatient());
    assert_eq!(get(address, "/slow").status, 200);
}

#[test]
fn connections_above_the_limit_wait_for_their_turn() {
    let address = serve(Limits {
        connections: 2,
        ..impatient()
    });
    let held = [connect(address), connect(address)];
    // Accepted only when the time of a silent one is over.
    assert_eq!(get(address, "/").status, 200);
    drop(held);
}
