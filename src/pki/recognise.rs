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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        domain::time::Timestamp,
        pki::samples::{NOW, authority, computer, der, subjects},
    };

    #[test]
    fn its_own_client_certificates_are_recognised_whatever_their_time() {
        let authority = authority();
        for seconds in [0, NOW.as_seconds(), NOW.as_seconds() + 7200 * 86_400] {
            for subject in subjects() {
                let issued = authority
                    .issue(&subject, Timestamp::from_seconds(seconds))
                    .unwrap();
                assert_eq!(
                    authority.recognise(&der(&issued.certificate_pem)),
                    Some(issued.serial)
                );
            }
        }
    }

    #[test]
    fn nothing_else_is_recognised() {
        let authority = authority();
        // It bears the same name, but signs with another key.
        let other = Authority::create(NOW).unwrap();
        let foreign = other.issue(&computer("COMP-7"), NOW).unwrap();
        assert_eq!(authority.recognise(&der(&foreign.certificate_pem)), None);
        let server = authority
            .issue_server(&["localhost".to_owned()], NOW)
            .unwrap();
        assert_eq!(authority.recognise(&der(&server.certificate_pem)), None);
        assert_eq!(authority.recognise(authority.certificate_der()), None);
        assert_eq!(authority.recognise(b""), None);
        assert_eq!(authority.recognise(b"no certificate"), None);
        let own = authority.issue(&computer("COMP-7"), NOW).unwrap();
        assert_eq!(authority.recognise(own.certificate_pem.as_bytes()), None);
        let own = der(&own.certificate_pem);
        assert_eq!(authority.recognise(&own[..own.len() - 1]), None);
        assert_eq!(authority.recognise(&[&own[..], b"\0"].concat()), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_certificate_with_a_changed_byte_is_not_recognised(
            place: prop::sample::Index,
            change in 1..=u8::MAX,
        ) {
            let authority = authority();
            let issued = authority.issue(&computer("COMP-7"), NOW).unwrap();
            let mut der = der(&issued.certificate_pem).to_vec();
            let at = place.index(der.len());
            der[at] ^= change;
            prop_assert_eq!(authority.recognise(&der), None);
        }
    }
}
