//! A server that runs: its listeners answer, its world works in the background.
//!
//! The order is: bind, open the world, answer; then seed it, and be ready; in the end, stop. Nobody
//! is told anything here but by the answers: what a command prints, and which signals stop it, is
//! the business of whoever runs it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::Router;
use tokio::task::JoinHandle;

use crate::{
    config::Settings,
    domain::behaviour::Behaviour,
    front::{
        self, AppState,
        address::{PublicAddress, Scheme},
        auth::Access,
        log::logged,
        readiness::Readiness,
        worlds::{Surface, WorldLimits, Worlds},
    },
    master::{AuthoritySource, Master, Spares, WorldSettings},
    mock::{background::Wake, clock::Clock, journal::JournalLimits, metrics::Metrics},
    net::{Endpoint, HangUp, Limits, Server},
};

use super::{
    RunError, background,
    listeners::{self, Listeners},
    seed::{self, SeedError},
    slapproxy, tls,
};

/// How long the world may take to close; a client that waits for the end of the process waits
/// this long too.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// A server that runs until [`Process::stop`].
#[derive(Debug)]
pub struct Process {
    server: Server,
    worlds: Worlds,
    readiness: Readiness,
    background: [JoinHandle<()>; 2],
    main_urls: Vec<String>,
    control_urls: Vec<String>,
}

impl Process {
    /// Binds the listeners that the settings name, each of which is `announced`, opens the world
    /// and answers. Calls of the protocol wait until the world is seeded.
    pub async fn start(
        settings: &Settings,
        announced: impl Fn(&Endpoint),
    ) -> Result<Self, RunError> {
        let given_identity = settings
            .tls_files
            .as_ref()
            .map(tls::read_identity)
            .transpose()?;
        let listeners = Listeners::bind(settings)?;
        for listener in listeners.all() {
            announced(listener.endpoint());
        }
        listeners::warn_if_reachable(listeners.all(), settings);
        let (main_urls, control_urls) = listeners.urls();

        let wake = Wake::default();
        let master = Master::open(world(settings, wake.clone()))
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
            ..AppState::new(master)
        };
        let readiness = state.readiness.clone();
        // Nobody else holds the world that was opened here: a reset leaves it behind.
        let worlds = Worlds::new(&state, WorldLimits::default());
        drop(state);
        let (driven, watched) = (worlds.clone(), worlds.clone());
        let background = [
            tokio::spawn(background::drive(move || driven.masters(), wake)),
            tokio::spawn(async move { watched.watch_idle().await }),
        ];
        let tls = tls::of_listeners(given_identity, &listeners, settings, &worlds).await?;
        listeners.serve(&server, tls.as_ref(), settings, &worlds, &readiness);
        Ok(Self {
            server,
            worlds,
            readiness,
            background,
            main_urls,
            control_urls,
        })
    }

    /// Takes a slapproxy's world over, then loads the fixtures: all are read, then all are
    /// applied, before the world is ready.
    pub async fn seed(&self, settings: &Settings) -> Result<(), RunError> {
        let world = self.worlds.default_world();
        let master = world.master();
        if let Some(settings) = &settings.slapproxy {
            slapproxy::take_over(settings, &master).await?;
        }
        let files = seed::files(settings.fixture_dir.as_deref(), &settings.fixtures)?;
        seed::load(&files, &master).await?;
        let kept = world.keep_baseline().await;
        kept.map_err(|error| RunError::Fixture(SeedError::World(error)))?;
        self.readiness.set();
        Ok(())
    }

    /// Where the protocol is served.
    pub fn urls(&self) -> &[String] {
        &self.main_urls
    }

    /// What answers without a listener: everything, to everybody. An answer that nobody is to get
    /// is marked with [`HangUp`].
    pub fn router(&self) -> Router {
        let (surface, access) = (Surface::Everything, Access::default());
        let served = front::serve(&self.worlds, surface, access, Scheme::Http);
        let service = logged(served, |response| {
            response.extensions_mut().insert(HangUp);
        });
        Router::new().fallback_service(service)
    }

    /// The certificate of the world's authority, in PEM.
    pub fn authority_certificate_pem(&self) -> String {
        let master = self.worlds.default_world().master();
        master.authority_certificate_pem().to_owned()
    }

    /// The file that keeps the default world.
    pub fn database(&self) -> PathBuf {
        let master = self.worlds.default_world().master();
        master.database_path().to_owned()
    }

    /// What the ready file says.
    pub(super) fn described(&self, settings: &Settings) -> serde_json::Value {
        serde_json::json!({
            "pid": std::process::id(),
            "version": env!("CARGO_PKG_VERSION"),
            "urls": self.main_urls,
            "control_urls": self.control_urls,
            "ca_certificate": self.authority_certificate_pem(),
            "database": self.database(),
            "seed": settings.seed,
            "worlds": ["default"],
        })
    }

    /// Finishes the requests that run, closes the world and removes what is temporary.
    pub async fn stop(self) {
        // Who waits in a call for what will not happen any more is answered now.
        self.worlds.end_waits();
        self.server.stop().await;
        for task in self.background {
            task.abort();
        }
        if tokio::time::timeout(CLOSE_TIME, self.worlds.close())
            .await
            .is_err()
        {
            tracing::warn!("the database did not close in time");
        }
    }
}

/// Where the certificate authority of the world comes from: a directory wins over fixtures.
fn authority(settings: &Settings) -> AuthoritySource {
    if let Some(directory) = &settings.ca_dir {
        return AuthoritySource::Directory(directory.clone());
    }
    let given = seed::authority(settings.fixture_dir.as_deref(), &settings.fixtures);
    given.map_or(AuthoritySource::World, AuthoritySource::Given)
}

fn world(settings: &Settings, wake: Wake) -> WorldSettings {
    let limits = JournalLimits::default();
    WorldSettings {
        database: settings.database.clone(),
        behaviour: Behaviour::preset(settings.preset),
        default_computer: settings.default_computer.clone(),
        seed: settings.seed,
        clock: Clock::system(),
        authority: authority(settings),
        journal: JournalLimits {
            entries: settings.journal_entries.unwrap_or(limits.entries),
            bytes: settings.journal_bytes.unwrap_or(limits.bytes),
            bodies: !settings.journal_without_bodies,
        },
        metrics: Metrics::default(),
        wake,
        other_masters: settings.other_masters.clone(),
        spares: Spares::default(),
    }
}
