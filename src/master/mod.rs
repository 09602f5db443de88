//! The operations of a master: what every front calls.
//!
//! One function an operation, each in one transaction: load, decide through `domain`, save,
//! commit, then tell the world what changed. The room knows no XML, no JSON shape, no status code.
//! Start with [`Master`]; a request's way is in `request.rs`, then `allocate.rs`.

mod access;
mod allocate;
mod authority;
mod background;
mod bang;
mod cascade;
mod certificate;
mod clock;
mod configured;
mod connection;
mod document;
mod error;
mod export;
mod first_certificate;
mod forest;
mod format;
mod forwarding;
mod identity;
mod information;
mod make;
mod open;
mod operation;
mod project;
mod pulse;
mod record;
mod registration;
mod rename;
mod repeat;
mod report;
mod request;
mod round;
mod search;
mod seed;
mod simulate;
mod snapshot;
mod software;
mod standing;
mod token;
mod told;
mod view;

use std::{
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
};

pub use access::ComputerReader;
pub use authority::{AuthorityMark, AuthoritySource, ServerCertificate};
pub use background::{BackgroundReading, MOST_ROUNDS, Settled};
pub use clock::MOST_MOMENTS;
pub use configured::{IsFile, ReleaseMove};
pub use connection::Published;
pub use document::DocumentName;
pub use error::{MasterError, Missing};
pub use forwarding::UnknownRequest;
pub use identity::HandshakeRefusal;
pub use open::WorldSettings;
use pulse::Noted;
pub use registration::{Registration, UserCertificateOutcome};
pub use report::{InstanceReport, ReportOutcome};
pub use request::RequestOutcome;
pub use search::{Found, News, Query, WithNews};
pub use seed::Seeded;
pub use simulate::{
    FailureOrder, InstanceWork, Scale, Scaled, SimulatedView, SoftwareWork, Turn, WhatFailed,
    WorkView,
};
pub use snapshot::{Baseline, Memory, Snapshot};
pub use software::SupplyOutcome;
pub use view::{
    CertificateFilter, CertificatePair, CertificateView, ComputerView, InstanceView,
    ListedInstance, OccupantView, PartitionView, RequestedView, Revoke, SharedView,
};

use crate::{
    domain::{
        behaviour::Behaviour,
        event::{About, EventKind},
        forwarding::OtherMaster,
        identifier::{ComputerReference, ProjectReference, UserReference},
        permission::Function,
        request_id::RequestId,
        status::{AccessStatus, StatusSubject},
        time::Timestamp,
    },
    mock::{
        clock::Clock,
        faults::Faults,
        journal::{self, Event, Journal},
        metrics::{self, Metrics},
        simulate::Simulation,
    },
    pki::Authority,
    store::{Store, lookup::Named},
};
pub use crate::{
    pki::{Crl, Issued},
    store::{OpenError, Spares},
};

/// What an operation answers.
pub type Result<T> = std::result::Result<T, MasterError>;

/// A world: one complete, isolated master. Clones are handles on the same one.
#[derive(Debug, Clone)]
pub struct Master(Arc<World>);

#[derive(Debug)]
struct World {
    store: Store,
    spares: Spares,
    clock: Clock,
    journal: Journal,
    faults: Faults,
    simulation: Simulation,
    metrics: Metrics,
    /// Its place among the worlds that are open.
    _place: metrics::Place,
    behaviour: RwLock<Arc<Behaviour>>,
    pulses: pulse::Pulses,
    repeats: repeat::Repeats,
    identities: identity::Identities,
    random: Mutex<fastrand::Rng>,
    run_id: String,
    seed: u64,
    background: background::Background,
    default_user: Named<UserReference>,
    default_project: Named<ProjectReference>,
    default_computer: Option<ComputerReference>,
    other_masters: Vec<OtherMaster>,
    authority: Arc<Authority>,
    /// The world that came into the place of this one, in the same database.
    successor: OnceLock<Arc<World>>,
}

impl Master {
    /// Writes what is only in memory and closes the database, and those that are opened ahead for
    /// the worlds of the process. Operations fail afterwards.
    pub async fn close(&self) {
        if let Err(error) = self.write_contacts().await {
            tracing::error!(error = %error, "the last contacts could not be written");
        }
        self.0.store.close().await;
        self.0.spares.clear();
    }

    /// Removes a temporary database from the disk at once, without closing it: for a world whose
    /// time is over. A database that was named stays.
    pub fn abandon(&self) {
        self.0.journal.end();
        self.0.store.abandon();
    }

    /// The database file.
    pub fn database_path(&self) -> &Path {
        self.0.store.path()
    }

    /// The switches as they are now.
    pub fn behaviour(&self) -> Arc<Behaviour> {
        self.0.behaviour()
    }

    /// Replaces the switches. Meant for the time before the world is served: what was rendered
    /// under other switches is not rendered anew.
    pub fn set_behaviour(&self, behaviour: Behaviour) {
        let mut present = self
            .0
            .behaviour
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *present = Arc::new(behaviour);
        drop(present);
        self.0.background.unsettle(self.0.clock.now());
    }

    /// The world's clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What happened in the world.
    pub fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// What shall go wrong in the world.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// What counts what happens in the world, and in others of the process.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// A random text made when the world was opened, by which a proxy recognises itself
    /// (`getRunId`).
    pub fn run_id(&self) -> &str {
        &self.0.run_id
    }

