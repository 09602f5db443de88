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
        Self::from_pem(&certificate.pem(), &key.serialize_pem())
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
