//! `getHostingSubscriptionIpList`: `slap.md` 5.18.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{Answer, Request, TestMaster};

async fn addresses(master: &TestMaster, computer: &str, partition: &str) -> Answer {
    let fields = [
        ("computer_id", computer),
        ("computer_partition_id", partition),
    ];
    master.get("getHostingSubscriptionIpList", &fields).await
}

#[tokio::test]
async fn a_partition_is_told_every_address_of_its_tree() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 3).await;
    master.request(Request::new("web")).await.expect(200);
    master
        .request(Request::new("db").by("COMP-1", "slappart0"))
        .await
        .expect(200);
    master.request(Request::new("stranger")).await.expect(200);
    assert_snapshot!(
        "addresses",
        addresses(&master, "COMP-1", "slappart1").await.shown()
    );
    master
        .request(Request::new("web").state("destroyed"))
        .await
        .expect(408);
    let answer = addresses(&master, "COMP-1", "slappart1").await.expect(200);
    assert_eq!(answer.body, "<marshal><list id=\"i2\"/></marshal>");
}

/// C.66, C.67; slapproxy lacks the call.
#[tokio::test]
async fn addresses_of_nothing_are_answered_by_preset() {
    for (preset, computer) in [
        (Preset::Default, 404),
        (Preset::Real, 500),
        (Preset::Slapproxy, 404),
    ] {
        let master = TestMaster::preset(preset)
            .default_computer("COMP-1")
            .start()
            .await;
        master.format("COMP-1", 1).await;
        addresses(&master, "COMP-9", "slappart0")
            .await
            .expect(computer);
        addresses(&master, "COMP-1", "slappart9").await.expect(404);
        addresses(&master, "COMP-1", "slappart0").await.expect(404);
    }
}
