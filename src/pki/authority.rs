//! The authority: it makes keys and signs certificates.

use std::{fmt, net::IpAddr};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};
use rustls::pki_types::{CertificateDer, DnsName, TrustAnchor};

use super::{Issued, PkiError, date, random};
use crate::domain::{
    certificate::{CertificateSerial, CertificateSubject, SERIAL_BYTES, Validity},
    secret::Secret,
    time::Timestamp,
};

/// The mark in every subject: nobody shall take one of these certificates for a real one.
const ORGANIZATION: &str = "slapmaster, for tests only";
/// The name of an authority that was made here. It must not contain `COMP-` (`hateoas.md` B.1).
const AUTHORITY_NAME: &str = "Mock SlapOS CA";

const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;
/// How long before it is made a certificate begins, for clients whose clocks are behind.
const BACKDATED_S: i64 = HOUR_S;
/// How long a certificate lasts: as long as production's (`semantics.md` 9.5).
const LEAF_LIFETIME_S: i64 = 3650 * DAY_S;
/// How long an authority lasts: twice as long, so that what it issues now ends before it does.
const AUTHORITY_LIFETIME_S: i64 = 2 * LEAF_LIFETIME_S;

/// A certificate authority: a certificate and the key that belongs to it.
pub struct Authority {
    /// The name, key and key identifier that go into what is issued.
    pub(super) issuer: Issuer<'static, KeyPair>,
    /// How revocation lists name the key.
    pub(super) key_identifier: KeyIdMethod,
    /// What rustls-webpki checks client certificates against.
    pub(super) anchor: TrustAnchor<'static>,
    pub(super) certificate: CertificateDer<'static>,
    pub(super) certificate_pem: String,
    /// Its common name, for people.
    pub(super) name: String,
    pub(super) serial: CertificateSerial,
    pub(super) validity: Validity,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("name", &self.name)
            .field("serial", &self.serial)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// A new authority, for 7300 days from `now`.
    pub fn create(now: Timestamp) -> Result<Self, PkiError> {
        let key = new_key()?;
        let validity = validity(now, AUTHORITY_LIFETIME_S);
        let mut params = params(AUTHORITY_NAME, &new_serial()?, validity)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params
            .self_signed(&key)
            .map_err(|source| crypto("sign the authority's certificate", source))?;
        Self::read(&certificate.pem(), &key.serialize_pem())
    }

    /// When it counts.
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// Its certificate's serial number.
    pub const fn serial(&self) -> &CertificateSerial {
        &self.serial
    }

    /// Its certificate as clients are given it to trust: one PEM block with a newline at its end.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Its certificate in binary form.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// Its private key, PKCS#8 in PEM form.
    pub fn key_pem(&self) -> Secret {
        Secret::new(self.issuer.key().serialize_pem())
    }

    /// Makes a key and a client certificate of `subject`, for 3650 days from `now` and no longer
    /// than the authority lasts.
    pub fn issue(&self, subject: &CertificateSubject, now: Timestamp) -> Result<Issued, PkiError> {
        self.issue_leaf(
            subject.reference(),
            ExtendedKeyUsagePurpose::ClientAuth,
            Vec::new(),
            now,
        )
    }

    /// Makes a key and a certificate of a server that is reached under `names`: host names, also
    /// `*.example.org`, and IP addresses.
    pub fn issue_server(&self, names: &[String], now: Timestamp) -> Result<Issued, PkiError> {
        let first = names.first().ok_or(PkiError::NoServerName)?;
        let names = names
            .iter()
            .map(|name| server_name(name))
            .collect::<Result<_, _>>()?;
        self.issue_leaf(first, ExtendedKeyUsagePurpose::ServerAuth, names, now)
    }

