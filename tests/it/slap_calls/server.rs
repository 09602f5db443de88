//! About the server: `slap.md` 5.22 to 5.24.

use axum::{body::Body, http::Request};
use insta::assert_snapshot;
use slapmaster::{domain::behaviour::Preset, front::address::PublicAddress};

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
    let fields = [("ingestion_policy", "x")];
    assert_snapshot!(
        "ingest_data",
        master.post("ingestData", &fields).await.shown()
    );
}

#[tokio::test]
async fn the_hateoas_url_is_the_one_by_which_the_client_came_unless_switched_off() {
    let master = TestMaster::start().await;
    let answer = master.get("getHateoasUrl", &[]).await;
    assert_snapshot!("hateoas_url", answer.shown());
    for preset in [Preset::Default, Preset::Real, Preset::Slapproxy] {
        let master = TestMaster::preset(preset).start().await;
        let told = master.get("getHateoasUrl", &[]).await.expect(200).body;
        assert_eq!(told, "http://master.example.org/hateoas", "{preset}");
        let off = TestMaster::preset(preset).switch("hateoas.url", "off");
        let refused = off.start().await.get("getHateoasUrl", &[]).await;
        refused.expect(404);
    }
    let behind = PublicAddress {
        external_url: Some("https://slap.example/base".into()),
        ..PublicAddress::default()
    };
    let master = TestMaster::preset(Preset::Default).address(behind);
    let answer = master.start().await.get("getHateoasUrl", &[]).await;
    assert_eq!(answer.body, "https://slap.example/base/hateoas");
}

#[tokio::test]
async fn without_a_host_there_is_no_hateoas_url() {
    let master = TestMaster::start().await;
    let call = Request::get("/getHateoasUrl").body(Body::empty()).unwrap();
    let answer = master.send(call).await.expect(400);
    assert_eq!(
        answer.body,
        "`Host`: is missing, the name of this server was expected\n"
    );
}
