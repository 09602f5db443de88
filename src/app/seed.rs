//! What a world starts with: which fixture files, in which order, and when.
//!
//! Fixtures fill a world in which nothing is yet. When a process starts again on a database that
//! holds something, they are read and checked as ever and their switches, clock, background and
//! fault rules are set, since the database does not keep those; what it holds stays as it is.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    domain::{
        behaviour::{Behaviour, Preset},
        record::GivenAuthority,
    },
    fixture::{Fixture, FixtureError},
    front::log::chain,
    master::{AuthoritySource, Master, MasterError, OpenError, WorldSettings},
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
    /// A fixture is refused.
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    /// The world cannot be looked at.
    #[error("the database cannot be read: {}", chain(.0))]
    World(MasterError),
    /// There is no room for a world to try the fixtures in.
    #[error("{}", chain(.0))]
    Trial(OpenError),
}

impl SeedError {
    /// The process's exit code.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Directory { .. }
            | Self::Fixture(FixtureError::Unreadable { .. } | FixtureError::Refused { .. }) => 3,
            Self::Fixture(FixtureError::World(_) | FixtureError::Trial(_))
            | Self::World(_)
            | Self::Trial(_) => 5,
        }
    }
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

/// The certificate authority that fixtures give to the world, if they do. Known before that is
/// opened; what is wrong with them is told when they are loaded.
pub fn authority(directory: Option<&Path>, named: &[PathBuf]) -> Option<GivenAuthority> {
    let files = files(directory, named).ok()?;
    // Read twice only where there is one: a fixture may be long.
    let has_one =
        |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| text.contains("authority"));
    if !files.iter().any(has_one) {
        return None;
    }
    Fixture::read(&files).ok()?.authority().cloned()
}

/// Reads all files, then fills the world with what they describe, if nothing is in it yet.
pub async fn load(files: &[PathBuf], master: &Master) -> Result<(), SeedError> {
    if files.is_empty() {
        return Ok(());
    }
    let fixture = Fixture::read(files)?;
    if master.is_untouched().await.map_err(SeedError::World)? {
        fixture.apply(master).await?;
        tracing::info!("fixtures were loaded: {}", fixture.summary());
    } else {
        fixture.apply_behaviour(master);
        fixture.apply_time(master).await?;
        fixture.apply_faults(master);
        tracing::info!(
            "fixtures were not loaded again: the database already holds a world, which stays as \
             it is"
        );
    }
    Ok(())
}

/// Whether an empty world of this preset would take the files; says what they describe.
pub async fn check(files: &[PathBuf], preset: Preset) -> Result<String, SeedError> {
    let fixture = Fixture::read(files)?;
    let authority = fixture.authority().cloned();
    let settings = WorldSettings {
        behaviour: Behaviour::preset(preset),
        authority: authority.map_or(AuthoritySource::World, AuthoritySource::Given),
        ..WorldSettings::default()
    };
    let master = Master::open(settings).await.map_err(SeedError::Trial)?;
    let outcome = fixture.apply(&master).await;
    master.close().await;
    outcome?;
    Ok(fixture.summary())
}
