//! The names of worlds and of snapshots.

use std::{borrow::Borrow, fmt};

use crate::domain::text::InvalidValue;

/// How many bytes a name may have.
pub const NAME_BYTES: usize = 100;

/// The name of a world, or of a snapshot: 1 to 100 of the letters and digits of ASCII, `.`, `_` and
/// `-`, neither `.` nor `..`, which are no part of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorldName(String);

impl WorldName {
    /// Reads a name; `what` is named in the refusal.
    pub fn parse(what: &str, text: &str) -> Result<Self, InvalidValue> {
        let fits = (1..=NAME_BYTES).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            && !matches!(text, "." | "..");
        if fits {
            return Ok(Self(text.to_owned()));
        }
        let reason = format!(
            "is `{}`, a name was expected: 1 to {NAME_BYTES} of the letters a to z and A to Z, \
             digits, `.`, `_` and `-`",
            text.escape_debug()
        );
        Err(InvalidValue::new(what, reason))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for WorldName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_part_of_a_path_that_needs_no_escape() {
        let long = "x".repeat(NAME_BYTES);
        for name in ["a", "gw0", "test_x.py-1", "...", &long] {
            assert_eq!(WorldName::parse("name", name).unwrap().as_str(), name);
        }
        let longer = "x".repeat(NAME_BYTES + 1);
        for name in ["", ".", "..", "a b", "a/b", "é", "a%20", "a\0", &longer] {
            let refused = WorldName::parse("name", name).unwrap_err().to_string();
            assert!(refused.starts_with("`name`: is `"), "{refused}");
        }
    }
}
