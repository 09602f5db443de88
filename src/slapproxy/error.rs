//! Why a file is not read.

use std::{io, path::PathBuf};

/// Why a file cannot be imported. It was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum SlapproxyError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {source}\nhint: give the path of slapproxy's database, its `database_uri`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("`{}` is empty: no slapproxy has ever answered from it\nhint: there is nothing to import", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It is something else.
    #[error("`{}` is not the database of a slapproxy: {found}\nhint: give its `database_uri`", path.display())]
    NotSlapproxys {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// It is of a version that is not known.
    #[error("`{}` has version {found} of slapproxy's schema, and versions {first} to {last} can be imported\nhint: {hint}", path.display(), first = super::VERSIONS.start(), last = super::VERSIONS.end(), hint = if found < super::VERSIONS.start() {
        "have a `slapos proxy` of slapos.core 1.26 answer from it once, which brings it up to date"
    } else {
        "a later slapmaster may read it"
    })]
    UnknownVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// It lacks a part of its version's schema, or has parts of several.
    #[error("`{}` is not whole: {problem}\nhint: import a copy from before it was damaged", path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Another process writes to it.
    #[error("`{}` is locked by another process, which writes to it\nhint: stop the slapproxy that uses it, then try again", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The process that wrote to it last was killed meanwhile.
    #[error("`{}` was left in the middle of a change, which only a writer can undo\nhint: start the slapproxy that uses it and ask it anything, stop it, then try again", path.display())]
    MiddleOfChange {
        /// The file.
        path: PathBuf,
    },
    /// A part of it may be in a log beside it.
    #[error("`{}` has a write-ahead log beside it, which a slapproxy never makes\nhint: stop what uses it, move the log into it with `sqlite3 FILE 'PRAGMA journal_mode = DELETE'`, then try again", path.display())]
    Log {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged.
    #[error("`{}` is damaged: {source}\nhint: import a copy from before that", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the database says.
        source: sqlx::Error,
    },
    /// It cannot be read to its end.
    #[error("`{}` cannot be read to its end: {source}\nhint: try again, or import a copy", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the database says.
        source: sqlx::Error,
    },
}
