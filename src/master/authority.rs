//! The world's certificate authority: where it comes from, what it recognises, the list of what
//! was revoked, and the server's own certificate.

use std::{path::PathBuf, sync::Arc};

use super::{Master, Result, World, open::Unopened, operation::Operation};
use crate::{
    domain::{
        caller::Credential,
        certificate::Validity,
        event::{About, EventKind},
        record::GivenAuthority,
        secret::Secret,
        time::Timestamp,
    },
    pki::{self, Authority, Crl, Issued, RevocationList},
    store::{self, OpenError, WriteTx, certificate::NewCertificate},
};

const DAY_MICROS: i64 = 86_400 * 1_000_000;
/// How long the server's certificate must last to be used again.
const SERVER_REST_MICROS: i64 = 30 * DAY_MICROS;

/// Where a world's certificate authority comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AuthoritySource {
    /// It is made when the world is, and kept in its database.
    #[default]
    World,
    /// It is in this directory, or is put there if that has none.
    Directory(PathBuf),
    /// It is this one, unless the world has one in its database.
    Given(GivenAuthority),
}

impl AuthoritySource {
    /// An authority as it would be kept, or why these cannot be its certificate and key.
    pub fn checked(given: &GivenAuthority) -> std::result::Result<GivenAuthority, String> {
        let read = Authority::from_pem(&given.certificate_pem, given.key_pem.expose());
        let authority = read.map_err(|error| error.to_string())?;
        Ok(GivenAuthority {
            certificate_pem: authority.certificate_pem().to_owned(),
            key_pem: authority.key_pem(),
        })
    }
}

/// The server's certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCertificate {
    /// The certificate, then the authority's.
    pub chain_pem: String,
    /// The key, PKCS#8 in PEM form.
    pub key_pem: Secret,
}

fn refused(source: impl std::error::Error + Send + Sync + 'static) -> OpenError {
    OpenError::Authority {
        source: Box::new(source),
    }
}

/// The authority of a world that is being opened, which is `kept` in its database as certificate and
/// key; one that is found or made elsewhere is kept there from now on.
pub(super) async fn open(
    tx: &mut WriteTx,
    kept: Option<(String, Secret)>,
    source: &AuthoritySource,
    now: Timestamp,
) -> std::result::Result<Authority, Unopened> {
    let kept = kept
        .map(|(certificate, key)| Authority::from_pem(&certificate, key.expose()))
        .transpose()
        .map_err(refused)?;
    let is_kept = kept.is_some();
    let authority = found(source, kept, now)?;
    if !is_kept {
        let key = authority.key_pem();
        store::authority::write(tx, authority.certificate_pem(), &key).await?;
    }
    Ok(authority)
}

/// The authority of a world: the one that is kept, or found or made elsewhere.
pub(super) fn found(
    source: &AuthoritySource,
    kept: Option<Authority>,
    now: Timestamp,
) -> std::result::Result<Authority, OpenError> {
    Ok(match (source, kept) {
        (AuthoritySource::World | AuthoritySource::Given(_), Some(kept)) => kept,
        (AuthoritySource::Given(given), None) => {
            Authority::from_pem(&given.certificate_pem, given.key_pem.expose()).map_err(refused)?
        }
        (AuthoritySource::World, None) => Authority::create(now).map_err(refused)?,
        (AuthoritySource::Directory(path), kept) => {
            pki::directory::open(path, kept.as_ref(), now).map_err(refused)?
        }
    })
}

/// Tells authorities apart. Two are equal only if they are the same one.
#[derive(Debug, Clone)]
pub struct AuthorityMark(Arc<Authority>);

impl PartialEq for AuthorityMark {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for AuthorityMark {}

impl Master {
    /// What tells the world's authority from others.
    pub fn authority_mark(&self) -> AuthorityMark {
        AuthorityMark(Arc::clone(&self.0.authority))
    }

    /// Whether the world's authority issued this client certificate, in DER.
    pub fn issued(&self, der: &[u8]) -> bool {
        self.0.authority.recognise(der).is_some()
    }

    /// The certificate of the world's authority, for clients to trust.
    pub fn authority_certificate_pem(&self) -> &str {
        self.0.authority.certificate_pem()
    }

    /// What a client certificate shows of its holder. Whether it counts is looked up at each call.
    pub fn recognise(&self, der: &[u8]) -> Credential {
        self.0
            .authority
            .recognise(der)
            .map_or(Credential::Foreign, Credential::Certificate)
    }

    /// The list of what was revoked and is not past its time, by the world's clock. Its number is
    /// how many certificates were ever revoked; the next one comes within a day.
    pub async fn revocation_list(&self) -> Result<Crl> {
        let now = self.0.clock.now();
        let mut tx = self.0.store.read().await?;
        let number = store::certificate::count_revoked(&mut tx).await?;
        let revoked = store::certificate::revoked(&mut tx, now).await?;
        drop(tx);
        let list = RevocationList {
            number: u64::try_from(number).unwrap_or_default(),
            this_update: now,
            next_update: now.plus_micros(DAY_MICROS),
            revoked,
        };
        Ok(self.0.authority.revocation_list(&list)?)
    }

    /// The server's certificate for these host names and addresses: the one of the last time while
    /// the names are the same and it lasts another thirty days.
    pub async fn server_certificate(&self, names: Vec<String>) -> Result<ServerCertificate> {
        let now = self.0.clock.now();
        let mut connection = self.0.store.glance().await?;
        let kept = store::certificate::server(&mut connection).await?;
        drop(connection);
        if let Some(kept) = kept.filter(|kept| kept.names == names && lasts(kept.validity, now)) {
            return Ok(self.0.with_chain(&kept.pem, kept.key_pem));
        }
        let issued = self.0.authority.issue_server(&names, now)?;
        let answer = self
            .0
            .with_chain(&issued.certificate_pem, issued.key_pem.clone());
        self.0
            .operate((names, issued), |operation, (names, issued)| {
                Box::pin(operation.keep_server_certificate(names, issued))
            })
            .await?;
        Ok(answer)
    }
}

fn lasts(validity: Validity, now: Timestamp) -> bool {
    validity.not_before <= now && validity.not_after.micros_since(now) >= SERVER_REST_MICROS
}

impl World {
    fn with_chain(&self, certificate_pem: &str, key_pem: Secret) -> ServerCertificate {
        ServerCertificate {
            chain_pem: format!("{certificate_pem}{}", self.authority.certificate_pem()),
            key_pem,
        }
    }
}

impl Operation<'_> {
    async fn keep_server_certificate(&mut self, names: &[String], issued: &Issued) -> Result<()> {
        let new = NewCertificate {
            serial: &issued.serial,
            common_name: &issued.common_name,
            pem: &issued.certificate_pem,
            key_pem: Some(&issued.key_pem),
            validity: issued.validity,
            issued_at: self.now,
        };
        store::certificate::insert_server(self.tx, names, &new).await?;
        self.event(
            EventKind::CertificateIssued,
            &issued.common_name,
            About::default(),
            format!(
                "certificate {} was issued to the server for {}",
                issued.serial,
                names.join(", ")
            ),
        );
        Ok(())
    }
}
