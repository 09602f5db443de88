//! The settings of the process: from a flag, an environment variable, a `slapos.cfg` or a default,
//! checked once.
//!
//! [`SETTINGS`] is the one list of them: flags, variables, help and `slapmaster config` are made
//! of it. Nothing below `app` sees a [`Settings`]; rooms get values. What describes a world is in
//! fixtures, not here.

mod list;
pub mod slapos_cfg;
mod value;
mod variable;
mod written;

use std::{collections::BTreeMap, fmt, path::PathBuf};

use axum::http::HeaderName;

use crate::{
    domain::{
        behaviour::Preset,
        forwarding::OtherMaster,
        identifier::{ComputerReference, ProductReference, SoftwareReleaseUri},
        local_release::ReleaseRoot,
        secret::Secret,
    },
    net::{ClientCertificates, Endpoint, TlsName},
};

pub use self::{
    list::{CTL_VARIABLES, SETTINGS, Setting, Shape, VARIABLE_PREFIX},
    value::{AccessPolicy, ExternalUrl, LogFormat, LogLevel},
    variable::{check_variables, split_values},
    written::Written,
};
use self::{
    slapos_cfg::SlaposCfgError,
    value::{
        client_certificates, count, endpoint, external_url, header_name, number, path, switch,
        tls_name, token, word,
    },
};

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Variable,
    /// The `slapos.cfg` that a flag or a variable names.
    SlaposCfg,
    /// None of them.
    Default,
}

/// The values of one setting, as they were written.
#[derive(Clone, PartialEq, Eq)]
pub struct Given {
    /// In the order given; none for a setting without a default.
    pub values: Vec<String>,
    /// Where they came from.
    pub source: Source,
}

// Without the values: one may be a secret, which only its setting knows.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// The values of all settings by name, as they were written.
pub type Raw = BTreeMap<&'static str, Given>;

/// The checked settings of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the protocol is served; at least one.
    pub listen: Vec<Endpoint>,
    /// Where the control surface is served instead of on `listen`; usually none.
    pub control_listen: Vec<Endpoint>,
    /// A folder that keeps the authority, which then is not the world's own.
    pub ca_dir: Option<PathBuf>,
    /// Further names that the server's certificate is made out to.
    pub tls_names: Vec<TlsName>,
    /// The server's certificate and key, instead of one that the authority issues.
    pub tls_files: Option<TlsFiles>,
    /// Whether a client has to show a certificate in the handshake.
    pub client_certificates: ClientCertificates,
    /// The header in which a trusted proxy names the caller.
    pub identity_header: Option<HeaderName>,
    /// Where callers have to prove who they are.
    pub access: AccessPolicy,
    /// What a caller of the control surface has to know.
    pub control_token: Option<Secret>,
    /// The file that keeps the world.
    pub database: Option<PathBuf>,
    /// What to start with, in this order.
    pub fixtures: Vec<PathBuf>,
    /// A directory of fixtures that come first.
    pub fixture_dir: Option<PathBuf>,
    /// Which master to be like.
    pub preset: Preset,
    /// A computer that exists from the start.
    pub default_computer: Option<ComputerReference>,
    /// What absolute URLs begin with.
    pub external_url: Option<ExternalUrl>,
    /// Whether headers of a proxy are believed.
    pub trust_forwarded: bool,
    /// What is logged.
    pub log_level: LogLevel,
    /// How it is logged.
    pub log_format: LogFormat,
    /// How many entries a journal keeps, where that is said.
    pub journal_entries: Option<usize>,
    /// How many bytes they may take, where that is said.
    pub journal_bytes: Option<usize>,
    /// Whether they are kept without bodies.
    pub journal_without_bodies: bool,
    /// Where to tell that the server is ready.
    pub ready_file: Option<PathBuf>,
    /// Whether to end with the parent process.
    pub exit_with_parent: bool,
    /// What random choices follow from.
    pub seed: u64,
    /// What a `slapos.cfg` says that only it can say.
    pub slapproxy: Option<SlapproxySettings>,
    /// Other masters, to which requests may be forwarded.
    pub other_masters: Vec<OtherMaster>,
    /// What was given without effect, in words.
    pub warnings: Vec<String>,
}

