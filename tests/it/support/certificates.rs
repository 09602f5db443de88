//! Certificates and tokens for tests, made by the control surface, and calls with them.

use std::fmt::Write as _;

use axum::{
    body::Body,
    http::{self, Method, header},
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use super::master::{Answer, TestMaster, form, request};

impl TestMaster {
    /// `GET <path>` with these headers.
    pub(crate) async fn read(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut call = request(Method::GET, path);
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        self.send(call.body(Body::empty()).unwrap()).await
    }

    /// `POST <path>` with a JSON body.
    pub(crate) async fn post_json(&self, path: &str, body: &serde_json::Value) -> Answer {
        let call = request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
        self.send(call.body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// A new certificate, by the control surface: `("computer", "COMP-1")`, for example.
    pub(crate) async fn issue(&self, subject: (&str, &str)) -> Certificate {
        let body = serde_json::json!({ subject.0: subject.1 });
        let answer = self.post_json("/_mock/v1/certificates", &body).await;
        let told = answer.expect(201).json();
        Certificate {
            serial: told["serial"].as_str().unwrap().to_owned(),
            pem: told["certificate"].as_str().unwrap().to_owned(),
        }
    }

    /// A new token for this purpose, by the control surface.
    pub(crate) async fn token(&self, purpose: &str) -> String {
        let body = serde_json::json!({ "purpose": purpose });
        let answer = self.post_json("/_mock/v1/tokens", &body).await;
        answer.expect(201).json()["value"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Any request, on a listener in certificate mode, with this client certificate.
    pub(crate) async fn send_with(
        &self,
        certificate: &Certificate,
        request: http::Request<Body>,
    ) -> Answer {
        let der = CertificateDer::from_pem_slice(certificate.pem.as_bytes()).unwrap();
        self.send_as(Some(&der), request).await
    }

    /// As [`Self::post`], on a connection whose client showed this certificate.
    pub(crate) async fn post_with(
        &self,
        certificate: &Certificate,
        call: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        self.send_with(certificate, form(call, None, fields)).await
    }
}

/// A certificate that was issued.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    /// Its serial number.
    pub(crate) serial: String,
    /// Its text.
    pub(crate) pem: String,
}

/// The text with each PEM block and serial number replaced by a word, after a look at whether it
/// is one: keys never get into a snapshot.
#[track_caller]
pub(crate) fn redacted(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, block)) = rest.split_once("-----BEGIN ") {
        let (label, block) = block.split_once("-----\n").unwrap();
        let end = format!("-----END {label}-----\n");
        let (lines, after) = block.split_once(&end).unwrap();
        for line in lines.lines() {
            let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
            assert!(!line.is_empty() && line.len() <= 64 && line.bytes().all(is_base64));
        }
        shown.push_str(before);
        writeln!(shown, "<{}>", label.to_lowercase()).unwrap();
        rest = after;
    }
    shown.push_str(rest);
    if let Some((_, after)) = shown.split_once("Serial Number: ") {
        let (serial, _) = after.split_once(" (hex)").unwrap();
        assert!(serial.len() >= 16 && serial.bytes().all(|b| b.is_ascii_hexdigit()));
        shown = shown.replace(serial, "<serial>");
    }
    // How long a signature is depends on its leading zeros.
    let mut kept = String::new();
    for line in shown.lines() {
        if !line.starts_with("content-length: ") {
            writeln!(kept, "{line}").unwrap();
        }
    }
    kept
}
