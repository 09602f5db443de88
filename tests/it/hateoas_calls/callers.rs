//! Who sees what: `hateoas.md` A.4, A.7; `semantics.md` 10.2.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{Method, Request as HttpRequest},
};
use slapmaster::{domain::behaviour::Preset, front::address::PublicAddress};

use super::world::{document_path, populated, read_with, rows, search_path, texts};
use crate::support::{
    certificates::Certificate,
    master::{Answer, RELEASE, TestMaster, request},
};

/// Everybody who may ask.
struct Callers {
    master: TestMaster,
    by_name: BTreeMap<&'static str, Certificate>,
}

/// The world of [`populated`], with two persons more: `alice`, a customer with a tree of her own
/// of the same title, and `carl`, who looks after the computers and owns nothing.
async fn callers() -> Callers {
    let master = populated(Preset::Default).await;
    let people = "users:\n- reference: alice\n  functions: [customer]\n- reference: carl\n  functions: [production_agent]\n- dora\n- reference: eve\n  functions: []\n";
    master.seed(people).await;
    let alice = master.issue(("user", "alice")).await;
    let fields = [
        ("partition_reference", "tree one"),
        ("software_release", RELEASE),
    ];
    let requested = master.post_with(&alice, "requestComputerPartition", &fields);
    assert_eq!(
        requested.await.expect(200).text_of("_instance_guid"),
        "SOFTINST-5"
    );
    let mut by_name = BTreeMap::from([("alice", alice)]);
    for (name, subject) in [
        ("owner", ("user", "default-user")),
        ("carl", ("user", "carl")),
        ("eve", ("user", "eve")),
        ("COMP-1", ("computer", "COMP-1")),
        ("COMP-2", ("computer", "COMP-2")),
    ] {
        by_name.insert(name, master.issue(subject).await);
    }
    for (name, reference) in [
        ("host", "SOFTINST-1"),
        ("child", "SOFTINST-2"),
        ("alien", "SOFTINST-5"),
    ] {
        by_name.insert(name, of_instance(&master, reference).await);
    }
    Callers { master, by_name }
}

/// The certificate that an instance has.
async fn of_instance(master: &TestMaster, reference: &str) -> Certificate {
    let listed = format!("/_mock/v1/certificates?instance={reference}");
    let listed = master.read(&listed, &[]).await.json();
    let serial = listed["certificates"][0]["serial"].as_str().unwrap();
    let shown = format!("/_mock/v1/certificates/{serial}");
    let shown = master.read(&shown, &[]).await.json();
    Certificate {
        serial: serial.to_owned(),
        pem: shown["pem"].as_str().unwrap().to_owned(),
    }
}

impl Callers {
    async fn read(&self, name: &str, path: &str) -> Answer {
        read_with(&self.master, &self.by_name[name], path).await
    }

    /// The references of what a search of everything shows.
    async fn shown(&self, name: &str) -> Vec<String> {
        let path = search_path("", "&limit=100&select_list=reference");
        texts(&rows(&self.read(name, &path).await), "reference")
    }

    /// The paths among these that can be read.
    async fn readable(&self, name: &str) -> Vec<&'static str> {
        let mut readable = Vec::new();
        for path in DOCUMENTS {
            let answer = self.read(name, &document_path(path)).await;
            match answer.status.as_u16() {
                200 => readable.push(path),
                404 => assert_eq!(answer.body, "", "{name} {path}"),
                status => panic!("{name} {path}: {status} {}", answer.body),
            }
        }
        readable
    }
}

/// A document of every kind, and what only some may read.
const DOCUMENTS: [&str; 12] = [
    "instance_tree_module/1",
    "instance_tree_module/3",
    "instance_tree_module/4",
    "software_instance_module/1",
    "software_instance_module/2",
    "software_instance_module/4",
    "software_instance_module/5",
    "compute_node_module/1",
    "compute_node_module/2",
    "software_installation_module/1",
    "person_module/default-user",
    "person_module/alice",
];

#[tokio::test]
async fn searches_show_what_the_caller_may_see() {
    let callers = callers().await;
    let nodes = ["COMP-1", "COMP-2"];
    let check = async |name: &str, expected: &[&str]| {
        let mut found = callers.shown(name).await;
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{name}");
    };
    let own = [
        "HOSTSUBS-1",
        "HOSTSUBS-2",
        "HOSTSUBS-3",
        "SOFTINST-1",
        "SOFTINST-2",
        "SOFTINST-3",
        "SOFTINST-4",
    ];
    let alices = ["HOSTSUBS-4", "SOFTINST-5"];
    let software = ["SOFTINSTALL-1"];
    check("owner", &[&nodes[..], &software, &own].concat()).await;
    check("alice", &[&nodes[..], &software, &alices].concat()).await;
    check("carl", &[&nodes[..], &software, &own, &alices].concat()).await;
    check("eve", &[]).await;
    check(
        "COMP-1",
        &[&nodes[..1], &software, &own[3..], &alices[1..]].concat(),
    )
    .await;
    check("COMP-2", &nodes[1..]).await;
    let hosted = ["HOSTSUBS-1", "SOFTINST-1", "SOFTINST-2", "SOFTINST-4"];
    check("host", &[&nodes[..], &hosted].concat()).await;
    check("child", &[&nodes[..], &hosted[..3]].concat()).await;
    check("alien", &[&nodes[..], &alices].concat()).await;
}

