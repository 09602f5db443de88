//! Reading an authority that was kept or given: nothing about it is taken for granted.

use rcgen::{Issuer, KeyIdMethod, KeyPair, PublicKeyData};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use webpki::anchor_from_trusted_cert;
use x509_parser::{certificate::X509Certificate, extensions::ParsedExtension, prelude::FromDer};

use super::{Authority, PkiError};
use crate::domain::{
    certificate::{CertificateSerial, CertificateSubject, Validity},
    identifier::UserReference,
    time::Timestamp,
};

impl Authority {
    /// The authority of this certificate and key, both in PEM form; text around the blocks is left
    /// aside. Whether its time has come or is over is not looked at.
    ///
    /// Checks that the certificate is that of an authority, that the key belongs to it, and that
    /// what it issues is recognised as its own.
    pub fn from_pem(certificate_pem: &str, key_pem: &str) -> Result<Self, PkiError> {
        let authority = Self::read(certificate_pem, key_pem)?;
        authority.check_recognises_its_own()?;
        Ok(authority)
    }

    /// The same for one that was made here, of which is known that it recognises its own.
    pub(super) fn read(certificate_pem: &str, key_pem: &str) -> Result<Self, PkiError> {
        let certificate = only_certificate(certificate_pem)?;
        let (rest, parsed) =
            X509Certificate::from_der(&certificate).map_err(|_| PkiError::CertificateBroken)?;
        if !rest.is_empty() {
            return Err(PkiError::CertificateBroken);
        }
        check_is_authority(&parsed)?;
        let key = read_key(key_pem)?;
        if parsed.public_key().subject_public_key.data.as_ref() != key.der_bytes() {
            return Err(PkiError::KeyMismatch);
        }

        Ok(Self {
            key_identifier: key_identifier(&parsed),
            name: common_name(&parsed),
            serial: CertificateSerial::from_bytes(parsed.raw_serial()),
            validity: validity(&parsed),
            anchor: anchor_from_trusted_cert(&certificate)
                .map_err(|_| PkiError::CertificateBroken)?
                .to_owned(),
            issuer: Issuer::from_ca_cert_der(&certificate, key)
                .map_err(|_| PkiError::UnsupportedName)?,
            certificate_pem: block(certificate_pem),
            certificate: certificate.clone(),
        })
    }

    /// Issues a certificate that nobody gets, and looks whether it is recognised: a name that
    /// rcgen writes otherwise than the authority's own certificate has it would go unnoticed until
    /// the first client is refused.
    fn check_recognises_its_own(&self) -> Result<(), PkiError> {
        let nobody = CertificateSubject::User(UserReference::trusted("nobody".to_owned()));
        let issued = self.issue(&nobody, self.validity.not_after)?;
        let der = only_certificate(&issued.certificate_pem)?;
        if self.recognise(&der) == Some(issued.serial) {
            Ok(())
        } else {
            Err(PkiError::UnsupportedName)
        }
    }
}

/// What a certificate that was issued says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Its serial number.
    pub serial: CertificateSerial,
    /// Its subject's common name.
    pub common_name: String,
    /// From when to when it counts.
    pub validity: Validity,
}

impl CertificateFacts {
    /// Reads a certificate in PEM form. Who signed it is not looked at.
    pub fn of(certificate_pem: &str) -> Result<Self, PkiError> {
        let certificate = only_certificate(certificate_pem)?;
        let (_, parsed) =
            X509Certificate::from_der(&certificate).map_err(|_| PkiError::CertificateBroken)?;
        Ok(Self {
            serial: CertificateSerial::from_bytes(parsed.raw_serial()),
            common_name: common_name(&parsed),
            validity: validity(&parsed),
        })
    }
}

fn validity(certificate: &X509Certificate<'_>) -> Validity {
    let validity = certificate.validity();
    Validity {
        not_before: Timestamp::from_seconds(validity.not_before.timestamp()),
        not_after: Timestamp::from_seconds(validity.not_after.timestamp()),
    }
}

