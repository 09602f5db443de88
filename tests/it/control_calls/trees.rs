//! Instance trees, with all their instances.

use serde_json::{Value, json};

use crate::support::master::{RELEASE, Request, TestMaster};

const TREES: &str = "/_mock/v1/trees";

async fn trees(master: &TestMaster, query: &[(&str, &str)]) -> Value {
    let query: Vec<String> = query.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let path = format!("{TREES}?{}", query.join("&"));
    master.read(&path, &[]).await.expect(200).json()
}

async fn titles(master: &TestMaster, query: &[(&str, &str)]) -> Vec<String> {
    let answer = trees(master, query).await;
    let trees = answer["trees"].as_array().unwrap();
    let title = |tree: &Value| tree["title"].as_str().unwrap().to_owned();
    trees.iter().map(title).collect()
}

async fn with_computer(partitions: usize) -> TestMaster {
    let master = TestMaster::start().await;
    master.format("COMP-1", partitions).await;
    master.supply("COMP-1", RELEASE).await;
    master
}

#[tokio::test]
async fn a_tree_is_told_with_what_is_wanted_and_reported_of_its_instances() {
    let master = with_computer(2).await;
    master.request(Request::new("web")).await.expect(200);
    let child = Request::new("db")
        .by("COMP-1", "slappart0")
        .state("stopped");
    master.request(child).await.expect(200);
    let shared = Request::new("route").by("COMP-1", "slappart0").shared();
    master.request(shared).await.expect(200);
    master
        .report("startedComputerPartition", "COMP-1", "slappart0")
        .await
        .expect(200);
    let error = [
        ("computer_id", "COMP-1"),
        ("computer_partition_id", "slappart1"),
        ("error_log", "no disk"),
    ];
    master
        .post("softwareInstanceError", &error)
        .await
        .expect(200);

    let answer = trees(&master, &[]).await;
    let instance = |place: usize| &answer["trees"][0]["instances"][place];
    assert_eq!(
        answer["trees"],
        json!([{
            "reference": "HOSTSUBS-1",
            "title": "web",
            "state": "started",
            "owner": "default-user",
            "project": "PROJ-1",
            "kind": "software",
            "release": RELEASE,
            "software_type": "default",
            "archived": false,
            "subscription": "subscribed",
            "created_at": "2026-11-23T08:30:00Z",
            "instances": [instance(0), instance(1), instance(2)],
        }])
    );
    assert_eq!(
        instance(0),
        &json!({
            "reference": "SOFTINST-1",
            "title": "web",
            "kind": "software",
            "parent": null,
            "release": RELEASE,
            "software_type": "default",
            "requested_state": "started",
            "reported_state": "started",
            "reported": "#access Instance correctly started",
            "reported_at": "2026-11-23T08:30:00Z",
            "computer": "COMP-1",
            "partition": "slappart0",
            "host": null,
            "waits_because": null,
        })
    );
    let of = |place: usize, keys: [&str; 5]| keys.map(|key| instance(place)[key].clone());
    let keys = [
        "title",
        "parent",
        "requested_state",
        "reported_state",
        "partition",
    ];
    assert_eq!(
        of(1, keys),
        ["db", "SOFTINST-1", "stopped", "error", "slappart1"].map(Value::from)
    );
    assert_eq!(
        of(2, ["title", "kind", "parent", "host", "partition"]),
        ["route", "shared", "SOFTINST-1", "SOFTINST-1", "slappart0"].map(Value::from)
    );
    assert_eq!(instance(2)["reported_state"], Value::Null);
}

#[tokio::test]
async fn what_waits_says_why() {
    let master = with_computer(1).await;
    master.request(Request::new("web")).await.expect(200);
    master.request(Request::new("late")).await.expect(408);
    let answer = trees(&master, &[("title", "late")]).await;
    let late = &answer["trees"][0]["instances"][0];
    assert_eq!(
        (&late["computer"], &late["partition"]),
        (&Value::Null, &Value::Null)
    );
    let why = late["waits_because"].as_str().unwrap();
    assert!(why.contains("free"), "{why}");
}

#[tokio::test]
async fn trees_are_filtered_and_told_in_pages() {
    let master = with_computer(5).await;
    for title in ["a", "b", "c"] {
        master.request(Request::new(title)).await.expect(200);
    }
    let stopped = Request::new("b").state("stopped");
    master.request(stopped).await.expect(200);
    assert_eq!(titles(&master, &[]).await, ["a", "b", "c"]);
    assert_eq!(titles(&master, &[("title", "c")]).await, ["c"]);
    assert_eq!(titles(&master, &[("state", "started")]).await, ["a", "c"]);
    assert_eq!(titles(&master, &[("state", "stopped")]).await, ["b"]);
    assert_eq!(titles(&master, &[("owner", "default-user")]).await.len(), 3);
    assert!(titles(&master, &[("owner", "nobody")]).await.is_empty());

    let page = trees(&master, &[("limit", "2")]).await;
    assert_eq!(page["trees"].as_array().unwrap().len(), 2);
    let next = page["next"].as_str().unwrap();
    assert_eq!(
        titles(&master, &[("limit", "2"), ("after", next)]).await,
        ["c"]
    );
    let last = trees(&master, &[("limit", "2"), ("after", next)]).await;
    assert_eq!(last.get("next"), None);
}

#[tokio::test]
async fn a_tree_is_there_until_its_last_instance_is_gone() {
    let master = with_computer(1).await;
    master.request(Request::new("web")).await.expect(200);
    let destroyed = Request::new("web").state("destroyed");
    master.request(destroyed).await;
    let answer = trees(&master, &[]).await;
    assert_eq!(answer["trees"][0]["state"], "destroyed");
    assert_eq!(answer["trees"][0]["archived"], true);
    assert_eq!(
        answer["trees"][0]["instances"][0]["requested_state"],
        "destroyed"
    );
    master
        .report("destroyedComputerPartition", "COMP-1", "slappart0")
        .await
        .expect(200);
    assert!(titles(&master, &[]).await.is_empty());
}

#[tokio::test]
async fn what_no_filter_can_be_is_refused() {
    let master = TestMaster::start().await;
    for (query, expected) in [
        (
            "titel=a",
            "`titel`: is not known here, perhaps `title` was meant",
        ),
        ("title=", "`title`: is empty"),
        (
            "state=start",
            "`state`: is `start`, perhaps `started` was meant",
        ),
        (
            "limit=0",
            "`limit`: is 0, a whole number from 1 to 1000 was expected",
        ),
        ("limit=x", "`limit`: is `x`"),
        (
            "after=HOSTSUBS-7",
            "`after`: is `HOSTSUBS-7`, which no instance tree ever was",
        ),
    ] {
        let answer = master
            .read(&format!("{TREES}?{query}"), &[])
            .await
            .expect(400);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(expected), "{query}: {detail}");
    }
}