#[tokio::test]
async fn documents_are_shown_to_who_may_read_them() {
    let callers = callers().await;
    let check = async |name: &str, expected: &[usize]| {
        let expected: Vec<&str> = expected.iter().map(|place| DOCUMENTS[*place]).collect();
        assert_eq!(callers.readable(name).await, expected, "{name}");
    };
    check("owner", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).await;
    check("alice", &[2, 6, 7, 8, 9, 11]).await;
    check("carl", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]).await;
    check("eve", &[]).await;
    check("COMP-1", &[3, 4, 5, 6, 7, 9]).await;
    check("COMP-2", &[8]).await;
    check("host", &[0, 3, 4, 5, 7, 8]).await;
    check("child", &[0, 3, 4, 7, 8]).await;
    check("alien", &[2, 6, 7, 8]).await;
}

/// A client takes two rows of one title for a failure (`hateoas.md` A.4).
#[tokio::test]
async fn a_title_is_unique_for_who_owns_trees() {
    let callers = callers().await;
    let query =
        r#"portal_type:"Instance Tree" AND validation_state:validated AND title:="tree one""#;
    let path = search_path(query, "&select_list=reference");
    for (name, expected) in [("owner", "HOSTSUBS-1"), ("alice", "HOSTSUBS-4")] {
        let found = rows(&callers.read(name, &path).await);
        assert_eq!(texts(&found, "reference"), [expected], "{name}");
    }
    let found = rows(&callers.read("carl", &path).await);
    assert_eq!(texts(&found, "reference"), ["HOSTSUBS-1", "HOSTSUBS-4"]);
}

/// What the search begins from differs by caller and by query; what is found must not.
#[tokio::test]
async fn the_way_to_a_document_does_not_decide_who_sees_it() {
    let callers = callers().await;
    let live = "validation_state:validated";
    for name in callers.by_name.keys() {
        let all = callers.shown(name).await;
        let mut found = Vec::new();
        for query in [
            format!(r#"{live} AND portal_type:"Instance Tree""#),
            r#"NOT validation_state:validated OR portal_type:("Software Instance", "Slave Instance")"#.to_owned(),
            format!(r#"{live} AND portal_type:"Compute Node""#),
            format!(r#"{live} AND portal_type:"Software Installation""#),
        ] {
            let path = search_path(&query, "&limit=100&select_list=reference");
            found.extend(texts(&rows(&callers.read(name, &path).await), "reference"));
        }
        for reference in callers.shown("carl").await {
            let path = search_path(&format!("reference:={reference}"), "&select_list=reference");
            let one = texts(&rows(&callers.read(name, &path).await), "reference");
            assert_eq!(
                !one.is_empty(),
                all.contains(&reference),
                "{name} {reference}"
            );
        }
        let titled = r#"default_specialise_title:=("tree one", still, site)"#;
        let path = search_path(titled, "&limit=100&select_list=reference");
        let titled = texts(&rows(&callers.read(name, &path).await), "reference");
        let instances = all
            .iter()
            .filter(|reference| reference.starts_with("SOFTINST-"));
        assert!(instances.eq(titled.iter()), "{name}: {titled:?}");
        let mut all = all;
        all.sort();
        found.sort();
        assert_eq!(found, all, "{name}");
    }
}

#[tokio::test]
async fn who_is_nobody_is_told_where_to_log_in_whatever_is_asked() {
    let callers = callers().await;
    let paths = [
        search_path("", ""),
        search_path("malformed", ""),
        document_path("instance_tree_module/1"),
        document_path("nowhere"),
    ];
    for path in &paths {
        let call = request(Method::GET, path).body(Body::empty()).unwrap();
        let answer = callers.master.send_as(None, call).await.expect(401);
        assert_eq!(answer.body, "", "{path}");
        assert!(answer.header("www-authenticate").is_some());
    }
    let serial = &callers.by_name["owner"].serial;
    let serial = serde_json::json!({ "serial": serial });
    let revoked = callers
        .master
        .post_json("/_mock/v1/certificates/revoke", &serial)
        .await;
    revoked.expect(200);
    for path in &paths {
        callers.read("owner", path).await.expect(401);
    }
}

#[tokio::test]
async fn links_of_documents_begin_with_the_url_as_the_client_spells_it() {
    let trusting = PublicAddress {
        trust_forwarded: true,
        ..PublicAddress::default()
    };
    let master = TestMaster::preset(Preset::Default)
        .address(trusting)
        .default_computer("COMP-1");
    let master = master.start().await;
    for path in [search_path("", ""), document_path("compute_node_module/1")] {
        let call = HttpRequest::get(format!("/{path}"))
            .header("Host", "10.0.0.1:5000")
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Host", "slap.example")
            .header("X-Forwarded-Prefix", "/base");
        let answer = master.send(call.body(Body::empty()).unwrap()).await;
        let document = answer.expect(200).json();
        let href = document["_links"]["self"]["href"].as_str().unwrap();
        let root = "https://slap.example/base//hateoas/ERP5Document_getHateoas";
        assert!(href.starts_with(root), "{href}");
    }
}
