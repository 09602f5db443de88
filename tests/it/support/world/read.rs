//! What a [`TestWorld`] tells: by the master's own reads, and by a connection of the test's own.

use slapmaster::{
    domain::{
        caller::Caller, identifier::PartitionAddress, state::RequestedState, status::StatusReading,
        time::Timestamp,
    },
    master::{ComputerReader, ComputerView, OccupantView, PartitionView},
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions,
};

use super::{TestWorld, computer};

/// Makes the query for every row of every table but `world`, as `table {"column": …}`.
pub(super) const DUMP: &str = r#"
    SELECT group_concat(part, ' UNION ALL ') FROM (
        SELECT 'SELECT ''' || m.name || ' '' || json_object('
            || group_concat('''' || i.name || ''', "' || i.name || '"')
            || ') FROM "' || m.name || '"' AS part
        FROM sqlite_master m JOIN pragma_table_info(m.name) i
        WHERE m.type = 'table' AND m.name NOT IN ('world', '_sqlx_migrations')
            AND m.name NOT LIKE 'sqlite_%'
        GROUP BY m.name ORDER BY m.name)"#;

/// Everything in a database but the last timestamp, which a failed call may move.
#[expect(
    clippy::disallowed_methods,
    reason = "what the model keeps is read beside the model's own queries"
)]
pub(crate) async fn dump_of(database: &std::path::Path) -> Vec<String> {
    let mut connection = SqliteConnectOptions::new()
        .filename(database)
        .read_only(true)
        .connect()
        .await
        .unwrap();
    let query: String = sqlx::query_scalar(DUMP)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let rows = sqlx::query_scalar(AssertSqlSafe(query))
        .fetch_all(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    rows
}

impl TestWorld {
    /// What a computer is told.
    pub(crate) async fn computer(&self, reference: &str) -> ComputerView {
        self.master
            .computer_information(ComputerReader::Itself, &computer(reference))
            .await
            .unwrap()
    }

    /// The references of the partitions that a computer lists.
    pub(crate) async fn listed(&self, reference: &str) -> Vec<String> {
        self.computer(reference)
            .await
            .partitions
            .into_iter()
            .map(|partition| partition.reference.as_str().to_owned())
            .collect()
    }

    /// The installations of a computer: `<state> <release>` each.
    pub(crate) async fn installations(&self, reference: &str) -> Vec<String> {
        self.computer(reference)
            .await
            .installations
            .iter()
            .map(|i| format!("{} {}", i.state, i.release))
            .collect()
    }

    /// A partition, listed or not.
    pub(crate) async fn partition(&self, at: &PartitionAddress) -> PartitionView {
        self.master.partition_information(at).await.unwrap()
    }

    /// The instance on a partition.
    pub(crate) async fn occupant(&self, at: &PartitionAddress) -> OccupantView {
        let view = self.partition(at).await;
        view.instance
            .unwrap_or_else(|| panic!("no instance is on {at}"))
    }

    /// The state wanted of the instance on a partition.
    pub(crate) async fn state(&self, at: &PartitionAddress) -> RequestedState {
        self.occupant(at).await.state
    }

    /// The visible timestamp of the instance on a partition.
    pub(crate) async fn timestamp(&self, at: &PartitionAddress) -> Timestamp {
        self.occupant(at).await.timestamp
    }

    /// The titles that a host's list shows, oldest first.
    pub(crate) async fn hosted(&self, at: &PartitionAddress) -> Vec<String> {
        let occupant = self.occupant(at).await;
        let titles = occupant.shared.iter().map(|s| s.title.as_str().to_owned());
        titles.collect()
    }

    /// The status of the instance on a partition.
    pub(crate) async fn status(&self, at: &PartitionAddress) -> StatusReading {
        self.master
            .partition_status(&Caller::DefaultUser, at)
            .await
            .unwrap()
    }

    /// The status of a computer.
    pub(crate) async fn computer_status(&self, reference: &str) -> StatusReading {
        self.master
            .computer_status(&Caller::DefaultUser, &computer(reference))
            .await
            .unwrap()
    }

    /// `<slap state> <validation>` of a partition's record.
    pub(crate) async fn partition_record(&self, at: &PartitionAddress) -> String {
        self.text(&format!(
            "SELECT p.slap_state || ' ' || p.validation FROM partition p
             JOIN computer c ON c.id = p.computer_id
             WHERE c.reference = '{}' AND p.reference = '{}'",
            at.computer, at.partition
        ))
        .await
    }

    /// `<slap state> <validation>` of an instance's record.
    pub(crate) async fn instance_record(&self, reference: &str) -> String {
        self.text(&format!(
            "SELECT slap_state || ' ' || validation FROM instance WHERE reference = '{reference}'"
        ))
        .await
    }

    /// The stamp of an instance's record, allocated or not.
    pub(crate) async fn stamp(&self, reference: &str) -> i64 {
        let text = self
            .text(&format!(
                "SELECT stamped_us FROM instance WHERE reference = '{reference}'"
            ))
            .await;
        text.parse().unwrap()
    }

    /// The reference of the live instance of this title; none if there is not exactly one.
    pub(crate) async fn live(&self, name: &str) -> Option<String> {
        let found = self
            .texts(&format!(
                "SELECT reference FROM instance WHERE title = '{name}' AND validation = 'validated'"
            ))
            .await;
        match found.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        }
    }

    /// Everything in the database but the last timestamp, which a failed call may move.
    pub(crate) async fn dump(&self) -> Vec<String> {
        self.texts(&self.dump_query).await
    }

    /// The only text that a query answers.
    pub(crate) async fn text(&self, query: &str) -> String {
        let mut texts = self.texts(query).await;
        assert_eq!(texts.len(), 1, "{query}");
        texts.remove(0)
    }

    /// What a query of one column answers, as texts.
    #[expect(
        clippy::disallowed_methods,
        reason = "what the model keeps is read beside the model's own queries"
    )]
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        let mut reader = self.reader.lock().await;
        let connection = match &mut *reader {
            Some(connection) => connection,
            none => none.insert(self.connection(true).await),
        };
        let query = format!(
            "WITH found (text) AS ({query}) SELECT COALESCE(CAST(text AS TEXT), 'null') FROM found"
        );
        sqlx::query_scalar(AssertSqlSafe(query))
            .fetch_all(connection)
            .await
            .unwrap()
    }

    /// Sets what no operation sets.
    pub(crate) async fn sql(&self, statement: &str) {
        let mut connection = self.connection(false).await;
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    async fn connection(&self, read_only: bool) -> SqliteConnection {
        SqliteConnectOptions::new()
            .filename(self.master.database_path())
            .foreign_keys(true)
            .read_only(read_only)
            .connect()
            .await
            .unwrap()
    }
}
