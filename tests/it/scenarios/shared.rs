//! Shared instances (`semantics.md` 3.8).

use slapmaster::{
    domain::{behaviour::Preset, state::InstanceKind},
    master::{InstanceReport, MasterError, Missing, RequestedView},
};

use crate::support::world::{TestWorld, at, parameters};

/// A world with a host `web` on the first of four partitions.
async fn hosting() -> (TestWorld, RequestedView) {
    let world = TestWorld::start().await;
    world.format("COMP-1", 4).await;
    let web = world.request("web").on().await;
    (world, web)
}

/// B.74
#[tokio::test]
async fn a_shared_instance_is_answered_with_its_host_and_listed_by_it() {
    let (world, web) = hosting().await;
    let request = world.request("front").shared().param("domain", "a.example");
    let front = request.on().await;
    assert_eq!((&front.at, front.kind), (&web.at, InstanceKind::Shared));
    assert_ne!(front.reference, web.reference);
    let host = world.occupant(&web.at).await;
    let [listed] = host.shared.as_slice() else {
        panic!("{:?}", host.shared);
    };
    assert_eq!(listed.reference, front.reference);
    assert_eq!(listed.title.as_str(), "front");
    assert_eq!(listed.software_type.as_str(), "default");
    assert_eq!(listed.parameters, parameters(&[("domain", "a.example")]));
    // The host is processed because it hosts: its timestamp is now that of the shared one.
    assert_eq!(listed.timestamp, front.timestamp);
    assert_eq!(host.timestamp, front.timestamp);
    assert!(host.timestamp > web.timestamp);
}

/// B.75
#[tokio::test]
async fn a_shared_instance_without_a_host_waits_for_one() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 3).await;
    let request = || world.request("front").shared();
    request().waits().await;
    let other = world.request("other").software_type("other").on().await;
    request().waits().await;
    // A host that appears lets it in, and so does one that becomes what is asked for.
    let web = world.request("web").on().await;
    assert_eq!(world.hosted(&web.at).await, ["front"]);
    let waiting = world.request("second").shared().software_type("third");
    waiting.waits().await;
    let changed = world.request("other").software_type("third").on().await;
    // The answer to that request was once made before the host took anybody in.
    assert_eq!(
        changed,
        world.request("other").software_type("third").on().await
    );
    assert_eq!(world.hosted(&other.at).await, ["second"]);
}

/// B.75: what is asked to be destroyed takes nobody in.
#[tokio::test]
async fn a_host_that_is_being_destroyed_takes_no_shared_instance() {
    let (world, _) = hosting().await;
    world.request("web").state("destroyed").waits().await;
    world.request("front").shared().waits().await;
}

/// B.75, as slapproxy does (C.19, C.31).
#[tokio::test]
async fn slapproxy_looks_for_a_host_on_the_target_computer_only() {
    let world = TestWorld::preset(Preset::Slapproxy)
        .default_computer("COMP-1")
        .start()
        .await;
    world.format("COMP-1", 1).await;
    world.format("COMP-2", 1).await;
    let web = world
        .request("web")
        .sla("computer_guid", "COMP-2")
        .on()
        .await;
    let refused = world.request("front").shared().refused().await;
    assert!(matches!(refused, MasterError::NothingFree(_)));
    let there = world
        .request("front")
        .shared()
        .sla("computer_guid", "COMP-2");
    assert_eq!(there.on().await.at, web.at);
}

/// B.76
#[tokio::test]
async fn a_hosts_timestamp_follows_its_shared_instances_parameters() {
    let (world, web) = hosting().await;
    let request = || world.request("front").shared();
    request().param("a", "1").on().await;
    let before = world.timestamp(&web.at).await;
    request().param("a", "1").on().await;
    assert_eq!(world.timestamp(&web.at).await, before);
    request().param("a", "2").on().await;
    assert!(world.timestamp(&web.at).await > before);
}

