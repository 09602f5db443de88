//! Builds the rooms in order, hands them to the listeners, and takes them down again.
//!
//! The order is: bind, announce, open the world, answer, load the fixtures, ready. Health is
//! answered from the moment the world is open; calls of the protocol wait until it is ready.
//! Start with [`run`].

pub mod announce;
pub mod logging;
mod ready_file;
pub mod seed;
mod stop;

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    config::{LogFormat, Settings},
    domain::behaviour::Behaviour,
    front::{
        self, AppState,
        address::PublicAddress,
        log::logged,
        readiness::{Readiness, held_until_ready},
    },
    master::{AuthoritySource, Master, OpenError, WorldSettings},
    mock::clock::Clock,
    net::{BindError, Endpoint, Limits, Listener, Server, guard::guarded},
};

use self::{announce::Announcer, ready_file::ReadyFile, seed::SeedError, stop::StopSignals};

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
            Self::ReadyFile { .. } => 2,
            Self::Fixture(error) => error.exit_code(),
            Self::Listen(_) => 4,
            Self::Database(OpenError::Authority { .. }) => 2,
            Self::Database(_) => 5,
        }
    }
}

/// Serves until a signal (or the parent's end) stops it. `began` is when the process started.
pub async fn run(settings: Settings, began: Instant) -> Result<(), RunError> {
    let mut stop = StopSignals::install(settings.exit_with_parent).map_err(RunError::Signals)?;
    let announcer = Announcer::new(settings.log_format == LogFormat::Json);

    let main = bind_all(&settings.listen)?;
    let control = bind_all(&settings.control_listen)?;
    for listener in main.iter().chain(&control) {
        announcer.listening(listener.endpoint());
    }
    warn_if_reachable(main.iter().chain(&control));
    let urls = |listeners: &[Listener]| -> Vec<String> {
        listeners
            .iter()
            .map(|listener| listener.endpoint().to_string())
            .collect()
    };
    let (main_urls, control_urls) = (urls(&main), urls(&control));

    let master = Master::open(world(&settings))
        .await
        .map_err(RunError::Database)?;
    let background = {
        let master = master.clone();
        tokio::spawn(async move { master.run_background().await })
    };
    let server = Server::new(Limits::default());
    let readiness = Readiness::default();
    let state = AppState {
        master: master.clone(),
        readiness: readiness.clone(),
        access: front::auth::Access::default(),
        address: PublicAddress {
            external_url: settings
                .external_url
                .as_ref()
                .map(|url| Arc::from(url.as_str())),
            trust_forwarded: settings.trust_forwarded,
            scheme: front::address::Scheme::Http,
        },
        slap: front::slap::SlapState::default(),
    };
    serve_all(&server, main, control, &state);

    let outcome = async {
        tokio::select! {
            biased;
            () = stop.asked() => return Ok(()),
            seeded = seed_world(&settings, &master) => seeded?,
        }
        readiness.set();
        let _ready_file = settings
            .ready_file
            .clone()
            .map(|path| {
                let content = serde_json::json!({
                    "pid": std::process::id(),
                    "version": env!("CARGO_PKG_VERSION"),
                    "urls": main_urls,
                    "control_urls": control_urls,
                    "ca_certificate": null,
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

fn world(settings: &Settings) -> WorldSettings {
    WorldSettings {
        database: settings.database.clone(),
        behaviour: Behaviour::preset(settings.preset),
        default_computer: settings.default_computer.clone(),
        seed: settings.seed,
        clock: Clock::system(),
        authority: AuthoritySource::World,
    }
}

/// Loads the fixtures: all are read, then all are applied, before anything is ready.
async fn seed_world(settings: &Settings, master: &Master) -> Result<(), RunError> {
    let files = seed::files(settings.fixture_dir.as_deref(), &settings.fixtures)?;
    Ok(seed::load(&files, master).await?)
}

fn bind_all(endpoints: &[Endpoint]) -> Result<Vec<Listener>, RunError> {
    let mut listeners = Vec::new();
    for endpoint in endpoints {
        match Listener::bind(endpoint) {
            Ok(listener) => listeners.push(listener),
            // `0.0.0.0` beside `[::]` means "wherever you can": a machine without IPv6 is no
            // reason to refuse.
            Err(error) if error.is_unsupported_family() && endpoints.len() > 1 => {
                tracing::warn!(error = %error.source, "not listening on {endpoint}");
            }
            Err(error) => return Err(RunError::Listen(error)),
        }
    }
    Ok(listeners)
}

fn warn_if_reachable<'l>(mut listeners: impl Iterator<Item = &'l Listener>) {
    if let Some(listener) = listeners.find(|listener| !listener.endpoint().is_local()) {
        tracing::warn!(
            "{} can be reached from other machines, and whoever reaches it may change everything: \
             this is a mock for tests only",
            listener.endpoint()
        );
    }
}

fn serve_all(server: &Server, main: Vec<Listener>, control: Vec<Listener>, state: &AppState) {
    let serve = |listeners: Vec<Listener>, router: axum::Router| {
        let held = held_until_ready(router, state.readiness.clone());
        let service = logged(guarded(held, Limits::default()));
        for listener in listeners {
            server.serve(listener, service.clone());
        }
    };
    if control.is_empty() {
        serve(main, front::router(state.clone()));
    } else {
        serve(main, front::protocol_router(state.clone()));
        serve(control, front::control_router(state.clone()));
    }
}
