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
    let prefix = prefix.as_str();
    let number = sqlx::query_scalar!(
        "UPDATE counter SET last = last + 1 WHERE prefix = ?1 RETURNING last",
        prefix
    )
    .fetch_one(tx.changing())
    .await
    .during("count a reference on")?;
    Ok(format!("{prefix}-{number}"))
}

/// Keeps a reference that somebody chose from being handed out.
pub(crate) async fn reserve(
    tx: &mut WriteTx,
    prefix: Prefix,
    reference: &str,
) -> Result<(), StoreError> {
    let prefix = prefix.as_str();
    let Some(number) = reference
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|digits| digits.parse::<i64>().ok())
        // One that counting never reaches needs no reservation, and would use the counter up.
        .filter(|number| *number <= i64::from(u32::MAX))
    else {
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
