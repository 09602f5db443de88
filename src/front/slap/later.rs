//! The calls about certificates and new computers, which are not built yet.

use axum::response::Response;

use super::{Call, error::SlapError};

/// `getComputerPartitionCertificate`, `generateComputerCertificate`, `revokeComputerCertificate`
/// and `requestComputer`: 501, because a made-up certificate would fail later and elsewhere.
pub(super) async fn certificates(_: &Call) -> Result<Response, SlapError> {
    Err(SlapError::NotBuilt(
        "this master issues no certificates and registers no computers yet",
    ))
}
