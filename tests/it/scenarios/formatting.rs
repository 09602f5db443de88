//! Formatting a computer (`semantics.md` 5).

use slapmaster::{
    domain::behaviour::Preset,
    master::{MasterError, Missing},
};

use crate::support::world::{TestWorld, at, computer_format, partition, route};

/// Interface, address, gateway, netmask and network of every address of a partition.
async fn addresses(world: &TestWorld, partition: &str) -> String {
    world
        .text(&format!(
            "SELECT addresses FROM partition WHERE reference = '{partition}'"
        ))
        .await
}

/// B.1
#[tokio::test]
async fn a_format_without_partitions_leaves_quantity_0_and_one_address() {
    let world = TestWorld::preset(Preset::Default)
        .default_computer("COMP-1")
        .start()
        .await;
    world.format("COMP-1", 2).await;
    world.format("COMP-1", 0).await;
    let kept = world
        .text("SELECT quantity || ' ' || address || ' ' || netmask FROM computer")
        .await;
    assert_eq!(kept, "0 2001:db8::1 ffff::");
}

/// B.2
#[tokio::test]
async fn new_partitions_are_free_and_validated() {
    let world = TestWorld::start().await;
    world.format_named("COMP-1", &["foo1", "foo2"]).await;
    assert_eq!(world.listed("COMP-1").await, ["foo1", "foo2"]);
    for name in ["foo1", "foo2"] {
        let record = world.partition_record(&at("COMP-1", name)).await;
        assert_eq!(record, "free validated", "{name}");
    }
}

/// B.3
#[tokio::test]
async fn the_same_format_again_changes_nothing() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 3).await;
    world.request("web").on().await;
    let before = world.dump().await;
    world.advance(60);
    world.format("COMP-1", 3).await;
    assert_eq!(world.dump().await, before);
}

/// B.4
#[tokio::test]
async fn a_free_partition_that_is_omitted_becomes_inactive() {
    let world = TestWorld::start().await;
    world.format_named("COMP-1", &["foo1", "foo2"]).await;
    world.format_named("COMP-1", &["foo2"]).await;
    let record = world.partition_record(&at("COMP-1", "foo1")).await;
    assert_eq!(record, "inactive invalidated");
    assert_eq!(world.listed("COMP-1").await, ["foo2"]);
    world.request("web").on().await;
    world.request("other").waits().await;
}

/// B.5
#[tokio::test]
async fn an_inactive_partition_that_is_sent_again_is_the_same_record_and_free() {
    let world = TestWorld::start().await;
    world.format_named("COMP-1", &["foo1", "foo2"]).await;
    let row = "SELECT id FROM partition WHERE reference = 'foo1'";
    let before = world.text(row).await;
    world.format_named("COMP-1", &["foo2"]).await;
    world.format_named("COMP-1", &["foo2", "foo1"]).await;
    assert_eq!(world.text(row).await, before);
    let record = world.partition_record(&at("COMP-1", "foo1")).await;
    assert_eq!(record, "free validated");
    assert_eq!(world.listed("COMP-1").await, ["foo1", "foo2"]);
}

/// B.6
#[tokio::test]
async fn a_busy_partition_that_is_omitted_keeps_its_instance_and_is_not_listed() {
    for preset in [Preset::Default, Preset::Real] {
        let world = TestWorld::preset(preset)
            .switch("allocation.require_supply", "off")
            .switch("allocation.capacity_check", "off")
            .switch("allocation.moment", "request")
            .switch("format.unknown_computer", "create")
            .start()
            .await;
        world.format("COMP-1", 1).await;
        let web = world.request("web").on().await;
        world.format("COMP-1", 0).await;
        let record = world.partition_record(&web.at).await;
        assert_eq!(record, "busy invalidated", "{preset}");
        assert!(world.listed("COMP-1").await.is_empty());
        assert_eq!(world.occupant(&web.at).await.reference, web.reference);
        assert_eq!(world.request("web").on().await.at, web.at);
    }
}

/// B.6, as slapproxy does (C.12): the row goes, with its instance and the shared ones on it.
#[tokio::test]
async fn slapproxy_deletes_a_busy_partition_that_is_omitted() {
    let world = TestWorld::preset(Preset::Slapproxy).start().await;
    world.format("COMP-1", 1).await;
    let web = world.request("web").on().await;
    world.request("front").shared().child_of(&web.at).on().await;
    world.format("COMP-1", 0).await;
    let error = world.master.partition_information(&web.at).await;
    assert!(matches!(
        error,
        Err(MasterError::NotFound(Missing::Partition(_)))
    ));
    assert_eq!(world.live("web").await, None);
    assert_eq!(world.live("front").await, None);
    world.format("COMP-1", 1).await;
    let again = world.request("web").on().await;
    assert_ne!(again.reference, web.reference);
}

