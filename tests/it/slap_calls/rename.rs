//! `softwareInstanceRename`: `slap.md` 5.8.

use insta::assert_snapshot;

use crate::support::master::{Answer, Request, TestMaster};

async fn rename(master: &TestMaster, partition: &str, title: &str, shared: Option<&str>) -> Answer {
    let mut fields = vec![
        ("computer_id", "COMP-1"),
        ("computer_partition_id", partition),
        ("new_name", title),
    ];
    fields.extend(shared.map(|reference| ("slave_reference", reference)));
    master.post("softwareInstanceRename", &fields).await
}

#[tokio::test]
async fn an_instance_is_renamed_unless_the_title_is_taken() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    master.request(Request::new("web")).await.expect(200);
    master
        .request(Request::new("db").by("COMP-1", "slappart0"))
        .await
        .expect(200);
    let answer = rename(&master, "slappart1", "database", None).await;
    assert_snapshot!("rename", answer.shown());
    let told = master.partition("COMP-1", "slappart1").await;
    assert_eq!(told.told("instance_title"), "<string>database</string>");
    let answer = rename(&master, "slappart1", "web", None).await;
    assert_snapshot!("rename_taken", answer.shown());
    let told = master.partition("COMP-1", "slappart1").await;
    assert_eq!(told.told("instance_title"), "<string>database</string>");
}

/// C.51.
#[tokio::test]
async fn a_shared_instance_is_renamed_by_its_reference() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master.request(Request::new("web")).await.expect(200);
    let shared = master
        .request(Request::new("domain").shared())
        .await
        .expect(200);
    let reference = shared.text_of("_instance_guid").to_owned();
    rename(&master, "slappart0", "other", Some(&reference))
        .await
        .expect(200);
    let told = master.partition("COMP-1", "slappart0").await;
    assert_eq!(told.told("slave_title"), "<string>other</string>");
    assert_eq!(told.told("instance_title"), "<string>web</string>");
    rename(&master, "slappart0", "x", Some("SOFTINST-99"))
        .await
        .expect(404);
}

#[tokio::test]
async fn an_instance_that_is_not_there_cannot_be_renamed() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    rename(&master, "slappart0", "x", None).await.expect(404);
    rename(&master, "slappart9", "x", None).await.expect(404);
    rename(&master, "slappart0", "bell\u{7}", None)
        .await
        .expect(400);
}
