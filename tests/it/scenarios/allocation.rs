//! Allocation (`semantics.md` 4).

use slapmaster::domain::caller::Caller;
use slapmaster::{
    domain::behaviour::Preset,
    master::{InstanceReport, MasterError},
};

use crate::support::world::{
    RELEASE, TestWorld, at, computer_format, parameters, partition, standing_clock,
};

async fn formatted(computers: &[&str], partitions: usize) -> TestWorld {
    let world = TestWorld::start().await;
    for computer in computers {
        world.format(computer, partitions).await;
    }
    world
}

/// Why the instance waits: what is noted with it and what the journal tells last.
async fn reason(world: &TestWorld, name: &str) -> String {
    let reference = world.live(name).await.unwrap();
    let noted = world
        .text(&format!(
            "SELECT allocation_failure FROM instance WHERE reference = '{reference}'"
        ))
        .await;
    let journal = world.master.journal().about(&reference);
    let told = journal
        .iter()
        .rev()
        .find(|event| event.text.starts_with("allocation of"));
    let told = told.unwrap().text.clone();
    assert!(told.ends_with(&noted), "{told}, {noted}");
    noted
}

/// B.63
#[tokio::test]
async fn without_a_free_partition_an_instance_waits_until_one_is_freed() {
    let world = formatted(&["COMP-1"], 1).await;
    let web = world.request("web").on().await;
    for _ in 0..3 {
        world.request("late").waits().await;
        world.settle().await;
    }
    assert!(reason(&world, "late").await.contains("no free partition"));
    world.request("web").state("destroyed").waits().await;
    world.request("late").waits().await;
    world.report_destroyed(&web.at).await;
    // Nobody asked again: the freed partition itself let it in.
    assert_eq!(world.occupant(&web.at).await.title.as_str(), "late");
    assert_eq!(world.request("late").on().await.at, web.at);
}

/// B.63, as slapproxy does (C.19).
#[tokio::test]
async fn slapproxy_refuses_what_has_no_room_and_keeps_nothing_of_it() {
    let world = TestWorld::preset(Preset::Slapproxy).start().await;
    world.format("COMP-1", 1).await;
    let web = world.request("web").on().await;
    for request in [
        world.request("late"),
        world.request("late").child_of(&web.at),
        world.request("late").shared().software_type("other"),
    ] {
        let refused = request.refused().await;
        assert!(matches!(refused, MasterError::NothingFree(_)));
    }
}

/// B.64
#[tokio::test]
async fn software_must_be_asked_for_but_not_built_where_supply_is_required() {
    let world = TestWorld::with("allocation.require_supply", "on").await;
    world.format("COMP-1", 2).await;
    world.request("web").waits().await;
    world.supply("COMP-1", RELEASE, "available").await.unwrap();
    world.request("web").on().await;
    world.supply("COMP-1", RELEASE, "destroyed").await.unwrap();
    world.request("other").waits().await;
}

/// B.65
#[tokio::test]
async fn a_computer_can_be_asked_for() {
    for preset in [Preset::Default, Preset::Slapproxy] {
        let world = TestWorld::preset(preset).start().await;
        world.format("COMP-1", 1).await;
        world.format("COMP-2", 1).await;
        let request = world.request("web").sla("computer_guid", "COMP-2");
        assert_eq!(request.on().await.at, at("COMP-2", "slappart0"));
    }
    let world = formatted(&["COMP-1"], 1).await;
    let unknown = world.request("web").sla("computer_guid", "COMP-9");
    unknown.waits().await;
}

/// B.66
#[tokio::test]
async fn an_unknown_sla_key_is_never_satisfied() {
    let world = formatted(&["COMP-1"], 1).await;
    world.request("web").sla("foo", "1").waits().await;
    assert!(reason(&world, "web").await.contains("`foo`"));
    world.settle().await;
    world.request("web").sla("foo", "").waits().await;
    world.request("web").on().await;
}

/// B.66, as slapproxy does (C.24, C.25).
#[tokio::test]
async fn slapproxy_ignores_sla_keys_but_the_computers() {
    let world = TestWorld::preset(Preset::Slapproxy).start().await;
    world.format("COMP-1", 4).await;
    for (name, key) in [
        ("a", "foo"),
        ("b", "mode"),
        ("c", "capability"),
        ("d", "region"),
    ] {
        let view = world.request(name).sla(key, "x").on().await;
        assert_eq!(view.sla, parameters(&[(key, "x")]));
    }
}

