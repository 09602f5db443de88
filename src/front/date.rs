//! Points in time as texts.

use time::{
    OffsetDateTime, format_description::StaticFormatDescription, macros::format_description,
};

use crate::domain::time::Timestamp;

const RFC_1123: StaticFormatDescription = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// A point in time as RFC 1123 writes it: `Mon, 23 Nov 2026 08:30:00 GMT`.
pub(super) fn http_date(at: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp(at.as_seconds())
        .ok()
        .and_then(|date| date.format(RFC_1123).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_http() {
        let at = Timestamp::from_micros(1_795_422_600_999_999);
        assert_eq!(http_date(at), "Mon, 23 Nov 2026 08:30:00 GMT");
    }
}
