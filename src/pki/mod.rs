//! The world's certificate authority: what it issues, recognises and revokes.
//!
//! The room turns identifiers and dates into certificates and lists, and certificates into serial
//! numbers. It knows no SQL and no HTTP, and not who may have which certificate or whether one
//! still counts: that is `master`'s, by what it keeps under the serial number. "Now" is always an
//! argument. Start with [`Authority`]; [`directory::open`] finds one for `--ca-dir`.
//!
//! Everything is ECDSA on P-256 by ring, but for an authority that was given with another key.
//! Every field is set here: what rcgen would put into one by itself is never right.

mod authority;
mod date;
pub mod directory;
mod error;
mod given;
mod issued;
mod random;
mod recognise;
mod revocation;
#[cfg(test)]
mod samples;

pub use authority::Authority;
pub use error::PkiError;
pub use given::CertificateFacts;
pub use issued::Issued;
pub use random::random;
pub use revocation::{Crl, RevocationList};
