//! A server that runs: its listeners answer, its world works in the background.
//!
//! The order is: bind, open the world, answer; then seed it, and be ready; in the end, stop. Nobody
//! is told anything here but by the answers: what a command prints, and which signals stop it, is
//! the business of whoever runs it.

use std::{path::Path, sync::Arc, time::Duration};

use axum::Router;
use tokio::task::JoinHandle;

use crate::{
    config::Settings,
    domain::behaviour::Behaviour,
    front::{self, AppState, address::PublicAddress, log::logged},
    master::{AuthoritySource, Master, WorldSettings},
    mock::{background::Wake, clock::Clock, journal::JournalLimits, metrics::Metrics},
    net::{Endpoint, HangUp, Limits, Server},
};

use super::{
    RunError, background,
    listeners::{self, Listeners},
    seed, slapproxy, tls,
};

/// How long the world may take to close; a client that waits for the end of the process waits
/// this long too.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// A server that runs until [`Process::stop`].
#[derive(Debug)]
pub struct Process {
    server: Server,
    state: AppState,
    background: JoinHandle<()>,
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
        let tls = tls::of_listeners(given_identity, &listeners, settings, &master).await?;
        let background = {
            let master = master.clone();
            tokio::spawn(background::drive(move || vec![master.clone()], wake))
        };
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
            ..AppState::new(master)
        };
        listeners.serve(&server, tls.as_ref(), settings, &state);
        Ok(Self {
            server,
            state,
            background,
            main_urls,
            control_urls,
        })
    }

    /// Takes a slapproxy's world over, then loads the fixtures: all are read, then all are
    /// applied, before the world is ready.
    pub async fn seed(&self, settings: &Settings) -> Result<(), RunError> {
        if let Some(settings) = &settings.slapproxy {
            slapproxy::take_over(settings, &self.state.master).await?;
        }
        let files = seed::files(settings.fixture_dir.as_deref(), &settings.fixtures)?;
        seed::load(&files, &self.state.master).await?;
        self.state.readiness.set();
        Ok(())
    }

    /// Where the protocol is served.
    pub fn urls(&self) -> &[String] {
        &self.main_urls
    }

    /// What answers without a listener: everything, to everybody. An answer that nobody is to get
    /// is marked with [`HangUp`].
    pub fn router(&self) -> Router {
        let service = logged(front::router(self.state.clone()), |response| {
            response.extensions_mut().insert(HangUp);
        });
        Router::new().fallback_service(service)
    }

    /// The certificate of the world's authority, in PEM.
    pub fn authority_certificate_pem(&self) -> String {
        self.state.master.authority_certificate_pem().to_owned()
    }

    /// The file that keeps the world.
    pub fn database(&self) -> &Path {
        self.state.master.database_path()
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
        let master = &self.state.master;
        // Who waits in a call for what will not happen any more is answered now.
        master.journal().end();
        self.server.stop().await;
        self.background.abort();
        if tokio::time::timeout(CLOSE_TIME, master.close())
            .await
            .is_err()
        {
            tracing::warn!("the database did not close in time");
        }
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
