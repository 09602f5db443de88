//! How things look under the slapproxy preset, through the whole front: C.55 to C.61.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{Request, TestMaster};

#[tokio::test]
async fn slapproxy_names_and_times_things_its_own_way() {
    let master = TestMaster::preset(Preset::Slapproxy)
        .default_computer("COMP-1")
        .start()
        .await;
    master.format("COMP-1", 2).await;
    master.request(Request::new("web")).await.expect(200);
    let shared = Request::new("domain")
        .shared()
        .parameter("domain", "a.example.org");
    let shared = master.request(shared.by("COMP-1", "slappart0")).await;
    assert_snapshot!("proxy_request_shared", shared.shown());
    assert_snapshot!(
        "proxy_request",
        master.request(Request::new("web")).await.shown()
    );
    assert_snapshot!(
        "proxy_information",
        master.information("COMP-1").await.shown()
    );
}

/// One switch at a time: each is its own.
#[tokio::test]
async fn looks_are_switched_one_by_one() {
    let guid = TestMaster::preset(Preset::Default)
        .switch("guid.style", "proxy")
        .start()
        .await;
    guid.format("COMP-1", 1).await;
    let answer = guid.request(Request::new("web")).await.expect(200);
    assert_eq!(
        answer.told("_instance_guid"),
        "<string>COMP-1-slappart0</string>"
    );
    assert!(answer.told("timestamp").starts_with("<int>"));
    let time = TestMaster::preset(Preset::Default).switch("timestamp.format", "float_text");
    let time = time.start().await;
    time.format("COMP-1", 1).await;
    let answer = time.request(Request::new("web")).await.expect(200);
    assert_eq!(answer.told("_instance_guid"), "<string>SOFTINST-1</string>");
    assert!(answer.told("timestamp").starts_with("<string>1795422600."));
}
