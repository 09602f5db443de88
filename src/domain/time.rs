//! Points in time, as the model counts them.

use std::fmt;

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Microseconds since 1970, UTC; never read from a clock here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The point `micros` microseconds after 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The point `seconds` seconds after 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// How many microseconds have passed since `earlier`; negative if it is later.
    pub const fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The point that a text of RFC 3339 names, for example `2026-11-23T08:30:00Z`.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let micros = moment.unix_timestamp_nanos().div_euclid(1_000);
        i64::try_from(micros).ok().map(Self)
    }

    /// As a text of RFC 3339 in UTC; none for a year that has more than four digits.
    pub fn rfc3339(self) -> Option<String> {
        let nanos = i128::from(self.0) * 1000;
        let moment = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
        moment.format(&Rfc3339).ok()
    }

    /// The point `micros` later.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

/// A stretch of time, moved as a whole: what lies outside of it stays where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    first: Timestamp,
    last: Timestamp,
    by_micros: i64,
}

impl Shift {
    /// Moves what lies between `first` and `last`, both included, so that `first` becomes `to`.
    pub const fn new(first: Timestamp, last: Timestamp, to: Timestamp) -> Self {
        Self {
            first,
            last,
            by_micros: to.micros_since(first),
        }
    }

    /// The first point that is moved.
    pub const fn first(self) -> Timestamp {
        self.first
    }

    /// The last point that is moved.
    pub const fn last(self) -> Timestamp {
        self.last
    }

    /// By how many microseconds points are moved; below 0 to an earlier time.
    pub const fn by_micros(self) -> i64 {
        self.by_micros
    }

    /// Where this point is afterwards.
    #[must_use]
    pub fn moved(self, point: Timestamp) -> Timestamp {
        if (self.first..=self.last).contains(&point) {
            point.plus_micros(self.by_micros)
        } else {
            point
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_of_time_is_moved_and_nothing_beside_it() {
        let at = Timestamp::from_micros;
        let shift = Shift::new(at(10), at(12), at(5));
        let moved = [9, 10, 11, 12, 13].map(|point| shift.moved(at(point)).as_micros());
        assert_eq!(moved, [9, 5, 6, 7, 13]);
    }

    #[test]
    fn a_time_is_read_as_it_is_written() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-23T08:30:00Z", 1_795_422_600_000_000),
            ("2026-11-23T08:30:00.000001Z", 1_795_422_600_000_001),
            ("1969-12-31T23:59:59.999999Z", -1),
        ] {
            let at = Timestamp::from_micros(micros);
            assert_eq!(at.rfc3339().as_deref(), Some(text));
            assert_eq!(Timestamp::from_rfc3339(text), Some(at));
        }
        let elsewhere = Timestamp::from_rfc3339("2026-11-23T10:30:00+02:00");
        assert_eq!(elsewhere, Some(Timestamp::from_seconds(1_795_422_600)));
        for text in ["", "2026-11-23", "2026-11-23T08:30:00", "now"] {
            assert_eq!(Timestamp::from_rfc3339(text), None, "{text}");
        }
        assert_eq!(Timestamp::from_micros(i64::MAX).rfc3339(), None);
    }
}
