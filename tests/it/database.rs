//! The database of a world: what is refused and left as it is, what survives, and that the schema
//! knows the same words as the model.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use slapmaster::{
    domain::{
        behaviour::Preset,
        certificate::CertificateKind,
        permission::Function,
        state::{
            AllocationScope, CapacityScope, InstallationState, InstanceKind, PartitionState,
            RequestedState, Subscription, Validation,
        },
        status::{StatusKind, StatusSubject},
        token::TokenPurpose,
    },
    master::{InstanceReport, Master, OpenError, WorldSettings},
};

use crate::support::world::{RELEASE, Setup, TestWorld, standing_clock};

async fn open(path: &Path) -> Result<Master, OpenError> {
    let settings = WorldSettings {
        database: Some(path.to_owned()),
        ..WorldSettings::default()
    };
    Master::open(settings).await
}

/// Every file beside the path, with its content.
fn files(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let folder = path.parent().unwrap();
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect()
}

fn setup(path: &Path) -> Setup {
    TestWorld::preset(Preset::Default)
        .database(path)
        .clock(&standing_clock())
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other");
    let text = b"my shopping list".to_vec();
    let long = b"SQLite format 3\0 but not really".repeat(100);
    for content in [text, long, b"x".to_vec()] {
        fs::write(&path, &content).unwrap();
        let before = files(&path);
        let refused = open(&path).await.unwrap_err();
        assert!(matches!(refused, OpenError::NotOurs { .. }), "{refused}");
        assert_eq!(files(&path), before);
    }
}

#[tokio::test]
async fn a_foreign_sqlite_database_is_refused_and_left_as_it_is() {
    use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proxy.db");
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE computer11 (reference); INSERT INTO computer11 VALUES ('a')")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let before = files(&path);
    let refused = open(&path).await.unwrap_err();
    assert!(matches!(refused, OpenError::NotOurs { .. }), "{refused}");
    assert_eq!(files(&path), before);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let world = setup(&path).start().await;
    world
        .sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'later', 1, x'00', 0)",
        )
        .await;
    world.close().await;
    let before = fs::read(&path).unwrap();
    let refused = open(&path).await.unwrap_err();
    let OpenError::NewerSchema { found, known, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(found, 9999);
    assert!(known < found);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_database_that_is_served_is_refused_until_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let world = setup(&path).start().await;
    world.format("COMP-1", 1).await;
    let refused = open(&path).await.unwrap_err();
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
    world.request("web").on().await;
    world.close().await;
    let again = setup(&path).start().await;
    assert_eq!(again.listed("COMP-1").await.len(), 1);
}

#[tokio::test]
async fn a_path_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for path in [
        folder.path().to_owned(),
        folder.path().join("missing").join("world.db"),
    ] {
        let refused = open(&path).await.unwrap_err();
        assert!(
            matches!(refused, OpenError::NotWritable { .. }),
            "{refused}"
        );
        assert!(refused.to_string().contains("hint: "), "{refused}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The test framework of slapos.core looks there, by the version of slapproxy's schema that it knows.
#[tokio::test]
async fn partitions_and_addresses_are_where_slapproxy_has_them() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 4).await;
    world.format("COMP-1", 3).await;
    let web = world.request("web").on().await;
    world.request("db").child_of(&web.at).on().await;
    world.request("front").shared().child_of(&web.at).on().await;
    for version in [16, 17, 18] {
        let partitions = world
            .texts(&format!(
                "SELECT concat_ws(' ', computer_reference, reference, slap_state, partition_reference,
                    software_release, software_type, requested_state)
                 FROM partition{version} ORDER BY reference"
            ))
            .await;
        assert_eq!(
            partitions,
            [
                format!("COMP-1 slappart0 busy web {RELEASE} default started"),
                format!("COMP-1 slappart1 busy db {RELEASE} default started"),
                "COMP-1 slappart2 free".to_owned(),
            ]
        );
        let addresses = world
            .texts(&format!(
                "SELECT concat_ws(' ', computer_reference, reference, address, netmask)
                 FROM partition_network{version} WHERE partition_reference = 'slappart1'"
            ))
            .await;
        assert_eq!(addresses, ["COMP-1 tap-slappart1 2001:db8::2 ffff::"]);
    }
}

/// A.44, after an orderly end and after none at all.
#[tokio::test]
async fn the_same_database_gives_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let world = setup(&path).start().await;
    world.format("COMP-1", 3).await;
    world.supply("COMP-1", RELEASE, "available").await.unwrap();
    let web = world.request("web").param("a", "1").on().await;
    let db = world.request("db").child_of(&web.at).on().await;
    world.request("front").shared().child_of(&db.at).on().await;
    world.publish(&db.at, &[("url", "x")]).await;
    world
        .report(&web.at, InstanceReport::Started)
        .await
        .unwrap();
    let told = world.computer("COMP-1").await;
    let status = world.status(&web.at).await;

    // As a process that is killed leaves it: the files as they are, log and all.
    let killed = folder.path().join("killed.db");
    fs::copy(&path, &killed).unwrap();
    fs::copy(
        path.with_extension("db-wal"),
        killed.with_extension("db-wal"),
    )
    .unwrap();
    world.close().await;
    assert!(!path.with_extension("db-wal").exists(), "the log was moved");

    for path in [path, killed] {
        let world = setup(&path).start().await;
        assert_eq!(world.computer("COMP-1").await, told);
        assert_eq!(world.status(&web.at).await, status);
        assert_eq!(world.request("web").param("a", "1").on().await.at, web.at);
        let new = world.request("new").on().await;
        assert_eq!(new.reference.as_str(), "SOFTINST-4");
        assert!(new.timestamp > told.partitions[0].instance.as_ref().unwrap().timestamp);
    }
}

