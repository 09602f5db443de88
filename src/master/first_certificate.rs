//! The first certificates of software instances: every one gets its own in the operation that makes
//! it (`semantics.md` 9.4).
//!
//! Those of many instances are signed by all cores, beside what the operation has to do meanwhile.
//! Start with [`Operation::made`].

use std::{collections::VecDeque, pin::Pin, sync::Arc};

use super::{Result, operation::Operation};
use crate::{
    domain::{certificate::CertificateSubject, identifier::InstanceReference, time::Timestamp},
    pki::{Authority, Issued, PkiError},
    store,
};

/// How many are signed and kept at a time.
const BATCH: usize = 256;
/// How many are signed by the thread that waits for the database before others would be at it.
const FEW: usize = 16;

/// A software instance that was made: its row and its reference.
pub(super) type Made = (i64, InstanceReference);

/// Certificates with the rows of the instances that they are for.
type Signed = std::result::Result<Vec<(i64, InstanceReference, Issued)>, PkiError>;

/// What an operation has to do yet for the instances that it made.
#[derive(Default)]
pub(super) struct FirstCertificates {
    /// Those whose certificates nobody signs yet.
    made: VecDeque<Made>,
    /// Whether that is done in another operation.
    is_put_off: bool,
    /// Those whose certificates are being signed.
    signing: Option<Pin<Box<dyn Future<Output = Signed> + Send>>>,
}

impl FirstCertificates {
    /// Signs the certificates of the first instances that were made, while somebody else is at work:
    /// few of them here and now.
    pub(super) fn sign(&mut self, authority: &Arc<Authority>, now: Timestamp) {
        if (1..=FEW).contains(&self.made.len()) {
            let signed = sign_all(authority, self.made.drain(..).collect(), now);
            self.signing = Some(Box::pin(std::future::ready(signed)));
        } else {
            self.begin(authority, now);
        }
    }

    fn begin(&mut self, authority: &Arc<Authority>, now: Timestamp) {
        if self.signing.is_none() && !self.made.is_empty() && !self.is_put_off {
            let batch = self.made.drain(..self.made.len().min(BATCH)).collect();
            self.signing = Some(signed(authority, batch, now));
        }
    }
}

impl Operation<'_> {
    /// A software instance was made, which needs a certificate.
    pub(super) fn made(&mut self, id: i64, reference: &InstanceReference) {
        self.firsts.made.push_back((id, reference.clone()));
    }

    /// Lets the certificates of instances that were made be signed from now on.
    pub(super) fn sign_ahead(&mut self) {
        self.firsts.begin(&self.world.authority, self.now);
    }

    /// Leaves the certificates of the instances that are made to another operation.
    pub(super) fn put_certificates_off(&mut self) {
        self.firsts.is_put_off = true;
    }

    /// The instances that were made, whose certificates were put off.
    pub(super) fn uncertified(&self) -> Vec<Made> {
        self.firsts.made.iter().cloned().collect()
    }

    /// Gives the instances that were made their certificates. That one cannot be signed is not the
    /// failure of who made the instance: who asks for the certificate tries again.
    pub(super) async fn certify_made(&mut self) -> Result<()> {
        self.sign_ahead();
        while let Some(signing) = self.firsts.signing.take() {
            let signed = signing.await;
            // The next ones are signed while these are kept.
            self.sign_ahead();
            match signed {
                Ok(signed) => self.keep_first_certificates(&signed).await?,
                Err(error) => tracing::warn!(
                    error = &error as &(dyn std::error::Error + 'static),
                    "software instances are without a certificate"
                ),
            }
        }
        Ok(())
    }

    /// Gives a software instance that has no certificate its first one.
    pub(super) async fn certify(&mut self, made: &Made) -> Result<()> {
        let signed = sign_all(&self.world.authority, vec![made.clone()], self.now)?;
        self.keep_first_certificates(&signed).await
    }

    async fn keep_first_certificates(
        &mut self,
        all: &[(i64, InstanceReference, Issued)],
    ) -> Result<()> {
        let new: Vec<_> = all
            .iter()
            .map(|(id, _, issued)| (*id, self.new_certificate(issued)))
            .collect();
        let given = store::certificate::insert_first(self.tx, &new).await?;
        for (id, reference, issued) in all {
            if given.contains(id) {
                let subject = CertificateSubject::Instance(reference.clone());
                self.issued_event(&subject, issued);
            }
        }
        Ok(())
    }
}

/// The certificates of these instances. Those of several are signed from now on, whether it is
/// awaited or not; a single one is done before another thread has woken up.
fn signed(
    authority: &Arc<Authority>,
    made: Vec<Made>,
    now: Timestamp,
) -> Pin<Box<dyn Future<Output = Signed> + Send>> {
    let authority = Arc::clone(authority);
    if made.len() == 1 {
        return Box::pin(async move { sign_all(&authority, made, now) });
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let shares = made.chunks(made.len().div_ceil(threads)).map(<[_]>::to_vec);
    let begun: Vec<_> = shares
        .map(|share| {
            let authority = Arc::clone(&authority);
            tokio::task::spawn_blocking(move || sign_all(&authority, share, now))
        })
        .collect();
    Box::pin(async move {
        let mut all = Vec::with_capacity(made.len());
        for share in begun {
            all.extend(share.await.unwrap_or(Err(PkiError::Interrupted))?);
        }
        Ok(all)
    })
}

fn sign_all(authority: &Authority, made: Vec<Made>, now: Timestamp) -> Signed {
    made.into_iter()
        .map(|(id, reference)| {
            let subject = CertificateSubject::Instance(reference.clone());
            let issued = authority.issue(&subject, now)?;
            Ok((id, reference, issued))
        })
        .collect()
}
