//! Documents and news: `hateoas.md` A.5, A.6.

use insta::assert_snapshot;
use serde_json::{Value, json};
use slapmaster::domain::behaviour::Preset;

use super::world::{document, document_path, field, found, on_first, populated, publish};
use crate::support::master::{Request, TestMaster};

fn pretty(document: &Value) -> String {
    serde_json::to_string_pretty(document).unwrap()
}

#[tokio::test]
async fn every_kind_of_document_is_shown() {
    let master = populated(Preset::Default).await;
    for (name, path) in [
        ("tree", "instance_tree_module/1"),
        ("shared_tree", "instance_tree_module/3"),
        ("instance", "software_instance_module/1"),
        ("shared_instance", "software_instance_module/4"),
        ("computer", "compute_node_module/1"),
        ("silent_computer", "compute_node_module/2"),
        ("installation", "software_installation_module/1"),
        ("person", "person_module/default-user"),
    ] {
        assert_snapshot!(name, pretty(&document(&master, path).await));
    }
}

/// The client reads these of every field (`hateoas.md` A.5).
#[tokio::test]
async fn every_field_has_what_the_client_reads() {
    let master = populated(Preset::Default).await;
    let rows = found(
        &master,
        "",
        "&limit=100&select_list=relative_url,portal_type",
    )
    .await;
    assert!(rows.len() > 9);
    for row in rows {
        let path = row["relative_url"].as_str().unwrap();
        let document = document(&master, path).await;
        assert_eq!(document["_links"]["type"]["name"], row["portal_type"]);
        let href = document["_links"]["self"]["href"].as_str().unwrap();
        assert_eq!(
            href.replace("%2F", "/"),
            format!(
                "http://master.example.org/hateoas/ERP5Document_getHateoas?mode=traverse&relative_url={path}&view=slaposjs_view"
            )
        );
        let view = document["_embedded"]["_view"].as_object().unwrap();
        for (name, field) in view {
            if name == "_links" {
                continue;
            }
            for member in ["type", "key", "title"] {
                assert!(field[member].is_string(), "{path} {name} {member}");
            }
            assert!(!field["default"].is_null(), "{path} {name}");
        }
    }
}

