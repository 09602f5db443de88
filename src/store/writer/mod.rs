//! The one writer of a database: operations one after the other, committed in groups.
//!
//! Operations that wait while another runs join its transaction, so that a burst of calls costs
//! one commit. None of them sees that: each is answered after the commit, and one that fails
//! leaves nothing behind.

mod slot;

use std::{
    future::Future,
    ops::{Deref, DerefMut},
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::Poll,
};

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::{During, Image, StoreError};
use crate::domain::time::Timestamp;

/// How many operations one commit holds at most.
const GROUP: usize = 64;
/// How many operations may wait before callers wait to be let in.
const QUEUE: usize = 1024;

pub(crate) use self::slot::ImageSlot;

/// The running of an operation.
pub(crate) type Attempt<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// A write transaction.
#[derive(Debug)]
pub(crate) struct WriteTx {
    connection: SqliteConnection,
    changed: bool,
    last_stamp: Timestamp,
}

impl WriteTx {
    /// The connection, for a statement that changes something.
    pub(crate) fn changing(&mut self) -> &mut SqliteConnection {
        self.changed = true;
        &mut self.connection
    }

    /// A timestamp that no other has: `now`, or just after the last one given.
    ///
    /// Clients compare timestamps for equality, so a change within one tick of the clock, or on a
    /// clock that was moved back, must show too (`semantics.md` 8.3).
    pub(crate) fn stamp(&mut self, now: Timestamp) -> Timestamp {
        self.last_stamp = now.max(self.last_stamp.plus_micros(1));
        self.last_stamp
    }

    /// Lets every timestamp that is given from now on be later than this one.
    pub(crate) fn stamp_after(&mut self, last: Timestamp) {
        self.last_stamp = self.last_stamp.max(last);
    }

    /// Lets timestamps go on after this one, which is the last that anything has, or was told.
    pub(crate) fn stamp_on_from(&mut self, last: Timestamp) {
        self.last_stamp = last;
    }
}

impl Deref for WriteTx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

/// What became of an operation within the open transaction.
enum Verdict {
    /// It is done, or was refused before it changed anything: it is answered after the commit.
    Keep,
    /// It failed after it changed something: the transaction must be undone.
    Undo,
}

/// An operation on its way through the writer.
trait Job: Send {
    fn attempt<'a>(
        &'a mut self,
        tx: &'a mut WriteTx,
    ) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;
    /// Answers the caller, once what it did is committed.
    fn answer(self: Box<Self>);
    /// Tells the caller that the store failed.
    fn fail(self: Box<Self>, error: StoreError);
}

struct Operation<T, E, Op, After> {
    run: Op,
    committed: After,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, Op, After> Job for Operation<T, E, Op, After>
where
    Op: for<'a> FnMut(&'a mut WriteTx) -> Attempt<'a, T, E> + Send,
    After: FnOnce(&T) + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn attempt<'a>(
        &'a mut self,
        tx: &'a mut WriteTx,
    ) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>> {
        Box::pin(async move {
            tx.changed = false;
            let outcome = caught((self.run)(tx)).await.unwrap_or_else(|| {
                let source = sqlx::Error::WorkerCrashed;
                Err(E::from(StoreError {
                    operation: "run the operation: it panicked",
                    source,
                }))
            });
            let undo = outcome.is_err() && tx.changed;
            self.outcome = Some(outcome);
            if undo { Verdict::Undo } else { Verdict::Keep }
        })
    }

    fn answer(self: Box<Self>) {
        let Some(outcome) = self.outcome else {
            return;
        };
        if let Ok(answer) = &outcome {
            (self.committed)(answer);
        }
        // A caller who went away is told nothing; what was done stays done.
        drop(self.reply.send(outcome));
    }

    fn fail(self: Box<Self>, error: StoreError) {
        drop(self.reply.send(Err(E::from(error))));
    }
}

/// Runs a future to its end, or to its panic.
async fn caught<T>(mut future: Pin<Box<dyn Future<Output = T> + Send + '_>>) -> Option<T> {
    std::future::poll_fn(|context| {
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Some(value)),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

enum Message {
    Job(Box<dyn Job>),
    Between(Box<dyn Between>),
    Close(oneshot::Sender<()>),
}

/// What is done between two transactions.
trait Between: Send {
    fn run<'a>(
        self: Box<Self>,
        writing: &'a mut Writing,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>
    where
        Self: 'a;
}

/// What the writer's task works with.
struct Writing {
    tx: WriteTx,
    /// The last timestamp that was committed, for whoever asks.
    last_stamp_us: Arc<AtomicI64>,
    /// An image that is to be taken before anything changes.
    awaited: Option<ImageSlot>,
    /// An image of the database as it is now, if there is one.
    image: Option<Image>,
}

/// The handle on the writer's task.
#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    last_stamp_us: Arc<AtomicI64>,
}

/// The last timestamp that was given to anything in this database.
pub(super) async fn last_stamp(
    connection: &mut SqliteConnection,
) -> Result<Timestamp, sqlx::Error> {
    sqlx::query_scalar!("SELECT last_stamp_us FROM world WHERE id = 1")
        .fetch_one(connection)
        .await
        .map(Timestamp::from_micros)
}

impl Writer {
    /// Starts the task that writes through this connection, into a database that is as `image`
    /// says, if anything does.
    ///
    /// It gives no timestamp that is not above `last_stamp`.
    pub(super) fn start(
        connection: SqliteConnection,
        last_stamp: Timestamp,
        image: Option<Image>,
    ) -> Self {
        let tx = WriteTx {
            connection,
            changed: false,
            last_stamp,
        };
        let last_stamp_us = Arc::new(AtomicI64::new(last_stamp.as_micros()));
        let writing = Writing {
            tx,
            last_stamp_us: Arc::clone(&last_stamp_us),
            awaited: None,
            image,
        };
        let (queue, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(work(writing, receiver));
        Self {
            queue,
            last_stamp_us,
        }
    }

    /// The last timestamp that was committed.
    pub(super) fn last_stamp(&self) -> Timestamp {
        Timestamp::from_micros(self.last_stamp_us.load(Ordering::Acquire))
    }

    pub(super) async fn run<T, E, Op, After>(&self, run: Op, committed: After) -> Result<T, E>
    where
        Op: for<'a> FnMut(&'a mut WriteTx) -> Attempt<'a, T, E> + Send + 'static,
        After: FnOnce(&T) + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Operation {
            run,
            committed,
            outcome: None,
            reply,
        };
        let sent = self.queue.send(Message::Job(Box::new(job))).await;
        sent.map_err(|_| E::from(closed()))?;
        answer.await.unwrap_or_else(|_| Err(closed().into()))
    }

    /// Lets what waits be written, then closes the connection.
    pub(super) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.queue.send(Message::Close(reply)).await.is_ok() {
            drop(closed.await);
        }
    }
}