/// What a server does that stands in for a slapproxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlapproxySettings {
    /// Slapproxy's database, which is imported into a world that is still empty.
    pub database: Option<PathBuf>,
    /// The folder that local software releases are below.
    pub release_root: ReleaseRoot,
    /// The software products, each with its one release.
    pub products: Vec<(ProductReference, SoftwareReleaseUri)>,
}

/// A server certificate in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The PEM file of the certificate, with the chain to its authority behind it.
    pub certificate: PathBuf,
    /// The PEM file of its key.
    pub key: PathBuf,
}

/// A setting whose value was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The `slapos.cfg` is refused.
    #[error(transparent)]
    SlaposCfg(#[from] SlaposCfgError),
    /// The value is not one that the setting can have.
    #[error("{place}: `{value}`: {why}")]
    Value {
        /// The flag or variable.
        place: String,
        /// The refused value.
        value: String,
        /// What was expected.
        why: String,
    },
    /// A setting that means nothing without another.
    #[error("--{given} needs --{missing}: give both or none")]
    Alone {
        /// The setting that was given.
        given: &'static str,
        /// The one that was not.
        missing: &'static str,
    },
    /// Two settings that say different things.
    #[error("--tls-name has no effect with --tls-cert, which says its own names: give one of them")]
    NamesOfGivenCertificate,
    /// A setting of TLS where nothing speaks TLS.
    #[error("--{0} has no effect without an https listener: add --listen https://127.0.0.1:5443")]
    NothingSpeaksTls(&'static str),
    /// Two endpoints are the same.
    #[error("`{0}` is taken by another listener: give each its own address or port")]
    Twice(Endpoint),
    /// A variable with our prefix that means nothing.
    #[error("there is no setting `{name}`{}", .suggestion.map_or_else(
        || "; `slapmaster config` lists those that exist".to_owned(),
        |known| format!(", perhaps `{known}`"),
    ))]
    UnknownVariable {
        /// Its name.
        name: String,
        /// A variable that exists and is spelt almost so.
        suggestion: Option<&'static str>,
    },
}

impl Settings {
    /// Checks everything that was written.
    pub fn resolve(raw: &Raw) -> Result<Self, SettingError> {
        Self::of(&Written::complete(raw)?)
    }

    /// Checks what was written and completed.
    pub fn of(written: &Written) -> Result<Self, SettingError> {
        let reader = Reader(&written.raw);
        let cfg = written.slapos_cfg.as_ref();
        let settings = Self {
            listen: reader.all("listen", endpoint)?,
            control_listen: reader.all("control-listen", endpoint)?,
            ca_dir: reader.one("ca-dir", path)?,
            tls_names: reader.all("tls-name", tls_name)?,
            tls_files: tls_files(&reader)?,
            client_certificates: reader
                .one("client-certificate", client_certificates)?
                .unwrap_or_default(),
            identity_header: reader.one("trust-identity-header", header_name)?,
            access: reader.one("access", word)?.unwrap_or_default(),
            control_token: reader.one("control-token", token)?,
            database: reader.one("database", path)?,
            fixtures: reader.all("fixture", path)?,
            fixture_dir: reader.one("fixture-dir", path)?,
            preset: reader.one("preset", word)?.unwrap_or_default(),
            default_computer: reader.one("default-computer", |text| {
                ComputerReference::parse("default-computer", text).map_err(|refused| refused.reason)
            })?,
            external_url: reader.one("external-url", external_url)?,
            trust_forwarded: reader.one("trust-forwarded", switch)?.unwrap_or_default(),
            log_level: reader
                .one("log-level", word)?
                .unwrap_or(LogLevel(tracing::level_filters::LevelFilter::INFO)),
            log_format: reader.one("log-format", word)?.unwrap_or(LogFormat::Text),
            journal_entries: reader.one("journal-entries", count)?,
            journal_bytes: reader.one("journal-bytes", count)?,
            journal_without_bodies: reader
                .one("journal-without-bodies", switch)?
                .unwrap_or_default(),
            ready_file: reader.one("ready-file", path)?,
            exit_with_parent: reader.one("exit-with-parent", switch)?.unwrap_or_default(),
            seed: reader.one("seed", number)?.unwrap_or_default(),
            slapproxy: cfg.map(|cfg| SlapproxySettings {
                database: cfg.database.clone(),
                release_root: cfg.release_root.clone(),
                products: cfg.products.clone(),
            }),
            other_masters: cfg.map_or_else(Vec::new, |cfg| cfg.other_masters.clone()),
            warnings: cfg.map_or_else(Vec::new, |cfg| cfg.warnings.clone()),
        };
        settings.check_listeners()?;
        settings.check_tls()?;
        Ok(settings)
    }