#[tokio::test]
async fn a_temporary_database_goes_with_its_world() {
    let world = TestWorld::start().await;
    let path = world.master.database_path().to_owned();
    assert!(path.exists());
    world.master.close().await;
    assert!(!path.exists());
    let refused = world.try_format(crate::support::world::computer_format("COMP-1", vec![]));
    assert!(refused.await.is_err());
}

/// The words of a state, as the model knows them.
macro_rules! words {
    ($type:ident) => {
        $type::ALL.iter().map(|word| word.as_str()).collect()
    };
}

/// Every `CHECK (… IN (…))` of the schema, `<table>.<column>`, with its words.
async fn checks(world: &TestWorld) -> BTreeMap<String, BTreeSet<String>> {
    let mut checks = BTreeMap::new();
    let tables = world
        .texts("SELECT name || char(10) || sql FROM sqlite_master WHERE type = 'table'")
        .await;
    for table in tables {
        let (name, sql) = table.split_once('\n').unwrap();
        for check in sql.split("CHECK (").skip(1) {
            let Some((column, list)) = check.split_once(" IN (") else {
                continue;
            };
            let list = list.split(')').next().unwrap();
            let words: BTreeSet<String> = list
                .split(',')
                .map(|word| word.trim().trim_matches('\'').to_owned())
                .collect();
            if column.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                checks.insert(format!("{name}.{column}"), words);
            }
        }
    }
    checks
}

#[tokio::test]
async fn the_schema_allows_exactly_the_words_of_the_model() {
    let world = TestWorld::start().await;
    let words: Vec<(&str, BTreeSet<&str>)> = vec![
        ("computer.validation", words!(Validation)),
        ("computer.allocation_scope", words!(AllocationScope)),
        ("computer.capacity_scope", words!(CapacityScope)),
        ("computer.subscription", words!(Subscription)),
        ("partition.slap_state", words!(PartitionState)),
        ("partition.validation", words!(Validation)),
        ("software_installation.state", words!(InstallationState)),
        ("software_installation.validation", words!(Validation)),
        ("instance_tree.kind", words!(InstanceKind)),
        ("instance_tree.slap_state", words!(RequestedState)),
        ("instance_tree.validation", words!(Validation)),
        ("instance_tree.subscription", words!(Subscription)),
        ("instance.kind", words!(InstanceKind)),
        ("instance.slap_state", words!(RequestedState)),
        ("instance.validation", words!(Validation)),
        ("instance.subscription", words!(Subscription)),
        ("access_status.subject", words!(StatusSubject)),
        ("access_status.kind", words!(StatusKind)),
        ("certificate.subject", words!(CertificateKind)),
        ("token.purpose", words!(TokenPurpose)),
        ("token.reusable", ["0", "1"].into()),
        ("assignment.function", words!(Function)),
        ("software_product.configured", ["0", "1"].into()),
        ("user.is_default", ["0", "1"].into()),
        ("project.is_default", ["0", "1"].into()),
    ];
    let expected: BTreeMap<String, BTreeSet<String>> = words
        .into_iter()
        .map(|(column, words)| {
            let words = words.into_iter().map(str::to_owned).collect();
            (column.to_owned(), words)
        })
        .collect();
    assert_eq!(checks(&world).await, expected);
}

/// Contacts are kept in memory, and written by the background.
#[tokio::test]
async fn the_background_writes_the_contacts_of_computers() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 0).await;
    world.poll("COMP-1").await;
    let written = "SELECT kind || ' ' || message || ' ' || user FROM access_status";
    assert!(world.texts(written).await.is_empty());
    world.master.background_tick().await.unwrap();
    assert_eq!(world.texts(written).await, ["access COMP-1 COMP-1"]);
    let before = world.dump().await;
    world.master.background_tick().await.unwrap();
    assert_eq!(world.dump().await, before);
}

/// Without anybody asking again, a computer that calls lets waiting instances in.
#[tokio::test]
async fn a_computer_that_was_silent_takes_what_waits_once_its_contact_is_written() {
    let world = TestWorld::with("allocation.capacity_check", "on").await;
    world.format("COMP-1", 1).await;
    world.request("web").waits().await;
    world.poll("COMP-1").await;
    world.master.background_tick().await.unwrap();
    let placed = "SELECT count(*) FROM instance WHERE partition_id IS NOT NULL";
    assert_eq!(world.text(placed).await, "1");
}

/// The journal tells why, once as long as the reason is the same.
#[tokio::test]
async fn the_reason_of_a_failed_allocation_is_told_once() {
    let world = TestWorld::start().await;
    world.request("web").waits().await;
    let told = || {
        let events = world.master.journal().about("SOFTINST-1");
        events
            .into_iter()
            .filter(|event| event.text.contains("failed"))
            .count()
    };
    assert_eq!(told(), 1);
    world.request("web").waits().await;
    world.settle().await;
    assert_eq!(told(), 1);
    world.request("web").sla("foo", "1").waits().await;
    assert_eq!(told(), 2);
}
