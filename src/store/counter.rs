//! The numbers in references.

use super::{During, StoreError, WriteTx};

/// What a numbered reference begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefix {
    /// `COMP-n`, a computer.
    Computer,
    /// `HOSTSUBS-n`, an instance tree.
    Tree,
    /// `SOFTINST-n`, an instance of either kind.
    Instance,
    /// `SOFTINSTALL-n`, a software installation.
    Installation,
}

impl Prefix {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Computer => "COMP",
            Self::Tree => "HOSTSUBS",
            Self::Instance => "SOFTINST",
            Self::Installation => "SOFTINSTALL",
        }
    }
}

/// The next reference of a kind; never handed out before or again.
pub(crate) async fn next(tx: &mut WriteTx, prefix: Prefix) -> Result<String, StoreError> {
    Ok(take(tx, prefix, 1).await?.next().unwrap_or_default())
}

/// So many next references of a kind, none of them handed out before or again.
pub(crate) async fn take(
    tx: &mut WriteTx,
    prefix: Prefix,
    count: usize,
) -> Result<impl Iterator<Item = String> + use<>, StoreError> {
    let prefix = prefix.as_str();
    let taken = i64::try_from(count).unwrap_or(i64::MAX);
    let last = sqlx::query_scalar!(
        "UPDATE counter SET last = last + ?2 WHERE prefix = ?1 RETURNING last",
        prefix,
        taken
    )
    .fetch_one(tx.changing())
    .await
    .during("count references on")?;
    Ok((last - taken + 1..=last).map(move |number| format!("{prefix}-{number}")))
}

/// Keeps a reference that somebody chose from being handed out.
pub(crate) async fn reserve(
    tx: &mut WriteTx,
    prefix: Prefix,
    reference: &str,
) -> Result<(), StoreError> {
    reserve_all(tx, prefix, &[reference]).await
}

/// The same for many of a kind at once.
pub(crate) async fn reserve_all(
    tx: &mut WriteTx,
    prefix: Prefix,
    references: &[&str],
) -> Result<(), StoreError> {
    let prefix = prefix.as_str();
    let numbers = references.iter().filter_map(|reference| {
        reference
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|digits| digits.parse::<i64>().ok())
            // Counting begins with 1. One that it never reaches would use the counter up.
            .filter(|number| (1..=i64::from(u32::MAX)).contains(number))
    });
    let Some(number) = numbers.max() else {
        return Ok(());
    };
    sqlx::query!(
        "UPDATE counter SET last = ?2 WHERE prefix = ?1 AND last < ?2",
        prefix,
        number
    )
    .execute(tx.changing())
    .await
    .during("reserve a reference")?;
    Ok(())
}
