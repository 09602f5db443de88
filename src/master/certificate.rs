//! Certificates of computers, software instances and persons: who gets one, who loses it
//! (`semantics.md` 9).
//!
//! Keys are made and certificates signed outside the transaction; what is kept of them is decided
//! in one, which looks at everything again. The first ones of instances are in
//! `first_certificate.rs`.

use super::{
    CertificateFilter, CertificatePair, CertificateView, Master, Missing, Result, Revoke,
    information::located, operation::Operation,
};
use crate::{
    domain::{
        caller::Caller,
        certificate::{CertificateKind, CertificateRefused, CertificateSerial, CertificateSubject},
        event::{About, EventKind},
        identifier::{ComputerReference, InstanceReference, PartitionAddress},
        permission::Right,
        state::{InstanceKind, PartitionState},
    },
    pki::Issued,
    store::{
        self,
        certificate::{Holder, InstancePair, NewCertificate, Tenant},
    },
};

impl Master {
    /// Gives a computer a certificate (`generateComputerCertificate`); its key is told once and
    /// not kept. Refused while the computer has one that counts.
    pub async fn generate_computer_certificate(
        &self,
        caller: Caller,
        computer: ComputerReference,
    ) -> Result<Issued> {
        let subject = CertificateSubject::Computer(computer.clone());
        self.0
            .operate(
                (caller.clone(), computer.clone()),
                |operation, (caller, computer)| {
                    Box::pin(operation.generate(caller, computer, None))
                },
            )
            .await?;
        let issued = self.0.authority.issue(&subject, self.0.clock.now())?;
        self.0
            .operate(
                (caller, computer, issued.clone()),
                |operation, (caller, computer, issued)| {
                    Box::pin(operation.generate(caller, computer, Some(issued)))
                },
            )
            .await?;
        Ok(issued)
    }

    /// Revokes the certificate of a computer (`revokeComputerCertificate`). Refused if it has none
    /// that counts.
    pub async fn revoke_computer_certificate(
        &self,
        caller: Caller,
        computer: ComputerReference,
    ) -> Result<()> {
        self.0
            .operate((caller, computer), |operation, (caller, computer)| {
                Box::pin(operation.revoke_of_computer(caller, computer))
            })
            .await
    }

    /// Certificate and key of the software instance on a partition
    /// (`getComputerPartitionCertificate`): those made with it, the same at each call, also once it
    /// ended and as long as it is on the partition.
    pub async fn instance_certificate(
        &self,
        caller: Caller,
        at: PartitionAddress,
    ) -> Result<CertificatePair> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, &caller).await?;
        let (_, partition) = located(&mut tx, &at).await?;
        let tenant = store::certificate::tenant(&mut tx, partition.id).await?;
        let nobody = Missing::InstanceOnPartition {
            busy: partition.state == PartitionState::Busy,
            at,
        };
        let Some(tenant) = tenant else {
            return Err(nobody.into());
        };
        self.0
            .demand_instance(&mut tx, &who, Right::Read, tenant.id, &tenant.reference)
            .await?;
        drop(tx);
        self.certificate_of(tenant, nobody).await
    }

    /// Certificate and key of the live software instance of this guid; a shared one has none.
    pub async fn certificate_by_guid(&self, caller: Caller, guid: &str) -> Result<CertificatePair> {
        let mut tx = self.0.store.read().await?;
        let who = self.0.identify(&mut tx, &caller).await?;
        let instance = self.0.known_instance(&mut tx, &who, guid).await?;
        drop(tx);
        let nobody = Missing::Instance(instance.reference.clone());
        if instance.kind == InstanceKind::Shared {
            return Err(nobody.into());
        }
        let tenant = Tenant {
            id: instance.id,
            reference: instance.reference,
            live: true,
        };
        self.certificate_of(tenant, nobody).await
    }

    async fn certificate_of(&self, tenant: Tenant, nobody: Missing) -> Result<CertificatePair> {
        let mut connection = self.0.store.glance().await?;
        let found = store::certificate::pair_of_instance(&mut connection, tenant.id).await?;
        drop(connection);
        if let Some(pair) = found {
            return Ok(pair.into());
        }
        // It could not be signed when the instance was made.
        if tenant.live {
            self.0
                .operate((tenant.id, tenant.reference), |operation, instance| {
                    Box::pin(operation.certify(instance))
                })
                .await?;
        }
        let mut connection = self.0.store.glance().await?;
        let pair = store::certificate::pair_of_instance(&mut connection, tenant.id).await?;
        Ok(pair.ok_or(nobody)?.into())
    }

    /// Gives a subject a certificate, whoever asks. Refused while a computer or instance has one
    /// that counts; a person may have any number.
    pub async fn issue_certificate(&self, subject: CertificateSubject) -> Result<Issued> {
        self.0
            .operate(subject.clone(), |operation, subject| {
                Box::pin(operation.issue(subject, None))
            })
            .await?;
        let issued = self.0.authority.issue(&subject, self.0.clock.now())?;
        self.0
            .operate((subject, issued.clone()), |operation, (subject, issued)| {
                Box::pin(operation.issue(subject, Some(issued)))
            })
            .await?;
        Ok(issued)
    }

    /// Revokes certificates, whoever asks: the one of this serial number, or all of a subject that
    /// count. Answers what is revoked by that; of a serial number also when it was so before, and
    /// nothing when there is none.
    pub async fn revoke_certificates(&self, which: Revoke) -> Result<Vec<CertificateView>> {
        self.0
            .operate(which, |operation, which| Box::pin(operation.revoke(which)))
            .await
    }

    /// The certificates that the filter lets through, oldest first.
    pub async fn certificates(&self, filter: &CertificateFilter) -> Result<Vec<CertificateView>> {
        let now = self.0.clock.now();
        let mut connection = self.0.store.glance().await?;
        let subject = filter.subject.as_deref();
        let found = store::certificate::list(&mut connection, filter.kind, subject).await?;
        Ok(found
            .into_iter()
            .map(|certificate| CertificateView::at(now, certificate))
            .filter(|view| filter.status.is_none_or(|status| view.status == status))
            .collect())
    }

    /// How many certificates count at this moment, by the world's clock.
    pub async fn count_valid_certificates(&self) -> Result<i64> {
        let mut connection = self.0.store.glance().await?;
        let now = self.0.clock.now();
        Ok(store::certificate::count_valid(&mut connection, now).await?)
    }

    /// The certificate of this serial number, if one was issued.
    pub async fn certificate(&self, serial: &CertificateSerial) -> Result<Option<CertificateView>> {
        let now = self.0.clock.now();
        let mut connection = self.0.store.glance().await?;
        let found = store::certificate::by_serial(&mut connection, serial).await?;
        Ok(found.map(|certificate| CertificateView::at(now, certificate)))
    }
}

