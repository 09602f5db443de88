//! Opening a world: what it is made from, and what has to be known of its database first.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, RwLock},
};

use super::{AuthoritySource, Master, World, authority, background, identity, pulse, repeat};
use crate::{
    domain::{
        behaviour::Behaviour,
        forwarding::OtherMaster,
        identifier::{ComputerReference, ProjectReference, UserReference},
        time::Timestamp,
    },
    mock::{
        background::Wake,
        clock::Clock,
        faults::Faults,
        journal::{Journal, JournalLimits},
        metrics::Metrics,
        simulate::Simulation,
    },
    pki::Authority,
    store::{self, OpenError, Spares, Store, StoreError, lookup::Named, simulated::Simulated},
};

/// What a world is made from.
#[derive(Debug, Clone)]
pub struct WorldSettings {
    /// Its database; `None` for a temporary file that is removed when the world is closed.
    pub database: Option<PathBuf>,
    /// Its switches.
    pub behaviour: Behaviour,
    /// A computer that exists without being formatted, and the target of requests without a
    /// filter under `allocation.candidates` at `default_computer`.
    pub default_computer: Option<ComputerReference>,
    /// The masters that requests can be forwarded to; of several that list a release, the first
    /// gets it.
    pub other_masters: Vec<OtherMaster>,
    /// Where its randomness begins.
    pub seed: u64,
    /// Its clock.
    pub clock: Clock,
    /// Where its certificate authority comes from.
    pub authority: AuthoritySource,
    /// How much its journal keeps.
    pub journal: JournalLimits,
    /// What counts what happens in it; worlds of one process share it.
    pub metrics: Metrics,
    /// Whom it tells that its background has something to do; worlds of one process share it.
    pub wake: Wake,
    /// The databases that are opened ahead; worlds of one process share them.
    pub spares: Spares,
}

impl Default for WorldSettings {
    /// A temporary world with the default behaviour on the machine's time.
    fn default() -> Self {
        Self {
            database: None,
            behaviour: Behaviour::default(),
            default_computer: None,
            other_masters: Vec::new(),
            seed: 0,
            clock: Clock::system(),
            authority: AuthoritySource::World,
            journal: JournalLimits::default(),
            metrics: Metrics::default(),
            wake: Wake::default(),
            spares: Spares::default(),
        }
    }
}

impl Master {
    /// Opens a world.
    pub async fn open(mut settings: WorldSettings) -> std::result::Result<Self, OpenError> {
        let store = Store::open(settings.database.as_deref(), &settings.spares).await?;
        let now = settings.clock.now();
        let known = known(&store, std::mem::take(&mut settings.authority), now).await;
        let (known, simulated) = known.map_err(|error| match error {
            Unopened::Store(error) => store.unusable(error),
            Unopened::Refused(error) => error,
        })?;
        let master = Self::of(settings, store, known);
        master.resume_simulation(&simulated);
        if let Some(reference) = master.0.default_computer.clone() {
            master.ensure_computer(reference).await.map_err(|error| {
                OpenError::DefaultComputer {
                    path: master.database_path().to_owned(),
                    source: Box::new(error),
                }
            })?;
        }
        Ok(master)
    }

    /// A world in this database.
    pub(super) fn of(settings: WorldSettings, store: Store, known: Known) -> Self {
        let now = settings.clock.now();
        Self(Arc::new(World {
            background: background::Background::new(now, settings.wake),
            clock: settings.clock,
            journal: Journal::new(settings.journal),
            faults: Faults::new(settings.seed),
            simulation: Simulation::new(settings.seed),
            _place: settings.metrics.world_opens(),
            metrics: settings.metrics,
            behaviour: RwLock::new(Arc::new(settings.behaviour)),
            pulses: pulse::Pulses::default(),
            repeats: repeat::Repeats::default(),
            identities: identity::Identities::default(),
            random: Mutex::new(fastrand::Rng::with_seed(settings.seed)),
            run_id: new_run_id(),
            seed: settings.seed,
            default_user: known.default_user,
            default_project: known.default_project,
            default_computer: settings.default_computer,
            other_masters: settings.other_masters,
            authority: Arc::new(known.authority),
            store,
            spares: settings.spares,
            successor: OnceLock::new(),
        }))
    }

    /// Of what another world of the same process is made, in a temporary database: with these
    /// switches and, if one is given, this seed.
    pub fn settings_of_another(&self, behaviour: Behaviour, seed: Option<u64>) -> WorldSettings {
        WorldSettings {
            database: None,
            behaviour,
            default_computer: self.0.default_computer.clone(),
            other_masters: self.0.other_masters.clone(),
            seed: seed.unwrap_or(self.0.seed),
            clock: Clock::system(),
            authority: AuthoritySource::World,
            journal: self.0.journal.limits(),
            metrics: self.0.metrics.clone(),
            wake: self.0.background.wake_of_process(),
            spares: self.0.spares.clone(),
        }
    }

    /// Opens a world in a temporary database. Who makes one makes many: the database of the next
    /// one becomes ready while this one is filled.
    pub async fn open_expecting_another(
        settings: WorldSettings,
    ) -> std::result::Result<Self, OpenError> {
        let master = Self::open(settings).await?;
        master.0.spares.open_empty_ahead().await?;
        Ok(master)
    }
}

/// The text by which a world recognises itself.
pub(super) fn new_run_id() -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(32)
        .collect()
}

/// What a world is opened with.
pub(super) struct Known {
    pub(super) default_user: Named<UserReference>,
    pub(super) default_project: Named<ProjectReference>,
    pub(super) authority: Authority,
}

/// Why a world is not opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unopened {
    /// Its database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is refused.
    #[error(transparent)]
    Refused(#[from] OpenError),
}

/// Finds out what a world is opened with, and which simulated computers it has; its authority is
/// made, or taken from where it is said to be, if the database has none. In one transaction, by the
/// connection that writes, so that a world in which nobody reads has no other.
async fn known(
    store: &Store,
    source: AuthoritySource,
    now: Timestamp,
) -> std::result::Result<(Known, Vec<Simulated>), Unopened> {
    let source = Arc::new(source);
    let is_new = store.is_new();
    store
        .write(
            move |tx| {
                let source = Arc::clone(&source);
                Box::pin(async move {
                    let (default_user, default_project) = store::lookup::defaults(tx).await?;
                    // In a new database there is nothing to look for.
                    let (kept, simulated) = if is_new {
                        (None, Vec::new())
                    } else {
                        let kept = store::authority::read(tx).await?;
                        (kept, store::simulated::all(tx).await?)
                    };
                    let known = Known {
                        default_user,
                        default_project,
                        authority: authority::open(tx, kept, &source, now).await?,
                    };
                    Ok::<_, Unopened>((known, simulated))
                })
            },
            |_| {},
        )
        .await
}
