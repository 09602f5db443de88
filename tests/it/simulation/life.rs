//! What a simulated computer does, as clients see it.

use std::sync::Arc;

use slapmaster::{
    domain::behaviour::Preset,
    master::{Master, WorldSettings},
    mock::clock::Clock,
};

use super::{RELEASE, at_work, events, play, status};
use crate::support::master::{Request, TestMaster};

const HEALTHY: &str = "computers:\n\
    - reference: COMP-1\n  \
      partitions: 2\n  \
      simulate:\n    \
        build_s: 30\n    \
        start_s: 5\n    \
        publish: {url: 'http://[{ipv6}]:{parameter.port|8080}/'}\n    \
        publish_shared: {site: '{title} at {host_title}'}\n";

async fn healthy() -> TestMaster {
    let master = TestMaster::start().await;
    master.seed(HEALTHY).await;
    play(&master, 0).await;
    master
}

/// The same with an instance on it, and its software.
fn with_web() -> String {
    let world = HEALTHY.replace(
        "  simulate:",
        &format!("  software: [{RELEASE}]\n  simulate:"),
    );
    format!(
        "{world}trees: [{{title: web, release: {RELEASE}, on: {{computer: COMP-1, partition: \
         slappart0}}}}]\n"
    )
}

async fn software(master: &TestMaster) -> String {
    let fields = [("computer_id", "COMP-1"), ("url", RELEASE)];
    let answer = master.get("getSoftwareInstallationStatus", &fields).await;
    answer.expect(200).told("text").to_owned()
}

#[tokio::test]
async fn software_is_built_and_an_instance_started_as_a_node_would_report_it() {
    let master = healthy().await;
    master.supply("COMP-1", RELEASE).await;
    play(&master, 0).await;
    assert!(
        software(&master)
            .await
            .contains("#building software release")
    );
    let web = || Request::new("web").release(RELEASE);
    master.request(web()).await.expect(200);
    play(&master, 29).await;
    assert!(
        status(&master, "slappart0")
            .await
            .contains("#error no data found for SOFTINST-1")
    );
    play(&master, 1).await;
    assert!(
        software(&master)
            .await
            .contains(&format!("#access software release {RELEASE} available"))
    );
    play(&master, 5).await;
    assert!(
        status(&master, "slappart0")
            .await
            .contains("#access Instance correctly started")
    );
    let told = master.request(web()).await.expect(200).body;
    assert!(told.contains("http://[2001:db8:1::1]:8080/"), "{told}");
    let reported = events(
        &master,
        &[
            "computer_seen",
            "software_building",
            "software_available",
            "connection_published",
            "instance_started",
        ],
    );
    assert_eq!(
        reported,
        [
            "*computer COMP-1 asked for the first time".to_owned(),
            format!("*software {RELEASE} is being built on COMP-1"),
            format!("*software {RELEASE} is available on COMP-1"),
            "*instance `web` published connection parameters: url".to_owned(),
            "*instance `web` reported started on COMP-1/slappart0".to_owned(),
        ]
    );
    // At rest there is nothing to do until the next day, and nothing is written.
    let due = master.master.simulated_due().unwrap();
    assert_eq!(
        due.micros_since(master.master.clock().now()),
        86_400_000_000
    );
    let before = master.dump().await;
    play(&master, 3).await;
    assert_eq!(master.dump().await, before);
}

#[tokio::test]
async fn it_is_seen_as_a_node_that_asks_all_the_time() {
    let master = healthy().await;
    master.advance(10_000);
    let fields = [("computer_id", "COMP-1")];
    let told = master.get("getComputerStatus", &fields).await.expect(200);
    assert!(
        told.told("text").contains("#access COMP-1"),
        "{}",
        told.body
    );
    assert!(
        told.told("no_data_since_5_minutes").contains('0'),
        "{}",
        told.body
    );
}