    /// Changes whenever anything that the computer is told changes; 0 while nothing may be kept.
    ///
    /// Reads memory only. Whoever keeps what was rendered reads it *before* the view is loaded,
    /// so that a change in between is never hidden.
    pub fn revision(&self, computer: &str) -> u64 {
        self.0.pulses.revision(computer, self.0.clock.now())
    }

    /// What a person does, by project (`semantics.md` 10.1); none for an unknown one.
    pub async fn functions_of(
        &self,
        user: &UserReference,
    ) -> Result<Vec<(ProjectReference, Function)>> {
        let mut connection = self.0.store.glance().await?;
        let Some(user) = crate::store::lookup::user(&mut connection, user).await? else {
            return Ok(Vec::new());
        };
        let found = crate::store::assignment::functions_of(&mut connection, user.id).await?;
        Ok(found
            .into_iter()
            .map(|(project, function)| (project.reference, function))
            .collect())
    }

    /// Notes that a computer asked for its information (`semantics.md` 7.1): soft state, written
    /// at most once a second. False if the computer was never loaded; then nothing was noted.
    pub fn note_contact(&self, computer: &ComputerReference) -> bool {
        let now = self.0.clock.now();
        match self.0.pulses.note_contact(computer.as_str(), now) {
            Noted::Unknown => false,
            Noted::Again => true,
            Noted::ToWrite => {
                self.0.background.wake();
                true
            }
            Noted::First => {
                self.0.background.wake();
                let event = Event {
                    at: now,
                    kind: EventKind::ComputerSeen,
                    subject: computer.as_str().to_owned(),
                    about: About::computer(computer),
                    text: format!("computer {computer} asked for the first time"),
                    by_simulation: false,
                };
                self.0.tell(journal::request(), event);
                true
            }
        }
    }
}

impl World {
    /// The world that has the database: this one, or the one that came into its place.
    fn present(self: &Arc<Self>) -> Arc<Self> {
        let mut present = self;
        while let Some(successor) = present.successor.get() {
            present = successor;
        }
        Arc::clone(present)
    }

    fn behaviour(&self) -> Arc<Behaviour> {
        Arc::clone(
            &self
                .behaviour
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Learns what a committed operation changed.
    fn learn(&self, effects: &operation::Effects, request: Option<RequestId>) {
        self.pulses.touch(effects.computers.iter().copied());
        let now = self.clock.now();
        for change in &effects.played {
            match change {
                operation::Played::From {
                    id,
                    reference,
                    since,
                } => self.simulation.add(*id, reference, *since, now),
                operation::Played::NoMore { id } => self.simulation.remove(*id),
            }
        }
        let is_due = self.simulation.wake(&effects.woken, now);
        if is_due || !effects.played.is_empty() {
            self.background.wake();
        }
        if effects.credentials_changed {
            self.identities.forget();
        }
        if !effects.contacts.is_empty() {
            self.pulses.written(&effects.contacts);
        }
        if !effects.leaves_nothing_to_rounds {
            self.background.unsettle(self.clock.now());
        }
        for kind in effects.events.before() {
            self.metrics.happened(*kind);
        }
        self.journal.passed_over(effects.events.before().len());
        for event in effects.events.last() {
            tracing::debug!(subject = event.subject, "{}", event.text);
            self.tell(request, event.clone());
        }
    }

    /// Tells the journal, and whoever counts.
    fn tell(&self, request: Option<RequestId>, event: Event) {
        self.metrics.happened(event.kind);
        self.journal.happened(request, event);
    }

    /// When the first of these statuses is forgotten that is not yet at `now`: a moment before
    /// they are told, or one that is forgotten meanwhile would be told for ever.
    fn forgotten_first<'s>(
        &self,
        now: Timestamp,
        statuses: impl Iterator<Item = &'s AccessStatus>,
    ) -> Timestamp {
        let expiry = self.behaviour().status_expiry_s.saturating_mul(1_000_000);
        statuses
            .map(|status| status.created_at.plus_micros(expiry))
            .filter(|stale_at| *stale_at > now)
            .min()
            .unwrap_or(Timestamp::from_micros(i64::MAX))
    }

    /// A status as it is at this moment, given the written one.
    fn present_status(
        &self,
        subject: StatusSubject,
        reference: &str,
        written: Option<AccessStatus>,
        now: Timestamp,
    ) -> Option<AccessStatus> {
        let expiry_s = self.behaviour().status_expiry_s;
        let kept = written.filter(|status| !status.is_forgotten(now, expiry_s));
        let contact = match subject {
            StatusSubject::Computer => self.contact(reference, kept.as_ref(), now),
            StatusSubject::Instance | StatusSubject::Installation => None,
        };
        match contact {
            Some(contact) => contact
                .applied_to(kept, &ComputerReference::trusted(reference.to_owned()))
                .filter(|status| !status.is_forgotten(now, expiry_s)),
            None => kept,
        }
    }

    /// When a computer asked last, as far as that is not written yet. One that is simulated asks
    /// all the time, which is written nowhere.
    fn contact(
        &self,
        computer: &str,
        written: Option<&AccessStatus>,
        now: Timestamp,
    ) -> Option<pulse::Contact> {
        match self.simulation.since(computer) {
            Some(since) => {
                let reported = written.map_or(since, |status| status.created_at.max(since));
                Some(pulse::Contact::between(reported.min(now), now))
            }
            None => self.pulses.contact(computer),
        }
    }
}
