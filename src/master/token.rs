//! Tokens: made, listed, presented (`hateoas.md` B.4).

use std::fmt::Write as _;

use time::OffsetDateTime;

use super::{Master, Missing, Result, operation::Operation};
use crate::{
    domain::{
        caller::Caller,
        event::{About, EventKind},
        secret::Secret,
        text::InvalidValue,
        time::Timestamp,
        token::{self, NewToken, TOKEN_LIFETIME_S, Token, TokenPurpose, TokenUse},
    },
    pki::{self, PkiError},
    store::{self, token::TokenRow},
};

/// How long an expired token is remembered.
const REMEMBERED_MICROS: i64 = 86_400 * 1_000_000;
/// How many random bytes are in a token.
const RANDOM_BYTES: usize = 16;

impl Master {
    /// Makes a token. One without a value gets a random one.
    pub async fn make_token(&self, new: NewToken) -> Result<Token> {
        if let Some(value) = &new.value {
            token::parse_value("value", value.expose())?;
        }
        let value = random_value(self.0.clock.now())?;
        self.0
            .operate((new, value), |operation, (new, value)| {
                Box::pin(operation.make_token(new, value))
            })
            .await
    }

    /// Every token that is still remembered, oldest first.
    pub async fn tokens(&self) -> Result<Vec<Token>> {
        let mut connection = self.0.store.glance().await?;
        let rows = store::token::all(&mut connection).await?;
        Ok(rows.into_iter().map(|row| row.token).collect())
    }

    /// A token to register a computer with, in the caller's name and the default project
    /// (`Base_getComputerToken`).
    pub async fn computer_token(&self, caller: Caller) -> Result<Token> {
        let value = random_value(self.0.clock.now())?;
        self.0
            .operate((caller, value), |operation, (caller, value)| {
                Box::pin(operation.computer_token(caller, value))
            })
            .await
    }
}

/// A text that nobody can guess: the day, then 32 hexadecimal digits.
fn random_value(now: Timestamp) -> std::result::Result<Secret, PkiError> {
    let day = OffsetDateTime::from_unix_timestamp(now.as_seconds())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .date();
    let (year, month, day) = day.to_calendar_date();
    let mut text = format!("{year:04}{:02}{day:02}-", u8::from(month));
    for byte in pki::random::<RANDOM_BYTES>()? {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(Secret::new(text))
}

impl Operation<'_> {
    async fn computer_token(&mut self, caller: &Caller, value: &Secret) -> Result<Token> {
        let who = self.identify(caller).await?;
        let project = self.usual_project(&who).await?;
        // A token speaks for a person: others have none to be spoken for.
        Self::demand_equip(&who, project.id, || "make tokens of computers".to_owned())?;
        let new = NewToken {
            value: None,
            purpose: TokenPurpose::Computer,
            user: Some(self.owner(&who).reference),
            project: Some(project.reference),
            lifetime_s: TOKEN_LIFETIME_S,
            uses: TokenUse::Once,
        };
        self.make_token(&new, value).await
    }

    /// Makes a token, with this random value where it has none of its own.
    pub(super) async fn make_token(&mut self, new: &NewToken, random: &Secret) -> Result<Token> {
        if new.lifetime_s < 1 {
            let reason = "is no lifetime: a whole number of seconds above 0 was expected";
            return Err(InvalidValue::new("lifetime_s", reason).into());
        }
        let user = match &new.user {
            None => self.world.default_user.clone(),
            Some(user) => store::lookup::user(self.tx, user)
                .await?
                .ok_or_else(|| Missing::User(user.clone()))?,
        };
        let project = match &new.project {
            None => self.default_project(),
            Some(project) => self
                .project(project.as_str())
                .await?
                .ok_or_else(|| Missing::Project(project.clone()))?,
        };
        let token = Token {
            value: new.value.as_ref().unwrap_or(random).clone(),
            purpose: new.purpose,
            user: user.reference,
            project: project.reference,
            created_at: self.now,
            expires_at: self
                .now
                .plus_micros(new.lifetime_s.saturating_mul(1_000_000)),
            used_at: None,
            uses: new.uses,
        };
        let forgotten = self.now.plus_micros(-REMEMBERED_MICROS);
        store::token::prune(self.tx, forgotten).await?;
        if !store::token::insert(self.tx, &token, user.id, project.id).await? {
            let reason = "is taken: there is a token of this text already";
            return Err(InvalidValue::new("value", reason).into());
        }
        let purpose = token.purpose.as_str();
        self.event(
            EventKind::TokenMade,
            token.user.as_str(),
            About::default(),
            format!("a {purpose} token was made for {}", token.user),
        );
        Ok(token)
    }

    /// The token that was presented for a purpose; none if it is missing, unknown, spent, expired
    /// or for another purpose. The last spends it.
    pub(super) async fn presented(
        &mut self,
        value: Option<&Secret>,
        purpose: TokenPurpose,
    ) -> Result<Option<TokenRow>> {
        let Some(value) = value else {
            return Ok(None);
        };
        let Some(row) = store::token::by_value(self.tx, value).await? else {
            return Ok(None);
        };
        if !row.token.is_usable(self.now) {
            return Ok(None);
        }
        if row.token.purpose != purpose {
            self.spend(&row).await?;
            return Ok(None);
        }
        Ok(Some(row))
    }

    /// Spends a token, unless it can be used again.
    pub(super) async fn spend(&mut self, row: &TokenRow) -> Result<()> {
        let done = match row.token.uses {
            TokenUse::Reusable => "used",
            TokenUse::Once => {
                store::token::spend(self.tx, row.id, self.now).await?;
                "spent"
            }
        };
        let (purpose, user) = (row.token.purpose.as_str(), row.token.user.as_str());
        let text = format!("a {purpose} token of {user} was {done}");
        self.event(EventKind::TokenUsed, user, About::default(), text);
        Ok(())
    }
}
