//! Opening the database of a world, or refusing to and leaving it untouched.

use std::{
    fs::{File, TryLockError},
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    Image, Shared, Spares, Store, StoreError, image,
    temporary::TemporaryFile,
    writer::{Writer, last_stamp},
};
use crate::domain::time::Timestamp;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions, SqliteSynchronous},
};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// "SLAP": what the header of every database of ours says.
const APPLICATION_ID: [u8; 4] = *b"SLAP";
/// Where SQLite keeps it there.
const APPLICATION_ID_OFFSET: usize = 68;
/// How long a connection waits for another's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many connections read.
const READERS: u32 = 4;
/// The same of a temporary database: there may be a thousand of them in a process.
const TEMPORARY_READERS: u32 = 2;
/// How long such a connection is kept while nobody reads.
const TEMPORARY_READER_TIME: Duration = Duration::from_mins(1);
/// How many pages the log holds before they are moved into the file: 16 MiB. Moving waits for the
/// disk, and pages that changed often meanwhile are moved once.
const LOG_PAGES: u32 = 4096;
/// How long the log's file stays, in bytes, once its pages are moved: that many pages. One large
/// transaction makes it as long as all that it wrote.
const LOG_BYTES: u32 = LOG_PAGES * 4096;
/// More than there are queries, so that each is prepared once.
const STATEMENTS: usize = 256;

/// Why a database was refused. It was not changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be opened for writing.
    #[error("cannot open database `{}` for writing as user id {user}: {source}\nhint: give a path that this user may write, or leave --database out for a temporary one", path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// Effective user id of this process.
        user: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("`{}` is not a slapmaster database\nhint: give another path; this file was left as it is", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a later version.
    #[error("database `{}` has schema version {found}, this slapmaster knows up to {known}\nhint: use the slapmaster that wrote it, or another database", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Another process serves it.
    #[error("database `{}` is served by another process\nhint: stop that process, or give another path", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be used.
    #[error("cannot use database `{}`: {source}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: sqlx::Error,
    },
    /// The default computer cannot be made in it.
    #[error("cannot make the default computer in database `{}`", path.display())]
    DefaultComputer {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The certificate authority cannot be used: the one that was given, or the one that the
    /// database keeps.
    #[error("the certificate authority cannot be used")]
    Authority {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Its schema cannot be brought up to date.
    #[error("cannot bring the schema of database `{}` up to date: {source}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// Why.
        source: MigrateError,
    },
}

/// What must live as long as the database is open.
#[derive(Debug)]
pub(super) struct Ground {
    /// Locked against other processes; none of a temporary database, which nobody else finds. Must
    /// not be closed earlier: closing any handle on the file would drop the locks that SQLite
    /// holds on it.
    lock: Option<File>,
    /// The file of a temporary database, removed when the store is closed.
    temporary: Mutex<Option<TemporaryFile>>,
}

impl Ground {
    /// Removes a temporary database.
    pub(super) fn clear(&self) {
        let mut file = self
            .temporary
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        drop(file.take());
    }

    /// Lets others have the database. To close the file is not enough: a child process that was
    /// begun a moment ago, by whoever embeds this, has it open as well until it runs its program.
    pub(super) fn release(&self) {
        if let Some(lock) = &self.lock {
            // If this fails, it is released with the last handle.
            let _ = lock.unlock();
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.release();
    }
}

impl Store {
    /// Why a database that cannot be read is refused.
    pub(crate) fn unusable(&self, error: StoreError) -> OpenError {
        OpenError::Unusable {
            path: self.path().to_owned(),
            source: error.source,
        }
    }

    /// Opens the database, or a temporary one that is removed at the end.
    ///
    /// The file is looked at before anything is written: one that is not ours, has a newer schema
    /// or is served by another process is refused and left untouched.
    pub(crate) async fn open(database: Option<&Path>, spares: &Spares) -> Result<Self, OpenError> {
        let Some(path) = database else {
            let opened = spares.take(image::empty().await?).await?;
            return Ok(opened.into_store(Timestamp::from_micros(0), true));
        };
        let path = path.to_owned();
        let lock = lock(&path)?;
        let unusable = |source| OpenError::Unusable {
            path: path.clone(),
            source,
        };
        let is_new = is_empty(&path);
        let options = options().filename(&path);
        check_schema(&path, &options).await?;
        let mut connection = options.clone().connect().await.map_err(unusable)?;
        prepare(&mut connection, &path).await.map_err(unusable)?;
        migrate(&mut connection, &path).await?;
        for statement in [
            "PRAGMA synchronous = NORMAL".to_owned(),
            format!("PRAGMA wal_autocheckpoint = {LOG_PAGES}"),
            format!("PRAGMA journal_size_limit = {LOG_BYTES}"),
        ] {
            pragma(&mut connection, statement).await.map_err(unusable)?;
        }
        let last = last_stamp(&mut connection).await.map_err(unusable)?;
        let writer = Writer::start(connection, last, None);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .connect_lazy_with(options.read_only(true));
        Ok(Self(Arc::new(Shared {
            readers,
            writer,
            path,
            ground: Ground {
                lock: Some(lock),
                temporary: Mutex::new(None),
            },
            is_temporary: false,
            is_new,
        })))
    }

