//! Software on computers.

use serde_json::{Value, json};
use slapmaster::domain::behaviour::Preset;

use super::{done, formatted, on_computer, refused, result, with};
use crate::support::master::{RELEASE, TestMaster};

const SUPPLY: &str = "post.v0.software_installation";
const STATE: &str = "put.v0.software_installation_reported_state";
const ERROR: &str = "put.v0.software_installation_error";

fn release(uri: &str, more: Value) -> Value {
    with(
        with(on_computer(), json!({"software_release_uri": uri})),
        more,
    )
}

async fn listed(master: &TestMaster) -> Value {
    let method = "allDocs.v0.compute_node_software_installation_list";
    result(master, method, &on_computer()).await["result_list"].take()
}

#[tokio::test]
async fn a_release_is_asked_for_withdrawn_and_reported_gone() {
    let master = formatted(1).await;
    let odd = "https://example.org/é 😀/%20?a=b#c";
    done(&master, SUPPLY, &release(odd, json!({})), "State changed").await;
    let available = json!([{"software_release_uri": odd, "state": "available"}]);
    assert_eq!(listed(&master).await, available);
    let destroyed = release(odd, json!({"reported_state": "destroyed"}));
    let kind = "SOFTWARE-INSTALLATION-DESTROY-NOT-REQUESTED";
    refused(&master, STATE, &destroyed, 403, kind).await;
    let withdrawn = release(odd, json!({"state": "destroyed"}));
    done(&master, SUPPLY, &withdrawn, "State changed").await;
    assert_eq!(listed(&master).await[0]["state"], "destroyed");
    done(&master, STATE, &destroyed, "State reported").await;
    assert_eq!(listed(&master).await, json!([]));
    let kind = "SOFTWARE-INSTALLATION-NOT-FOUND";
    refused(&master, STATE, &destroyed, 403, kind).await;
}

#[tokio::test]
async fn what_was_never_asked_for_cannot_be_withdrawn() {
    let master = formatted(1).await;
    let withdrawn = release(RELEASE, json!({"state": "destroyed"}));
    refused(&master, SUPPLY, &withdrawn, 403, "SUPPLY-FAILED").await;
    refused(
        &master,
        SUPPLY,
        &release("", json!({})),
        403,
        "SUPPLY-FAILED",
    )
    .await;
    let illegal = release("a\u{8}", json!({}));
    let kind = "invalid-json-object-content";
    refused(&master, SUPPLY, &illegal, 400, kind).await;
    let real = TestMaster::preset(Preset::Real)
        .default_computer("COMP-1")
        .start()
        .await;
    refused(&real, SUPPLY, &withdrawn, 500, "unknown-error").await;
}

#[tokio::test]
async fn reports_are_the_status_of_the_installation() {
    let master = formatted(1).await;
    master.supply("COMP-1", RELEASE).await;
    let status = async || {
        let fields = [("computer_id", "COMP-1"), ("url", RELEASE)];
        let answer = master.get("getSoftwareInstallationStatus", &fields).await;
        answer.expect(200).text_of("text").to_owned()
    };
    let report = |state: &str| release(RELEASE, json!({"reported_state": state}));
    done(&master, STATE, &report("building"), "State reported").await;
    assert_eq!(
        status().await,
        format!("#building software release {RELEASE}")
    );
    let failed = release(RELEASE, json!({"message": "gcc not found"}));
    done(&master, ERROR, &failed, "Error reported").await;
    assert_eq!(status().await, "#error while installing: gcc not found");
    done(&master, STATE, &report("available"), "State reported").await;
    assert_eq!(
        status().await,
        format!("#access software release {RELEASE} available")
    );
}

#[tokio::test]
async fn a_report_on_software_that_is_not_supplied_is_refused() {
    let master = formatted(1).await;
    let kind = "SOFTWARE-INSTALLATION-NOT-FOUND";
    for uri in [RELEASE, "", "\u{0}"] {
        for state in ["available", "building", "destroyed"] {
            let report = release(uri, json!({"reported_state": state}));
            refused(&master, STATE, &report, 403, kind).await;
        }
        let failed = release(uri, json!({"message": ""}));
        refused(&master, ERROR, &failed, 403, kind).await;
    }
}
