//! What verifies the world's certificates: its authority's own, and the revocation list.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use crate::master::Master;

use super::problem::Problem;

const PEM: HeaderValue = HeaderValue::from_static("application/x-pem-file");
const CRL: HeaderValue = HeaderValue::from_static("application/pkix-crl");

/// `GET /_mock/v1/ca.pem`: the certificate of the world's authority.
pub(super) async fn certificate(State(master): State<Master>) -> Response {
    let pem = master.authority_certificate_pem().to_owned();
    ([(header::CONTENT_TYPE, PEM)], pem).into_response()
}

/// `GET /_mock/v1/crl.pem`: what is revoked, as of now.
pub(super) async fn revocation_list_pem(State(master): State<Master>) -> Result<Response, Problem> {
    let list = master.revocation_list().await?;
    Ok(([(header::CONTENT_TYPE, PEM)], list.pem).into_response())
}

/// `GET /_mock/v1/crl.der`: the same list in DER.
pub(super) async fn revocation_list_der(State(master): State<Master>) -> Result<Response, Problem> {
    let list = master.revocation_list().await?;
    Ok(([(header::CONTENT_TYPE, CRL)], list.der).into_response())
}
