//! Certificates as the model knows them: whose they are, and whether they count
//! (`semantics.md` 2.7, 9).

use std::fmt;

use super::{
    identifier::{ComputerReference, InstanceReference, UserReference},
    state::states,
    text::InvalidValue,
    time::Timestamp,
};

/// How many bytes the serial numbers that we give have.
pub const SERIAL_BYTES: usize = 16;

/// A certificate's serial number: lower-case hexadecimal digits, two a byte, without leading zero
/// bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateSerial(String);

impl CertificateSerial {
    /// The number that these bytes make, the most significant first.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        use fmt::Write as _;
        let start = bytes.iter().take_while(|byte| **byte == 0).count();
        let mut text = String::with_capacity(2 * bytes.len());
        for byte in bytes.iter().skip(start.min(bytes.len().saturating_sub(1))) {
            // Writing to a text cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// Reads the value of `field` as tools print it: in either case, with or without `0x` and
    /// colons.
    pub fn parse(field: &str, text: &str) -> Result<Self, InvalidValue> {
        let digits = text.strip_prefix("0x").unwrap_or(text).replace(':', "");
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digits = digits.trim_start_matches('0').to_ascii_lowercase();
        if !is_hex || digits.is_empty() || digits.len() > 40 {
            let reason = "is no serial number: at most 40 hexadecimal digits were expected";
            return Err(InvalidValue::new(field, reason));
        }
        let padding = if digits.len() % 2 == 1 { "0" } else { "" };
        Ok(Self(format!("{padding}{digits}")))
    }

    /// A text that was checked before: one that the store kept.
    pub const fn trusted(text: String) -> Self {
        Self(text)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CertificateSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose a certificate is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CertificateSubject {
    /// A computer's: slapgrid, slapformat and `slapos node bang` call with it.
    Computer(ComputerReference),
    /// A software instance's: what runs in a partition calls with it.
    Instance(InstanceReference),
    /// A person's.
    User(UserReference),
}

impl CertificateSubject {
    /// Its kind.
    pub const fn kind(&self) -> CertificateKind {
        match self {
            Self::Computer(_) => CertificateKind::Computer,
            Self::Instance(_) => CertificateKind::Instance,
            Self::User(_) => CertificateKind::User,
        }
    }

    /// The reference, which is the certificate's common name.
    pub fn reference(&self) -> &str {
        match self {
            Self::Computer(reference) => reference.as_str(),
            Self::Instance(reference) => reference.as_str(),
            Self::User(reference) => reference.as_str(),
        }
    }
}

impl fmt::Display for CertificateSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind().as_str(), self.reference())
    }
}

states! {
    /// What kind of subject a certificate has.
    CertificateKind {
        /// A computer.
        Computer = "computer",
        /// A software instance.
        Instance = "instance",
        /// A person.
        User = "user",
        /// The master itself, to those who connect to it.
        Server = "server",
    }
}

/// From when to when a certificate counts, both included, whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// From when.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
}

/// What a certificate is at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateStatus {
    /// It counts.
    Valid,
    /// Its time has not come.
    NotYetValid,
    /// Its time is over.
    Expired,
    /// It was revoked, whatever its time.
    Revoked,
}

impl CertificateStatus {
    /// What a certificate is at `now`.
    pub fn at(now: Timestamp, validity: Validity, revoked_at: Option<Timestamp>) -> Self {
        let second = now.as_seconds();
        if revoked_at.is_some() {
            Self::Revoked
        } else if second < validity.not_before.as_seconds() {
            Self::NotYetValid
        } else if second > validity.not_after.as_seconds() {
            Self::Expired
        } else {
            Self::Valid
        }
    }

    /// The status's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::NotYetValid => "not yet valid",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A certificate that was issued, without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its serial number.
    pub serial: CertificateSerial,
    /// What kind of subject it has.
    pub kind: CertificateKind,
    /// Its common name: the reference of its subject, or the server's first name.
    pub common_name: String,
    /// From when to when it counts.
    pub validity: Validity,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The certificate itself.
    pub pem: String,
}

impl Certificate {
    /// What it is at `now`.
    pub fn status_at(&self, now: Timestamp) -> CertificateStatus {
        CertificateStatus::at(now, self.validity, self.revoked_at)
    }
}

/// Why a certificate was not issued, or not revoked (C.54).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateRefused {
    /// The computer has one that counts. `slapos node register` looks for these very words.
    #[error("Certificate still active.")]
    StillActive(ComputerReference),
    /// The instance has one that counts.
    #[error("Certificate still active.")]
    InstanceStillActive(InstanceReference),
    /// The computer has none that counts.
    #[error("computer `{0}` has no active certificate")]
    NoneActive(ComputerReference),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_read_as_tools_print_them() {
        let read = |text| CertificateSerial::parse("serial", text).unwrap();
        for text in ["5d58f1", "5D58F1", "0x5d58f1", "5D:58:F1", "005d58f1"] {
            assert_eq!(read(text).as_str(), "5d58f1");
        }
        assert_eq!(read("abc"), CertificateSerial::from_bytes(&[0, 0x0a, 0xbc]));
        for text in ["", "0", "xyz", "12 34", &"1".repeat(41)] {
            assert!(CertificateSerial::parse("serial", text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_certificate_counts_from_its_first_second_to_its_last_unless_revoked() {
        let second = Timestamp::from_seconds;
        let validity = Validity {
            not_before: second(10),
            not_after: second(20),
        };
        let check = |now, revoked, expected| {
            assert_eq!(CertificateStatus::at(now, validity, revoked), expected);
        };
        check(second(9), None, CertificateStatus::NotYetValid);
        check(second(10), None, CertificateStatus::Valid);
        check(
            second(20).plus_micros(999_999),
            None,
            CertificateStatus::Valid,
        );
        check(second(21), None, CertificateStatus::Expired);
        check(second(15), Some(second(15)), CertificateStatus::Revoked);
        check(second(25), Some(second(15)), CertificateStatus::Revoked);
    }
}
