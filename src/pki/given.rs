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

        let authority = Self {
            key_identifier: key_identifier(&parsed),
            name: common_name(&parsed),
            serial: CertificateSerial::from_bytes(parsed.raw_serial()),
            validity: Validity {
                not_before: Timestamp::from_seconds(parsed.validity().not_before.timestamp()),
                not_after: Timestamp::from_seconds(parsed.validity().not_after.timestamp()),
            },
            anchor: anchor_from_trusted_cert(&certificate)
                .map_err(|_| PkiError::CertificateBroken)?
                .to_owned(),
            issuer: Issuer::from_ca_cert_der(&certificate, key)
                .map_err(|_| PkiError::UnsupportedName)?,
            certificate_pem: block(certificate_pem),
            certificate: certificate.clone(),
        };
        authority.check_recognises_its_own()?;
        Ok(authority)
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
