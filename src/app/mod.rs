//! Builds the rooms in order, hands them to the listeners, and takes them down again.
//!
//! The order is: bind, announce, open the world, answer, import, load the fixtures, ready. Health is
//! answered from the moment the world is open; calls of the protocol wait until it is ready.
//! Start with [`run`].

pub mod announce;
mod background;
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
<<<<<<< HEAD
    front,
    master::OpenError,
    net::BindError,
=======
    domain::behaviour::Behaviour,
    front::{
        self, AppState,
        address::PublicAddress,
        worlds::{WorldLimits, Worlds},
    },
    master::{AuthoritySource, Master, OpenError, WorldSettings},
    mock::{background::Wake, clock::Clock, journal::JournalLimits, metrics::Metrics},
    net::{BindError, Limits, Server},
>>>>>>> 23ccf5ca2431adc03133f6d4ba99dd5227bd2177
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
<<<<<<< HEAD
    let process = Process::start(&settings, |endpoint| announcer.listening(endpoint)).await?;
=======

    let given_identity = settings
        .tls_files
        .as_ref()
        .map(tls::read_identity)
        .transpose()?;
    let listeners = Listeners::bind(&settings)?;
    for listener in listeners.all() {
        announcer.listening(listener.endpoint());
    }
    listeners::warn_if_reachable(listeners.all(), &settings);
    let (main_urls, control_urls) = listeners.urls();

    let wake = Wake::default();
    let master = Master::open(world(&settings, wake.clone()))
        .await
        .map_err(RunError::Database)?;
    let server = Server::new(Limits::default());
    let state = AppState {
        control_token: settings.control_token.clone(),
        address: PublicAddress {
            external_url: settings
                .external_url
                .as_ref()
                .map(|url| Arc::from(url.as_str())),
            trust_forwarded: settings.trust_forwarded,
            ..PublicAddress::default()
        },
        ..AppState::new(master.clone())
    };
    let readiness = state.readiness.clone();
    let worlds = Worlds::new(&state, WorldLimits::default());
    // A reset leaves the world behind that was opened here: nobody else may hold it.
    drop(state);
    let background = {
        let worlds = worlds.clone();
        tokio::spawn(background::drive(move || worlds.masters(), wake))
    };
    let idle = {
        let worlds = worlds.clone();
        tokio::spawn(async move { worlds.watch_idle().await })
    };
    let tls = tls::of_listeners(given_identity, &listeners, &settings, &worlds).await?;
    listeners.serve(&server, tls.as_ref(), &settings, &worlds, &readiness);
>>>>>>> 23ccf5ca2431adc03133f6d4ba99dd5227bd2177

    let outcome = async {
        let master = master;
        tokio::select! {
            biased;
            () = stop.asked() => return Ok(()),
            seeded = process.seed(&settings) => seeded?,
        }
<<<<<<< HEAD
=======
        let (ca_certificate, database) = (
            master.authority_certificate_pem().to_owned(),
            master.database_path().to_owned(),
        );
        drop(master);
        let kept = worlds.default_world().keep_baseline().await;
        kept.map_err(|error| RunError::Fixture(SeedError::World(error)))?;
        readiness.set();
>>>>>>> 23ccf5ca2431adc03133f6d4ba99dd5227bd2177
        let _ready_file = settings
            .ready_file
            .clone()
            .map(|path| {
<<<<<<< HEAD
                ReadyFile::write(path.clone(), &process.described(&settings))
=======
                let content = serde_json::json!({
                    "pid": std::process::id(),
                    "version": env!("CARGO_PKG_VERSION"),
                    "urls": main_urls,
                    "control_urls": control_urls,
                    "ca_certificate": ca_certificate,
                    "database": database,
                    "seed": settings.seed,
                    "worlds": ["default"],
                });
                ReadyFile::write(path.clone(), &content)
>>>>>>> 23ccf5ca2431adc03133f6d4ba99dd5227bd2177
                    .map_err(|source| RunError::ReadyFile { path, source })
            })
            .transpose()?;
        announcer.ready(began.elapsed());
        stop.asked().await;
        Ok(())
    }
    .await;

    tracing::info!("stopping");
<<<<<<< HEAD
=======
    let end = async {
        // Who waits in a call for what will not happen any more is answered now.
        worlds.end_waits();
        server.stop().await;
        background.abort();
        idle.abort();
        if tokio::time::timeout(CLOSE_TIME, worlds.close())
            .await
            .is_err()
        {
            tracing::warn!("the database did not close in time");
        }
    };
>>>>>>> 23ccf5ca2431adc03133f6d4ba99dd5227bd2177
    tokio::select! {
        () = process.stop() => outcome,
        () = stop.asked() => Err(RunError::StoppedAtOnce),
    }
}
