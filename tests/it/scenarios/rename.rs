//! Renaming (`semantics.md` 3.10).

use slapmaster::{
    domain::{
        behaviour::Preset,
        request::{BrokenRule, RefusedValue},
    },
    master::{MasterError, RequestedView},
};

use crate::support::world::TestWorld;

/// Root `web` with children `b` and `c`.
async fn family(preset: Preset) -> (TestWorld, RequestedView, RequestedView) {
    let world = TestWorld::preset(preset)
        .default_computer("COMP-1")
        .switch("allocation.require_supply", "off")
        .switch("allocation.capacity_check", "off")
        .start()
        .await;
    world.format("COMP-1", 5).await;
    let _ = world.request("web").answer().await.unwrap();
    world.settle().await;
    let web = world.request("web").on().await;
    for name in ["b", "c"] {
        let _ = world
            .request(name)
            .child_of(&web.at)
            .answer()
            .await
            .unwrap();
    }
    world.settle().await;
    let b = world.request("b").child_of(&web.at).on().await;
    (world, web, b)
}

/// B.100
#[tokio::test]
async fn a_rename_changes_the_title_alone() {
    for preset in Preset::ALL {
        let (world, web, b) = family(*preset).await;
        world.advance(60);
        world.rename(&b.at, "b2").await.unwrap();
        let renamed = world.request("b2").child_of(&web.at).on().await;
        let expected = RequestedView {
            title: renamed.title.clone(),
            ..b.clone()
        };
        assert_eq!(renamed, expected);
        assert_eq!(world.occupant(&b.at).await.title.as_str(), "b2");
    }
}

/// B.101
#[tokio::test]
async fn a_title_that_is_taken_in_the_tree_is_refused() {
    for preset in Preset::ALL {
        let (world, web, b) = family(*preset).await;
        let before = world.dump().await;
        for (place, name) in [(&b.at, "c"), (&b.at, "b"), (&b.at, "web"), (&web.at, "web")] {
            let refused = world.rename(place, name).await;
            assert!(matches!(
                refused,
                Err(MasterError::RefusedValue(RefusedValue::TitleInTree(_)))
            ));
        }
        assert_eq!(world.dump().await, before, "{preset}");
    }
}

/// B.102
#[tokio::test]
async fn the_old_title_is_a_new_instance_from_then_on() {
    let (world, web, b) = family(Preset::Default).await;
    world.rename(&b.at, "b2").await.unwrap();
    let new = world.request("b").child_of(&web.at).on().await;
    assert_ne!(new.reference, b.reference);
    assert_ne!(new.at, b.at);
}

/// B.103
#[tokio::test]
async fn what_is_being_destroyed_cannot_be_renamed() {
    for preset in [Preset::Default, Preset::Real] {
        let (world, web, b) = family(preset).await;
        let request = world.request("b").child_of(&web.at);
        request.state("destroyed").waits().await;
        let before = world.dump().await;
        let refused = world.rename(&b.at, "b2").await;
        assert!(matches!(
            refused,
            Err(MasterError::BrokenRule(BrokenRule::BeingDestroyed(..)))
        ));
        assert_eq!(world.dump().await, before, "{preset}");
    }
}

/// B.100: of the root (C.50).
#[tokio::test]
async fn renaming_the_root_renames_its_tree() {
    for preset in [Preset::Default, Preset::Slapproxy] {
        let (world, web, b) = family(preset).await;
        world.request("blog").on().await;
        let before = world.dump().await;
        let refused = world.rename(&web.at, "blog").await;
        assert!(matches!(
            refused,
            Err(MasterError::RefusedValue(RefusedValue::TitleOfTree(_)))
        ));
        assert_eq!(world.dump().await, before);
        let revision = world.master.revision("COMP-1");
        world.rename(&web.at, "site").await.unwrap();
        assert_ne!(world.master.revision("COMP-1"), revision);
        assert_eq!(world.occupant(&b.at).await.tree_title.as_str(), "site");
        let renamed = world.request("site").on().await;
        assert_eq!(
            (&renamed.reference, renamed.is_root),
            (&web.reference, true)
        );
    }
}

/// B.100: of the root, as production does (C.50): the tree gets a fresh one.
#[tokio::test]
async fn production_gives_a_tree_a_fresh_root_when_its_root_is_renamed() {
    let (world, web, b) = family(Preset::Real).await;
    world.rename(&web.at, "site").await.unwrap();
    assert_eq!(world.live("web").await, None);
    world.round().await;
    let fresh = world.request("web").on().await;
    assert_ne!(fresh.reference, web.reference);
    assert!(fresh.is_root);
    let renamed = world.occupant(&web.at).await;
    assert_eq!(
        (&renamed.reference, renamed.title.as_str()),
        (&web.reference, "site")
    );
    assert_eq!(world.occupant(&b.at).await.tree_title.as_str(), "web");
    world.settle().await;
    assert_eq!(world.request("web").on().await.reference, fresh.reference);
}

/// B.100: another instance may take the root's title before the round does, in any state or kind;
/// rounds go on all the same.
#[tokio::test]
async fn a_round_goes_on_whatever_took_the_title_of_a_renamed_root() {
    for kind in ["software", "shared", "destroyed"] {
        let (world, web, b) = family(Preset::Real).await;
        let taken = world.request("x").child_of(&web.at);
        let taken = if kind == "shared" {
            taken.shared()
        } else {
            taken
        };
        let _ = taken.clone().answer().await.unwrap();
        world.settle().await;
        let x = taken.clone().on().await;
        world.rename(&web.at, "site").await.unwrap();
        let shared = Some(x.reference.as_str()).filter(|_| kind == "shared");
        world.rename_shared(&x.at, shared, "web").await.unwrap();
        if kind == "destroyed" {
            let child = world.request("web").child_of(&web.at);
            child.state("destroyed").waits().await;
        }
        let _ = world
            .request("late")
            .child_of(&b.at)
            .answer()
            .await
            .unwrap();
        world.settle().await;
        let late = world
            .request("late")
            .child_of(&b.at)
            .answer()
            .await
            .unwrap();
        assert!(late.is_placed(), "{kind}: no round was done");
        if kind == "software" {
            let root = world.request("web").on().await;
            assert_eq!((&root.reference, root.is_root), (&x.reference, true));
        }
    }
}

/// B.100: of a shared instance (C.51).
#[tokio::test]
async fn a_shared_instance_is_renamed_and_not_its_host() {
    for preset in Preset::ALL {
        let (world, web, b) = family(*preset).await;
        let shared = world.request("s").shared().child_of(&b.at);
        let _ = shared.clone().answer().await.unwrap();
        world.settle().await;
        let shared = shared.on().await;
        let guid = Some(shared.reference.as_str());
        world.rename_shared(&shared.at, guid, "s2").await.unwrap();
        assert_eq!(world.hosted(&shared.at).await, ["s2"], "{preset}");
        assert_eq!(world.occupant(&web.at).await.title.as_str(), "web");
    }
}
