//! How a master shall be before it is started.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

use serde_json::json;
use tempfile::TempDir;
use tokio::{runtime, sync::oneshot};

use super::Slapmaster;
use crate::{
    app::{Process, RunError},
    config::{Given, Raw, SETTINGS, SettingError, Settings, Source},
    domain::{behaviour::Preset, text::nearest},
};

/// How many threads answer for one master.
const THREADS: usize = 2;

/// A master that is to be started.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is started until `start` is called"]
pub struct Builder {
    settings: BTreeMap<String, Vec<String>>,
    fixtures: Vec<Part>,
    switches: serde_json::Map<String, serde_json::Value>,
    clock: serde_json::Map<String, serde_json::Value>,
    background: serde_json::Map<String, serde_json::Value>,
    https: bool,
    without_socket: bool,
}

/// A part of what the world begins with.
#[derive(Debug, Clone)]
enum Part {
    Text(String),
    File(PathBuf),
}

/// Why a master was not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no such setting.
    #[error("there is no setting `{name}`{}", .suggestion.map_or_else(
        String::new,
        |known| format!(", perhaps `{known}` was meant"),
    ))]
    UnknownSetting {
        /// As it was given.
        name: String,
        /// One that exists and is spelt almost so.
        suggestion: Option<&'static str>,
    },
    /// A setting is refused.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The server did not start: a fixture was refused, for example.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The system gives no thread, or no room for temporary files.
    #[error("cannot start a master: {0}")]
    System(#[from] io::Error),
    /// The server ended while it started, which is a bug.
    #[error("the master ended while it started")]
    Ended,
}

impl Builder {
    /// What the world begins with, in YAML or JSON; with others, all of them together.
    pub fn fixture(mut self, text: impl Into<String>) -> Self {
        self.fixtures.push(Part::Text(text.into()));
        self
    }

    /// The same, from a file.
    pub fn fixture_file(mut self, path: impl AsRef<Path>) -> Self {
        self.fixtures.push(Part::File(path.as_ref().to_owned()));
        self
    }

    /// Which master to be like.
    pub fn preset(self, preset: Preset) -> Self {
        self.setting("preset", preset.as_str())
    }

    /// One switch of the behaviour by its name: `("allocation.moment", "round")`.
    pub fn switch(mut self, name: &str, value: &str) -> Self {
        self.switches.insert(name.to_owned(), json!(value));
        self
    }

    /// What every random choice follows from.
    pub fn seed(self, seed: u64) -> Self {
        self.setting("seed", &seed.to_string())
    }

    /// The clock stands still at this time, as `2026-11-23T08:30:00Z`.
    pub fn frozen_at(mut self, now: &str) -> Self {
        self.clock.insert("mode".to_owned(), json!("frozen"));
        self.clock.insert("now".to_owned(), json!(now));
        self
    }

    /// The clock runs from this time.
    pub fn running_from(mut self, now: &str) -> Self {
        self.clock.insert("mode".to_owned(), json!("running"));
        self.clock.insert("now".to_owned(), json!(now));
        self
    }

    /// The background works on demand alone.
    pub fn background_on_demand(mut self) -> Self {
        self.background.insert("mode".to_owned(), json!("manual"));
        self
    }

    /// A computer that exists from the start, as `--default-computer`.
    pub fn default_computer(self, reference: &str) -> Self {
        self.setting("default-computer", reference)
    }

    /// Where the world is kept, instead of a temporary file.
    pub fn database(self, path: impl AsRef<Path>) -> Self {
        self.setting("database", &path.as_ref().to_string_lossy())
    }

    /// Also serves https, on another free port; callers there prove who they are.
    pub const fn https(mut self) -> Self {
        self.https = true;
        self
    }

    /// Listens nowhere: the master is called by [`Slapmaster::call`] alone.
    pub const fn without_socket(mut self) -> Self {
        self.without_socket = true;
        self
    }

