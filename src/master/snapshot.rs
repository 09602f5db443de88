//! The whole of a world at one moment, to go back to or to make another world of.
//!
//! A snapshot is an image of the database and what the world keeps beside it ([`Memory`]), both of
//! the same moment: between two operations. Going back makes a new [`Master`]; the old one is left
//! as it is for whoever is still at work in it. Start with [`Master::snapshot`].

use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use super::{Master, OpenError, Result, World, background::Background, identity, pulse, repeat};
use crate::{
    domain::{
        behaviour::Behaviour,
        difference::{Difference, Thing, ThingKind, differences},
        given::Given,
        time::Timestamp,
    },
    mock::{
        background::BackgroundState,
        clock::{Clock, ClockState},
        faults::{Faults, FaultsState},
        journal::{Journal, JournalState},
        simulate::{Simulation, SimulationState},
    },
    pki::Authority,
    store::{Image, ImageSlot, Store},
};

/// What a world keeps beside its database.
///
/// This is the one place for it: whatever holds something in memory that a world shall find again
/// when it goes back has a plain value for it, a field here, a line in [`World::memory`] and one in
/// [`World::again`].
#[derive(Debug, Clone)]
pub struct Memory {
    /// What the clock shows, and whether it goes.
    pub clock: ClockState,
    /// How the background works.
    pub background: BackgroundState,
    /// The switches.
    pub behaviour: Arc<Behaviour>,
    /// The fault rules, with what they did until then.
    pub faults: FaultsState,
    /// Which computers are simulated.
    pub simulation: SimulationState,
    /// What had happened.
    pub journal: JournalState,
    /// Where the randomness was.
    random: fastrand::Rng,
}

impl Memory {
    /// What there is of it to compare.
    fn things(&self) -> Vec<Thing> {
        let thing = |kind, name: &str, fields: Vec<(&str, Given)>| Thing {
            kind,
            name: name.to_owned(),
            fields: fields
                .into_iter()
                .map(|(field, value)| (field.to_owned(), value))
                .collect(),
        };
        let mut things = vec![thing(ThingKind::Clock, "clock", clock_fields(self.clock))];
        let switches = self.behaviour.switches();
        things.extend(switches.into_iter().map(|(name, value)| {
            thing(ThingKind::Switch, name, vec![("value", Given::Text(value))])
        }));
        things.extend(self.faults.rules().iter().map(|standing| {
            let fields = vec![
                ("rule", standing.rule.written(&standing.name)),
                ("matched", standing.matched.into()),
                ("applied", standing.applied.into()),
            ];
            thing(ThingKind::Fault, standing.name.as_str(), fields)
        }));
        things
    }
}

fn clock_fields(state: ClockState) -> Vec<(&'static str, Given)> {
    match state {
        ClockState::Running { offset_us } => vec![
            ("mode", "running".into()),
            ("offset_us", Given::Integer(offset_us.into())),
        ],
        ClockState::Frozen { at } => vec![
            ("mode", "frozen".into()),
            ("now", at.rfc3339().map_or(Given::Nothing, Given::Text)),
        ],
    }
}

/// The whole of a world at one moment. Clones share it.
#[derive(Debug, Clone)]
pub struct Snapshot(Arc<Whole>);

#[derive(Debug)]
struct Whole {
    image: Image,
    memory: Memory,
    authority: Arc<Authority>,
    taken_at: Timestamp,
}

/// What a world goes back to at a reset. It costs nothing before the world changes.
#[derive(Debug)]
pub struct Baseline {
    image: ImageSlot,
    memory: Memory,
    taken_at: Timestamp,
}

impl Snapshot {
    /// When it was taken, by the world's clock.
    pub fn taken_at(&self) -> Timestamp {
        self.0.taken_at
    }

    /// How many bytes it takes in memory. Entries of the journal count too, although the world may
    /// hold them as well.
    pub fn weight(&self) -> usize {
        self.0.image.weight() + self.0.memory.journal.bytes()
    }

    /// What the world kept beside its database.
    pub fn memory(&self) -> &Memory {
        &self.0.memory
    }

    /// What is not the same in a later snapshot, thing by thing. The journals are not compared.
    pub async fn differences(&self, later: &Self) -> Result<Vec<Difference>> {
        Ok(differences(
            self.everything().await?,
            later.everything().await?,
        ))
    }

    async fn everything(&self) -> Result<Vec<Thing>> {
        let mut connection = self.0.image.open().await?;
        let mut things = crate::store::inventory::everything(&mut connection).await?;
        things.extend(self.0.memory.things());
        Ok(things)
    }
}

/// What becomes of a world's journal when another world is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heir {
    /// The world itself, at another moment.
    Itself,
    /// Another world: it begins with an empty journal, under an identity of its own.
    Other,
}

