//! Tokens, made and listed.

use serde_json::{Value, json};

use crate::support::master::TestMaster;

const TOKENS: &str = "/_mock/v1/tokens";

#[tokio::test]
async fn a_token_is_made_as_it_was_asked_for() {
    let master = TestMaster::start().await;
    let usual = master
        .post_json(TOKENS, &json!({ "purpose": "user" }))
        .await;
    let usual = usual.expect(201).json();
    let value = usual["value"].as_str().unwrap();
    assert!(value.len() >= 32, "{value}");
    let expected = json!({
        "value": value,
        "purpose": "user",
        "user": "default-user",
        "project": "PROJ-1",
        "created_at": "2026-11-23T08:30:00Z",
        "expires_at": "2026-11-24T08:30:00Z",
        "used_at": null,
        "reusable": false,
    });
    assert_eq!(usual, expected);
    let body = json!({
        "purpose": "computer",
        "user": "default-user",
        "project": "PROJ-1",
        "lifetime_s": 60,
        "value": "demo-token",
        "reusable": true,
    });
    let chosen = master.post_json(TOKENS, &body).await.expect(201).json();
    let expected = json!({
        "value": "demo-token",
        "purpose": "computer",
        "user": "default-user",
        "project": "PROJ-1",
        "created_at": "2026-11-23T08:30:00Z",
        "expires_at": "2026-11-23T08:31:00Z",
        "used_at": null,
        "reusable": true,
    });
    assert_eq!(chosen, expected);
    let listed = master.read(TOKENS, &[]).await.expect(200).json();
    assert_eq!(listed, json!({ "tokens": [usual, chosen] }));
}

#[tokio::test]
async fn a_spent_token_says_when_and_a_reusable_one_goes_on() {
    let master = TestMaster::start().await;
    let once = master.token("user").await;
    let body = json!({ "purpose": "user", "value": "demo-token", "reusable": true });
    master.post_json(TOKENS, &body).await.expect(201);
    for (token, again) in [(once.as_str(), 403), ("demo-token", 200)] {
        let path = format!("Person_getCertificate?access_token={token}");
        master.post(&path, &[]).await.expect(200);
        master.post(&path, &[]).await.expect(again);
    }
    let listed = master.read(TOKENS, &[]).await.expect(200).json();
    assert_eq!(listed["tokens"][0]["used_at"], "2026-11-23T08:30:00Z");
    let path = "Person_getCertificate?access_token=demo-token";
    master.advance(86_400);
    master.post(path, &[]).await.expect(403);
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_said_and_the_token_is_not() {
    let master = TestMaster::start().await;
    let check = async |body: Value, status: u16, detail: &str| {
        let answer = master.post_json(TOKENS, &body).await.expect(status);
        let found = answer.json();
        let found = found["detail"].as_str().unwrap();
        assert!(found.starts_with(detail), "{found}");
    };
    let purpose = "`purpose`: is missing, `computer` or `user` was expected";
    check(json!({}), 400, purpose).await;
    let purpose = "`purpose`: is `comp`, `computer` or `user` was expected";
    check(json!({ "purpose": "comp" }), 400, purpose).await;
    let with = |key: &str, value: Value| {
        let mut body = json!({ "purpose": "user" });
        body[key] = value;
        body
    };
    for seconds in [0, -1, i64::MAX] {
        let detail =
            format!("`lifetime_s`: is {seconds}, a number of seconds from 1 to 3153600000");
        check(with("lifetime_s", seconds.into()), 400, &detail).await;
    }
    let detail = "`lifetime_s`: is a text, a whole number was expected";
    check(with("lifetime_s", "60".into()), 400, detail).await;
    let detail = "`reusable`: is a text, `true` or `false` was expected";
    check(with("reusable", "yes".into()), 400, detail).await;
    let unknown = "user `bob` is not known";
    check(with("user", "bob".into()), 404, unknown).await;
    let unknown = "project `PROJ-9` is not known";
    check(with("project", "PROJ-9".into()), 404, unknown).await;
    let detail = "`lifetime`: is not known here, perhaps `lifetime_s` was meant; ";
    check(with("lifetime", 60.into()), 400, detail).await;
    for secret in ["hunter 2 hunter", "hunter2\n"] {
        let answer = master
            .post_json(TOKENS, &with("value", secret.into()))
            .await;
        let answer = answer.expect(400);
        assert!(
            answer.body.contains("`value`: is no token"),
            "{}",
            answer.body
        );
        assert!(!answer.body.contains("hunter"), "{}", answer.body);
    }
    let body = with("value", "demo-token".into());
    master.post_json(TOKENS, &body).await.expect(201);
    let answer = master.post_json(TOKENS, &body).await.expect(400);
    assert!(!answer.body.contains("demo-token"), "{}", answer.body);
    let answer = master.read("/_mock/v1/tokens?purpose=user", &[]).await;
    assert_eq!(
        answer.expect(400).json()["detail"],
        "`purpose`: is not known here; nothing was expected"
    );
}
