//! Connection parameters and bangs (`semantics.md` 8, 12.1).

use slapmaster::{
    domain::{
        behaviour::Preset, identifier::PartitionAddress, status::StatusKind, time::Timestamp,
    },
    master::InstanceReport,
};

use crate::support::world::{TestWorld, parameters};

/// Root `web`, its child `b` and below that `c`, and another tree's root.
struct Chain {
    world: TestWorld,
    places: [PartitionAddress; 4],
}

impl Chain {
    async fn of(preset: Preset) -> Self {
        let world = TestWorld::preset(preset)
            .default_computer("COMP-1")
            .switch("allocation.moment", "request")
            .switch("allocation.require_supply", "off")
            .switch("allocation.capacity_check", "off")
            .switch("allocation.candidates", "ordered")
            .start()
            .await;
        world.format("COMP-1", 5).await;
        let web = world.request("web").on().await.at;
        let b = world.request("b").child_of(&web).on().await.at;
        let c = world.request("c").child_of(&b).on().await.at;
        let other = world.request("other").on().await.at;
        let places = [web, b, c, other];
        Self { world, places }
    }

    async fn timestamps(&self) -> [Timestamp; 4] {
        let mut times = [Timestamp::default(); 4];
        for (time, place) in times.iter_mut().zip(&self.places) {
            *time = self.world.timestamp(place).await;
        }
        times
    }

    /// For each of the four whether its timestamp grew; none may fall.
    async fn grew(&self, before: [Timestamp; 4]) -> [bool; 4] {
        let after = self.timestamps().await;
        let mut grew = [false; 4];
        for (grew, (before, after)) in grew.iter_mut().zip(before.into_iter().zip(after)) {
            assert!(after >= before);
            *grew = after > before;
        }
        grew
    }
}

/// B.85
#[tokio::test]
async fn publishing_bumps_the_requester_and_not_the_publisher() {
    for preset in Preset::ALL {
        let chain = Chain::of(*preset).await;
        let before = chain.timestamps().await;
        chain.world.publish(&chain.places[1], &[("url", "x")]).await;
        assert_eq!(chain.grew(before).await, [true, false, false, false]);
    }
}

/// B.86
#[tokio::test]
async fn publishing_the_same_again_changes_nothing() {
    let chain = Chain::of(Preset::Default).await;
    chain.world.publish(&chain.places[1], &[("url", "x")]).await;
    let before = chain.world.dump().await;
    chain.world.publish(&chain.places[1], &[("url", "x")]).await;
    assert_eq!(chain.world.dump().await, before);
}

/// B.87
#[tokio::test]
async fn publishing_reaches_the_direct_requester_only() {
    let chain = Chain::of(Preset::Default).await;
    let before = chain.timestamps().await;
    chain.world.publish(&chain.places[2], &[("url", "x")]).await;
    assert_eq!(chain.grew(before).await, [false, true, false, false]);
}

/// B.88
#[tokio::test]
async fn what_a_root_publishes_is_in_the_answer_to_its_owner() {
    let chain = Chain::of(Preset::Default).await;
    let before = chain.timestamps().await;
    chain.world.publish(&chain.places[0], &[("url", "x")]).await;
    assert_eq!(chain.grew(before).await, [false; 4]);
    let web = chain.world.request("web").on().await;
    assert_eq!(web.connection, parameters(&[("url", "x")]));
}

/// B.89
#[tokio::test]
async fn what_is_published_replaces_what_was_before() {
    let chain = Chain::of(Preset::Default).await;
    let b = &chain.places[1];
    chain.world.publish(b, &[("a", "1")]).await;
    chain.world.publish(b, &[("b", "2")]).await;
    let request = || chain.world.request("b").child_of(&chain.places[0]);
    assert_eq!(request().on().await.connection, parameters(&[("b", "2")]));
    chain.world.publish(b, &[]).await;
    assert!(request().on().await.connection.is_empty());
}

/// B.90
#[tokio::test]
async fn a_bang_reaches_the_whole_tree() {
    for preset in [Preset::Default, Preset::Slapproxy] {
        let chain = Chain::of(preset).await;
        for banged in 0..3 {
            let before = chain.timestamps().await;
            let place = &chain.places[banged];
            chain.world.bang(place, "again").await.unwrap();
            assert_eq!(chain.grew(before).await, [true, true, true, false]);
        }
    }
}

