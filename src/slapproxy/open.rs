//! Opening a database that belongs to a slapproxy, without leaving a trace.

use std::{collections::BTreeSet, fs::File, io::Read as _, path::Path, time::Duration};

use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    SlapproxyError, VERSIONS,
    rows::{Rows, TABLES, tables},
};

/// How long a slapproxy that writes may take; it writes for milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(3);

/// How a file of SQLite begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// How long its header is.
const HEADER: u64 = 100;
/// Where the header says whether there is a write-ahead log.
const READ_VERSION: usize = 19;
/// What it says then.
const LOGGED: u8 = 2;
/// Where it says whose file it is, and what ours say.
const APPLICATION_ID: std::ops::Range<usize> = 68..72;
const OURS: &[u8] = b"SLAP";

/// Codes of SQLite; a code says more in its higher bits.
const PRIMARY: u32 = 0xFF;
const BUSY: u32 = 5;
const CORRUPT: u32 = 11;
const NOT_A_DATABASE: u32 = 26;
const READ_ONLY_ROLLBACK: u32 = 776;

/// Everything in the database at one moment.
pub(super) async fn read(path: &Path) -> Result<Rows, SlapproxyError> {
    let options = look(path)?;
    let explain = |error| explain(path, error);
    let mut connection = options.connect().await.map_err(explain)?;
    let outcome = read_at_once(path, &mut connection).await;
    let closed = connection.close().await;
    let rows = outcome?;
    closed.map_err(explain)?;
    Ok(rows)
}

/// Looks at the file itself, and says how to open it.
fn look(path: &Path) -> Result<SqliteConnectOptions, SlapproxyError> {
    let unreadable = |source| SlapproxyError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut header = Vec::new();
    File::open(path)
        .map_err(unreadable)?
        .take(HEADER)
        .read_to_end(&mut header)
        .map_err(unreadable)?;
    if header.is_empty() {
        return Err(SlapproxyError::Empty {
            path: path.to_owned(),
        });
    }
    let not_slapproxys = |found: &str| SlapproxyError::NotSlapproxys {
        path: path.to_owned(),
        found: found.to_owned(),
    };
    if !header.starts_with(MAGIC) {
        return Err(not_slapproxys("it is no SQLite database"));
    }
    if header.get(APPLICATION_ID) == Some(OURS) {
        return Err(not_slapproxys(
            "it is a slapmaster's, which --database takes",
        ));
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    if header.get(READ_VERSION) != Some(&LOGGED) {
        return Ok(options);
    }
    // Whoever reads a database with a log writes beside it; but a log that is gone was moved into
    // the database by the last who used it.
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if Path::new(&log).try_exists().unwrap_or(true) {
        return Err(SlapproxyError::Log {
            path: path.to_owned(),
        });
    }
    Ok(options.immutable(true))
}

async fn read_at_once(
    path: &Path,
    connection: &mut SqliteConnection,
) -> Result<Rows, SlapproxyError> {
    let explain = |error| explain(path, error);
    let mut tx = connection.begin().await.map_err(explain)?;
    #[expect(clippy::disallowed_methods, reason = "a foreign schema")]
    let names: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .fetch_all(&mut *tx)
            .await
            .map_err(explain)?;
    let version = version(path, &names)?;
    let rows = Rows::read(&mut tx, version).await.map_err(explain)?;
    tx.rollback().await.map_err(explain)?;
    Ok(rows)
}

/// The version, which the names of the tables end with.
fn version(path: &Path, names: &[String]) -> Result<u32, SlapproxyError> {
    let versions: BTreeSet<u32> = names
        .iter()
        .filter_map(|name| {
            TABLES
                .iter()
                .find_map(|table| name.strip_prefix(table)?.parse().ok())
        })
        .collect();
    let versions: Vec<u32> = versions.into_iter().collect();
    let found = match versions[..] {
        [] => {
            return Err(SlapproxyError::NotSlapproxys {
                path: path.to_owned(),
                found: "it has no table of one".to_owned(),
            });
        }
        [version] => version,
        [first, .., last] => {
            return Err(SlapproxyError::Incomplete {
                path: path.to_owned(),
                problem: format!("it has tables of version {first} and of version {last}"),
            });
        }
    };
    if !VERSIONS.contains(&found) {
        return Err(SlapproxyError::UnknownVersion {
            path: path.to_owned(),
            found,
        });
    }
    let missing: Vec<String> = tables(found)
        .into_iter()
        .map(|table| format!("{table}{found}"))
        .filter(|table| !names.contains(table))
        .map(|table| format!("`{table}`"))
        .collect();
    if missing.is_empty() {
        return Ok(found);
    }
    Err(SlapproxyError::Incomplete {
        path: path.to_owned(),
        problem: format!("there is no table {}", missing.join(", no table ")),
    })
}

/// What an error of SQLite means for whoever wants to import.
fn explain(path: &Path, error: sqlx::Error) -> SlapproxyError {
    let path = path.to_owned();
    let code: Option<u32> = error
        .as_database_error()
        .and_then(|error| error.code()?.parse().ok());
    let said = error
        .as_database_error()
        .map_or("", |error| error.message());
    match code.map(|code| (code, code & PRIMARY)) {
        Some((_, BUSY)) => SlapproxyError::Locked { path },
        Some((READ_ONLY_ROLLBACK, _)) => SlapproxyError::MiddleOfChange { path },
        Some((_, NOT_A_DATABASE)) => SlapproxyError::NotSlapproxys {
            path,
            found: "only its first bytes look like it".to_owned(),
        },
        Some((_, CORRUPT)) => SlapproxyError::Damaged {
            path,
            source: error,
        },
        Some(_) if said.starts_with("no such column") => SlapproxyError::Incomplete {
            path,
            problem: said.to_owned(),
        },
        Some(_) | None => SlapproxyError::Failed {
            path,
            source: error,
        },
    }
}