/// B.77
#[tokio::test]
async fn a_stopped_shared_instance_leaves_its_hosts_list_until_it_is_started() {
    let (world, web) = hosting().await;
    let request = |state| world.request("front").shared().state(state);
    request("started").on().await;
    let listed = world.timestamp(&web.at).await;
    request("stopped").on().await;
    assert!(world.hosted(&web.at).await.is_empty());
    let stopped = world.timestamp(&web.at).await;
    assert!(stopped > listed);
    request("started").on().await;
    assert_eq!(world.hosted(&web.at).await, ["front"]);
    assert!(world.timestamp(&web.at).await > stopped);
}

/// B.78
#[tokio::test]
async fn a_destroyed_shared_instance_ends_without_a_report() {
    let (world, web) = hosting().await;
    let front = world.request("front").shared().on().await;
    let listed = world.timestamp(&web.at).await;
    let destroy = world.request("front").shared().state("destroyed");
    destroy.waits().await;
    assert!(world.hosted(&web.at).await.is_empty());
    assert!(world.timestamp(&web.at).await > listed);
    let record = world.instance_record(front.reference.as_str()).await;
    assert_eq!(record, "destroyed invalidated");
    let host = world.occupant(&web.at).await;
    assert_eq!(host.reference, web.reference);
    let again = world.request("front").shared().on().await;
    assert_ne!(again.reference, front.reference);
}

/// B.78, as slapproxy does (C.42): the answer is the instance.
#[tokio::test]
async fn slapproxy_answers_a_destroyed_shared_instance_and_forgets_it() {
    let world = TestWorld::preset(Preset::Slapproxy).start().await;
    world.format("COMP-1", 1).await;
    let web = world.request("web").on().await;
    let front = world.request("front").shared().on().await;
    let destroy = world.request("front").shared().state("destroyed");
    assert_eq!(destroy.on().await.reference, front.reference);
    assert!(world.hosted(&web.at).await.is_empty());
    world.request("front").shared().on().await;
    assert_eq!(world.hosted(&web.at).await, ["front"]);
}

/// B.79
#[tokio::test]
async fn what_a_host_publishes_reaches_the_requester_of_the_shared_instance() {
    let (world, web) = hosting().await;
    let shop = world.request("shop").software_type("shop").on().await;
    let request = || world.request("front").shared().child_of(&shop.at);
    let front = request().on().await;
    assert_eq!(front.at, web.at);
    let before = (
        world.timestamp(&shop.at).await,
        world.timestamp(&web.at).await,
    );
    let pairs = [("url", "https://a.example")];
    let reference = Some(front.reference.as_str());
    world.try_publish(&web.at, reference, &pairs).await.unwrap();
    assert!(world.timestamp(&shop.at).await > before.0);
    assert_eq!(world.timestamp(&web.at).await, before.1);
    assert_eq!(request().on().await.connection, parameters(&pairs));
    let host = world.occupant(&web.at).await;
    assert_eq!(host.shared[0].connection, parameters(&pairs));
    assert!(host.connection.is_empty());
}

/// B.80
#[tokio::test]
async fn a_wrong_shared_reference_is_not_found() {
    let (world, web) = hosting().await;
    let other = world.request("other").software_type("other").on().await;
    let front = world.request("front").shared().on().await;
    let before = world.dump().await;
    for (place, reference) in [
        (&web.at, "SOFTINST-99"),
        (&web.at, web.reference.as_str()),
        (&other.at, front.reference.as_str()),
    ] {
        let refused = world
            .try_publish(place, Some(reference), &[("a", "1")])
            .await;
        assert!(matches!(
            refused,
            Err(MasterError::NotFound(Missing::SharedInstance { .. }))
        ));
    }
    assert_eq!(world.dump().await, before);
}

