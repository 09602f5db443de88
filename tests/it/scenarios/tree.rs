//! In-tree requests (`semantics.md` 3.4).

use slapmaster::{
    domain::{
        behaviour::Preset,
        request::{BrokenRule, RefusedValue, Requester},
        state::RequestedState,
    },
    master::{MasterError, Missing, RequestedView},
};

use crate::support::world::{TestWorld, at};

async fn formatted(partitions: usize) -> TestWorld {
    let world = TestWorld::start().await;
    world.format("COMP-1", partitions).await;
    world
}

/// Root `web` with a child `b` and below it `c`.
async fn chain(world: &TestWorld) -> (RequestedView, RequestedView, RequestedView) {
    let web = world.request("web").on().await;
    let b = world.request("b").child_of(&web.at).on().await;
    let c = world.request("c").child_of(&b.at).on().await;
    (web, b, c)
}

/// `<title> < <title of its requester>` of every live instance.
async fn links(world: &TestWorld) -> Vec<String> {
    world
        .texts(
            "SELECT i.title || ' < ' || COALESCE(p.title, 'tree') FROM instance i
             LEFT JOIN instance p ON p.id = i.parent_id
             WHERE i.validation = 'validated' ORDER BY i.id",
        )
        .await
}

/// B.43
#[tokio::test]
async fn a_child_has_its_roots_title_and_its_own_reference() {
    let world = formatted(2).await;
    let web = world.request("web").on().await;
    let db = world.request("db").child_of(&web.at).on().await;
    assert_ne!(db.reference, web.reference);
    assert_eq!(db.tree_title.as_str(), "web");
    let told = world.occupant(&db.at).await;
    assert_eq!(
        (told.title.as_str(), told.tree_title.as_str()),
        ("db", "web")
    );
    assert_eq!(links(&world).await, ["web < tree", "db < web"]);
}

/// B.44
#[tokio::test]
async fn nobody_but_the_owner_requests_the_root() {
    let world = formatted(3).await;
    let (web, b, _) = chain(&world).await;
    for requester in [&web.at, &b.at] {
        for state in ["started", "destroyed"] {
            let request = world.request("web").child_of(requester).state(state);
            let refused = request.refused().await;
            assert!(matches!(
                refused,
                MasterError::RefusedValue(RefusedValue::RootOfTree(_))
            ));
        }
    }
}

/// B.45
#[tokio::test]
async fn another_requester_takes_a_child_over_without_a_bump() {
    let world = formatted(3).await;
    let web = world.request("web").on().await;
    let b = world.request("b").child_of(&web.at).on().await;
    let c = world.request("c").child_of(&web.at).on().await;
    let stamps = async || {
        let mut stamps = Vec::new();
        for view in [&web, &b, &c] {
            stamps.push(world.timestamp(&view.at).await);
        }
        stamps
    };
    let before = stamps().await;
    let moved = world.request("c").child_of(&b.at).on().await;
    assert_eq!(moved, c);
    assert_eq!(stamps().await, before);
    assert_eq!(links(&world).await, ["web < tree", "b < web", "c < b"]);
}

/// B.46
#[tokio::test]
async fn an_ancestor_cannot_become_the_child_of_its_descendant() {
    let world = formatted(3).await;
    let (_, b, c) = chain(&world).await;
    for requester in [&c.at, &b.at] {
        let refused = world.request("b").child_of(requester).refused().await;
        assert!(matches!(
            refused,
            MasterError::BrokenRule(BrokenRule::Cycle(_))
        ));
    }
    assert_eq!(links(&world).await, ["web < tree", "b < web", "c < b"]);
}

/// B.47
#[tokio::test]
async fn the_same_title_in_two_trees_is_two_instances() {
    let world = formatted(4).await;
    let web = world.request("web").on().await;
    let blog = world.request("blog").on().await;
    let of_web = world.request("db").child_of(&web.at).on().await;
    let of_blog = world.request("db").child_of(&blog.at).on().await;
    assert_ne!(of_web.reference, of_blog.reference);
    assert_ne!(of_web.at, of_blog.at);
}

/// B.48
#[tokio::test]
async fn an_instance_never_changes_between_software_and_shared() {
    for preset in [Preset::Default, Preset::Slapproxy] {
        let world = TestWorld::preset(preset).start().await;
        world.format("COMP-1", 2).await;
        let web = world.request("web").on().await;
        world.request("db").child_of(&web.at).on().await;
        world.request("s").shared().child_of(&web.at).on().await;
        for request in [
            world.request("db").shared().child_of(&web.at),
            world.request("s").child_of(&web.at),
            world.request("web").shared(),
        ] {
            let refused = request.refused().await;
            assert!(matches!(
                refused,
                MasterError::BrokenRule(BrokenRule::KindChange { .. })
            ));
        }
    }
}

/// B.49
#[tokio::test]
async fn destroying_a_child_destroys_only_it() {
    let world = formatted(3).await;
    let (web, b, c) = chain(&world).await;
    let request = world.request("b").child_of(&web.at);
    request.state("destroyed").waits().await;
    assert_eq!(world.state(&b.at).await, RequestedState::Destroyed);
    assert_eq!(world.state(&web.at).await, RequestedState::Started);
    assert_eq!(world.state(&c.at).await, RequestedState::Started);
}

