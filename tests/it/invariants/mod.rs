//! The invariants of `semantics.md` appendix A, over random sequences of operations.
//!
//! Each case plays a sequence of [`operation::Operation`]s in a world of its own. After each, the
//! database is read by a connection of the test's own ([`snapshot::Snapshot`]) and compared with
//! what it was before ([`step`]), with itself ([`standing`]) and, once the world is settled, with
//! what is then promised ([`settled`]). The sequences are always the same; `PROPTEST_CASES` plays
//! more of them and `PROPTEST_RNG_SEED` others.

mod exported;
mod operation;
mod settled;
mod snapshot;
mod standing;
mod step;

use std::env;

use proptest::{
    collection::vec,
    test_runner::{Config, RngSeed, TestCaseResult, TestRunner},
};
use slapmaster::domain::behaviour::Preset;

use crate::support::world::{RELEASE, TestWorld, standing_clock};

use self::{
    operation::{Operation, operation},
    snapshot::Snapshot,
};

/// How many sequences are played unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 48;
/// How many operations a sequence has at most.
const LENGTH: usize = 40;

#[test]
fn the_default_preset_keeps_every_invariant() {
    run(Preset::Default);
}

#[test]
fn production_keeps_every_invariant_once_it_is_settled() {
    run(Preset::Real);
}

fn run(preset: Preset) {
    over_sequences(preset, CASES, &async |operations| {
        play(preset, operations).await
    });
}

/// Plays random sequences, always the same ones, until one fails.
fn over_sequences(preset: Preset, cases: u32, play: &impl AsyncFn(&[Operation]) -> TestCaseResult) {
    let mut config = Config {
        failure_persistence: None,
        max_shrink_time: 120_000,
        max_shrink_iters: 10_000,
        ..Config::default()
    };
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(1);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(config);
    let played = runner.run(&vec(operation(), 1..LENGTH), |operations| {
        runtime.block_on(play(&operations))
    });
    if let Err(error) = played {
        panic!("{preset}: {error}");
    }
}

/// Plays a sequence and checks what must hold after each of its operations.
async fn play(preset: Preset, operations: &[Operation]) -> TestCaseResult {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let clock = standing_clock();
    let setup = TestWorld::preset(preset)
        .switch("format.unknown_computer", "create")
        .database(&path)
        .clock(&clock);
    let world = setup.clone().start().await;
    prepare(&world).await;
    let settles_at_once = preset == Preset::Default;
    let mut before = Snapshot::of(&world).await;
    for operation in operations {
        let outcome = operation.run(&world, &before).await;
        let after = Snapshot::of(&world).await;
        standing::check(&after)?;
        recognised(&world, &after)?;
        step::check(operation, &outcome, &before, &after)?;
        step::check_again(operation, &outcome, &world, &before, &after).await?;
        if settles_at_once || matches!(operation, Operation::Settle) {
            settled::check(&world, &after)?;
        }
        before = after;
    }
    world.settle().await;
    let last = Snapshot::of(&world).await;
    standing::check(&last)?;
    settled::check(&world, &last)?;
    reopened(world, setup, &last).await
}

/// Two computers in different networks, with software to begin with.
async fn prepare(world: &TestWorld) {
    world.format("COMP-1", 3).await;
    world.format("COMP-2", 1).await;
    world
        .sql("UPDATE computer SET network = 'NET-1' WHERE reference = 'COMP-1'")
        .await;
    for computer in ["COMP-1", "COMP-2"] {
        world.supply(computer, RELEASE, "available").await.unwrap();
        world.poll(computer).await;
    }
}

/// A.39: every certificate leads to its own row. Whether that counts is looked up there.
fn recognised(world: &TestWorld, now: &Snapshot) -> TestCaseResult {
    // What was issued last; the others were looked at before.
    if let Some(last) = now.certificates.last() {
        let serial = world.serial(&last.pem);
        proptest::prop_assert_eq!(serial.as_str(), &last.serial, "A.39");
    }
    Ok(())
}

/// A.44: the same database in another process gives the same answers.
async fn reopened(
    world: TestWorld,
    setup: crate::support::world::Setup,
    last: &Snapshot,
) -> TestCaseResult {
    world.close().await;
    let world = setup.start().await;
    let again = Snapshot::of(&world).await;
    proptest::prop_assert_eq!(&again.told, &last.told);
    proptest::prop_assert_eq!(&again.statuses, &last.statuses);
    Ok(())
}
