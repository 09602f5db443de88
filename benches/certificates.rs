//! What certificates and TLS cost: `cargo bench --bench certificates`.
//!
//! Issuing on one core; a request on a kept-alive connection with a client certificate beside the
//! same request on a plain one; and the latency of both while hundreds of clients hang in their
//! handshakes. Medians of many single requests, one after the other, in turns, so that whatever
//! else the machine does falls on all of them alike.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement that cannot go on fails, and says what it measured"
)]

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use slapmaster::{
    domain::{certificate::CertificateSubject, identifier::InstanceReference, time::Timestamp},
    pki::Authority,
    xml::marshal::{self, Value},
};

const ISSUED: usize = 5_000;
const ROUNDS: usize = 40;
const REQUESTS: usize = 250;
const SILENT: usize = 200;

fn main() {
    issue();
    let server = Server::start();
    server.post(
        "/loadComputerConfigurationFromXML",
        "application/x-www-form-urlencoded",
        &format!("xml={}", percent_encoded(&computer(20))),
    );
    let mut plain = server.plain();
    let mut tls = server.tls();
    println!("one request after the other on a kept-alive connection, medians:");
    for (name, path) in [
        (
            "registerComputerPartition",
            "/registerComputerPartition?computer_reference=COMP-1\
             &computer_partition_reference=slappart0",
        ),
        (
            "getFullComputerInformation",
            "/getFullComputerInformation?computer_id=COMP-1",
        ),
    ] {
        let [open, certified] = medians([&mut plain, &mut tls], path);
        let ratio = certified.as_secs_f64() / open.as_secs_f64();
        println!("  {name}: plain {open:.1?}, mTLS {certified:.1?}, ratio {ratio:.2} (asked: 1.3)");
    }
    silent(&server, &mut plain, &mut tls);
}

/// How many certificates are issued a second, key included.
fn issue() {
    let now = Timestamp::from_seconds(1_795_422_600);
    let authority = Authority::create(now).unwrap();
    let began = Instant::now();
    for number in 0..ISSUED {
        let reference = InstanceReference::trusted(format!("SOFTINST-{number}"));
        let subject = CertificateSubject::Instance(reference);
        authority.issue(&subject, now).unwrap();
    }
    let rate = ISSUED as f64 / began.elapsed().as_secs_f64();
    println!("certificates issued on one core: {rate:.0} a second (asked: 1000)");
}

/// What slapformat sends of COMP-1 with so many partitions.
fn computer(partitions: usize) -> String {
    let partitions = (0..partitions).map(|number| {
        Value::dictionary([
            ("reference", format!("slappart{number}").into()),
            ("address_list", Value::List(Vec::new())),
            (
                "tap",
                Value::dictionary([("name", format!("slaptap{number}").into())]),
            ),
        ])
    });
    marshal::write(&Value::dictionary([
        ("reference", "COMP-1".into()),
        ("address", "10.0.0.100".into()),
        ("netmask", "255.255.255.255".into()),
        ("partition_list", Value::list(partitions)),
    ]))
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").unwrap();
        encoded
    })
}

/// The latency of others while clients hang in their handshakes: half of them say nothing, half
/// stop in the middle of their first words.
fn silent(server: &Server, plain: &mut Client, tls: &mut Client) {
    const PATH: &str = "/getFullComputerInformation?computer_id=COMP-1";
    let before = medians([&mut *plain, &mut *tls], PATH);
    let mut hanging = Vec::new();
    for number in 0..SILENT {
        let mut stream = TcpStream::connect(&server.tls_address).unwrap();
        if number % 2 == 0 {
            // The head of a handshake record whose rest never comes.
            stream.write_all(&[22, 3, 1, 1, 0, 1]).unwrap();
        }
        hanging.push(stream);
    }
    let during = medians([&mut *plain, &mut *tls], PATH);
    drop(hanging);
    println!("{SILENT} silent handshakes beside it, medians:");
    for (name, before, during) in [
        ("plain", before[0], during[0]),
        ("mTLS", before[1], during[1]),
    ] {
        let ratio = during.as_secs_f64() / before.as_secs_f64();
        println!(
            "  {name}: {before:.1?} without, {during:.1?} with, ratio {ratio:.2} (asked: 1.1)"
        );
    }
}

/// The median time of a request by each client.
fn medians(mut clients: [&mut Client; 2], path: &str) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (client, times) in clients.iter_mut().zip(&mut times) {
            for _ in 0..REQUESTS {
                let began = Instant::now();
                client.get(path);
                times.push(began.elapsed());
            }
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

/// A running server with a plain and a TLS listener.
struct Server {
    process: Child,
    plain_address: String,
    tls_address: String,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_slapmaster"))
            .args(["serve", "--log-level", "error", "--exit-with-parent"])
            .args(["--listen", "http://127.0.0.1:0"])
            .args(["--listen", "https://127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut address = |scheme: &str| {
            let line = lines.next().unwrap().unwrap();
            let start = format!("listening on {scheme}://");
            line.strip_prefix(&start).unwrap().to_owned()
        };
        let plain_address = address("http");
        let tls_address = address("https");
        let ready = lines.next().unwrap().unwrap();
        assert!(ready.starts_with("ready in "), "{ready}");
        Self {
            process,
            plain_address,
            tls_address,
        }
    }

    fn plain(&self) -> Client {
        let stream = TcpStream::connect(&self.plain_address).unwrap();
        stream.set_nodelay(true).unwrap();
        Client(BufReader::new(Box::new(stream)))
    }

    /// A client with the certificate of COMP-1.
    fn tls(&self) -> Client {
        let issued = self.post(
            "/_mock/v1/certificates",
            "application/json",
            r#"{"computer": "COMP-1"}"#,
        );
        let issued: serde_json::Value = serde_json::from_str(&issued).unwrap();
        let text = |name: &str| issued[name].as_str().unwrap().as_bytes();
        let certificate = CertificateDer::from_pem_slice(text("certificate")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(text("key")).unwrap();
        let authority = self.plain().get("/_mock/v1/ca.pem");
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate], key)
            .unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = TcpStream::connect(&self.tls_address).unwrap();
        stream.set_nodelay(true).unwrap();
        Client(BufReader::new(Box::new(StreamOwned::new(
            connection, stream,
        ))))
    }

    fn post(&self, path: &str, kind: &str, body: &str) -> String {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        self.plain().ask(&(head + body))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// A kept-alive connection.
struct Client(BufReader<Box<dyn Stream>>);

impl Client {
    fn get(&mut self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"))
    }

    /// The body of a successful answer.
    fn ask(&mut self, request: &str) -> String {
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        self.0.get_mut().flush().unwrap();
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let succeeded = line.starts_with("HTTP/1.1 2");
        let mut length = 0;
        loop {
            let mut header = String::new();
            self.0.read_line(&mut header).unwrap();
            let Some((name, value)) = header.trim_end().split_once(": ") else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(succeeded, "{request}: {line}{body}");
        body
    }
}
