//! The settings of the process: from a flag, an environment variable or a default, checked once.
//!
//! [`SETTINGS`] is the one list of them: flags, variables, help and `slapmaster config` are made
//! of it. Nothing below `app` sees a [`Settings`]; rooms get values. What describes a world is in
//! fixtures, not here.

mod list;

use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr};

use crate::{
    domain::{behaviour::Preset, identifier::ComputerReference, state::UnknownWord},
    net::{Endpoint, EndpointError},
};

pub use self::list::{SETTINGS, Setting, Shape, VARIABLE_PREFIX};

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Variable,
    /// Neither.
    Default,
}

/// The values of one setting, as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// In the order given; none for a setting without a default.
    pub values: Vec<String>,
    /// Where they came from.
    pub source: Source,
}

/// The values of all settings by name, as they were written.
pub type Raw = BTreeMap<&'static str, Given>;

/// How to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(UnknownWord {
                found: text.to_owned(),
                expected: &["text", "json"],
            }),
        }
    }
}

/// The least severe level that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLevel(pub tracing::level_filters::LevelFilter);

impl FromStr for LogLevel {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        const WORDS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
        let known = WORDS.contains(&text).then(|| text.parse().ok()).flatten();
        known.map(Self).ok_or_else(|| UnknownWord {
            found: text.to_owned(),
            expected: WORDS,
        })
    }
}

/// What absolute URLs in answers begin with, for example `https://slap.example/base`; never ends
/// with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalUrl(String);

impl ExternalUrl {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The checked settings of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the protocol is served; at least one.
    pub listen: Vec<Endpoint>,
    /// Where the control surface is served instead of on `listen`; usually none.
    pub control_listen: Vec<Endpoint>,
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
    /// Where to tell that the server is ready.
    pub ready_file: Option<PathBuf>,
    /// Whether to end with the parent process.
    pub exit_with_parent: bool,
    /// What random choices follow from.
    pub seed: u64,
}

/// A setting whose value was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
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
    /// Two endpoints are the same.
    #[error("`{0}` is listed twice: give each listener its own address or port")]
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
        let reader = Reader(raw);
        let settings = Self {
            listen: reader.all("listen", endpoint)?,
            control_listen: reader.all("control-listen", endpoint)?,
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
            ready_file: reader.one("ready-file", path)?,
            exit_with_parent: reader.one("exit-with-parent", switch)?.unwrap_or_default(),
            seed: reader.one("seed", number)?.unwrap_or_default(),
        };
        let mut seen: Vec<&Endpoint> = Vec::new();
        for endpoint in settings.listen.iter().chain(&settings.control_listen) {
            if seen.contains(&endpoint) && !endpoint.has_free_port() {
                return Err(SettingError::Twice(endpoint.clone()));
            }
            seen.push(endpoint);
        }
        Ok(settings)
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
                        Source::Flag | Source::Default => format!("--{name}"),
                    },
                    value: value.clone(),
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

fn variable_of(name: &str) -> &str {
    SETTINGS
        .iter()
        .find(|setting| setting.name == name)
        .map_or(name, |setting| setting.variable)
}

fn endpoint(text: &str) -> Result<Endpoint, String> {
    text.parse()
        .map_err(|error: EndpointError| error.to_string())
}

fn word<T: FromStr<Err = UnknownWord>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|unknown: UnknownWord| {
        let expected = unknown.expected.join("`, `");
        nearest(text, unknown.expected.iter().copied()).map_or_else(
            || format!("expected one of `{expected}`"),
            |near| format!("expected one of `{expected}`, perhaps `{near}`"),
        )
    })
}

fn not_empty(text: &str) -> Result<(), String> {
    if text.is_empty() {
        Err("is empty: leave the setting out instead".to_owned())
    } else {
        Ok(())
    }
}

fn path(text: &str) -> Result<PathBuf, String> {
    not_empty(text).map(|()| PathBuf::from(text))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("expected `true` or `false`".to_owned()),
    }
}

fn external_url(text: &str) -> Result<ExternalUrl, String> {
    let form = || "expected `http://HOST[:PORT][/PATH]` or the same with https".to_owned();
    let uri: axum::http::Uri = text.parse().map_err(|_| form())?;
    let known_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    if !known_scheme || uri.host().is_none_or(str::is_empty) {
        return Err(form());
    }
    if uri.query().is_some() || text.contains(['#', '@']) {
        return Err("only a host, a port and a path".to_owned());
    }
    Ok(ExternalUrl(text.trim_end_matches('/').to_owned()))
}

/// Refuses variables (names and values) with our prefix that are no setting, since a misspelt one
/// would silently do nothing.
pub fn check_variables<'v>(
    variables: impl IntoIterator<Item = (&'v str, &'v str)>,
) -> Result<(), SettingError> {
    let known = || SETTINGS.iter().map(|setting| setting.variable);
    for (name, value) in variables {
        if name.starts_with(VARIABLE_PREFIX)
            && !known().any(|variable| variable == name)
            && !is_service_link(name, value)
        {
            return Err(SettingError::UnknownVariable {
                name: name.to_owned(),
                suggestion: nearest(
                    name.trim_start_matches(VARIABLE_PREFIX),
                    known().map(|variable| variable.trim_start_matches(VARIABLE_PREFIX)),
                )
                .and_then(|near| known().find(|variable| variable.ends_with(near))),
            });
        }
    }
    Ok(())
}

