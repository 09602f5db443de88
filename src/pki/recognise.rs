//! Telling the authority's own client certificates from all others.

use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, Error, KeyUsage};

use super::Authority;
use crate::domain::certificate::CertificateSerial;

impl Authority {
    /// The serial number of a certificate that this authority signed for a client, whatever its
    /// time and whether it was revoked; none for anything else.
    ///
    /// Whether it counts is for who keeps what was issued to say, at the world's time.
    pub fn recognise(&self, der: &[u8]) -> Option<CertificateSerial> {
        let der = CertificateDer::from(der);
        let certificate = EndEntityCert::try_from(&der).ok()?;
        let verified = |time| {
            certificate.verify_for_usage(
                ALL_VERIFICATION_ALGS,
                std::slice::from_ref(&self.anchor),
                &[],
                time,
                KeyUsage::client_auth(),
                None,
                None,
            )
        };
        let earliest = UnixTime::since_unix_epoch(std::time::Duration::ZERO);
        // Webpki insists on a time, and tells the first at which the certificate counts only to
        // who asks too early.
        match verified(earliest) {
            Ok(_) => {}
            Err(Error::CertNotValidYet { not_before, .. }) => {
                verified(not_before).ok()?;
            }
            Err(_) => return None,
        }
        Some(CertificateSerial::from_bytes(certificate.serial()))
    }
}
