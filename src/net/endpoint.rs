//! Where a server listens, as it is written in settings.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

/// A place to listen: `http://127.0.0.1:5000`, `https://[::1]:5443` or `unix:/run/slapmaster.sock`.
///
/// Only addresses, no host names: a static binary resolves none. `localhost` stands for
/// `127.0.0.1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Plain HTTP at an address and a port; port 0 asks the system for a free one.
    Tcp(SocketAddr),
    /// The same with TLS.
    Tls(SocketAddr),
    /// A socket file, with plain HTTP.
    Unix(PathBuf),
}

impl Endpoint {
    /// Its address, if it has one.
    pub const fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) | Self::Tls(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// Whether it speaks TLS.
    pub const fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Whether only this machine can reach it.
    pub fn is_local(&self) -> bool {
        self.address()
            .is_none_or(|address| address.ip().is_loopback())
    }

    /// Whether the system chooses the port.
    pub fn has_free_port(&self) -> bool {
        self.address().is_some_and(|address| address.port() == 0)
    }

    /// Whether both cannot be bound at a time: the same file, or the same address and port,
    /// whatever is spoken there.
    pub fn collides_with(&self, other: &Self) -> bool {
        !self.has_free_port()
            && match (self.address(), other.address()) {
                (None, None) => self == other,
                (one, another) => one == another,
            }
    }

    /// Where a client on this machine connects: for a wildcard address, loopback.
    #[must_use]
    pub fn to_connect(&self) -> Self {
        match self {
            Self::Tcp(address) => Self::Tcp(reachable(*address)),
            Self::Tls(address) => Self::Tls(reachable(*address)),
            Self::Unix(_) => self.clone(),
        }
    }
}

/// The address itself, or loopback for one that stands for all.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Tls(address) => write!(f, "https://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Why a text is no [`Endpoint`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// None of the forms that exist.
    #[error(
        "expected `http://ADDRESS:PORT`, `https://ADDRESS:PORT` or `unix:/PATH`{}",
        suggestion(.0.as_deref())
    )]
    Form(Option<String>),
    /// A host name.
    #[error("`{0}` is a name: give an address, for example `http://127.0.0.1:5000`")]
    Name(String),
    /// No port: the endpoint as far as it goes.
    #[error("the port is missing: for example `{0}:5000`, or port 0 for a free one")]
    NoPort(String),
    /// A path, a query or a user name: the endpoint without it.
    #[error("only an address and a port: write `{0}`")]
    TooMuch(String),
    /// A socket file that is not an absolute path.
    #[error("the path of a socket is absolute: `unix:/PATH`")]
    RelativePath,
}

fn suggestion(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| format!(", perhaps `{text}`"))
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.len() > 1 && path.starts_with('/') {
                Ok(Self::Unix(PathBuf::from(path)))
            } else {
                Err(EndpointError::RelativePath)
            };
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
            Some(_) => return Err(EndpointError::Form(None)),
            None => {
                let perhaps = format!("http://{text}");
                let known = perhaps.parse::<Self>().is_ok();
                return Err(EndpointError::Form(known.then_some(perhaps)));
            }
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if let Some((before, _)) = authority.split_once(['/', '?', '#']) {
            return Err(EndpointError::TooMuch(format!("{scheme}://{before}")));
        }
        if let Some((_, after)) = authority.rsplit_once('@') {
            return Err(EndpointError::TooMuch(format!("{scheme}://{after}")));
        }
        if let Ok(address) = authority.parse() {
            return Ok(if scheme == "https" {
                Self::Tls(address)
            } else {
                Self::Tcp(address)
            });
        }
        let bare = authority.trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Err(EndpointError::NoPort(match ip {
                IpAddr::V4(ip) => format!("{scheme}://{ip}"),
                IpAddr::V6(ip) => format!("{scheme}://[{ip}]"),
            }));
        }
        match authority.rsplit_once(':') {
            Some(("localhost", port)) if port.parse::<u16>().is_ok() => {
                format!("{scheme}://127.0.0.1:{port}").parse()
            }
            Some((host, port)) if port.parse::<u16>().is_ok() && !host.contains(':') => {
                Err(EndpointError::Name(host.to_owned()))
            }
            Some(_) | None => Err(EndpointError::Form(None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_and_written_alike() {
        for text in [
            "http://127.0.0.1:5000",
            "http://[::1]:0",
            "https://127.0.0.1:5443",
            "https://[::1]:0",
            "unix:/run/slapmaster.sock",
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        let named: Endpoint = "http://localhost:5000/".parse().unwrap();
        assert_eq!(named.to_string(), "http://127.0.0.1:5000");
        let named: Endpoint = "https://localhost:5443".parse().unwrap();
        assert_eq!(named.to_string(), "https://127.0.0.1:5443");
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_the_form_that_is() {
        let refused = |text: &str| text.parse::<Endpoint>().unwrap_err();
        assert_eq!(
            refused("127.0.0.1:5000"),
            EndpointError::Form(Some("http://127.0.0.1:5000".to_owned()))
        );
        assert_eq!(refused("ftp://127.0.0.1:5000"), EndpointError::Form(None));
        assert_eq!(refused("http://:::1:70000"), EndpointError::Form(None));
        assert_eq!(
            refused("http://example.com:80"),
            EndpointError::Name("example.com".to_owned())
        );
        assert_eq!(
            refused("http://127.0.0.1"),
            EndpointError::NoPort("http://127.0.0.1".to_owned())
        );
        assert_eq!(
            refused("https://[::1]"),
            EndpointError::NoPort("https://[::1]".to_owned())
        );
        assert_eq!(
            refused("http://127.0.0.1:80/slap"),
            EndpointError::TooMuch("http://127.0.0.1:80".to_owned())
        );
        assert_eq!(
            refused("https://me@127.0.0.1:80"),
            EndpointError::TooMuch("https://127.0.0.1:80".to_owned())
        );
        assert_eq!(refused("unix:run.sock"), EndpointError::RelativePath);
    }

    #[test]
    fn a_client_connects_to_loopback_where_the_server_listens_on_all_addresses() {
        let connect = |text: &str| text.parse::<Endpoint>().unwrap().to_connect().to_string();
        assert_eq!(connect("http://0.0.0.0:5000"), "http://127.0.0.1:5000");
        assert_eq!(connect("https://[::]:5443"), "https://[::1]:5443");
        assert_eq!(connect("http://10.0.0.1:5000"), "http://10.0.0.1:5000");
    }

    #[test]
    fn one_port_has_one_listener_whatever_it_speaks() {
        let collide = |one: &str, other: &str| {
            let one: Endpoint = one.parse().unwrap();
            one.collides_with(&other.parse().unwrap())
        };
        assert!(collide("http://127.0.0.1:5000", "https://127.0.0.1:5000"));
        assert!(collide("unix:/a", "unix:/a"));
        assert!(!collide("unix:/a", "unix:/b"));
        assert!(!collide("unix:/a", "http://127.0.0.1:5000"));
        assert!(!collide("http://[::]:5000", "http://0.0.0.0:5000"));
        assert!(!collide("https://127.0.0.1:0", "https://127.0.0.1:0"));
    }
}
