//! The place of a world in a process: its name stays, what it holds is swapped.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak},
    time::{Duration, Instant},
};

use crate::{
    domain::time::Timestamp,
    front::{AppState, json_rpc::JsonRpcState, slap::SlapState},
    master::{Baseline, Master, MasterError},
    mock::clock::Clock,
};

use super::{DEFAULT, Door, Inner, Made, PREFIX, Worlds, name::WorldName, snapshots::Kept};

/// A world by its name.
#[derive(Debug)]
pub struct Seat {
    name: WorldName,
    /// When it was made, by the machine's clock.
    created_at: Timestamp,
    /// What it was made of, of a world that was made.
    made: Option<Made>,
    pub(super) worlds: Weak<Inner>,
    /// As it is served at each door.
    present: RwLock<Vec<Arc<AppState>>>,
    pub(super) keeping: Mutex<Keeping>,
    /// Held by who takes a snapshot or goes back to one.
    pub(super) changing: tokio::sync::Mutex<()>,
    used: Mutex<Instant>,
}

/// What is kept of a world's former moments.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    pub(super) baseline: Option<Arc<Baseline>>,
    pub(super) snapshots: BTreeMap<WorldName, Arc<Kept>>,
}

impl Seat {
    /// The seat of the default world.
    pub(super) fn default_of(state: &AppState, door: &Door, worlds: Weak<Inner>) -> Self {
        Self {
            name: WorldName::trusted(DEFAULT),
            created_at: Clock::system().now(),
            made: None,
            worlds,
            present: RwLock::new(vec![door.serves(state)]),
            keeping: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            used: Mutex::new(Instant::now()),
        }
    }

    /// The seat of a world that was made, served as the default one is but for what is its own.
    pub(super) fn made(name: WorldName, made: Made, master: Master, worlds: &Worlds) -> Self {
        let seat = Self {
            present: RwLock::default(),
            name,
            created_at: Clock::system().now(),
            made: Some(made),
            worlds: Arc::downgrade(&worlds.0),
            keeping: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            used: Mutex::new(Instant::now()),
        };
        let default = worlds.default_world().at(0);
        let mut state = AppState {
            master: master.clone(),
            ..(*default).clone()
        };
        state.address.prefix = Some(Arc::from(format!("{PREFIX}{}", seat.name)));
        seat.put(master, &state, &worlds.doors());
        seat
    }

    /// Its name.
    pub fn name(&self) -> &WorldName {
        &self.name
    }

    /// Whether it is the default world, at `/`.
    pub fn is_default(&self) -> bool {
        self.name.as_str() == DEFAULT
    }

    /// When it was made, by the machine's clock.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// What it was made of, of a world that was made.
    pub fn origin(&self) -> Option<&Made> {
        self.made.as_ref()
    }

    /// The world that is there now.
    pub fn master(&self) -> Master {
        let present = self.present.read().unwrap_or_else(PoisonError::into_inner);
        let state = present.first();
        // There is always the first door.
        #[expect(clippy::expect_used, reason = "every seat is made with a door")]
        state.expect("a seat has a door").master.clone()
    }

    /// The world that is there now, as it is served at a door.
    pub(super) fn at(&self, door: usize) -> Arc<AppState> {
        let present = self.present.read().unwrap_or_else(PoisonError::into_inner);
        let state = present.get(door).or_else(|| present.first());
        #[expect(clippy::expect_used, reason = "every seat is made with a door")]
        Arc::clone(state.expect("a seat has a door"))
    }

    /// What it goes back to at a reset from now on is what it holds at this moment: called when
    /// its fixtures are in.
    pub async fn keep_baseline(&self) -> Result<(), MasterError> {
        let _changing = self.changing.lock().await;
        let baseline = self.master().baseline().await?;
        self.keeping().baseline = Some(Arc::new(baseline));
        Ok(())
    }

    pub(super) fn keeping(&self) -> MutexGuard<'_, Keeping> {
        self.keeping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a further door to the world.
    pub(super) fn open(&self, door: &Door) {
        let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
        let state = present.first().map(|state| door.serves(state));
        present.extend(state);
    }

    /// Puts another moment of the world into the place of the present one, for everybody at once.
    /// Whoever waits in the old one for what will not happen there is answered.
    pub(super) fn replace(&self, master: &Master) {
        let Some(worlds) = Worlds::of(&self.worlds) else {
            return;
        };
        let state = self.at(0);
        self.put(master.clone(), &state, &worlds.doors());
        state.master.journal().end();
    }

    fn put(&self, master: Master, like: &AppState, doors: &[Door]) {
        let state = AppState {
            master,
            slap: SlapState::default(),
            json_rpc: JsonRpcState::default(),
            ..like.clone()
        };
        let states = doors.iter().map(|door| door.serves(&state)).collect();
        let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
        let left = std::mem::replace(&mut *present, states);
        drop(present);
        // The last one of it may close a database.
        drop(left);
    }

    /// A call is made, or ended.
    pub(super) fn touch(&self) {
        if self.lives().is_some() {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            *used = Instant::now();
        }
    }

    /// How long it lives without being called, if not for ever.
    fn lives(&self) -> Option<Duration> {
        let seconds = self.made.as_ref()?.idle_ttl_s?;
        Some(Duration::from_secs(seconds.into()))
    }

    /// Whether it was not called for its time to live. A call under way holds it.
    pub(super) fn is_over(self: &Arc<Self>, now: Instant) -> bool {
        // One is held by the list of worlds, one by who asks.
        const AT_REST: usize = 2;
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.lives().is_some_and(|lives| {
            now.saturating_duration_since(used) >= lives && Arc::strong_count(self) <= AT_REST
        })
    }

    /// Ends the world.
    pub(super) fn end(&self) {
        let keeping = std::mem::take(&mut *self.keeping());
        self.give_back(keeping.snapshots.values());
        self.master().abandon();
    }
}

impl WorldName {
    fn trusted(name: &str) -> Self {
        #[expect(
            clippy::expect_used,
            reason = "only called with a constant that is one"
        )]
        Self::parse("name", name).expect("a world's name")
    }
}
