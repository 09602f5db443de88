//! Certificates and registration (`semantics.md` 9).

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use slapmaster::{
    domain::{
        caller::Caller,
        certificate::{CertificateRefused, CertificateStatus},
        permission::CredentialRefused,
        token::TokenPurpose,
    },
    master::{CertificatePair, MasterError, Missing, Registration},
};

use crate::support::world::{TestWorld, at, computer, token};

fn still_active() -> CertificateRefused {
    CertificateRefused::StillActive(computer("COMP-1"))
}

/// B.104
#[tokio::test]
async fn a_fresh_computer_gets_a_certificate_that_names_it() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 0).await;
    let issued = world.generate("COMP-1").await.unwrap();
    // Which also says that the world's authority signed it.
    assert_eq!(world.serial(&issued.certificate_pem), issued.serial);
    let text = issued.certificate_with_text();
    let start = text.find("COMP-").unwrap();
    assert!(text[start..].starts_with("COMP-1/email"), "{text}");
    assert_eq!(world.serial(&text), issued.serial);
    let unknown = world.generate("COMP-9").await;
    assert!(matches!(
        unknown,
        Err(MasterError::NotFound(Missing::Computer(_)))
    ));
}

/// B.105
#[tokio::test]
async fn a_second_certificate_is_refused_and_the_first_still_works() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 0).await;
    let first = world.generate("COMP-1").await.unwrap();
    let before = world.dump().await;
    let refused = world.generate("COMP-1").await.unwrap_err();
    assert_eq!(refused.to_string(), "Certificate still active.");
    let MasterError::CertificateRefused(refused) = refused else {
        panic!("{refused}");
    };
    assert_eq!(refused, still_active());
    assert_eq!(world.dump().await, before);
    world
        .add_token(token("a-computer-token", TokenPurpose::Computer))
        .await;
    let before = world.dump().await;
    let registered = world.register("a-computer-token", "COMP-1").await;
    assert_eq!(registered, Registration::StillActive);
    assert_eq!(world.dump().await, before);
    let status = world.certificate_status(&first.certificate_pem).await;
    assert_eq!(status, CertificateStatus::Valid);
}

/// B.106
#[tokio::test]
async fn after_a_revocation_there_is_nothing_to_revoke_and_a_new_one_to_be_had() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 0).await;
    let first = world.generate("COMP-1").await.unwrap();
    world.revoke("COMP-1").await.unwrap();
    let revoked = CertificateStatus::Revoked;
    assert_eq!(
        world.certificate_status(&first.certificate_pem).await,
        revoked
    );
    let refused = world.revoke("COMP-1").await.unwrap_err();
    let MasterError::CertificateRefused(CertificateRefused::NoneActive(computer)) = refused else {
        panic!("{refused}");
    };
    assert_eq!(computer.as_str(), "COMP-1");
    let second = world.generate("COMP-1").await.unwrap();
    assert_ne!(second.serial, first.serial);
    assert_ne!(second.key_pem, first.key_pem);
    let status = world.certificate_status(&second.certificate_pem).await;
    assert_eq!(status, CertificateStatus::Valid);
    assert_eq!(
        world.certificate_status(&first.certificate_pem).await,
        revoked
    );
}

/// B.107
#[tokio::test]
async fn the_pair_of_an_instance_is_the_same_at_each_call() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 2).await;
    let web = world.request("web").on().await;
    let pair = world.pair(&web.at).await.unwrap();
    assert_eq!(world.pair(&web.at).await.unwrap(), pair);
    let serial = world.serial(&pair.certificate_pem);
    let kept = world.master.certificate(&serial).await.unwrap().unwrap();
    assert_eq!(kept.common_name, web.reference.as_str());
    assert!(
        pair.key_pem
            .expose()
            .starts_with("-----BEGIN PRIVATE KEY-----\n")
    );
    // A free partition has none.
    let free = world.pair(&at("COMP-1", "slappart1")).await;
    assert!(matches!(
        free,
        Err(MasterError::NotFound(Missing::InstanceOnPartition {
            busy: false,
            ..
        }))
    ));
}

/// B.108, and `semantics.md` 9.4: what is stored is told as long as the instance is there.
#[tokio::test]
async fn the_certificate_of_an_instance_ends_with_it() {
    for (moment, told) in [("request", false), ("round", true)] {
        let world = TestWorld::with("allocation.moment", moment).await;
        world.format("COMP-1", 1).await;
        world.request("web").answer().await.unwrap();
        world.round().await;
        let web = world.request("web").on().await;
        let pair = world.pair(&web.at).await.unwrap();
        world.request("web").state("destroyed").waits().await;
        let valid = CertificateStatus::Valid;
        assert_eq!(world.certificate_status(&pair.certificate_pem).await, valid);
        let der = CertificateDer::from_pem_slice(pair.certificate_pem.as_bytes()).unwrap();
        let caller = Caller::Certified(world.master.recognise(&der));
        world.master.who_is(&caller).await.unwrap();
        world.report_destroyed(&web.at).await;
        let revoked = CertificateStatus::Revoked;
        assert_eq!(
            world.certificate_status(&pair.certificate_pem).await,
            revoked
        );
        assert!(matches!(
            world.master.who_is(&caller).await,
            Err(MasterError::Unauthenticated(CredentialRefused::Revoked))
        ));
        let still = world.pair(&web.at).await.ok();
        let texts = |pair: CertificatePair| (pair.certificate_pem, pair.key_pem);
        assert_eq!(still.map(texts), told.then_some(texts(pair)), "{moment}");
        world.round().await;
        assert!(world.pair(&web.at).await.is_err());
    }
}

/// B.111
#[tokio::test]
async fn a_token_registers_a_computer_once() {
    let world = TestWorld::start().await;
    world
        .add_token(token("a-computer-token", TokenPurpose::Computer))
        .await;
    let (reference, issued) = world.registered("a-computer-token", "My node").await;
    assert_eq!(reference, "COMP-1");
    assert_eq!(world.serial(&issued.certificate_pem), issued.serial);
    let text = issued.certificate_with_text();
    assert!(text.contains("CN=COMP-1/emailAddress="), "{text}");
    let again = world.register("a-computer-token", "Another").await;
    assert_eq!(again, Registration::TokenRefused);
    assert_eq!(world.texts("SELECT title FROM computer").await, ["My node"]);
}

/// B.112
#[tokio::test]
async fn a_wrong_token_changes_nothing() {
    let world = TestWorld::start().await;
    world
        .add_token(token("a-computer-token", TokenPurpose::Computer))
        .await;
    let before = world.dump().await;
    for wrong in ["another-token", "", "A-COMPUTER-TOKEN", "a-computer-token "] {
        let registered = world.register(wrong, "My node").await;
        assert_eq!(registered, Registration::TokenRefused, "{wrong}");
    }
    assert_eq!(world.dump().await, before);
}
