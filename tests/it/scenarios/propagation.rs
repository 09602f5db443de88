//! How states reach the rest of a tree (`semantics.md` 3.9).

use slapmaster::{
    domain::{
        behaviour::Preset,
        identifier::PartitionAddress,
        state::RequestedState::{self, Destroyed, Started, Stopped},
    },
    master::{InstanceReport, ReportOutcome},
};

use crate::support::world::{RELEASE, Request, TestWorld, title};

/// Root `web`, its child `b` and below that `c`, all on partitions.
struct Chain {
    world: TestWorld,
    web: PartitionAddress,
    b: PartitionAddress,
    c: PartitionAddress,
}

impl Chain {
    async fn of(preset: Preset) -> Self {
        let world = TestWorld::preset(preset)
            .default_computer("COMP-1")
            .start()
            .await;
        world.format("COMP-1", 3).await;
        world.supply("COMP-1", RELEASE, "available").await.unwrap();
        world.poll("COMP-1").await;
        let placed = async |request: Request<'_>| {
            let _ = request.clone().answer().await.unwrap();
            world.settle().await;
            request.on().await.at
        };
        let web = placed(world.request("web")).await;
        let b = placed(world.request("b").child_of(&web)).await;
        let c = placed(world.request("c").child_of(&b)).await;
        Self { world, web, b, c }
    }

    async fn states(&self) -> [RequestedState; 3] {
        let world = &self.world;
        [
            world.state(&self.web).await,
            world.state(&self.b).await,
            world.state(&self.c).await,
        ]
    }

    async fn root(&self, state: &str) {
        let request = self.world.request("web").state(state);
        let _ = request.answer().await.unwrap();
    }
}

/// B.56
#[tokio::test]
async fn stopping_the_root_stops_the_tree() {
    for preset in [Preset::Default, Preset::Real] {
        let chain = Chain::of(preset).await;
        let before = chain.world.timestamp(&chain.c).await;
        chain.root("stopped").await;
        chain.world.settle().await;
        assert_eq!(chain.states().await, [Stopped; 3], "{preset}");
        assert!(chain.world.timestamp(&chain.c).await > before);
    }
}

/// B.56, one level a round as in production (C.46).
#[tokio::test]
async fn a_stop_goes_down_one_level_a_round() {
    let chain = Chain::of(Preset::Real).await;
    chain.root("stopped").await;
    assert_eq!(chain.states().await, [Stopped, Started, Started]);
    chain.world.round().await;
    assert_eq!(chain.states().await, [Stopped, Stopped, Started]);
    chain.world.round().await;
    assert_eq!(chain.states().await, [Stopped; 3]);
}

/// B.57
#[tokio::test]
async fn a_stopped_tree_keeps_its_children_stopped_whatever_is_asked() {
    for preset in [Preset::Default, Preset::Real] {
        let chain = Chain::of(preset).await;
        chain.root("stopped").await;
        chain.world.settle().await;
        for state in ["started", "destroyed", "stopped"] {
            let request = chain.world.request("b").child_of(&chain.web);
            let b = request.state(state).on().await;
            assert_eq!(b.state, Stopped, "{preset}: {state}");
        }
        let new = chain.world.request("new").child_of(&chain.web);
        let _ = new.answer().await.unwrap();
        let reference = chain.world.live("new").await.unwrap();
        let record = chain.world.instance_record(&reference).await;
        assert_eq!(record, "stopped validated", "{preset}");
    }
}

/// B.57, as slapproxy does (C.45): at the next request of a child that exists.
#[tokio::test]
async fn slapproxy_stops_a_child_when_it_is_next_requested() {
    let chain = Chain::of(Preset::Slapproxy).await;
    chain.root("stopped").await;
    assert_eq!(chain.states().await, [Stopped, Started, Started]);
    chain.world.request("b").child_of(&chain.web).on().await;
    assert_eq!(chain.states().await, [Stopped, Stopped, Started]);
}

/// B.58
#[tokio::test]
async fn a_restart_reaches_each_child_with_its_parents_request() {
    for preset in [Preset::Default, Preset::Real] {
        let chain = Chain::of(preset).await;
        chain.root("stopped").await;
        chain.world.settle().await;
        chain.root("started").await;
        chain.world.settle().await;
        assert_eq!(
            chain.states().await,
            [Started, Stopped, Stopped],
            "{preset}"
        );
        chain.world.request("b").child_of(&chain.web).on().await;
        chain.world.settle().await;
        assert_eq!(
            chain.states().await,
            [Started, Started, Stopped],
            "{preset}"
        );
        chain.world.request("c").child_of(&chain.b).on().await;
        assert_eq!(chain.states().await, [Started; 3], "{preset}");
    }
}

/// B.59
#[tokio::test]
async fn stopping_a_child_stops_nothing_else() {
    for preset in [Preset::Default, Preset::Real] {
        let chain = Chain::of(preset).await;
        let request = chain.world.request("b").child_of(&chain.web);
        request.state("stopped").on().await;
        chain.world.settle().await;
        assert_eq!(
            chain.states().await,
            [Started, Stopped, Started],
            "{preset}"
        );
    }
}

