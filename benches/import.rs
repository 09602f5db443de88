//! What it costs to take a slapproxy's world over: `cargo bench --bench import`.
//!
//! A database of slapproxy with ten thousand partitions, all busy, is read, and put into a new
//! world. Shortest and median of some runs, since a disk has moods.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement that cannot go on fails, and says what it measured; the schema is foreign"
)]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use slapmaster::{
    app::slapproxy::import,
    domain::parameters::Parameters,
    xml::{
        instance,
        marshal::{self, Value},
    },
};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

const PARTITIONS: usize = 10_000;
/// The instances of a tree: its root, and children of that.
const TREE: usize = 10;
/// Every so many trees, the root serves a shared instance for each of the children.
const SERVING: usize = 10;
const RUNS: usize = 5;

const SCHEMA: &str = "
    CREATE TABLE config18 (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
    CREATE TABLE software18 (url VARCHAR(255), computer_reference VARCHAR(255),
        requested_state VARCHAR(255), PRIMARY KEY (url, computer_reference));
    CREATE TABLE computer18 (reference VARCHAR(255) PRIMARY KEY, address VARCHAR(255),
        netmask VARCHAR(255));
    CREATE TABLE partition18 (reference VARCHAR(255), computer_reference VARCHAR(255),
        slap_state VARCHAR(255), software_release VARCHAR(255), xml TEXT, connection_xml TEXT,
        slave_instance_list TEXT, software_type VARCHAR(255), partition_reference VARCHAR(255),
        requested_by VARCHAR(255), requester_id VARCHAR(255), requested_state VARCHAR(255),
        timestamp REAL, PRIMARY KEY (reference, computer_reference));
    CREATE TABLE slave18 (reference VARCHAR(255), computer_reference VARCHAR(255),
        connection_xml TEXT, hosted_by VARCHAR(255), requester_id VARCHAR(255));
    CREATE TABLE partition_network18 (partition_reference VARCHAR(255),
        computer_reference VARCHAR(255), reference VARCHAR(255), address VARCHAR(255),
        netmask VARCHAR(255));
    CREATE TABLE forwarded_partition_request18 (partition_reference VARCHAR(255),
        master_url VARCHAR(255), PRIMARY KEY (partition_reference, master_url));";

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slapproxy.db");
    fill(&file).await;
    let mut took = Vec::new();
    for run in 0..RUNS {
        let database = folder.path().join(format!("{run}.db"));
        let began = Instant::now();
        let imported = import(&file, Some(&database)).await.unwrap();
        took.push(began.elapsed());
        assert!(imported.notes.is_empty(), "{:?}", imported.notes);
        if run == 0 {
            println!("{}", imported.summary);
        }
    }
    took.sort();
    println!(
        "imported in {:.2?} at best, {:.2?} as a rule (asked: {:.0?})",
        took[0],
        took[RUNS / 2],
        Duration::from_secs(2)
    );
}

async fn fill(file: &Path) {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(SCHEMA)
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query("BEGIN").execute(&mut connection).await.unwrap();
    insert(
        &mut connection,
        "computer18",
        &["comp", "127.0.0.1", "255.255.255.255"],
    )
    .await;
    let release = "https://example.org/software/software.cfg";
    insert(
        &mut connection,
        "software18",
        &[release, "comp", "available"],
    )
    .await;
    let parameters: Parameters = [("_", Some(r#"{"site": "example.org", "workers": 4}"#))]
        .into_iter()
        .collect();
    let parameters = instance::write(&parameters);
    for number in 0..PARTITIONS {
        let (tree, place) = (number / TREE, number % TREE);
        let reference = format!("slappart{number}");
        let root = format!("slappart{}", tree * TREE);
        let tree_title = format!("tree {tree}");
        let serves = place == 0 && tree.is_multiple_of(SERVING);
        let titles = (1..TREE).map(|child| format!("{tree_title}_shared {child}"));
        let entries = titles.clone().map(|title| {
            Value::dictionary([
                ("slave_title", Value::text(title.clone())),
                ("slave_reference", Value::text(title)),
                ("slap_software_type", Value::text("default")),
                ("url", Value::text("https://[2001:db8::1]:8443/")),
            ])
        });
        let list = if serves {
            marshal::write(&Value::list(entries))
        } else {
            String::new()
        };
        let (title, requested_by, requester) = if place == 0 {
            (tree_title.clone(), "", "user")
        } else {
            (format!("child {place}"), tree_title.as_str(), root.as_str())
        };
        let row = [
            &reference,
            "comp",
            "busy",
            release,
            &parameters,
            &parameters,
            &list,
            "default",
            &title,
            requested_by,
            requester,
            "started",
            "",
        ];
        insert(&mut connection, "partition18", &row).await;
        for address in ["10.0.0.1", "2001:db8::1"] {
            let row = [
                reference.as_str(),
                "comp",
                "slaptap",
                address,
                "255.255.255.255",
            ];
            insert(&mut connection, "partition_network18", &row).await;
        }
        if serves {
            for title in titles {
                let row = [title.as_str(), "comp", &parameters, &reference, &root];
                insert(&mut connection, "slave18", &row).await;
            }
        }
    }
    sqlx::query("COMMIT")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

async fn insert(connection: &mut SqliteConnection, table: &str, values: &[&str]) {
    let places = vec!["?"; values.len()].join(", ");
    let statement = format!("INSERT INTO {table} VALUES ({places})");
    // Safe: made of constants.
    let mut query = sqlx::query(sqlx::AssertSqlSafe(statement));
    for value in values {
        query = query.bind(*value);
    }
    query.execute(connection).await.unwrap();
}
