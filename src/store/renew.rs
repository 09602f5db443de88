//! Making what was seeded in one world another one's own: its authority, and its time.

use super::{During, StoreError, WriteTx};
use crate::domain::{secret::Secret, time::Shift};

/// Keeps certificate and key of the authority in the place of the other world's, and moves what was
/// made within a stretch of time. What a seed says the time of lies outside of it, so that it stays;
/// a token lives as long as it did. In one call, because each costs two changes of thread.
const RENEW: &str = "
    UPDATE authority SET certificate_pem = ?4, key_pem = ?5;
    UPDATE computer SET created_us = created_us + ?1 WHERE created_us BETWEEN ?2 AND ?3;
    UPDATE partition SET touched_us = touched_us + ?1 WHERE touched_us BETWEEN ?2 AND ?3;
    UPDATE software_installation SET created_us = created_us + ?1
        WHERE created_us BETWEEN ?2 AND ?3;
    UPDATE software_product_release SET effective_us = effective_us + ?1
        WHERE effective_us BETWEEN ?2 AND ?3;
    UPDATE instance_tree SET created_us = created_us + ?1 WHERE created_us BETWEEN ?2 AND ?3;
    UPDATE instance SET created_us = created_us + ?1 WHERE created_us BETWEEN ?2 AND ?3;
    UPDATE instance SET stamped_us = stamped_us + ?1 WHERE stamped_us BETWEEN ?2 AND ?3;
    UPDATE access_status SET created_us = created_us + ?1, since_us = since_us + ?1
        WHERE created_us BETWEEN ?2 AND ?3;
    UPDATE token SET created_us = created_us + ?1, expires_us = expires_us + ?1
        WHERE created_us BETWEEN ?2 AND ?3;
    UPDATE simulated_computer SET since_us = since_us + ?1 WHERE since_us BETWEEN ?2 AND ?3;
";

/// Puts this authority into the place of the one that is there, and moves the times of what was made
/// within the stretch of time that is moved.
#[expect(
    clippy::disallowed_methods,
    reason = "the checked macros know no more than one statement at a time"
)]
pub(crate) async fn renew(
    tx: &mut WriteTx,
    certificate_pem: &str,
    key_pem: &Secret,
    shift: Shift,
) -> Result<(), StoreError> {
    sqlx::query(RENEW)
        .bind(shift.by_micros())
        .bind(shift.first().as_micros())
        .bind(shift.last().as_micros())
        .bind(certificate_pem)
        .bind(key_pem.expose())
        .execute(tx.changing())
        .await
        .during("put what was seeded into another world")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::image;

    /// Times that a seed always says, or that are not of the past of a world in which nothing is.
    const STAY: [&str; 9] = [
        "world.last_stamp_us",
        "usage_report.created_us",
        "certificate.not_before_us",
        "certificate.not_after_us",
        "certificate.issued_us",
        "certificate.revoked_us",
        "token.used_us",
        "token.expires_us",
        "access_status.since_us",
    ];

    #[tokio::test]
    async fn every_time_is_moved_or_known_to_stay() {
        let mut connection = image::empty().await.unwrap().open().await.unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "the checked macros know no tables of SQLite's own"
        )]
        let columns: Vec<(String, String)> = sqlx::query_as(
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
             WHERE t.type = 'table' AND c.name LIKE '%\\_us' ESCAPE '\\'",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert!(columns.len() > 15, "{columns:?}");
        for (table, column) in columns {
            let is_moved = RENEW
                .split(';')
                .filter(|statement| statement.contains(&format!("UPDATE {table} ")))
                .any(|statement| statement.contains(&format!("{column} = {column} + ?1")));
            let stays = STAY.contains(&format!("{table}.{column}").as_str());
            assert!(is_moved || stays, "{table}.{column}");
        }
    }
}
