//! Fixtures that worlds were made of lately: a test suite makes its worlds of the same few.
//!
//! Each was read once, and what it came to in its second world is put into the next ones. Start
//! with [`Recipes::of`].

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    domain::behaviour::Preset,
    fixture::{Fixture, FixtureError},
    master::{AuthoritySource, Master, Seeded, WorldSettings},
};

use super::MakeError;

/// What a refused fixture is called.
const FIXTURE: &str = "fixture";
/// How many are kept.
const MOST: usize = 8;
/// How long the text of one may be to be kept, in bytes: of a long one, all else takes longer.
const LONGEST: usize = 64 * 1024;
/// How many computers, partitions and instances it may describe for what it came to to be kept: an
/// image of many more takes long to write as well.
const LARGEST: usize = 10_000;

/// What tells recipes apart: the text of the fixture, and what its world is wanted to be beside it.
type Key = (String, Option<Preset>, Option<u64>);

/// How worlds of one fixture are made.
#[derive(Debug)]
pub(super) struct Recipe {
    fixture: Fixture,
    /// Whether others are made of it.
    is_kept: bool,
    /// Whether a world was begun to be made of it.
    is_used: AtomicBool,
    /// Held by who finds out what it comes to.
    finding: tokio::sync::Mutex<()>,
    /// What it came to, if that can be put into other worlds; once that is known.
    seeded: OnceLock<Option<Seeded>>,
}

impl Recipe {
    fn read(text: &str) -> Result<Self, FixtureError> {
        let files = [(PathBuf::from(FIXTURE), text.to_owned())];
        Ok(Self {
            fixture: Fixture::parse(&files)?,
            is_kept: text.len() <= LONGEST,
            is_used: AtomicBool::new(false),
            finding: tokio::sync::Mutex::default(),
            seeded: OnceLock::new(),
        })
    }

    /// Makes a world of it. All that make worlds of it do so with the same settings.
    pub(super) async fn make(&self, mut settings: WorldSettings) -> Result<Master, MakeError> {
        if let Some(given) = self.fixture.authority() {
            settings.authority = AuthoritySource::Given(given.clone());
        }
        if let Some(Some(seeded)) = self.seeded.get() {
            let master = Master::open_seeded(settings, seeded).await?;
            self.fixture.begin(&master)?;
            self.fixture.fill_again(&master, seeded).await?;
            return Ok(master);
        }
        // One at a time; if that one gives up, the next does.
        let is_worth_it = self.is_worth_it(&settings);
        let finding = self.finding.try_lock().ok().filter(|_| is_worth_it);
        let master = Master::open_expecting_another(settings).await?;
        self.fixture.begin(&master)?;
        if finding.is_some() && self.seeded.get().is_none() {
            let seeded = self.fixture.fill_first(&master).await?;
            if let Some(seeded) = &seeded {
                master.expect_another_seeded(seeded);
            }
            let _ = self.seeded.set(seeded);
        } else {
            self.fixture.fill(&master).await?;
        }
        Ok(master)
    }

    /// Whether what it comes to shall be kept: whoever makes two worlds of a fixture makes more, and
    /// many worlds are the only ones of theirs.
    fn is_worth_it(&self, settings: &WorldSettings) -> bool {
        let is_used = self.is_used.swap(true, Ordering::Relaxed);
        // A default computer is as old as its world, not as what the fixture describes.
        let is_all_of_it = settings.default_computer.is_none();
        is_used && self.is_kept && is_all_of_it && self.fixture.size() <= LARGEST
    }
}

/// The last used recipes, the very last one at the end.
#[derive(Debug, Default)]
pub(super) struct Recipes(Mutex<VecDeque<(Key, Arc<Recipe>)>>);

impl Recipes {
    /// The recipe for worlds of this fixture, with these switches before it sets some and this
    /// beginning of randomness.
    pub(super) fn of(
        &self,
        text: &str,
        preset: Option<Preset>,
        seed: Option<u64>,
    ) -> Result<Arc<Recipe>, FixtureError> {
        let key = (text.to_owned(), preset, seed);
        if let Some(known) = self.find(&key) {
            return Ok(known);
        }
        let recipe = Arc::new(Recipe::read(text)?);
        let mut kept = self.kept();
        // Somebody else may have read it meanwhile.
        if recipe.is_kept && kept.iter().all(|(known, _)| *known != key) {
            kept.push_back((key, Arc::clone(&recipe)));
            if kept.len() > MOST {
                kept.pop_front();
            }
        }
        Ok(recipe)
    }

