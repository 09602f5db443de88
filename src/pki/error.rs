//! Why something could not be issued, read or listed.

use super::date;
use crate::domain::{certificate::CertificateSerial, time::Timestamp};

/// Why the authority could not do something. None of them says anything of a private key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PkiError {
    /// The world's clock shows a time that certificates cannot carry, or will before they end.
    #[error("certificates are dated from 1970 to 9999, and {} is outside", .0.as_seconds())]
    Date(Timestamp),
    /// The authority's own time is over; what it issued now would be refused by everybody.
    #[error("the certificate authority expired on {}", date::shown(*.0))]
    AuthorityExpired(Timestamp),
    /// A server certificate was asked for without a name.
    #[error("a server certificate needs at least one name or address")]
    NoServerName,
    /// A server certificate was asked for with a name that is neither a host name nor an address.
    #[error("`{0}` is neither a host name nor an IP address")]
    ServerName(String),
    /// A serial number on a revocation list is none.
    #[error("`{0}` is no serial number")]
    Serial(CertificateSerial),
    /// A revocation list would be replaced before it is made.
    #[error("a revocation list's next update must come after its own date")]
    ListDates,
    /// There is not exactly one certificate in PEM form.
    #[error("{0} certificates in PEM form were found, exactly one was expected")]
    CertificateCount(usize),
    /// The certificate cannot be read.
    #[error("the certificate is broken")]
    CertificateBroken,
    /// The certificate may not sign others, or no revocation lists.
    #[error("the certificate is not that of a certificate authority: {0}")]
    NotAuthority(&'static str),
    /// The authority's name has a form that cannot be written into what it issues.
    #[error("the certificate's subject has a form that is not supported")]
    UnsupportedName,
    /// The key cannot be read.
    #[error(
        "no private key was found that can be used: it must be PKCS#8 in PEM form, without a passphrase"
    )]
    Key,
    /// The key and the certificate are not a pair.
    #[error("the private key does not belong to the certificate")]
    KeyMismatch,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random,
    /// The work was given up before it was done, because the process ends.
    #[error("the work was interrupted")]
    Interrupted,
    /// A key could not be made or did not sign.
    #[error("cannot {operation}")]
    Crypto {
        /// What was being done.
        operation: &'static str,
        /// What went wrong.
        #[source]
        source: rcgen::Error,
    },
}

impl PkiError {
    /// Whether the private key is what is wrong, rather than the certificate.
    pub(super) const fn is_about_key(&self) -> bool {
        matches!(self, Self::Key | Self::KeyMismatch)
    }
}
