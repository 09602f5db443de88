//! Root requests (`semantics.md` 3.3).

use slapmaster::{
    domain::{
        behaviour::Preset,
        identifier::Title,
        request::{BrokenRule, RefusedValue},
        state::RequestedState,
    },
    master::MasterError,
};

use crate::support::world::{RELEASE, TestWorld, at, parameters};

const OTHER_RELEASE: &str = "https://sr.example.org/other/software.cfg";

async fn formatted(partitions: usize) -> TestWorld {
    let world = TestWorld::start().await;
    world.format("COMP-1", partitions).await;
    world
}

/// A world of production's where the release can be allocated.
async fn production(partitions: usize) -> TestWorld {
    let world = TestWorld::preset(Preset::Real)
        .default_computer("COMP-1")
        .start()
        .await;
    world.format("COMP-1", partitions).await;
    world.supply("COMP-1", RELEASE, "available").await.unwrap();
    world.poll("COMP-1").await;
    world
}

/// A world of slapproxy's with one computer, which is its default.
async fn proxy(partitions: usize) -> TestWorld {
    let world = TestWorld::preset(Preset::Slapproxy)
        .default_computer("COMP-1")
        .start()
        .await;
    world.format("COMP-1", partitions).await;
    world
}

/// B.26
#[tokio::test]
async fn a_request_is_allocated_at_once() {
    for world in [formatted(1).await, proxy(1).await] {
        let web = world.request("web").on().await;
        assert_eq!(web.at, at("COMP-1", "slappart0"));
        assert_eq!(world.partition_record(&web.at).await, "busy validated");
    }
}

/// B.26, in the background.
#[tokio::test]
async fn a_request_waits_for_a_round_where_rounds_allocate() {
    let manual = TestWorld::with("allocation.moment", "manual").await;
    manual.format("COMP-1", 1).await;
    for world in [manual, production(1).await] {
        world.request("web").waits().await;
        world.request("web").waits().await;
        world.round().await;
        let web = world.request("web").on().await;
        assert_eq!(web.at, at("COMP-1", "slappart0"));
    }
}

/// B.27
#[tokio::test]
async fn the_same_request_again_changes_nothing() {
    for world in [formatted(2).await, proxy(2).await] {
        let web = world.request("web").param("a", "1").on().await;
        let before = world.dump().await;
        world.advance(60);
        let again = world.request("web").param("a", "1").on().await;
        assert_eq!(again, web);
        assert_eq!(world.dump().await, before);
    }
}

/// B.28
#[tokio::test]
async fn other_parameters_replace_those_before() {
    for world in [formatted(1).await, proxy(1).await] {
        let web = world.request("web").param("a", "1").on().await;
        let after = world.request("web").param("b", "2").on().await;
        assert_eq!(after.parameters, parameters(&[("b", "2")]));
        assert_eq!((&after.reference, &after.at), (&web.reference, &web.at));
        assert!(after.timestamp > web.timestamp);
        assert_eq!(world.timestamp(&web.at).await, after.timestamp);
    }
}

/// B.29
#[tokio::test]
async fn another_release_is_applied_and_the_partition_kept() {
    for world in [formatted(2).await, proxy(2).await] {
        let web = world.request("web").on().await;
        let after = world.request("web").release(OTHER_RELEASE).on().await;
        assert_eq!(after.release.as_str(), OTHER_RELEASE);
        assert_eq!((&after.reference, &after.at), (&web.reference, &web.at));
        assert!(after.timestamp > web.timestamp);
    }
}

/// B.29, as production does.
#[tokio::test]
async fn production_locks_release_and_type_of_a_root() {
    let world = production(1).await;
    world.request("web").waits().await;
    for request in [
        world.request("web").release(OTHER_RELEASE),
        world.request("web").software_type("other"),
    ] {
        let refused = request.refused().await;
        assert!(matches!(
            refused,
            MasterError::BrokenRule(BrokenRule::LockedRelease(_))
        ));
    }
}

