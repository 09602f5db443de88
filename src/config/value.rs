//! How each kind of setting is read: from the text to the value, or to what was expected.

use std::{path::PathBuf, str::FromStr};

use axum::http::HeaderName;

use crate::{
    domain::{secret::Secret, state::UnknownWord, text::nearest},
    net::{ClientCertificates, Endpoint, EndpointError, TlsName, TlsNameError},
};

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

/// Where callers have to prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccessPolicy {
    /// On https listeners; with a trusted identity header on all, since the proxy that sets it
    /// speaks plain HTTP.
    #[default]
    ByListener,
    /// Nowhere.
    Open,
    /// Everywhere.
    Certificate,
}

impl FromStr for AccessPolicy {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "by-listener" => Ok(Self::ByListener),
            "open" => Ok(Self::Open),
            "certificate" => Ok(Self::Certificate),
            _ => Err(UnknownWord {
                found: text.to_owned(),
                expected: &["by-listener", "open", "certificate"],
            }),
        }
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

pub(super) fn endpoint(text: &str) -> Result<Endpoint, String> {
    text.parse()
        .map_err(|error: EndpointError| error.to_string())
}

pub(super) fn tls_name(text: &str) -> Result<TlsName, String> {
    text.parse()
        .map_err(|error: TlsNameError| error.to_string())
}

pub(super) fn word<T: FromStr<Err = UnknownWord>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|unknown| unknown_word(&unknown))
}

fn unknown_word(unknown: &UnknownWord) -> String {
    let expected = unknown.expected.join("`, `");
    nearest(&unknown.found, unknown.expected.iter().copied()).map_or_else(
        || format!("expected one of `{expected}`"),
        |near| format!("expected one of `{expected}`, perhaps `{near}`"),
    )
}

pub(super) fn client_certificates(text: &str) -> Result<ClientCertificates, String> {
    match text {
        "optional" => Ok(ClientCertificates::Optional),
        "required" => Ok(ClientCertificates::Required),
        _ => Err(unknown_word(&UnknownWord {
            found: text.to_owned(),
            expected: &["optional", "required"],
        })),
    }
}

fn not_empty(text: &str) -> Result<(), String> {
    if text.is_empty() {
        Err("is empty: leave the setting out instead".to_owned())
    } else {
        Ok(())
    }
}

pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    not_empty(text).map(|()| PathBuf::from(text))
}

pub(super) fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

pub(super) fn count(text: &str) -> Result<usize, String> {
    text.parse()
        .map_err(|_| format!("expected a whole number from 0 to {}", usize::MAX))
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("expected `true` or `false`".to_owned()),
    }
}

pub(super) fn header_name(text: &str) -> Result<HeaderName, String> {
    text.parse().map_err(|_| {
        "expected the name of a header: letters, digits and hyphens, as in `X-Client-Name`"
            .to_owned()
    })
}

/// A token that can follow `Bearer` in a header.
pub(super) fn token(text: &str) -> Result<Secret, String> {
    not_empty(text)?;
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Secret::new(text.to_owned()))
    } else {
        Err("expected visible ASCII characters without blanks".to_owned())
    }
}

pub(super) fn external_url(text: &str) -> Result<ExternalUrl, String> {
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
