//! What was issued, and the text that clients read a computer's reference from.

use super::date;
use crate::domain::{
    certificate::{CertificateSerial, Validity},
    secret::Secret,
};

/// A certificate and the key that was made with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate's serial number.
    pub serial: CertificateSerial,
    /// The subject's common name: the reference of whose it is.
    pub common_name: String,
    /// The certificate: one PEM block with a newline at its end.
    pub certificate_pem: String,
    /// The key, PKCS#8 in PEM form, without a passphrase.
    pub key_pem: Secret,
    /// When the certificate counts.
    pub validity: Validity,
    /// The common name of who issued it.
    pub(super) issuer_name: String,
}

impl Issued {
    /// The certificate with a readable text before it, as a computer's is handed out.
    ///
    /// Quirk: `slapos node register` takes the computer's reference from this text, from the first
    /// `COMP-` to the next `/email`, and reads nothing else of the answer (slapos.core 1.26,
    /// `hateoas.md` B.1). So the reference stands in the subject's line, followed by an e-mail
    /// address, and nothing before it contains `COMP-`. What reads the certificate skips the text.
    pub fn certificate_with_text(&self) -> String {
        let name = one_line(&self.common_name);
        format!(
            "Certificate:
    Data:
        Version: 3 (0x2)
        Serial Number: {serial} (hex)
        Issuer: CN={issuer}
        Validity
            Not Before: {not_before}
            Not After : {not_after}
        Subject: CN={name}/emailAddress={mailbox}@mock.invalid
{pem}",
            serial = self.serial,
            issuer = one_line(&self.issuer_name).replace("COMP-", "COMP_"),
            not_before = date::shown(self.validity.not_before),
            not_after = date::shown(self.validity.not_after),
            mailbox = name.to_lowercase(),
            pem = self.certificate_pem,
        )
    }
}

/// The name without line ends: one that has some must not begin a PEM block of its own.
fn one_line(name: &str) -> String {
    name.replace(char::is_control, " ")
}