/// B.66, for the keys that the client's interface names (C.26).
#[tokio::test]
async fn the_interfaces_keys_are_recorded_and_restrict_nothing() {
    for key in ["partition_type", "port"] {
        let world = formatted(&["COMP-1"], 1).await;
        let view = world.request("web").sla(key, "1").on().await;
        assert_eq!(
            world.occupant(&view.at).await.sla,
            parameters(&[(key, "1")])
        );
        let world = TestWorld::with("allocation.interface_keys", "block").await;
        world.format("COMP-1", 1).await;
        world.request("web").sla(key, "1").waits().await;
    }
}

/// B.67
#[tokio::test]
async fn keys_for_the_node_restrict_nothing_and_reach_it() {
    let world = formatted(&["COMP-1"], 1).await;
    let request = world.request("web").sla("retention_delay", "7.0");
    let web = request.on().await;
    let told = world.occupant(&web.at).await;
    assert_eq!(told.sla, parameters(&[("retention_delay", "7.0")]));
}

/// B.68
#[tokio::test]
async fn a_partition_with_capabilities_is_for_those_who_ask_for_one() {
    let world = TestWorld::start().await;
    let mut special = partition("slappart0", 1);
    special.capabilities = vec!["x".to_owned()];
    let format = computer_format("COMP-1", vec![special]);
    world.try_format(format).await.unwrap();
    world.request("plain").waits().await;
    let percent = world.request("percent").sla("capability", "%");
    percent.waits().await;
    world.request("web").sla("capability", "x").on().await;
}

/// B.69
#[tokio::test]
async fn instances_that_want_networks_of_their_own_take_each_once() {
    let world = formatted(&["COMP-1"], 3).await;
    let unique = |name| world.request(name).sla("mode", "unique_by_network");
    unique("web").waits().await;
    world
        .sql("UPDATE computer SET network = 'NET-1' WHERE reference = 'COMP-1'")
        .await;
    let web = unique("web").on().await;
    let second = || unique("second").child_of(&web.at);
    second().waits().await;
    unique("of-another-tree").on().await;
    world.format("COMP-2", 1).await;
    second().waits().await;
    world
        .sql("UPDATE computer SET network = 'NET-2' WHERE reference = 'COMP-2'")
        .await;
    assert_eq!(second().on().await.at, at("COMP-2", "slappart0"));
}

/// B.69: the network is free again with the last instance on it.
#[tokio::test]
async fn a_network_is_free_for_the_tree_again_once_its_instance_is_gone() {
    let world = formatted(&["COMP-1", "COMP-2"], 2).await;
    world
        .sql(
            "UPDATE computer SET network = 'NET-1' WHERE reference = 'COMP-1';
             UPDATE computer SET network = 'NET-2' WHERE reference = 'COMP-2'",
        )
        .await;
    let web = world
        .request("web")
        .sla("computer_guid", "COMP-1")
        .on()
        .await;
    world
        .request("host")
        .sla("computer_guid", "COMP-2")
        .on()
        .await;
    let shared = world.request("shared").shared().child_of(&web.at);
    let shared = shared.sla("computer_guid", "COMP-2");
    shared.clone().on().await;
    let unique = world.request("unique").child_of(&web.at);
    let unique = unique.sla("mode", "unique_by_network");
    unique.clone().waits().await;
    shared.state("destroyed").waits().await;
    let reference = world.live("unique").await.unwrap();
    let place = format!("SELECT partition_id FROM instance WHERE reference = '{reference}'");
    assert_ne!(world.text(&place).await, "null", "it waits without need");
}

/// B.70
#[tokio::test]
async fn an_unknown_mode_is_never_satisfied() {
    let world = formatted(&["COMP-1"], 1).await;
    world.request("web").sla("mode", "other").waits().await;
    assert!(reason(&world, "web").await.contains("`other`"));
}

/// B.71
#[tokio::test]
async fn a_closed_computer_takes_nothing_until_it_is_open_again() {
    for (column, value) in [
        ("allocation_scope", "close/maintenance"),
        ("capacity_scope", "close"),
        ("subscription", "nopaid"),
    ] {
        let world = formatted(&["COMP-1"], 1).await;
        let open = world.text(&format!("SELECT {column} FROM computer")).await;
        let set = async |value: &str| {
            let statement = format!("UPDATE computer SET {column} = '{value}'");
            world.sql(&statement).await;
        };
        set(value).await;
        world.request("web").waits().await;
        world.round().await;
        world.request("web").waits().await;
        set(&open).await;
        world.round().await;
        let web = world.live("web").await.unwrap();
        let place = format!("SELECT partition_id FROM instance WHERE reference = '{web}'");
        assert_ne!(world.text(&place).await, "null", "{column}");
    }
}

