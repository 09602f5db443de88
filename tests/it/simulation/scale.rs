//! How many simulated computers there are: more by one call, and fewer.

use axum::http::Method;
use serde_json::{Value, json};
use slapmaster::{
    domain::behaviour::Preset,
    fixture::{Export, Fixture},
};

use super::{COMPUTERS, RELEASE, control, events, play};
use crate::support::master::{Answer, Request, TestMaster};

async fn scale(master: &TestMaster, body: &Value) -> Answer {
    control(master, Method::POST, &format!("{COMPUTERS}/scale"), body).await
}

/// What there is: references, and how each is simulated.
async fn listed(master: &TestMaster) -> Vec<(String, Value)> {
    let list = master.read(COMPUTERS, &[]).await.expect(200).json();
    let rows = list["computers"].as_array().unwrap().iter();
    rows.map(|row| {
        let reference = row["reference"].as_str().unwrap().to_owned();
        (reference, row["simulate"]["profile"].clone())
    })
    .collect()
}

async fn references(master: &TestMaster) -> Vec<String> {
    let listed = listed(master).await.into_iter();
    listed.map(|(reference, _)| reference).collect()
}

/// Five that are instant, with two partitions each; the last has software, which every node asks
/// for, and a certificate.
async fn five() -> TestMaster {
    let master = TestMaster::start().await;
    let five = json!({ "count": 5, "partitions": 2, "simulate": "instant" });
    scale(&master, &five).await.expect(200);
    master.supply("SIM-5", RELEASE).await;
    let issue = json!({ "computer": "SIM-5" });
    control(&master, Method::POST, "/_mock/v1/certificates", &issue)
        .await
        .expect(201);
    play(&master, 1).await;
    for number in 1..=5 {
        let told = master.information(&format!("SIM-{number}")).await;
        told.expect(200);
    }
    master
}

#[tokio::test]
async fn so_many_computers_are_made_by_one_call() {
    let master = TestMaster::start().await;
    let five = json!({ "count": 5, "partitions": 2, "simulate": "instant" });
    let told = scale(&master, &five).await.expect(200).json();
    assert_eq!(told, json!({ "made": 5, "removed": 0, "computers": 5 }));
    let eight = json!({ "prefix": "SIM-", "count": 8, "simulate": { "profile": "slow" } });
    let told = scale(&master, &eight).await.expect(200).json();
    assert_eq!(told, json!({ "made": 3, "removed": 0, "computers": 8 }));
    let list = master.read(COMPUTERS, &[]).await.expect(200).json();
    let rows = list["computers"].as_array().unwrap();
    let names: Vec<_> = rows
        .iter()
        .map(|row| row["reference"].as_str().unwrap())
        .collect();
    assert_eq!(names[..2], ["SIM-1", "SIM-2"]);
    assert_eq!((names.len(), names[7]), (8, "SIM-8"));
    assert_eq!(rows[0]["simulate"], json!({ "profile": "slow" }));
    assert_eq!(
        (&rows[0]["partitions"], &rows[7]["partitions"]),
        (&json!(2), &json!(10))
    );
}

#[tokio::test]
async fn those_with_the_highest_numbers_are_taken_away() {
    let master = five().await;
    // Neither of these is one of the fleet: a node of its own, and another name.
    master.format("SIM-9", 1).await;
    let other = json!({ "reference": "SIM-04", "partitions": 1, "simulate": "slow" });
    control(&master, Method::POST, COMPUTERS, &other)
        .await
        .expect(201);
    let told = scale(&master, &json!({ "count": 2 })).await.expect(200);
    assert_eq!(
        told.json(),
        json!({ "made": 0, "removed": 3, "computers": 2 })
    );
    // What is there is simulated as before: nothing else was asked for.
    assert_eq!(
        listed(&master).await,
        [
            ("SIM-1".to_owned(), json!("instant")),
            ("SIM-2".to_owned(), json!("instant")),
            ("SIM-04".to_owned(), json!("slow")),
            ("SIM-9".to_owned(), Value::Null),
        ]
    );
    assert_eq!(
        events(&master, &["computer_removed"]),
        [
            "computer SIM-3 was taken away",
            "computer SIM-4 was taken away",
            "computer SIM-5 was taken away",
        ]
    );
    // Nothing of one is told any more, although it had asked before, and its certificate is worth
    // nothing.
    master.information("SIM-4").await.expect(404);
    let one = master.read(&format!("{COMPUTERS}/SIM-4"), &[]).await;
    one.expect(404);
    let certificates = master.read("/_mock/v1/certificates", &[]).await;
    let told = certificates.expect(200).json();
    let of_five = told["certificates"].as_array().unwrap().iter();
    let of_five: Vec<_> = of_five
        .filter(|one| one["common_name"] == "SIM-5")
        .map(|one| &one["status"])
        .collect();
    assert_eq!(of_five, ["revoked"]);
    // Nothing is allocated there: four places are left on the fleet, and two beside it.
    for number in 0..6 {
        let title = format!("web{number}");
        let web = Request::new(&title).release(RELEASE);
        master.request(web).await.expect(200);
    }
    let more = Request::new("more").release(RELEASE);
    master.request(more).await.expect(408);
}

