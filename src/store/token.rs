//! Tokens.

use sqlx::SqliteConnection;

use super::{During, StoreError, WriteTx, column::word};
use crate::domain::{
    identifier::{ProjectReference, UserReference},
    secret::Secret,
    time::Timestamp,
    token::{Token, TokenUse},
};

/// A token with the rows that it leads to.
#[derive(Debug, Clone)]
pub(crate) struct TokenRow {
    /// Row.
    pub(crate) id: i64,
    /// Row of whom it speaks for.
    pub(crate) user_id: i64,
    /// Row of its project.
    pub(crate) project_id: i64,
    /// The token.
    pub(crate) token: Token,
}

struct Row {
    id: i64,
    value: String,
    purpose: String,
    user_id: i64,
    user: String,
    project_id: i64,
    project: String,
    created_us: i64,
    expires_us: i64,
    used_us: Option<i64>,
    reusable: bool,
}

impl TryFrom<Row> for TokenRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            user_id: row.user_id,
            project_id: row.project_id,
            token: Token {
                value: Secret::new(row.value),
                purpose: word(&row.purpose)?,
                user: UserReference::trusted(row.user),
                project: ProjectReference::trusted(row.project),
                created_at: Timestamp::from_micros(row.created_us),
                expires_at: Timestamp::from_micros(row.expires_us),
                used_at: row.used_us.map(Timestamp::from_micros),
                uses: if row.reusable {
                    TokenUse::Reusable
                } else {
                    TokenUse::Once
                },
            },
        })
    }
}

macro_rules! select {
    ($tail:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"SELECT t.id, t.value, t.purpose, t.user_id, u.reference AS user, t.project_id,
                 j.reference AS project, t.created_us, t.expires_us, t.used_us,
                 t.reusable AS "reusable: bool"
             FROM token t JOIN user u ON u.id = t.user_id
             JOIN project j ON j.id = t.project_id "# + $tail
            $(, $argument)*
        )
    };
}

/// A token by its text.
pub(crate) async fn by_value(
    connection: &mut SqliteConnection,
    value: &Secret,
) -> Result<Option<TokenRow>, StoreError> {
    let value = value.expose();
    select!("WHERE t.value = ?1", value)
        .fetch_optional(connection)
        .await
        .during("find a token")?
        .map(TokenRow::try_from)
        .transpose()
}

/// Every token, oldest first.
pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<TokenRow>, StoreError> {
    select!("ORDER BY t.id")
        .fetch_all(connection)
        .await
        .during("list the tokens")?
        .into_iter()
        .map(TokenRow::try_from)
        .collect()
}

/// Adds a token. False if there is one of that text already.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    token: &Token,
    user_id: i64,
    project_id: i64,
) -> Result<bool, StoreError> {
    let value = token.value.expose();
    let purpose = token.purpose.as_str();
    let created = token.created_at.as_micros();
    let expires = token.expires_at.as_micros();
    let reusable = token.uses == TokenUse::Reusable;
    let done = sqlx::query!(
        "INSERT INTO token (value, purpose, user_id, project_id, created_us, expires_us, reusable)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (value) DO NOTHING",
        value,
        purpose,
        user_id,
        project_id,
        created,
        expires,
        reusable
    )
    .execute(tx.changing())
    .await
    .during("add a token")?;
    Ok(done.rows_affected() == 1)
}

/// Spends a token.
pub(crate) async fn spend(tx: &mut WriteTx, id: i64, now: Timestamp) -> Result<(), StoreError> {
    let now = now.as_micros();
    sqlx::query!("UPDATE token SET used_us = ?2 WHERE id = ?1", id, now)
        .execute(tx.changing())
        .await
        .during("spend a token")?;
    Ok(())
}

/// Notes when the token of this text was spent.
pub(crate) async fn set_used(
    tx: &mut WriteTx,
    value: &Secret,
    used_at: Timestamp,
) -> Result<(), StoreError> {
    let value = value.expose();
    let used = used_at.as_micros();
    sqlx::query!(
        "UPDATE token SET used_us = ?2 WHERE value = ?1",
        value,
        used
    )
    .execute(tx.changing())
    .await
    .during("note that a token was spent")?;
    Ok(())
}

/// Removes the tokens that expired before this time.
pub(crate) async fn prune(tx: &mut WriteTx, before: Timestamp) -> Result<(), StoreError> {
    let before = before.as_micros();
    sqlx::query!("DELETE FROM token WHERE expires_us < ?1", before)
        .execute(tx.changing())
        .await
        .during("remove old tokens")?;
    Ok(())
}
