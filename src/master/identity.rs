//! Who calls: from a credential to the person, computer or instance behind it.
//!
//! What a certificate is worth is a fact in the database, looked up for each call. Those that
//! count are remembered, because a fleet polls all day; the one invariant is that everything
//! remembered is forgotten by the commit that lets any certificate end, before that commit is
//! answered. Time is looked at each time.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{Master, MasterError, Result, World};
use crate::{
    domain::{
        behaviour::AuthRevoked,
        caller::{Caller, Credential},
        certificate::{CertificateSerial, CertificateStatus, CertificateSubject, Validity},
        permission::{CredentialRefused, Identity},
        time::Timestamp,
    },
    store::{self, access::Shown},
};

/// How many certificates are remembered; beyond that, all are looked up anew.
const MOST_KEPT: usize = 4096;

/// Who calls, where that is proven; nobody in particular on an open listener.
pub(super) type Proven = Option<Arc<Identity>>;

/// The certificates that were found to count.
#[derive(Debug, Default)]
pub(super) struct Identities(RwLock<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// How often everything was forgotten.
    revision: u64,
    by_serial: HashMap<CertificateSerial, (Validity, Arc<Identity>)>,
}

impl Identities {
    fn find(&self, serial: &CertificateSerial, now: Timestamp) -> Option<Arc<Identity>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (validity, identity) = kept.by_serial.get(serial)?;
        let counts = CertificateStatus::at(now, *validity, None) == CertificateStatus::Valid;
        counts.then(|| Arc::clone(identity))
    }

    fn revision(&self) -> u64 {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        kept.revision
    }

    /// Remembers what was looked up after `revision` was read.
    fn keep(
        &self,
        revision: u64,
        serial: &CertificateSerial,
        validity: Validity,
        identity: &Arc<Identity>,
    ) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.revision != revision {
            return;
        }
        if kept.by_serial.len() >= MOST_KEPT {
            kept.by_serial.clear();
        }
        kept.by_serial
            .insert(serial.clone(), (validity, Arc::clone(identity)));
    }

    /// Forgets everything: some certificate, or what it is of, may have ended.
    pub(super) fn forget(&self) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        kept.revision += 1;
        kept.by_serial.clear();
    }
}

/// Why a client certificate is refused in the handshake, under `auth.revoked` at `handshake`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeRefusal {
    /// This world did not issue it.
    UnknownIssuer,
    /// Its time has not come.
    NotYetValid,
    /// Its time is over.
    Expired,
    /// It was revoked, or what it is of has ended.
    Revoked,
}

impl Master {
    /// Who calls; on an open listener the default user. Nobody: [`MasterError::Unauthenticated`].
    pub async fn who_is(&self, caller: &Caller) -> Result<CertificateSubject> {
        if matches!(caller, Caller::Certified(_)) {
            let mut connection = self.0.store.glance().await?;
            if let Some(identity) = self.0.identify(&mut connection, caller).await? {
                return Ok(match &*identity {
                    Identity::User { reference, .. } => CertificateSubject::User(reference.clone()),
                    Identity::Computer { reference, .. } => {
                        CertificateSubject::Computer(reference.clone())
                    }
                    Identity::Instance { reference, .. } => {
                        CertificateSubject::Instance(reference.clone())
                    }
                });
            }
        }
        Ok(CertificateSubject::User(
            self.0.default_user.reference.clone(),
        ))
    }

    /// The reference of who calls, if it is remembered: for logs.
    pub fn remembered(&self, caller: &Caller) -> Option<String> {
        let identity = self.0.remembered_identity(caller)?;
        Some(identity.reference().to_owned())
    }

    /// Whether a client certificate can fail a handshake in this world.
    pub fn judges_handshakes(&self) -> bool {
        self.behaviour().auth_revoked == AuthRevoked::Handshake
    }

