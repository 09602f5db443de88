//! What verifies the world's certificates: its authority's own, and the revocation list.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{front::State, master::Master};

use super::{
    openapi::{Answer, Operation},
    problem::Problem,
};

const PEM: &str = "application/x-pem-file";
const CRL: &str = "application/pkix-crl";

/// `GET /_mock/v1/ca.pem`.
pub(super) static CERTIFICATE: Operation = Operation::read(
    "The certificate of the authority",
    Answer::Other(StatusCode::OK, PEM),
);
/// `GET /_mock/v1/crl.pem`.
pub(super) static LIST_PEM: Operation = Operation::read(
    "What is revoked, in PEM",
    Answer::Other(StatusCode::OK, PEM),
);
/// `GET /_mock/v1/crl.der`.
pub(super) static LIST_DER: Operation = Operation::read(
    "What is revoked, in DER",
    Answer::Other(StatusCode::OK, CRL),
);

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