    fn issue_leaf(
        &self,
        common_name: &str,
        usage: ExtendedKeyUsagePurpose,
        names: Vec<SanType>,
        now: Timestamp,
    ) -> Result<Issued, PkiError> {
        if now.as_seconds() > self.validity.not_after.as_seconds() {
            return Err(PkiError::AuthorityExpired(self.validity.not_after));
        }
        let serial_bytes = new_serial()?;
        let mut validity = validity(now, LEAF_LIFETIME_S);
        validity.not_after = validity.not_after.min(self.validity.not_after);
        let mut params = params(common_name, &serial_bytes, validity)?;
        // Both extensions that rcgen leaves out otherwise: the key's own identifier comes with this
        // one, the authority's with the switch.
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.subject_alt_names = names;
        let key = new_key()?;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(|source| crypto("sign a certificate", source))?;
        Ok(Issued {
            serial: CertificateSerial::from_bytes(&serial_bytes),
            common_name: common_name.to_owned(),
            certificate_pem: certificate.pem(),
            key_pem: Secret::new(key.serialize_pem()),
            validity,
            issuer_name: self.name.clone(),
        })
    }
}

/// A failure of the crypto below rcgen.
pub(super) const fn crypto(operation: &'static str, source: rcgen::Error) -> PkiError {
    PkiError::Crypto { operation, source }
}

fn new_key() -> Result<KeyPair, PkiError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|source| crypto("make a key", source))
}

/// A serial number that nobody can guess and no certificate had before.
///
/// The first byte is kept within 0x40 to 0x7f: the number is positive in binary form and has the
/// same count of digits wherever it is shown.
fn new_serial() -> Result<[u8; SERIAL_BYTES], PkiError> {
    let mut bytes = random()?;
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x3f | 0x40;
    }
    Ok(bytes)
}

/// From an hour before `now`, or 1970 if that is later, to `lifetime_s` seconds after it.
fn validity(now: Timestamp, lifetime_s: i64) -> Validity {
    let second = now.as_seconds();
    // A clock before 1970 stays what it is, and is refused with the other dates.
    let earliest = second.min(0);
    Validity {
        not_before: Timestamp::from_seconds((second - BACKDATED_S).max(earliest)),
        not_after: Timestamp::from_seconds(second.saturating_add(lifetime_s)),
    }
}

/// What every certificate has.
fn params(
    common_name: &str,
    serial: &[u8],
    validity: Validity,
) -> Result<CertificateParams, PkiError> {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, ORGANIZATION);
    name.push(DnType::CommonName, common_name);
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.serial_number = Some(SerialNumber::from_slice(serial));
    params.not_before = date::carried(validity.not_before)?;
    params.not_after = date::carried(validity.not_after)?;
    params.key_identifier_method = KeyIdMethod::Sha256;
    Ok(params)
}

