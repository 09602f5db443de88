//! rustls-webpki: what rustls itself trusts, so most Rust clients and servers.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use slapmaster::{domain::time::Timestamp, pki::RevocationList};
use webpki::{
    ALL_VERIFICATION_ALGS, BorrowedCertRevocationList, CertRevocationList, EndEntityCert, Error,
    ExpirationPolicy, KeyUsage, RevocationOptionsBuilder, anchor_from_trusted_cert,
};

use super::{DAY, Sample, computer, der, later};

const CLIENTS: [&str; 4] = ["computer", "instance", "user", "odd"];

fn moment(at: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(at.as_seconds().try_into().unwrap()))
}

/// Whether `leaf` holds at `at` under the authority `ca`, and by `crl` if there is one.
fn verify(
    ca: &[u8],
    leaf: &CertificateDer<'_>,
    at: Timestamp,
    usage: KeyUsage,
    crl: Option<&[u8]>,
) -> Result<(), Error> {
    let ca = CertificateDer::from(ca);
    let anchor = anchor_from_trusted_cert(&ca)?;
    let leaf = EndEntityCert::try_from(leaf)?;
    let list: Option<CertRevocationList<'_>> = crl
        .map(|der| BorrowedCertRevocationList::from_der(der).map(Into::into))
        .transpose()?;
    let lists: Vec<_> = list.iter().collect();
    let revocation = list.is_some().then(|| {
        RevocationOptionsBuilder::new(&lists)
            .unwrap()
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build()
    });
    leaf.verify_for_usage(
        ALL_VERIFICATION_ALGS,
        &[anchor],
        &[],
        moment(at),
        usage,
        revocation,
        None,
    )
    .map(|_| ())
}

#[test]
fn webpki_accepts_each_kind_for_its_use_alone() {
    let sample = Sample::new();
    let ca = sample.authority.certificate_der();
    for (name, issued) in &sample.issued {
        let leaf = der(&issued.certificate_pem);
        let as_client = verify(ca, &leaf, sample.now, KeyUsage::client_auth(), None);
        let as_server = verify(ca, &leaf, sample.now, KeyUsage::server_auth(), None);
        let wrong_use = |outcome| matches!(outcome, Err(Error::RequiredEkuNotFoundContext(_)));
        match *name {
            "foreign" => {
                assert_eq!(as_client, Err(Error::InvalidSignatureForPublicKey));
                assert!(wrong_use(as_server), "{name}");
            }
            "server" => {
                assert_eq!(as_server, Ok(()));
                assert!(wrong_use(as_client), "{name}");
            }
            _ => {
                assert_eq!(as_client, Ok(()), "{name}");
                assert!(wrong_use(as_server), "{name}");
            }
        }
    }
    let itself = CertificateDer::from(ca);
    assert_eq!(
        verify(ca, &itself, sample.now, KeyUsage::client_auth(), None),
        Err(Error::CaUsedAsEndEntity)
    );
}

#[test]
fn webpki_finds_the_names_of_a_server() {
    let sample = Sample::new();
    let server = der(&sample.issued("server").certificate_pem);
    let server = EndEntityCert::try_from(&server).unwrap();
    for (name, expected) in [
        ("localhost", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("master.example.org", true),
        ("example.org", false),
        ("127.0.0.2", false),
    ] {
        let name = ServerName::try_from(name).unwrap();
        let found = server.verify_is_valid_for_subject_name(&name);
        assert_eq!(found.is_ok(), expected, "{name:?}");
    }
}

#[test]
fn webpki_counts_the_first_and_the_last_second() {
    // Clocks at 1970, 1975, before and after dates take another form in 2050, and now.
    let worlds = [0, 157_766_400, 2_208_988_800, 2_840_140_800]
        .map(|seconds| Sample::at(Timestamp::from_seconds(seconds)));
    for sample in worlds.iter().chain([&Sample::new()]) {
        let ca = sample.authority.certificate_der();
        for name in CLIENTS {
            let issued = sample.issued(name);
            let leaf = der(&issued.certificate_pem);
            let at = |at| verify(ca, &leaf, at, KeyUsage::client_auth(), None);
            let validity = issued.validity;
            for second in [validity.not_before, sample.now, validity.not_after] {
                assert_eq!(at(second), Ok(()), "{name} of {}", sample.now.as_seconds());
            }
            assert_eq!(
                at(later(validity.not_after, 1)),
                Err(Error::CertExpired {
                    time: moment(later(validity.not_after, 1)),
                    not_after: moment(validity.not_after),
                })
            );
            // There is no second before 1970.
            if validity.not_before.as_seconds() > 0 {
                assert_eq!(
                    at(later(validity.not_before, -1)),
                    Err(Error::CertNotValidYet {
                        time: moment(later(validity.not_before, -1)),
                        not_before: moment(validity.not_before),
                    })
                );
            }
        }
    }
}

#[test]
fn webpki_refuses_what_the_list_names_and_only_that() {
    let sample = Sample::new();
    let ca = sample.authority.certificate_der();
    let check = |name: &str, at, crl: &[u8]| {
        let leaf = der(&sample.issued(name).certificate_pem);
        verify(ca, &leaf, at, KeyUsage::client_auth(), Some(crl))
    };
    let crl = &sample.crl.der;
    for name in CLIENTS {
        assert_eq!(check(name, sample.now, crl), Ok(()), "{name}");
    }
    assert_eq!(check("revoked", sample.now, crl), Err(Error::CertRevoked));
    let over = later(sample.now, DAY + 1);
    assert!(matches!(
        check("computer", over, crl),
        Err(Error::CrlExpired { .. })
    ));

    // One that another authority of the same name signed.
    let forged = sample
        .other
        .revocation_list(&RevocationList {
            number: 4,
            this_update: sample.now,
            next_update: later(sample.now, DAY),
            revoked: Vec::new(),
        })
        .unwrap();
    assert_eq!(
        check("revoked", sample.now, &forged.der),
        Err(Error::InvalidCrlSignatureForPublicKey)
    );
}

#[test]
fn webpki_reads_a_long_list_and_an_empty_one() {
    let sample = Sample::new();
    let ca = sample.authority.certificate_der();
    let issued: Vec<_> = (0..300)
        .map(|n| {
            let subject = computer(&format!("COMP-{n}"));
            sample.authority.issue(&subject, sample.now).unwrap()
        })
        .collect();
    let list = |count: usize| {
        let revoked = issued.iter().take(count);
        sample
            .authority
            .revocation_list(&RevocationList {
                number: u64::MAX,
                this_update: sample.now,
                next_update: later(sample.now, DAY),
                revoked: revoked
                    .map(|issued| (issued.serial.clone(), sample.now))
                    .collect(),
            })
            .unwrap()
    };
    for count in [0, 299] {
        let crl = list(count);
        for (at, issued) in issued.iter().enumerate() {
            let leaf = der(&issued.certificate_pem);
            let usage = KeyUsage::client_auth();
            let found = verify(ca, &leaf, sample.now, usage, Some(&crl.der));
            let expected = if at < count {
                Err(Error::CertRevoked)
            } else {
                Ok(())
            };
            assert_eq!(found, expected, "{at} of {count}");
        }
    }
}