#[tokio::test]
async fn destruction_frees_the_partition_and_removed_software_is_gone() {
    let master = healthy().await;
    master.supply("COMP-1", RELEASE).await;
    let web = || Request::new("web").release(RELEASE);
    master.request(web()).await.expect(200);
    play(&master, 40).await;
    master.request(web().state("destroyed")).await.expect(408);
    play(&master, 5).await;
    let freed = events(
        &master,
        &["instance_stopped", "instance_destroyed", "partition_freed"],
    );
    assert_eq!(
        freed,
        [
            "*instance `web` reported stopped on COMP-1/slappart0",
            "*instance `web` was destroyed on COMP-1/slappart0",
            "*partition COMP-1/slappart0 was freed",
        ]
    );
    let fields = [
        ("computer_id", "COMP-1"),
        ("url", RELEASE),
        ("state", "destroyed"),
    ];
    master.post("supplySupply", &fields).await.expect(200);
    play(&master, 5).await;
    let told = at_work(&master).await;
    assert_eq!(told["work"]["software"], serde_json::json!([]));
    assert_eq!(told["busy"], 0);
}

#[tokio::test]
async fn parameters_that_change_and_shared_instances_are_processed() {
    let master = healthy().await;
    master.supply("COMP-1", RELEASE).await;
    let web = || Request::new("web").release(RELEASE);
    master.request(web()).await.expect(200);
    play(&master, 40).await;
    master
        .request(web().parameter("port", "81"))
        .await
        .expect(200);
    play(&master, 5).await;
    let told = master
        .request(web().parameter("port", "81"))
        .await
        .expect(200);
    assert!(
        told.body.contains("http://[2001:db8:1::1]:81/"),
        "{}",
        told.body
    );

    let site = || Request::new("site").release(RELEASE).shared();
    master.request(site()).await.expect(200);
    play(&master, 5).await;
    let told = master.request(site()).await.expect(200);
    assert!(told.body.contains("site at web"), "{}", told.body);
}

#[tokio::test]
async fn a_build_that_fails_twice_recovers() {
    let master = TestMaster::start().await;
    let world = HEALTHY.replace(
        "    publish:",
        "    build_failure: {text: no compiler, count: 2}\n    retry_s: 10\n    publish:",
    );
    master.seed(&world).await;
    master.supply("COMP-1", RELEASE).await;
    play(&master, 31).await;
    assert!(
        software(&master)
            .await
            .contains(&format!("#error while installing {RELEASE}"))
    );
    play(&master, 200).await;
    let reported = events(
        &master,
        &["software_building", "software_error", "software_available"],
    );
    let building = format!("*software {RELEASE} is being built on COMP-1");
    let failed = format!("*building {RELEASE} failed on COMP-1: no compiler");
    let available = format!("*software {RELEASE} is available on COMP-1");
    assert_eq!(
        reported,
        [
            building.clone(),
            failed.clone(),
            building.clone(),
            failed,
            building,
            available
        ]
    );
}

#[tokio::test]
async fn under_other_presets_it_works_the_same() {
    for preset in [Preset::Real, Preset::Slapproxy] {
        let master = TestMaster::preset(preset).start().await;
        master.seed(&with_web()).await;
        play(&master, 60).await;
        let started = events(&master, &["instance_started"]);
        assert_eq!(
            started,
            ["*instance `web` reported started on COMP-1/slappart0"],
            "{preset:?}"
        );
    }
}

#[tokio::test]
async fn what_is_under_way_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::frozen(slapmaster::domain::time::Timestamp::from_seconds(1_000));
    let settings = WorldSettings {
        database: Some(folder.path().join("world.db")),
        clock: clock.clone(),
        ..WorldSettings::default()
    };
    let started = Arc::new(std::sync::Mutex::new(0));
    let open = async || Master::open(settings.clone()).await.unwrap();
    let run = async |master: &Master, seconds: i64| {
        for _ in 0..seconds {
            clock.advance_micros(1_000_000);
            *started.lock().unwrap() += master.simulate_due_work().await.unwrap();
        }
    };
    let master = open().await;
    let files = [("world.yaml".into(), with_web())];
    let fixture = slapmaster::fixture::Fixture::parse(&files).unwrap();
    fixture.apply(&master).await.unwrap();
    run(&master, 10).await;
    assert_eq!(*started.lock().unwrap(), 1, "it is being built");
    master.close().await;
    drop(master);
    let master = open().await;
    run(&master, 20).await;
    assert_eq!(*started.lock().unwrap(), 1, "the build is not begun anew");
    run(&master, 10).await;
    assert_eq!(*started.lock().unwrap(), 4, "available, published, started");
    master.close().await;
}
