//! Tokens: what lets a person or a new computer obtain a certificate (`hateoas.md` B.4).

use super::{
    identifier::{ProjectReference, UserReference},
    secret::Secret,
    state::states,
    text::InvalidValue,
    time::Timestamp,
};

/// The fewest characters of a token that somebody chose.
const SHORTEST: usize = 8;
/// The most.
const LONGEST: usize = 256;

/// How long a token can be used when nothing else is said: a day.
pub const TOKEN_LIFETIME_S: i64 = 86_400;

states! {
    /// What a token is for; presented elsewhere it is spent and refused.
    TokenPurpose {
        /// To register a computer: `slapos node register`.
        Computer = "computer",
        /// To obtain a person's certificate: `slapos configure client`.
        User = "user",
    }
}

/// How often a token can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenUse {
    /// Once, as in production.
    Once,
    /// Until it expires: for demos.
    Reusable,
}

/// A token that shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Its text; none for a random one of at least 128 bits.
    pub value: Option<Secret>,
    /// What it is for.
    pub purpose: TokenPurpose,
    /// Whom it speaks for; none for the default user.
    pub user: Option<UserReference>,
    /// The project of a computer that is registered with it; none for the default one.
    pub project: Option<ProjectReference>,
    /// How long it can be used, in seconds.
    pub lifetime_s: i64,
    /// How often.
    pub uses: TokenUse,
}

/// A token as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its text.
    pub value: Secret,
    /// What it is for.
    pub purpose: TokenPurpose,
    /// Whom it speaks for.
    pub user: UserReference,
    /// The project of a computer that is registered with it.
    pub project: ProjectReference,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// When it was spent.
    pub used_at: Option<Timestamp>,
    /// How often it can be used.
    pub uses: TokenUse,
}

impl Token {
    /// Whether it can be presented at `now`.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && now < self.expires_at
    }
}

/// Reads a token that somebody chose: printable ASCII without blanks, since it travels in a
/// header. What is wrong is told without showing it.
pub fn parse_value(field: &str, text: &str) -> Result<Secret, InvalidValue> {
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    if printable && (SHORTEST..=LONGEST).contains(&text.len()) {
        return Ok(Secret::new(text.to_owned()));
    }
    let reason = format!(
        "is no token; expected {SHORTEST} to {LONGEST} printable ASCII characters without blanks"
    );
    Err(InvalidValue::new(field, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_cannot_travel_is_refused_and_not_shown() {
        for text in ["demo-token", "20261123-1A2B3C", "!~!~!~!~"] {
            assert_eq!(parse_value("value", text).unwrap().expose(), text);
        }
        for text in [
            "",
            "short",
            "with blank",
            "tab\tulator",
            "schl\u{fc}ssel",
            "a\nbcdefgh",
        ] {
            let refused = parse_value("value", text).unwrap_err().to_string();
            assert!(text.is_empty() || !refused.contains(text), "{refused}");
        }
        assert!(parse_value("value", &"x".repeat(LONGEST + 1)).is_err());
    }

    #[test]
    fn a_token_is_usable_until_it_is_spent_or_expires() {
        let at = Timestamp::from_seconds;
        let token = |used_at| Token {
            value: Secret::new("demo-token".to_owned()),
            purpose: TokenPurpose::User,
            user: UserReference::trusted("alice".to_owned()),
            project: ProjectReference::trusted("PROJ-1".to_owned()),
            created_at: at(0),
            expires_at: at(10),
            used_at,
            uses: TokenUse::Once,
        };
        assert!(token(None).is_usable(at(9)));
        assert!(!token(None).is_usable(at(10)));
        assert!(!token(Some(at(3))).is_usable(at(9)));
    }
}