    /// A temporary database with the content of an image, of which there may be more. No timestamp
    /// is given in it that is not above `least_stamp`.
    pub(crate) async fn temporary(
        image: &Image,
        least_stamp: Timestamp,
        spares: &Spares,
    ) -> Result<Self, OpenError> {
        let opened = spares.take(image).await?;
        spares.open_ahead(image);
        Ok(opened.into_store(least_stamp, false))
    }
}

/// A temporary database that is open for writing, in which nothing was done yet.
#[derive(Debug)]
pub(super) struct Opened {
    connection: SqliteConnection,
    last_stamp: Timestamp,
    /// What is in it.
    image: Image,
    file: TemporaryFile,
}

impl Opened {
    /// Opens one with the content of an image.
    pub(super) async fn of(image: Image) -> Result<Self, OpenError> {
        let file = TemporaryFile::new().map_err(|(place, source)| not_writable(&place, source))?;
        let path = file.path();
        image
            .write(path)
            .map_err(|source| not_writable(path, source))?;
        let unusable = |source| OpenError::Unusable {
            path: path.to_owned(),
            source,
        };
        let options = temporary_options(path)
            .pragma("wal_autocheckpoint", LOG_PAGES.to_string())
            .pragma("journal_size_limit", LOG_BYTES.to_string());
        let mut connection = options.connect().await.map_err(unusable)?;
        let last_stamp = last_stamp(&mut connection).await.map_err(unusable)?;
        Ok(Self {
            connection,
            last_stamp,
            image,
            file,
        })
    }

    /// Its file.
    #[cfg(test)]
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    fn into_store(self, at_least: Timestamp, is_new: bool) -> Store {
        let path = self.file.path().to_owned();
        let last_stamp = self.last_stamp.max(at_least);
        let readers = SqlitePoolOptions::new()
            .max_connections(TEMPORARY_READERS)
            .max_lifetime(None)
            .idle_timeout(TEMPORARY_READER_TIME)
            .test_before_acquire(false)
            .connect_lazy_with(temporary_options(&path).read_only(true));
        Store(Arc::new(Shared {
            readers,
            writer: Writer::start(self.connection, last_stamp, Some(self.image)),
            path,
            ground: Ground {
                lock: None,
                temporary: Mutex::new(Some(self.file)),
            },
            is_temporary: true,
            is_new,
        }))
    }
}

fn temporary_options(path: &Path) -> SqliteConnectOptions {
    // It is gone when the process is: nothing in it needs to reach the disk.
    options().filename(path).synchronous(SqliteSynchronous::Off)
}

fn options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging()
}

/// Makes the image of a database in which nothing is yet.
pub(super) async fn make_empty() -> Result<Image, OpenError> {
    let path = Path::new(":memory:");
    let unusable = |source| OpenError::Unusable {
        path: path.to_owned(),
        source,
    };
    let options = options().in_memory(true);
    let mut connection = options.connect().await.map_err(unusable)?;
    let id = u32::from_be_bytes(APPLICATION_ID);
    pragma(&mut connection, format!("PRAGMA application_id = {id}"))
        .await
        .map_err(unusable)?;
    migrate(&mut connection, path).await?;
    let image = Image::of(&mut connection).await;
    let image = image.map_err(|error| unusable(error.source))?;
    connection.close().await.map_err(unusable)?;
    Ok(image)
}

/// Brings the schema up to date, in one transaction: of a new database it is most of the work to
/// commit each step, and one that fails leaves the database as it was.
async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Migration {
        path: path.to_owned(),
        source,
    };
    let begun = connection.begin().await;
    let mut tx = begun.map_err(|error| failed(error.into()))?;
    // What `run` does, but for the connection, which that takes in a way that keeps its future from
    // going from thread to thread.
    MIGRATIONS
        .run_direct(None, &mut *tx, false)
        .await
        .map_err(failed)?;
    tx.commit().await.map_err(|error| failed(error.into()))
}

fn not_writable(path: &Path, source: std::io::Error) -> OpenError {
    OpenError::NotWritable {
        path: path.to_owned(),
        user: effective_user(),
        source,
    }
}

