//! A certificate counts where it was issued, in copies of that world, and nowhere else.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde_json::{Value, json};

use super::{CONTROL, FIXTURE};
use crate::support::master::{TestMaster, request};

impl TestMaster {
    /// A certificate of the computer in a world, in DER, with its serial number.
    async fn issue_in(&self, prefix: &str) -> (Vec<u8>, Value) {
        let path = format!("{prefix}/{CONTROL}/certificates");
        let issued = self
            .control(Method::POST, &path, Some(&json!({"computer": "COMP-1"})))
            .await;
        let issued = issued.expect(201).json();
        let pem = issued["certificate"].as_str().unwrap();
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        (der.to_vec(), issued["serial"].clone())
    }

    /// How a world answers the poll of the computer with this certificate.
    async fn polls(&self, prefix: &str, der: &[u8]) -> StatusCode {
        let path = format!("{prefix}/getFullComputerInformation?computer_id=COMP-1");
        let call = request(Method::GET, &path).body(Body::empty()).unwrap();
        self.send_as(Some(der), call).await.status
    }

    async fn revoke_in(&self, prefix: &str, serial: &Value) {
        let path = format!("{prefix}/{CONTROL}/certificates/revoke");
        let body = json!({ "serial": serial });
        self.control(Method::POST, &path, Some(&body))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn a_certificate_counts_in_its_own_world_alone() {
    let master = TestMaster::start().await;
    for name in ["a", "b"] {
        master
            .make(name, &json!({ "fixture": FIXTURE }))
            .await
            .expect(201);
    }
    let (of_a, serial) = master.issue_in("/w/a").await;
    let (of_b, _) = master.issue_in("/w/b").await;
    for (prefix, der, status) in [
        ("/w/a", &of_a, 200),
        ("/w/b", &of_a, 401),
        ("", &of_a, 401),
        ("/w/a", &of_b, 401),
        ("/w/b", &of_b, 200),
    ] {
        assert_eq!(master.polls(prefix, der).await, status, "{prefix}");
    }
    master.revoke_in("/w/a", &serial).await;
    assert_eq!(master.polls("/w/a", &of_a).await, 401);
    assert_eq!(master.polls("/w/b", &of_b).await, 200);
}

#[tokio::test]
async fn one_connection_is_judged_anew_by_each_world() {
    let master = TestMaster::start().await;
    for name in ["a", "b"] {
        master
            .make(name, &json!({ "fixture": FIXTURE }))
            .await
            .expect(201);
    }
    let (of_a, _) = master.issue_in("/w/a").await;
    let peer = slapmaster::front::auth::PeerCertificate::new(of_a);
    for _ in 0..2 {
        for (prefix, status) in [("/w/b", 401), ("/w/a", 200), ("", 401)] {
            let path = format!("{prefix}/getFullComputerInformation?computer_id=COMP-1");
            let mut call = request(Method::GET, &path).body(Body::empty()).unwrap();
            call.extensions_mut().insert(peer.clone());
            assert_eq!(master.send_certified(call).await.status, status, "{prefix}");
        }
    }
}

#[tokio::test]
async fn a_certificate_counts_in_a_copy_until_it_is_revoked_there() {
    let master = TestMaster::start().await;
    let made = master
        .make("a", &json!({ "fixture": FIXTURE }))
        .await
        .expect(201)
        .json();
    let (der, serial) = master.issue_in("/w/a").await;
    let copy = master
        .make("b", &json!({"copy_of": "a"}))
        .await
        .expect(201)
        .json();
    assert_eq!(copy["ca_certificate"], made["ca_certificate"]);
    assert_eq!(copy["copy_of"], "a");
    assert_eq!(master.polls("/w/b", &der).await, 200);
    master.revoke_in("/w/b", &serial).await;
    assert_eq!(master.polls("/w/b", &der).await, 401);
    assert_eq!(master.polls("/w/a", &der).await, 200);
    // One that the source issues later is not known in the copy, whose authority is the same.
    master.revoke_in("/w/a", &serial).await;
    let (later, _) = master.issue_in("/w/a").await;
    assert_eq!(master.polls("/w/a", &later).await, 200);
    assert_eq!(master.polls("/w/b", &later).await, 401);
}

#[tokio::test]
async fn certificates_are_as_they_were_at_the_snapshot() {
    let master = TestMaster::start().await;
    master
        .make("a", &json!({ "fixture": FIXTURE }))
        .await
        .expect(201);
    let (first, serial) = master.issue_in("/w/a").await;
    master.keep("/w/a", "s").await;
    master.revoke_in("/w/a", &serial).await;
    let (second, _) = master.issue_in("/w/a").await;
    assert_eq!(master.polls("/w/a", &first).await, 401);
    assert_eq!(master.polls("/w/a", &second).await, 200);
    master.ask("/w/a", "snapshots/s/restore").await.expect(200);
    assert_eq!(master.polls("/w/a", &first).await, 200);
    assert_eq!(master.polls("/w/a", &second).await, 401);
    master.ask("/w/a", "reset").await.expect(200);
    assert_eq!(master.polls("/w/a", &first).await, 401);
}
