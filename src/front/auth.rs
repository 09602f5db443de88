//! Who is calling, as far as a connection and its headers prove it.
//!
//! The mode belongs to the listener (`semantics.md` 10.5): an open one believes what a call says
//! of itself, one in certificate mode only a certificate, or the name that a trusted proxy read in
//! one. Start with [`Access`].

use std::sync::{Arc, OnceLock};

use axum::http::HeaderName;

use crate::domain::caller::Credential;

/// How a listener learns who is calling.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Whether callers have to prove who they are.
    pub mode: AccessMode,
    /// The header in which a trusted proxy hands over the common name of the certificate that it
    /// verified.
    pub identity_header: Option<HeaderName>,
}

/// Whether callers have to prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccessMode {
    /// Nobody proves anything; everything is allowed, as with slapproxy.
    #[default]
    Open,
    /// By a client certificate; the permission table is enforced.
    Certificate,
}

/// The client certificate of a connection, in DER; an extension of each of its requests. Clones
/// share what was found out about it.
#[derive(Debug, Clone)]
pub struct PeerCertificate(Arc<Peer>);

#[derive(Debug)]
struct Peer {
    der: Vec<u8>,
    credential: OnceLock<Credential>,
}

impl PeerCertificate {
    /// The certificate with which a client made its handshake.
    pub fn new(der: Vec<u8>) -> Self {
        Self(Arc::new(Peer {
            der,
            credential: OnceLock::new(),
        }))
    }

    /// The certificate itself, in DER.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// What the certificate is worth; found out once by `recognise`.
    pub fn credential(&self, recognise: impl FnOnce(&[u8]) -> Credential) -> &Credential {
        self.0.credential.get_or_init(|| recognise(&self.0.der))
    }
}
