//! What was revoked: by serial number, by subject, and as a list.

use slapmaster::{
    domain::{
        certificate::{CertificateKind, CertificateSerial, CertificateStatus, CertificateSubject},
        identifier::UserReference,
    },
    master::{CertificateFilter, MasterError, Missing, Revoke},
};
use webpki::{CertRevocationList, OwnedCertRevocationList};

use crate::support::world::{TestWorld, computer};

fn user() -> CertificateSubject {
    CertificateSubject::User(UserReference::parse("user", "default-user").unwrap())
}

/// The serial numbers that the list names, as another's verifier reads them.
async fn listed(world: &TestWorld, asked: &[&CertificateSerial]) -> Vec<bool> {
    let list = world.master.revocation_list().await.unwrap();
    let list: CertRevocationList<'static> =
        OwnedCertRevocationList::from_der(&list.der).unwrap().into();
    asked
        .iter()
        .map(|serial| {
            let digits = serial.as_str().as_bytes();
            let bytes: Vec<u8> = digits
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect();
            list.find_serial(&bytes).unwrap().is_some()
        })
        .collect()
}

#[tokio::test]
async fn one_is_revoked_by_its_serial_number_again_and_again() {
    let world = TestWorld::start().await;
    let one = world.master.issue_certificate(user()).await.unwrap();
    let other = world.master.issue_certificate(user()).await.unwrap();
    let revoke = async |serial: &CertificateSerial| {
        let which = Revoke::Serial(serial.clone());
        world.master.revoke_certificates(which).await.unwrap()
    };
    let first = revoke(&one.serial).await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].status, CertificateStatus::Revoked);
    world.advance(10);
    // The moment of the first time stays.
    assert_eq!(revoke(&one.serial).await, first);
    let status = world.certificate_status(&other.certificate_pem).await;
    assert_eq!(status, CertificateStatus::Valid);
    let unknown = CertificateSerial::parse("serial", "12ab").unwrap();
    assert!(revoke(&unknown).await.is_empty());
    assert_eq!(world.master.certificate(&unknown).await.unwrap(), None);
    assert_eq!(
        listed(&world, &[&one.serial, &other.serial]).await,
        [true, false]
    );
}

#[tokio::test]
async fn a_subject_loses_all_that_count() {
    let world = TestWorld::start().await;
    let one = world.master.issue_certificate(user()).await.unwrap();
    let other = world.master.issue_certificate(user()).await.unwrap();
    let revoke = async |subject| {
        let revoked = world
            .master
            .revoke_certificates(Revoke::Subject(subject))
            .await;
        revoked.map(|revoked| revoked.len())
    };
    assert_eq!(revoke(user()).await.unwrap(), 2);
    assert_eq!(revoke(user()).await.unwrap(), 0);
    assert_eq!(
        listed(&world, &[&one.serial, &other.serial]).await,
        [true, true]
    );
    let nobody = CertificateSubject::Computer(computer("COMP-9"));
    let refused = revoke(nobody).await.unwrap_err();
    assert!(matches!(
        refused,
        MasterError::NotFound(Missing::Computer(_))
    ));
}

#[tokio::test]
async fn the_list_forgets_what_expired_and_its_number_does_not() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 0).await;
    let number = async || {
        let pem = world.master.revocation_list().await.unwrap().pem;
        let count = "SELECT count(*) FROM certificate WHERE revoked_us IS NOT NULL";
        (pem, world.text(count).await)
    };
    let (empty, none) = number().await;
    assert_eq!(none, "0");
    assert!(empty.starts_with("-----BEGIN X509 CRL-----"));
    let first = world.generate("COMP-1").await.unwrap();
    world.revoke("COMP-1").await.unwrap();
    assert_eq!(listed(&world, &[&first.serial]).await, [true]);
    world.advance(4015 * 86_400);
    let second = world.generate("COMP-1").await.unwrap();
    world.revoke("COMP-1").await.unwrap();
    let both = [&first.serial, &second.serial];
    assert_eq!(listed(&world, &both).await, [false, true]);
    assert_eq!(number().await.1, "2");
}

#[tokio::test]
async fn certificates_are_listed_by_kind_subject_and_status() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 1).await;
    world.format("COMP-2", 0).await;
    world.request("web").on().await;
    for computer in ["COMP-1", "COMP-2"] {
        world.generate(computer).await.unwrap();
    }
    world.revoke("COMP-2").await.unwrap();
    world.master.issue_certificate(user()).await.unwrap();
    world
        .master
        .server_certificate(vec!["localhost".to_owned()])
        .await
        .unwrap();
    let names = async |kind, subject: Option<&str>, status| -> Vec<String> {
        let filter = CertificateFilter {
            kind,
            subject: subject.map(str::to_owned),
            status,
        };
        let found = world.master.certificates(&filter).await.unwrap();
        found.into_iter().map(|view| view.common_name).collect()
    };
    let all = [
        "SOFTINST-1",
        "COMP-1",
        "COMP-2",
        "default-user",
        "localhost",
    ];
    assert_eq!(names(None, None, None).await, all);
    let computers = Some(CertificateKind::Computer);
    assert_eq!(names(computers, None, None).await, ["COMP-1", "COMP-2"]);
    let revoked = Some(CertificateStatus::Revoked);
    assert_eq!(names(None, None, revoked).await, ["COMP-2"]);
    assert_eq!(names(None, Some("COMP-1"), None).await, ["COMP-1"]);
    let users = Some(CertificateKind::User);
    assert!(names(users, Some("COMP-1"), None).await.is_empty());
    let server = Some(CertificateKind::Server);
    assert_eq!(names(server, None, None).await, ["localhost"]);
}
