//! `getSoftwareReleaseListFromSoftwareProduct`: `slap.md` 5.21.

use insta::assert_snapshot;

use crate::support::master::{RELEASE, TestMaster};

const CALL: &str = "getSoftwareReleaseListFromSoftwareProduct";

#[tokio::test]
async fn an_unknown_product_has_no_releases() {
    let master = TestMaster::start().await;
    let fields = [("software_product_reference", "kvm")];
    assert_snapshot!("product_unknown", master.get(CALL, &fields).await.shown());
}

#[tokio::test]
async fn an_unknown_release_is_not_found() {
    let master = TestMaster::start().await;
    let fields = [("software_release_url", RELEASE)];
    assert_snapshot!(
        "product_unknown_release",
        master.get(CALL, &fields).await.shown()
    );
}

#[tokio::test]
async fn a_product_is_named_in_one_way() {
    let master = TestMaster::start().await;
    let both = [
        ("software_product_reference", "kvm"),
        ("software_release_url", RELEASE),
    ];
    master.get(CALL, &both).await.expect(400);
    let answer = master.get(CALL, &[]).await.expect(400);
    assert_eq!(
        answer.body,
        "`software_product_reference`: is missing, it or `software_release_url` was expected\n"
    );
}
