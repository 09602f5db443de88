//! Certificates and tokens of a [`TestWorld`].

use rustls::pki_types::{CertificateDer, pem::PemObject};
use slapmaster::{
    domain::{
        caller::{Caller, Credential},
        certificate::{CertificateSerial, CertificateStatus},
        identifier::PartitionAddress,
        secret::Secret,
        token::{NewToken, TOKEN_LIFETIME_S, TokenPurpose, TokenUse},
    },
    master::{
        CertificateFilter, CertificatePair, CertificateView, Issued, Registration, Result,
        UserCertificateOutcome,
    },
};

use super::{TestWorld, computer, title};

/// A token for a purpose, to be used once within a day, in the default user's name.
pub(crate) fn token(value: &str, purpose: TokenPurpose) -> NewToken {
    NewToken {
        value: Some(Secret::new(value.to_owned())),
        purpose,
        user: None,
        project: None,
        lifetime_s: TOKEN_LIFETIME_S,
        uses: TokenUse::Once,
    }
}

impl TestWorld {
    /// Gives a computer a certificate.
    pub(crate) async fn generate(&self, reference: &str) -> Result<Issued> {
        let caller = Caller::Computer(computer(reference));
        self.master
            .generate_computer_certificate(caller, computer(reference))
            .await
    }

    /// Revokes the certificate of a computer.
    pub(crate) async fn revoke(&self, reference: &str) -> Result<()> {
        let caller = Caller::Computer(computer(reference));
        self.master
            .revoke_computer_certificate(caller, computer(reference))
            .await
    }

    /// The pair of the instance on a partition.
    pub(crate) async fn pair(&self, at: &PartitionAddress) -> Result<CertificatePair> {
        let caller = Caller::Computer(at.computer.clone());
        self.master.instance_certificate(caller, at.clone()).await
    }

    /// The serial number of a certificate that the world's authority signed.
    pub(crate) fn serial(&self, pem: &str) -> CertificateSerial {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let credential = self.master.recognise(&der);
        let Credential::Certificate(serial) = credential else {
            panic!("{credential:?}");
        };
        serial
    }

    /// What a certificate is at present.
    pub(crate) async fn certificate_status(&self, pem: &str) -> CertificateStatus {
        let serial = self.serial(pem);
        self.master
            .certificate(&serial)
            .await
            .unwrap()
            .unwrap()
            .status
    }

    /// The certificates of a subject, oldest first.
    pub(crate) async fn certificates_of(&self, subject: &str) -> Vec<CertificateView> {
        let filter = CertificateFilter {
            subject: Some(subject.to_owned()),
            ..CertificateFilter::default()
        };
        self.master.certificates(&filter).await.unwrap()
    }

    /// How many tokens were spent and certificates issued.
    pub(crate) async fn tokens_and_certificates(&self) -> usize {
        let query = "SELECT (SELECT count(*) FROM token WHERE used_us IS NOT NULL)
                     + (SELECT count(*) FROM certificate)";
        self.text(query).await.parse().unwrap()
    }

    /// Makes a token.
    pub(crate) async fn add_token(&self, new: NewToken) {
        self.master.make_token(new).await.unwrap();
    }

    /// Registers a computer with a token.
    pub(crate) async fn register(&self, token: &str, name: &str) -> Registration {
        let token = Some(Secret::new(token.to_owned()));
        let registered = self.master.register_computer(token, title(name)).await;
        registered.unwrap()
    }

    /// Registers a computer, which is to succeed.
    pub(crate) async fn registered(&self, token: &str, name: &str) -> (String, Issued) {
        let registered = self.register(token, name).await;
        let Registration::Registered { reference, issued } = registered else {
            panic!("{registered:?}");
        };
        (reference.to_string(), issued)
    }

    /// Asks for a person's certificate with a token.
    pub(crate) async fn user_certificate(&self, token: &str) -> UserCertificateOutcome {
        let token = Some(Secret::new(token.to_owned()));
        self.master.issue_user_certificate(token).await.unwrap()
    }
}
