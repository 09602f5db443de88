//! `generateComputerCertificate`, `revokeComputerCertificate` and
//! `getComputerPartitionCertificate`: `slap.md` 5.17, 5.20; and how a revocation bites, C.7.

use axum::{body::Body, http::Method};
use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::{
    certificates::{Certificate, redacted},
    master::{Answer, Request, TestMaster, request},
};

const GENERATE: &str = "generateComputerCertificate";
const REVOKE: &str = "revokeComputerCertificate";
const OF_PARTITION: &str = "getComputerPartitionCertificate";
const COMPUTER: [(&str, &str); 1] = [("computer_id", "COMP-1")];
const AT: [(&str, &str); 2] = [
    ("computer_id", "COMP-1"),
    ("computer_partition_id", "slappart0"),
];
const PRESETS: [Preset; 3] = [Preset::Default, Preset::Real, Preset::Slapproxy];

/// A world with `COMP-1`, also where a format makes none.
async fn with_computer(preset: Preset) -> TestMaster {
    let master = TestMaster::preset(preset).default_computer("COMP-1");
    let master = master.start().await;
    master.format("COMP-1", 2).await;
    master
}

#[tokio::test]
async fn a_computer_has_one_certificate_until_it_is_revoked() {
    for preset in PRESETS {
        let master = with_computer(preset).await;
        let first = master.post(GENERATE, &COMPUTER).await.expect(200);
        let again = master.post(GENERATE, &COMPUTER).await.expect(404);
        assert_eq!(again.body, "Certificate still active.\n", "{preset}");
        let revoked = master.post(REVOKE, &COMPUTER).await.expect(200);
        assert_eq!(revoked.body, "None");
        let none = master.post(REVOKE, &COMPUTER).await.expect(404);
        assert_eq!(none.body, "computer `COMP-1` has no active certificate\n");
        let second = master.post(GENERATE, &COMPUTER).await.expect(200);
        for key in ["certificate", "key"] {
            assert_ne!(first.text_of(key), second.text_of(key), "{preset}");
        }
    }
}

#[tokio::test]
async fn a_computers_certificate_begins_with_the_text_that_commands_read() {
    let master = with_computer(Preset::Default).await;
    let answer = master.post(GENERATE, &COMPUTER).await;
    assert_snapshot!("certificate_generated", redacted(&answer.shown()));
    assert_snapshot!(
        "certificate_revoked",
        master.post(REVOKE, &COMPUTER).await.shown()
    );
}

#[tokio::test]
async fn an_unknown_computer_has_no_certificate() {
    for preset in PRESETS {
        let master = TestMaster::preset(preset).start().await;
        for call in [GENERATE, REVOKE] {
            let answer = master.post(call, &COMPUTER).await.expect(404);
            assert_eq!(answer.body, "computer `COMP-1` is not known\n", "{preset}");
            let answer = master.post(call, &[]).await.expect(400);
            assert!(answer.body.starts_with("`computer_id`: is missing, "));
        }
    }
}

#[tokio::test]
async fn an_instance_is_told_the_certificate_that_was_made_with_it() {
    let master = with_computer(Preset::Default).await;
    master.request(Request::new("web")).await.expect(200);
    master.advance(60);
    let answer = master.get(OF_PARTITION, &AT).await;
    assert_snapshot!("certificate_of_partition", redacted(&answer.shown()));
    let again = master.get(OF_PARTITION, &AT).await;
    assert_eq!(again.body, answer.body);
}

#[tokio::test]
async fn a_free_or_unknown_partition_has_no_certificate() {
    let unknown = [AT[0], ("computer_partition_id", "slappart9")];
    for preset in [Preset::Slapproxy, Preset::Real, Preset::Default] {
        let master = with_computer(preset).await;
        master.get(OF_PARTITION, &AT).await.expect(404);
        master.get(OF_PARTITION, &unknown).await.expect(404);
    }
    let master = with_computer(Preset::Default).await;
    let answer = master.get(OF_PARTITION, &COMPUTER).await.expect(400);
    assert!(
        answer
            .body
            .starts_with("`computer_partition_id`: is missing, ")
    );
}

async fn poll(master: &TestMaster, certificate: &Certificate) -> Answer {
    let uri = "/getFullComputerInformation?computer_id=COMP-1";
    let call = request(Method::GET, uri).body(Body::empty()).unwrap();
    master.send_with(certificate, call).await
}

/// A world that asks for certificates, and the one of its computer, which was just revoked.
async fn revoked(way: &str) -> (TestMaster, Certificate) {
    let setup = TestMaster::preset(Preset::Default).default_computer("COMP-1");
    let master = setup.switch("auth.revoked", way).start().await;
    let certificate = master.issue(("computer", "COMP-1")).await;
    poll(&master, &certificate).await.expect(200);
    let body = serde_json::json!({ "serial": certificate.serial });
    let revoke = master.post_json("/_mock/v1/certificates/revoke", &body);
    revoke.await.expect(200);
    (master, certificate)
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_at_the_next_request() {
    for way in ["status", "handshake"] {
        let (master, certificate) = revoked(way).await;
        let refused = poll(&master, &certificate).await.expect(401);
        assert_eq!(refused.body, "the client certificate is revoked\n", "{way}");
    }
}

#[tokio::test]
async fn a_revocation_may_take_its_time() {
    let (master, certificate) = revoked("stale").await;
    master.advance(59);
    poll(&master, &certificate).await.expect(200);
    master.advance(2);
    poll(&master, &certificate).await.expect(401);
}
