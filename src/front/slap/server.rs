//! About the server itself: `getRunId`, `getHateoasUrl`, and `ingestData`, which is not served.

use axum::{http::StatusCode, response::Response};

use super::{Call, answer, error::SlapError};

/// `GET /getRunId`: a random text of this run, by which a server finds out that a `master_url` is
/// its own. Source: `slap.md` 5.23.
pub(super) async fn run_id(call: &Call) -> Result<Response, SlapError> {
    let run_id = call.master.run_id().to_owned();
    Ok(answer::plain(StatusCode::OK, run_id))
}

/// `GET /getHateoasUrl`: 404 as long as that dialect is not served; the client then works without
/// it. Source: `slap.md` 5.22.
pub(super) async fn hateoas_url(call: &Call) -> Result<Response, SlapError> {
    call.admitted().await?;
    Err(SlapError::NotServed("the HATEOAS documents are not served"))
}

/// `POST /ingestData`: 404; there is no ingestion policy. Source: `slap.md` 5.24.
pub(super) async fn ingest_data(call: &Call) -> Result<Response, SlapError> {
    call.admitted().await?;
    Err(SlapError::NotServed("there is no ingestion policy"))
}