/// B.7
#[tokio::test]
async fn a_busy_partition_that_is_sent_again_is_listed_with_its_instance() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 1).await;
    let web = world.request("web").on().await;
    world.format("COMP-1", 0).await;
    world.format("COMP-1", 1).await;
    let told = world.computer("COMP-1").await;
    let occupant = told.partitions[0].instance.as_ref().unwrap();
    assert_eq!(occupant.reference, web.reference);
    assert_eq!(world.partition_record(&web.at).await, "busy validated");
}

/// B.8
#[tokio::test]
async fn another_address_replaces_those_before() {
    let world = TestWorld::start().await;
    let mut foo = partition("foo", 1);
    foo.addresses = vec![
        ("10.0.0.1".to_owned(), "255.0.0.0".to_owned()),
        ("10.0.0.2".to_owned(), "255.0.0.0".to_owned()),
    ];
    let format = |foo| computer_format("COMP-1", vec![foo]);
    world.try_format(format(foo.clone())).await.unwrap();
    foo.addresses = vec![("10.0.0.3".to_owned(), "255.0.0.0".to_owned())];
    world.try_format(format(foo)).await.unwrap();
    assert_eq!(
        addresses(&world, "foo").await,
        r#"[["tap-foo","10.0.0.3","255.0.0.0","",""]]"#
    );
}

/// B.9
#[tokio::test]
async fn an_empty_address_list_leaves_none() {
    let world = TestWorld::start().await;
    world.format_named("COMP-1", &["foo"]).await;
    let mut foo = partition("foo", 1);
    foo.addresses.clear();
    let format = computer_format("COMP-1", vec![foo]);
    world.try_format(format).await.unwrap();
    assert_eq!(addresses(&world, "foo").await, "[]");
}

/// B.10
#[tokio::test]
async fn a_tap_with_ipv4_has_its_route_beside_the_plain_address() {
    let world = TestWorld::start().await;
    let mut foo = partition("foo", 1);
    foo.route = Some(route("10.8.0.2"));
    let format = computer_format("COMP-1", vec![foo]);
    world.try_format(format).await.unwrap();
    let web = world.request("web").on().await;
    let told = world.occupant(&web.at).await;
    let (routes, plain): (Vec<_>, Vec<_>) = told.addresses.iter().partition(|a| a.is_route());
    assert_eq!((plain.len(), plain[0].interface.as_str()), (1, "tap-foo"));
    let [found] = routes.as_slice() else {
        panic!("{routes:?}");
    };
    assert_eq!(found.interface, "route_tap-foo");
    assert_eq!(
        (found.address.as_str(), found.netmask.as_str()),
        ("10.8.0.2", "255.255.0.0")
    );
    assert_eq!(
        (found.gateway.as_str(), found.network.as_str()),
        ("10.8.0.1", "10.8.0.0")
    );
}

/// B.11
#[tokio::test]
async fn a_tap_that_lost_its_ipv4_keeps_only_the_plain_addresses() {
    let world = TestWorld::start().await;
    let mut foo = partition("foo", 1);
    foo.route = Some(route("10.8.0.2"));
    let format = computer_format("COMP-1", vec![foo]);
    world.try_format(format).await.unwrap();
    world.format_named("COMP-1", &["foo"]).await;
    assert_eq!(
        addresses(&world, "foo").await,
        r#"[["tap-foo","2001:db8::1","ffff::","",""]]"#
    );
}

/// B.12
#[tokio::test]
async fn capabilities_keep_order_and_duplicates_until_they_are_omitted() {
    let world = TestWorld::start().await;
    let mut foo = partition("foo", 1);
    foo.capabilities = ["b", "a", "b"].map(str::to_owned).into();
    let format = computer_format("COMP-1", vec![foo]);
    world.try_format(format).await.unwrap();
    let kept = "SELECT capabilities FROM partition";
    assert_eq!(world.text(kept).await, r#"["b","a","b"]"#);
    world.format_named("COMP-1", &["foo"]).await;
    assert_eq!(world.text(kept).await, "[]");
}

/// B.13
#[tokio::test]
async fn formatting_an_unknown_computer_creates_it() {
    for preset in [Preset::Default, Preset::Slapproxy] {
        let world = TestWorld::preset(preset).start().await;
        world.format("COMP-7", 1).await;
        assert_eq!(world.listed("COMP-7").await, ["slappart0"], "{preset}");
        let record = "SELECT title || ' ' || allocation_scope || ' ' || last
            FROM computer JOIN counter ON prefix = 'COMP'";
        assert_eq!(world.text(record).await, "COMP-7 open 7", "{preset}");
    }
}

/// B.13, as production does.
#[tokio::test]
async fn production_refuses_to_format_an_unknown_computer() {
    let world = TestWorld::preset(Preset::Real).start().await;
    let before = world.dump().await;
    let refused = world.try_format(computer_format("COMP-7", vec![])).await;
    assert!(matches!(
        refused,
        Err(MasterError::NotFound(Missing::Computer(_)))
    ));
    assert_eq!(world.dump().await, before);
}