/// B.81
#[tokio::test]
async fn a_host_can_be_asked_for() {
    let (world, web) = hosting().await;
    let second = world.request("second").on().await;
    for (name, guid) in [("a", second.reference.as_str()), ("b", "COMP-1-slappart1")] {
        let request = world.request(name).shared().sla("instance_guid", guid);
        assert_eq!(request.on().await.at, second.at, "{guid}");
    }
    assert!(world.hosted(&web.at).await.is_empty());
    let bare = world
        .request("c")
        .shared()
        .sla("instance_guid", "slappart1");
    bare.waits().await;
}

/// B.81, in the form that only slapproxy understands (C.27).
#[tokio::test]
async fn slapproxy_understands_the_bare_partition_too() {
    let world = TestWorld::preset(Preset::Slapproxy).start().await;
    world.format("COMP-1", 2).await;
    world.request("web").on().await;
    let second = world.request("second").on().await;
    let guids = [second.reference.as_str(), "COMP-1-slappart1", "slappart1"];
    for (name, guid) in ["a", "b", "c"].into_iter().zip(guids) {
        let request = world.request(name).shared().sla("instance_guid", guid);
        assert_eq!(request.on().await.at, second.at, "{guid}");
    }
}

/// B.82
#[tokio::test]
async fn a_host_that_is_gone_leaves_its_partition_busy_until_its_last_shared_instance_goes() {
    let (world, web) = hosting().await;
    world.request("front").shared().on().await;
    world.request("web").state("destroyed").waits().await;
    world.report_destroyed(&web.at).await;
    world.settle().await;
    assert_eq!(world.partition_record(&web.at).await, "busy validated");
    assert!(world.partition(&web.at).await.instance.is_none());
    let request = |state| world.request("front").shared().state(state);
    assert_eq!(request("stopped").on().await.at, web.at);
    request("destroyed").waits().await;
    assert_eq!(world.partition_record(&web.at).await, "free validated");
}

/// B.83
#[tokio::test]
async fn an_error_of_a_shared_instance_leaves_its_hosts_status_alone() {
    let (world, web) = hosting().await;
    let front = world.request("front").shared().on().await;
    world
        .report(&web.at, InstanceReport::Started)
        .await
        .unwrap();
    let before = world.status(&web.at).await;
    let error = InstanceReport::Error {
        log: "no certificate".to_owned(),
    };
    let shared = front.reference.as_str();
    world.report_shared(&web.at, shared, error).await.unwrap();
    assert_eq!(world.status(&web.at).await, before);
    let status = format!(
        "SELECT kind || ': ' || message FROM access_status WHERE reference = '{}'",
        front.reference
    );
    assert_eq!(
        world.text(&status).await,
        "error: while instanciating: no certificate"
    );
    let wrong = InstanceReport::Error { log: String::new() };
    let refused = world.report_shared(&web.at, "SOFTINST-99", wrong).await;
    assert!(matches!(
        refused,
        Err(MasterError::NotFound(Missing::SharedInstance { .. }))
    ));
}

/// B.84
#[tokio::test]
async fn a_shared_instance_can_be_the_root_of_a_tree() {
    let (world, web) = hosting().await;
    let front = world.request("front").shared().on().await;
    assert!(front.is_root);
    let trees = "SELECT title || ' ' || kind FROM instance_tree ORDER BY id";
    assert_eq!(world.texts(trees).await, ["web software", "front shared"]);
    let host = world.occupant(&web.at).await;
    assert!(host.shared[0].is_root);
    assert_eq!(host.shared[0].tree_title.as_str(), "front");
}

/// B.74: a shared instance asks nobody for a partition of its own.
#[tokio::test]
async fn the_sla_of_a_shared_instance_is_about_its_host() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 1).await;
    world.format("COMP-2", 1).await;
    world.request("one").on().await;
    let two = world.request("two").on().await;
    assert_eq!(two.at, at("COMP-2", "slappart0"));
    let request = world.request("front").shared();
    let front = request.sla("computer_guid", "COMP-2").on().await;
    assert_eq!(front.at, two.at);
    let never = world.request("never").shared().sla("foo", "1");
    never.waits().await;
}