/// The one certificate in the text.
fn only_certificate(pem: &str) -> Result<CertificateDer<'static>, PkiError> {
    let mut found = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| PkiError::CertificateBroken)?;
    match (found.pop(), found.len()) {
        (Some(certificate), 0) => Ok(certificate),
        (None, _) => Err(PkiError::CertificateCount(0)),
        (Some(_), others) => Err(PkiError::CertificateCount(others + 1)),
    }
}

/// The certificate's block without what is around it, with line ends of our kind.
fn block(pem: &str) -> String {
    let mut block = String::with_capacity(pem.len());
    let lines = pem
        .lines()
        .map(str::trim_end)
        .skip_while(|line| *line != "-----BEGIN CERTIFICATE-----");
    for line in lines {
        block.push_str(line);
        block.push('\n');
        if line == "-----END CERTIFICATE-----" {
            break;
        }
    }
    block
}

fn check_is_authority(certificate: &X509Certificate<'_>) -> Result<(), PkiError> {
    let constraints = certificate
        .basic_constraints()
        .map_err(|_| PkiError::CertificateBroken)?;
    if !constraints.is_some_and(|constraints| constraints.value.ca) {
        return Err(PkiError::NotAuthority(
            "its basic constraints do not say `CA:TRUE`",
        ));
    }
    let usage = certificate
        .key_usage()
        .map_err(|_| PkiError::CertificateBroken)?;
    // One that says nothing of its use may do everything.
    if let Some(usage) = usage {
        if !usage.value.key_cert_sign() {
            return Err(PkiError::NotAuthority(
                "its key usage does not allow to sign certificates",
            ));
        }
        if !usage.value.crl_sign() {
            return Err(PkiError::NotAuthority(
                "its key usage does not allow to sign revocation lists",
            ));
        }
    }
    // rcgen panics at an empty set and cannot write one of several.
    let simple = certificate
        .subject()
        .iter()
        .all(|names| names.iter().count() == 1);
    if simple {
        Ok(())
    } else {
        Err(PkiError::UnsupportedName)
    }
}

fn read_key(pem: &str) -> Result<KeyPair, PkiError> {
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| PkiError::Key)?;
    KeyPair::try_from(&key).map_err(|_| PkiError::Key)
}

/// The identifier that the certificate gives its key, which issued certificates repeat.
fn key_identifier(certificate: &X509Certificate<'_>) -> KeyIdMethod {
    certificate
        .iter_extensions()
        .find_map(|extension| {
            if let ParsedExtension::SubjectKeyIdentifier(identifier) = extension.parsed_extension()
            {
                Some(KeyIdMethod::PreSpecified(identifier.0.to_vec()))
            } else {
                None
            }
        })
        .unwrap_or(KeyIdMethod::Sha256)
}

