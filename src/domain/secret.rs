//! Texts that must not be shown: private keys and tokens.

use std::fmt;

/// A text that no log, error or `Debug` output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Whether it is this text; how long that takes says nothing of how much of it is right.
    pub fn is(&self, text: &[u8]) -> bool {
        let secret = self.0.as_bytes();
        let differing = secret
            .iter()
            .zip(text.iter().chain(std::iter::repeat(&0)))
            .fold(0, |differing, (one, other)| differing | (one ^ other));
        std::hint::black_box(differing) == 0 && secret.len() == text.len()
    }

    /// The text itself, for the one answer or column that it is meant for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_its_own_text_and_no_other() {
        let secret = Secret::new("hunter2".to_owned());
        assert!(secret.is(b"hunter2"));
        for other in ["", "hunter", "hunter3", "hunter2\0", "hunter22", "Hunter2"] {
            assert!(!secret.is(other.as_bytes()), "{other}");
        }
        assert!(Secret::new(String::new()).is(b""));
    }

    #[test]
    fn a_secret_is_not_shown() {
        let shown = format!("{:?}", Some(Secret::new("hunter2".to_owned())));
        assert_eq!(shown, "Some([secret])");
    }
}
