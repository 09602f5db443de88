//! Temporary databases that are opened ahead of their use.
//!
//! Opening one takes most of the time of making a world or going back: a file is written, a thread
//! begins, the schema is read. Those who go back to a moment, or make worlds, do so again and again:
//! the next time they find one ready. Start with [`Spares::take`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinHandle;

use super::{
    Image, image,
    open::{OpenError, Opened},
};

/// How many are ready at most. Each has a thread, three open files, and a file of the length of its
/// content.
const MOST: usize = 32;
/// How long a database may be to be opened ahead, in bytes: where reading and writing it takes
/// longer than all else, a second one is not worth its room.
const LONGEST: usize = 4 * 1024 * 1024;

/// Databases that are opened ahead for the worlds of a process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Spares(Arc<Mutex<Vec<Spare>>>);

#[derive(Debug)]
struct Spare {
    image: Image,
    opening: JoinHandle<Result<Opened, OpenError>>,
}

impl Spare {
    fn of(image: &Image) -> Self {
        Self {
            image: image.clone(),
            opening: tokio::spawn(Opened::of(image.clone())),
        }
    }

    /// Whether somebody may ask for it.
    fn is_wanted(&self) -> bool {
        // One that is ready has its content twice: here, and as what is in the database.
        const OF_ITSELF: usize = 2;
        !self.opening.is_finished() || self.image.holders() > OF_ITSELF
    }
}

impl Spares {
    /// An open database with this content.
    pub(super) async fn take(&self, image: &Image) -> Result<Opened, OpenError> {
        // One that could not be opened, or whose runtime is gone, is none.
        if let Some(spare) = self.remove(image)
            && let Ok(Ok(opened)) = spare.opening.await
        {
            return Ok(opened);
        }
        Opened::of(image.clone()).await
    }

    fn remove(&self, image: &Image) -> Option<Spare> {
        let mut spares = self.list();
        let place = spares.iter().position(|spare| spare.image.is(image))?;
        Some(spares.remove(place))
    }

    /// Lets a database with this content be ready for who asks for one next.
    pub(crate) fn open_ahead(&self, image: &Image) {
        let mut spares = self.list();
        spares.retain(Spare::is_wanted);
        if image.length() > LONGEST || spares.iter().any(|spare| spare.image.is(image)) {
            return;
        }
        if spares.len() >= MOST {
            spares.remove(0);
        }
        spares.push(Spare::of(image));
    }

    /// Lets an empty database be ready.
    pub(crate) async fn open_empty_ahead(&self) -> Result<(), OpenError> {
        self.open_ahead(image::empty().await?);
        Ok(())
    }

    /// Closes those that are ready: the process comes to its end.
    pub(crate) fn clear(&self) {
        self.list().clear();
    }

    fn list(&self) -> MutexGuard<'_, Vec<Spare>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes one, and lets the next one be ready.
    async fn taken(spares: &Spares, image: &Image) -> Opened {
        let opened = spares.take(image).await.unwrap();
        spares.open_ahead(image);
        opened
    }

    /// Waits until all are ready; says how many there are.
    async fn all_ready(spares: &Spares) -> usize {
        let is_ready = |spare: &Spare| spare.opening.is_finished();
        while !spares.list().iter().all(is_ready) {
            tokio::task::yield_now().await;
        }
        spares.list().len()
    }

    #[tokio::test]
    async fn the_next_one_is_ready_and_another_file() {
        let spares = Spares::default();
        let empty = image::empty().await.unwrap();
        let first = taken(&spares, empty).await;
        assert_eq!(all_ready(&spares).await, 1);
        let second = spares.take(empty).await.unwrap();
        assert_ne!(first.path(), second.path());
        assert_eq!(all_ready(&spares).await, 0);
    }

    #[tokio::test]
    async fn one_that_nobody_can_ask_for_any_more_goes() {
        let spares = Spares::default();
        let empty = image::empty().await.unwrap();
        let other = Image::of(&mut empty.open().await.unwrap()).await.unwrap();
        drop(taken(&spares, &other).await);
        assert_eq!(all_ready(&spares).await, 1);
        drop(other);
        drop(taken(&spares, empty).await);
        let left = spares.list();
        assert!(left.len() == 1 && left.iter().all(|spare| spare.image.is(empty)));
    }

    #[tokio::test]
    async fn what_is_ready_leaves_no_file_when_it_is_closed() {
        let spares = Spares::default();
        let empty = image::empty().await.unwrap();
        let opened = spares.take(empty).await.unwrap();
        let path = opened.path().to_owned();
        spares.list().push(Spare {
            image: empty.clone(),
            opening: tokio::spawn(async { Ok(opened) }),
        });
        assert_eq!(all_ready(&spares).await, 1);
        assert!(path.exists());
        spares.clear();
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn they_are_bounded_in_number_and_length() {
        let spares = Spares::default();
        let empty = image::empty().await.unwrap();
        let mut connection = empty.open().await.unwrap();
        let mut images = Vec::new();
        for _ in 0..MOST + 2 {
            images.push(Image::of(&mut connection).await.unwrap());
        }
        for image in &images {
            spares.open_ahead(image);
        }
        assert_eq!(all_ready(&spares).await, MOST);
        spares.clear();
        spares.open_ahead(&Image::packed(&vec![0; LONGEST + 1]));
        assert_eq!(all_ready(&spares).await, 0);
    }
}
