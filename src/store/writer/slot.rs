//! What the writer does between two transactions: taking images of the database, and filling it
//! anew.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock, atomic::Ordering},
};

use tokio::sync::oneshot;

use super::{Between, Message, Writer, Writing, closed};
use crate::store::{Image, StoreError};

/// An image that is taken when it has to be. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImageSlot(Arc<OnceLock<Image>>);

impl ImageSlot {
    /// The image, if it was taken.
    pub(crate) fn get(&self) -> Option<Image> {
        self.0.get().cloned()
    }
}

impl Writing {
    /// Takes the image that somebody waits for, if there is one: something may change now.
    ///
    /// Who asks for it later finds the slot empty if this failed, and is told why then.
    pub(super) async fn take_awaited(&mut self) {
        if let Some(slot) = self.awaited.take()
            && Arc::strong_count(&slot.0) > 1
            && let Err(error) = self.fill(&slot).await
        {
            tracing::error!(
                error = &error as &(dyn std::error::Error + 'static),
                "what the world goes back to could not be kept"
            );
        }
    }

    async fn fill(&mut self, slot: &ImageSlot) -> Result<Image, StoreError> {
        if let Some(image) = slot.get() {
            return Ok(image);
        }
        let image = self.image().await?;
        Ok(slot.0.get_or_init(|| image).clone())
    }

    /// The database as it is.
    async fn image(&mut self) -> Result<Image, StoreError> {
        if let Some(image) = &self.image {
            return Ok(image.clone());
        }
        let image = Image::of(&mut self.tx.connection).await?;
        Ok(self.image.insert(image).clone())
    }

    /// Lets others see which timestamp was committed last.
    pub(super) fn told(&self) {
        let last = self.tx.last_stamp.as_micros();
        self.last_stamp_us.store(last, Ordering::Release);
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

struct TakeImage<T, F> {
    meanwhile: F,
    reply: Reply<(Image, T)>,
}

impl<T: Send, F: FnOnce() -> T + Send> Between for TakeImage<T, F> {
    fn run<'a>(self: Box<Self>, writing: &'a mut Writing) -> Running<'a>
    where
        Self: 'a,
    {
        Box::pin(async move {
            let Self { meanwhile, reply } = *self;
            let taken = writing.image().await;
            drop(reply.send(taken.map(|image| (image, meanwhile()))));
        })
    }
}

struct AwaitImage<T, F> {
    meanwhile: F,
    reply: Reply<(ImageSlot, T)>,
}

impl<T: Send, F: FnOnce() -> T + Send> Between for AwaitImage<T, F> {
    fn run<'a>(self: Box<Self>, writing: &'a mut Writing) -> Running<'a>
    where
        Self: 'a,
    {
        Box::pin(async move {
            // One that others hold still waits: it is of the same moment.
            let slot = writing.awaited.get_or_insert_default().clone();
            drop(self.reply.send(Ok((slot, (self.meanwhile)()))));
        })
    }
}

struct FillSlot {
    slot: ImageSlot,
    reply: Reply<Image>,
}

impl Between for FillSlot {
    fn run<'a>(self: Box<Self>, writing: &'a mut Writing) -> Running<'a>
    where
        Self: 'a,
    {
        Box::pin(async move { drop(self.reply.send(writing.fill(&self.slot).await)) })
    }
}

struct Refill {
    image: Image,
    committed: Box<dyn FnOnce() + Send>,
    reply: Reply<()>,
}

impl Between for Refill {
    fn run<'a>(self: Box<Self>, writing: &'a mut Writing) -> Running<'a>
    where
        Self: 'a,
    {
        Box::pin(async move {
            let Self {
                image,
                committed,
                reply,
            } = *self;
            writing.take_awaited().await;
            writing.image = None;
            let least = writing.tx.last_stamp;
            let refilled = image.refill(&mut writing.tx.connection, least).await;
            let refilled = refilled.map(|stamp| {
                writing.tx.last_stamp = stamp;
                writing.told();
                committed();
            });
            drop(reply.send(refilled));
        })
    }
}

impl Writer {
    /// See [`Store::image`](crate::store::Store::image).
    pub(in crate::store) async fn image<T: Send + 'static>(
        &self,
        meanwhile: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(Image, T), StoreError> {
        self.between(|reply| Box::new(TakeImage { meanwhile, reply }))
            .await
    }

    /// See [`Store::image_later`](crate::store::Store::image_later).
    pub(in crate::store) async fn image_later<T: Send + 'static>(
        &self,
        meanwhile: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(ImageSlot, T), StoreError> {
        self.between(|reply| Box::new(AwaitImage { meanwhile, reply }))
            .await
    }

    /// See [`Store::fill`](crate::store::Store::fill).
    pub(in crate::store) async fn fill(&self, slot: ImageSlot) -> Result<Image, StoreError> {
        self.between(|reply| Box::new(FillSlot { slot, reply }))
            .await
    }

    /// See [`Store::refill`](crate::store::Store::refill).
    pub(in crate::store) async fn refill(
        &self,
        image: Image,
        committed: Box<dyn FnOnce() + Send>,
    ) -> Result<(), StoreError> {
        self.between(|reply| {
            Box::new(Refill {
                image,
                committed,
                reply,
            })
        })
        .await
    }

    async fn between<T>(
        &self,
        work: impl FnOnce(Reply<T>) -> Box<dyn Between>,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.queue.send(Message::Between(work(reply))).await;
        sent.map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }
}