fn closed() -> StoreError {
    StoreError {
        operation: "write: the store is closed",
        source: sqlx::Error::PoolClosed,
    }
}

async fn work(mut writing: Writing, mut receiver: mpsc::Receiver<Message>) {
    let mut closing = None;
    while closing.is_none() {
        let mut next = receiver.recv().await;
        let mut group = Vec::new();
        let mut between = None;
        // Those that wait already join, up to what has to be done alone.
        loop {
            match next {
                Some(Message::Job(job)) => group.push(job),
                Some(Message::Between(work)) => between = Some(work),
                Some(Message::Close(reply)) => closing = Some(Some(reply)),
                None => closing = Some(None),
            }
            if group.len() >= GROUP || between.is_some() || closing.is_some() {
                break;
            }
            match receiver.try_recv() {
                Ok(message) => next = Some(message),
                Err(_) => break,
            }
        }
        if !group.is_empty() {
            writing.take_awaited().await;
            commit_group(&mut writing, group).await;
            writing.told();
        }
        if let Some(between) = between {
            between.run(&mut writing).await;
        }
    }
    if let Err(error) = writing.tx.connection.close().await {
        tracing::error!(error = %error, "the database could not be closed");
    }
    if let Some(reply) = closing.flatten() {
        let _ = reply.send(());
    }
}

/// Runs the operations in one transaction. One that must be undone takes the transaction with
/// it; it is answered, and the others start again without it.
async fn commit_group(writing: &mut Writing, mut group: Vec<Box<dyn Job>>) {
    while !group.is_empty() {
        match attempt_group(writing, &mut group).await {
            Ok(None) => {
                for job in group.drain(..) {
                    job.answer();
                }
            }
            Ok(Some(undone)) => {
                let job = group.remove(undone);
                job.answer();
            }
            Err(error) => {
                let shown = error.source.to_string();
                for job in group.drain(..) {
                    job.fail(StoreError {
                        operation: error.operation,
                        source: sqlx::Error::Protocol(shown.clone()),
                    });
                }
            }
        }
    }
}

/// Commits the whole group, or returns the place of the operation that made it impossible.
async fn attempt_group(
    writing: &mut Writing,
    group: &mut [Box<dyn Job>],
) -> Result<Option<usize>, StoreError> {
    let tx = &mut writing.tx;
    execute(tx, "BEGIN IMMEDIATE", "begin to write").await?;
    let stamped = tx.last_stamp;
    let mut changed = false;
    for (place, job) in group.iter_mut().enumerate() {
        let verdict = job.attempt(tx).await;
        if tx.changed {
            writing.image = None;
        }
        match verdict {
            Verdict::Keep => changed |= tx.changed,
            Verdict::Undo => {
                execute(tx, "ROLLBACK", "undo").await?;
                return Ok(Some(place));
            }
        }
    }
    // What is not changed keeps its last timestamp.
    let stamped = if changed { stamped } else { tx.last_stamp };
    let committed = commit(tx, stamped).await;
    if let Err(error) = committed {
        // The transaction may be open still; whether this succeeds changes nothing any more.
        drop(execute(tx, "ROLLBACK", "undo").await);
        return Err(error);
    }
    Ok(None)
}

/// Commits what was changed, with the last timestamp that was given: in one call, because each costs
/// two changes of thread.
#[expect(
    clippy::disallowed_methods,
    reason = "the checked macros know no transaction statements"
)]
async fn commit(tx: &mut WriteTx, stamped: Timestamp) -> Result<(), StoreError> {
    if tx.last_stamp == stamped {
        return execute(tx, "COMMIT", "commit").await;
    }
    sqlx::query("UPDATE world SET last_stamp_us = ?1 WHERE id = 1; COMMIT")
        .bind(tx.last_stamp.as_micros())
        .execute(&mut tx.connection)
        .await
        .during("commit")?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the checked macros know no transaction statements"
)]
async fn execute(
    tx: &mut WriteTx,
    statement: &'static str,
    operation: &'static str,
) -> Result<(), StoreError> {
    sqlx::query(statement)
        .execute(&mut tx.connection)
        .await
        .during(operation)?;
    Ok(())
}

#[cfg(test)]
mod tests;
