//! Builds the rooms in order, hands them to the listeners, and takes them down again.
//!
//! The order is: bind, announce, open the world, answer, import, load the fixtures, ready. Health is
//! answered from the moment the world is open; calls of the protocol wait until it is ready.
//! Start with [`run`].

pub mod announce;
mod background;
pub(crate) mod descriptors;
mod listeners;
pub mod logging;
mod process;
mod ready_file;
pub mod seed;
pub mod slapproxy;
mod stop;
mod tls;

use std::{io, path::PathBuf, time::Instant};

use crate::{
    config::{LogFormat, Settings},
    front,
    master::OpenError,
    net::BindError,
};

use self::{
    announce::Announcer,
    ready_file::ReadyFile,
    seed::SeedError,
    slapproxy::ImportError,
    stop::StopSignals,
    tls::{IssueError, TlsFileError},
};

pub use self::process::Process;

/// Why a server did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An endpoint cannot be bound.
    #[error(
        "{}; choose another with --listen, or port 0 (http://127.0.0.1:0) for a free one",
        front::log::chain(.0)
    )]
    Listen(BindError),
    /// A fixture is not accepted.
    #[error(transparent)]
    Fixture(#[from] SeedError),
    /// The world cannot be opened.
    #[error("{}", front::log::chain(.0))]
    Database(OpenError),
    /// What a slapproxy held cannot be taken over.
    #[error(transparent)]
    Slapproxy(#[from] ImportError),
    /// The server's certificate, or its key, is in no usable file.
    #[error(transparent)]
    Tls(#[from] TlsFileError),
    /// There is no certificate of the world's authority for this server.
    #[error("{}; give one with --tls-cert and --tls-key", front::log::chain(.0))]
    ServerCertificate(#[from] IssueError),
    /// The ready file cannot be written.
    #[error(
        "cannot write the ready file `{path}`: {source}; give --ready-file a path in a directory where this user may write"
    )]
    ReadyFile {
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A second signal came before the orderly stop was done.
    #[error(
        "stopped at once by a second signal, before the orderly stop was done; to keep the last polls, wait for it"
    )]
    StoppedAtOnce,
    /// The system refuses something that every process may have.
    #[error("cannot listen for signals: {0}; this is a limit of the system")]
    Signals(io::Error),
}

impl RunError {
    /// The process's exit code.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::StoppedAtOnce | Self::Signals(_) => 1,
            Self::ReadyFile { .. } | Self::Tls(_) | Self::Database(OpenError::Authority { .. }) => {
                2
            }
            Self::ServerCertificate(error) => error.exit_code(),
            Self::Fixture(error) => error.exit_code(),
            Self::Listen(_) => 4,
            Self::Database(_) | Self::Slapproxy(_) => 5,
        }
    }
}

/// Serves until a signal (or the parent's end) stops it. `began` is when the process started.
pub async fn run(settings: Settings, began: Instant) -> Result<(), RunError> {
    let mut stop = StopSignals::install(settings.exit_with_parent).map_err(RunError::Signals)?;
    let announcer = Announcer::new(settings.log_format == LogFormat::Json);
    let process = Process::start(&settings, |endpoint| announcer.listening(endpoint)).await?;

    let outcome = async {
        tokio::select! {
            biased;
            () = stop.asked() => return Ok(()),
            seeded = process.seed(&settings) => seeded?,
        }
        let _ready_file = settings
            .ready_file
            .clone()
            .map(|path| {
                ReadyFile::write(path.clone(), &process.described(&settings))
                    .map_err(|source| RunError::ReadyFile { path, source })
            })
            .transpose()?;
        announcer.ready(began.elapsed());
        stop.asked().await;
        Ok(())
    }
    .await;

    tracing::info!("stopping");
    tokio::select! {
        () = process.stop() => outcome,
        () = stop.asked() => Err(RunError::StoppedAtOnce),
    }
}
