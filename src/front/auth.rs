//! Who is calling, as far as a connection and its headers prove it.
//!
//! The mode belongs to the listener (`semantics.md` 10.5): an open one believes what a call says
//! of itself, one in certificate mode only a certificate, or the name that a trusted proxy read in
//! one. Start with [`Access`].

use std::sync::{Arc, OnceLock};

use axum::http::{Extensions, HeaderMap, HeaderName};

use crate::{
    domain::caller::{Caller, Credential},
    master::{AuthorityMark, Master},
};

use super::AppState;

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
    /// What it is worth to the first authority that was asked.
    credential: OnceLock<(AuthorityMark, Credential)>,
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

    /// What the certificate is worth to a world. It is found out once for the authority that is
    /// asked first; a client that goes from one world to another on one connection pays for that
    /// with each request.
    pub fn credential(&self, master: &Master) -> Credential {
        let mark = master.authority_mark();
        let recognise = || master.recognise(&self.0.der);
        let (first, credential) = self
            .0
            .credential
            .get_or_init(|| (mark.clone(), recognise()));
        if *first == mark {
            credential.clone()
        } else {
            recognise()
        }
    }
}

/// What a request proves of who makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// Nothing is asked for; the call itself says who calls.
    Open,
    /// This, and nothing that the call says of itself counts.
    Certificate(Credential),
}

impl Authentication {
    /// What a request with these extensions and headers proves.
    pub fn of(app: &AppState, extensions: &Extensions, headers: &HeaderMap) -> Self {
        match app.access.mode {
            AccessMode::Open => Self::Open,
            AccessMode::Certificate => {
                let handed_over = app
                    .access
                    .identity_header
                    .as_ref()
                    .and_then(|name| handed_over(headers, name));
                Self::Certificate(handed_over.unwrap_or_else(|| {
                    match extensions.get::<PeerCertificate>() {
                        None => Credential::None,
                        Some(peer) => peer.credential(&app.master),
                    }
                }))
            }
        }
    }

    /// Who calls; `open` on an open listener.
    pub fn caller(&self, open: Caller) -> Caller {
        match self {
            Self::Open => open,
            Self::Certificate(credential) => Caller::Certified(credential.clone()),
        }
    }

    /// Whether the call itself says who calls.
    pub const fn is_open(&self) -> bool {
        match self {
            Self::Open => true,
            Self::Certificate(_) => false,
        }
    }
}

/// Who calls, as a trusted proxy says. An empty header is a request without a certificate;
/// several headers are no proxy's work and prove nothing.
fn handed_over(headers: &HeaderMap, name: &HeaderName) -> Option<Credential> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return Some(Credential::Foreign);
    }
    Some(match value.to_str().map(str::trim) {
        Ok("") => Credential::None,
        Ok(name) => Credential::Name(name.to_owned()),
        Err(_) => Credential::Foreign,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_header_names_one_caller() {
        let name = HeaderName::from_static("x-remote-user");
        let check = |values: &[&str], expected: Option<Credential>| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(&name, value.parse().unwrap());
            }
            assert_eq!(handed_over(&headers, &name), expected, "{values:?}");
        };
        check(&[], None);
        check(&[""], Some(Credential::None));
        check(&["COMP-1"], Some(Credential::Name("COMP-1".to_owned())));
        check(&["COMP-1", "COMP-2"], Some(Credential::Foreign));
    }
}
