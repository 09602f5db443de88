//! The HATEOAS dialect. Here the root document and the token of a new computer: `hateoas.md` A.3,
//! A.7, B.3.

mod callers;
mod plans;
mod search;
mod traverse;
mod world;

use axum::{
    body::Body,
    http::{Method, Request},
};
use insta::assert_snapshot;
use slapmaster::{
    domain::behaviour::Preset,
    front::{
        address::{PublicAddress, Scheme},
        hateoas::ROUTES,
    },
};

use crate::support::{
    certificates::Certificate,
    master::{RELEASE, TestMaster, configuration, request},
};

const TOKEN: &str = "/hateoas/computer_module/Base_getComputerToken";
const ROOTS: [&str; 4] = [
    "/hateoas",
    "/hateoas/",
    "/hateoas/ERP5Document_getHateoas",
    "/hateoas/ERP5Document_getHateoas?mode=root",
];

/// A world with `COMP-1`.
async fn with_computer() -> TestMaster {
    let setup = TestMaster::preset(Preset::Default).default_computer("COMP-1");
    setup.start().await
}

async fn read_as(master: &TestMaster, certificate: &Certificate, path: &str) -> serde_json::Value {
    let call = request(Method::GET, path).body(Body::empty()).unwrap();
    master.send_with(certificate, call).await.expect(200).json()
}

#[tokio::test]
async fn the_root_document_has_every_link() {
    let master = TestMaster::start().await;
    let first = master.read("/hateoas", &[("Accept", "*/*")]).await;
    let document = serde_json::to_string_pretty(&first.json()).unwrap();
    assert_snapshot!("root", document);
    assert_eq!(first.header("content-type"), Some("application/hal+json"));
    assert_eq!(first.header("cache-control"), Some("private, no-store"));
    for path in ROOTS {
        let answer = master.read(path, &[]).await.expect(200);
        assert_eq!(answer.body, first.body, "{path}");
    }
    let facts = first.facts.unwrap();
    assert_eq!((facts.dialect, facts.call), ("hateoas", "hateoas"));
    assert_eq!(facts.caller.as_deref(), Some("default-user"));
}

#[tokio::test]
async fn links_begin_with_the_url_as_the_client_spells_it() {
    let check = async |address: PublicAddress, path: &str, host: &str, expected: &str| {
        let master = TestMaster::preset(Preset::Default).address(address);
        let master = master.start().await;
        let call = Request::get(path).header("Host", host);
        let answer = master.send(call.body(Body::empty()).unwrap()).await;
        let links = &answer.expect(200).json()["_links"];
        assert_eq!(links["self"]["href"], expected);
        for link in ["raw_search", "traverse"] {
            let href = links[link]["href"].as_str().unwrap();
            assert!(href.starts_with(expected), "{href}");
        }
    };
    let http = PublicAddress::default();
    let https = PublicAddress {
        scheme: Scheme::Https,
        ..PublicAddress::default()
    };
    let external = PublicAddress {
        external_url: Some("https://slap.example/base".into()),
        ..PublicAddress::default()
    };
    let spelled = "http://localhost:5000/hateoas";
    check(http.clone(), "/hateoas", "localhost:5000", spelled).await;
    check(http.clone(), "/hateoas/", "localhost:5000", spelled).await;
    let twice = "http://localhost:5000//hateoas";
    check(http.clone(), "//hateoas", "localhost:5000", twice).await;
    check(http, "/hateoas", "[::1]:5000", "http://[::1]:5000/hateoas").await;
    check(https, "/hateoas", "a:5443", "https://a:5443/hateoas").await;
    let expected = "https://slap.example/base/hateoas";
    check(external, "/hateoas", "a", expected).await;
}

#[tokio::test]
async fn who_proves_nothing_is_told_where_to_log_in() {
    let master = with_computer().await;
    let search = "/hateoas/ERP5Document_getHateoas?mode=search";
    for path in ROOTS.into_iter().chain([TOKEN, search]) {
        let call = request(Method::GET, path).body(Body::empty()).unwrap();
        let answer = master.send_as(None, call).await.expect(401);
        assert_eq!(answer.body, "", "{path}");
        let expected =
            "X-Delegate uri=\"http://master.example.org/connection/login_form{?came_from}\"";
        assert_eq!(answer.header("www-authenticate"), Some(expected), "{path}");
    }
}

