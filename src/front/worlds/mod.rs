//! The worlds of a process: the default one at `/`, any number of others at `/w/{name}/`.
//!
//! Each is a whole master behind the same router: a request's path says which world it is for, and
//! the rest of it what is asked there. A world has a [`Seat`], whose content a reset or a restore
//! swaps in one go: a request sees the world that was there when it came, never half of another.
//! What the worlds do in the background is done by one loop of the process ([`Worlds::masters`]), so
//! that an idle one costs nothing but its memory. Start with [`Worlds`].

mod door;
mod make;
mod name;
mod recipe;
mod seat;
mod snapshots;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{domain::behaviour::Behaviour, master::Master};

use super::{AppState, address::Scheme, auth::Access};

pub(super) use self::door::Home;
pub use self::{
    door::Surface,
    make::{Made, MakeError, Novelty, Origin, Wish},
    name::{NAME_BYTES, WorldName},
    seat::Seat,
    snapshots::{Kept, SnapshotError},
};

/// The name of the world at `/`.
pub const DEFAULT: &str = "default";
/// What the paths of the other worlds begin with.
pub const PREFIX: &str = "/w/";

/// How often it is looked whether the time of a world is over.
const PERIOD: Duration = Duration::from_secs(1);

/// How much the worlds of a process may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorldLimits {
    /// How many worlds there may be, the default one included.
    pub worlds: usize,
    /// How many snapshots a world may have.
    pub snapshots: usize,
    /// How many bytes the snapshots of all worlds may take in memory.
    pub snapshot_bytes: usize,
}

impl Default for WorldLimits {
    fn default() -> Self {
        Self {
            worlds: 1_000,
            snapshots: 100,
            snapshot_bytes: 1024 * 1024 * 1024,
        }
    }
}

/// The worlds of a process. Clones are handles on the same ones.
#[derive(Debug, Clone)]
pub struct Worlds(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: WorldLimits,
    /// The switches of a world that is made, before its fixture sets some.
    behaviour: Behaviour,
    default: Arc<Seat>,
    others: RwLock<BTreeMap<WorldName, Arc<Seat>>>,
    recipes: recipe::Recipes,
    doors: RwLock<Vec<Door>>,
    /// What the snapshots of all worlds take.
    snapshot_bytes: AtomicUsize,
}

/// What is particular to a listener.
#[derive(Debug, Clone)]
struct Door {
    access: Access,
    scheme: Scheme,
}

impl Door {
    /// The world as it is served there.
    fn serves(&self, state: &AppState) -> Arc<AppState> {
        let mut state = state.clone();
        state.access = self.access.clone();
        state.address.scheme = self.scheme;
        Arc::new(state)
    }
}

impl Worlds {
    /// The default world alone. What the others are served with besides their own is taken from
    /// its state, and the switches that they begin with are those that it has now.
    pub fn new(state: &AppState, limits: WorldLimits) -> Self {
        let door = Door {
            access: state.access.clone(),
            scheme: state.address.scheme,
        };
        Self(Arc::new_cyclic(|worlds| Inner {
            limits,
            behaviour: (*state.master.behaviour()).clone(),
            default: Arc::new(Seat::default_of(state, &door, worlds.clone())),
            others: RwLock::default(),
            recipes: recipe::Recipes::default(),
            doors: RwLock::new(vec![door]),
            snapshot_bytes: AtomicUsize::new(0),
        }))
    }

    /// How much the worlds may take.
    pub fn limits(&self) -> WorldLimits {
        self.0.limits
    }

    /// The default world.
    pub fn default_world(&self) -> &Arc<Seat> {
        &self.0.default
    }

    /// The world of this name.
    pub fn find(&self, name: &str) -> Option<Arc<Seat>> {
        if name == DEFAULT {
            return Some(Arc::clone(&self.0.default));
        }
        let others = self.0.others.read().unwrap_or_else(PoisonError::into_inner);
        others.get(name).cloned()
    }

    /// Every world: the default one, then the others by name.
    pub fn all(&self) -> Vec<Arc<Seat>> {
        let others = self.0.others.read().unwrap_or_else(PoisonError::into_inner);
        let default = std::iter::once(&self.0.default);
        default.chain(others.values()).cloned().collect()
    }

    /// Ends a world: whoever waits in it is answered, calls under way come to their end, and its
    /// database and snapshots are gone. False if there is none of this name, or if it is the
    /// default one, which stays.
    pub fn delete(&self, name: &str) -> bool {
        let mut others = self
            .0
            .others
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(seat) = others.remove(name) else {
            return false;
        };
        drop(others);
        seat.end();
        true
    }

    /// Ends the worlds that nobody called for their time to live, as of `now`; says how many.
    pub fn end_idle(&self, now: Instant) -> usize {
        let idle: Vec<Arc<Seat>> = self
            .all()
            .into_iter()
            .filter(|seat| seat.is_over(now))
            .collect();
        for seat in &idle {
            tracing::info!(world = %seat.name(), "a world's time to live is over");
            self.delete(seat.name().as_str());
        }
        idle.len()
    }

    /// Whether a client certificate can fail a handshake in some world.
    pub fn judge_handshakes(&self) -> bool {
        let others = self.0.others.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = std::iter::once(&self.0.default).chain(others.values());
        all.any(|seat| seat.master().judges_handshakes())
    }

    /// Whether a handshake may go on with this client certificate, in DER: one of the worlds that
    /// issued it lets it pass. One that none of them issued is for the default world to judge.
    ///
    /// What the certificate is worth in the world that a request is for is found out then.
    pub async fn check_handshake(&self, der: &[u8]) -> Result<(), crate::master::HandshakeRefusal> {
        let masters = self.masters();
        let mut refused = None;
        for master in masters.iter().filter(|master| master.issued(der)) {
            match master.check_handshake(der).await {
                Ok(()) => return Ok(()),
                Err(refusal) => refused = refused.or(Some(refusal)),
            }
        }
        match refused {
            Some(refusal) => Err(refusal),
            None => self.0.default.master().check_handshake(der).await,
        }
    }

    /// Every world as it is now, for whoever drives what they do in the background.
    pub fn masters(&self) -> Vec<Master> {
        self.all().iter().map(|seat| seat.master()).collect()
    }

    /// Ends the worlds whose time to live is over, until it is dropped.
    pub async fn watch_idle(&self) {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.end_idle(Instant::now());
        }
    }

    /// Ends every wait and every stream, in all worlds: the server stops.
    pub fn end_waits(&self) {
        for seat in self.all() {
            seat.master().journal().end();
        }
    }

    /// Closes the default world, and ends all others.
    pub async fn close(&self) {
        for seat in self.all() {
            self.delete(seat.name().as_str());
        }
        self.0.default.master().close().await;
    }

    /// How many bytes the snapshots of all worlds take.
    pub fn snapshot_bytes(&self) -> usize {
        self.0.snapshot_bytes.load(Ordering::Relaxed)
    }

    fn doors(&self) -> Vec<Door> {
        let doors = self.0.doors.read().unwrap_or_else(PoisonError::into_inner);
        doors.clone()
    }

    fn of(inner: &Weak<Inner>) -> Option<Self> {
        inner.upgrade().map(Self)
    }
}
