//! Making, listing and deleting worlds, and what is refused.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use axum::{body::Body, http::Method};
use serde_json::json;
use slapmaster::{
    domain::behaviour::Preset,
    front::worlds::{Wish, WorldLimits, WorldName},
};

use super::{FIXTURE, WORLDS};
use crate::support::master::{TestMaster, request};

#[tokio::test]
async fn a_world_is_made_once_and_told_with_its_url() {
    let master = TestMaster::start().await;
    let path = format!("{WORLDS}/gw0");
    let nothing = request(Method::PUT, &path).body(Body::empty()).unwrap();
    let made = master.send(nothing).await.expect(201).json();
    assert_eq!(made["name"], "gw0");
    assert_eq!(made["url"], "http://master.example.org/w/gw0/");
    assert_eq!(made["idle_ttl_s"], json!(null));
    let certificate = made["ca_certificate"].as_str().unwrap();
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    assert_ne!(certificate, master.master.authority_certificate_pem());

    let again = master.make("gw0", &json!({})).await.expect(200).json();
    assert_eq!(again["ca_certificate"], made["ca_certificate"]);
    let other = master.make("gw0", &json!({"seed": 7})).await.expect(409);
    assert!(other.body.contains("made otherwise"), "{}", other.body);
    let one = master.read(&path, &[]).await.expect(200).json();
    assert_eq!(one["created_at"], made["created_at"]);
    let all = master.read(WORLDS, &[]).await.expect(200).json();
    let names: Vec<&str> = all["worlds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|world| world["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["default", "gw0"]);
    assert_eq!(all["worlds"][0]["url"], "http://master.example.org/");
}

#[tokio::test]
async fn a_fixture_fills_a_world_as_text_as_an_object_and_as_yaml() {
    let master = TestMaster::start().await;
    let object = json!({"computers": [{"reference": "COMP-1", "partitions": 2}]});
    for (name, wish) in [
        ("text", json!({ "fixture": FIXTURE })),
        ("object", json!({ "fixture": object })),
    ] {
        master.make(name, &wish).await.expect(201);
        master.make(name, &wish).await.expect(200);
        assert!(
            master.knows(&format!("/w/{name}"), "COMP-1").await,
            "{name}"
        );
    }
    let yaml = || {
        request(Method::PUT, &format!("{WORLDS}/yaml"))
            .header("content-type", "application/yaml")
            .body(Body::from(FIXTURE))
            .unwrap()
    };
    master.send(yaml()).await.expect(201);
    master.send(yaml()).await.expect(200);
    assert!(master.knows("/w/yaml", "COMP-1").await);
    assert!(
        !master.knows("", "COMP-1").await,
        "the default world has none"
    );
}

/// What the second world came to is put into the next ones: each is a world of its own for all that.
#[tokio::test]
async fn worlds_of_one_fixture_share_nothing() {
    let master = TestMaster::start().await;
    let names = ["first", "second", "third", "fourth"];
    let mut authorities = Vec::new();
    let mut certificates = Vec::new();
    for name in names {
        let wish = json!({ "fixture": FIXTURE, "seed": 5 });
        let made = master.make(name, &wish).await.expect(201).json();
        authorities.push(made["ca_certificate"].clone());
        let path = format!("/w/{name}/_mock/v1/certificates");
        let issued = master.read(&path, &[]).await.expect(200).json();
        let issued = issued["certificates"].as_array().unwrap().clone();
        assert_eq!(issued.len(), 1, "{issued:?}");
        certificates.push(issued[0]["serial"].clone());
        let path = format!("/w/{name}/_mock/v1/journal");
        let journal = master.read(&path, &[]).await.expect(200).body;
        for word in [
            "computer COMP-1 was made",
            "`web` was allocated",
            "was issued",
        ] {
            assert_eq!(
                journal.matches(word).count(),
                1,
                "{name}: {word} in {journal}"
            );
        }
    }
    for several in [&authorities, &certificates] {
        let different: HashSet<&str> = several.iter().map(|one| one.as_str().unwrap()).collect();
        assert_eq!(different.len(), names.len());
    }
    // A change in one of them is in no other, and none of them goes back to it.
    master.format_in("/w/third", "COMP-9", 1).await;
    master
        .make("fifth", &json!({ "fixture": FIXTURE, "seed": 5 }))
        .await
        .expect(201);
    for name in ["second", "fourth", "fifth"] {
        assert!(
            !master.knows(&format!("/w/{name}"), "COMP-9").await,
            "{name}"
        );
    }
    master.ask("/w/third", "reset").await.expect(200);
    assert!(!master.knows("/w/third", "COMP-9").await);
    assert!(master.knows("/w/third", "COMP-1").await);
}

/// It is made when the world is opened, and is there beside what the fixture describes.
#[tokio::test]
async fn worlds_of_one_fixture_have_the_default_computer_beside_it() {
    let master = TestMaster::preset(Preset::Slapproxy)
        .default_computer("slaprunner")
        .start()
        .await;
    for name in ["first", "second", "third"] {
        let wish = json!({ "fixture": FIXTURE });
        master.make(name, &wish).await.expect(201);
        assert!(master.knows(&format!("/w/{name}"), "slaprunner").await);
        assert!(master.knows(&format!("/w/{name}"), "COMP-1").await);
    }
}

#[tokio::test]
async fn a_refused_fixture_is_told_with_its_place_and_makes_no_world() {
    let master = TestMaster::start().await;
    let wish = json!({"fixture": "computers:\n  - reference: COMP-1\n    partitons: 2\n"});
    let refused = master.make("a", &wish).await.expect(422).json();
    assert_eq!(
        (&refused["line"], &refused["column"]),
        (&json!(3), &json!(5))
    );
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("perhaps `partitions`"), "{detail}");
    // One that is read, and that the rules refuse.
    let wish = json!({"fixture": format!("{FIXTURE}    state: reported\n")});
    master.make("a", &wish).await.expect(422);
    master.read(&format!("{WORLDS}/a"), &[]).await.expect(404);
    assert!(!master.knows("/w/a", "COMP-1").await);
    master.make("a", &json!({})).await.expect(201);
}