#[tokio::test]
async fn a_certificate_says_who_me_is() {
    let master = with_computer().await;
    let user = master.issue(("user", "default-user")).await;
    let computer = master.issue(("computer", "COMP-1")).await;
    let xml = configuration("COMP-1", 1);
    let fields = [("xml", xml.as_str())];
    let format = "loadComputerConfigurationFromXML";
    let format = master.post_with(&computer, format, &fields).await;
    format.expect(200);
    let fields = [
        ("partition_reference", "web"),
        ("software_release", RELEASE),
    ];
    let requested = master
        .post_with(&user, "requestComputerPartition", &fields)
        .await;
    let reference = requested.expect(200).text_of("_instance_guid").to_owned();
    let listed = format!("/_mock/v1/certificates?instance={reference}");
    let listed = master.read(&listed, &[]).await.json();
    let serial = listed["certificates"][0]["serial"].as_str().unwrap();
    let shown = master
        .read(&format!("/_mock/v1/certificates/{serial}"), &[])
        .await
        .json();
    let instance = Certificate {
        serial: serial.to_owned(),
        pem: shown["pem"].as_str().unwrap().to_owned(),
    };
    let number = reference.strip_prefix("SOFTINST-").unwrap();
    for (certificate, me) in [
        (&user, "person_module/default-user".to_owned()),
        (&computer, "compute_node_module/1".to_owned()),
        (&instance, format!("software_instance_module/{number}")),
    ] {
        let document = read_as(&master, certificate, "/hateoas").await;
        assert_eq!(
            document["_links"]["me"]["href"],
            format!("urn:jio:get:{me}")
        );
    }
}

#[tokio::test]
async fn a_client_that_does_not_take_hal_gets_nothing() {
    let master = TestMaster::start().await;
    for accept in ["text/html", "application/json", "*/*;q=0"] {
        for path in [
            "/hateoas",
            "/hateoas/?mode=search",
            "/hateoas/?mode=traverse",
        ] {
            let answer = master.read(path, &[("Accept", accept)]).await;
            assert_eq!(answer.expect(406).body, "", "{path} {accept}");
        }
    }
    for accept in ["application/hal+json", "*/*", "text/html, */*;q=0.1"] {
        let answer = master.read("/hateoas", &[("Accept", accept)]).await;
        answer.expect(200);
    }
}

#[tokio::test]
async fn another_method_is_refused_without_a_word() {
    let master = TestMaster::start().await;
    for route in ROUTES {
        assert_eq!(route.method, Method::GET);
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let call = request(method, route.path).body(Body::empty()).unwrap();
            let answer = master.send(call).await.expect(405);
            assert_eq!(answer.body, "", "{}", route.path);
            assert_eq!(answer.header("allow"), Some("GET,HEAD"), "{}", route.path);
        }
    }
}

#[tokio::test]
async fn an_unknown_mode_is_refused() {
    let master = TestMaster::start().await;
    let mode = async |mode: &str| {
        let path = format!("/hateoas/ERP5Document_getHateoas?mode={mode}");
        master.read(&path, &[]).await
    };
    let answer = mode("x%3Cb%3E").await.expect(400);
    assert_eq!(answer.body, "Unhandled mode: x<b>");
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let answer = mode("root&mode=root").await.expect(400);
    assert_eq!(
        answer.body,
        "`mode`: is repeated in the query string, it was expected once\n"
    );
}

#[tokio::test]
async fn without_a_host_no_link_can_be_made() {
    let master = TestMaster::start().await;
    let call = Request::get("/hateoas").body(Body::empty()).unwrap();
    let answer = master.send(call).await.expect(400);
    assert_eq!(
        answer.body,
        "`Host`: is missing, the name of this server was expected\n"
    );
}

#[tokio::test]
async fn a_computer_token_is_issued_unless_the_call_is_gone() {
    for (preset, issued) in [
        (Preset::Default, true),
        (Preset::Real, false),
        (Preset::Slapproxy, true),
    ] {
        let master = TestMaster::preset(preset).start().await;
        let answer = master.read(TOKEN, &[]).await;
        if !issued {
            let answer = answer.expect(410);
            assert_eq!(answer.json()["message"], "This API is no longer supported");
            assert_eq!(answer.header("content-type"), Some("application/json"));
            continue;
        }
        let answer = answer.expect(200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("private, no-store"));
        let told = answer.json();
        let token = told["access_token"].as_str().unwrap();
        let facts = format!("{:?}", answer.facts.unwrap());
        assert!(!facts.contains(token), "{facts}");
        let path = format!("/Person_requestComputer?access_token={token}");
        let title = [("title", "my node")];
        master.post(&path[1..], &title).await.expect(200);
        master.post(&path[1..], &title).await.expect(403);
    }
}

#[tokio::test]
async fn a_person_gets_a_computer_token_and_a_computer_does_not() {
    let master = with_computer().await;
    let user = master.issue(("user", "default-user")).await;
    let told = read_as(&master, &user, TOKEN).await;
    assert!(told["access_token"].is_string());
    let computer = master.issue(("computer", "COMP-1")).await;
    let call = request(Method::GET, TOKEN).body(Body::empty()).unwrap();
    master.send_with(&computer, call).await.expect(403);
}