/// B.60
#[tokio::test]
async fn destroying_the_root_destroys_the_tree_and_each_report_frees_its_own_partition() {
    for preset in [Preset::Default, Preset::Real] {
        let chain = Chain::of(preset).await;
        chain.root("destroyed").await;
        chain.world.settle().await;
        assert_eq!(chain.states().await, [Destroyed; 3], "{preset}");
        let places = [&chain.b, &chain.web, &chain.c];
        for (reported, place) in (1..).zip(places) {
            chain.world.report_destroyed(place).await;
            chain.world.settle().await;
            let mut free = 0;
            for place in places {
                let record = chain.world.partition_record(place).await;
                free += usize::from(record == "free validated");
            }
            assert_eq!(free, reported, "{preset}");
        }
    }
}

/// B.60, one level a round as in production (C.47).
#[tokio::test]
async fn a_destruction_goes_down_one_level_a_round() {
    let chain = Chain::of(Preset::Real).await;
    chain.root("destroyed").await;
    assert_eq!(chain.states().await, [Destroyed, Started, Started]);
    chain.world.round().await;
    assert_eq!(chain.states().await, [Destroyed, Destroyed, Started]);
    chain.world.round().await;
    assert_eq!(chain.states().await, [Destroyed; 3]);
}

/// B.60, as slapproxy does (C.47): the root's report is refused until its children are gone.
#[tokio::test]
async fn slapproxy_refuses_the_roots_report_until_its_children_are_gone() {
    let chain = Chain::of(Preset::Slapproxy).await;
    let world = &chain.world;
    chain.root("destroyed").await;
    assert_eq!(chain.states().await, [Destroyed, Started, Started]);
    let gone = || world.report(&chain.web, InstanceReport::Destroyed);
    let left = |titles: &[&str]| {
        ReportOutcome::ChildrenLeft(titles.iter().map(|text| title(text)).collect())
    };
    assert_eq!(gone().await.unwrap(), left(&["b", "c"]));
    assert_eq!(chain.states().await, [Destroyed; 3]);
    world.report_destroyed(&chain.b).await;
    assert_eq!(gone().await.unwrap(), left(&["c"]));
    world.report_destroyed(&chain.c).await;
    assert_eq!(gone().await.unwrap(), ReportOutcome::Taken);
    for place in [&chain.web, &chain.b, &chain.c] {
        assert_eq!(world.partition_record(place).await, "free validated");
    }
}

/// B.61
#[tokio::test]
async fn the_children_of_a_destroyed_child_stay_wanted() {
    for preset in [Preset::Default, Preset::Real] {
        let chain = Chain::of(preset).await;
        let world = &chain.world;
        let request = world.request("b").child_of(&chain.web);
        request.state("destroyed").waits().await;
        world.settle().await;
        world.report_destroyed(&chain.b).await;
        world.settle().await;
        assert_eq!(world.state(&chain.c).await, Started, "{preset}");
        assert_eq!(world.partition_record(&chain.c).await, "busy validated");
        let taken_over = world.request("c").child_of(&chain.web).on().await;
        assert_eq!(taken_over.at, chain.c);
    }
}

/// B.61: and they stop, or go, with their tree all the same.
#[tokio::test]
async fn an_instance_whose_requester_is_gone_still_follows_its_tree() {
    for preset in [Preset::Default, Preset::Real] {
        for reported in [false, true] {
            for (state, expected) in [("stopped", Stopped), ("destroyed", Destroyed)] {
                let chain = Chain::of(preset).await;
                let world = &chain.world;
                let request = world.request("b").child_of(&chain.web);
                request.state("destroyed").waits().await;
                if reported {
                    world.report_destroyed(&chain.b).await;
                }
                world.settle().await;
                chain.root(state).await;
                world.settle().await;
                assert_eq!(world.state(&chain.c).await, expected, "{preset} {state}");
            }
        }
    }
}

/// B.62
#[tokio::test]
async fn what_was_never_allocated_ends_with_its_tree_without_a_report() {
    for preset in [Preset::Default, Preset::Real] {
        let chain = Chain::of(preset).await;
        let world = &chain.world;
        world.request("late").child_of(&chain.c).waits().await;
        world.settle().await;
        let late = world.live("late").await.unwrap();
        chain.root("destroyed").await;
        world.settle().await;
        let record = world.instance_record(&late).await;
        assert_eq!(record, "destroyed invalidated", "{preset}");
    }
}

/// B.62: a root that is on its way out cannot grow the tree that it leaves.
#[tokio::test]
async fn a_destroyed_root_makes_no_new_children() {
    for preset in [Preset::Default, Preset::Real] {
        let chain = Chain::of(preset).await;
        let world = &chain.world;
        chain.root("destroyed").await;
        world.request("late").child_of(&chain.web).waits().await;
        world.settle().await;
        let wanted = world
            .texts("SELECT title FROM instance WHERE slap_state <> 'destroyed'")
            .await;
        assert!(wanted.is_empty(), "{preset}: {wanted:?}");
    }
}