/// What the certificate of a subject is about.
fn about(subject: &CertificateSubject) -> About {
    about_named(subject.kind(), subject.reference())
}

fn about_named(kind: CertificateKind, name: &str) -> About {
    match kind {
        CertificateKind::Computer => About::computer(&ComputerReference::trusted(name.to_owned())),
        CertificateKind::Instance => About {
            instance: Some(InstanceReference::trusted(name.to_owned())),
            ..About::default()
        },
        CertificateKind::User | CertificateKind::Server => About::default(),
    }
}

impl From<InstancePair> for CertificatePair {
    fn from(pair: InstancePair) -> Self {
        Self {
            certificate_pem: pair.certificate_pem,
            key_pem: pair.key_pem,
            changed_at: pair.changed_at,
        }
    }
}

impl Operation<'_> {
    async fn generate(
        &mut self,
        caller: &Caller,
        computer: &ComputerReference,
        issued: Option<&Issued>,
    ) -> Result<()> {
        let who = self.identify(caller).await?;
        self.demand_computer(&who, computer).await?;
        let subject = CertificateSubject::Computer(computer.clone());
        self.issue(&subject, issued).await
    }

    /// Keeps what was issued to a subject, or looks whether anything may be.
    async fn issue(&mut self, subject: &CertificateSubject, issued: Option<&Issued>) -> Result<()> {
        let holder = match subject {
            CertificateSubject::Computer(reference) => {
                Holder::Computer(self.computer(reference).await?.id)
            }
            CertificateSubject::Instance(reference) => {
                let instance = store::instance::live_by_reference(self.tx, reference).await?;
                let software = instance.filter(|i| i.kind == InstanceKind::Software);
                Holder::Instance(
                    software
                        .ok_or_else(|| Missing::Instance(reference.clone()))?
                        .id,
                )
            }
            CertificateSubject::User(reference) => {
                let user = store::lookup::user(self.tx, reference).await?;
                Holder::User(user.ok_or_else(|| Missing::User(reference.clone()))?.id)
            }
        };
        self.check_none_active(holder, subject).await?;
        match issued {
            Some(issued) => self.keep_certificate(holder, subject, issued).await,
            None => Ok(()),
        }
    }

    /// Refuses a second certificate beside one that counts, except to persons.
    pub(super) async fn check_none_active(
        &mut self,
        holder: Holder,
        subject: &CertificateSubject,
    ) -> Result<()> {
        let refused = match subject {
            CertificateSubject::Computer(reference) => {
                CertificateRefused::StillActive(reference.clone())
            }
            CertificateSubject::Instance(reference) => {
                CertificateRefused::InstanceStillActive(reference.clone())
            }
            CertificateSubject::User(_) => return Ok(()),
        };
        if store::certificate::has_active(self.tx, holder, self.now).await? {
            return Err(refused.into());
        }
        Ok(())
    }

    /// Keeps a certificate; the key only of an instance's, which is handed out again.
    pub(super) async fn keep_certificate(
        &mut self,
        holder: Holder,
        subject: &CertificateSubject,
        issued: &Issued,
    ) -> Result<()> {
        let key_pem = match holder {
            Holder::Instance(_) => Some(&issued.key_pem),
            Holder::Computer(_) | Holder::User(_) => None,
        };
        let new = NewCertificate {
            key_pem,
            ..self.new_certificate(issued)
        };
        store::certificate::insert(self.tx, holder, &new).await?;
        self.issued_event(subject, issued);
        Ok(())
    }

    pub(super) fn new_certificate<'i>(&self, issued: &'i Issued) -> NewCertificate<'i> {
        NewCertificate {
            serial: &issued.serial,
            common_name: &issued.common_name,
            pem: &issued.certificate_pem,
            key_pem: Some(&issued.key_pem),
            validity: issued.validity,
            issued_at: self.now,
        }
    }

    pub(super) fn issued_event(&mut self, subject: &CertificateSubject, issued: &Issued) {
        let serial = &issued.serial;
        let text = format!("certificate {serial} was issued to {subject}");
        let issued = EventKind::CertificateIssued;
        self.event(issued, subject.reference(), about(subject), text);
    }

    async fn revoke_of_computer(
        &mut self,
        caller: &Caller,
        reference: &ComputerReference,
    ) -> Result<()> {
        let who = self.identify(caller).await?;
        self.demand_computer(&who, reference).await?;
        let holder = Holder::Computer(self.computer(reference).await?.id);
        let revoked = self.revoke_active(holder, reference.as_str()).await?;
        if revoked.is_empty() {
            return Err(CertificateRefused::NoneActive(reference.clone()).into());
        }
        Ok(())
    }

    /// Revokes what a holder has that counts.
    pub(super) async fn revoke_active(
        &mut self,
        holder: Holder,
        reference: &str,
    ) -> Result<Vec<CertificateSerial>> {
        let revoked = store::certificate::revoke_active(self.tx, holder, self.now).await?;
        let about = match holder {
            Holder::Computer(_) => {
                About::computer(&ComputerReference::trusted(reference.to_owned()))
            }
            Holder::Instance(id) => store::instance::about(self.tx, id).await?,
            Holder::User(_) => About::default(),
        };
        for serial in &revoked {
            self.revoked_event(reference, about.clone(), serial);
        }
        Ok(revoked)
    }

    fn revoked_event(&mut self, reference: &str, about: About, serial: &CertificateSerial) {
        self.credentials_changed();
        let text = format!("certificate {serial} was revoked");
        self.event(EventKind::CertificateRevoked, reference, about, text);
    }

    async fn revoke(&mut self, which: &Revoke) -> Result<Vec<CertificateView>> {
        let serials = match which {
            Revoke::Serial(serial) => {
                let known = store::certificate::by_serial(self.tx, serial).await?;
                if let Some(known) = known.filter(|known| known.revoked_at.is_none()) {
                    store::certificate::revoke(self.tx, serial, self.now).await?;
                    let name = &known.common_name;
                    self.revoked_event(name, about_named(known.kind, name), serial);
                }
                vec![serial.clone()]
            }
            Revoke::Subject(subject) => {
                let holder = store::certificate::holder(self.tx, subject).await?;
                let holder = holder.ok_or_else(|| match subject {
                    CertificateSubject::Computer(reference) => Missing::Computer(reference.clone()),
                    CertificateSubject::Instance(reference) => Missing::Instance(reference.clone()),
                    CertificateSubject::User(reference) => Missing::User(reference.clone()),
                })?;
                self.revoke_active(holder, subject.reference()).await?
            }
        };
        let mut views = Vec::new();
        for serial in serials {
            let found = store::certificate::by_serial(self.tx, &serial).await?;
            views.extend(found.map(|certificate| CertificateView::at(self.now, certificate)));
        }
        Ok(views)
    }
}
