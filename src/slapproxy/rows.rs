//! What is in the tables, in the same form for every version of the schema.

use std::fmt;

use sqlx::{AssertSqlSafe, Row as _, SqliteConnection, sqlite::SqliteRow};

/// Everything in a database. Lists are in the order in which rows were added.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// The version of the schema.
    pub(super) version: u32,
    pub(super) computers: Vec<ComputerRow>,
    pub(super) software: Vec<SoftwareRow>,
    pub(super) partitions: Vec<PartitionRow>,
    pub(super) networks: Vec<NetworkRow>,
    pub(super) slaves: Vec<SlaveRow>,
    /// Title sent and URL of a request that was forwarded.
    pub(super) forwarded: Vec<(String, String)>,
    /// The root of local releases, if one was ever kept.
    pub(super) release_root: Option<String>,
    /// Where a text is not UTF-8, in words.
    pub(super) not_utf8: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ComputerRow {
    pub(super) reference: String,
    pub(super) address: Option<String>,
    pub(super) netmask: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct SoftwareRow {
    pub(super) url: String,
    pub(super) computer: String,
    /// None where the schema has none.
    pub(super) state: Option<String>,
}

/// A partition, and the instance on it if it is busy.
#[derive(Debug, Clone, Default)]
pub(super) struct PartitionRow {
    pub(super) reference: String,
    pub(super) computer: String,
    /// `free` or `busy`.
    pub(super) slap_state: String,
    pub(super) release: String,
    /// Instance XML.
    pub(super) parameters: String,
    /// Instance XML.
    pub(super) connection: String,
    /// Marshalled list of what it serves.
    pub(super) shared: String,
    pub(super) software_type: String,
    /// The instance's own title.
    pub(super) title: String,
    /// From version 17 on the title of the root, before it the partition of the requester; empty
    /// for a root.
    pub(super) requested_by: String,
    /// From version 18 on the partition of the requester, or `user`.
    pub(super) requester: String,
    pub(super) state: String,
}

/// An address of a partition.
#[derive(Debug, Clone, Default)]
pub(super) struct NetworkRow {
    pub(super) partition: String,
    pub(super) computer: String,
    pub(super) interface: String,
    pub(super) address: String,
    pub(super) netmask: String,
}

/// A shared instance, as far as its host's list does not tell it.
#[derive(Debug, Clone, Default)]
pub(super) struct SlaveRow {
    /// `<title of the root>_<title>`; before version 17 the partition of the requester stands
    /// first.
    pub(super) reference: String,
    pub(super) computer: String,
    /// Instance XML.
    pub(super) connection: String,
    /// The partition of the host.
    pub(super) hosted_by: String,
    /// The partition of the requester; in version 17 the title of the root.
    pub(super) requester: String,
}

impl fmt::Display for PartitionRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "partition `{}` on computer `{}`",
            self.reference, self.computer
        )
    }
}

impl fmt::Display for SlaveRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "shared instance `{}` on computer `{}`",
            self.reference, self.computer
        )
    }
}

/// The tables that every version has, by their names without it.
pub(super) const TABLES: [&str; 5] = [
    "computer",
    "partition",
    "partition_network",
    "slave",
    "software",
];

/// All tables of a version, by their names without it.
pub(super) fn tables(version: u32) -> Vec<&'static str> {
    let mut tables = TABLES.to_vec();
    if version >= 11 {
        tables.push("forwarded_partition_request");
    }
    match version {
        ..15 => {}
        15..17 => tables.push("local_software_release_root"),
        17.. => tables.push("config"),
    }
    tables
}

impl Rows {
    /// Reads every table of this version.
    pub(super) async fn read(
        connection: &mut SqliteConnection,
        version: u32,
    ) -> Result<Self, sqlx::Error> {
        let mut reader = Reader {
            connection,
            version,
            not_utf8: Vec::new(),
        };
        Ok(Self {
            version,
            computers: reader.computers().await?,
            software: reader.software().await?,
            partitions: reader.partitions().await?,
            networks: reader.networks().await?,
            slaves: reader.slaves().await?,
            forwarded: reader.forwarded().await?,
            release_root: reader.release_root().await?,
            not_utf8: reader.not_utf8,
        })
    }
}

struct Reader<'c> {
    connection: &'c mut SqliteConnection,
    version: u32,
    not_utf8: Vec<String>,
}

