//! `updateComputerPartitionRelatedInstanceList`: `slap.md` 5.10.

use insta::assert_snapshot;

use crate::support::master::TestMaster;

const CALL: &str = "updateComputerPartitionRelatedInstanceList";

#[tokio::test]
async fn related_instances_are_taken_without_a_look() {
    let master = TestMaster::start().await;
    let at = [
        ("computer_id", "COMP-9"),
        ("computer_partition_id", "slappart0"),
    ];
    let list = "<marshal><list id=\"i2\"><string>db</string></list></marshal>";
    let answer = master
        .post(CALL, &[at[0], at[1], ("instance_reference_xml", list)])
        .await;
    assert_snapshot!("related", answer.shown());
    let text = "<marshal><string>db</string></marshal>";
    let answer = master
        .post(CALL, &[at[0], at[1], ("instance_reference_xml", text)])
        .await;
    assert_eq!(
        answer.expect(400).body,
        "`instance_reference_xml`: is a text, a list of texts was expected\n"
    );
}
