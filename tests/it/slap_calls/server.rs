//! About the server: `slap.md` 5.22 to 5.24, and the calls that are not built yet.

use insta::assert_snapshot;

use crate::support::master::TestMaster;

#[tokio::test]
async fn the_run_id_is_that_of_this_run() {
    let master = TestMaster::start().await;
    let answer = master.get("getRunId", &[]).await;
    assert_eq!(answer.body.len(), 32);
    assert!(answer.body.chars().all(|c| c.is_ascii_alphanumeric()));
    assert_snapshot!("run_id", answer.shown());
    assert_eq!(master.get("getRunId", &[]).await.body, answer.body);
    let other = TestMaster::start().await;
    assert_ne!(other.get("getRunId", &[]).await.body, answer.body);
}

#[tokio::test]
async fn what_is_not_served_says_so() {
    let master = TestMaster::start().await;
    assert_snapshot!(
        "hateoas_url",
        master.get("getHateoasUrl", &[]).await.shown()
    );
    let fields = [("ingestion_policy", "x")];
    assert_snapshot!(
        "ingest_data",
        master.post("ingestData", &fields).await.shown()
    );
}

#[tokio::test]
async fn certificates_are_not_built_yet() {
    let master = TestMaster::start().await;
    let answer = master
        .post("requestComputer", &[("computer_title", "x")])
        .await;
    assert_snapshot!("not_built", answer.shown());
}
