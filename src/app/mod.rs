//! Builds the rooms in order, hands them to the listeners, and takes them down again.
//!
//! The order is: bind, announce, open the world, answer, import, load the fixtures, ready. Health is
//! answered from the moment the world is open; calls of the protocol wait until it is ready.
//! Start with [`run`].

pub mod announce;
mod background;
mod listeners;
pub mod logging;
mod ready_file;
pub mod seed;
pub mod slapproxy;
mod stop;
mod tls;

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    config::{LogFormat, Settings},
    domain::behaviour::Behaviour,
    front::{self, AppState, address::PublicAddress},
    master::{AuthoritySource, Master, OpenError, WorldSettings},
    mock::{background::Wake, clock::Clock, journal::JournalLimits, metrics::Metrics},
    net::{BindError, Limits, Server},
};

use self::{
    announce::Announcer,
    listeners::Listeners,
    ready_file::ReadyFile,
    seed::SeedError,
    slapproxy::ImportError,
    stop::StopSignals,
    tls::{IssueError, TlsFileError},
};

/// How long the world may take to close; a client that waits for the end of the process waits
/// this long too.
const CLOSE_TIME: Duration = Duration::from_secs(5);

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
    let background = {
        let master = master.clone();
        tokio::spawn(background::drive(move || vec![master.clone()], wake))
    };
    let tls = tls::of_listeners(given_identity, &listeners, &settings, &master).await?;
    let server = Server::new(Limits::default());
    let state = AppState {
        control_token: settings.control_token.clone(),
        address: PublicAddress {
            external_url: settings
                .external_url
                .as_ref()
                .map(|url| Arc::from(url.as_str())),
            trust_forwarded: settings.trust_forwarded,
            scheme: front::address::Scheme::Http,
        },
        ..AppState::new(master.clone())
    };
    listeners.serve(&server, tls.as_ref(), &settings, &state);

    let outcome = async {
        tokio::select! {
            biased;
            () = stop.asked() => return Ok(()),
            seeded = seed_world(&settings, &master) => seeded?,
        }
        state.readiness.set();
        let _ready_file = settings
            .ready_file
            .clone()
            .map(|path| {
                let content = serde_json::json!({
                    "pid": std::process::id(),
                    "version": env!("CARGO_PKG_VERSION"),
                    "urls": main_urls,
                    "control_urls": control_urls,
                    "ca_certificate": master.authority_certificate_pem(),
                    "database": master.database_path(),
                    "seed": settings.seed,
                    "worlds": ["default"],
                });
                ReadyFile::write(path.clone(), &content)
                    .map_err(|source| RunError::ReadyFile { path, source })
            })
            .transpose()?;
        announcer.ready(began.elapsed());
        stop.asked().await;
        Ok(())
    }
    .await;

    tracing::info!("stopping");
    let end = async {
        // Who waits in a call for what will not happen any more is answered now.
        master.journal().end();
        server.stop().await;
        background.abort();
        if tokio::time::timeout(CLOSE_TIME, master.close())
            .await
            .is_err()
        {
            tracing::warn!("the database did not close in time");
        }
    };
    tokio::select! {
        () = end => outcome,
        () = stop.asked() => Err(RunError::StoppedAtOnce),
    }
}

fn world(settings: &Settings, wake: Wake) -> WorldSettings {
    let limits = JournalLimits::default();
    WorldSettings {
        database: settings.database.clone(),
        behaviour: Behaviour::preset(settings.preset),
        default_computer: settings.default_computer.clone(),
        seed: settings.seed,
        clock: Clock::system(),
        authority: settings
            .ca_dir
            .clone()
            .map_or(AuthoritySource::World, AuthoritySource::Directory),
        journal: JournalLimits {
            entries: settings.journal_entries.unwrap_or(limits.entries),
            bytes: settings.journal_bytes.unwrap_or(limits.bytes),
            bodies: !settings.journal_without_bodies,
        },
        metrics: Metrics::default(),
        wake,
        other_masters: settings.other_masters.clone(),
    }
}

/// Takes a slapproxy's world over, then loads the fixtures: all are read, then all are applied,
/// before anything is ready.
async fn seed_world(settings: &Settings, master: &Master) -> Result<(), RunError> {
    if let Some(settings) = &settings.slapproxy {
        slapproxy::take_over(settings, master).await?;
    }
    let files = seed::files(settings.fixture_dir.as_deref(), &settings.fixtures)?;
    Ok(seed::load(&files, master).await?)
}