fn common_name(certificate: &X509Certificate<'_>) -> String {
    certificate
        .subject()
        .iter_common_name()
        .find_map(|name| name.as_str().ok())
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose,
        PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
    };

    use super::*;
    use crate::pki::samples::{NOW, authority, computer, der};

    /// A certificate signed by its own key, and the key, both in PEM form.
    fn made(key: &KeyPair, set: impl FnOnce(&mut CertificateParams)) -> (String, String) {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        set(&mut params);
        let certificate = params.self_signed(key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn check_refused(certificate: &str, key: &str, expected: &PkiError) {
        let found = Authority::from_pem(certificate, key);
        assert_eq!(found.map(|own| own.name).unwrap_err(), *expected);
    }

    #[test]
    fn an_authority_is_read_as_it_was_kept() {
        let made = authority();
        let read = Authority::from_pem(made.certificate_pem(), made.key_pem().expose()).unwrap();
        assert_eq!(read.certificate_pem(), made.certificate_pem());
        assert_eq!(read.certificate_der(), made.certificate_der());
        assert_eq!(read.key_pem(), made.key_pem());
        assert_eq!(read.validity(), made.validity());
        let issued = read.issue(&computer("COMP-7"), NOW).unwrap();
        let der = der(&issued.certificate_pem);
        assert_eq!(made.recognise(&der), Some(issued.serial));
    }

    #[test]
    fn text_around_the_blocks_and_foreign_line_ends_do_no_harm() {
        let made = authority();
        let certificate = format!("Certificate:\n  of ours\n{}rest\n", made.certificate_pem());
        let key = format!("the key\n{}", made.key_pem().expose());
        let read = Authority::from_pem(
            &certificate.replace('\n', "\r\n"),
            &key.replace('\n', "\r\n"),
        )
        .unwrap();
        assert_eq!(read.certificate_pem(), made.certificate_pem());
        assert_eq!(read.key_pem(), made.key_pem());
    }

    #[test]
    fn an_authority_of_another_make_is_used() {
        let keys = [
            KeyPair::generate().unwrap(),
            KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap(),
            KeyPair::generate_for(&PKCS_ED25519).unwrap(),
        ];
        for key in keys {
            let (certificate, key) = made(&key, |params| {
                params.distinguished_name.push(DnType::CountryName, "FR");
                params
                    .distinguished_name
                    .push(DnType::CommonName, "Ça COMP-ANY");
                params.key_identifier_method = KeyIdMethod::PreSpecified(vec![1, 2, 3]);
            });
            let authority = Authority::from_pem(&certificate, &key).unwrap();
            let issued = authority.issue(&computer("COMP-7"), NOW).unwrap();
            let leaf = der(&issued.certificate_pem);
            let (_, parsed) = X509Certificate::from_der(&leaf).unwrap();
            let names_key = parsed.iter_extensions().any(|extension| {
                matches!(extension.parsed_extension(),
                    ParsedExtension::AuthorityKeyIdentifier(found)
                        if found.key_identifier.as_ref().is_some_and(|id| id.0 == [1, 2, 3]))
            });
            assert!(names_key, "the authority's own key identifier is repeated");
            assert_eq!(authority.recognise(&leaf), Some(issued.serial));
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let own = authority();
        let (certificate, key) = (own.certificate_pem(), own.key_pem());
        let refused = |text: &str, expected| check_refused(text, key.expose(), &expected);
        refused("", PkiError::CertificateCount(0));
        refused("no PEM at all", PkiError::CertificateCount(0));
        refused(key.expose(), PkiError::CertificateCount(0));
        refused(&certificate.repeat(2), PkiError::CertificateCount(2));
        refused(
            &certificate.replace("MII", "MI"),
            PkiError::CertificateBroken,
        );
        refused(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            PkiError::CertificateBroken,
        );
        refused(
            certificate.trim_end().trim_end_matches('-'),
            PkiError::CertificateBroken,
        );
    }

    #[test]
    fn a_certificate_that_may_not_sign_is_refused() {
        let own = authority();
        let leaf = own.issue(&computer("COMP-7"), NOW).unwrap();
        check_refused(
            &leaf.certificate_pem,
            leaf.key_pem.expose(),
            &PkiError::NotAuthority("its basic constraints do not say `CA:TRUE`"),
        );
        for (usage, expected) in [
            (
                KeyUsagePurpose::CrlSign,
                "its key usage does not allow to sign certificates",
            ),
            (
                KeyUsagePurpose::KeyCertSign,
                "its key usage does not allow to sign revocation lists",
            ),
        ] {
            let key = KeyPair::generate().unwrap();
            let (certificate, key) = made(&key, |params| params.key_usages = vec![usage]);
            check_refused(&certificate, &key, &PkiError::NotAuthority(expected));
        }
    }

    #[test]
    fn a_key_that_is_none_or_belongs_elsewhere_is_refused() {
        let own = authority();
        let sec1 = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";
        let encrypted = own
            .key_pem()
            .expose()
            .replace("PRIVATE", "ENCRYPTED PRIVATE");
        for key in ["", "no PEM", own.certificate_pem(), sec1, &encrypted] {
            check_refused(own.certificate_pem(), key, &PkiError::Key);
        }
        let other = Authority::create(NOW).unwrap();
        check_refused(
            own.certificate_pem(),
            other.key_pem().expose(),
            &PkiError::KeyMismatch,
        );
    }
}