/// Whether Kubernetes (or a Docker link) made the variable for a service called `slapmaster`.
fn is_service_link(name: &str, value: &str) -> bool {
    let rest = name.trim_start_matches(VARIABLE_PREFIX);
    rest.starts_with("SERVICE_HOST")
        || rest.starts_with("SERVICE_PORT")
        || rest.starts_with("PORT_")
        || (rest == "PORT" && value.contains("://"))
}

/// The candidate that is spelt most like `text`, if any is close.
pub fn nearest<'c>(text: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(text, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// The words of a variable that holds several values.
pub fn split_values(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t', '\n'])
        .filter(|value| !value.is_empty())
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "command line",
            Self::Variable => "environment",
            Self::Default => "default",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(name: &'static str, values: &[&str], source: Source) -> Raw {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Raw::from([(name, Given { values, source })])
    }

    #[test]
    fn variables_are_the_flags_in_upper_case() {
        for setting in SETTINGS {
            let expected = setting.name.to_uppercase().replace('-', "_");
            assert_eq!(setting.variable, format!("{VARIABLE_PREFIX}{expected}"));
        }
    }

    #[test]
    fn every_default_is_a_value_that_its_setting_takes() {
        for setting in SETTINGS
            .iter()
            .filter(|setting| !setting.default.is_empty())
        {
            Settings::resolve(&raw(setting.name, &[setting.default], Source::Default)).unwrap();
        }
    }

    #[test]
    fn a_refused_value_is_shown_with_where_it_came_from_and_what_was_expected() {
        for (name, value, source, expected) in [
            (
                "preset",
                "slapproxi",
                Source::Flag,
                "--preset: `slapproxi`: expected one of `default`, `real`, `slapproxy`, \
                 perhaps `slapproxy`",
            ),
            (
                "seed",
                "-1",
                Source::Variable,
                "SLAPMASTER_SEED: `-1`: expected a whole number from 0 to 18446744073709551615",
            ),
            (
                "trust-forwarded",
                "maybe",
                Source::Variable,
                "SLAPMASTER_TRUST_FORWARDED: `maybe`: expected `true` or `false`",
            ),
            (
                "log-level",
                "warning",
                Source::Flag,
                "--log-level: `warning`: expected one of `off`, `error`, `warn`, `info`, `debug`, \
                 `trace`, perhaps `warn`",
            ),
            (
                "log-format",
                "xml",
                Source::Flag,
                "--log-format: `xml`: expected one of `text`, `json`",
            ),
            (
                "database",
                "",
                Source::Variable,
                "SLAPMASTER_DATABASE: ``: is empty: leave the setting out instead",
            ),
            (
                "external-url",
                "slap.example",
                Source::Flag,
                "--external-url: `slap.example`: expected `http://HOST[:PORT][/PATH]` or the same \
                 with https",
            ),
            (
                "external-url",
                "http://slap.example/?a",
                Source::Flag,
                "--external-url: `http://slap.example/?a`: only a host, a port and a path",
            ),
        ] {
            let refused = Settings::resolve(&raw(name, &[value], source)).unwrap_err();
            assert_eq!(refused.to_string(), expected);
        }
    }

    #[test]
    fn the_external_url_loses_its_final_slash() {
        let settings = Settings::resolve(&raw(
            "external-url",
            &["https://slap.example/a/"],
            Source::Flag,
        ));
        assert_eq!(
            settings.unwrap().external_url.unwrap().as_str(),
            "https://slap.example/a"
        );
    }

    #[test]
    fn two_listeners_may_share_port_zero_but_no_other() {
        let listen = |one: &str| Settings::resolve(&raw("listen", &[one, one], Source::Flag));
        listen("http://127.0.0.1:0").unwrap();
        let refused = listen("http://127.0.0.1:5000").unwrap_err();
        assert_eq!(
            refused,
            SettingError::Twice("http://127.0.0.1:5000".parse().unwrap())
        );
    }

    #[test]
    fn an_unknown_variable_of_ours_is_an_error_and_others_are_not_our_business() {
        let check = |names: &[&'static str]| check_variables(names.iter().map(|name| (*name, "1")));
        check(&["PATH", "SLAPMASTER_SEED", "SLAPOS_X"]).unwrap();
        let refused = check(&["SLAPMASTER_PRESETS"]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "there is no setting `SLAPMASTER_PRESETS`, perhaps `SLAPMASTER_PRESET`"
        );
        let refused = check(&["SLAPMASTER_QQ"]).unwrap_err();
        assert!(
            refused
                .to_string()
                .ends_with("`slapmaster config` lists those that exist")
        );
    }

    // In a cluster with a service of our name, every container would refuse to start.
    #[test]
    fn variables_that_kubernetes_makes_for_a_service_of_our_name_are_not_ours() {
        check_variables([
            ("SLAPMASTER_SERVICE_HOST", "10.0.0.1"),
            ("SLAPMASTER_SERVICE_PORT_HTTP", "5000"),
            ("SLAPMASTER_PORT", "tcp://10.0.0.1:5000"),
            ("SLAPMASTER_PORT_5000_TCP_ADDR", "10.0.0.1"),
        ])
        .unwrap();
        assert!(check_variables([("SLAPMASTER_PORT", "5000")]).is_err());
    }

    #[test]
    fn a_variable_with_several_values_is_split_at_commas_and_blanks() {
        let values: Vec<_> = split_values("a, b c\n,d").collect();
        assert_eq!(values, ["a", "b", "c", "d"]);
    }
}
