//! `requestComputer`: `slap.md` 5.19.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::TestMaster;

const CALL: &str = "requestComputer";
const TITLE: (&str, &str) = ("computer_title", "my computer");

#[tokio::test]
async fn a_computer_is_made_for_a_title_and_found_by_it_again() {
    let master = TestMaster::start().await;
    let first = master.post(CALL, &[TITLE]).await;
    assert_snapshot!("register", first.shown());
    let again = master.post(CALL, &[TITLE]).await.expect(200);
    assert_eq!(again.body, first.body);
    let other = [("computer_title", "another")];
    let other = master.post(CALL, &other).await.expect(200);
    assert_ne!(other.body, first.body);
}

#[tokio::test]
async fn a_requested_computer_has_no_certificate_until_it_is_asked_for() {
    for preset in [Preset::Default, Preset::Real, Preset::Slapproxy] {
        let master = TestMaster::preset(preset).start().await;
        let told = master.post(CALL, &[TITLE]).await.expect(200);
        let computer = told.text_of("_computer_id").to_owned();
        let fields = [("computer_id", computer.as_str())];
        let revoke = master.post("revokeComputerCertificate", &fields);
        revoke.await.expect(404);
        let generate = master.post("generateComputerCertificate", &fields);
        generate.await.expect(200);
    }
}

#[tokio::test]
async fn a_title_is_needed_and_a_project_is_not() {
    let master = TestMaster::start().await;
    let answer = master.post(CALL, &[]).await.expect(400);
    assert!(answer.body.starts_with("`computer_title`: is missing, "));
    master
        .post(CALL, &[("computer_title", "")])
        .await
        .expect(400);
    let named = [TITLE, ("project_reference", "PROJ-1")];
    master.post(CALL, &named).await.expect(200);
    let unknown = [TITLE, ("project_reference", "PROJ-9")];
    let answer = master.post(CALL, &unknown).await.expect(404);
    assert_eq!(answer.body, "project `PROJ-9` is not known\n");
}