/// B.30
#[tokio::test]
async fn two_users_have_a_tree_each_under_one_title() {
    let world = formatted(2).await;
    let web = world.request("web").on().await;
    // No operation makes a call in another user's name yet, so the first tree is given away.
    world
        .sql(
            "INSERT INTO user (reference, is_default) VALUES ('other-user', 0);
             UPDATE instance_tree SET owner_id = (SELECT id FROM user WHERE is_default = 0);",
        )
        .await;
    let mine = world.request("web").on().await;
    assert_ne!(mine.reference, web.reference);
    assert_ne!(mine.at, web.at);
}

/// B.31
#[tokio::test]
async fn destroying_what_never_was_makes_nothing() {
    for world in [formatted(1).await, production(1).await] {
        let before = world.dump().await;
        world.request("web").state("destroyed").waits().await;
        assert_eq!(world.dump().await, before);
    }
}

/// B.31, as slapproxy does (C.43).
#[tokio::test]
async fn slapproxy_allocates_what_is_destroyed_before_it_ever_was() {
    let world = proxy(1).await;
    let web = world.request("web").state("destroyed").on().await;
    assert_eq!(web.state, RequestedState::Destroyed);
    assert_eq!(world.partition_record(&web.at).await, "busy validated");
    world.report_destroyed(&web.at).await;
    assert_eq!(world.partition_record(&web.at).await, "free validated");
    assert_ne!(world.request("web").on().await.reference, web.reference);
}

/// B.32
#[tokio::test]
async fn a_destroyed_root_is_answered_not_ready_and_told_to_its_node() {
    for world in [formatted(1).await, production(1).await] {
        let _ = world.request("web").answer().await.unwrap();
        world.settle().await;
        let web = world.request("web").on().await;
        world.request("web").state("destroyed").waits().await;
        let told = world.computer("COMP-1").await;
        let occupant = told.partitions[0].instance.as_ref().unwrap();
        assert_eq!(occupant.state, RequestedState::Destroyed);
        assert_eq!(occupant.reference, web.reference);
        assert!(occupant.timestamp > web.timestamp);
    }
}

/// B.32, as slapproxy does (C.42).
#[tokio::test]
async fn slapproxy_answers_the_destroyed_instance() {
    let world = proxy(1).await;
    let web = world.request("web").on().await;
    let destroyed = world.request("web").state("destroyed").on().await;
    assert_eq!(destroyed.reference, web.reference);
    assert_eq!(destroyed.state, RequestedState::Destroyed);
}

/// B.33
#[tokio::test]
async fn a_destroyed_root_that_is_asked_for_again_is_a_new_one() {
    let world = formatted(2).await;
    let web = world.request("web").on().await;
    world.request("web").state("destroyed").waits().await;
    let again = world.request("web").on().await;
    assert_ne!(again.reference, web.reference);
    assert_ne!(again.at, web.at);
    world.request("web").state("destroyed").waits().await;
    world.request("web").waits().await;
    world.report_destroyed(&web.at).await;
    assert_eq!(world.request("web").on().await.at, web.at);
}

/// B.33, as slapproxy does (C.44).
#[tokio::test]
async fn slapproxy_brings_a_destroyed_root_back_to_life() {
    let world = proxy(2).await;
    let web = world.request("web").on().await;
    world.request("web").state("destroyed").on().await;
    let again = world.request("web").on().await;
    assert_eq!((&again.reference, &again.at), (&web.reference, &web.at));
    assert_eq!(again.state, RequestedState::Started);
    assert!(again.timestamp > web.timestamp);
}

/// B.34
#[tokio::test]
async fn a_reported_destruction_frees_the_partition_for_others() {
    for world in [formatted(1).await, production(1).await] {
        let _ = world.request("web").answer().await.unwrap();
        world.settle().await;
        let web = world.request("web").on().await;
        world.request("web").state("destroyed").waits().await;
        assert_eq!(world.partition_record(&web.at).await, "busy validated");
        world.report_destroyed(&web.at).await;
        world.settle().await;
        assert_eq!(world.partition_record(&web.at).await, "free validated");
        assert!(world.partition(&web.at).await.instance.is_none());
        let _ = world.request("other").answer().await.unwrap();
        world.settle().await;
        let other = world.request("other").on().await;
        assert_eq!(other.at, web.at);
        assert_ne!(other.reference, web.reference);
    }
}

