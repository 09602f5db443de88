//! Fixtures of a running world: exported, added, checked.

use axum::{
    body::Body,
    http::{Method, header},
};
use serde_json::{Value, json};
use slapmaster::{domain::behaviour::Preset, fixture::Export};

use crate::support::master::{Answer, Request, TestMaster, request};

const FIXTURE: &str = "/_mock/v1/fixture";
const CHECK: &str = "/_mock/v1/fixture/check";

async fn post(master: &TestMaster, path: &str, kind: &str, text: &str) -> Answer {
    let call = request(Method::POST, path).header(header::CONTENT_TYPE, kind);
    master
        .send(call.body(Body::from(text.to_owned())).unwrap())
        .await
}

async fn exported(master: &TestMaster) -> String {
    Export::of(&master.master).await.unwrap().yaml()
}

#[tokio::test]
async fn a_world_is_told_as_yaml_or_json_and_both_say_the_same() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    let yaml = master.read(FIXTURE, &[]).await.expect(200);
    assert_eq!(yaml.header("content-type"), Some("application/yaml"));
    assert_eq!(yaml.header("cache-control"), Some("no-store"));
    assert_eq!(yaml.body, exported(&master).await);
    let call = request(Method::GET, FIXTURE).header(header::ACCEPT, "application/json");
    let json = master
        .send(call.body(Body::empty()).unwrap())
        .await
        .expect(200);
    assert_eq!(json.header("content-type"), Some("application/json"));
    let told = json.json();
    assert_eq!(told["computers"][0]["reference"], "COMP-1");
    // JSON is a fixture too: the same world is made of it.
    for text in [yaml.body, json.body] {
        let fixture = crate::fixtures::fixture(&text).unwrap();
        let other = TestMaster::preset(Preset::Default)
            .clock(master.master.clock())
            .authority_of(&fixture)
            .start()
            .await;
        let kind = if text.starts_with('{') {
            "application/json"
        } else {
            "application/yaml"
        };
        post(&other, FIXTURE, kind, &text).await.expect(200);
        assert_eq!(exported(&other).await, exported(&master).await);
    }
}

#[tokio::test]
async fn a_fixture_is_added_to_a_world_and_may_name_what_that_holds() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    let text = "users: [alice]\n\
                trees:\n\
                - {title: web, owner: alice, release: r, on: {computer: COMP-1, partition: slappart1}}\n";
    let checked = post(&master, CHECK, "application/yaml", text)
        .await
        .expect(200);
    let added = post(&master, FIXTURE, "application/yaml", text)
        .await
        .expect(200);
    let expected = json!({
        "summary": "0 computers, 1 instance tree, 1 instance",
        "projects": 0, "users": 1, "products": 0, "computers": 0, "partitions": 0, "trees": 1,
        "instances": 1, "tokens": 0, "faults": 0, "certificates": 0,
    });
    assert_eq!((checked.json(), added.json()), (expected.clone(), expected));
    let poll = master.information("COMP-1").await.expect(200);
    assert!(poll.body.contains("SOFTINST-1"), "{}", poll.body);
}

#[tokio::test]
async fn a_fixture_that_the_world_cannot_take_is_refused_with_its_place_and_changes_nothing() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let before = exported(&master).await;
    for (text, line, column, words) in [
        ("users: [alice\n", 1, 8, "expected YAML or JSON"),
        ("user: [alice]\n", 1, 1, "perhaps `users` was meant"),
        (
            "computers:\n- reference: COMP-1\n",
            2,
            14,
            "the world already has a computer `COMP-1`",
        ),
        (
            "users: [alice]\ntrees: [{title: a, release: r, on: {computer: COMP-2, partition: p}}]\n",
            2,
            36,
            "there is no computer `COMP-2`",
        ),
        (
            "behaviour: {cascade.stop: round}\ntrees: [{title: a, release: r, sla: {computer_guid: C}}]\n",
            2,
            17,
            "instance `a` has no room",
        ),
    ] {
        for path in [CHECK, FIXTURE] {
            let answer = post(&master, path, "application/yaml", text)
                .await
                .expect(422);
            let told: Value = answer.json();
            assert_eq!(
                (&told["line"], &told["column"]),
                (&line.into(), &column.into()),
                "{told}"
            );
            let detail = told["detail"].as_str().unwrap();
            assert!(
                detail.starts_with(&format!("The fixture, line {line}, column {column}: ")),
                "{detail}"
            );
            assert!(detail.contains(words), "{detail}");
            assert_eq!(exported(&master).await, before, "{text}");
        }
    }
}

#[tokio::test]
async fn a_check_changes_nothing() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    let before = exported(&master).await;
    let text = "preset: real\nusers: [alice]\ntrees: [{title: web, release: r, waiting: true}]\n\
                faults: [{effect: {drop: true}}]\n";
    post(&master, CHECK, "application/yaml", text)
        .await
        .expect(200);
    assert_eq!(exported(&master).await, before);
    assert!(master.master.faults().is_empty());
}

#[tokio::test]
async fn switches_that_are_added_hold_for_what_was_told_before() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    master.request(Request::new("web")).await.expect(200);
    let revision = master.master.revision("COMP-1");
    master.information("COMP-1").await.expect(200);
    let told = master.master.revision("COMP-1");
    assert!(told >= revision);
    post(
        &master,
        FIXTURE,
        "application/json",
        r#"{"preset": "slapproxy"}"#,
    )
    .await
    .expect(200);
    assert_ne!(master.master.revision("COMP-1"), told);
}

#[tokio::test]
async fn what_is_no_fixture_at_all_is_refused() {
    let master = TestMaster::start().await;
    for (kind, text, status) in [
        ("text/plain", "users: []", 415),
        ("application/json", "[]", 400),
        ("application/json", "null", 400),
        ("application/json", "{", 400),
        ("application/yaml", "- a", 422),
    ] {
        let answer = post(&master, FIXTURE, kind, text).await.expect(status);
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
    }
    let call = request(Method::POST, FIXTURE).header(header::CONTENT_TYPE, "application/yaml");
    let answer = master
        .send(call.body(Body::from(b"\xff".to_vec())).unwrap())
        .await;
    answer.expect(422);
}
