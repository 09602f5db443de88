//! What a clock is told, as it is written in fixtures and for the control surface.

use super::{ClockMode, EARLIEST, LATEST};
use crate::domain::{
    given::{Given, Read, Reading},
    time::Timestamp,
};

/// The keys of a change.
pub const CLOCK_KEYS: [&str; 3] = ["mode", "now", "offset_s"];
/// The keys of an advance.
pub const ADVANCE_KEYS: [&str; 2] = ["seconds", "to"];
/// How far a clock can be set from the machine's time by `offset_s`: 50 years, in seconds.
pub const MOST_OFFSET_S: i64 = 50 * 365 * 86_400;
/// How far a clock can be moved on by `seconds`; no more than the latest time allows.
pub const MOST_ADVANCE_S: i64 = LATEST.as_seconds();

/// What shall become of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockChange {
    /// Whether it shall go; otherwise that stays as it is.
    pub mode: Option<ClockMode>,
    /// What it shall show; otherwise that stays as it is.
    pub target: Option<ClockTarget>,
}

/// What a clock shall show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockTarget {
    /// This time.
    At(Timestamp),
    /// The machine's time and so many microseconds.
    Offset(i64),
}

/// How far a clock shall be moved on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockAdvance {
    /// So many microseconds.
    By(i64),
    /// To this time.
    To(Timestamp),
}

impl ClockChange {
    /// Reads a change, which must name something.
    pub fn read(given: &Given) -> Read<Self> {
        let whole = Reading::of("clock", given);
        whole.only(&CLOCK_KEYS)?;
        let mode = whole.get("mode").map(|given| given.word()).transpose()?;
        let now = whole.get("now").map(|given| time(&given)).transpose()?;
        let offset = whole
            .get("offset_s")
            .map(|given| given.seconds(-MOST_OFFSET_S..=MOST_OFFSET_S))
            .transpose()?;
        let target = match (now, offset, whole.get("offset_s")) {
            (Some(_), Some(_), Some(given)) => {
                return Err(given.refused("is there beside `now`, only one of both was expected"));
            }
            (Some(at), _, _) => Some(ClockTarget::At(at)),
            (None, Some(offset), _) => Some(ClockTarget::Offset(offset)),
            (None, None, _) => None,
        };
        if mode.is_none() && target.is_none() {
            return Err(whole.refused("is empty, `mode`, `now` or `offset_s` was expected"));
        }
        Ok(Self { mode, target })
    }
}

impl ClockAdvance {
    /// Reads an advance.
    pub fn read(given: &Given) -> Read<Self> {
        let whole = Reading::of("clock", given);
        whole.only(&ADVANCE_KEYS)?;
        match (whole.get("seconds"), whole.get("to")) {
            (Some(seconds), None) => seconds.seconds(0..=MOST_ADVANCE_S).map(Self::By),
            (None, Some(to)) => time(&to).map(Self::To),
            (Some(_), Some(to)) => {
                Err(to.refused("is there beside `seconds`, only one of both was expected"))
            }
            (None, None) => Err(whole.refused("is empty, `seconds` or `to` was expected")),
        }
    }
}

/// A time that a clock can show.
fn time(given: &Reading<'_>) -> Read<Timestamp> {
    let time = given.time()?;
    if (EARLIEST..=LATEST).contains(&time) {
        return Ok(time);
    }
    Err(given.refused(format!("is out of bounds: {} was expected", bounds())))
}

/// What a clock can show, in words.
pub(crate) fn bounds() -> &'static str {
    "a time from 1970-01-01T00:00:00Z to 9999-01-01T00:00:00Z"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, Given)]) -> Given {
        let pairs = pairs.iter();
        Given::Map(
            pairs
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
        )
    }

    #[test]
    fn the_bounds_are_what_they_are_said_to_be() {
        let words = format!(
            "a time from {} to {}",
            EARLIEST.rfc3339().unwrap(),
            LATEST.rfc3339().unwrap()
        );
        assert_eq!(bounds(), words);
    }

    #[test]
    fn a_change_names_what_shall_be() {
        let at = Timestamp::from_seconds(1_795_422_600);
        let read = |pairs: &[(&str, Given)]| ClockChange::read(&map(pairs)).unwrap();
        let now = ("now", Given::from("2026-11-23T08:30:00Z"));
        let frozen = ("mode", Given::from("frozen"));
        let change = |mode, target| ClockChange { mode, target };
        assert_eq!(
            read(&[now.clone(), frozen.clone()]),
            change(Some(ClockMode::Frozen), Some(ClockTarget::At(at)))
        );
        assert_eq!(read(&[now]), change(None, Some(ClockTarget::At(at))));
        assert_eq!(read(&[frozen]), change(Some(ClockMode::Frozen), None));
        assert_eq!(
            read(&[("offset_s", Given::Float(-1.5))]),
            change(None, Some(ClockTarget::Offset(-1_500_000)))
        );
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_place() {
        let now = |text: &str| ("now", Given::from(text));
        for (pairs, expected) in [
            (
                vec![],
                "`clock`: is empty, `mode`, `now` or `offset_s` was expected",
            ),
            (
                vec![("mode", Given::from("froze"))],
                "`mode`: is `froze`, perhaps `frozen` was meant; one of `running`, `frozen` was \
                 expected",
            ),
            (
                vec![now("1969-12-31T23:59:59Z")],
                "`now`: is out of bounds: a time from 1970-01-01T00:00:00Z to \
                 9999-01-01T00:00:00Z was expected",
            ),
            (
                vec![now("9999-01-01T00:00:00.000001Z")],
                "`now`: is out of bounds: a time from 1970-01-01T00:00:00Z to \
                 9999-01-01T00:00:00Z was expected",
            ),
            (
                vec![now("tomorrow")],
                "`now`: is no time, one as `2026-11-23T08:30:00Z` was expected",
            ),
            (
                vec![now("2026-11-23T08:30:00Z"), ("offset_s", Given::Integer(0))],
                "`offset_s`: is there beside `now`, only one of both was expected",
            ),
            (
                vec![("offset_s", Given::Integer((MOST_OFFSET_S + 1).into()))],
                "`offset_s`: is the number `1576800001`, a number of seconds from -1576800000 to \
                 1576800000 was expected",
            ),
            (
                vec![("moed", Given::from("frozen"))],
                "`moed`: is not known here, perhaps `mode` was meant; expected were: `mode`, \
                 `now`, `offset_s`",
            ),
        ] {
            let refused = ClockChange::read(&map(&pairs)).unwrap_err();
            assert_eq!(refused.to_string(), expected);
        }
        for (pairs, expected) in [
            (vec![], "`clock`: is empty, `seconds` or `to` was expected"),
            (
                vec![("seconds", Given::Integer(-1))],
                "`seconds`: is the number `-1`, a number of seconds from 0 to 253370764800 was \
                 expected",
            ),
            (
                vec![
                    ("seconds", Given::Integer(1)),
                    ("to", Given::from("2026-11-23T08:30:00Z")),
                ],
                "`to`: is there beside `seconds`, only one of both was expected",
            ),
        ] {
            let refused = ClockAdvance::read(&map(&pairs)).unwrap_err();
            assert_eq!(refused.to_string(), expected);
        }
    }
}
