//! The program as a process of its own, for what is measured over a socket.
#![allow(dead_code, reason = "not every measurement asks for all of it")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The program, serving on a free port until it is dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts it with these settings more.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_slapmaster"))
            .args([
                "serve",
                "--listen",
                "http://127.0.0.1:0",
                "--log-level",
                "warn",
            ])
            .args(settings)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first
            .strip_prefix("listening on http://")
            .unwrap()
            .to_owned();
        assert!(lines.next().unwrap().unwrap().starts_with("ready in"));
        Self { child, address }
    }

    /// A client with a connection of its own.
    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Client(BufReader::new(stream))
    }

    /// User and system time of the process until now; a tick of the system is 10 ms.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    /// How much memory it has.
    pub(crate) fn memory_kib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client on one kept-alive connection.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    /// Asks, and expects this status.
    pub(crate) fn json(&mut self, method: &str, path: &str, body: &str, status: u16) {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(head.as_bytes()).unwrap();
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let found = line.split(' ').nth(1).map(str::to_owned);
        let mut length = 0;
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            if line == "\r\n" {
                break;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).unwrap();
        let shown = String::from_utf8_lossy(&answer);
        assert_eq!(
            found.as_deref(),
            Some(status.to_string().as_str()),
            "{path}: {shown}"
        );
    }
}
