//! What rights lead to beyond a status: whose a request is, what an instance is told, who is
//! named as the author.

use axum::http::{HeaderName, Method};

use serde_json::{Value, json};

use super::cast::{Caller, Cast, LEAVING};
use crate::support::master::{Request, TestMaster, configuration, request, url_encoded};

async fn information(cast: &Cast, caller: Caller) -> String {
    let uri = format!(
        "/getFullComputerInformation?{}",
        url_encoded(&[("computer_id", "COMP-1")])
    );
    let call = request(Method::GET, &uri);
    let answer = cast.send(caller, call).await;
    answer.expect(200).body
}

/// B.110
#[tokio::test]
async fn an_instance_is_told_its_own_partition_and_no_software() {
    let cast = Cast::new().await;
    let full = information(&cast, Caller::Computer).await;
    assert!(full.contains("slappart3") && full.contains(LEAVING));
    // Before and after the full answer was kept.
    for _ in 0..2 {
        let own = information(&cast, Caller::Instance).await;
        assert!(own.contains("slappart0"), "{own}");
        assert!(!own.contains("slappart3") && !own.contains(LEAVING));
        let nothing = information(&cast, Caller::OtherInstance).await;
        assert!(!nothing.contains("slappart"), "{nothing}");
    }
    assert_eq!(information(&cast, Caller::Computer).await, full);
    assert_eq!(information(&cast, Caller::OtherUser).await, full);
}

/// B.109
#[tokio::test]
async fn a_computer_cannot_format_another() {
    let cast = Cast::new().await;
    let fields = url_encoded(&[("xml", &configuration("COMP-1", 9))]);
    let call = request(Method::POST, "/loadComputerConfigurationFromXML").header(
        axum::http::header::CONTENT_TYPE,
        "application/x-www-form-urlencoded",
    );
    let refused = cast.send_with(Caller::OtherComputer, call, fields).await;
    assert_eq!(
        refused.expect(401).body,
        "computer `COMP-2` may not modify computer `COMP-1`\n"
    );
    let full = information(&cast, Caller::Computer).await;
    assert!(!full.contains("slappart8"), "{full}");
}

#[tokio::test]
async fn only_its_own_poll_marks_a_computer_as_seen() {
    let cast = Cast::new().await;
    cast.master.advance(3 * 86_400);
    let status = async || {
        let call = request(Method::GET, "/getComputerStatus?computer_id=COMP-1");
        let answer = cast.send(Caller::User, call).await.expect(200);
        answer.text_of("text").to_owned()
    };
    assert!(status().await.contains("#error no data"));
    for caller in [Caller::User, Caller::Instance] {
        information(&cast, caller).await;
        assert!(status().await.contains("#error no data"), "{caller:?}");
    }
    information(&cast, Caller::Computer).await;
    assert!(status().await.contains("#access"));
}

#[tokio::test]
async fn a_request_is_made_in_the_name_of_whoever_shows_the_certificate() {
    let cast = Cast::new().await;
    // The same title: each person has a tree of that name.
    let mine = cast.request(Caller::User, Request::new("same")).await;
    let others = cast.request(Caller::OtherUser, Request::new("same")).await;
    let reference =
        |answer: &crate::support::master::Answer| answer.text_of("_instance_guid").to_owned();
    assert_ne!(reference(&mine), reference(&others));
    let again = cast.request(Caller::OtherUser, Request::new("same")).await;
    assert_eq!(reference(&again), reference(&others));
    // An instance's own request is for a child in its tree.
    let child = cast.request(Caller::Instance, Request::new("child")).await;
    assert_eq!(child.text_of("root_instance_title"), "web");
}

#[tokio::test]
async fn the_partition_header_says_nothing_where_who_calls_is_proven() {
    let cast = Cast::new().await;
    // It names the partition of `web`; without a certificate for that it must not count.
    let disguised = Request::new("disguised").by_header_only("COMP-1", "slappart0");
    let answer = cast.request(Caller::OtherUser, disguised).await;
    assert_eq!(answer.text_of("root_instance_title"), "disguised");
}

#[tokio::test]
async fn a_report_names_its_author() {
    let cast = Cast::new().await;
    for (caller, author) in [
        (Caller::Computer, "COMP-1"),
        (Caller::Instance, "SOFTINST-1"),
        (Caller::User, "default-user"),
    ] {
        let fields = url_encoded(&[
            ("computer_id", "COMP-1"),
            ("computer_partition_id", "slappart0"),
        ]);
        let call = request(Method::POST, "/startedComputerPartition").header(
            axum::http::header::CONTENT_TYPE,
            "application/x-www-form-urlencoded",
        );
        cast.send_with(caller, call, fields).await.expect(200);
        let uri = "/getComputerPartitionStatus?computer_id=COMP-1&computer_partition_id=slappart0";
        let told = cast.send(Caller::User, request(Method::GET, uri)).await;
        assert_eq!(told.expect(200).text_of("user"), author);
    }
}

