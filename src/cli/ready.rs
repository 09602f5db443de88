//! The ready file of a server, as commands read it: how it is reached, and whom it is issued by.

use std::{borrow::Borrow, fs, path::Path};

use crate::net::Endpoint;

/// What a ready file tells.
#[derive(Debug)]
pub(super) struct Ready {
    /// The listener that serves the control surface; one without TLS, if there is one.
    pub(super) control: Endpoint,
    /// The certificate of the default world's authority, in PEM.
    pub(super) authority: Option<String>,
}

impl Ready {
    /// Reads the file; says why it cannot, and what to do.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read(path).map_err(|error| {
            format!(
                "cannot read the ready file `{}`: {error}; the server is not ready, or was given \
                 another --ready-file",
                path.display()
            )
        })?;
        let content: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        let best = |key: &str| {
            let urls = content.get(key)?.as_array()?.iter();
            plain_first(urls.filter_map(|url| url.as_str()?.parse::<Endpoint>().ok()))
        };
        let control = best("control_urls").or_else(|| best("urls"));
        let authority = content.get("ca_certificate").and_then(|pem| pem.as_str());
        Ok(Self {
            control: control.ok_or_else(|| {
                format!(
                    "`{}` is no ready file: give the one of the server",
                    path.display()
                )
            })?,
            authority: authority.map(str::to_owned),
        })
    }
}

/// The first endpoint without TLS, else the first.
pub(super) fn plain_first<E: Borrow<Endpoint>>(endpoints: impl Iterator<Item = E>) -> Option<E> {
    endpoints.min_by_key(|endpoint| endpoint.borrow().is_tls())
}
