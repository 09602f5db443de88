//! Searches: `hateoas.md` A.4.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::{Value, json};
use slapmaster::domain::behaviour::Preset;

use super::world::{
    COLUMNS, escaped, found, on_first, populated, publish, rows, search, search_path, texts, titles,
};
use crate::support::master::{RELEASE, Request, TestMaster};

const TREES: &str = r#"portal_type:"Instance Tree" AND validation_state:validated"#;

/// The searches that clients make, with what they select (`hateoas.md` A.2).
const ASKED: [(&str, &str, &str); 11] = [
    ("Q1", TREES, "title,url_string"),
    (
        "Q2",
        r#"portal_type:"Instance Tree" AND validation_state:validated AND title:="tree one""#,
        "title,relative_url",
    ),
    (
        "Q3",
        r#"portal_type:"Compute Node" AND validation_state:validated"#,
        "title,reference",
    ),
    (
        "Q4",
        r#"portal_type:"Compute Node" AND validation_state:validated AND reference:="COMP-1""#,
        "reference,relative_url",
    ),
    (
        "Q5",
        r#"portal_type:"Compute Node" AND validation_state:validated AND title:="COMP-2" AND reference:="COMP-2""#,
        "title,reference",
    ),
    (
        "Q6",
        r#"portal_type:("Software Instance", "Slave Instance") AND validation_state:validated AND default_specialise_title:="tree one""#,
        "uid,title,relative_url,portal_type,url_string,text_content,getConnectionXmlAsDict,SoftwareInstance_getNewsDict",
    ),
    (
        "Q7",
        r#"portal_type:"Software Installation" AND validation_state:validated"#,
        "uid,relative_url,url_string,SoftwareInstallation_getNewsDict",
    ),
    (
        "Q8",
        r#"portal_type:"Software Installation" AND validation_state:validated AND default_aggregate_reference:="COMP-1""#,
        "uid,relative_url,url_string,SoftwareInstallation_getNewsDict",
    ),
    (
        "monitoring, first",
        r#"(portal_type:"Instance Tree") AND (validation_state:"validated")"#,
        "title,default_successor_uid,uid,slap_state,id",
    ),
    (
        "monitoring, then",
        r#"(portal_type:"Software Instance") AND (successor_related_uid:("8","16"))"#,
        "uid,successor_related_uid,connection_xml",
    ),
    (
        "old names",
        r#"portal_type:("Hosting Subscription","Computer") AND validation_state:validated"#,
        "portal_type,title",
    ),
];

#[tokio::test]
async fn what_clients_search_is_found() {
    let master = populated(Preset::Default).await;
    let mut shown = String::new();
    for (name, query, columns) in ASKED {
        let more = format!("&select_list={}", columns.replace(',', "&select_list="));
        let rows = found(&master, query, &more).await;
        writeln!(shown, "{name}").unwrap();
        for row in &rows {
            writeln!(shown, "  {row}").unwrap();
        }
        let joined = format!("&select_list={columns}");
        assert_eq!(found(&master, query, &joined).await, rows, "{name}");
    }
    assert_snapshot!("asked", shown);
}

#[tokio::test]
async fn an_answer_echoes_what_was_asked() {
    let master = populated(Preset::Default).await;
    let query = r#"portal_type:"Hosting Subscription""#;
    let more = "&select_list=title&limit=1&sort_on=%5B%22title%22%2C%22descending%22%5D&group_by=a&local_roles=b&selection_domain=c";
    let answer = search(&master, query, more).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/hal+json"));
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    let document = serde_json::to_string_pretty(&answer.json()).unwrap();
    assert_snapshot!("answer", document);
    let bare = master.read("/hateoas/?mode=search", &[]).await.expect(200);
    for member in ["_select_list", "_limit", "_sort_on", "_group_by"] {
        assert_eq!(bare.json()[member], json!(null), "{member}");
    }
    let twice = search(&master, "", "&limit=0&limit=300").await.expect(200);
    assert_eq!(twice.json()["_limit"], json!(["0", "300"]));
}

#[tokio::test]
async fn every_column_has_a_value_where_its_kind_has_it() {
    let master = populated(Preset::Default).await;
    let more = format!(
        "&limit=100&select_list={},no_such,_links",
        COLUMNS.join(",")
    );
    let rows = found(&master, "", &more).await;
    let mut shown = String::new();
    for row in &rows {
        for (column, value) in row.as_object().unwrap() {
            writeln!(shown, "{column}: {value}").unwrap();
        }
        shown.push('\n');
    }
    assert_snapshot!("columns", shown);
    let bare = found(&master, TREES, "").await;
    let link = json!({ "_links": { "self": { "href": "urn:jio:get:instance_tree_module/1" } } });
    assert_eq!(bare[0], link);
}

