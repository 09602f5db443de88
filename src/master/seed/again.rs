//! Seeding one new world like another.
//!
//! What a seed comes to in a world in which nothing is yet is the same every time, but for what is a
//! world's own: its time, its certificate authority, the certificates of its instances. So the rules
//! are gone through for one world: what came of it is kept as an image, with which the next one is
//! opened, and what is its own is put in. Start with [`Master::seed_new`].
//!
//! Not meant for worlds with a default computer: that is made when they are opened, not at the time
//! of the seed.

use std::sync::{Arc, PoisonError};

use super::record;
use crate::{
    domain::{
        identifier::{ProjectReference, UserReference},
        seed::Seed,
        time::{Shift, Timestamp},
    },
    master::{
        Master, Result, World, WorldSettings, authority,
        first_certificate::Made,
        open::Known,
        operation::{Effects, Operation, Played},
    },
    store::{self, Image, OpenError, Store, lookup::Named},
};

/// What a seed came to in a new world. Clones share it.
#[derive(Debug, Clone)]
pub struct Seeded(Arc<Whole>);

#[derive(Debug)]
struct Whole {
    /// The database, with nothing in it that is the world's own but the time.
    image: Image,
    /// When it was seeded.
    at: Timestamp,
    /// The last timestamp that anything had then.
    last: Timestamp,
    /// What follows from it.
    effects: Effects,
    /// The software instances that need their first certificates.
    uncertified: Vec<Made>,
    /// Where the randomness was afterwards.
    random: fastrand::Rng,
    default_user: Named<UserReference>,
    default_project: Named<ProjectReference>,
}

impl Master {
    /// Adds everything that the seed describes to a world in which nothing is yet, or nothing; as
    /// [`Self::seed`]. What came of it can be put into other worlds that are opened with the same
    /// settings; it is none if the seed tells of a time that has yet to come, which cannot be told
    /// from that of the seed.
    pub async fn seed_new(&self, seed: Arc<Seed>) -> Result<Option<Seeded>> {
        let told = record::latest(&seed);
        let seeded = self.0.perform(
            seed,
            |operation, seed| Box::pin(operation.seed_without_certificates(seed)),
            // The world learns of it when all of it is there.
            |_| {},
        );
        let ((at, uncertified), effects) = seeded.await?;
        let last = self.0.store.last_stamp();
        let (image, ()) = self.0.store.image(|| ()).await?;
        let seeded = Seeded(Arc::new(Whole {
            image,
            at,
            last,
            effects,
            uncertified,
            random: self.0.random().clone(),
            default_user: self.0.default_user.clone(),
            default_project: self.0.default_project.clone(),
        }));
        self.seed_again(&seeded).await?;
        Ok((told < at).then_some(seeded))
    }

    /// Opens a world, in a temporary database, that is to be seeded as another was. Until
    /// [`Self::seed_again`] nothing may be asked of it but to set its switches and its time.
    pub async fn open_seeded(
        settings: WorldSettings,
        seeded: &Seeded,
    ) -> std::result::Result<Self, OpenError> {
        let (image, least) = (&seeded.0.image, Timestamp::from_micros(0));
        let store = Store::temporary(image, least, &settings.spares).await?;
        let now = settings.clock.now();
        let known = Known {
            default_user: seeded.0.default_user.clone(),
            default_project: seeded.0.default_project.clone(),
            authority: authority::found(&settings.authority, None, now)?,
        };
        Ok(Self::of(settings, store, known))
    }

    /// Lets the database of another world that is seeded so be ready: it will be made soon.
    pub fn expect_another_seeded(&self, seeded: &Seeded) {
        self.0.spares.open_ahead(&seeded.0.image);
    }

    /// Puts into the world what is its own of what was seeded, and lets it learn of all of it.
    pub async fn seed_again(&self, seeded: &Seeded) -> Result<()> {
        *self.0.random() = seeded.0.random.clone();
        self.0
            .operate(seeded.clone(), |operation, seeded| {
                Box::pin(operation.seed_again(seeded))
            })
            .await
    }
}

impl World {
    fn random(&self) -> std::sync::MutexGuard<'_, fastrand::Rng> {
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Operation<'_> {
    async fn seed_without_certificates(&mut self, seed: &Seed) -> Result<(Timestamp, Vec<Made>)> {
        self.put_certificates_off();
        self.seed(seed).await?;
        Ok((self.now, self.uncertified()))
    }

    async fn seed_again(&mut self, seeded: &Seeded) -> Result<()> {
        let whole = &seeded.0;
        for (id, reference) in &whole.uncertified {
            self.made(*id, reference);
        }
        let shift = Shift::new(whole.at, whole.last.max(whole.at), self.now);
        let authority = &self.world.authority;
        let (pem, key) = (authority.certificate_pem(), authority.key_pem());
        let firsts = &mut self.firsts;
        // The database has its own thread.
        let (renewed, ()) = tokio::join!(store::renew::renew(self.tx, pem, &key, shift), async {
            firsts.sign(authority, self.now);
        });
        renewed?;
        self.tx.stamp_on_from(shift.moved(whole.last));
        self.follow(whole.effects.moved(shift));
        Ok(())
    }
}

impl Effects {
    /// The same of an operation at another time.
    fn moved(&self, shift: Shift) -> Self {
        let mut moved = self.clone();
        moved.events = moved.events.moved(shift);
        for played in &mut moved.played {
            if let Played::From { since, .. } = played {
                *since = shift.moved(*since);
            }
        }
        moved
    }
}
