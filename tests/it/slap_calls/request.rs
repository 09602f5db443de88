//! `requestComputerPartition`: `slap.md` 5.3. The rules are the model's; here is their wire.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{RELEASE, Request, TestMaster, dictionary};

async fn with_partitions(count: usize) -> TestMaster {
    let master = TestMaster::start().await;
    master.format("COMP-1", count).await;
    master
}

#[tokio::test]
async fn a_root_is_allocated_at_once() {
    let master = with_partitions(1).await;
    let request = Request::new("web")
        .parameter("_", r#"{"a": 1}"#)
        .parameter("empty", "")
        .sla("computer_guid", "COMP-1");
    let answer = master.request(request.clone()).await;
    assert_snapshot!("request_root", answer.shown());
    assert_eq!(master.request(request).await.shown(), answer.shown());
}

#[tokio::test]
async fn a_shared_instance_is_told_its_hosts_place() {
    let master = with_partitions(1).await;
    master.request(Request::new("web")).await.expect(200);
    let request = Request::new("domain")
        .shared()
        .parameter("domain", "a.example.org");
    let answer = master.request(request).await;
    assert_snapshot!("request_shared", answer.shown());
    let host = master.request(Request::new("web")).await;
    assert_snapshot!("request_host", host.shown());
}

#[tokio::test]
async fn a_child_belongs_to_its_requesters_tree() {
    let master = with_partitions(2).await;
    master.request(Request::new("web")).await.expect(200);
    let child = master
        .request(Request::new("db").by("COMP-1", "slappart0"))
        .await
        .expect(200);
    assert_eq!(
        child.told("slap_computer_partition_id"),
        "<string>slappart1</string>"
    );
    assert_eq!(child.told("root_instance_title"), "<string>web</string>");
}

/// C.8: the header says who calls, whatever the form says.
#[tokio::test]
async fn the_header_wins_over_the_form() {
    let master = with_partitions(3).await;
    master.request(Request::new("web")).await.expect(200);
    master.request(Request::new("other")).await.expect(200);
    let fields = [
        ("partition_reference", "db"),
        ("software_release", RELEASE),
        ("computer_id", "COMP-1"),
        ("computer_partition_id", "slappart1"),
    ];
    let call = "requestComputerPartition";
    let by_header = master
        .post_as(("COMP-1", "slappart0"), call, &fields)
        .await
        .expect(200);
    assert_eq!(
        by_header.told("root_instance_title"),
        "<string>web</string>"
    );
}

/// Only both fields, and neither empty, name a requester.
#[tokio::test]
async fn half_a_requester_is_the_user() {
    let master = with_partitions(1).await;
    let fields = [
        ("partition_reference", "web"),
        ("software_release", RELEASE),
        ("computer_id", "COMP-1"),
        ("computer_partition_id", ""),
    ];
    let answer = master
        .post("requestComputerPartition", &fields)
        .await
        .expect(200);
    assert_eq!(answer.told("root_instance_title"), "<string>web</string>");
    // Also what is absent has its default (C.39, C.41).
    assert_eq!(
        answer.told("slap_software_type"),
        "<string>default</string>"
    );
    assert_eq!(answer.told("_requested_state"), "<string>started</string>");
}

/// C.9, C.10.
#[tokio::test]
async fn a_requester_that_is_not_there_is_answered_by_preset() {
    for (preset, unknown, free) in [
        (Preset::Default, 404, 404),
        (Preset::Real, 500, 404),
        (Preset::Slapproxy, 400, 200),
    ] {
        let master = TestMaster::preset(preset)
            .default_computer("COMP-1")
            .start()
            .await;
        master.format("COMP-1", 1).await;
        let request = Request::new("web").by("COMP-9", "slappart0");
        master.request(request).await.expect(unknown);
        let request = Request::new("web").by("COMP-1", "slappart0");
        master.request(request).await.expect(free);
    }
}

/// C.19.
#[tokio::test]
async fn no_room_is_not_ready_or_not_found() {
    let master = TestMaster::start().await;
    assert_snapshot!(
        "request_no_room",
        master.request(Request::new("web")).await.shown()
    );
    let proxy = TestMaster::preset(Preset::Slapproxy).start().await;
    let answer = proxy.request(Request::new("web")).await.expect(404);
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
}

/// C.42, C.43.
#[tokio::test]
async fn a_request_for_state_destroyed_is_not_ready_or_the_instance() {
    let master = with_partitions(1).await;
    master
        .request(Request::new("gone").state("destroyed"))
        .await
        .expect(408);
    master.request(Request::new("web")).await.expect(200);
    let answer = master.request(Request::new("web").state("destroyed")).await;
    assert_snapshot!("request_destroyed", answer.shown());
    let told = master.partition("COMP-1", "slappart0").await;
    assert_eq!(told.told("_requested_state"), "<string>destroyed</string>");
    let proxy = TestMaster::preset(Preset::Slapproxy).start().await;
    proxy.format("COMP-1", 1).await;
    proxy.request(Request::new("web")).await.expect(200);
    let answer = proxy
        .request(Request::new("web").state("destroyed"))
        .await
        .expect(200);
    assert_eq!(
        answer.told("_requested_state"),
        "<string>destroyed</string>"
    );
}

/// C.36, C.40, C.53, C.54: what is refused says why.
#[tokio::test]
async fn refusals_have_their_status_and_their_reason() {
    let master = with_partitions(3).await;
    master.request(Request::new("web")).await.expect(200);
    let answer = master
        .request(Request::new("web").state("running"))
        .await
        .expect(404);
    assert_eq!(
        answer.body,
        "unknown state: `running` is none of: started, stopped, destroyed\n"
    );
    let answer = master
        .request(Request::new("web").shared())
        .await
        .expect(500);
    assert_eq!(
        answer.body,
        "`web` is a software instance and cannot become a shared one\n"
    );
    let answer = master
        .request(Request::new("web").by("COMP-1", "slappart0"))
        .await;
    assert!(
        answer
            .expect(404)
            .body
            .starts_with("`web` is the root instance")
    );
}

/// C.54: production refuses what is no boolean as a value; 1 and 0 pass.
#[tokio::test]
async fn shared_is_a_boolean() {
    let master = with_partitions(1).await;
    let check = async |xml: &str, status: u16| {
        let fields = [
            ("partition_reference", "web"),
            ("software_release", RELEASE),
            ("shared_xml", xml),
        ];
        master
            .post("requestComputerPartition", &fields)
            .await
            .expect(status)
    };
    check("<marshal><int>0</int></marshal>", 200).await;
    check("<marshal><none/></marshal>", 200).await;
    let answer = check("<marshal><string>true</string></marshal>", 404).await;
    assert_eq!(
        answer.body,
        "`shared_xml`: is a text, a boolean was expected\n"
    );
    check("<marshal><int>2</int></marshal>", 404).await;
    check("<marshal><bool>true</bool></marshal>", 400).await;
    check("<marshal><int>1</int></marshal>", 500).await;
}

#[tokio::test]
async fn the_state_is_a_text_or_nothing() {
    let master = with_partitions(1).await;
    let check = async |xml: &str, status: u16| {
        let fields = [
            ("partition_reference", "web"),
            ("software_release", RELEASE),
            ("state", xml),
        ];
        master
            .post("requestComputerPartition", &fields)
            .await
            .expect(status)
    };
    check("<marshal><none/></marshal>", 200).await;
    check("<marshal><unicode>stopped</unicode></marshal>", 200).await;
    let answer = check("<marshal><int>1</int></marshal>", 400).await;
    assert_eq!(answer.body, "`state`: is an integer, a text was expected\n");
}

/// `marshalling.md` 2.3: values become texts, an empty one nothing.
#[tokio::test]
async fn parameters_come_back_as_texts() {
    let master = with_partitions(1).await;
    let xml = "<marshal><dictionary id=\"i2\"><string>e</string><string></string>\
               <string>i</string><int>5</int>\
               <string>l</string><list id=\"i3\"><string>a</string><int>1</int></list>\
               <string>n</string><none/>\
               <string>t</string><string>a&amp;amp;b &amp;lt;x&amp;gt;</string>\
               </dictionary></marshal>";
    let fields = [
        ("partition_reference", "web"),
        ("software_release", RELEASE),
        ("partition_parameter_xml", xml),
    ];
    let answer = master
        .post("requestComputerPartition", &fields)
        .await
        .expect(200);
    assert_eq!(answer.told("e"), "<none/>");
    assert_eq!(answer.told("i"), "<string>5</string>");
    assert_eq!(answer.told("l"), "<string>['a', 1]</string>");
    assert_eq!(answer.told("n"), "<string>None</string>");
    assert_eq!(
        answer.told("t"),
        "<string>a&amp;amp;b &amp;lt;x&amp;gt;</string>"
    );
}

/// `semantics.md` 3.1: only where a filter was sent.
#[tokio::test]
async fn a_pull_backup_with_a_filter_gets_a_retention_delay() {
    let master = with_partitions(2).await;
    let fields = [
        ("partition_reference", "plain"),
        ("software_release", RELEASE),
        ("software_type", "pull-backup"),
    ];
    let call = "requestComputerPartition";
    let answer = master.post(call, &fields).await.expect(200);
    assert!(!answer.tells("retention_delay"), "{}", answer.body);
    let filter = dictionary::<&str, &str>(&[]);
    let fields = [
        ("partition_reference", "kept"),
        fields[1],
        fields[2],
        ("filter_xml", &filter),
    ];
    let answer = master.post(call, &fields).await.expect(200);
    assert_eq!(answer.told("retention_delay"), "<string>7.0</string>");
}

/// C.5.
#[tokio::test]
async fn an_unknown_project_is_not_found_or_ignored() {
    for (preset, status) in [(Preset::Default, 404), (Preset::Slapproxy, 200)] {
        let master = TestMaster::preset(preset).start().await;
        master.format("COMP-1", 1).await;
        let fields = [
            ("partition_reference", "web"),
            ("software_release", RELEASE),
            ("software_type", "default"),
            ("project_reference", "PROJ-9"),
        ];
        master
            .post("requestComputerPartition", &fields)
            .await
            .expect(status);
    }
}

#[tokio::test]
async fn the_answer_is_kept_until_something_changes() {
    let master = with_partitions(1).await;
    let web = || Request::new("web");
    let first = master.request(web()).await.expect(200);
    assert_eq!(master.request(web()).await.body, first.body);
    let connection = dictionary(&[("url", "https://a.example.org")]);
    let fields = [
        ("computer_id", "COMP-1"),
        ("computer_partition_id", "slappart0"),
        ("connection_xml", &connection),
        ("slave_reference", "None"),
    ];
    master
        .post("setComputerPartitionConnectionXml", &fields)
        .await
        .expect(200);
    let changed = master.request(web()).await.expect(200);
    assert_eq!(
        changed.told("url"),
        "<string>https://a.example.org</string>"
    );
}
