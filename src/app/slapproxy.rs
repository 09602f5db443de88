//! Standing in for a slapproxy: what its database holds is imported once, and what its
//! configuration says is applied at each start.
//!
//! Slapproxy's file stays as it is, and is not read again once our own world holds something, so
//! that whoever wants to can go back to it.

use std::path::{Path, PathBuf};

use crate::{
    config::SlapproxySettings,
    domain::{
        behaviour::{Behaviour, Preset},
        seed::Seed,
    },
    front::log::chain,
    master::{Master, MasterError, OpenError, ReleaseMove, WorldSettings},
    slapproxy::{self, SlapproxyError},
};

/// Why nothing was imported; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Slapproxy's database cannot be read.
    #[error(transparent)]
    Unreadable(#[from] SlapproxyError),
    /// Our own cannot be opened.
    #[error("{}", chain(.0))]
    Open(#[from] OpenError),
    /// There is something in our own already.
    #[error("database `{}` holds a world already, which stays as it is\nhint: give another path", .0.display())]
    Taken(PathBuf),
    /// Our own does not take it.
    #[error("the database cannot be filled: {}", chain(.0))]
    World(#[from] MasterError),
}

/// What was imported, or could be.
#[derive(Debug)]
pub struct Imported {
    /// What it holds, counted.
    pub summary: String,
    /// What was changed or left out, a sentence each.
    pub notes: Vec<String>,
}

/// Imports slapproxy's database `file` into a new one of ours, or into one for nothing but to see
/// whether that can be done.
pub async fn import(file: &Path, database: Option<&Path>) -> Result<Imported, ImportError> {
    let found = slapproxy::read(file).await?;
    let summary = format!("version {} of slapproxy's schema, {found}", found.version);
    let master = Master::open(WorldSettings {
        database: database.map(Path::to_owned),
        behaviour: Behaviour::preset(Preset::Slapproxy),
        ..WorldSettings::default()
    })
    .await?;
    let outcome = fill(&master, found.seed).await;
    master.close().await;
    outcome?;
    Ok(Imported {
        summary,
        notes: found.notes,
    })
}

async fn fill(master: &Master, seed: Seed) -> Result<(), ImportError> {
    if !master.is_untouched().await? {
        return Err(ImportError::Taken(master.database_path().to_owned()));
    }
    Ok(master.seed(seed).await?)
}

/// Does what a start with slapproxy's configuration does before anybody is served.
pub(super) async fn take_over(
    settings: &SlapproxySettings,
    master: &Master,
) -> Result<(), ImportError> {
    if let Some(file) = &settings.database {
        import_once(file, master).await?;
    }
    master.configure_products(settings.products.clone()).await?;
    let moves = master
        .move_local_releases(settings.release_root.clone(), Path::is_file)
        .await?;
    for (release, became) in moves {
        match became {
            ReleaseMove::To(target) => {
                tracing::info!("software release `{release}` is `{target}` from now on");
            }
            ReleaseMove::Kept => tracing::info!(
                "software release `{release}` stays: there is no such file below \
                 local_software_release_root"
            ),
        }
    }
    Ok(())
}

async fn import_once(file: &Path, master: &Master) -> Result<(), ImportError> {
    // One that cannot be looked at is there.
    if !file.try_exists().unwrap_or(true) {
        return Ok(());
    }
    // The world's own file: somebody named it with `--database`, and nothing is to be taken over.
    if file.canonicalize().ok() == master.database_path().canonicalize().ok() {
        return Ok(());
    }
    let shown = file.display();
    if !master.is_untouched().await? {
        tracing::info!(
            "slapproxy's database `{shown}` was not imported again: the world in `{}` holds \
             something already",
            master.database_path().display()
        );
        return Ok(());
    }
    let found = match slapproxy::read(file).await {
        // What slapproxy leaves where it was started and never asked.
        Err(SlapproxyError::Empty { .. }) => return Ok(()),
        found => found?,
    };
    let summary = found.to_string();
    master.seed(found.seed).await?;
    for note in &found.notes {
        tracing::warn!("import: {note}");
    }
    tracing::info!(
        "slapproxy's database `{shown}` was imported: version {}, {summary}; it stays as it is, \
         the world is in `{}` from now on",
        found.version,
        master.database_path().display()
    );
    Ok(())
}