/// B.50
#[tokio::test]
async fn a_child_that_is_being_destroyed_cannot_be_asked_for_again() {
    let world = formatted(2).await;
    let web = world.request("web").on().await;
    world.request("db").child_of(&web.at).on().await;
    let request = || world.request("db").child_of(&web.at);
    request().state("destroyed").waits().await;
    for state in ["started", "stopped", "destroyed"] {
        let refused = request().state(state).refused().await;
        assert!(matches!(
            refused,
            MasterError::BrokenRule(BrokenRule::BeingDestroyed(..))
        ));
    }
}

/// B.50, as slapproxy does (C.44).
#[tokio::test]
async fn slapproxy_brings_a_destroyed_child_back_to_life() {
    let world = TestWorld::preset(Preset::Slapproxy).start().await;
    world.format("COMP-1", 2).await;
    let web = world.request("web").on().await;
    let db = world.request("db").child_of(&web.at).on().await;
    let request = || world.request("db").child_of(&web.at);
    let destroyed = request().state("destroyed").on().await;
    assert_eq!(destroyed.state, RequestedState::Destroyed);
    let again = request().on().await;
    assert_eq!(
        (&again.reference, again.state),
        (&db.reference, RequestedState::Started)
    );
}

/// B.51
#[tokio::test]
async fn a_child_whose_destruction_was_reported_is_made_anew() {
    let world = formatted(2).await;
    let web = world.request("web").on().await;
    let db = world.request("db").child_of(&web.at).on().await;
    let request = || world.request("db").child_of(&web.at);
    request().state("destroyed").waits().await;
    world.report_destroyed(&db.at).await;
    assert_ne!(request().on().await.reference, db.reference);
}

/// B.52
#[tokio::test]
async fn a_requester_has_a_hundred_children_and_no_more() {
    let world = formatted(1).await;
    let web = world.request("web").on().await;
    for number in 0..100 {
        let name = format!("child-{number}");
        world.request(&name).child_of(&web.at).waits().await;
    }
    let refused = world.request("one-more").child_of(&web.at).refused().await;
    assert!(matches!(
        refused,
        MasterError::BrokenRule(BrokenRule::TooManyChildren)
    ));
    let last = world.request("child-99").child_of(&web.at);
    last.state("destroyed").waits().await;
    world.request("one-more").child_of(&web.at).waits().await;
}

/// B.53
#[tokio::test]
async fn nobody_can_request_in_the_name_of_an_empty_partition() {
    for preset in [Preset::Default, Preset::Real] {
        let world = TestWorld::preset(preset)
            .default_computer("COMP-1")
            .start()
            .await;
        world.format("COMP-1", 1).await;
        for (place, free) in [
            (at("COMP-1", "slappart0"), true),
            (at("COMP-1", "slappart1"), false),
            (at("COMP-2", "slappart0"), false),
        ] {
            for requester in [Requester::Form(place.clone()), Requester::Header(place)] {
                let refused = world.request("db").requester(requester).refused().await;
                let MasterError::UnknownRequester(missing) = refused else {
                    panic!("{preset}: {refused:?}");
                };
                let found = matches!(missing, Missing::InstanceOnPartition { .. });
                assert_eq!(found, free, "{preset}: {missing}");
            }
        }
    }
}

/// B.53, as slapproxy does (C.9, C.10).
#[tokio::test]
async fn slapproxy_takes_an_empty_partition_for_the_user() {
    let world = TestWorld::preset(Preset::Slapproxy).start().await;
    world.format("COMP-1", 3).await;
    let free = at("COMP-1", "slappart2");
    let unknown = at("COMP-9", "slappart0");
    let requests = [
        ("a", Requester::Form(free.clone())),
        ("b", Requester::Header(free)),
        ("c", Requester::Form(unknown.clone())),
    ];
    for (name, requester) in requests {
        let root = world.request(name).requester(requester).on().await;
        assert!(root.is_root, "{name}");
    }
    let header = Requester::Header(unknown);
    let refused = world.request("d").requester(header).refused().await;
    assert!(matches!(refused, MasterError::Invalid(_)), "{refused:?}");
}

/// B.54, B.55
#[tokio::test]
async fn a_child_that_is_no_longer_requested_stays_as_it_is() {
    let world = formatted(3).await;
    let (web, ..) = chain(&world).await;
    let before = world.dump().await;
    world.advance(86_400);
    world.request("web").on().await;
    world.settle().await;
    assert_eq!(world.dump().await, before);
    assert_eq!(world.occupant(&web.at).await.title.as_str(), "web");
}

/// B.54: the call that once unlinked children is taken and does nothing; the model has no
/// operation for it at all, so what is left is that a request does not unlink either.
#[tokio::test]
async fn requesting_one_child_leaves_the_other_linked() {
    let world = formatted(3).await;
    let web = world.request("web").on().await;
    world.request("b").child_of(&web.at).on().await;
    world.request("c").child_of(&web.at).on().await;
    world.settle().await;
    assert_eq!(links(&world).await, ["web < tree", "b < web", "c < web"]);
}