#[tokio::test]
async fn each_column_finds_the_document_that_it_is_of() {
    let master = populated(Preset::Default).await;
    let more = format!("&limit=100&select_list={}", COLUMNS.join(","));
    let all = found(&master, "", &more).await;
    let mut tried = 0;
    for row in &all {
        for (column, value) in row.as_object().unwrap() {
            let value = match value {
                Value::String(text) => format!("{text:?}"),
                Value::Number(number) => number.to_string(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => continue,
            };
            let query = format!("uid:{} AND {column}:={value}", row["uid"]);
            let answer = search(&master, &query, &more).await;
            if [
                "creation_date",
                "modification_date",
                "text_content",
                "connection_xml",
            ]
            .contains(&column.as_str())
            {
                answer.expect(400);
                continue;
            }
            assert_eq!(rows(&answer), std::slice::from_ref(row), "{query}");
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

#[tokio::test]
async fn texts_are_compared_whole_or_contained() {
    let master = populated(Preset::Default).await;
    let check = async |query: &str, expected: &[&str]| {
        let query = format!("{TREES} AND {query}");
        assert_eq!(titles(&master, &query, "").await, expected, "{query}");
    };
    check(r#"title:="tree one""#, &["tree one"]).await;
    check(r#"title:="Tree one""#, &[]).await;
    check(r#"title:"E O""#, &["tree one"]).await;
    check("title:%one", &["tree one"]).await;
    check("title:i", &["still", "site"]).await;
    check("NOT title:i", &["tree one"]).await;
    check("title:=(site, still)", &["still", "site"]).await;
    check("reference:HOSTSUBS", &[]).await;
    check("root_slave:1", &["site"]).await;
    check("slap_state:stop_requested", &["still"]).await;
    check("default_aggregate_reference:slappart0", &[]).await;
    let url = format!("url_string:=\"{RELEASE}\"");
    check(&url, &["tree one", "still", "site"]).await;
}

#[tokio::test]
async fn a_limit_is_a_number_of_rows_or_a_start_and_a_number() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 12).await;
    for number in 0..12 {
        let request = Request::new(&format!("t{number}"));
        master.request(request).await.expect(200);
    }
    let check = async |more: &str, expected: std::ops::Range<usize>| {
        let expected: Vec<String> = expected.map(|number| format!("t{number}")).collect();
        assert_eq!(titles(&master, TREES, more).await, expected, "{more}");
    };
    check("", 0..10).await;
    check("&limit=3", 0..3).await;
    check("&limit=40", 0..12).await;
    check("&limit=0", 0..0).await;
    check("&limit=0&limit=300", 0..12).await;
    check("&limit=10&limit=5", 10..12).await;
    check("&limit=2,3", 2..5).await;
    check("&limit=99&limit=1", 0..0).await;
    check("&limit=18446744073709551615", 0..12).await;
    check("&limit=18446744073709551615,18446744073709551615", 0..0).await;
}

#[tokio::test]
async fn rows_are_sorted_as_asked() {
    let master = populated(Preset::Default).await;
    let check = async |sort_on: &[&str], expected: &[&str]| {
        let mut more = String::new();
        for sort_on in sort_on {
            write!(more, "&sort_on={}", escaped(sort_on)).unwrap();
        }
        assert_eq!(titles(&master, TREES, &more).await, expected, "{sort_on:?}");
    };
    check(&[], &["tree one", "still", "site"]).await;
    check(
        &[r#"["title","ascending"]"#],
        &["site", "still", "tree one"],
    )
    .await;
    check(&[r#"["title","DESC"]"#], &["tree one", "still", "site"]).await;
    let stopped = r#"["slap_state","descending"]"#;
    check(
        &[stopped, r#"["title","x"]"#],
        &["still", "site", "tree one"],
    )
    .await;
    check(&[r#"["uid","reverse"]"#], &["site", "still", "tree one"]).await;
    let first = titles(
        &master,
        TREES,
        "&limit=1&sort_on=%5B%22title%22%2C%22a%22%5D",
    );
    assert_eq!(first.await, ["site"]);
}

#[tokio::test]
async fn the_newest_come_first_if_asked() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 2).await;
    for title in ["old", "new"] {
        master.request(Request::new(title)).await.expect(200);
        master.advance(60);
    }
    let newest = "&sort_on=%5B%22creation_date%22%2C%22descending%22%5D&select_list=title,creation_date,modification_date";
    let rows = found(&master, TREES, newest).await;
    assert_eq!(texts(&rows, "title"), ["new", "old"]);
    let dates = [
        "Mon, 23 Nov 2026 08:31:00 GMT",
        "Mon, 23 Nov 2026 08:30:00 GMT",
    ];
    assert_eq!(texts(&rows, "creation_date"), dates);
    assert_eq!(texts(&rows, "modification_date"), dates);
    let changed = Request::new("old").parameter("a", "b");
    master.request(changed).await.expect(200);
    let rows = found(&master, TREES, newest).await;
    assert_eq!(texts(&rows, "creation_date"), dates);
    assert_eq!(
        texts(&rows, "modification_date")[1],
        "Mon, 23 Nov 2026 08:32:00 GMT"
    );
}

#[tokio::test]
async fn what_ended_is_no_longer_validated() {
    let master = populated(Preset::Default).await;
    let destroyed = on_first(Request::new("tree one")).state("destroyed");
    master.request(destroyed).await.expect(408);
    assert_eq!(titles(&master, TREES, "").await, ["still", "site"]);
    let archived = r#"portal_type:"Instance Tree" AND validation_state:archived"#;
    assert_eq!(titles(&master, archived, "").await, ["tree one"]);
    let instances = r#"portal_type:"Software Instance" AND default_specialise_title:="tree one""#;
    let states = async || {
        let rows = found(
            &master,
            instances,
            "&select_list=validation_state,slap_state",
        )
        .await;
        let mut states = texts(&rows, "validation_state");
        states.extend(texts(&rows, "slap_state"));
        states
    };
    let leaving = "destroy_requested";
    assert_eq!(states().await, ["validated", "validated", leaving, leaving]);
    for partition in ["slappart0", "slappart1"] {
        let gone = master.report("destroyedComputerPartition", "COMP-1", partition);
        gone.await.expect(200);
    }
    assert_eq!(
        states().await,
        ["invalidated", "invalidated", leaving, leaving]
    );
}

#[tokio::test]
async fn a_malformed_search_is_refused_with_the_place_of_the_fault() {
    let master = populated(Preset::Default).await;
    let mut shown = String::new();
    for query in [
        r#"title:="a"b""#,
        r#"portal_type:"Instance Tree" AND"#,
        "words",
        "titel:a",
        "text_content:a",
        "uid:<5",
        "(title:a",
        "title:a\u{e9} b",
        "title:'; DROP TABLE instance_tree; --",
        r#"portal_type:"Hosting Subscription" title:a"#,
    ] {
        let answer = search(&master, query, "").await.expect(400);
        let kind = "text/plain; charset=utf-8";
        assert_eq!(answer.header("content-type"), Some(kind), "{query}");
        shown.push_str(&answer.body);
        shown.push('\n');
    }
    for more in [
        "&limit=-1",
        "&limit=x",
        "&limit=1&limit=2&limit=3",
        "&limit=99999999999999999999999",
        "&sort_on=title",
        "&sort_on=%5B%22titel%22%2C%22a%22%5D",
        "&query=title:a",
    ] {
        let answer = search(&master, "", more).await.expect(400);
        shown.push_str(&answer.body);
    }
    assert_snapshot!("refused", shown);
}

/// Values are never part of a statement.
#[tokio::test]
async fn what_looks_like_sql_is_a_text_like_any_other() {
    let master = populated(Preset::Default).await;
    let before = master.dump().await;
    let title = r#"a' OR '1'='1"; DROP TABLE instance_tree; -- \ % _ ["x"]"#;
    master
        .request(on_first(Request::new(title)))
        .await
        .expect(200);
    let added = master.dump().await;
    assert_ne!(added, before);
    let written = title.replace('\\', "\\\\").replace('"', "\\\"");
    for column in ["title", "default_specialise_title"] {
        let query = format!("NOT reference:HOSTSUBS-4 AND {column}:=\"{written}\"");
        assert_eq!(titles(&master, &query, "").await, [title], "{query}");
    }
    for column in [
        "reference",
        "url_string",
        "relative_url",
        "id",
        "source_reference",
    ] {
        let query = format!("{column}:=\"{written}\"");
        assert_eq!(titles(&master, &query, "").await, [""; 0], "{query}");
    }
    assert_eq!(master.dump().await, added);
}

#[tokio::test]
async fn a_search_beyond_the_first_page_finds_the_same() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    // More than the first page, twice as long than that, and one.
    for number in 0..200 {
        master
            .request(Request::new(&format!("t{number}")))
            .await
            .expect(if number == 0 { 200 } else { 408 });
    }
    let last = format!("{TREES} AND title:t199");
    assert_eq!(titles(&master, &last, "").await, ["t199"]);
    let all = titles(&master, TREES, "&limit=1000").await;
    let expected: Vec<String> = (0..200).map(|number| format!("t{number}")).collect();
    assert_eq!(all, expected);
    assert_eq!(
        titles(&master, TREES, "&limit=150&limit=2").await,
        all[150..152]
    );
}

#[tokio::test]
async fn a_search_is_at_every_path_of_the_root() {
    let master = populated(Preset::Default).await;
    publish(&master, "slappart0", &[]).await;
    let expected = rows(&search(&master, TREES, "").await);
    for root in ["/hateoas", "/hateoas/", "//hateoas/"] {
        let path = search_path(TREES, "").replace("/hateoas/ERP5Document_getHateoas", root);
        let answer = master.read(&path, &[]).await;
        assert_eq!(rows(&answer), expected, "{root}");
    }
}
