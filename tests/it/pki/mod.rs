//! What the authority issues, judged by other people's verifiers: rustls-webpki, the `openssl`
//! command, and Python's `ssl` and `cryptography`.
//!
//! Every verifier is shown the same files; start at [`Sample`].

mod by_openssl;
mod by_python;
mod by_webpki;
mod given;

use std::{fs, path::PathBuf, time::UNIX_EPOCH};

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use slapmaster::{
    domain::{
        certificate::CertificateSubject,
        identifier::{ComputerReference, InstanceReference, UserReference},
        time::Timestamp,
    },
    pki::{Authority, Crl, Issued, RevocationList},
};
use tempfile::TempDir;

/// A day in seconds.
const DAY: i64 = 86_400;

/// The machine's time, in whole seconds: Python's `ssl` knows no other.
#[expect(
    clippy::disallowed_methods,
    reason = "the verifiers read the machine's clock"
)]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap();
    Timestamp::from_seconds(since.as_secs().try_into().unwrap())
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_seconds(at.as_seconds() + seconds)
}

fn computer(reference: &str) -> CertificateSubject {
    CertificateSubject::Computer(ComputerReference::parse("computer", reference).unwrap())
}

fn instance(reference: &str) -> CertificateSubject {
    CertificateSubject::Instance(InstanceReference::parse("instance", reference).unwrap())
}

fn user(reference: &str) -> CertificateSubject {
    CertificateSubject::User(UserReference::parse("user", reference).unwrap())
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

/// An authority and one certificate of each kind, a revoked one and one of another authority, in
/// memory and as files: `ca.crt`, `other.crt`, `crl.pem`, `crl.der`, and `<name>.crt` and
/// `<name>.key` of each [`certificate`](Sample::issued).
struct Sample {
    folder: TempDir,
    now: Timestamp,
    authority: Authority,
    other: Authority,
    /// By name: `computer`, `instance`, `user`, `odd`, `server`, `revoked`, `foreign`.
    issued: Vec<(&'static str, Issued)>,
    crl: Crl,
}

impl Sample {
    /// One that is made at the machine's time.
    fn new() -> Self {
        Self::at(now())
    }

    fn at(now: Timestamp) -> Self {
        let authority = Authority::create(now).unwrap();
        let other = Authority::create(now).unwrap();
        let client = |subject| authority.issue(&subject, now).unwrap();
        let names = ["localhost", "*.example.org", "127.0.0.1", "::1"].map(str::to_owned);
        // As a format in open mode may make one: longer than X.500 allows, and not all ASCII.
        let odd = format!("Ça \"{}\"", "x".repeat(200));
        let issued = vec![
            ("computer", client(computer("COMP-7"))),
            ("instance", client(instance("SOFTINST-4"))),
            ("user", client(user("PERS-1"))),
            ("odd", client(computer(&odd))),
            ("server", authority.issue_server(&names, now).unwrap()),
            ("revoked", client(computer("COMP-8"))),
            ("foreign", other.issue(&computer("COMP-7"), now).unwrap()),
        ];
        let revoked = &issued
            .iter()
            .find(|(name, _)| *name == "revoked")
            .unwrap()
            .1;
        let crl = authority
            .revocation_list(&RevocationList {
                number: 3,
                this_update: now,
                next_update: later(now, DAY),
                revoked: vec![(revoked.serial.clone(), now)],
            })
            .unwrap();

        let sample = Self {
            folder: tempfile::tempdir().unwrap(),
            now,
            authority,
            other,
            issued,
            crl,
        };
        sample.write("ca.crt", sample.authority.certificate_pem());
        sample.write("other.crt", sample.other.certificate_pem());
        sample.write("crl.pem", &sample.crl.pem);
        sample.write("crl.der", &sample.crl.der);
        for (name, issued) in &sample.issued {
            // Computers get theirs with a text before it: verifiers must not mind.
            let certificate = match *name {
                "computer" | "odd" | "revoked" => issued.certificate_with_text(),
                _ => issued.certificate_pem.clone(),
            };
            sample.write(&format!("{name}.crt"), certificate);
            sample.write(&format!("{name}.key"), issued.key_pem.expose());
        }
        sample
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn issued(&self, name: &str) -> &Issued {
        let found = self.issued.iter().find(|(known, _)| *known == name);
        &found.unwrap().1
    }
}