/// B.71: full by the weight of what it holds (C.29).
#[tokio::test]
async fn a_full_computer_takes_nothing() {
    let world = TestWorld::with("allocation.capacity_check", "on").await;
    world.format("COMP-1", 3).await;
    world.poll("COMP-1").await;
    world
        .sql(&format!(
            "UPDATE computer SET capacity_quantity = 3;
             INSERT INTO software_product (id, reference, project_id) VALUES (1, 'demo', 1);
             INSERT INTO software_product_release (product_id, release, effective_us)
                 VALUES (1, '{RELEASE}', 0);
             INSERT INTO software_product_type (product_id, software_type, weight)
                 VALUES (1, 'heavy', 2);"
        ))
        .await;
    let heavy = world.request("heavy").software_type("heavy").on().await;
    let light = world.request("light").on().await;
    world.request("late").waits().await;
    world.request("light").state("destroyed").waits().await;
    world.report_destroyed(&light.at).await;
    assert_ne!(world.request("late").on().await.at, heavy.at);
}

/// B.72
#[tokio::test]
async fn a_silent_computer_takes_nothing_until_it_calls() {
    let capacity = TestWorld::with("allocation.capacity_check", "on").await;
    let real = TestWorld::preset(Preset::Real)
        .default_computer("COMP-1")
        .switch("allocation.require_supply", "off")
        .start()
        .await;
    for world in [capacity, real] {
        world.format("COMP-1", 2).await;
        let tried = async |name| {
            let _ = world.request(name).answer().await.unwrap();
            world.settle().await;
            world.request(name).answer().await.unwrap().is_placed()
        };
        assert!(!tried("web").await);
        world.poll("COMP-1").await;
        assert!(tried("web").await);
        world.advance(601);
        assert!(!tried("late").await);
        world.poll("COMP-1").await;
        assert!(tried("late").await);
    }
}

/// B.72: an error closes it too, until its next contact, also within one tick of the clock.
#[tokio::test]
async fn a_banged_computer_takes_nothing_until_it_calls() {
    let world = TestWorld::with("allocation.capacity_check", "on").await;
    world.format("COMP-1", 1).await;
    world.poll("COMP-1").await;
    world.bang_computer("COMP-1", "disk full").await;
    world.request("web").waits().await;
    world.poll("COMP-1").await;
    world.request("web").on().await;
}

/// B.73
#[tokio::test]
async fn of_two_requests_at_once_one_gets_the_only_partition() {
    let world = formatted(&["COMP-1"], 1).await;
    let requests = (0..16).map(|number| {
        let master = world.master.clone();
        let request = world.request(&format!("web-{number}"));
        let request = request.into_request();
        tokio::spawn(async move {
            master
                .request_instance(Caller::DefaultUser, request)
                .await
                .unwrap()
        })
    });
    let mut placed = 0;
    for request in requests.collect::<Vec<_>>() {
        placed += usize::from(request.await.unwrap().is_placed());
    }
    assert_eq!(placed, 1);
    let linked = "SELECT count(*) FROM instance WHERE partition_id IS NOT NULL";
    assert_eq!(world.text(linked).await, "1");
}

/// B.65: without a filter the lowest computer comes first, then the order of the format (C.23).
#[tokio::test]
async fn partitions_are_taken_by_computer_and_then_in_format_order() {
    let world = TestWorld::start().await;
    world.format_named("COMP-10", &["z"]).await;
    world.format_named("COMP-2", &["b", "a"]).await;
    let mut taken = Vec::new();
    for name in ["one", "two", "three"] {
        let place = world.request(name).on().await.at;
        taken.push(place.to_string());
    }
    assert_eq!(taken, ["b on COMP-2", "a on COMP-2", "z on COMP-10"]);
}

/// B.63: past the first page of candidates.
#[tokio::test]
async fn the_only_partition_that_fits_is_found_among_many() {
    let world = TestWorld::start().await;
    let mut partitions: Vec<_> = (0..120)
        .map(|n| partition(&format!("slappart{n}"), n))
        .collect();
    partitions[117].capabilities = vec!["x".to_owned()];
    let format = computer_format("COMP-1", partitions);
    world.try_format(format).await.unwrap();
    let web = world.request("web").sla("capability", "x").on().await;
    assert_eq!(web.at, at("COMP-1", "slappart117"));
    let bound = world.request("bound").sla("computer_guid", "COMP-1");
    bound.sla("capability", "x").waits().await;
}

/// B.63: reports do not keep an instance from being allocated, and time alone changes nothing.
#[tokio::test]
async fn a_waiting_instance_waits_for_ever() {
    let world = TestWorld::preset(Preset::Default)
        .clock(&standing_clock())
        .start()
        .await;
    world.format("COMP-1", 1).await;
    let web = world.request("web").on().await;
    world.request("late").waits().await;
    let before = world.dump().await;
    world.advance(30 * 86_400);
    world.settle().await;
    assert_eq!(world.dump().await, before);
    world
        .report(&web.at, InstanceReport::Started)
        .await
        .unwrap();
    world.request("late").waits().await;
}
