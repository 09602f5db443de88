//! A whole database as bytes: what a new one begins with, and what one goes back to.
//!
//! An image is taken between two transactions, by the connection that writes, so that it is of one
//! moment. A temporary database is made from one at the price of writing a file; a database that
//! was named keeps its file, which is filled anew in one transaction. Start with [`Image`].

use std::{fmt, fs, io, path::Path, sync::Arc};

use sqlx::{
    AssertSqlSafe, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteOwnedBuf},
};
use tokio::sync::OnceCell;

use super::{During, StoreError, open};
use crate::domain::time::Timestamp;

/// Where a database's header says, in two bytes, by which version of the log it is written and
/// read.
const LOG_VERSION: std::ops::Range<usize> = 18..20;
/// The version with a write-ahead log.
const WRITE_AHEAD: u8 = 2;
/// The version without one, as a database in memory has to have.
const NO_LOG: u8 = 1;

/// What is done with an image that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// It is read.
    Read,
    /// A transaction that writes elsewhere takes part in it: it locks every database that is
    /// attached.
    Write,
}

/// The name under which an image is attached to another database.
const ATTACHED: &str = "image";

/// A database of one moment. Clones share it.
#[derive(Clone)]
pub(crate) struct Image(Arc<Packed>);

struct Packed {
    /// How long the database is.
    length: usize,
    /// Its bytes, compressed: most of a page is zeros in a table with few rows, and rows are alike
    /// in a table with many.
    bytes: Box<[u8]>,
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("length", &self.0.length)
            .field("bytes", &self.0.bytes.len())
            .finish_non_exhaustive()
    }
}

impl Image {
    /// The main database of the connection as it is.
    pub(super) async fn of(connection: &mut SqliteConnection) -> Result<Self, StoreError> {
        let taken = connection.serialize(None).await;
        Ok(Self::packed(
            &taken.during("take an image of the database")?,
        ))
    }

    pub(super) fn packed(database: &[u8]) -> Self {
        Self(Arc::new(Packed {
            length: database.len(),
            bytes: lz4_flex::block::compress(database).into_boxed_slice(),
        }))
    }

    /// Whether this is the same one, not one like it.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// How many have it.
    pub(super) fn holders(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    /// How long the database is, in bytes.
    pub(super) fn length(&self) -> usize {
        self.0.length
    }

    /// How many bytes it takes in memory.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Packed>() + self.0.bytes.len()
    }

    /// The database, with this version of the log.
    fn unpacked(&self, log: u8) -> io::Result<Vec<u8>> {
        let unpacked = lz4_flex::block::decompress(&self.0.bytes, self.0.length);
        let mut database = unpacked.map_err(io::Error::other)?;
        if let Some(version) = database.get_mut(LOG_VERSION) {
            version.fill(log);
        }
        Ok(database)
    }

    /// Makes a database file of it.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        fs::write(path, self.unpacked(WRITE_AHEAD)?)
    }

    /// A database in memory with its content, to be looked at.
    pub(crate) async fn open(&self) -> Result<SqliteConnection, StoreError> {
        let options = SqliteConnectOptions::new().in_memory(true);
        let opened = SqliteConnection::connect_with(&options).await;
        let mut connection = opened.during("open an image of the database")?;
        self.load(&mut connection, None, Access::Read).await?;
        Ok(connection)
    }

    async fn load(
        &self,
        connection: &mut SqliteConnection,
        schema: Option<&str>,
        access: Access,
    ) -> Result<(), StoreError> {
        const OPERATION: &str = "open an image of the database";
        let bytes = self.unpacked(NO_LOG).map_err(sqlx::Error::Io);
        let bytes = bytes.during(OPERATION)?;
        let owned = SqliteOwnedBuf::try_from(bytes.as_slice()).during(OPERATION)?;
        connection
            .deserialize(schema, owned, access == Access::Read)
            .await
            .during(OPERATION)
    }

    /// Puts its content into the place of all that the connection's database holds, in one
    /// transaction. The last timestamp that was given is at least `least_stamp` afterwards;
    /// answers which it is.
    pub(super) async fn refill(
        &self,
        connection: &mut SqliteConnection,
        least_stamp: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        run(connection, format!("ATTACH ':memory:' AS {ATTACHED}")).await?;
        let refilled = match self.load(connection, Some(ATTACHED), Access::Write).await {
            Ok(()) => replace_all(connection, least_stamp).await,
            Err(error) => Err(error),
        };
        // Whatever became of it, the connection is to be as before.
        let keys = run(connection, "PRAGMA foreign_keys = ON".to_owned()).await;
        let detached = run(connection, format!("DETACH {ATTACHED}")).await;
        let stamp = refilled?;
        keys?;
        detached?;
        Ok(stamp)
    }
}

