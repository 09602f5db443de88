//! The web endpoints, as `slapos node register` and `slapos configure client` see them:
//! `hateoas.md` B.1, B.2, B.4, with the tables of statuses.

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use insta::assert_snapshot;
use slapmaster::{domain::behaviour::Preset, front::web::ROUTES};

use crate::support::{
    certificates::redacted,
    master::{Answer, TestMaster, request, url_encoded},
};

const REGISTER: &str = "/Person_requestComputer";
const CONFIGURE: &str = "/Person_getCertificate";
const STILL_ACTIVE: &str = "Certificate still active.";
const PRESETS: [Preset; 3] = [Preset::Default, Preset::Real, Preset::Slapproxy];

/// A call as the commands make it: the token in the header, fields in the body.
async fn call(
    master: &TestMaster,
    path: &str,
    token: Option<&str>,
    fields: &[(&str, &str)],
) -> Answer {
    let mut call = request(Method::POST, path);
    if let Some(token) = token {
        call = call.header("X-Access-Token", token);
    }
    if !fields.is_empty() {
        call = call.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let body = Body::from(url_encoded(fields));
    master.send(call.body(body).unwrap()).await
}

async fn register(master: &TestMaster, token: &str, title: &str) -> Answer {
    call(master, REGISTER, Some(token), &[("title", title)]).await
}

async fn configure(master: &TestMaster, token: &str) -> Answer {
    call(master, CONFIGURE, Some(token), &[]).await
}

/// What the commands take for "the token is refused".
#[track_caller]
fn refused(answer: Answer) {
    let answer = answer.expect(403);
    assert!(["", "{}"].contains(&answer.body.as_str()));
}

#[tokio::test]
async fn a_token_registers_one_computer() {
    for preset in PRESETS {
        let master = TestMaster::preset(preset).start().await;
        let token = master.token("computer").await;
        let answer = register(&master, &token, "my node").await.expect(200);
        let told = answer.json();
        let reference = told["reference"].as_str().unwrap();
        let number = reference.strip_prefix("COMP-").unwrap();
        assert_eq!(
            told["relative_url"],
            format!("compute_node_module/{number}"),
            "{preset}"
        );
        // As the client reads it: from the first `COMP-` to the next `/email`.
        let certificate = told["certificate"].as_str().unwrap();
        let start = certificate.find("COMP-").unwrap();
        let end = start + certificate[start..].find("/email").unwrap();
        assert_eq!(&certificate[start..end], reference);
        let key = told["key"].as_str().unwrap();
        assert_eq!(redacted(key), "<private key>\n");
        refused(register(&master, &token, "another").await);
    }
}

#[tokio::test]
async fn a_registration_is_answered_in_json_that_nobody_keeps() {
    let master = TestMaster::start().await;
    let token = master.token("computer").await;
    let answer = register(&master, &token, "my node").await;
    let mut told = answer.json();
    for key in ["certificate", "key"] {
        told[key] = redacted(told[key].as_str().unwrap()).into();
    }
    let (head, _) = answer
        .shown()
        .split_once("\n\n")
        .map(|(h, b)| (h.to_owned(), b.to_owned()))
        .unwrap();
    let shown = redacted(&head) + "\n" + &serde_json::to_string_pretty(&told).unwrap();
    assert_snapshot!("register", shown);
    let facts = answer.facts.unwrap();
    assert_eq!(
        (facts.dialect, facts.call),
        ("web", "Person_requestComputer")
    );
    assert_eq!(facts.computer.as_deref(), told["reference"].as_str());
}

#[tokio::test]
async fn a_name_that_is_in_use_is_said_to_be_and_leaves_the_token() {
    let master = TestMaster::start().await;
    let first = master.token("computer").await;
    let told = register(&master, &first, "my node")
        .await
        .expect(200)
        .json();
    let second = master.token("computer").await;
    let answer = register(&master, &second, "my node").await.expect(500);
    assert_eq!(answer.body, STILL_ACTIVE);
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    // After a revocation the title is registered again, under the same reference.
    let fields = [("computer_id", told["reference"].as_str().unwrap())];
    let revoke = master.post("revokeComputerCertificate", &fields);
    revoke.await.expect(200);
    let again = register(&master, &second, "my node")
        .await
        .expect(200)
        .json();
    assert_eq!(again["reference"], told["reference"]);
    assert_ne!(again["certificate"], told["certificate"]);
}

#[tokio::test]
async fn a_missing_or_malformed_title_leaves_the_token() {
    let master = TestMaster::start().await;
    let token = master.token("computer").await;
    let answer = call(&master, REGISTER, Some(&token), &[]).await.expect(400);
    assert_eq!(
        answer.body,
        "`title`: is missing, the computer's name was expected\n"
    );
    for title in ["", "a\u{8}b"] {
        register(&master, &token, title).await.expect(400);
    }
    register(&master, &token, "my node").await.expect(200);
}

#[tokio::test]
async fn a_token_obtains_one_persons_certificate() {
    let master = TestMaster::start().await;
    let token = master.token("user").await;
    let told = configure(&master, &token).await.expect(200).json();
    assert_eq!(
        redacted(told["certificate"].as_str().unwrap()),
        "<certificate>\n"
    );
    assert_eq!(redacted(told["key"].as_str().unwrap()), "<private key>\n");
    assert_eq!(told["common_name"], "default-user");
    let path = format!("/_mock/v1/certificates/{}", told["id"].as_str().unwrap());
    let first = master.read(&path, &[]).await.expect(200).json();
    assert_eq!(first["kind"], "user");
    let answer = configure(&master, &token).await.expect(403);
    assert_eq!(answer.body, "{}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    // A further one leaves the first as it was.
    let token = master.token("user").await;
    configure(&master, &token).await.expect(200);
    let first = master.read(&path, &[]).await.expect(200).json();
    assert_eq!(first["status"], "valid");
}

#[tokio::test]
async fn a_token_that_nobody_was_given_is_refused() {
    let master = TestMaster::start().await;
    let title = [("title", "my node")];
    for token in [None, Some(""), Some("garbage"), Some("\u{e9}\u{e8}")] {
        let answer = call(&master, REGISTER, token, &title).await.expect(403);
        assert_eq!(answer.body, "");
        let answer = call(&master, CONFIGURE, token, &[]).await.expect(403);
        assert_eq!(answer.body, "{}");
    }
}

#[tokio::test]
async fn a_token_expires_by_the_worlds_clock() {
    let master = TestMaster::start().await;
    let (early, late) = (
        master.token("computer").await,
        master.token("computer").await,
    );
    master.advance(86_399);
    register(&master, &early, "early").await.expect(200);
    master.advance(1);
    refused(register(&master, &late, "late").await);
}

#[tokio::test]
async fn a_token_presented_at_the_other_endpoint_is_refused_and_spent() {
    let master = TestMaster::start().await;
    let token = master.token("user").await;
    refused(register(&master, &token, "my node").await);
    refused(configure(&master, &token).await);
    let token = master.token("computer").await;
    refused(configure(&master, &token).await);
    refused(register(&master, &token, "my node").await);
}

#[tokio::test]
async fn the_token_may_be_a_parameter_and_the_header_wins() {
    let master = TestMaster::start().await;
    let token = master.token("computer").await;
    let fields = [("title", "one"), ("access_token", token.as_str())];
    call(&master, REGISTER, Some("other"), &fields)
        .await
        .expect(403);
    call(&master, REGISTER, None, &fields).await.expect(200);
    let token = master.token("user").await;
    let path = format!("{CONFIGURE}?access_token={token}");
    call(&master, &path, None, &[]).await.expect(200);
}

#[tokio::test]
async fn two_tokens_are_malformed_and_neither_is_spent() {
    let master = TestMaster::start().await;
    let tokens = [master.token("user").await, master.token("user").await];
    let call = request(Method::POST, CONFIGURE)
        .header("X-Access-Token", &tokens[0])
        .header("X-Access-Token", &tokens[1]);
    let answer = master.send(call.body(Body::empty()).unwrap()).await;
    assert!(answer.expect(400).body.contains("X-Access-Token"));
    for token in tokens {
        configure(&master, &token).await.expect(200);
    }
}

// With a URL that ends with a slash, the commands ask for `//Person_requestComputer`.
#[tokio::test]
async fn repeated_slashes_lead_to_the_endpoints() {
    let master = TestMaster::start().await;
    for slashes in ["/", "//", "///"] {
        let token = master.token("user").await;
        let path = format!("{slashes}Person_getCertificate");
        call(&master, &path, Some(&token), &[]).await.expect(200);
    }
    let call = request(Method::GET, "//Person_getCertificate");
    let answer = master.send(call.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.expect(405).header("allow"), Some("POST"));
    let call = request(Method::GET, "//no//such")
        .body(Body::empty())
        .unwrap();
    master.send(call).await.expect(404);
}

#[tokio::test]
async fn every_web_endpoint_takes_posts_of_forms_only() {
    let master = TestMaster::start().await;
    for route in ROUTES {
        assert_eq!(route.method, Method::POST);
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
            let call = request(method, route.path).body(Body::empty()).unwrap();
            let answer = master.send(call).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(answer.header("allow"), Some("POST"), "{}", route.path);
        }
        for kind in ["application/json", "multipart/form-data; boundary=x"] {
            let call = request(Method::POST, route.path).header(header::CONTENT_TYPE, kind);
            let answer = master.send(call.body(Body::from("{}")).unwrap()).await;
            let expected = format!("`Content-Type`: is `{kind}`, ");
            assert!(answer.expect(400).body.starts_with(&expected));
        }
        let twice = format!("{}?access_token=hunter2&access_token=hunter2", route.path);
        let call = request(Method::POST, &twice).body(Body::empty()).unwrap();
        let answer = master.send(call).await.expect(400);
        assert!(!answer.body.contains("hunter2"), "{}", answer.body);
    }
}

// The token speaks, also where everything else asks for a certificate.
#[tokio::test]
async fn no_certificate_is_asked_for() {
    let master = TestMaster::start().await;
    for (path, purpose) in [(REGISTER, "computer"), (CONFIGURE, "user")] {
        let token = master.token(purpose).await;
        let path = format!("{path}?title=x&access_token={token}");
        let call = request(Method::POST, &path).body(Body::empty()).unwrap();
        master.send_as(None, call).await.expect(200);
    }
}

#[tokio::test]
async fn what_the_log_is_told_holds_no_token() {
    let master = TestMaster::start().await;
    for path in [REGISTER, CONFIGURE] {
        let asked = format!("{path}?access_token=hunter2&title=x");
        let answer = call(&master, &asked, Some("hunter2"), &[("title", "hunter2")]).await;
        let facts = format!("{:?}", answer.expect(403).facts.unwrap());
        assert!(facts.contains(&path[1..]), "{facts}");
        assert!(!facts.contains("hunter2"), "{facts}");
    }
}
