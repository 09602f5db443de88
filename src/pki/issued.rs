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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::samples::{NOW, authority, computer, der};

    /// What `slapos node register` takes for the computer's reference: from the first `COMP-` to
    /// the next `/email`, or to the end.
    fn extracted(text: &str) -> &str {
        let start = text.find("COMP-").unwrap_or(text.len());
        let rest = &text[start..];
        &rest[..rest.find("/email").unwrap_or(rest.len())]
    }

    #[test]
    fn a_computers_certificate_begins_with_the_text_that_the_client_reads() {
        let mut issued = authority().issue(&computer("COMP-7"), NOW).unwrap();
        issued.serial = CertificateSerial::trusted("5d58f116a04fc0a7".to_owned());
        let expected = "\
Certificate:
    Data:
        Version: 3 (0x2)
        Serial Number: 5d58f116a04fc0a7 (hex)
        Issuer: CN=Mock SlapOS CA
        Validity
            Not Before: Nov 23 07:00:00 2026 GMT
            Not After : Nov 20 08:00:00 2036 GMT
        Subject: CN=COMP-7/emailAddress=comp-7@mock.invalid
";
        let text = issued.certificate_with_text();
        assert_eq!(text, format!("{expected}{}", issued.certificate_pem));
        assert!(text.ends_with("-----END CERTIFICATE-----\n"));
        assert_eq!(der(&text), der(&issued.certificate_pem));
    }

    #[test]
    fn the_client_finds_the_reference_in_the_text() {
        for reference in ["COMP-7", "COMP-1000000", "COMP-é ü"] {
            let issued = authority().issue(&computer(reference), NOW).unwrap();
            assert_eq!(extracted(&issued.certificate_with_text()), reference);
        }
    }

    #[test]
    fn no_name_breaks_the_text() {
        let reference = "COMP-1\n-----BEGIN CERTIFICATE-----\r\nAAAA\n-----END CERTIFICATE-----\n";
        let mut issued = authority().issue(&computer(reference), NOW).unwrap();
        issued.issuer_name = "A COMP-ANY\nCOMP-2/email".to_owned();
        let text = issued.certificate_with_text();
        assert_eq!(der(&text), der(&issued.certificate_pem));
        assert!(
            text.contains("Issuer: CN=A COMP_ANY COMP_2/email\n"),
            "{text}"
        );
        assert!(extracted(&text).starts_with("COMP-1 "), "{text}");
    }
}
