//! Handshakes that succeed, fail, stall, or are none.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use rustls::AlertDescription;
use slapmaster::net::Limits;

use super::server::{Setup, TlsServer};
use crate::support::{
    http::{self, Answer, connect, read_to_end},
    tls::{self, Client},
};

/// The first bytes of a handshake, whose rest never comes.
const HALF_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

fn get(server: &TlsServer) -> Answer {
    Client::new().get(server.address, "localhost", "/").unwrap()
}

/// How long the server lets a silent client wait for its end.
fn time_to_end(mut stream: &TcpStream) -> Duration {
    let began = Instant::now();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    began.elapsed()
}

#[test]
fn tls_1_2_and_1_3_are_spoken_with_http_1_1_above() {
    let server = Setup::default().start();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let client = Client::new().version(version);
        let stream = client
            .clone()
            .offering(&["h2", "http/1.1"])
            .connect(server.address, "localhost")
            .unwrap();
        assert_eq!(stream.conn.protocol_version(), Some(version.version));
        assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        let answer = client.get(server.address, "localhost", "/").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "nobody"));
        assert_eq!(
            client.offering(&["h2"]).refused(server.address),
            AlertDescription::NoApplicationProtocol
        );
    }
    assert_eq!(http::get(server.plain, "/").body, "nobody");
}

#[test]
fn a_connection_serves_many_requests() {
    let server = Setup::default().start();
    let mut stream = Client::new().connect(server.address, "localhost").unwrap();
    for _ in 0..100 {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        while !answer.ends_with("nobody") {
            let mut part = [0; 1024];
            let length = stream.read(&mut part).unwrap();
            assert_ne!(length, 0, "{answer}");
            answer.push_str(std::str::from_utf8(&part[..length]).unwrap());
        }
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

// Head and body in records of their own cost a client two reads, and us two writes.
#[test]
fn a_small_answer_is_one_record() {
    const APPLICATION_DATA: u8 = 23;
    let server = Setup::default().start();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let client = Client::new().version(version);
        let mut stream = client.connect(server.address, "localhost").unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let mut bytes = [0; 4096];
        let length = stream.sock.read(&mut bytes).unwrap();
        let header: [u8; 5] = bytes[..5].try_into().unwrap();
        assert_eq!(header[0], APPLICATION_DATA);
        let record = usize::from(u16::from_be_bytes([header[3], header[4]]));
        assert_eq!(length, 5 + record, "all that came is one record");
        stream.conn.read_tls(&mut &bytes[..length]).unwrap();
        stream.conn.process_new_packets().unwrap();
        let length = stream.conn.reader().read(&mut bytes).unwrap();
        let answer = Answer::parse(std::str::from_utf8(&bytes[..length]).unwrap());
        assert_eq!(answer.body, "nobody");
    }
}

// A resumed session would not be asked for a certificate again.
#[test]
fn sessions_are_not_resumed() {
    let server = Setup::default().start();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = Client::new().version(version).config();
        for _ in 0..2 {
            let mut stream = tls::connect(config.clone(), server.address, "localhost").unwrap();
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            assert_eq!(
                stream.conn.handshake_kind(),
                Some(rustls::HandshakeKind::Full)
            );
        }
    }
}

#[test]
fn a_client_that_speaks_plain_http_is_told_at_once() {
    let server = Setup::default().start();
    let long = format!("POST / HTTP/1.1\r\nHost: x\r\n\r\n{}", "x".repeat(100_000));
    for request in ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "G", &long] {
        let began = Instant::now();
        let mut stream = connect(server.address);
        stream.write_all(request.as_bytes()).unwrap();
        let answer = Answer::parse(&read_to_end(&stream));
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("speaks https"), "{answer:?}");
        assert_eq!(answer.header("connection"), "close");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(get(&server).status, 200);
}

