//! Operations that meet in the writer: committed together, undone alone.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use tokio::{sync::Semaphore, task::JoinHandle};

use crate::{
    domain::time::Timestamp,
    store::{
        Spares, Store, StoreError,
        counter::{self, Prefix},
    },
};

/// Why an operation of these tests fails.
#[derive(Debug)]
enum Failure {
    Refused,
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What an operation does after it took the next reference of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Succeed,
    Fail,
    Panic,
}

type Answer = Result<String, Failure>;

struct Bench {
    store: Store,
    /// How often an operation was begun.
    begun: Arc<AtomicU32>,
}

impl Bench {
    async fn new() -> Self {
        Self {
            store: Store::open(None, &Spares::default()).await.unwrap(),
            begun: Arc::default(),
        }
    }

    /// Lets an operation wait in the writer until the returned semaphore gets a permit, so that
    /// those sent meanwhile meet in one group.
    async fn occupied(&self) -> (JoinHandle<Answer>, Arc<Semaphore>) {
        let (begun, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (store, inside, release) = (self.store.clone(), begun.clone(), gate.clone());
        let running = tokio::spawn(async move {
            store
                .write(
                    move |tx| {
                        let (inside, release) = (inside.clone(), release.clone());
                        Box::pin(async move {
                            let reference = counter::next(tx, Prefix::Computer).await?;
                            inside.add_permits(1);
                            release.acquire().await.unwrap().forget();
                            Ok(reference)
                        })
                    },
                    |_: &String| {},
                )
                .await
        });
        begun.acquire().await.unwrap().forget();
        (running, gate)
    }

    /// Sends an operation; it is in the queue when this returns.
    async fn send(&self, prefix: Prefix, then: Then) -> JoinHandle<Answer> {
        let (store, begun) = (self.store.clone(), Arc::clone(&self.begun));
        let sent = tokio::spawn(async move {
            store
                .write(
                    move |tx| {
                        begun.fetch_add(1, Ordering::Relaxed);
                        Box::pin(async move {
                            let reference = counter::next(tx, prefix).await?;
                            match then {
                                Then::Succeed => Ok(reference),
                                Then::Fail => Err(Failure::Refused),
                                Then::Panic => panic!("an operation of a test panics"),
                            }
                        })
                    },
                    |_: &String| {},
                )
                .await
        });
        // One turn of this single thread is enough to put it into the queue.
        tokio::task::yield_now().await;
        sent
    }

    /// The last number that was handed out under a prefix, as others see it.
    async fn last(&self, prefix: &str) -> i64 {
        let mut connection = self.store.glance().await.unwrap();
        sqlx::query_scalar!("SELECT last FROM counter WHERE prefix = ?1", prefix)
            .fetch_one(&mut *connection)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn an_operation_that_fails_in_a_group_is_undone_alone() {
    let bench = Bench::new().await;
    let (running, gate) = bench.occupied().await;
    let before = bench.send(Prefix::Tree, Then::Succeed).await;
    let failing = bench.send(Prefix::Tree, Then::Fail).await;
    let after = bench.send(Prefix::Tree, Then::Succeed).await;
    assert_eq!(bench.last("HOSTSUBS").await, 0, "they wait");
    gate.add_permits(1);
    assert_eq!(running.await.unwrap().unwrap(), "COMP-1");
    assert_eq!(before.await.unwrap().unwrap(), "HOSTSUBS-1");
    assert!(matches!(failing.await.unwrap(), Err(Failure::Refused)));
    assert_eq!(after.await.unwrap().unwrap(), "HOSTSUBS-2");
    assert_eq!(bench.last("HOSTSUBS").await, 2);
    // The first of them ran twice: it was in the group that the second took down.
    assert_eq!(bench.begun.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn an_operation_that_panics_is_answered_and_undone_and_the_next_ones_go_on() {
    let bench = Bench::new().await;
    let (running, gate) = bench.occupied().await;
    let before = bench.send(Prefix::Tree, Then::Succeed).await;
    let panicking = bench.send(Prefix::Instance, Then::Panic).await;
    let after = bench.send(Prefix::Instance, Then::Succeed).await;
    gate.add_permits(1);
    running.await.unwrap().unwrap();
    assert_eq!(before.await.unwrap().unwrap(), "HOSTSUBS-1");
    let answer = panicking.await.unwrap();
    let Err(Failure::Store(error)) = answer else {
        panic!("{answer:?}");
    };
    assert!(error.operation.contains("panicked"), "{error}");
    assert_eq!(after.await.unwrap().unwrap(), "SOFTINST-1");
    let later = bench.send(Prefix::Instance, Then::Succeed).await;
    assert_eq!(later.await.unwrap().unwrap(), "SOFTINST-2");
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_a_whole_change_behind() {
    let bench = Bench::new().await;
    let (running, gate) = bench.occupied().await;
    let waiting = bench.send(Prefix::Tree, Then::Succeed).await;
    running.abort();
    waiting.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(bench.last("COMP").await, 0, "nobody sees half of it");
    gate.add_permits(1);
    let next = bench.send(Prefix::Tree, Then::Succeed).await;
    assert_eq!(next.await.unwrap().unwrap(), "HOSTSUBS-2");
    assert_eq!(bench.last("COMP").await, 1);
}

#[tokio::test]
async fn operations_of_many_callers_each_happen_once() {
    let bench = Bench::new().await;
    let mut sent = Vec::new();
    for number in 0..300 {
        let then = if number % 7 == 3 {
            Then::Fail
        } else {
            Then::Succeed
        };
        sent.push((then, bench.send(Prefix::Tree, then).await));
    }
    let mut references = std::collections::BTreeSet::new();
    for (then, answer) in sent {
        let answer = answer.await.unwrap();
        assert_eq!(answer.is_ok(), then == Then::Succeed);
        references.extend(answer.ok());
    }
    let last = usize::try_from(bench.last("HOSTSUBS").await).unwrap();
    assert_eq!(references.len(), last);
}

#[tokio::test]
async fn the_world_is_told_after_the_commit_and_before_the_caller() {
    let bench = Bench::new().await;
    let told = Arc::new(AtomicU32::new(0));
    let (path, seen) = (bench.store.path().to_owned(), Arc::clone(&told));
    let answer: Answer = bench
        .store
        .write(
            |tx| Box::pin(async move { Ok(counter::next(tx, Prefix::Tree).await?) }),
            move |reference| {
                assert_eq!(reference, "HOSTSUBS-1");
                // What is committed is in the log that others read.
                let log = std::fs::metadata(path.with_extension("db-wal")).unwrap();
                assert_ne!(log.len(), 0);
                seen.fetch_add(1, Ordering::Relaxed);
            },
        )
        .await;
    assert_eq!(told.load(Ordering::Relaxed), 1);
    answer.unwrap();
}

#[tokio::test]
async fn a_closed_store_finishes_what_waits_and_refuses_the_rest() {
    let bench = Bench::new().await;
    let (running, gate) = bench.occupied().await;
    let waiting = bench.send(Prefix::Tree, Then::Succeed).await;
    let closing = {
        let store = bench.store.clone();
        tokio::spawn(async move { store.close().await })
    };
    tokio::task::yield_now().await;
    gate.add_permits(1);
    closing.await.unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), "HOSTSUBS-1");
    let late = bench.send(Prefix::Tree, Then::Succeed).await;
    assert!(matches!(late.await.unwrap(), Err(Failure::Store(_))));
}

async fn stamp(store: &Store, now: i64) -> i64 {
    let stamped: Result<i64, Failure> = store
        .write(
            move |tx| {
                Box::pin(async move {
                    let stamp = tx.stamp(Timestamp::from_micros(now));
                    counter::next(tx, Prefix::Tree).await?;
                    Ok(stamp.as_micros())
                })
            },
            |_| {},
        )
        .await;
    stamped.unwrap()
}

#[tokio::test]
async fn stamps_grow_whatever_the_clock_does_also_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let store = Store::open(Some(&path), &Spares::default()).await.unwrap();
    assert_eq!(stamp(&store, 1_000).await, 1_000);
    assert_eq!(stamp(&store, 1_000).await, 1_001);
    assert_eq!(stamp(&store, 5).await, 1_002);
    store.close().await;
    drop(store);
    let store = Store::open(Some(&path), &Spares::default()).await.unwrap();
    assert_eq!(stamp(&store, 5).await, 1_003);
    assert_eq!(stamp(&store, 2_000).await, 2_000);
}