    /// All endpoints, those of the protocol first.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.listen.iter().chain(&self.control_listen)
    }

    /// Whether callers have to prove who they are on a listener.
    pub fn demands_certificates(&self, endpoint: &Endpoint) -> bool {
        match self.access {
            AccessPolicy::ByListener => endpoint.is_tls() || self.identity_header.is_some(),
            AccessPolicy::Open => false,
            AccessPolicy::Certificate => true,
        }
    }

    fn check_listeners(&self) -> Result<(), SettingError> {
        let mut seen: Vec<&Endpoint> = Vec::new();
        for endpoint in self.endpoints() {
            if seen.iter().any(|other| other.collides_with(endpoint)) {
                return Err(SettingError::Twice(endpoint.clone()));
            }
            seen.push(endpoint);
        }
        Ok(())
    }

    /// Refuses settings of TLS that would silently do nothing.
    fn check_tls(&self) -> Result<(), SettingError> {
        if self.tls_files.is_some() && !self.tls_names.is_empty() {
            return Err(SettingError::NamesOfGivenCertificate);
        }
        if self.endpoints().any(Endpoint::is_tls) {
            return Ok(());
        }
        let without_effect = [
            (self.tls_files.is_some(), "tls-cert"),
            (!self.tls_names.is_empty(), "tls-name"),
            (
                self.client_certificates == ClientCertificates::Required,
                "client-certificate",
            ),
        ];
        match without_effect.iter().find(|(given, _)| *given) {
            Some((_, name)) => Err(SettingError::NothingSpeaksTls(name)),
            None => Ok(()),
        }
    }
}

fn tls_files(reader: &Reader<'_>) -> Result<Option<TlsFiles>, SettingError> {
    let alone = |given, missing| Err(SettingError::Alone { given, missing });
    match (reader.one("tls-cert", path)?, reader.one("tls-key", path)?) {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (None, None) => Ok(None),
        (Some(_), None) => alone("tls-cert", "tls-key"),
        (None, Some(_)) => alone("tls-key", "tls-cert"),
    }
}

struct Reader<'raw>(&'raw Raw);

impl Reader<'_> {
    fn all<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, SettingError> {
        let Some(given) = self.0.get(name) else {
            return Ok(Vec::new());
        };
        given
            .values
            .iter()
            .map(|value| {
                read(value).map_err(|why| SettingError::Value {
                    place: match given.source {
                        Source::Variable => variable_of(name).to_owned(),
                        Source::Flag | Source::SlaposCfg | Source::Default => {
                            format!("--{name}")
                        }
                    },
                    value: shown(name, value).to_owned(),
                    why,
                })
            })
            .collect()
    }

    fn one<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, SettingError> {
        Ok(self.all(name, read)?.pop())
    }
}

fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

fn variable_of(name: &str) -> &str {
    setting(name).map_or(name, |setting| setting.variable)
}

/// The value as it may be shown.
fn shown<'v>(name: &str, value: &'v str) -> &'v str {
    match setting(name).map(|setting| setting.shape) {
        Some(Shape::Secret(_)) => "[secret]",
        Some(Shape::Value(_) | Shape::Values(_) | Shape::Switch) | None => value,
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "command line",
            Self::Variable => "environment",
            Self::SlaposCfg => "slapos.cfg",
            Self::Default => "default",
        })
    }
}

#[cfg(test)]
mod tests;