#[tokio::test]
async fn what_cannot_be_a_world_is_refused_by_its_key() {
    let master = TestMaster::start().await;
    for (name, wish, status, word) in [
        ("a%20b", json!({}), 400, "`name`"),
        ("a", json!({"fixtur": ""}), 400, "perhaps `fixture`"),
        ("a", json!({"fixture": 7}), 400, "a text or an object"),
        ("a", json!({"idle_ttl_s": 0}), 400, "`idle_ttl_s`"),
        ("a", json!({"seed": -1}), 400, "`seed`"),
        ("a", json!({"preset": "reel"}), 400, "perhaps `real`"),
        ("a", json!({"snapshot": "s"}), 400, "`snapshot`"),
        ("a", json!({"copy_of": "default", "seed": 1}), 400, "`seed`"),
        ("a", json!({"copy_of": "b"}), 404, "no world `b`"),
        (
            "a",
            json!({"copy_of": "default", "snapshot": "s"}),
            404,
            "no snapshot `s`",
        ),
        ("default", json!({}), 409, "made otherwise"),
    ] {
        let refused = master.make(name, &wish).await.expect(status);
        assert!(refused.body.contains(word), "{wish}: {}", refused.body);
        assert_eq!(
            refused.header("content-type"),
            Some("application/problem+json")
        );
    }
    assert_eq!(master.worlds.all().len(), 1);
}

#[tokio::test]
async fn there_are_so_many_worlds_and_no_more() {
    let limits = WorldLimits {
        worlds: 3,
        ..WorldLimits::default()
    };
    let master = TestMaster::preset(Preset::Default)
        .limits(limits)
        .start()
        .await;
    master.make("a", &json!({})).await.expect(201);
    master.make("b", &json!({})).await.expect(201);
    let refused = master.make("c", &json!({})).await.expect(409);
    assert!(
        refused.body.contains("there are 3 worlds"),
        "{}",
        refused.body
    );
    master.make("a", &json!({})).await.expect(200);
    let path = format!("{WORLDS}/a");
    master
        .control(Method::DELETE, &path, None)
        .await
        .expect(204);
    master.make("c", &json!({})).await.expect(201);
    // However many come at once.
    let more = (0..8).map(|number| {
        let name = format!("d{number}");
        let worlds = master.worlds.clone();
        async move {
            let name = WorldName::parse("name", &name).unwrap();
            worlds.make(name, &Wish::default()).await.is_ok()
        }
    });
    for one in more {
        assert!(!one.await);
    }
    assert_eq!(master.worlds.all().len(), 3);
}

#[tokio::test]
async fn a_deleted_world_is_gone_with_its_database_and_those_who_wait_are_answered() {
    let master = TestMaster::start().await;
    master.make("a", &json!({})).await.expect(201);
    let world = master.worlds.find("a").unwrap().master();
    let path = world.database_path().to_owned();
    assert!(path.exists());
    let wait = json!({"entry": {"event": "computer_made"}, "count": 1, "timeout_s": 60});
    let journal = world.journal().clone();
    drop(world);
    let waits = master.control(Method::POST, "/w/a/_mock/v1/journal/wait", Some(&wait));
    let deleted = async {
        // The wait is polled first, so that it waits when the world ends.
        let path = format!("{WORLDS}/a");
        master
            .control(Method::DELETE, &path, None)
            .await
            .expect(204)
    };
    let (waited, _) = tokio::join!(waits, deleted);
    assert!(!waited.body.is_empty());
    assert!(journal.is_ended());
    assert!(!path.exists());
    for path in ["/w/a/_mock/v1/snapshots", "/w/a/_mock/v1/snapshots/s"] {
        let gone = master.read(path, &[]).await.expect(404);
        assert!(gone.body.contains("no world `a`"), "{}", gone.body);
    }
    let path = format!("{WORLDS}/a");
    master
        .control(Method::DELETE, &path, None)
        .await
        .expect(404);
    let path = format!("{WORLDS}/default");
    master
        .control(Method::DELETE, &path, None)
        .await
        .expect(409);
}

#[tokio::test]
async fn a_world_that_nobody_calls_for_its_time_to_live_is_gone() {
    let master = TestMaster::start().await;
    master
        .make("short", &json!({"idle_ttl_s": 10}))
        .await
        .expect(201);
    master
        .make("long", &json!({"idle_ttl_s": 1000}))
        .await
        .expect(201);
    master.make("ever", &json!({})).await.expect(201);
    let now = Instant::now();
    let after = |seconds| now + Duration::from_secs(seconds);
    assert_eq!(master.worlds.end_idle(after(9)), 0);
    // A call begins it anew.
    assert!(
        master
            .get("w/short/getRunId", &[])
            .await
            .status
            .is_success()
    );
    assert_eq!(
        master.worlds.end_idle(now + Duration::from_millis(9_900)),
        0
    );
    assert_eq!(master.worlds.end_idle(after(100)), 1);
    assert!(master.worlds.find("short").is_none());
    // One that is in use stays.
    let held = master.worlds.find("long").unwrap();
    assert_eq!(master.worlds.end_idle(after(5000)), 0);
    drop(held);
    assert_eq!(master.worlds.end_idle(after(5000)), 1);
    assert_eq!(master.worlds.end_idle(after(1_000_000)), 0);
    assert!(master.worlds.find("ever").is_some());
}
