//! Other masters, to which requests are forwarded instead of being served here (slapproxy's
//! `[multimaster/<URL>]`, `slap.md` 9.1).

use std::path::PathBuf;

use super::identifier::{PartitionAddress, SoftwareReleaseUri};

/// Another master that requests can be forwarded to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherMaster {
    /// Where it is, as it was configured: URLs are compared as texts.
    pub url: String,
    /// The PEM file of the certificate to call it with. An `https` URL needs it and the key.
    pub certificate: Option<PathBuf>,
    /// The PEM file of that certificate's key.
    pub key: Option<PathBuf>,
    /// The releases that are requested there without being asked to by an SLA.
    pub releases: Vec<SoftwareReleaseUri>,
    /// The partition of that master in whose name to request; none for root requests.
    pub requester: Option<PartitionAddress>,
}
