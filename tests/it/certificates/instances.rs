//! Certificates of software instances (`semantics.md` 9.4): every one has its own from the moment
//! that it is there.

use std::fmt::Write as _;

use slapmaster::{
    domain::{
        behaviour::Preset,
        certificate::{CertificateRefused, CertificateStatus, CertificateSubject},
        identifier::InstanceReference,
    },
    master::{MasterError, Missing, Revoke},
};

use super::add;
use crate::support::world::{TestWorld, at};

/// More than ten years: what was issued has expired, and the authority has not.
const ELEVEN_YEARS_S: i64 = 4015 * 86_400;

fn subject(reference: &str) -> CertificateSubject {
    let reference = InstanceReference::parse("instance", reference).unwrap();
    CertificateSubject::Instance(reference)
}

/// The references of those who have a certificate with a key, in the order of their certificates.
async fn certified(world: &TestWorld) -> Vec<String> {
    let query = "SELECT i.reference FROM certificate c JOIN instance i ON i.id = c.instance_id
                 WHERE c.key_pem IS NOT NULL ORDER BY c.id";
    world.texts(query).await
}

#[tokio::test]
async fn every_software_instance_has_one_and_no_shared_one() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 2).await;
    let web = world.request("web").on().await;
    world.request("db").child_of(&web.at).on().await;
    let shared = world.request("s").shared().child_of(&web.at).on().await;
    // One that waits has one too.
    world.request("waiting").waits().await;
    let expected = ["SOFTINST-1", "SOFTINST-2", "SOFTINST-4"];
    assert_eq!(certified(&world).await, expected);
    let refused = world
        .master
        .issue_certificate(subject(shared.reference.as_str()))
        .await;
    assert!(matches!(
        refused,
        Err(MasterError::NotFound(Missing::Instance(_)))
    ));
    // Asking again makes nothing.
    world.request("web").param("a", "1").on().await;
    assert_eq!(certified(&world).await, expected);
}

/// A root that a round makes is an instance like any other.
#[tokio::test]
async fn an_instance_that_a_round_makes_has_one() {
    let world = TestWorld::preset(Preset::Default)
        .switch("rename.root", "recreate")
        .switch("allocation.moment", "round")
        .start()
        .await;
    world.format("COMP-1", 2).await;
    world.request("web").waits().await;
    world.round().await;
    let web = world.request("web").on().await;
    world.rename(&web.at, "old").await.unwrap();
    world.round().await;
    assert_eq!(certified(&world).await, ["SOFTINST-1", "SOFTINST-2"]);
}

#[tokio::test]
async fn a_large_fixture_gives_each_of_its_instances_one() {
    let world = TestWorld::start().await;
    let mut described = "computers: [{reference: COMP-1, partitions: 600}]\ntrees:\n".to_owned();
    for number in 0..600 {
        writeln!(described, "- {{title: t{number}, release: r}}").unwrap();
    }
    add(&world, &described).await;
    assert_eq!(certified(&world).await.len(), 600);
    let different = "SELECT count(DISTINCT certificate_pem) FROM certificate";
    assert_eq!(world.text(different).await, "600");
}

/// As after a process that was killed between the two transactions.
#[tokio::test]
async fn a_pair_that_is_missing_is_made_when_it_is_asked_for() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 1).await;
    let web = world.request("web").on().await;
    world.sql("DELETE FROM certificate").await;
    let pair = world.pair(&web.at).await.unwrap();
    assert_eq!(world.pair(&web.at).await.unwrap(), pair);
    let status = world.certificate_status(&pair.certificate_pem).await;
    assert_eq!(status, CertificateStatus::Valid);
}