#[tokio::test]
async fn a_trusted_proxy_names_the_caller_and_others_are_not_believed() {
    let cast = Cast::new().await;
    let status = "/getComputerStatus?computer_id=COMP-1";
    let name = HeaderName::from_static("x-remote-user");
    for (value, trusted, expected) in [
        ("COMP-1", true, 200),
        ("COMP-1", false, 401),
        ("COMP-2", true, 401),
        ("default-user", true, 200),
        ("somebody", true, 401),
        ("", true, 401),
    ] {
        let call = request(Method::GET, status).header(&name, value);
        let call = call.body(axum::body::Body::empty()).unwrap();
        let answer = if trusted {
            cast.master.send_by_proxy(name.clone(), call).await
        } else {
            cast.master.send_as(None, call).await
        };
        assert_eq!(answer.status.as_u16(), expected, "{value} {trusted}");
    }
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_at_the_next_request_and_a_new_one_counts() {
    let cast = Cast::new().await;
    let call = || request(Method::GET, "/getComputerStatus?computer_id=COMP-1");
    cast.send(Caller::Computer, call()).await.expect(200);
    let fields = url_encoded(&[("computer_id", "COMP-1")]);
    let revoke = request(Method::POST, "/revokeComputerCertificate").header(
        axum::http::header::CONTENT_TYPE,
        "application/x-www-form-urlencoded",
    );
    cast.send_with(Caller::Computer, revoke, fields)
        .await
        .expect(200);
    let refused = cast.send(Caller::Computer, call()).await.expect(401);
    assert!(refused.body.contains("revoked"), "{}", refused.body);
}

#[tokio::test]
async fn a_slow_revocation_list_still_lets_pass_for_a_while() {
    let master = TestMaster::preset(slapmaster::domain::behaviour::Preset::Default)
        .switch("auth.revoked", "stale")
        .switch("auth.stale_window", "30")
        .start()
        .await;
    let cast = Cast::in_world(master).await;
    let call = || request(Method::GET, "/getComputerStatus?computer_id=COMP-1");
    cast.send(Caller::Revoked, call()).await.expect(200);
    cast.master.advance(29);
    cast.send(Caller::Revoked, call()).await.expect(200);
    cast.master.advance(1);
    cast.send(Caller::Revoked, call()).await.expect(401);
    cast.send(Caller::User, call()).await.expect(200);
}

#[tokio::test]
async fn a_certificate_counts_from_its_first_moment_to_its_last() {
    let cast = Cast::new().await;
    let call = || request(Method::GET, "/getComputerStatus?computer_id=COMP-1");
    cast.send(Caller::Computer, call()).await.expect(200);
    cast.master.advance(-2 * 3600);
    let early = cast.send(Caller::Computer, call()).await.expect(401);
    assert!(early.body.contains("not yet valid"), "{}", early.body);
    cast.master.advance(2 * 3600);
    cast.send(Caller::Computer, call()).await.expect(200);
    cast.master.advance(3651 * 86_400);
    let late = cast.send(Caller::Computer, call()).await.expect(401);
    assert!(late.body.contains("expired"), "{}", late.body);
}

/// What a method of the JSON-RPC dialect answers somebody.
async fn told(cast: &Cast, caller: Caller, method: &str, arguments: &Value) -> Value {
    let call = request(Method::POST, &format!("/slapos.allDocs.{method}"))
        .header("content-type", "application/json");
    let answer = cast.send_with(caller, call, arguments.to_string()).await;
    answer.expect(200).json()["result_list"].take()
}

#[tokio::test]
async fn a_list_holds_what_the_caller_may_read() {
    let cast = Cast::new().await;
    let computer = json!({"computer_guid": "COMP-1"});
    let none = json!({});
    let instances = "v0.compute_node_instance_list";
    let software = "v0.compute_node_software_installation_list";
    let trees = "v0.instance_tree_list";
    let computers = "WIP.compute_node_list";
    // Instances and software of COMP-1, trees, computers.
    for (caller, expected) in [
        (Caller::User, [1, 2, 1, 2]),
        (Caller::OtherUser, [0, 2, 1, 2]),
        (Caller::Computer, [1, 2, 0, 1]),
        (Caller::OtherComputer, [0, 0, 0, 1]),
        (Caller::Instance, [1, 0, 0, 2]),
        (Caller::OtherInstance, [0, 0, 0, 2]),
    ] {
        let mut found = Vec::new();
        for (method, arguments) in [
            (instances, &computer),
            (software, &computer),
            (trees, &none),
            (computers, &none),
        ] {
            let rows = told(&cast, caller, method, arguments).await;
            found.push(rows.as_array().unwrap().len());
        }
        assert_eq!(found, expected, "{caller:?}");
    }
}
