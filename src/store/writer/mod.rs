//! The one writer of a database: operations one after the other, committed in groups.
//!
//! Operations that wait while another runs join its transaction, so that a burst of calls costs
//! one commit. None of them sees that: each is answered after the commit, and one that fails
//! leaves nothing behind.

use std::{
    future::Future,
    ops::{Deref, DerefMut},
    panic::AssertUnwindSafe,
    pin::Pin,
    task::Poll,
};

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::{During, StoreError};
use crate::domain::time::Timestamp;

/// How many operations one commit holds at most.
const GROUP: usize = 64;
/// How many operations may wait before callers wait to be let in.
const QUEUE: usize = 1024;

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
    Close(oneshot::Sender<()>),
}

/// The handle on the writer's task.
#[derive(Debug)]
pub(super) struct Writer(mpsc::Sender<Message>);

impl Writer {
    /// Starts the task that writes through this connection.
    pub(super) async fn start(mut connection: SqliteConnection) -> Result<Self, sqlx::Error> {
        let last_stamp = sqlx::query_scalar!("SELECT last_stamp_us FROM world WHERE id = 1")
            .fetch_one(&mut connection)
            .await?;
        let tx = WriteTx {
            connection,
            changed: false,
            last_stamp: Timestamp::from_micros(last_stamp),
        };
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(work(tx, receiver));
        Ok(Self(sender))
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
        let closed = || {
            E::from(StoreError {
                operation: "write: the store is closed",
                source: sqlx::Error::PoolClosed,
            })
        };
        self.0
            .send(Message::Job(Box::new(job)))
            .await
            .map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Lets what waits be written, then closes the connection.
    pub(super) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.0.send(Message::Close(reply)).await.is_ok() {
            drop(closed.await);
        }
    }
}

async fn work(mut tx: WriteTx, mut receiver: mpsc::Receiver<Message>) {
    let mut closing = None;
    while closing.is_none() {
        let job = match receiver.recv().await {
            Some(Message::Job(job)) => job,
            Some(Message::Close(reply)) => {
                closing = Some(reply);
                break;
            }
            None => break,
        };
        let mut waiting = vec![job];
        while waiting.len() < GROUP && closing.is_none() {
            match receiver.try_recv() {
                Ok(Message::Job(job)) => waiting.push(job),
                Ok(Message::Close(reply)) => closing = Some(reply),
                Err(_) => break,
            }
        }
        commit_group(&mut tx, waiting).await;
    }
    if let Err(error) = tx.connection.close().await {
        tracing::error!(error = %error, "the database could not be closed");
    }
    if let Some(reply) = closing {
        let _ = reply.send(());
    }
}

/// Runs the operations in one transaction. One that must be undone takes the transaction with
/// it; it is answered, and the others start again without it.
async fn commit_group(tx: &mut WriteTx, mut group: Vec<Box<dyn Job>>) {
    while !group.is_empty() {
        match attempt_group(tx, &mut group).await {
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
    tx: &mut WriteTx,
    group: &mut [Box<dyn Job>],
) -> Result<Option<usize>, StoreError> {
    execute(tx, "BEGIN IMMEDIATE", "begin to write").await?;
    let stamped = tx.last_stamp;
    let mut changed = false;
    for (place, job) in group.iter_mut().enumerate() {
        match job.attempt(tx).await {
            Verdict::Keep => changed |= tx.changed,
            Verdict::Undo => {
                execute(tx, "ROLLBACK", "undo").await?;
                return Ok(Some(place));
            }
        }
    }
    let committed = if changed {
        commit(tx, stamped).await
    } else {
        execute(tx, "COMMIT", "commit").await
    };
    if let Err(error) = committed {
        // The transaction may be open still; whether this succeeds changes nothing any more.
        drop(execute(tx, "ROLLBACK", "undo").await);
        return Err(error);
    }
    Ok(None)
}

async fn commit(tx: &mut WriteTx, stamped: Timestamp) -> Result<(), StoreError> {
    if tx.last_stamp != stamped {
        let last = tx.last_stamp.as_micros();
        sqlx::query!("UPDATE world SET last_stamp_us = ?1 WHERE id = 1", last)
            .execute(tx.changing())
            .await
            .during("keep the last timestamp")?;
    }
    execute(tx, "COMMIT", "commit").await
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
