//! Tokens: what lets a person or a new computer obtain a certificate (`hateoas.md` B.4).

use super::{
    identifier::{ProjectReference, UserReference},
    secret::Secret,
    time::Timestamp,
};

/// How long a token can be used when nothing else is said: a day.
pub const TOKEN_LIFETIME_S: i64 = 86_400;

/// What a token is for; presented elsewhere it is spent and refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenPurpose {
    /// To register a computer: `slapos node register`.
    Computer,
    /// To obtain a person's certificate: `slapos configure client`.
    User,
}

impl TokenPurpose {
    /// The purpose's word in fixtures, on the control surface and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Computer => "computer",
            Self::User => "user",
        }
    }
}

impl std::str::FromStr for TokenPurpose {
    type Err = super::state::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "computer" => Ok(Self::Computer),
            "user" => Ok(Self::User),
            _ => Err(super::state::UnknownWord {
                found: text.to_owned(),
                expected: &["computer", "user"],
            }),
        }
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