#[tokio::test]
async fn a_link_to_itself_leads_to_the_document() {
    let master = populated(Preset::Default).await;
    let first = document(&master, "instance_tree_module/1").await;
    let href = first["_links"]["self"]["href"].as_str().unwrap();
    let path = href.strip_prefix("http://master.example.org").unwrap();
    let again = master.read(path, &[]).await.expect(200);
    assert_eq!(again.json(), first);
    assert_eq!(again.header("content-type"), Some("application/hal+json"));
    assert_eq!(again.header("cache-control"), Some("private, no-store"));
    let bare = path.replace("&view=slaposjs_view", "");
    let bare = master.read(&bare, &[]).await.expect(200).json();
    assert_eq!(bare["_embedded"], Value::Null);
    assert_eq!(bare["title"], first["title"]);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_without_a_word() {
    let master = populated(Preset::Default).await;
    for path in [
        "instance_tree_module/99",
        "instance_tree_module/HOSTSUBS-1",
        "instance_tree_module",
        "compute_node_module/COMP-1",
        "person_module/somebody",
        "web_site_module/hateoas",
        "/instance_tree_module/1",
        "../etc/passwd",
        "",
    ] {
        let answer = master.read(&document_path(path), &[]).await;
        assert_eq!(answer.expect(404).body, "", "{path}");
    }
    let view = document_path("instance_tree_module/1").replace("slaposjs_view", "view");
    assert_eq!(master.read(&view, &[]).await.expect(404).body, "");
    let answer = master.read("/hateoas/?mode=traverse", &[]).await;
    assert_eq!(
        answer.expect(400).body,
        "`relative_url`: is missing, a text was expected\n"
    );
}

/// C.84.
#[tokio::test]
async fn states_are_those_of_the_model_or_plain_words() {
    for (preset, started, stopped) in [
        (Preset::Default, "start_requested", "stop_requested"),
        (Preset::Real, "start_requested", "stop_requested"),
        (Preset::Slapproxy, "started", "stopped"),
    ] {
        let master = populated(preset).await;
        for (path, expected) in [
            ("instance_tree_module/1", started),
            ("instance_tree_module/2", stopped),
            ("instance_tree_module/3", started),
            ("software_instance_module/1", started),
            ("software_instance_module/4", started),
        ] {
            let shown = document(&master, path).await;
            assert_eq!(field(&shown, "my_slap_state"), expected, "{preset} {path}");
        }
        let rows = found(&master, "title:still", "&select_list=slap_state").await;
        assert_eq!(rows[0]["slap_state"], "stop_requested", "{preset}");
    }
}

#[tokio::test]
async fn connection_parameters_are_those_of_the_root() {
    let master = populated(Preset::Default).await;
    let list = async || {
        let tree = document(&master, "instance_tree_module/1").await;
        field(&tree, "my_connection_parameter_list").clone()
    };
    publish(&master, "slappart1", &[("of", "the child")]).await;
    let pair =
        |key: &str, value: Value| json!({ "connection_key": key, "connection_value": value });
    assert_eq!(
        list().await,
        json!([pair("url", "http://[fd00::1]/".into())])
    );
    publish(&master, "slappart0", &[("_", r#"{"b": 1, "a": [2]}"#)]).await;
    assert_eq!(
        list().await,
        json!([pair("a", json!([2])), pair("b", 1.into())])
    );
    publish(&master, "slappart0", &[]).await;
    assert_eq!(list().await, json!([]));
    publish(&master, "slappart0", &[("a", "b")]).await;
    let destroyed = on_first(Request::new("tree one")).state("destroyed");
    master.request(destroyed).await.expect(408);
    assert_eq!(list().await, json!([]));
}

/// The texts of the news of a tree's instances.
async fn tree_texts(master: &TestMaster) -> Vec<String> {
    let tree = document(master, "instance_tree_module/1").await;
    let news = field(&tree, "my_news")["instance"].as_array().unwrap();
    let texts = news.iter().map(|news| news["text"].as_str().unwrap());
    texts.map(str::to_owned).collect()
}

#[tokio::test]
async fn news_are_what_was_last_reported() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    let tree = Request::new("web");
    master.request(tree.clone()).await.expect(200);
    let child = Request::new("db").by("COMP-1", "slappart0");
    master.request(child).await.expect(200);
    let nothing = |number| format!("#error no data found for SOFTINST-{number}");
    assert_eq!(tree_texts(&master).await, [nothing(1), nothing(2)]);
    let report = async |call: &str, fields: &[(&str, &str)]| {
        let mut all = vec![
            ("computer_id", "COMP-1"),
            ("computer_partition_id", "slappart0"),
        ];
        all.extend(fields);
        master.post(call, &all).await.expect(200);
    };
    let access = "#access Instance correctly started";
    report("startedComputerPartition", &[]).await;
    assert_eq!(tree_texts(&master).await, [access.to_owned(), nothing(2)]);
    report("softwareInstanceError", &[("error_log", "boom")]).await;
    let error = "#error while instanciating: boom";
    assert_eq!(tree_texts(&master).await, [error.to_owned(), nothing(2)]);
    report("softwareInstanceBang", &[("message", "hot")]).await;
    assert_eq!(tree_texts(&master).await[0], "#error bang called: hot");
    master.advance(3 * 86_400);
    assert_eq!(tree_texts(&master).await, [nothing(1), nothing(2)]);
    master.request(tree.state("stopped")).await.expect(200);
    let stopped = document(&master, "instance_tree_module/1").await;
    assert_eq!(field(&stopped, "my_news")["instance"], json!([]));
    assert_eq!(field(&stopped, "my_news")["is_stopped"], json!(1));
}

#[tokio::test]
async fn news_grow_old() {
    let master = populated(Preset::Default).await;
    let flags = async |path: &str, place: &str| {
        let shown = document(&master, path).await;
        let news = field(&shown, "my_news").pointer(place).unwrap().clone();
        (
            news["no_data_since_5_minutes"].clone(),
            news["no_data_since_15_minutes"].clone(),
        )
    };
    let places = [
        ("instance_tree_module/1", "/instance/0"),
        ("software_instance_module/1", ""),
        ("software_installation_module/1", ""),
        ("compute_node_module/1", "/computer"),
        ("compute_node_module/1", "/partition/slappart0"),
    ];
    for (seconds, expected) in [(0, (0, 0)), (240, (1, 0)), (300, (1, 1))] {
        master.advance(seconds);
        for (path, place) in places {
            let found = flags(path, place).await;
            assert_eq!(
                found,
                (json!(expected.0), json!(expected.1)),
                "{path}{place}"
            );
        }
    }
}

#[tokio::test]
async fn a_computer_in_maintenance_is_in_the_news_of_its_instances() {
    let master = TestMaster::start().await;
    let world = "computers:\n- reference: COMP-1\n  allocation_scope: close/maintenance\n  partitions: 1\n\
                 trees:\n- title: web\n  release: https://sr/\n  on: {computer: COMP-1, partition: slappart0}\n";
    master.seed(world).await;
    let expected = "#error Node COMP-1 is closed for maintenance";
    assert_eq!(tree_texts(&master).await, [expected]);
    let column = "&select_list=SoftwareInstance_getNewsDict";
    let rows = found(&master, r#"portal_type:"Software Instance""#, column).await;
    let news = &rows[0]["SoftwareInstance_getNewsDict"];
    assert_eq!(news["text"], expected);
    assert_eq!(news["user"], "SlapOS Master");
}