/// The user id of this process, as far as the system tells.
fn effective_user() -> String {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").map_or_else(|_| "unknown".to_owned(), |m| m.uid().to_string())
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|source| not_writable(path, source))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(OpenError::Locked {
                path: path.to_owned(),
            });
        }
        Err(TryLockError::Error(source)) => return Err(not_writable(path, source)),
    }
    let mut header = Vec::new();
    Read::take(&mut file, 100)
        .read_to_end(&mut header)
        .map_err(|source| not_writable(path, source))?;
    let id = header.get(APPLICATION_ID_OFFSET..APPLICATION_ID_OFFSET + APPLICATION_ID.len());
    if !header.is_empty() && id != Some(APPLICATION_ID.as_slice()) {
        return Err(OpenError::NotOurs {
            path: path.to_owned(),
        });
    }
    Ok(file)
}

/// Marks a new file as ours and turns its write-ahead log on, in this order: the mark must be in
/// the file itself before anything is only in the log, or a process that is killed early leaves
/// a file that nobody recognises.
async fn prepare(connection: &mut SqliteConnection, path: &Path) -> Result<(), sqlx::Error> {
    let id = u32::from_be_bytes(APPLICATION_ID);
    if is_empty(path) {
        // Nothing is in it that a power cut could take: a start need not wait for the disk.
        pragma(connection, "PRAGMA synchronous = OFF".to_owned()).await?;
        pragma(connection, format!("PRAGMA application_id = {id}")).await?;
    }
    pragma(connection, "PRAGMA journal_mode = WAL".to_owned()).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the checked macros know no pragmas"
)]
async fn pragma(connection: &mut SqliteConnection, statement: String) -> Result<(), sqlx::Error> {
    // Safe: made above from constants.
    sqlx::query(AssertSqlSafe(statement))
        .execute(connection)
        .await?;
    Ok(())
}

fn is_empty(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| m.len() == 0)
}

async fn check_schema(path: &Path, options: &SqliteConnectOptions) -> Result<(), OpenError> {
    if is_empty(path) {
        return Ok(());
    }
    let unusable = |source| OpenError::Unusable {
        path: path.to_owned(),
        source,
    };
    let mut connection: SqliteConnection = options
        .clone()
        .read_only(true)
        .connect()
        .await
        .map_err(unusable)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the migrator's own table is not in the schema that the macros check against"
    )]
    let found: Result<Option<i64>, _> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&mut connection)
            .await;
    let found = match found {
        // Killed before the first migration: nothing is in it yet.
        Err(sqlx::Error::Database(error)) if error.message().contains("no such table") => None,
        found => found.map_err(unusable)?,
    };
    connection.close().await.map_err(unusable)?;
    let known = MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0);
    match found {
        Some(found) if found > known => Err(OpenError::NewerSchema {
            path: path.to_owned(),
            found,
            known,
        }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identifier::UserReference;

    #[tokio::test]
    async fn a_closed_database_is_free_though_a_child_process_has_its_lock_still() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world.db");
        let spares = Spares::default();
        let store = Store::open(Some(&path), &spares).await.unwrap();
        // What a child has between its beginning and its program.
        let inherited = store.0.ground.lock.as_ref().unwrap().try_clone().unwrap();
        let refused = Store::open(Some(&path), &spares).await.unwrap_err();
        assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
        store.close().await;
        drop(store);
        Store::open(Some(&path), &spares).await.unwrap();
        drop(inherited);
    }

    /// Makes so many users in one transaction.
    async fn add_users(store: &Store, first: usize, count: usize) {
        let added = store.write(
            move |tx| {
                Box::pin(async move {
                    for number in first..first + count {
                        let name = format!("{number}-{}", "x".repeat(4000));
                        let reference = UserReference::trusted(name);
                        super::super::lookup::insert_user(tx, &reference).await?;
                    }
                    Ok::<(), StoreError>(())
                })
            },
            |()| {},
        );
        added.await.unwrap();
    }

    #[tokio::test]
    async fn a_large_transaction_leaves_no_long_log_behind() {
        let folder = tempfile::tempdir().unwrap();
        let named = folder.path().join("world.db");
        for database in [None, Some(named.as_path())] {
            let store = Store::open(database, &Spares::default()).await.unwrap();
            let log = format!("{}-wal", store.path().display());
            let length = || std::fs::metadata(&log).unwrap().len();
            let most = u64::from(LOG_BYTES);
            add_users(&store, 0, 3000).await;
            assert!(length() > most);
            // The next ones write into the beginning of the log again.
            add_users(&store, 3000, 1).await;
            add_users(&store, 3001, 1).await;
            assert!(length() <= most, "{}", length());
            store.close().await;
        }
    }
}