/// A server's name as certificates carry it.
fn server_name(name: &str) -> Result<SanType, PkiError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let host = name.strip_prefix("*.").unwrap_or(name);
    DnsName::try_from(host).map_err(|_| PkiError::ServerName(name.to_owned()))?;
    name.try_into()
        .map(SanType::DnsName)
        .map_err(|_| PkiError::ServerName(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

    use super::*;
    use crate::pki::samples::{NOW, authority, computer, der, subjects};

    /// Seconds after 1970 of a certificate's first and last second.
    fn times(der: &[u8]) -> (i64, i64) {
        let (_, parsed) = X509Certificate::from_der(der).unwrap();
        let validity = parsed.validity();
        (
            validity.not_before.timestamp(),
            validity.not_after.timestamp(),
        )
    }

    fn subject_of(parsed: &X509Certificate<'_>) -> String {
        parsed.subject().to_string()
    }

    #[test]
    fn the_authority_may_sign_and_nothing_else() {
        let authority = authority();
        let (_, parsed) = X509Certificate::from_der(authority.certificate_der()).unwrap();
        assert_eq!(
            subject_of(&parsed),
            "O=slapmaster, for tests only, CN=Mock SlapOS CA"
        );
        assert_eq!(parsed.subject(), parsed.issuer());
        let constraints = parsed.basic_constraints().unwrap().unwrap();
        assert!(constraints.critical && constraints.value.ca);
        assert_eq!(constraints.value.path_len_constraint, Some(0));
        let usage = parsed.key_usage().unwrap().unwrap();
        assert!(usage.critical);
        assert_eq!(usage.value.to_string(), "Key Cert Sign, CRL Sign");
        let expected = (NOW.as_seconds() - 3600, NOW.as_seconds() + 7300 * 86_400);
        assert_eq!(times(authority.certificate_der()), expected);
        assert_eq!(
            (
                authority.validity().not_before.as_seconds(),
                authority.validity().not_after.as_seconds()
            ),
            expected
        );
        assert!(
            authority
                .certificate_pem()
                .ends_with("-----END CERTIFICATE-----\n")
        );
    }

    #[test]
    fn every_field_of_a_client_certificate_is_set_on_purpose() {
        let authority = authority();
        let (_, signer) = X509Certificate::from_der(authority.certificate_der()).unwrap();
        for subject in subjects() {
            let issued = authority.issue(&subject, NOW.plus_micros(999_999)).unwrap();
            assert_eq!(issued.common_name, subject.reference());
            let der = der(&issued.certificate_pem);
            let (_, parsed) = X509Certificate::from_der(&der).unwrap();
            assert_eq!(parsed.version().0, 2, "version 3 is written as 2");
            assert_eq!(
                CertificateSerial::from_bytes(parsed.raw_serial()),
                issued.serial
            );
            assert_eq!(
                subject_of(&parsed),
                format!("O=slapmaster, for tests only, CN={}", subject.reference())
            );
            assert_eq!(parsed.issuer(), signer.subject());
            let constraints = parsed.basic_constraints().unwrap().unwrap();
            assert!(constraints.critical && !constraints.value.ca);
            let usage = parsed.key_usage().unwrap().unwrap();
            assert!(usage.critical);
            assert_eq!(usage.value.to_string(), "Digital Signature");
            let usage = parsed.extended_key_usage().unwrap().unwrap();
            assert!(usage.value.client_auth && !usage.value.server_auth && !usage.value.any);
            assert_eq!(parsed.subject_alternative_name().unwrap(), None);
            let expected = (NOW.as_seconds() - 3600, NOW.as_seconds() + 3650 * 86_400);
            assert_eq!(times(&der), expected);
            assert_eq!(issued.validity.not_before.as_seconds(), expected.0);
            assert_eq!(issued.validity.not_after.as_seconds(), expected.1);
            let oids: Vec<_> = parsed
                .extensions()
                .iter()
                .map(|extension| extension.oid.to_id_string())
                .collect();
            // Authority key identifier, usages, key identifier, basic constraints: no more.
            assert_eq!(
                oids,
                [
                    "2.5.29.35",
                    "2.5.29.15",
                    "2.5.29.37",
                    "2.5.29.14",
                    "2.5.29.19"
                ]
            );
            assert!(
                issued
                    .key_pem
                    .expose()
                    .starts_with("-----BEGIN PRIVATE KEY-----\n")
            );
        }
    }

    #[test]
    fn a_server_certificate_carries_its_names() {
        let names = ["localhost", "*.example.org", "127.0.0.1", "::1"].map(str::to_owned);
        let issued = authority().issue_server(&names, NOW).unwrap();
        assert_eq!(issued.common_name, "localhost");
        let der = der(&issued.certificate_pem);
        let (_, parsed) = X509Certificate::from_der(&der).unwrap();
        let usage = parsed.extended_key_usage().unwrap().unwrap();
        assert!(usage.value.server_auth && !usage.value.client_auth);
        let found = parsed.subject_alternative_name().unwrap().unwrap();
        let loopback = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        assert_eq!(
            found.value.general_names,
            [
                GeneralName::DNSName("localhost"),
                GeneralName::DNSName("*.example.org"),
                GeneralName::IPAddress(&[127, 0, 0, 1]),
                GeneralName::IPAddress(&loopback),
            ]
        );
    }

    #[test]
    fn a_name_that_no_server_can_have_is_refused() {
        let authority = authority();
        for name in [
            "",
            "*",
            "*.",
            "a b",
            "https://a",
            "a/b",
            "é.org",
            "[::1]",
            "a..b",
        ] {
            assert_eq!(
                authority.issue_server(&["localhost".to_owned(), name.to_owned()], NOW),
                Err(PkiError::ServerName(name.to_owned()))
            );
        }
        assert_eq!(
            authority.issue_server(&[], NOW),
            Err(PkiError::NoServerName)
        );
    }

    #[test]
    fn serial_numbers_have_32_digits_and_differ() {
        let mut found = std::collections::BTreeSet::new();
        for _ in 0..500 {
            let bytes = new_serial().unwrap();
            assert!((0x40..=0x7f).contains(&bytes[0]));
            let serial = CertificateSerial::from_bytes(&bytes);
            assert_eq!(serial.as_str().len(), 32);
            assert!(found.insert(serial));
        }
    }

    #[test]
    fn nothing_that_is_shown_contains_a_key() {
        let authority = authority();
        let issued = authority.issue(&computer("COMP-7"), NOW).unwrap();
        for (shown, key) in [
            (format!("{authority:?}"), authority.key_pem()),
            (format!("{issued:?}"), issued.key_pem.clone()),
        ] {
            assert!(!shown.contains("PRIVATE"), "{shown}");
            for line in key.expose().lines() {
                assert!(!shown.contains(line), "{shown}");
            }
        }
        let shown = format!("{authority:?}");
        assert!(shown.contains("Mock SlapOS CA"), "{shown}");
    }

    #[test]
    fn a_certificate_ends_with_its_authority_and_none_comes_after() {
        let authority = authority();
        let end = authority.validity().not_after;
        let late = Timestamp::from_seconds(end.as_seconds() - 86_400);
        let issued = authority.issue(&computer("COMP-7"), late).unwrap();
        assert_eq!(issued.validity.not_after, end);
        assert_eq!(times(&der(&issued.certificate_pem)).1, end.as_seconds());

        let last = end.plus_micros(999_999);
        assert!(authority.issue(&computer("COMP-7"), last).is_ok());
        let over = end.plus_micros(1_000_000);
        assert_eq!(
            authority.issue(&computer("COMP-7"), over),
            Err(PkiError::AuthorityExpired(end))
        );
    }

    #[test]
    fn a_clock_before_1970_or_near_the_year_10000_is_refused_in_words() {
        let authority = authority();
        for seconds in [-1, i64::MIN / 1_000_000] {
            let now = Timestamp::from_seconds(seconds);
            assert_eq!(Authority::create(now).unwrap_err(), PkiError::Date(now));
            assert_eq!(
                authority.issue(&computer("COMP-7"), now),
                Err(PkiError::Date(now))
            );
        }
        for seconds in [253_402_300_799, i64::MAX / 1_000_000] {
            let error = Authority::create(Timestamp::from_seconds(seconds)).unwrap_err();
            assert!(matches!(error, PkiError::Date(_)), "{error}");
        }
    }

    #[test]
    fn odd_clocks_give_certificates_with_their_dates() {
        // 1970 to the second, 1975, the last second of 2049, 2060, 9979.
        for seconds in [
            0,
            157_766_400,
            2_524_607_999,
            2_840_140_800,
            252_700_000_000,
        ] {
            let now = Timestamp::from_seconds(seconds);
            let authority = Authority::create(now).unwrap();
            let issued = authority.issue(&computer("COMP-7"), now).unwrap();
            let expected = ((seconds - 3600).max(0), seconds + 3650 * 86_400);
            assert_eq!(times(&der(&issued.certificate_pem)), expected);
            assert_eq!(
                authority.recognise(&der(&issued.certificate_pem)),
                Some(issued.serial)
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn at_any_time_there_is_a_certificate_that_counts_or_an_error(micros: i64) {
            let now = Timestamp::from_micros(micros);
            match Authority::create(now).and_then(|own| own.issue(&computer("COMP-7"), now)) {
                Ok(issued) => {
                    let (first, last) = times(&der(&issued.certificate_pem));
                    prop_assert!((first..=last).contains(&now.as_seconds()));
                }
                Err(error) => prop_assert!(matches!(error, PkiError::Date(_)), "{}", error),
            }
        }
    }
}
