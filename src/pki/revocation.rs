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
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
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