async fn replace_all(
    connection: &mut SqliteConnection,
    least_stamp: Timestamp,
) -> Result<Timestamp, StoreError> {
    // Rows refer to others in both directions, and the image is consistent in itself. Without the
    // checks, SQLite also empties and fills whole tables at once.
    run(connection, "PRAGMA foreign_keys = OFF".to_owned()).await?;
    run(connection, "BEGIN IMMEDIATE".to_owned()).await?;
    let outcome = async {
        let stamp = refill_tables(connection, least_stamp).await?;
        run(connection, "COMMIT".to_owned()).await?;
        Ok(stamp)
    }
    .await;
    if outcome.is_err() {
        drop(run(connection, "ROLLBACK".to_owned()).await);
    }
    outcome
}

async fn refill_tables(
    connection: &mut SqliteConnection,
    least_stamp: Timestamp,
) -> Result<Timestamp, StoreError> {
    let tables = sqlx::query_scalar!(
        r#"SELECT name AS "name!: String" FROM sqlite_schema
           WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%_sqlx%'"#
    )
    .fetch_all(&mut *connection)
    .await
    .during("list the tables")?;
    for table in tables {
        run(connection, format!("DELETE FROM main.\"{table}\"")).await?;
        let copy = format!("INSERT INTO main.\"{table}\" SELECT * FROM {ATTACHED}.\"{table}\"");
        run(connection, copy).await?;
    }
    let at_least = least_stamp.as_micros();
    let last = sqlx::query_scalar!(
        "UPDATE world SET last_stamp_us = MAX(last_stamp_us, ?1) WHERE id = 1
         RETURNING last_stamp_us",
        at_least
    )
    .fetch_one(connection)
    .await
    .during("keep the last timestamp")?;
    Ok(Timestamp::from_micros(last))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the checked macros know neither pragmas nor a database that is attached"
)]
async fn run(connection: &mut SqliteConnection, statement: String) -> Result<(), StoreError> {
    // Safe: made here of constants and the names of our own tables.
    sqlx::query(AssertSqlSafe(statement))
        .persistent(false)
        .execute(connection)
        .await
        .during("fill the database anew")?;
    Ok(())
}

/// A database in which nothing is yet, with the present schema. It is the same for every world of
/// this program, so that it is made once.
pub(super) async fn empty() -> Result<&'static Image, open::OpenError> {
    static EMPTY: OnceCell<Image> = OnceCell::const_new();
    EMPTY.get_or_try_init(open::make_empty).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_image_is_unpacked_as_it_was(
            pieces in prop::collection::vec((any::<bool>(), 1..200_usize, any::<u8>()), 0..20)
        ) {
            let mut database = Vec::new();
            for (is_zero, length, byte) in pieces {
                database.extend(std::iter::repeat_n(if is_zero { 0 } else { byte }, length));
            }
            if let Some(version) = database.get_mut(LOG_VERSION) {
                version.fill(NO_LOG);
            }
            let image = Image::packed(&database);
            prop_assert_eq!(image.unpacked(NO_LOG).unwrap(), database);
        }
    }

    #[tokio::test]
    async fn an_empty_database_takes_little_room() {
        let image = empty().await.unwrap();
        assert!(image.weight() < 64 * 1024, "{image:?}");
        let mut connection = image.open().await.unwrap();
        let users = sqlx::query_scalar!("SELECT COUNT(*) FROM user")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(users, 1);
    }
}
