//! The names that a server certificate is made out to.

use std::{fmt, net::IpAddr, str::FromStr};

/// A DNS name in lower case, perhaps with `*` for its first label, or an IP address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsName(String);

impl TlsName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<IpAddr> for TlsName {
    fn from(address: IpAddr) -> Self {
        Self(address.to_string())
    }
}

impl fmt::Display for TlsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no [`TlsName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsNameError {
    /// More than the name: a scheme, a port or a path.
    #[error("only the name: no `https://`, no port and no path")]
    TooMuch,
    /// Letters beyond ASCII.
    #[error("names in certificates are ASCII: write the name's `xn--` form")]
    NotAscii,
    /// Digits between dots that make no address.
    #[error("looks like an IP address and is none")]
    NoAddress,
    /// No DNS name.
    #[error(
        "expected a DNS name (labels of 1 to 63 letters, digits and hyphens, 253 in all) or an IP \
         address"
    )]
    Form,
}

impl FromStr for TlsName {
    type Err = TlsNameError;

    fn from_str(text: &str) -> Result<Self, TlsNameError> {
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(address.into());
        }
        if text.contains(['/', ':', '@']) {
            return Err(TlsNameError::TooMuch);
        }
        if !text.is_ascii() {
            return Err(TlsNameError::NotAscii);
        }
        let labels = text.strip_prefix("*.").unwrap_or(text);
        if labels.is_empty() || text.len() > 253 || !labels.split('.').all(is_label) {
            return Err(TlsNameError::Form);
        }
        let last = labels.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TlsNameError::NoAddress);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_have_one_form() {
        for (text, expected) in [
            ("localhost", "localhost"),
            ("Slap.Example.ORG", "slap.example.org"),
            ("*.example.org", "*.example.org"),
            ("127.0.0.1", "127.0.0.1"),
            ("0:0::1", "::1"),
            ("[2001:db8::1]", "2001:db8::1"),
        ] {
            let name: TlsName = text.parse().unwrap();
            assert_eq!(name.to_string(), expected);
        }
    }

    #[test]
    fn what_no_certificate_can_be_made_out_to_is_refused() {
        let long_label = "x".repeat(64);
        let long_name = ["x".repeat(63).as_str(); 4].join(".");
        for (text, expected) in [
            ("", TlsNameError::Form),
            ("*.", TlsNameError::Form),
            ("*", TlsNameError::Form),
            ("a..b", TlsNameError::Form),
            ("a b", TlsNameError::Form),
            ("example.org.", TlsNameError::Form),
            ("-a.example", TlsNameError::Form),
            ("a_b", TlsNameError::Form),
            (&long_label, TlsNameError::Form),
            (&long_name, TlsNameError::Form),
            ("https://a.example", TlsNameError::TooMuch),
            ("a.example:443", TlsNameError::TooMuch),
            ("bücher.example", TlsNameError::NotAscii),
            ("300.1.1.1", TlsNameError::NoAddress),
            ("127.1", TlsNameError::NoAddress),
        ] {
            assert_eq!(text.parse::<TlsName>(), Err(expected), "{text}");
        }
    }
}