/// B.90, as production does (C.62).
#[tokio::test]
async fn productions_bang_reaches_the_ancestors() {
    let chain = Chain::of(Preset::Real).await;
    let before = chain.timestamps().await;
    chain.world.bang(&chain.places[1], "again").await.unwrap();
    assert_eq!(chain.grew(before).await, [true, true, false, false]);
    let before = chain.timestamps().await;
    chain.world.bang(&chain.places[0], "again").await.unwrap();
    assert_eq!(chain.grew(before).await, [true, false, false, false]);
}

/// B.90: also those that are to be destroyed, but no shared ones.
#[tokio::test]
async fn a_bang_reaches_every_software_instance_of_the_tree_whatever_is_wanted_of_it() {
    let chain = Chain::of(Preset::Default).await;
    let world = &chain.world;
    let [web, b, ..] = &chain.places;
    let shared = world.request("s").shared().child_of(web).on().await;
    let destroy = world.request("b").child_of(web).state("destroyed");
    destroy.waits().await;
    let before = (
        world.timestamp(b).await,
        world.stamp(shared.reference.as_str()).await,
    );
    world.bang(web, "again").await.unwrap();
    assert!(world.timestamp(b).await > before.0);
    assert_eq!(world.stamp(shared.reference.as_str()).await, before.1);
}

/// B.91
#[tokio::test]
async fn a_bang_is_an_error_with_its_message_and_keeps_the_state() {
    for preset in Preset::ALL {
        let chain = Chain::of(*preset).await;
        let [web, b, ..] = &chain.places;
        let started = InstanceReport::Started;
        chain.world.report(b, started).await.unwrap();
        chain.world.bang(b, "out of disk").await.unwrap();
        let status = chain.world.status(b).await.status.unwrap();
        assert_eq!(status.text(), "#error bang called: out of disk");
        assert_eq!(status.state, "started");
        assert_eq!(chain.world.status(web).await.status, None);
    }
}

/// B.92
#[tokio::test]
async fn a_computer_bang_reaches_what_is_wanted_on_it() {
    for preset in [Preset::Default, Preset::Real] {
        let chain = Chain::of(preset).await;
        let world = &chain.world;
        let third = world.request("third").on().await;
        world.request("third").state("destroyed").waits().await;
        let before = chain.timestamps().await;
        let third_before = world.timestamp(&third.at).await;
        world.bang_computer("COMP-1", "kernel").await;
        let grew = chain.grew(before).await;
        assert!(grew[0] && grew[3], "{preset}: {grew:?}");
        assert_eq!(world.timestamp(&third.at).await, third_before, "{preset}");
        let status = world.computer_status("COMP-1").await.status.unwrap();
        assert_eq!(status.kind, StatusKind::Error);
        assert_eq!(status.text(), "#error bang: kernel");
        assert_eq!(world.status(&chain.places[0]).await.status, None);
    }
}

/// B.92, as slapproxy does (C.63, C.64): only the computer's own status.
#[tokio::test]
async fn slapproxys_computer_bang_reaches_no_instance() {
    let chain = Chain::of(Preset::Slapproxy).await;
    let before = chain.timestamps().await;
    chain.world.bang_computer("COMP-1", "").await;
    assert_eq!(chain.grew(before).await, [false; 4]);
    let status = chain.world.computer_status("COMP-1").await.status;
    assert_eq!(status.unwrap().text(), "#error bang");
}

/// B.92: one instance a tree in production, every one by default (C.63).
#[tokio::test]
async fn by_default_a_computer_bang_reaches_every_instance_and_in_production_one_a_tree() {
    for (preset, expected) in [
        (Preset::Default, [true, true, true, true]),
        (Preset::Real, [true, false, false, true]),
    ] {
        let chain = Chain::of(preset).await;
        let before = chain.timestamps().await;
        chain.world.bang_computer("COMP-1", "kernel").await;
        assert_eq!(chain.grew(before).await, expected, "{preset}");
    }
}
