//! Where a server listens, as it is written in settings.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

/// A place to listen: `http://127.0.0.1:5000`, `http://[::1]:5000` or `unix:/run/slapmaster.sock`.
///
/// Only addresses, no host names: a static binary resolves none. `localhost` stands for
/// `127.0.0.1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// An address and a port; port 0 asks the system for a free one.
    Tcp(SocketAddr),
    /// A socket file.
    Unix(PathBuf),
}

impl Endpoint {
    /// Whether only this machine can reach it.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }

    /// Whether the system chooses the port.
    pub const fn has_free_port(&self) -> bool {
        match self {
            Self::Tcp(address) => address.port() == 0,
            Self::Unix(_) => false,
        }
    }

    /// Where a client on this machine connects: for a wildcard address, loopback.
    #[must_use]
    pub fn to_connect(&self) -> Self {
        match self {
            Self::Tcp(address) if address.ip().is_unspecified() => {
                let ip = match address.ip() {
                    IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
                    IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
                };
                Self::Tcp(SocketAddr::new(ip, address.port()))
            }
            Self::Tcp(_) | Self::Unix(_) => self.clone(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Why a text is no [`Endpoint`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// TLS was asked for.
    #[error("https comes with certificates, which this version does not have yet: use http://")]
    Https,
    /// Neither of the forms that exist.
    #[error("expected `http://ADDRESS:PORT` or `unix:/PATH`{}", suggestion(.0.as_deref()))]
    Form(Option<String>),
    /// A host name.
    #[error("`{0}` is a name: give an address, for example `http://127.0.0.1:5000`")]
    Name(String),
    /// No port.
    #[error("the port is missing: for example `http://{0}:5000`, or port 0 for a free one")]
    NoPort(String),
    /// A path, a query or a user name.
    #[error("only an address and a port: write `http://{0}`")]
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
        if text.starts_with("https:") {
            return Err(EndpointError::Https);
        }
        let Some(rest) = text.strip_prefix("http://") else {
            let perhaps = format!("http://{text}");
            let known = !text.contains("://") && perhaps.parse::<Self>().is_ok();
            return Err(EndpointError::Form(known.then_some(perhaps)));
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if let Some((before, _)) = authority.split_once(['/', '?', '#']) {
            return Err(EndpointError::TooMuch(before.to_owned()));
        }
        if let Some((_, after)) = authority.rsplit_once('@') {
            return Err(EndpointError::TooMuch(after.to_owned()));
        }
        if let Ok(address) = authority.parse() {
            return Ok(Self::Tcp(address));
        }
        let bare = authority.trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Err(EndpointError::NoPort(match ip {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            }));
        }
        match authority.rsplit_once(':') {
            Some(("localhost", port)) if port.parse::<u16>().is_ok() => {
                format!("http://127.0.0.1:{port}").parse()
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
            "unix:/run/slapmaster.sock",
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        let named: Endpoint = "http://localhost:5000/".parse().unwrap();
        assert_eq!(named.to_string(), "http://127.0.0.1:5000");
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_the_form_that_is() {
        let refused = |text: &str| text.parse::<Endpoint>().unwrap_err();
        assert_eq!(refused("https://127.0.0.1:5443"), EndpointError::Https);
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
            EndpointError::NoPort("127.0.0.1".to_owned())
        );
        assert_eq!(
            refused("http://[::1]"),
            EndpointError::NoPort("[::1]".to_owned())
        );
        assert_eq!(
            refused("http://127.0.0.1:80/slap"),
            EndpointError::TooMuch("127.0.0.1:80".to_owned())
        );
        assert_eq!(refused("unix:run.sock"), EndpointError::RelativePath);
    }

    #[test]
    fn a_client_connects_to_loopback_where_the_server_listens_on_all_addresses() {
        let connect = |text: &str| text.parse::<Endpoint>().unwrap().to_connect().to_string();
        assert_eq!(connect("http://0.0.0.0:5000"), "http://127.0.0.1:5000");
        assert_eq!(connect("http://[::]:5000"), "http://[::1]:5000");
        assert_eq!(connect("http://10.0.0.1:5000"), "http://10.0.0.1:5000");
    }
}
