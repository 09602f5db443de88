//! What a world starts with: which fixture files, in which order.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A fixture that is not accepted; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The directory of fixtures cannot be listed.
    #[error(
        "cannot read the fixture directory `{path}`: {source}; create it, or leave --fixture-dir out"
    )]
    Directory {
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Fixtures come later.
    #[error("`{0}`: this version reads no fixtures yet; leave --fixture out")]
    NotYet(PathBuf),
}

/// The fixture files in the order in which they apply: those of the directory by name, then the
/// named ones.
pub fn files(directory: Option<&Path>, named: &[PathBuf]) -> Result<Vec<PathBuf>, SeedError> {
    let mut files = Vec::new();
    if let Some(path) = directory {
        files = list(path).map_err(|source| SeedError::Directory {
            path: path.to_owned(),
            source,
        })?;
        files.sort();
    }
    files.extend_from_slice(named);
    Ok(files)
}

fn list(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("yaml" | "yml" | "json")) {
            files.push(path);
        }
    }
    Ok(files)
}

/// Reads all fixtures, then applies all; a refused one changes nothing.
pub fn refuse(files: &[PathBuf]) -> Result<(), SeedError> {
    match files.first() {
        Some(first) => Err(SeedError::NotYet(first.clone())),
        None => Ok(()),
    }
}
