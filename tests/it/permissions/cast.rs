//! The world in which everybody calls, and everybody's certificate.

use axum::{body::Body, http};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use slapmaster::{
    domain::{
        certificate::{CertificateKind, CertificateSubject},
        identifier::{ComputerReference, InstanceReference, UserReference},
    },
    master::{CertificateFilter, Revoke},
};

use super::rows::Row;
use crate::support::master::{Answer, RELEASE, Request, TestMaster};

/// A kind of caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// Shows no certificate.
    Nobody,
    /// Shows what is no certificate.
    Garbage,
    /// The user, by a certificate whose time is over.
    Expired,
    /// The user, by a revoked certificate.
    Revoked,
    /// The user, by a certificate of another master.
    OtherAuthority,
    /// Owner of the tree `web`, production manager.
    User,
    /// A customer who owns another tree.
    OtherUser,
    /// COMP-1, on which `web` is.
    Computer,
    /// COMP-2.
    OtherComputer,
    /// The root instance of `web`, on COMP-1's slappart0.
    Instance,
    /// The root instance of the other user's tree, on COMP-2.
    OtherInstance,
}

/// Every kind of caller.
pub(super) const CALLERS: &[Caller] = &[
    Caller::Nobody,
    Caller::Garbage,
    Caller::Expired,
    Caller::Revoked,
    Caller::OtherAuthority,
    Caller::User,
    Caller::OtherUser,
    Caller::Computer,
    Caller::OtherComputer,
    Caller::Instance,
    Caller::OtherInstance,
];

/// A software release that is to be removed from COMP-1.
pub(super) const LEAVING: &str = "https://sr.example.org/old/software.cfg";

/// The token with which the rows of the web endpoints call.
pub(super) const COMPUTER_TOKEN: &str = "token-of-a-computer";
/// The same for a person's certificate.
pub(super) const USER_TOKEN: &str = "token-of-a-person";

/// More than a certificate's time.
const ELEVEN_YEARS: i64 = 11 * 366 * 86_400;

/// A world with everybody in it.
pub(super) struct Cast {
    pub(super) master: TestMaster,
    certificates: Vec<(Caller, Option<Vec<u8>>)>,
}

impl Cast {
    /// Makes the world.
    pub(super) async fn new() -> Self {
        Self::in_world(TestMaster::start().await).await
    }

    /// Puts everybody into a new world.
    pub(super) async fn in_world(master: TestMaster) -> Self {
        let user = CertificateSubject::User(UserReference::trusted("default-user".to_owned()));
        let expired = issue(&master, user.clone()).await;
        master.advance(ELEVEN_YEARS);
        seed(&master).await;
        master.format("COMP-1", 4).await;
        master.format("COMP-2", 2).await;
        master.supply("COMP-1", RELEASE).await;
        master.supply("COMP-1", LEAVING).await;
        let leave = [
            ("computer_id", "COMP-1"),
            ("url", LEAVING),
            ("state", "destroyed"),
        ];
        master.post("supplySupply", &leave).await.expect(200);
        let web = Request::new("web").sla("computer_guid", "COMP-1");
        let web = master.request(web).await.expect(200);
        let bob = CertificateSubject::User(UserReference::trusted("bob".to_owned()));
        let bob = issue(&master, bob).await;
        let other = Request::new("other").sla("computer_guid", "COMP-2");
        let other = master.request_as(Some(&bob), other).await.expect(200);

        let instance = |answer: &Answer| {
            let reference = answer.text_of("_instance_guid").to_owned();
            CertificateSubject::Instance(InstanceReference::trusted(reference))
        };
        let computer = |reference: &str| {
            CertificateSubject::Computer(ComputerReference::trusted(reference.to_owned()))
        };
        let revoked = issue(&master, user.clone()).await;
        let serial = master.serial_of(&revoked);
        master
            .master
            .revoke_certificates(Revoke::Serial(serial))
            .await
            .unwrap();
        let certificates = vec![
            (Caller::Nobody, None),
            (Caller::Garbage, Some(b"no certificate at all".to_vec())),
            (Caller::Expired, Some(expired)),
            (Caller::Revoked, Some(revoked)),
            (Caller::OtherAuthority, Some(foreign().await)),
            (Caller::User, Some(issue(&master, user).await)),
            (Caller::OtherUser, Some(bob)),
            (
                Caller::Computer,
                Some(issue(&master, computer("COMP-1")).await),
            ),
            (
                Caller::OtherComputer,
                Some(issue(&master, computer("COMP-2")).await),
            ),
            (
                Caller::Instance,
                Some(present(&master, &instance(&web)).await),
            ),
            (
                Caller::OtherInstance,
                Some(present(&master, &instance(&other)).await),
            ),
        ];
        Self {
            master,
            certificates,
        }
    }

    /// Makes a row's call as somebody, on a listener in certificate mode.
    pub(super) async fn call(&self, row: &Row, caller: Caller) -> Answer {
        let certificate = self.certificate(caller);
        self.master.send_as(certificate, row.request()).await
    }

    fn certificate(&self, caller: Caller) -> Option<&[u8]> {
        let mut all = self.certificates.iter();
        let (_, certificate) = all.find(|(who, _)| *who == caller).unwrap();
        certificate.as_deref()
    }

    /// Sends a request without a body as somebody.
    pub(super) async fn send(&self, caller: Caller, request: http::request::Builder) -> Answer {
        self.send_with(caller, request, String::new()).await
    }

    /// Sends a request as somebody.
    pub(super) async fn send_with(
        &self,
        caller: Caller,
        request: http::request::Builder,
        body: String,
    ) -> Answer {
        let request = request.body(Body::from(body)).unwrap();
        let certificate = self.certificate(caller);
        self.master.send_as(certificate, request).await
    }

    /// Requests an instance as somebody, which must succeed.
    pub(super) async fn request(&self, caller: Caller, request: Request) -> Answer {
        let certificate = self.certificate(caller);
        let answer = self.master.request_as(certificate, request).await;
        answer.expect(200)
    }

    /// Makes a row's call on an open listener.
    pub(super) async fn call_openly(&self, row: &Row) -> Answer {
        self.master.send(row.request()).await
    }
}

async fn seed(master: &TestMaster) {
    let text = format!(
        "users:\n- reference: bob\n  functions: {{PROJ-1: [customer]}}\n\
         tokens:\n- {{value: {COMPUTER_TOKEN}, purpose: computer}}\n\
         - {{value: {USER_TOKEN}, purpose: user}}\n"
    );
    master.seed(&text).await;
}

/// Issues a certificate, in DER.
async fn issue(master: &TestMaster, subject: CertificateSubject) -> Vec<u8> {
    let issued = master.master.issue_certificate(subject).await.unwrap();
    der(&issued.certificate_pem)
}

/// The certificate that an instance has, in DER.
async fn present(master: &TestMaster, subject: &CertificateSubject) -> Vec<u8> {
    let filter = CertificateFilter {
        kind: Some(CertificateKind::Instance),
        subject: Some(subject.reference().to_owned()),
        status: None,
    };
    let found = master.master.certificates(&filter).await.unwrap();
    der(&found[0].pem)
}

/// A certificate of another master for the same user.
async fn foreign() -> Vec<u8> {
    let other = TestMaster::start().await;
    let user = CertificateSubject::User(UserReference::trusted("default-user".to_owned()));
    issue(&other, user).await
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes())
        .unwrap()
        .to_vec()
}
