//! `supplySupply`: `slap.md` 5.11.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{RELEASE, TestMaster};

#[tokio::test]
async fn a_release_is_asked_for_and_withdrawn() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let supply = async |state: Option<&str>| {
        let mut fields = vec![("computer_id", "COMP-1"), ("url", RELEASE)];
        fields.extend(state.map(|state| ("state", state)));
        master.post("supplySupply", &fields).await
    };
    let listed = async || {
        let body = master.information("COMP-1").await.body;
        let (_, list) = body.split_once("_software_release_list").unwrap();
        let state = list.split_once("<string>_requested_state</string><string>");
        state.map(|(_, rest)| rest.split('<').next().unwrap().to_owned())
    };
    // Not there: withdrawing it does nothing.
    supply(Some("destroyed")).await.expect(200);
    assert_eq!(listed().await, None);
    assert_snapshot!("supply", supply(None).await.shown());
    assert_eq!(listed().await.as_deref(), Some("available"));
    supply(Some("destroyed")).await.expect(200);
    assert_eq!(listed().await.as_deref(), Some("destroyed"));
    supply(Some("available")).await.expect(200);
    assert_eq!(listed().await.as_deref(), Some("available"));
    assert_snapshot!("supply_unknown_state", supply(Some("built")).await.shown());
}

/// C.14. The client sends the text `None` where it has no computer.
#[tokio::test]
async fn an_unknown_computer_is_refused_or_remembered() {
    for (preset, status) in [
        (Preset::Default, 404),
        (Preset::Real, 404),
        (Preset::Slapproxy, 200),
    ] {
        let master = TestMaster::preset(preset).start().await;
        for computer in ["COMP-9", "None"] {
            let fields = [("computer_id", computer), ("url", RELEASE)];
            master.post("supplySupply", &fields).await.expect(status);
        }
    }
    let master = TestMaster::start().await;
    let fields = [("computer_id", "None"), ("url", RELEASE)];
    let answer = master.post("supplySupply", &fields).await;
    assert_snapshot!("supply_unknown_computer", answer.shown());
    let proxy = TestMaster::preset(Preset::Slapproxy).start().await;
    proxy.supply("COMP-1", RELEASE).await;
    proxy.format("COMP-1", 1).await;
    assert!(proxy.information("COMP-1").await.body.contains(RELEASE));
}