    /// Any setting by the name of its flag, as `("journal-entries", "100")`; given again, it has
    /// several values or the last one, as on the command line.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        let values = self.settings.entry(name.to_owned()).or_default();
        values.push(value.to_owned());
        self
    }

    /// Starts the master. It is ready when this returns, with all that its fixtures describe.
    pub fn start(self) -> Result<Slapmaster, StartError> {
        let folder = TempDir::with_prefix("slapmaster-")?;
        let settings = self.settings(folder.path())?;
        let (report, started) = mpsc::sync_channel(1);
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("slapmaster".to_owned())
            .spawn(move || {
                let ready = Ready { report, folder };
                run(&settings, ready, stopped);
            })?;
        match started.recv() {
            Ok(Ok(started)) => Ok(Slapmaster {
                runtime: started.runtime,
                router: started.router,
                urls: started.urls,
                ca_certificate: started.ca_certificate,
                database: started.database,
                stop: Some(stop),
                thread: Some(thread),
            }),
            Ok(Err(error)) => {
                drop(thread.join());
                Err(error)
            }
            Err(_) => {
                drop(thread.join());
                Err(StartError::Ended)
            }
        }
    }

    /// What a command line would say, with the fixtures in files of this folder.
    fn settings(&self, folder: &Path) -> Result<Settings, StartError> {
        let mut raw = Raw::new();
        let mut give = |name: &'static str, values: Vec<String>| {
            let source = Source::Flag;
            raw.insert(name, Given { values, source });
        };
        for (name, values) in &self.settings {
            let mut names = SETTINGS.iter().map(|setting| setting.name);
            let Some(known) = names.clone().find(|known| known == name) else {
                let suggestion = nearest(name, &mut names);
                let name = name.clone();
                return Err(StartError::UnknownSetting { name, suggestion });
            };
            give(known, values.clone());
        }
        let mut fixtures = Vec::new();
        for (number, part) in self.parts().into_iter().enumerate() {
            fixtures.push(match part {
                Part::File(path) => path,
                Part::Text(text) => {
                    let path = folder.join(format!("fixture-{}.yaml", number + 1));
                    fs::write(&path, text)?;
                    path
                }
            });
        }
        let fixtures = fixtures.iter();
        let paths = fixtures.map(|path| path.to_string_lossy().into_owned());
        give("fixture", paths.collect());
        let mut listen = vec!["http://127.0.0.1:0".to_owned()];
        if self.https {
            listen.push("https://127.0.0.1:0".to_owned());
        }
        give("listen", listen);
        let mut settings = Settings::resolve(&raw)?;
        if self.without_socket {
            settings.listen.clear();
        }
        Ok(settings)
    }

    /// The fixtures, and behind them what the builder was told otherwise.
    fn parts(&self) -> Vec<Part> {
        let mut parts = self.fixtures.clone();
        let sections = [
            ("behaviour", &self.switches),
            ("clock", &self.clock),
            ("background", &self.background),
        ];
        for (name, section) in sections {
            if !section.is_empty() {
                parts.push(Part::Text(json!({ name: section }).to_string()));
            }
        }
        parts
    }
}

/// What whoever starts a master is told when it is ready.
struct Started {
    runtime: runtime::Handle,
    router: axum::Router,
    urls: Vec<String>,
    ca_certificate: String,
    database: PathBuf,
}

/// Whom to tell that it is ready, and what is needed until then.
struct Ready {
    report: mpsc::SyncSender<Result<Started, StartError>>,
    folder: TempDir,
}

/// The master's own thread, from the start to the end.
fn run(settings: &Settings, ready: Ready, stopped: oneshot::Receiver<()>) {
    let Ready { report, folder } = ready;
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("slapmaster")
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            drop(report.send(Err(error.into())));
            return;
        }
    };
    runtime.block_on(async {
        let process = match start(settings).await {
            Ok(process) => process,
            Err(error) => {
                drop(report.send(Err(error.into())));
                return;
            }
        };
        // The fixtures are read.
        drop(folder);
        let started = Started {
            runtime: runtime::Handle::current(),
            router: process.router(),
            urls: process.urls().to_vec(),
            ca_certificate: process.authority_certificate_pem(),
            database: process.database(),
        };
        drop(report.send(Ok(started)));
        // Also when whoever would stop it is gone.
        let _ = stopped.await;
        process.stop().await;
    });
}

async fn start(settings: &Settings) -> Result<Process, RunError> {
    let process = Process::start(settings, |_| {}).await?;
    match process.seed(settings).await {
        Ok(()) => Ok(process),
        Err(error) => {
            process.stop().await;
            Err(error)
        }
    }
}