    /// The one of this key, which is the last used one from now on.
    fn find(&self, key: &Key) -> Option<Arc<Recipe>> {
        let mut kept = self.kept();
        let place = kept.iter().position(|(known, _)| known == key)?;
        let found = kept.remove(place)?;
        let recipe = Arc::clone(&found.1);
        kept.push_back(found);
        Some(recipe)
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<(Key, Arc<Recipe>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identifier::ComputerReference;

    fn text(number: usize) -> String {
        format!("computers: [{{reference: COMP-{number}}}]\n")
    }

    fn of(recipes: &Recipes, text: &str) -> Arc<Recipe> {
        recipes.of(text, None, None).unwrap()
    }

    fn has(recipes: &Recipes, text: &str) -> bool {
        recipes.find(&(text.to_owned(), None, None)).is_some()
    }

    #[test]
    fn one_that_is_used_again_is_not_read_again_and_the_oldest_goes() {
        let recipes = Recipes::default();
        let first = of(&recipes, &text(0));
        for number in 1..MOST {
            of(&recipes, &text(number));
        }
        let again = of(&recipes, &text(0));
        assert!(Arc::ptr_eq(&first, &again));
        assert!(has(&recipes, &text(1)));
        for number in MOST..2 * MOST - 1 {
            of(&recipes, &text(number));
        }
        assert!(!has(&recipes, &text(0)));
        assert!(has(&recipes, &text(1)));
    }

    #[test]
    fn one_with_other_switches_or_randomness_is_another() {
        let recipes = Recipes::default();
        let plain = of(&recipes, &text(0));
        for (preset, seed) in [(Some(Preset::Real), None), (None, Some(7))] {
            let other = recipes.of(&text(0), preset, seed).unwrap();
            assert!(!Arc::ptr_eq(&plain, &other));
        }
        assert!(Arc::ptr_eq(&plain, &of(&recipes, &text(0))));
    }

    #[tokio::test]
    async fn what_it_comes_to_is_found_out_though_somebody_gives_up() {
        let recipe = Recipe::read(&text(1)).unwrap();
        let make = || recipe.make(WorldSettings::default());
        make().await.unwrap();
        assert!(recipe.seeded.get().is_none());
        {
            let mut given_up = std::pin::pin!(make());
            assert!(waits(&mut given_up).await);
        }
        make().await.unwrap();
        assert!(recipe.seeded.get().is_some_and(Option::is_some));
        make().await.unwrap();
    }

    #[test]
    fn it_is_worth_it_from_the_second_world_on_unless_it_is_large_or_not_all_of_it() {
        let plain = WorldSettings::default;
        let with_default = || WorldSettings {
            default_computer: Some(ComputerReference::trusted("slaprunner".to_owned())),
            ..WorldSettings::default()
        };
        let parts = |most: usize| format!("computers: [{{reference: C, partitions: {most}}}]\n");
        for (text, settings, expected) in [
            (text(1), plain(), true),
            (text(1), with_default(), false),
            // The computer counts too.
            (parts(LARGEST - 1), plain(), true),
            (parts(LARGEST), plain(), false),
            (text(1) + &"#".repeat(LONGEST), plain(), false),
        ] {
            let recipe = Recipe::read(&text).unwrap();
            assert!(!recipe.is_worth_it(&settings));
            let (start, length) = (text.get(..40), text.len());
            assert_eq!(
                recipe.is_worth_it(&settings),
                expected,
                "{start:?} {length}"
            );
        }
    }

    /// Whether a future has something to wait for.
    async fn waits<F: Future>(future: &mut std::pin::Pin<&mut F>) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(future.as_mut().poll(context).is_pending())
        })
        .await
    }

    #[test]
    fn neither_a_long_one_nor_a_wrong_one_is_kept() {
        let recipes = Recipes::default();
        let long = text(1) + &"#".repeat(LONGEST);
        of(&recipes, &long);
        assert!(!has(&recipes, &long));
        recipes.of("computers: 1", None, None).unwrap_err();
        assert!(!has(&recipes, "computers: 1"));
    }
}