    /// Whether a client certificate, in DER, lets a handshake pass: any does, unless
    /// `auth.revoked` is `handshake`.
    pub async fn check_handshake(&self, der: &[u8]) -> std::result::Result<(), HandshakeRefusal> {
        if !self.judges_handshakes() {
            return Ok(());
        }
        let caller = Caller::Certified(self.recognise(der));
        match self.who_is(&caller).await {
            Err(MasterError::Unauthenticated(refused)) => Err(match refused {
                CredentialRefused::Missing
                | CredentialRefused::Foreign
                | CredentialRefused::Unknown => HandshakeRefusal::UnknownIssuer,
                CredentialRefused::NotYetValid => HandshakeRefusal::NotYetValid,
                CredentialRefused::Expired => HandshakeRefusal::Expired,
                CredentialRefused::Revoked | CredentialRefused::SubjectGone => {
                    HandshakeRefusal::Revoked
                }
            }),
            // What else is wrong is said by the answer to the first request.
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

impl World {
    /// Who calls, if memory knows that.
    pub(super) fn remembered_identity(&self, caller: &Caller) -> Proven {
        match caller {
            Caller::Certified(Credential::Certificate(serial)) => {
                self.identities.find(serial, self.clock.now())
            }
            Caller::Certified(_)
            | Caller::DefaultUser
            | Caller::Computer(_)
            | Caller::Instance(_)
            | Caller::Simulated(_) => None,
        }
    }

    /// Who calls, where that has to be proven.
    pub(super) async fn identify(
        &self,
        connection: &mut store::Connection,
        caller: &Caller,
    ) -> Result<Proven> {
        let credential = match caller {
            Caller::Certified(credential) => credential,
            Caller::Simulated(computer) => {
                let row = store::computer::live(connection, computer).await?;
                let id = row.ok_or(CredentialRefused::SubjectGone)?.id;
                let reference = computer.clone();
                return Ok(Some(Arc::new(Identity::Computer { id, reference })));
            }
            Caller::DefaultUser | Caller::Computer(_) | Caller::Instance(_) => return Ok(None),
        };
        let refused = match credential {
            Credential::None => CredentialRefused::Missing,
            Credential::Foreign => CredentialRefused::Foreign,
            Credential::Certificate(serial) => {
                return self.identify_serial(connection, serial).await.map(Some);
            }
            Credential::Name(name) => {
                return self.identify_name(connection, name).await.map(Some);
            }
        };
        Err(refused.into())
    }

    async fn identify_serial(
        &self,
        connection: &mut store::Connection,
        serial: &CertificateSerial,
    ) -> Result<Arc<Identity>> {
        if let Some(identity) = self.identities.find(serial, self.clock.now()) {
            return Ok(identity);
        }
        let revision = self.identities.revision();
        let shown = store::access::shown(connection, serial)
            .await?
            .ok_or(CredentialRefused::Unknown)?;
        let identity = Arc::new(self.worth(connection, &shown).await?);
        // One that counts only for a while longer is looked up each time.
        if shown.revoked_at.is_none() {
            self.identities
                .keep(revision, serial, shown.validity, &identity);
        }
        Ok(identity)
    }

    /// Who a name leads to: as in production, only one with a certificate that counts.
    async fn identify_name(
        &self,
        connection: &mut store::Connection,
        name: &str,
    ) -> Result<Arc<Identity>> {
        let mut refused = CredentialRefused::Unknown.into();
        for (place, shown) in store::access::shown_by_name(connection, name)
            .await?
            .iter()
            .enumerate()
        {
            match self.worth(connection, shown).await {
                Ok(identity) => return Ok(Arc::new(identity)),
                // What is wrong with the newest is what its holder wants to know.
                Err(error) if place == 0 => refused = error,
                Err(_) => {}
            }
        }
        Err(refused)
    }

    async fn worth(&self, connection: &mut store::Connection, shown: &Shown) -> Result<Identity> {
        let refused = match CertificateStatus::at(
            self.clock.now(),
            shown.validity,
            self.effective_revocation(shown.revoked_at),
        ) {
            CertificateStatus::Valid => {
                let found = match shown.subject {
                    None => None,
                    Some(subject) => store::access::identity(connection, subject).await?,
                };
                return found.ok_or_else(|| CredentialRefused::SubjectGone.into());
            }
            CertificateStatus::NotYetValid => CredentialRefused::NotYetValid,
            CertificateStatus::Expired => CredentialRefused::Expired,
            CertificateStatus::Revoked => CredentialRefused::Revoked,
        };
        Err(refused.into())
    }

    /// When a certificate was revoked, as far as that counts already (C.7).
    fn effective_revocation(&self, revoked_at: Option<Timestamp>) -> Option<Timestamp> {
        let behaviour = self.behaviour();
        let window = behaviour.auth_stale_window_s.saturating_mul(1_000_000);
        revoked_at.filter(|revoked_at| match behaviour.auth_revoked {
            AuthRevoked::Status | AuthRevoked::Handshake => true,
            AuthRevoked::Stale => self.clock.now() >= revoked_at.plus_micros(window),
        })
    }
}
