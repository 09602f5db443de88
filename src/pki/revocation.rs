//! The list of revoked certificates.

use rcgen::{CertificateRevocationListParams, RevokedCertParams, SerialNumber};

use super::{Authority, PkiError, authority::crypto, date};
use crate::domain::{certificate::CertificateSerial, time::Timestamp};

/// What a revocation list shall say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    /// Its number, which grows with each list that says something else.
    pub number: u64,
    /// Its date.
    pub this_update: Timestamp,
    /// By when there will be another.
    pub next_update: Timestamp,
    /// What was revoked, and when.
    pub revoked: Vec<(CertificateSerial, Timestamp)>,
}

/// A signed revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crl {
    /// As text.
    pub pem: String,
    /// In binary form.
    pub der: Vec<u8>,
}

impl Authority {
    /// Signs a revocation list. A revocation that the clock has since been moved back from is
    /// listed with the date that it was made at.
    pub fn revocation_list(&self, list: &RevocationList) -> Result<Crl, PkiError> {
        if list.next_update.as_seconds() <= list.this_update.as_seconds() {
            return Err(PkiError::ListDates);
        }
        let revoked_certs = list
            .revoked
            .iter()
            .map(|(serial, at)| {
                Ok(RevokedCertParams {
                    serial_number: SerialNumber::from_slice(&bytes(serial)?),
                    revocation_time: date::carried(*at)?,
                    reason_code: None,
                    invalidity_date: None,
                })
            })
            .collect::<Result<_, PkiError>>()?;
        let params = CertificateRevocationListParams {
            this_update: date::carried(list.this_update)?,
            next_update: date::carried(list.next_update)?,
            crl_number: SerialNumber::from(list.number),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: self.key_identifier.clone(),
        };
        let failed = |source| crypto("sign a revocation list", source);
        let signed = params.signed_by(&self.issuer).map_err(failed)?;
        Ok(Crl {
            pem: signed.pem().map_err(failed)?,
            der: signed.der().to_vec(),
        })
    }
}

/// The bytes that the digits stand for.
fn bytes(serial: &CertificateSerial) -> Result<Vec<u8>, PkiError> {
    let broken = || PkiError::Serial(serial.clone());
    let digits = serial.as_str();
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !is_hex || digits.is_empty() || !digits.len().is_multiple_of(2) {
        return Err(broken());
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| {
            digits
                .get(at..at + 2)
                .and_then(|byte| u8::from_str_radix(byte, 16).ok())
                .ok_or_else(broken)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use x509_parser::{prelude::FromDer, revocation_list::CertificateRevocationList};

    use super::*;
    use crate::pki::samples::{NOW, authority};

    fn list(revoked: &[(&str, Timestamp)]) -> RevocationList {
        RevocationList {
            number: 258,
            this_update: NOW,
            next_update: NOW.plus_micros(86_400_000_000),
            revoked: revoked
                .iter()
                .map(|(serial, at)| (CertificateSerial::trusted((*serial).to_owned()), *at))
                .collect(),
        }
    }

    #[test]
    fn a_list_has_its_number_its_dates_and_what_was_revoked() {
        let before = Timestamp::from_seconds(NOW.as_seconds() - 60);
        let wanted = [
            ("4d58f116a04fc0a75d58f116a04fc0a7", before),
            ("80", NOW),
            // Revoked before the clock was moved back.
            ("0f00", NOW.plus_micros(1_000_000)),
        ];
        let authority = authority();
        let crl = authority.revocation_list(&list(&wanted)).unwrap();
        let (rest, parsed) = CertificateRevocationList::from_der(&crl.der).unwrap();
        assert!(rest.is_empty());
        assert_eq!(parsed.version().map(|version| version.0), Some(1));
        assert_eq!(
            parsed.issuer().to_string(),
            "O=slapmaster, for tests only, CN=Mock SlapOS CA"
        );
        assert_eq!(parsed.crl_number().unwrap().to_string(), "258");
        assert_eq!(parsed.last_update().timestamp(), NOW.as_seconds());
        assert_eq!(
            parsed.next_update().unwrap().timestamp(),
            NOW.as_seconds() + 86_400
        );
        let found: Vec<_> = parsed
            .iter_revoked_certificates()
            .map(|entry| {
                (
                    CertificateSerial::from_bytes(entry.raw_serial()),
                    Timestamp::from_seconds(entry.revocation_date.timestamp()),
                )
            })
            .collect();
        assert_eq!(found, list(&wanted).revoked);
        let (_, pem) = x509_parser::pem::parse_x509_pem(crl.pem.as_bytes()).unwrap();
        assert_eq!((pem.label.as_str(), &pem.contents), ("X509 CRL", &crl.der));
    }

    #[test]
    fn a_list_may_be_empty() {
        let crl = authority().revocation_list(&list(&[])).unwrap();
        let (_, parsed) = CertificateRevocationList::from_der(&crl.der).unwrap();
        assert_eq!(parsed.iter_revoked_certificates().count(), 0);
    }

    #[test]
    fn a_list_that_cannot_be_is_refused() {
        let authority = authority();
        for serial in ["", "xy", "123", "é1", "+1"] {
            let refused = authority.revocation_list(&list(&[(serial, NOW)]));
            let serial = CertificateSerial::trusted(serial.to_owned());
            assert_eq!(refused, Err(PkiError::Serial(serial)));
        }
        let mut dates = list(&[]);
        dates.next_update = dates.this_update.plus_micros(999_999);
        assert_eq!(
            authority.revocation_list(&dates),
            Err(PkiError::ListDates),
            "the same second is no later one"
        );
        let early = Timestamp::from_seconds(-1);
        assert_eq!(
            authority.revocation_list(&list(&[("01", early)])),
            Err(PkiError::Date(early))
        );
    }
}
