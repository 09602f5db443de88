//! Times as people write them: `30s`, `500ms`, `1h30m`, `2d`.

use std::time::Duration;

/// What may stand behind a number, in milliseconds; longer names first where one begins another.
const UNITS: [(&str, u64); 6] = [
    ("ms", 1),
    ("s", 1000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
];
/// A hundred years: more is a slip of the pen.
const MOST_MS: u64 = 36_525 * 86_400_000;

/// Reads numbers with their units, one behind the other; a number alone is seconds.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    read(text).map(Duration::from_millis).ok_or_else(|| {
        "expected a time up to a hundred years, for example 30s, 500ms, 1h30m or 2d".to_owned()
    })
}

fn read(text: &str) -> Option<u64> {
    if let Ok(seconds) = number(text) {
        return seconds.checked_mul(1000).filter(|ms| *ms <= MOST_MS);
    }
    let mut rest = text;
    let mut sum = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (count, behind) = rest.split_at(digits);
        let (unit, ms) = UNITS.iter().find(|(unit, _)| behind.starts_with(unit))?;
        sum = number(count).ok()?.checked_mul(*ms)?.checked_add(sum)?;
        rest = behind.strip_prefix(unit)?;
    }
    (!text.is_empty() && sum <= MOST_MS).then_some(sum)
}

/// Digits alone: no sign.
fn number(text: &str) -> Result<u64, ()> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| ())
    } else {
        Err(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_or_are_seconds() {
        let check =
            |text: &str, expected: Duration| assert_eq!(parse(text), Ok(expected), "{text}");
        check("30s", Duration::from_secs(30));
        check("500ms", Duration::from_millis(500));
        check("2m", Duration::from_mins(2));
        check("3h", Duration::from_hours(3));
        check("1h30m", Duration::from_mins(90));
        check("2d", Duration::from_hours(48));
        check("1w", Duration::from_hours(168));
        check("7", Duration::from_secs(7));
        check("0", Duration::ZERO);
        for text in [
            "",
            "s",
            "-1s",
            "+1s",
            "1 h",
            "1x",
            "1h30",
            "1.5h",
            "99999999999999999999s",
            "40000d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
