//! How states spread, and what reports, renames and formats end: C.12, C.46 to C.50, C.73.

use slapmaster::domain::behaviour::Preset;

use crate::support::master::{Request, Setup, TestMaster};

fn with(switch: &str, value: &str) -> Setup {
    TestMaster::preset(Preset::Default).switch(switch, value)
}

/// A root on `slappart0`, its child on `slappart1`, and a child of that on `slappart2`.
async fn tree(setup: Setup) -> TestMaster {
    let master = setup.start().await;
    master.format("COMP-1", 4).await;
    master.request(Request::new("web")).await.expect(200);
    for (title, parent) in [("db", "slappart0"), ("disk", "slappart1")] {
        master
            .request(Request::new(title).by("COMP-1", parent))
            .await
            .expect(200);
    }
    master
}

async fn states(master: &TestMaster) -> Vec<String> {
    let mut states = Vec::new();
    for number in 0..3 {
        let told = master
            .partition("COMP-1", &format!("slappart{number}"))
            .await;
        states.push(told.text_of("_requested_state").to_owned());
    }
    states
}

/// C.45, C.46: `cascade.stop`.
#[tokio::test]
async fn a_stop_reaches_the_children_at_once_or_by_rounds_or_at_their_request() {
    let stop = || Request::new("web").state("stopped");
    let at_once = tree(with("cascade.stop", "at_once")).await;
    at_once.request(stop()).await.expect(200);
    assert_eq!(states(&at_once).await, ["stopped", "stopped", "stopped"]);

    let round = tree(with("cascade.stop", "round")).await;
    round.request(stop()).await.expect(200);
    assert_eq!(states(&round).await, ["stopped", "started", "started"]);
    round.round().await;
    assert_eq!(states(&round).await, ["stopped", "stopped", "started"]);
    round.round().await;
    assert_eq!(states(&round).await, ["stopped", "stopped", "stopped"]);

    let request = tree(with("cascade.stop", "request")).await;
    request.request(stop()).await.expect(200);
    request.round().await;
    assert_eq!(states(&request).await, ["stopped", "started", "started"]);
    let child = Request::new("db").by("COMP-1", "slappart0");
    let answer = request.request(child).await.expect(200);
    assert_eq!(answer.text_of("_requested_state"), "stopped");
}

/// C.47: `cascade.destroy`.
#[tokio::test]
async fn a_destruction_reaches_the_children_at_once_or_by_rounds_or_at_the_roots_report() {
    let destroy = || Request::new("web").state("destroyed");
    let at_once = tree(with("cascade.destroy", "at_once")).await;
    at_once.request(destroy()).await.expect(408);
    assert_eq!(
        states(&at_once).await,
        ["destroyed", "destroyed", "destroyed"]
    );

    let round = tree(with("cascade.destroy", "round")).await;
    round.request(destroy()).await.expect(408);
    assert_eq!(states(&round).await, ["destroyed", "started", "started"]);
    round.round().await;
    assert_eq!(states(&round).await, ["destroyed", "destroyed", "started"]);
    round.round().await;
    assert_eq!(
        states(&round).await,
        ["destroyed", "destroyed", "destroyed"]
    );

    let report = tree(with("cascade.destroy", "report")).await;
    report.request(destroy()).await.expect(408);
    report.round().await;
    assert_eq!(states(&report).await, ["destroyed", "started", "started"]);
    let answer = report
        .report("destroyedComputerPartition", "COMP-1", "slappart0")
        .await;
    assert!(answer.expect(200).body.starts_with("not done: "));
    assert_eq!(
        states(&report).await,
        ["destroyed", "destroyed", "destroyed"]
    );
}

/// C.48: `report.destroyed_frees`.
#[tokio::test]
async fn a_destroyed_report_of_what_is_wanted_is_ignored_or_frees() {
    for (value, busy) in [("off", "<int>1</int>"), ("on", "<int>0</int>")] {
        let master = with("report.destroyed_frees", value).start().await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await.expect(200);
        master
            .report("destroyedComputerPartition", "COMP-1", "slappart0")
            .await
            .expect(200);
        let told = master.partition("COMP-1", "slappart0").await;
        assert_eq!(told.told("_need_modification"), busy);
    }
}

/// C.50: `rename.root`.
#[tokio::test]
async fn renaming_the_root_renames_its_tree_or_gives_it_a_fresh_root() {
    for (value, fresh) in [("tree", false), ("recreate", true)] {
        let master = with("rename.root", value).start().await;
        master.format("COMP-1", 2).await;
        let first = master.request(Request::new("web")).await.expect(200);
        let fields = [
            ("computer_id", "COMP-1"),
            ("computer_partition_id", "slappart0"),
            ("new_name", "site"),
        ];
        master
            .post("softwareInstanceRename", &fields)
            .await
            .expect(200);
        let told = master.partition("COMP-1", "slappart0").await;
        assert_eq!(told.text_of("instance_title"), "site");
        let tree = if fresh { "web" } else { "site" };
        assert_eq!(told.text_of("root_instance_title"), tree);
        master.round().await;
        let told = master.partition("COMP-1", "slappart1").await;
        let made = told.told("_need_modification") == "<int>1</int>";
        assert_eq!(made, fresh, "{value}");
        let again = master.request(Request::new("web")).await.expect(200);
        assert_ne!(
            again.text_of("_instance_guid"),
            first.text_of("_instance_guid")
        );
    }
}

/// C.12: `format.missing`.
#[tokio::test]
async fn a_busy_partition_that_is_not_sent_is_kept_or_deleted() {
    for (value, status) in [("deactivate", 200), ("delete", 404)] {
        let master = with("format.missing", value).start().await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await.expect(200);
        master.format("COMP-1", 0).await;
        assert!(
            !master
                .information("COMP-1")
                .await
                .body
                .contains("slappart0")
        );
        master.partition("COMP-1", "slappart0").await.expect(status);
    }
}

/// C.73: `status.expiry`.
#[tokio::test]
async fn a_status_is_forgotten_after_the_time_that_is_set() {
    for (value, seconds) in [("172800", 172_800), ("60", 60)] {
        let master = with("status.expiry", value).start().await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await.expect(200);
        let started = "startedComputerPartition";
        master
            .report(started, "COMP-1", "slappart0")
            .await
            .expect(200);
        master.advance(seconds - 1);
        let known = "#access Instance correctly started";
        assert_eq!(
            master.information("COMP-1").await.text_of("_access_status"),
            known
        );
        master.advance(1);
        let forgotten = "#error no data found for SOFTINST-1";
        assert_eq!(
            master.information("COMP-1").await.text_of("_access_status"),
            forgotten
        );
    }
}