#[tokio::test]
async fn a_revoked_one_is_told_as_it_is_until_it_is_renewed() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 1).await;
    let web = world.request("web").on().await;
    let first = world.pair(&web.at).await.unwrap();
    let refused = world.master.issue_certificate(subject("SOFTINST-1")).await;
    let MasterError::CertificateRefused(refused) = refused.unwrap_err() else {
        panic!("it is told otherwise");
    };
    assert!(matches!(
        refused,
        CertificateRefused::InstanceStillActive(_)
    ));
    let revoke = || Revoke::Subject(subject("SOFTINST-1"));
    let revoked = world.master.revoke_certificates(revoke()).await.unwrap();
    assert_eq!(revoked.len(), 1);
    assert!(
        world
            .master
            .revoke_certificates(revoke())
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(world.pair(&web.at).await.unwrap(), first);
    let issued = world
        .master
        .issue_certificate(subject("SOFTINST-1"))
        .await
        .unwrap();
    let second = world.pair(&web.at).await.unwrap();
    assert_eq!(second.certificate_pem, issued.certificate_pem);
    assert_eq!(second.key_pem, issued.key_pem);
}

#[tokio::test]
async fn an_instance_that_goes_with_its_partition_loses_it() {
    let world = TestWorld::with("format.missing", "delete").await;
    world.format("COMP-1", 1).await;
    let web = world.request("web").on().await;
    let pair = world.pair(&web.at).await.unwrap();
    world.format("COMP-1", 0).await;
    let status = world.certificate_status(&pair.certificate_pem).await;
    assert_eq!(status, CertificateStatus::Revoked);
    assert!(world.pair(&at("COMP-1", "slappart0")).await.is_err());
}

#[tokio::test]
async fn an_expired_one_does_not_count() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 1).await;
    let web = world.request("web").on().await;
    let pair = world.pair(&web.at).await.unwrap();
    let computers = world.generate("COMP-1").await.unwrap();
    world.advance(ELEVEN_YEARS_S);
    let expired = CertificateStatus::Expired;
    assert_eq!(
        world.certificate_status(&pair.certificate_pem).await,
        expired
    );
    assert_eq!(
        world.certificate_status(&computers.certificate_pem).await,
        expired
    );
    // Told as it is stored, like a revoked one.
    assert_eq!(world.pair(&web.at).await.unwrap(), pair);
    assert!(world.revoke("COMP-1").await.is_err());
    world.generate("COMP-1").await.unwrap();
    world
        .master
        .issue_certificate(subject("SOFTINST-1"))
        .await
        .unwrap();
    let statuses = async |name: &str| -> Vec<_> {
        let all = world.certificates_of(name).await;
        all.into_iter().map(|view| view.status.as_str()).collect()
    };
    assert_eq!(statuses("COMP-1").await, ["expired", "valid"]);
    assert_eq!(statuses("SOFTINST-1").await, ["expired", "valid"]);
}

/// Requests are not refused for what they did not ask for.
#[tokio::test]
async fn once_the_authority_is_expired_instances_are_without() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 1).await;
    world.advance(2 * ELEVEN_YEARS_S);
    let web = world.request("web").on().await;
    let refused = world.pair(&web.at).await.unwrap_err();
    assert!(matches!(refused, MasterError::Issuing(_)), "{refused}");
    let said = refused.to_string();
    assert!(
        said.starts_with("no certificate can be issued: the certificate authority expired"),
        "{said}"
    );
    assert!(matches!(
        world.generate("COMP-1").await,
        Err(MasterError::Issuing(_))
    ));
}

#[tokio::test]
async fn the_journal_tells_of_certificates_and_never_of_keys() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 1).await;
    let issued = world.generate("COMP-1").await.unwrap();
    world.revoke("COMP-1").await.unwrap();
    let about = |subject: &str| -> Vec<String> {
        let events = world.master.journal().about(subject);
        let texts = events.into_iter().map(|event| event.text);
        texts.filter(|text| text.contains("certificate")).collect()
    };
    let serial = &issued.serial;
    assert_eq!(
        about("COMP-1"),
        [
            format!("certificate {serial} was issued to computer COMP-1"),
            format!("certificate {serial} was revoked"),
        ]
    );
    world.request("web").on().await;
    assert_eq!(about("SOFTINST-1").len(), 1);
    let shown = format!(
        "{issued:?} {:?}",
        world.pair(&at("COMP-1", "slappart0")).await
    );
    assert!(!shown.contains("PRIVATE"), "{shown}");
}