impl Master {
    /// The whole of the world as it is now.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        self.write_contacts().await?;
        let world = Arc::clone(&self.0);
        let (image, memory) = self.0.store.image(move || world.memory()).await?;
        Ok(self.whole(image, memory))
    }

    /// What the world goes back to from now on at a reset: what it is at this moment.
    pub async fn baseline(&self) -> Result<Baseline> {
        let world = Arc::clone(&self.0);
        let (image, memory) = self.0.store.image_later(move || world.memory()).await?;
        Ok(Baseline {
            image,
            taken_at: Clock::of(memory.clock).now(),
            memory,
        })
    }

    /// The baseline as a snapshot; `baseline` is one of this world.
    pub async fn snapshot_of(&self, baseline: &Baseline) -> Result<Snapshot> {
        let image = self.0.store.fill(&baseline.image).await?;
        let whole = self.whole(image, baseline.memory.clone());
        Ok(whole.taken(baseline.taken_at))
    }

    fn whole(&self, image: Image, memory: Memory) -> Snapshot {
        Snapshot(Arc::new(Whole {
            image,
            taken_at: Clock::of(memory.clock).now(),
            memory,
            authority: Arc::clone(&self.0.authority),
        }))
    }

    /// The world as it was at the snapshot, which is one of this world. `replace` is told of it at
    /// the moment from which on it is the one that counts.
    ///
    /// Where the database is a temporary one, the world gets another, and this one is left as it
    /// is. A database that was named is filled anew in one transaction; an operation of this world
    /// that comes later is carried out in the new one.
    pub async fn restore(
        &self,
        snapshot: &Snapshot,
        replace: impl FnOnce(&Self) + Send + 'static,
    ) -> std::result::Result<Self, OpenError> {
        let old = &self.0;
        if old.store.is_temporary() {
            // Above everything that this world may give while it is being left.
            let least = old.store.last_stamp().plus_micros(LEFT_MICROS);
            let store = Store::temporary(&snapshot.0.image, least, &old.spares).await?;
            let restored = Self(Arc::new(old.again(snapshot, store, Heir::Itself)));
            replace(&restored);
            return Ok(restored);
        }
        let restored = Self(Arc::new(old.again(
            snapshot,
            old.store.clone(),
            Heir::Itself,
        )));
        let (left, successor) = (Arc::clone(old), restored.clone());
        let committed = move || {
            // It is restored once: whoever has it in hand restores its successor.
            drop(left.successor.set(Arc::clone(&successor.0)));
            replace(&successor);
        };
        let refilled = old.store.refill(snapshot.0.image.clone(), committed).await;
        refilled.map_err(|error| old.store.unusable(error))?;
        Ok(restored)
    }

    /// Another world in a temporary database, which begins as the snapshot of this one: with its
    /// certificate authority, so that certificates count in both, and an empty journal.
    pub async fn copy(&self, snapshot: &Snapshot) -> std::result::Result<Self, OpenError> {
        let (image, least) = (&snapshot.0.image, Timestamp::from_micros(0));
        let store = Store::temporary(image, least, &self.0.spares).await?;
        let world = self.0.again(snapshot, store, Heir::Other);
        Ok(Self(Arc::new(world)))
    }
}

/// How far above the last timestamp a world begins that goes back, in microseconds: requests that
/// are under way may still be given some of those in between.
const LEFT_MICROS: i64 = 1_000;

impl Snapshot {
    fn taken(self, taken_at: Timestamp) -> Self {
        match Arc::try_unwrap(self.0) {
            Ok(whole) => Self(Arc::new(Whole { taken_at, ..whole })),
            Err(shared) => Self(shared),
        }
    }
}

impl World {
    /// What is kept beside the database.
    fn memory(&self) -> Memory {
        let random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        Memory {
            clock: self.clock.state(),
            background: self.background.state(),
            behaviour: self.behaviour(),
            faults: self.faults.state(self.clock.now()),
            simulation: self.simulation.state(),
            journal: self.journal.state(),
            random: random.clone(),
        }
    }

    /// A world of the snapshot in this store.
    fn again(&self, snapshot: &Snapshot, store: Store, heir: Heir) -> Self {
        let memory = snapshot.memory();
        let clock = Clock::of(memory.clock);
        let faults = Faults::new(self.seed);
        faults.restore(&memory.faults);
        Self {
            background: Background::again(
                memory.background,
                clock.now(),
                self.background.wake_of_process(),
            ),
            simulation: Simulation::again(self.seed, &memory.simulation, clock.now()),
            clock,
            journal: match heir {
                Heir::Itself => self.journal.continued(&memory.journal),
                Heir::Other => Journal::new(self.journal.limits()),
            },
            faults,
            _place: self.metrics.world_opens(),
            metrics: self.metrics.clone(),
            behaviour: RwLock::new(Arc::clone(&memory.behaviour)),
            pulses: pulse::Pulses::default(),
            repeats: repeat::Repeats::default(),
            identities: identity::Identities::default(),
            random: Mutex::new(memory.random.clone()),
            run_id: match heir {
                Heir::Itself => self.run_id.clone(),
                Heir::Other => super::open::new_run_id(),
            },
            seed: self.seed,
            default_user: self.default_user.clone(),
            default_project: self.default_project.clone(),
            default_computer: self.default_computer.clone(),
            other_masters: self.other_masters.clone(),
            authority: Arc::clone(&snapshot.0.authority),
            store,
            spares: self.spares.clone(),
            successor: OnceLock::new(),
        }
    }
}