#[test]
fn what_is_no_tls_is_closed() {
    let server = Setup::default().start();
    for garbage in [
        &b"\x00"[..],
        b"\xff\xff\xff\xff",
        b"\r\n\r\n",
        b"SSH",
        b"\x16\x03\x01\x00\x05hello",
        b"\x16hello and more",
        b"\x16\x03\x01\xff\xff",
    ] {
        let mut stream = connect(server.address);
        stream.write_all(garbage).unwrap();
        // Fails where the server closed already.
        let _ = stream.shutdown(Shutdown::Write);
        assert!(time_to_end(&stream) < Duration::from_secs(5), "{garbage:?}");
    }
    assert_eq!(get(&server).status, 200);
}

#[test]
fn a_handshake_that_falls_silent_ends_after_its_time_and_holds_up_nobody() {
    let server = Setup::impatient().start();
    let silent = [&b""[..], HALF_HELLO].map(|half| {
        let mut stream = connect(server.address);
        stream.write_all(half).unwrap();
        stream
    });
    let began = Instant::now();
    assert_eq!(get(&server).status, 200);
    assert_eq!(http::get(server.plain, "/").status, 200);
    assert!(began.elapsed() < Duration::from_millis(1500));
    for stream in &silent {
        let took = time_to_end(stream);
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
    assert!(began.elapsed() > Duration::from_millis(1900));
}

#[test]
fn a_slow_handshake_has_a_time_for_all_of_it() {
    let server = Setup::impatient().start();
    let stream = connect(server.address);
    let began = Instant::now();
    // Each byte comes in time, the handshake does not.
    for byte in HALF_HELLO.iter().cycle().take(100) {
        if (&stream).write_all(&[*byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[test]
fn the_limits_of_handshakes_are_those_that_are_documented() {
    let limits = Limits::default();
    assert_eq!(limits.handshake_time, Duration::from_secs(10));
    assert_eq!(limits.handshakes, limits.connections / 2);
}

#[test]
fn where_handshakes_have_no_room_a_new_one_ends_the_oldest() {
    let server = Setup {
        limits: Limits {
            connections: 8,
            handshakes: 4,
            ..Limits::default()
        },
        ..Setup::default()
    }
    .start();
    let silent: Vec<_> = (0..20).map(|_| connect(server.address)).collect();
    let began = Instant::now();
    assert_eq!(get(&server).status, 200);
    assert_eq!(http::get(server.plain, "/").status, 200);
    for ended in silent.iter().take(16) {
        time_to_end(ended);
    }
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "nobody waited for a handshake's time"
    );
}

#[test]
fn two_hundred_silent_handshakes_delay_nobody() {
    let server = Setup::default().start();
    let median = |address: SocketAddr| {
        let mut times: Vec<_> = (0..50)
            .map(|_| {
                let began = Instant::now();
                assert_eq!(http::get(address, "/").status, 200);
                began.elapsed()
            })
            .collect();
        times.sort();
        times[times.len() / 2]
    };
    let before = median(server.plain);
    let silent: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = connect(server.address);
            stream.write_all(HALF_HELLO).unwrap();
            stream
        })
        .collect();
    let meanwhile = median(server.plain);
    assert_eq!(get(&server).status, 200);
    // Generous: this machine has other things to do. What it must not be is the limit's seconds.
    assert!(
        meanwhile < before * 3 + Duration::from_millis(100),
        "{before:?}, {meanwhile:?}"
    );
    drop(silent);
}

#[test]
fn an_orderly_stop_ends_handshakes_at_once() {
    let server = Setup::default().start();
    let silent: Vec<_> = [&b""[..], HALF_HELLO, b"GET /"]
        .into_iter()
        .cycle()
        .take(30)
        .map(|half| {
            let mut stream = connect(server.address);
            stream.write_all(half).unwrap();
            stream
        })
        .collect();
    assert_eq!(get(&server).status, 200);
    let began = Instant::now();
    server.stop();
    assert!(began.elapsed() < Duration::from_secs(1));
    for stream in &silent {
        time_to_end(stream);
    }
    assert!(began.elapsed() < Duration::from_secs(2));
}
