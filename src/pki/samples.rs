//! What the room's tests are made of.

use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use super::Authority;
use crate::domain::{
    certificate::CertificateSubject,
    identifier::{ComputerReference, InstanceReference, UserReference},
    time::Timestamp,
};

/// 2026-11-23 08:00:00.
pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_795_420_800);

pub(super) fn authority() -> Authority {
    Authority::create(NOW).unwrap()
}

pub(super) fn computer(reference: &str) -> CertificateSubject {
    CertificateSubject::Computer(ComputerReference::trusted(reference.to_owned()))
}

/// One subject of each kind.
pub(super) fn subjects() -> [CertificateSubject; 3] {
    [
        computer("COMP-7"),
        CertificateSubject::Instance(InstanceReference::trusted("SOFTINST-4".to_owned())),
        CertificateSubject::User(UserReference::trusted("PERS-1".to_owned())),
    ]
}

pub(super) fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}
