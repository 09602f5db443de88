//! Dates as certificates carry and as tools show them.

use time::{
    OffsetDateTime, format_description::StaticFormatDescription, macros::format_description,
};

use super::PkiError;
use crate::domain::time::Timestamp;

/// As OpenSSL shows dates, the zone aside: `Nov 23 08:00:00 2026`, `Dec  1 00:00:00 2036`.
const SHOWN: StaticFormatDescription =
    format_description!("[month repr:short] [day padding:space] [hour]:[minute]:[second] [year]");

/// The last second that a certificate can carry (RFC 5280 4.1.2.5): the end of 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// The date in whole seconds.
///
/// Earlier than 1970 is refused, although certificates could carry it: rustls-webpki reads no such
/// date.
pub(super) fn carried(at: Timestamp) -> Result<OffsetDateTime, PkiError> {
    let seconds = at.as_seconds();
    if !(0..=LAST_SECOND).contains(&seconds) {
        return Err(PkiError::Date(at));
    }
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| PkiError::Date(at))
}

/// The date as OpenSSL shows it: `Nov 23 08:00:00 2026 GMT`.
pub(super) fn shown(at: Timestamp) -> String {
    carried(at)
        .ok()
        .and_then(|date| date.format(SHOWN).ok())
        .map_or_else(
            // A given authority may have begun earlier than anything that is issued here.
            || format!("{} seconds after 1970", at.as_seconds()),
            |date| format!("{date} GMT"),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_shown_as_openssl_shows_them() {
        for (seconds, expected) in [
            (0, "Jan  1 00:00:00 1970 GMT"),
            (1_795_420_800, "Nov 23 08:00:00 2026 GMT"),
            (2_524_608_000, "Jan  1 00:00:00 2050 GMT"),
            (LAST_SECOND, "Dec 31 23:59:59 9999 GMT"),
            (-1, "-1 seconds after 1970"),
        ] {
            assert_eq!(shown(Timestamp::from_seconds(seconds)), expected);
        }
    }

    #[test]
    fn a_date_that_certificates_cannot_carry_is_refused() {
        for seconds in [
            -1,
            LAST_SECOND + 1,
            i64::MIN / 1_000_000,
            i64::MAX / 1_000_000,
        ] {
            let at = Timestamp::from_seconds(seconds);
            assert_eq!(carried(at), Err(PkiError::Date(at)));
        }
    }
}
