//! The snapshots of a world, and going back to one.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    domain::{difference::Difference, time::Timestamp},
    master::{Master, MasterError, OpenError, Snapshot},
    mock::clock::Clock,
};

use super::{Seat, WorldLimits, Worlds, name::WorldName};

/// A snapshot that is kept under a name.
#[derive(Debug)]
pub struct Kept {
    /// The world of that moment.
    pub snapshot: Snapshot,
    /// When it was taken, by the machine's clock.
    pub created_at: Timestamp,
}

/// Why nothing was done with a snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// There is none of this name.
    #[error("there is no snapshot `{0}`")]
    Unknown(WorldName),
    /// The world has as many as it may have.
    #[error("the world has {0} snapshots, which is the most that is kept")]
    TooMany(usize),
    /// The snapshots of all worlds would take more than they may.
    #[error(
        "it takes {bytes} bytes, and the snapshots of all worlds may take {most}, of which {taken} \
         are taken"
    )]
    TooLarge {
        /// How many bytes it takes.
        bytes: usize,
        /// How many all may take.
        most: usize,
        /// How many are taken.
        taken: usize,
    },
    /// There is no baseline yet: the fixtures are still being read.
    #[error("the world has no baseline yet")]
    NoBaseline,
    /// The world failed.
    #[error(transparent)]
    Master(#[from] MasterError),
    /// The world of the snapshot cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl Seat {
    /// Keeps the world as it is now under this name, in the place of a snapshot that has it.
    pub async fn keep(&self, name: WorldName) -> Result<Arc<Kept>, SnapshotError> {
        let _changing = self.changing.lock().await;
        let Some(worlds) = Worlds::of(&self.worlds) else {
            return Err(SnapshotError::Unknown(name));
        };
        let limits = worlds.limits();
        self.check_room(&name, limits)?;
        let snapshot = self.master().snapshot().await?;
        let weight = snapshot.weight();
        let taken = worlds.0.snapshot_bytes.fetch_add(weight, Ordering::Relaxed);
        if taken.saturating_add(weight) > limits.snapshot_bytes {
            worlds.0.snapshot_bytes.fetch_sub(weight, Ordering::Relaxed);
            return Err(SnapshotError::TooLarge {
                bytes: weight,
                most: limits.snapshot_bytes,
                taken,
            });
        }
        let kept = Arc::new(Kept {
            snapshot,
            created_at: Clock::system().now(),
        });
        let before = self.keeping().snapshots.insert(name, Arc::clone(&kept));
        self.give_back(before.iter());
        Ok(kept)
    }

    fn check_room(&self, name: &WorldName, limits: WorldLimits) -> Result<(), SnapshotError> {
        let keeping = self.keeping();
        if keeping.snapshots.len() >= limits.snapshots && !keeping.snapshots.contains_key(name) {
            return Err(SnapshotError::TooMany(limits.snapshots));
        }
        Ok(())
    }

    /// The snapshot of this name.
    pub fn kept(&self, name: &WorldName) -> Result<Arc<Kept>, SnapshotError> {
        let found = self.keeping().snapshots.get(name).cloned();
        found.ok_or_else(|| SnapshotError::Unknown(name.clone()))
    }

    /// Every snapshot, by name.
    pub fn all_kept(&self) -> Vec<(WorldName, Arc<Kept>)> {
        let keeping = self.keeping();
        let kept = keeping.snapshots.iter();
        kept.map(|(name, kept)| (name.clone(), Arc::clone(kept)))
            .collect()
    }

    /// Forgets a snapshot.
    pub fn forget(&self, name: &WorldName) -> Result<(), SnapshotError> {
        let removed = self.keeping().snapshots.remove(name);
        let kept = removed.ok_or_else(|| SnapshotError::Unknown(name.clone()))?;
        self.give_back(std::iter::once(&kept));
        Ok(())
    }

    /// Goes back to a snapshot; answers the world as it is from then on.
    pub async fn restore(self: &Arc<Self>, name: &WorldName) -> Result<Master, SnapshotError> {
        let kept = self.kept(name)?;
        let _changing = self.changing.lock().await;
        Ok(self.go_back(&kept.snapshot).await?)
    }

    /// Goes back to the baseline; answers the world as it is from then on.
    pub async fn reset(self: &Arc<Self>) -> Result<Master, SnapshotError> {
        let _changing = self.changing.lock().await;
        let baseline = self.keeping().baseline.clone();
        let baseline = baseline.ok_or(SnapshotError::NoBaseline)?;
        let snapshot = self.master().snapshot_of(&baseline).await?;
        Ok(self.go_back(&snapshot).await?)
    }

    async fn go_back(self: &Arc<Self>, snapshot: &Snapshot) -> Result<Master, OpenError> {
        let seat = Arc::clone(self);
        self.master()
            .restore(snapshot, move |restored| seat.replace(restored))
            .await
    }

    /// What differs between a snapshot and a later one, or the world as it is.
    pub async fn differences(
        &self,
        before: &WorldName,
        after: Option<&WorldName>,
    ) -> Result<Vec<Difference>, SnapshotError> {
        let before = self.kept(before)?;
        let after = match after {
            Some(name) => self.kept(name)?.snapshot.clone(),
            None => self.master().snapshot().await?,
        };
        Ok(before.snapshot.differences(&after).await?)
    }

    /// What these snapshots took may be taken by others.
    pub(super) fn give_back<'k>(&self, gone: impl Iterator<Item = &'k Arc<Kept>>) {
        if let Some(worlds) = Worlds::of(&self.worlds) {
            for kept in gone {
                let weight = kept.snapshot.weight();
                worlds.0.snapshot_bytes.fetch_sub(weight, Ordering::Relaxed);
            }
        }
    }
}
