//! The TLS of the clients that people use: curl, and Python's requests as the slap library has it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::support::{process::Server, python::python, tls::Pair};

/// Writes the authority of a server, and a client's pair, beside its ready file.
fn files(server: &Server) -> [PathBuf; 3] {
    let ready = fs::read_to_string(server.path("ready.json")).unwrap();
    let ready: Value = serde_json::from_str(&ready).unwrap();
    let pair = Pair::made_out_to(&["COMP-1"]);
    [
        ("ca.pem", ready["ca_certificate"].as_str().unwrap()),
        ("client.crt", &pair.certificate),
        ("client.key", &pair.key),
    ]
    .map(|(name, content)| {
        let path = server.path(name);
        fs::write(&path, content).unwrap();
        path
    })
}

fn start(client_certificate: &str) -> Server {
    Server::start_with(&[
        "--listen",
        "https://127.0.0.1:0",
        "--client-certificate",
        client_certificate,
        "--ready-file",
        "DIR/ready.json",
    ])
}

/// Runs a client against both kinds of server: with a certificate it reaches both, without one
/// only that which does not require it.
fn check(run: impl Fn(&str, &Path, Option<(&Path, &Path)>) -> bool) {
    for (setting, reached_without) in [("optional", true), ("required", false)] {
        let server = start(setting);
        let [authority, certificate, key] = files(&server);
        for host in ["localhost", "127.0.0.1"] {
            let port = server.address().port();
            let url = format!("https://{host}:{port}/_mock/health/ready");
            assert!(run(&url, &authority, Some((&certificate, &key))), "{url}");
            assert_eq!(run(&url, &authority, None), reached_without, "{url}");
        }
    }
}

#[test]
fn curl_gets_through_with_and_without_a_certificate() {
    for version in ["1.2", "1.3"] {
        check(|url, authority, pair| {
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*"])
                .args([&format!("--tlsv{version}"), "--tls-max", version])
                .arg("--cacert")
                .arg(authority)
                .arg(url);
            if let Some((certificate, key)) = pair {
                curl.arg("--cert").arg(certificate).arg("--key").arg(key);
            }
            let output = curl
                .output()
                .unwrap_or_else(|error| panic!("this test needs curl (Debian: `curl`): {error}"));
            output.stdout == br#"{"status":"ready"}"#
        });
    }
}

#[test]
fn requests_get_through_with_and_without_a_certificate() {
    let program = "\
import sys, requests
url, authority, *pair = sys.argv[1:]
session = requests.Session()
session.trust_env = False
for _ in range(2):
    answer = session.get(url, verify=authority, cert=tuple(pair) or None, timeout=20)
    assert answer.json() == {'status': 'ready'}, answer.text
";
    let script = tempfile::NamedTempFile::new().unwrap();
    script.as_file().write_all(program.as_bytes()).unwrap();
    let python = python();
    check(|url, authority, pair| {
        let mut client = Command::new(&python);
        client.arg(script.path()).arg(url).arg(authority);
        if let Some((certificate, key)) = pair {
            client.arg(certificate).arg(key);
        }
        let output = client.output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() || complaint.contains("requests.exceptions"),
            "{complaint}"
        );
        output.status.success()
    });
}
