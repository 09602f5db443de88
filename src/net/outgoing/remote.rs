//! Where a server is that is called.

use std::{net::Ipv6Addr, path::PathBuf, str::FromStr};

use hyper::header::HeaderValue;

use super::Authorities;
use crate::net::Endpoint;

/// A server that is called, and what its paths begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// How it is reached.
    pub(super) transport: Transport,
    /// The `Host` header.
    pub(super) host: HeaderValue,
    /// What comes before every path; no final slash.
    pub(super) prefix: String,
    /// Who has to have issued its certificate; without them, nobody looks.
    pub(super) authorities: Option<Authorities>,
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Transport {
    /// Plain, by name or address, and port.
    Tcp(String, u16),
    /// The same with TLS.
    Tls(String, u16),
    /// By a socket file.
    Unix(PathBuf),
}

/// Why a text is no URL of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `http://HOST:PORT/PATH` or `https://HOST:PORT/PATH`, without user, query or fragment"
)]
pub struct RemoteError;

impl Remote {
    /// Whether it is reached over TLS.
    pub const fn is_tls(&self) -> bool {
        matches!(self.transport, Transport::Tls(..))
    }

    /// The server, which is only spoken to over TLS if one of these issued its certificate, for the
    /// name or the address that it is called by.
    #[must_use]
    pub fn issued_by(mut self, authorities: Authorities) -> Self {
        self.authorities = Some(authorities);
        self
    }
}

impl From<&Endpoint> for Remote {
    fn from(endpoint: &Endpoint) -> Self {
        Self {
            transport: match endpoint {
                Endpoint::Tcp(address) => Transport::Tcp(address.ip().to_string(), address.port()),
                Endpoint::Tls(address) => Transport::Tls(address.ip().to_string(), address.port()),
                Endpoint::Unix(path) => Transport::Unix(path.clone()),
            },
            // A listener answers by whatever name.
            host: HeaderValue::from_static("localhost"),
            prefix: String::new(),
            authorities: None,
        }
    }
}

impl FromStr for Remote {
    type Err = RemoteError;

    fn from_str(url: &str) -> Result<Self, RemoteError> {
        let (scheme, rest) = url.split_once("://").ok_or(RemoteError)?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(RemoteError),
        };
        let path_at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(path_at);
        // Printable ASCII: the path goes into a request line as it is.
        let is_plain = rest.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        if !is_plain || authority.contains('@') || rest.contains(['?', '#']) {
            return Err(RemoteError);
        }
        let usual = if is_tls { 443 } else { 80 };
        let (host, port) = host_and_port(authority, usual).ok_or(RemoteError)?;
        let shown = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.clone()
        };
        let named = if port == usual {
            shown
        } else {
            format!("{shown}:{port}")
        };
        Ok(Self {
            host: named.parse().map_err(|_| RemoteError)?,
            transport: if is_tls {
                Transport::Tls(host, port)
            } else {
                Transport::Tcp(host, port)
            },
            prefix: path.trim_end_matches('/').to_owned(),
            authorities: None,
        })
    }
}

/// The host, without brackets, and the port. An IPv6 address may come without its brackets, as the
/// slap library takes it: the whole text first, then what stands before the last colon.
fn host_and_port(authority: &str, usual: u16) -> Option<(String, u16)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let address: Ipv6Addr = host.parse().ok()?;
        let port = match rest.strip_prefix(':') {
            Some(port) => port.parse().ok()?,
            None if rest.is_empty() => usual,
            None => return None,
        };
        return Some((address.to_string(), port));
    }
    if let Ok(address) = authority.parse::<Ipv6Addr>() {
        return Some((address.to_string(), usual));
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, usual),
    };
    let is_address = host.parse::<Ipv6Addr>().is_ok();
    (!host.is_empty() && (is_address || !host.contains([':', '[', ']'])))
        .then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_the_slap_library_reads_them() {
        let check = |url: &str, transport: Transport, host: &'static str, prefix: &str| {
            let expected = Remote {
                transport,
                host: HeaderValue::from_static(host),
                prefix: prefix.to_owned(),
                authorities: None,
            };
            assert_eq!(url.parse(), Ok(expected), "{url}");
        };
        let tcp = |host: &str, port| Transport::Tcp(host.to_owned(), port);
        let tls = |host: &str, port| Transport::Tls(host.to_owned(), port);
        check(
            "http://127.0.0.1:5000/",
            tcp("127.0.0.1", 5000),
            "127.0.0.1:5000",
            "",
        );
        check(
            "HTTP://a.example/w/x/",
            tcp("a.example", 80),
            "a.example",
            "/w/x",
        );
        check(
            "https://a.example:443/slap",
            tls("a.example", 443),
            "a.example",
            "/slap",
        );
        check("https://[::1]:5443", tls("::1", 5443), "[::1]:5443", "");
        check(
            "http://[2001:db8::1]/",
            tcp("2001:db8::1", 80),
            "[2001:db8::1]",
            "",
        );
        // Without brackets, as old configurations have it.
        check("http://::1/", tcp("::1", 80), "[::1]", "");
        check(
            "http://2001:db8:0:0:0:0:0:1:5000/",
            tcp("2001:db8:0:0:0:0:0:1", 5000),
            "[2001:db8:0:0:0:0:0:1]:5000",
            "",
        );
    }

    #[test]
    fn what_is_no_url_of_a_server_is_refused() {
        for url in [
            "",
            "a.example",
            "ftp://a.example/",
            "http://",
            "http://:80/",
            "http:///x",
            "http://a.example:70000/",
            "http://a.example:x/",
            "http://me@a.example/",
            "http://a.example/?x=1",
            "http://a.example?x",
            "http://a.example/#x",
            "http://a b/",
            "http://a/\r\nX: y",
            "http://é.example/",
            "http://[::1/",
            "http://[::1]x/",
            "http://[a.example]/",
            "http://a:b:1/",
        ] {
            assert_eq!(url.parse::<Remote>(), Err(RemoteError), "{url:?}");
        }
    }
}