impl Reader<'_> {
    /// Reads columns of all rows as texts, nothing as the empty one. SQLite keeps whatever it is
    /// given in any column, so every value is taken for bytes first.
    async fn texts<const N: usize>(
        &mut self,
        table: &str,
        columns: [&str; N],
        order: &str,
    ) -> Result<Vec<[String; N]>, sqlx::Error> {
        let selected = columns
            .map(|column| format!("CAST({column} AS BLOB)"))
            .join(", ");
        let version = self.version;
        let statement = format!("SELECT {selected} FROM {table}{version} ORDER BY {order}");
        #[expect(
            clippy::disallowed_methods,
            reason = "a foreign schema in nine versions, which the macros cannot check"
        )]
        // Safe: made of constants and of a number.
        let query = sqlx::query(AssertSqlSafe(statement));
        let found = query.fetch_all(&mut *self.connection).await?;
        let mut rows = Vec::with_capacity(found.len());
        for row in found {
            let mut texts = [const { String::new() }; N];
            for (number, text) in texts.iter_mut().enumerate() {
                *text = self.text(&row, table, number)?;
            }
            rows.push(texts);
        }
        Ok(rows)
    }

    fn text(&mut self, row: &SqliteRow, table: &str, number: usize) -> Result<String, sqlx::Error> {
        let bytes: Option<Vec<u8>> = row.try_get(number)?;
        Ok(match String::from_utf8(bytes.unwrap_or_default()) {
            Ok(text) => text,
            Err(error) => {
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                self.not_utf8
                    .push(format!("`{text}` in table `{table}{}`", self.version));
                text
            }
        })
    }

    async fn computers(&mut self) -> Result<Vec<ComputerRow>, sqlx::Error> {
        let rows = self
            .texts("computer", ["reference", "address", "netmask"], "rowid")
            .await?;
        Ok(rows
            .into_iter()
            .map(|[reference, address, netmask]| ComputerRow {
                reference,
                address: given(address),
                netmask: given(netmask),
            })
            .collect())
    }

    async fn software(&mut self) -> Result<Vec<SoftwareRow>, sqlx::Error> {
        let state = if self.version >= 12 {
            "requested_state"
        } else {
            "NULL"
        };
        let rows = self
            .texts("software", ["url", "computer_reference", state], "rowid")
            .await?;
        Ok(rows
            .into_iter()
            .map(|[url, computer, state]| SoftwareRow {
                url,
                computer,
                state: given(state),
            })
            .collect())
    }

    async fn partitions(&mut self) -> Result<Vec<PartitionRow>, sqlx::Error> {
        let requester = if self.version >= 18 {
            "requester_id"
        } else {
            "NULL"
        };
        let columns = [
            "reference",
            "computer_reference",
            "slap_state",
            "software_release",
            "xml",
            "connection_xml",
            "slave_instance_list",
            "software_type",
            "partition_reference",
            "requested_by",
            requester,
            "requested_state",
        ];
        let rows = self.texts("partition", columns, "rowid").await?;
        Ok(rows
            .into_iter()
            .map(
                |[
                    reference,
                    computer,
                    slap_state,
                    release,
                    parameters,
                    connection,
                    shared,
                    software_type,
                    title,
                    requested_by,
                    requester,
                    state,
                ]| PartitionRow {
                    reference,
                    computer,
                    slap_state,
                    release,
                    parameters,
                    connection,
                    shared,
                    software_type,
                    title,
                    requested_by,
                    requester,
                    state,
                },
            )
            .collect())
    }

    async fn networks(&mut self) -> Result<Vec<NetworkRow>, sqlx::Error> {
        let columns = [
            "partition_reference",
            "computer_reference",
            "reference",
            "address",
            "netmask",
        ];
        let rows = self.texts("partition_network", columns, "rowid").await?;
        Ok(rows
            .into_iter()
            .map(
                |[partition, computer, interface, address, netmask]| NetworkRow {
                    partition,
                    computer,
                    interface,
                    address,
                    netmask,
                },
            )
            .collect())
    }

    async fn slaves(&mut self) -> Result<Vec<SlaveRow>, sqlx::Error> {
        let requester = if self.version >= 18 {
            "requester_id"
        } else {
            "asked_by"
        };
        let columns = [
            "reference",
            "computer_reference",
            "connection_xml",
            "hosted_by",
            requester,
        ];
        let rows = self.texts("slave", columns, "rowid").await?;
        Ok(rows
            .into_iter()
            .map(
                |[reference, computer, connection, hosted_by, requester]| SlaveRow {
                    reference,
                    computer,
                    connection,
                    hosted_by,
                    requester,
                },
            )
            .collect())
    }

    async fn forwarded(&mut self) -> Result<Vec<(String, String)>, sqlx::Error> {
        if self.version < 11 {
            return Ok(Vec::new());
        }
        let columns = ["partition_reference", "master_url"];
        let rows = self
            .texts("forwarded_partition_request", columns, "rowid")
            .await?;
        Ok(rows.into_iter().map(|[title, url]| (title, url)).collect())
    }

    async fn release_root(&mut self) -> Result<Option<String>, sqlx::Error> {
        match self.version {
            ..15 => Ok(None),
            15..17 => {
                let rows = self
                    .texts("local_software_release_root", ["path"], "rowid")
                    .await?;
                Ok(rows.into_iter().next_back().and_then(|[path]| given(path)))
            }
            17.. => {
                let rows = self.texts("config", ["name", "value"], "name").await?;
                Ok(rows
                    .into_iter()
                    .find(|[name, _]| name == "local_software_release_root")
                    .and_then(|[_, path]| given(path)))
            }
        }
    }
}

fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