/// B.35
#[tokio::test]
async fn a_destroyed_report_of_what_is_wanted_changes_nothing() {
    for world in [formatted(1).await, production(1).await] {
        let _ = world.request("web").answer().await.unwrap();
        world.settle().await;
        let web = world.request("web").on().await;
        let before = world.dump().await;
        world.report_destroyed(&web.at).await;
        world.settle().await;
        assert_eq!(world.dump().await, before);
    }
}

/// B.35, as slapproxy does (C.48).
#[tokio::test]
async fn slapproxy_frees_whatever_is_reported_destroyed() {
    let world = proxy(1).await;
    let web = world.request("web").on().await;
    world.report_destroyed(&web.at).await;
    assert_eq!(world.partition_record(&web.at).await, "free validated");
    assert_ne!(world.request("web").on().await.reference, web.reference);
}

/// B.36
#[tokio::test]
async fn an_unknown_state_is_refused() {
    for preset in Preset::ALL {
        let world = TestWorld::preset(*preset)
            .default_computer("COMP-1")
            .start()
            .await;
        let refused = world.request("web").state("foo").refused().await;
        assert!(
            matches!(
                refused,
                MasterError::RefusedValue(RefusedValue::UnknownState(_))
            ),
            "{preset}"
        );
    }
}

/// B.38; the rest of it is the front's.
#[test]
fn an_empty_title_and_one_with_a_backspace_are_malformed() {
    assert!(Title::parse("partition_reference", "").is_err());
    assert!(Title::parse("partition_reference", "we\u{8}b").is_err());
    assert!(Title::parse("partition_reference", " we\tb\u{1F310}").is_ok());
}

/// B.39
#[tokio::test]
async fn non_ascii_parameters_reach_the_node_unchanged() {
    let world = formatted(1).await;
    let pairs = [("clé", "été ☃"), ("🌐", "<&>\"'\n")];
    let request = world.request("web").param(pairs[0].0, pairs[0].1);
    let web = request.param(pairs[1].0, pairs[1].1).on().await;
    let told = world.occupant(&web.at).await;
    assert_eq!(told.parameters, parameters(&pairs));
}

/// B.41
#[tokio::test]
async fn no_state_asks_for_started() {
    for world in [formatted(1).await, production(1).await] {
        world
            .request("web")
            .state("stopped")
            .answer()
            .await
            .unwrap();
        world.request("web").no_state().answer().await.unwrap();
        world.settle().await;
        let web = world.request("web").no_state().on().await;
        assert_eq!(web.state, RequestedState::Started);
    }
}

/// B.41, as slapproxy does (C.39).
#[tokio::test]
async fn slapproxy_keeps_the_state_when_none_is_sent() {
    let world = proxy(1).await;
    world.request("web").state("stopped").on().await;
    let web = world.request("web").no_state().on().await;
    assert_eq!(web.state, RequestedState::Stopped);
}

/// B.42
#[tokio::test]
async fn production_allocates_nothing_that_was_never_started() {
    let world = production(1).await;
    world.request("web").state("stopped").waits().await;
    world.settle().await;
    let stopped = world.request("web").state("stopped").answer().await;
    assert!(!stopped.unwrap().is_placed());
    world.request("web").waits().await;
    world.round().await;
    world.request("web").on().await;
}

/// B.42, as the other presets do (C.20).
#[tokio::test]
async fn a_stopped_instance_is_allocated_all_the_same() {
    for world in [formatted(1).await, proxy(1).await] {
        let web = world.request("web").state("stopped").on().await;
        assert_eq!(web.state, RequestedState::Stopped);
    }
}
