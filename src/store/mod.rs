//! SQL, and only here: one SQLite file a world, one writer, several readers.
//!
//! The room answers what is there and writes what it is told; it decides nothing and knows no
//! wire. Functions that only read take a connection, functions that change take a [`WriteTx`], so
//! that a read transaction cannot write. Start with [`Store::open`] and [`Store::write`].

pub(crate) mod access;
pub(crate) mod assignment;
pub(crate) mod authority;
pub(crate) mod bulk;
pub(crate) mod candidate;
pub(crate) mod certificate;
pub(crate) mod column;
pub(crate) mod computer;
pub(crate) mod counter;
pub(crate) mod forest;
pub(crate) mod forwarding;
mod image;
pub(crate) mod installation;
pub(crate) mod instance;
pub(crate) mod inventory;
pub(crate) mod lookup;
mod open;
pub(crate) mod partition;
pub(crate) mod product;
pub(crate) mod record;
pub(crate) mod release;
pub(crate) mod renew;
pub(crate) mod search;
pub(crate) mod simulated;
mod spare;
pub(crate) mod status;
mod temporary;
pub(crate) mod token;
pub(crate) mod tree;
pub(crate) mod usage;
pub(crate) mod view;
mod writer;

use std::{
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::Arc,
};

use sqlx::{Sqlite, SqliteConnection, Transaction, sqlite::SqlitePool};

/// What queries that only read run on, in whatever transaction.
pub(crate) type Connection = SqliteConnection;

pub(crate) use image::Image;
pub use open::OpenError;
pub use spare::Spares;
use writer::Writer;
pub(crate) use writer::{Attempt, ImageSlot, WriteTx};

use crate::domain::time::Timestamp;

/// A statement failed, or the database holds what this version cannot read.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation}")]
pub struct StoreError {
    /// What was being done, in words.
    pub operation: &'static str,
    /// Why it failed.
    #[source]
    pub source: sqlx::Error,
}

/// Names what was being done when a statement failed.
pub(crate) trait During<T> {
    /// The result, with the operation in its error.
    fn during(self, operation: &'static str) -> Result<T, StoreError>;
}

impl<T> During<T> for Result<T, sqlx::Error> {
    fn during(self, operation: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError { operation, source })
    }
}

/// The database of a world.
#[derive(Debug, Clone)]
pub(crate) struct Store(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    readers: SqlitePool,
    writer: Writer,
    path: PathBuf,
    /// Holds the lock that keeps other processes out, and the folder of a temporary database.
    ground: open::Ground,
    is_temporary: bool,
    is_new: bool,
}

impl Store {
    /// The database file.
    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Begins to read: everything read through it is of one moment.
    pub(crate) async fn read(&self) -> Result<ReadTx, StoreError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one plain begin: a reader never writes, so it cannot lose a race"
        )]
        let begun = self.0.readers.begin().await;
        begun.map(ReadTx).during("begin to read")
    }

    /// A connection for a single query, which needs no transaction.
    pub(crate) async fn glance(&self) -> Result<sqlx::pool::PoolConnection<Sqlite>, StoreError> {
        self.0.readers.acquire().await.during("begin to read")
    }

    /// Runs an operation that changes something, and returns its answer once that is committed.
    ///
    /// Operations run one after the other and may be committed together. One that fails after it
    /// changed something is undone; the others are then run again, so `operation` must be able to
    /// run more than once. It runs to its end even if nobody waits for the answer any more.
    /// `committed` is called with the answer after the commit and before this returns.
    pub(crate) async fn write<T, E, Op, After>(
        &self,
        operation: Op,
        committed: After,
    ) -> Result<T, E>
    where
        Op: for<'a> FnMut(&'a mut WriteTx) -> Attempt<'a, T, E> + Send + 'static,
        After: FnOnce(&T) + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.0.writer.run(operation, committed).await
    }

    /// An image of the database between two transactions, with what `meanwhile` gives at the same
    /// moment: all that was committed before is in the image and was told, and nothing else.
    pub(crate) async fn image<T: Send + 'static>(
        &self,
        meanwhile: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(Image, T), StoreError> {
        self.0.writer.image(meanwhile).await
    }

    /// As [`Self::image`], with the image taken as late as possible: before the next transaction
    /// that may change something, or when it is asked for by [`Self::fill`].
    pub(crate) async fn image_later<T: Send + 'static>(
        &self,
        meanwhile: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(ImageSlot, T), StoreError> {
        self.0.writer.image_later(meanwhile).await
    }

    /// The image of a slot, which is taken now if nothing was changed since the slot was made.
    pub(crate) async fn fill(&self, slot: &ImageSlot) -> Result<Image, StoreError> {
        match slot.get() {
            Some(image) => Ok(image),
            None => self.0.writer.fill(slot.clone()).await,
        }
    }

    /// Puts the content of an image into the place of all that the database holds, in one
    /// transaction. `committed` is called after the commit, before anything else is written.
    pub(crate) async fn refill(
        &self,
        image: Image,
        committed: impl FnOnce() + Send + 'static,
    ) -> Result<(), StoreError> {
        self.0.writer.refill(image, Box::new(committed)).await
    }

    /// The last timestamp that was given to anything.
    pub(crate) fn last_stamp(&self) -> Timestamp {
        self.0.writer.last_stamp()
    }

    /// Whether it is removed at the end.
    pub(crate) fn is_temporary(&self) -> bool {
        self.0.is_temporary
    }

    /// Whether nothing was in it when it was opened but what every database begins with.
    pub(crate) fn is_new(&self) -> bool {
        self.0.is_new
    }

    /// Removes a temporary database from the disk without closing it, which takes longer. What is
    /// still under way comes to its end.
    pub(crate) fn abandon(&self) {
        self.0.ground.clear();
    }

    /// Ends the store: writes what is open, moves the log into the database file and closes it.
    pub(crate) async fn close(&self) {
        // The writer last: who closes the last connection moves the log, and a reader cannot.
        self.0.readers.close().await;
        self.0.writer.close().await;
        self.0.ground.clear();
        self.0.ground.release();
    }
}

/// A read transaction.
#[derive(Debug)]
pub(crate) struct ReadTx(Transaction<'static, Sqlite>);

impl Deref for ReadTx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.0
    }
}

impl DerefMut for ReadTx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }
}
