//! What absolute URLs in answers begin with.

use std::sync::Arc;

use axum::http::{HeaderMap, header};

/// Finds out how a client reaches this server.
#[derive(Debug, Clone, Default)]
pub struct PublicAddress {
    /// What was configured; wins over everything that a request says.
    pub external_url: Option<Arc<str>>,
    /// Whether the headers of a proxy in front are believed.
    pub trust_forwarded: bool,
    /// What the listener speaks.
    pub scheme: Scheme,
    /// What is between the server and the world, as `/w/name`; nothing of the default one.
    pub prefix: Option<Arc<str>>,
}

/// The scheme of a listener's URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// Plain HTTP.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The scheme's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl PublicAddress {
    /// The URL of the world as the sender of `headers` knows it, without a final slash: for
    /// example `http://127.0.0.1:5000`. `None` if the request does not say, as HTTP/1.0 may not.
    pub fn base_url(&self, headers: &HeaderMap) -> Option<String> {
        let mut url = self.server_url(headers)?;
        url.push_str(self.prefix.as_deref().unwrap_or_default());
        Some(url)
    }

    /// The same of the server.
    fn server_url(&self, headers: &HeaderMap) -> Option<String> {
        if let Some(url) = &self.external_url {
            return Some(url.as_ref().to_owned());
        }
        let text = |name: &str| headers.get(name)?.to_str().ok();
        // A chain of proxies appends; the client's own words come first.
        let forwarded = |name: &str| {
            let first = text(name)
                .filter(|_| self.trust_forwarded)?
                .split(',')
                .next()?
                .trim();
            Some(first).filter(|first| is_plain(first))
        };
        let scheme = forwarded("x-forwarded-proto")
            .filter(|scheme| matches!(*scheme, "http" | "https"))
            .unwrap_or(self.scheme.as_str());
        let host = forwarded("x-forwarded-host")
            .or_else(|| text(header::HOST.as_str()).filter(|host| is_plain(host)))?;
        let prefix = forwarded("x-forwarded-prefix")
            .filter(|prefix| prefix.starts_with('/'))
            .map_or("", |prefix| prefix.trim_end_matches('/'));
        Some(format!("{scheme}://{host}{prefix}"))
    }
}

/// Whether the text can stand in a URL as it is; a header can hold anything.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:[]/%".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &PublicAddress, headers: &[(&'static str, &str)], expected: Option<&str>) {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
            .collect();
        assert_eq!(
            address.base_url(&headers).as_deref(),
            expected,
            "{headers:?}"
        );
    }

    #[test]
    fn the_host_header_tells_and_forwarded_headers_only_if_trusted() {
        let plain = PublicAddress::default();
        let trusting = PublicAddress {
            trust_forwarded: true,
            ..PublicAddress::default()
        };
        let behind = [
            ("host", "10.0.0.1:5000"),
            ("x-forwarded-host", "slap.example, inner"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-prefix", "/base/"),
        ];
        check(&plain, &behind, Some("http://10.0.0.1:5000"));
        check(&trusting, &behind, Some("https://slap.example/base"));
        check(
            &trusting,
            &[("host", "[::1]:5000")],
            Some("http://[::1]:5000"),
        );
        check(
            &trusting,
            &[("host", "a"), ("x-forwarded-proto", "javascript")],
            Some("http://a"),
        );
        let tls = PublicAddress {
            scheme: Scheme::Https,
            ..PublicAddress::default()
        };
        check(&tls, &[("host", "a:5443")], Some("https://a:5443"));
        check(&plain, &[], None);
        check(&plain, &[("host", "a b\"")], None);
    }

    #[test]
    fn the_prefix_of_a_world_is_behind_the_server_and_what_is_before_it() {
        let prefix = Some(Arc::from("/w/a"));
        let address = PublicAddress {
            trust_forwarded: true,
            prefix: prefix.clone(),
            ..PublicAddress::default()
        };
        let behind = [("host", "a:5000"), ("x-forwarded-prefix", "/base/")];
        check(&address, &behind, Some("http://a:5000/base/w/a"));
        let configured = PublicAddress {
            external_url: Some(Arc::from("https://slap.example/base")),
            prefix,
            ..PublicAddress::default()
        };
        let expected = Some("https://slap.example/base/w/a");
        check(&configured, &[("host", "a")], expected);
    }

    #[test]
    fn the_configured_url_wins() {
        let address = PublicAddress {
            external_url: Some(Arc::from("https://slap.example")),
            trust_forwarded: true,
            ..PublicAddress::default()
        };
        check(
            &address,
            &[("host", "a"), ("x-forwarded-host", "b")],
            Some("https://slap.example"),
        );
    }
}
