//! Client certificates: shown, missing, refused.

use std::{
    io::{Read, Write},
    sync::Arc,
};

use rustls::{
    AlertDescription, ClientConfig, SignatureScheme,
    client::ResolvesClientCert,
    pki_types::{PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use slapmaster::net::{ClientCertificates, IdentityError, PeerRefusal, TlsIdentity};

use super::server::{Setup, told};
use crate::support::tls::{self, Client, Pair};

fn required() -> Setup {
    Setup {
        certificates: ClientCertificates::Required,
        ..Setup::default()
    }
}

#[test]
fn the_service_of_a_connection_is_told_the_certificate_that_the_client_showed() {
    let pair = Pair::made_out_to(&["me"]);
    for setup in [Setup::default(), required()] {
        let server = setup.start();
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let client = Client::new().version(version).showing(&pair);
            let answer = client.get(server.address, "localhost", "/").unwrap();
            assert_eq!(answer.body, told(&pair.der()));
        }
    }
}

#[test]
fn a_certificate_that_is_required_and_missing_ends_the_handshake() {
    let server = required().start();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        assert_eq!(
            Client::new().version(version).refused(server.address),
            AlertDescription::CertificateRequired
        );
    }
}

#[test]
fn a_refusal_in_the_handshake_is_an_alert_that_says_why() {
    let pair = Pair::made_out_to(&["me"]);
    for (refusal, alert) in [
        (PeerRefusal::UnknownIssuer, AlertDescription::UnknownCA),
        (PeerRefusal::Expired, AlertDescription::CertificateExpired),
        (
            PeerRefusal::NotYetValid,
            AlertDescription::CertificateExpired,
        ),
        (PeerRefusal::Revoked, AlertDescription::CertificateRevoked),
    ] {
        let server = Setup::refusing(refusal).start();
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let client = Client::new().version(version);
            let with = client.clone().showing(&pair);
            assert_eq!(with.refused(server.address), alert, "{refusal:?}");
            // Who shows none is not asked.
            let without = client.get(server.address, "localhost", "/").unwrap();
            assert_eq!(without.body, "nobody");
        }
    }
}

#[test]
fn a_certificate_without_its_key_proves_nothing() {
    let server = Setup::default().start();
    let stolen = Pair {
        key: Pair::made_out_to(&["me"]).key,
        ..Pair::made_out_to(&["me"])
    };
    let answer =
        tls::connect(forger(&stolen), server.address, "localhost").and_then(|mut stream| {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")?;
            stream.read(&mut [0; 100])
        });
    let error = answer.unwrap_err();
    assert_eq!(
        tls::rustls_error(&error),
        Some(&rustls::Error::AlertReceived(
            AlertDescription::DecryptError
        ))
    );
}

/// A client that shows a certificate and signs with the key of another; the library's own settings
/// would not let it.
fn forger(pair: &Pair) -> Arc<ClientConfig> {
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    let certified = Arc::new(CertifiedKey::new(vec![pair.der()], key));
    let mut config = Client::new().config().as_ref().clone();
    config.client_auth_cert_resolver = Arc::new(Always(certified));
    Arc::new(config)
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[test]
fn what_makes_no_identity_is_refused_for_its_reason() {
    let (pair, other) = (Pair::made_out_to(&["a"]), Pair::made_out_to(&["b"]));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let broken_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let chain = format!("{}{}", pair.certificate, other.certificate);
    for (certificate, key, expected) in [
        (pair.certificate.as_str(), pair.key.as_str(), None),
        (&chain, &pair.key, None),
        ("", &pair.key, Some(IdentityError::NoCertificate)),
        (&pair.key, &pair.key, Some(IdentityError::NoCertificate)),
        (broken, &pair.key, Some(IdentityError::BrokenCertificate)),
        (
            "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n",
            &pair.key,
            Some(IdentityError::BrokenCertificate),
        ),
        (&pair.certificate, "", Some(IdentityError::NoKey)),
        (
            &pair.certificate,
            &pair.certificate,
            Some(IdentityError::NoKey),
        ),
        (
            &pair.certificate,
            encrypted,
            Some(IdentityError::EncryptedKey),
        ),
        (
            &pair.certificate,
            broken_key,
            Some(IdentityError::UnusableKey),
        ),
        (&pair.certificate, &other.key, Some(IdentityError::OtherKey)),
    ] {
        let identity = TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes());
        assert_eq!(identity.err(), expected);
    }
    let identity = TlsIdentity::from_pem(pair.certificate.as_bytes(), pair.key.as_bytes());
    let shown = format!("{:?}", identity.unwrap());
    assert_eq!(shown, "TlsIdentity { .. }");
}
