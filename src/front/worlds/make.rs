//! Making worlds: from nothing, from a fixture, or as a copy of another.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Arc, PoisonError},
};

use crate::{
    domain::behaviour::{Behaviour, Preset},
    fixture::FixtureError,
    master::{Master, MasterError, OpenError},
};

use super::{DEFAULT, Seat, SnapshotError, Worlds, name::WorldName};

/// What a world is wanted to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Wish {
    /// What it begins with.
    pub origin: Origin,
    /// How many seconds it lives without being called; for ever, if there are none.
    pub idle_ttl_s: Option<u32>,
}

/// What a world begins with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Nothing, or a fixture.
    New {
        /// The text of the fixture.
        fixture: Option<String>,
        /// The switches before the fixture sets some; those of the process where there are none.
        preset: Option<Preset>,
        /// Where its randomness begins; where that of the process does, if nothing is said.
        seed: Option<u64>,
    },
    /// All that another world holds, or held.
    Copy {
        /// The other world.
        of: WorldName,
        /// At which moment; as it is now, if nothing is said.
        snapshot: Option<WorldName>,
    },
}

impl Default for Origin {
    fn default() -> Self {
        Self::New {
            fixture: None,
            preset: None,
            seed: None,
        }
    }
}

/// What a world was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// How many seconds it lives without being called.
    pub idle_ttl_s: Option<u32>,
    /// The world that it was a copy of, with the snapshot that was copied.
    pub copy_of: Option<(WorldName, Option<WorldName>)>,
    /// The wish, in two numbers: a fixture is long.
    wish: [u64; 2],
}

impl From<&Wish> for Made {
    fn from(wish: &Wish) -> Self {
        let digest = |salt: u64| {
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            wish.hash(&mut hasher);
            hasher.finish()
        };
        Self {
            idle_ttl_s: wish.idle_ttl_s,
            copy_of: match &wish.origin {
                Origin::New { .. } => None,
                Origin::Copy { of, snapshot } => Some((of.clone(), snapshot.clone())),
            },
            wish: [digest(0), digest(1)],
        }
    }
}

/// Why a world was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// There is a world of this name that was made otherwise.
    #[error("there is a world `{0}` already, which was made otherwise")]
    Other(WorldName),
    /// There are as many worlds as there may be.
    #[error("there are {0} worlds, which is the most that there may be")]
    TooMany(usize),
    /// The fixture is refused.
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    /// The world that is to be copied is not there.
    #[error("there is no world `{0}`")]
    UnknownWorld(WorldName),
    /// The moment that is to be copied is not there.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Its database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It failed.
    #[error(transparent)]
    Master(#[from] MasterError),
}

/// Whether a world was made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// It was.
    New,
    /// It was there, made of the same.
    Known,
}

impl Worlds {
    /// Makes a world, unless it is there, made of the same.
    pub async fn make(
        &self,
        name: WorldName,
        wish: &Wish,
    ) -> Result<(Arc<Seat>, Novelty), MakeError> {
        let made = Made::from(wish);
        if let Some(known) = self.known(&name, &made)? {
            return Ok((known, Novelty::Known));
        }
        self.check_room()?;
        let master = match &wish.origin {
            Origin::New {
                fixture,
                preset,
                seed,
            } => self.begin(fixture.as_deref(), *preset, *seed).await?,
            Origin::Copy { of, snapshot } => self.copy(of, snapshot.as_ref()).await?,
        };
        let seat = Arc::new(Seat::made(name.clone(), made.clone(), master, self));
        seat.keep_baseline().await?;
        let mut others = self
            .0
            .others
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have been faster.
        let refused = if others.contains_key(&name) {
            None
        } else if others.len() + 1 >= self.0.limits.worlds {
            Some(MakeError::TooMany(self.0.limits.worlds))
        } else {
            others.insert(name, Arc::clone(&seat));
            return Ok((seat, Novelty::New));
        };
        drop(others);
        seat.end();
        match refused {
            Some(refused) => Err(refused),
            None => match self.known(&name, &made)? {
                Some(known) => Ok((known, Novelty::Known)),
                // It was there and is gone again: there is no world now, as after its deletion.
                None => Err(MakeError::UnknownWorld(name)),
            },
        }
    }

    /// The world of this name, if it was made of the same.
    fn known(&self, name: &WorldName, made: &Made) -> Result<Option<Arc<Seat>>, MakeError> {
        if name.as_str() == DEFAULT {
            return Err(MakeError::Other(name.clone()));
        }
        match self.find(name.as_str()) {
            Some(seat) if seat.origin() != Some(made) => Err(MakeError::Other(name.clone())),
            found => Ok(found),
        }
    }

    fn check_room(&self) -> Result<(), MakeError> {
        let others = self.0.others.read().unwrap_or_else(PoisonError::into_inner);
        if others.len() + 1 >= self.0.limits.worlds {
            return Err(MakeError::TooMany(self.0.limits.worlds));
        }
        Ok(())
    }

    async fn begin(
        &self,
        fixture: Option<&str>,
        preset: Option<Preset>,
        seed: Option<u64>,
    ) -> Result<Master, MakeError> {
        let behaviour = preset.map_or_else(|| self.0.behaviour.clone(), Behaviour::preset);
        let settings = self.0.default.master().settings_of_another(behaviour, seed);
        match fixture {
            Some(text) => self.0.recipes.of(text, preset, seed)?.make(settings).await,
            None => Ok(Master::open_expecting_another(settings).await?),
        }
    }

    async fn copy(
        &self,
        of: &WorldName,
        snapshot: Option<&WorldName>,
    ) -> Result<Master, MakeError> {
        let source = self.find(of.as_str());
        let source = source.ok_or_else(|| MakeError::UnknownWorld(of.clone()))?;
        if let Some(name) = snapshot {
            let kept = source.kept(name)?;
            return Ok(source.master().copy(&kept.snapshot).await?);
        }
        let _changing = source.changing.lock().await;
        let master = source.master();
        Ok(master.copy(&master.snapshot().await?).await?)
    }
}