#[tokio::test]
async fn one_that_was_taken_away_comes_back_as_if_it_were_new() {
    let master = five().await;
    let before = master.information("SIM-5").await.expect(200);
    assert!(before.body.contains(RELEASE), "{}", before.body);
    scale(&master, &json!({ "count": 0 })).await.expect(200);
    assert!(references(&master).await.is_empty());
    assert_eq!(master.master.simulated_due(), None);
    let again = json!({ "count": 5, "partitions": 1, "simulate": "instant" });
    let told = scale(&master, &again).await.expect(200).json();
    assert_eq!(told, json!({ "made": 5, "removed": 0, "computers": 5 }));
    let after = master.information("SIM-5").await.expect(200);
    assert!(!after.body.contains(RELEASE), "{}", after.body);
    assert!(!after.body.contains("slappart1"), "{}", after.body);
    // It works as any other, at addresses that no other has.
    master.supply("SIM-5", RELEASE).await;
    let web = || {
        let web = Request::new("web").release(RELEASE);
        web.sla("computer_guid", "SIM-5")
    };
    master.request(web()).await.expect(200);
    play(&master, 1).await;
    assert_eq!(
        events(&master, &["instance_started"]),
        ["*instance `web` reported started on SIM-5/slappart0"]
    );
    let text = Export::of(&master.master).await.unwrap().yaml();
    let mut addresses: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once("2001:db8:"))
        .map(|(_, address)| address)
        .collect();
    addresses.sort_unstable();
    let all = addresses.len();
    addresses.dedup();
    assert_eq!((addresses.len(), all), (10, 10), "{text}");
}

#[tokio::test]
async fn a_computer_with_an_instance_on_it_stays_and_so_does_all_else() {
    let master = five().await;
    let web = || {
        let web = Request::new("web").release(RELEASE);
        web.sla("computer_guid", "SIM-4")
    };
    master.request(web()).await.expect(200);
    play(&master, 1).await;
    let before = master.dump().await;
    let refused = scale(&master, &json!({ "count": 2, "simulate": "slow" })).await;
    let detail = refused.expect(409).json()["detail"].clone();
    assert_eq!(
        detail,
        "Nothing was taken away: computer `SIM-4` has instance `web` (SOFTINST-1) on `slappart0`. \
         Have them destroyed first, or keep more computers."
    );
    assert_eq!(master.dump().await, before);
    // What is above it goes; and itself, when its instance ended.
    scale(&master, &json!({ "count": 4 })).await.expect(200);
    master.request(web().state("destroyed")).await.expect(408);
    play(&master, 1).await;
    let told = scale(&master, &json!({ "count": 2 })).await.expect(200);
    assert_eq!(told.json()["removed"], 2);
    assert_eq!(references(&master).await, ["SIM-1", "SIM-2"]);
}

#[tokio::test]
async fn a_world_with_computers_that_were_taken_away_is_exported_and_loaded() {
    let master = five().await;
    scale(&master, &json!({ "count": 3 })).await.expect(200);
    let text = Export::of(&master.master).await.unwrap().yaml();
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(path.path(), &text).unwrap();
    let read = Fixture::read(&[path.path().to_owned()]).unwrap();
    let other = TestMaster::preset(Preset::Default)
        .clock(master.master.clock())
        .authority_of(&read)
        .start()
        .await;
    read.apply(&other.master).await.unwrap();
    assert_eq!(Export::of(&other.master).await.unwrap().yaml(), text);
    assert_eq!(references(&other).await, ["SIM-1", "SIM-2", "SIM-3"]);
    let told = scale(&other, &json!({ "count": 4 })).await.expect(200);
    assert_eq!(told.json()["made"], 1);
}
