//! `setComputerPartitionConnectionXml`: `slap.md` 5.9.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{Answer, Request, TestMaster, dictionary};

const CALL: &str = "setComputerPartitionConnectionXml";

async fn publish(master: &TestMaster, shared: Option<&str>, pairs: &[(&str, &str)]) -> Answer {
    let xml = dictionary(pairs);
    let mut fields = vec![
        ("computer_id", "COMP-1"),
        ("computer_partition_id", "slappart0"),
        ("connection_xml", xml.as_str()),
    ];
    fields.extend(shared.map(|reference| ("slave_reference", reference)));
    master.post(CALL, &fields).await
}

#[tokio::test]
async fn what_is_published_replaces_what_was() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master.request(Request::new("web")).await.expect(200);
    let answer = publish(&master, Some("None"), &[("a", "1"), ("b", "")]).await;
    assert_snapshot!("connection", answer.shown());
    let told = master.request(Request::new("web")).await;
    assert_eq!(
        (told.told("a"), told.told("b")),
        ("<string>1</string>", "<none/>")
    );
    publish(&master, None, &[("c", "3")]).await.expect(200);
    let told = master.request(Request::new("web")).await;
    assert!(!told.tells("a") && told.told("c") == "<string>3</string>");
    for none in ["none", "NONE", ""] {
        publish(&master, Some(none), &[]).await.expect(200);
    }
    assert!(!master.request(Request::new("web")).await.tells("c"));
}

#[tokio::test]
async fn a_host_publishes_for_those_that_it_serves() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master.request(Request::new("web")).await.expect(200);
    let domain = || Request::new("domain").shared().parameter("x", "parameter");
    let shared = master.request(domain()).await.expect(200);
    let reference = shared.text_of("_instance_guid").to_owned();
    let pairs = [("site", "https://a.example.org"), ("x", "connection")];
    publish(&master, Some(&reference), &pairs).await.expect(200);
    let told = master.request(domain()).await;
    assert_eq!(told.told("site"), "<string>https://a.example.org</string>");
    let host = master.partition("COMP-1", "slappart0").await;
    assert_eq!(host.told("site"), "<string>https://a.example.org</string>");
    assert_eq!(host.told("x"), "<string>parameter</string>");
}

/// C.69.
#[tokio::test]
async fn an_unknown_shared_instance_is_answered_by_preset() {
    for (preset, status) in [
        (Preset::Default, 404),
        (Preset::Real, 401),
        (Preset::Slapproxy, 200),
    ] {
        let master = TestMaster::preset(preset)
            .switch("allocation.moment", "request")
            .switch("allocation.require_supply", "off")
            .switch("allocation.capacity_check", "off")
            .default_computer("COMP-1")
            .start()
            .await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await.expect(200);
        publish(&master, Some("SOFTINST-99"), &[])
            .await
            .expect(status);
    }
}

#[tokio::test]
async fn connection_parameters_are_a_dictionary() {
    let master = TestMaster::start().await;
    let fields = [
        ("computer_id", "COMP-1"),
        ("computer_partition_id", "slappart0"),
        ("connection_xml", "<marshal><none/></marshal>"),
    ];
    let answer = master.post(CALL, &fields).await.expect(400);
    assert_eq!(
        answer.body,
        "`connection_xml`: is nothing, a dictionary was expected\n"
    );
}
