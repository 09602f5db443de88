//! How the database goes about searches: whatever is asked, it begins at an index.

use std::{collections::BTreeMap, fs, path::Path};

use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _, sqlite::SqliteConnectOptions};

use crate::support::master::TestMaster;

/// How each page of candidates is read (`src/store/search`): these begin so and end so.
const TABLES: [(&str, &str); 4] = [
    ("instance_tree t", "ORDER BY t.id LIMIT ?2"),
    ("instance i", "ORDER BY i.id LIMIT ?2"),
    ("computer ", "ORDER BY id LIMIT ?2"),
    ("software_installation s", "ORDER BY s.id LIMIT ?2"),
];

/// The statements of searches, from the metadata of all that are compiled.
fn statements() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let mut statements = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let metadata: serde_json::Value = serde_json::from_str(&text).unwrap();
        let query = metadata["query"].as_str().unwrap().to_owned();
        let is_search = TABLES
            .iter()
            .any(|(table, end)| query.contains(table) && query.trim_end().ends_with(end));
        if is_search {
            statements.push(query);
        }
    }
    statements.sort();
    statements
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "what is explained is known when the test runs"
)]
async fn no_search_reads_a_whole_table() {
    let master = TestMaster::start().await;
    let mut connection = SqliteConnectOptions::new()
        .filename(master.master.database_path())
        .read_only(true)
        .connect()
        .await
        .unwrap();
    let statements = statements();
    assert_eq!(statements.len(), 18, "{statements:#?}");
    let mut by_table: BTreeMap<String, usize> = BTreeMap::new();
    for statement in statements {
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let plan: Vec<String> = sqlx::query(AssertSqlSafe(explain))
            .fetch_all(&mut connection)
            .await
            .unwrap()
            .iter()
            .map(|row| row.get("detail"))
            .collect();
        for line in &plan {
            let is_list_of_values = line.starts_with("SCAN json_each VIRTUAL TABLE");
            assert!(
                !line.starts_with("SCAN") || is_list_of_values,
                "{statement}\n{plan:#?}"
            );
        }
        let first = plan.iter().find(|line| line.starts_with("SEARCH")).unwrap();
        *by_table.entry(first.clone()).or_default() += 1;
    }
    let expected = "SEARCH t USING INDEX instance_tree_title (title=?)";
    assert!(
        by_table.keys().any(|plan| plan.starts_with(expected)),
        "{by_table:#?}"
    );
}
