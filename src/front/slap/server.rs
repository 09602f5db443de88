//! About the server itself: `getRunId`, `getHateoasUrl`, and `ingestData`, which is not served.

use axum::{http::StatusCode, response::Response};

use crate::{
    domain::{behaviour::HateoasUrl, text::InvalidValue},
    front::HATEOAS_ROOT,
};

use super::{Call, answer, error::SlapError};

/// `GET /getRunId`: a random text of this run, by which a server finds out that a `master_url` is
/// its own. Source: `slap.md` 5.23.
pub(super) async fn run_id(call: &Call) -> Result<Response, SlapError> {
    let run_id = call.master.run_id().to_owned();
    Ok(answer::plain(StatusCode::OK, run_id))
}

/// `GET /getHateoasUrl`: the URL of the HATEOAS root as this client reaches it, and nothing else:
/// the client takes the body as it is.
///
/// Under `hateoas.url` at `off`, 404 (C.81); the client then goes on without that dialect.
/// Source: `slap.md` 5.22.
pub(super) async fn hateoas_url(call: &Call) -> Result<Response, SlapError> {
    call.admitted().await?;
    match call.behaviour().hateoas_url {
        HateoasUrl::Off => Err(SlapError::NotServed("no URL of HATEOAS documents is set")),
        HateoasUrl::On => {
            let base = call.address.base_url(&call.headers).ok_or_else(|| {
                InvalidValue::new("Host", "is missing, the name of this server was expected")
            })?;
            Ok(answer::url(format!("{base}{HATEOAS_ROOT}")))
        }
    }
}

/// `POST /ingestData`: 404; there is no ingestion policy. Source: `slap.md` 5.24.
pub(super) async fn ingest_data(call: &Call) -> Result<Response, SlapError> {
    call.admitted().await?;
    Err(SlapError::NotServed("there is no ingestion policy"))
}
