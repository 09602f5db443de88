//! Values as somebody wrote them, in JSON or in YAML, and how they are read as something.
//!
//! What can be written in a fixture and sent to the control surface alike is read by one piece of
//! code, from a [`Given`]; where something is wrong, [`WrongValue`] says at which place of it.
//! Start with [`Reading`].

use std::{fmt, ops::RangeInclusive, str::FromStr};

use super::{
    state::UnknownWord,
    text::{InvalidValue, nearest},
    time::Timestamp,
};

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// Nothing, which counts as not given.
    Nothing,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Given>),
    /// Keys with their values, each key once, in the order written.
    Map(Vec<(String, Given)>),
}

impl From<&str> for Given {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Given {
    fn from(number: u64) -> Self {
        Self::Integer(number.into())
    }
}

impl Given {
    /// What it is, in words. A text is not repeated: it may be a secret.
    fn kind(&self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Flag(flag) => format!("`{flag}`"),
            Self::Integer(number) => format!("the number `{number}`"),
            Self::Float(number) => format!("the number `{number}`"),
            Self::Text(_) => "a text".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "an object".to_owned(),
        }
    }
}

/// One step on the way to a part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To the value of a key.
    Key(String),
    /// To an item of a list, counted from 0.
    Item(usize),
}

/// The way to a part of a value, from the whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place(pub Vec<Step>);

impl fmt::Display for Place {
    /// As `match.nth[0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if number == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Item(item) => write!(f, "[{item}]")?,
            }
        }
        Ok(())
    }
}

/// A part of a value that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongValue {
    /// Where it is.
    pub place: Place,
    /// What the whole is called, for what is wrong with the whole.
    what: &'static str,
    /// What is wrong with it and what was expected.
    pub reason: String,
}

impl From<WrongValue> for InvalidValue {
    fn from(wrong: WrongValue) -> Self {
        let field = if wrong.place.0.is_empty() {
            wrong.what.to_owned()
        } else {
            wrong.place.to_string()
        };
        Self::new(field, wrong.reason)
    }
}

impl fmt::Display for WrongValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        InvalidValue::from(self.clone()).fmt(f)
    }
}

/// What reading a part of a value gives.
pub type Read<T> = Result<T, WrongValue>;

/// A value, or a part of one, that is being read.
#[derive(Debug, Clone)]
pub struct Reading<'g> {
    value: &'g Given,
    place: Place,
    what: &'static str,
}

impl<'g> Reading<'g> {
    /// The whole of a value that describes `what` ("rule").
    pub fn of(what: &'static str, value: &'g Given) -> Self {
        Self {
            value,
            place: Place::default(),
            what,
        }
    }

    fn below(&self, step: Step, value: &'g Given) -> Self {
        let mut place = self.place.clone();
        place.0.push(step);
        Self {
            value,
            place,
            what: self.what,
        }
    }

    /// The value itself.
    pub const fn value(&self) -> &'g Given {
        self.value
    }

    /// The refusal of this part.
    pub fn refused(&self, reason: impl Into<String>) -> WrongValue {
        WrongValue {
            place: self.place.clone(),
            what: self.what,
            reason: reason.into(),
        }
    }

    /// The refusal of this part because it is something else than `expected`.
    pub fn wrong(&self, expected: &str) -> WrongValue {
        let found = self.value.kind();
        self.refused(format!("is {found}, {expected} was expected"))
    }

    /// Every key with its value; an object must be here.
    pub fn pairs(&self) -> Read<Vec<(&'g str, Self)>> {
        let Given::Map(pairs) = self.value else {
            return Err(self.wrong("an object"));
        };
        let below = |(key, value): &'g (String, Given)| {
            (key.as_str(), self.below(Step::Key(key.clone()), value))
        };
        Ok(pairs.iter().map(below).collect())
    }

    /// Refuses what is no object, and keys that are not among the `known`.
    pub fn only(&self, known: &[&'static str]) -> Read<()> {
        for (key, value) in self.pairs()? {
            if known.contains(&key) {
                continue;
            }
            let suggestion = suggestion(key, known.iter().copied());
            return Err(value.refused(format!(
                "is not known here{suggestion}; expected were: `{}`",
                known.join("`, `")
            )));
        }
        Ok(())
    }

    /// The value of a key, if one is given.
    pub fn get(&self, key: &str) -> Option<Self> {
        let Given::Map(pairs) = self.value else {
            return None;
        };
        let (key, value) = pairs.iter().find(|(other, _)| other == key)?;
        let below = || self.below(Step::Key(key.clone()), value);
        (*value != Given::Nothing).then(below)
    }

    /// The value of a key, which must be given; `expected` says what it is.
    pub fn need(&self, key: &str, expected: &str) -> Read<Self> {
        self.get(key).ok_or_else(|| {
            let missing = self.below(Step::Key(key.to_owned()), self.value);
            missing.refused(format!("is missing, {expected} was expected"))
        })
    }

    /// The items of a list, which must be here.
    pub fn items(&self) -> Read<Vec<Self>> {
        let Given::List(items) = self.value else {
            return Err(self.wrong("a list"));
        };
        let items = items.iter().enumerate();
        Ok(items
            .map(|(number, item)| self.below(Step::Item(number), item))
            .collect())
    }

    /// The items of a list, or this alone.
    pub fn one_or_more(&self) -> Read<Vec<Self>> {
        if matches!(self.value, Given::List(_)) {
            self.items()
        } else {
            Ok(vec![self.clone()])
        }
    }

    /// A text.
    pub fn text(&self) -> Read<&'g str> {
        let Given::Text(text) = self.value else {
            return Err(self.wrong("a text"));
        };
        Ok(text)
    }

    /// A text of 1 to `most` bytes.
    pub fn short_text(&self, most: usize) -> Read<&'g str> {
        let text = self.text()?;
        if text.is_empty() {
            return Err(self.refused("is empty, a text was expected"));
        }
        if text.len() > most {
            let length = text.len();
            return Err(self.refused(format!("has {length} bytes, at most {most} were expected")));
        }
        Ok(text)
    }

    /// One of a few words.
    pub fn word<T: FromStr<Err = UnknownWord>>(&self) -> Read<T> {
        let text = self.text()?;
        text.parse().map_err(|unknown: UnknownWord| {
            let near = suggestion(text, unknown.expected.iter().copied());
            let expected = unknown.expected.join("`, `");
            self.refused(format!(
                "is `{text}`{near}; one of `{expected}` was expected"
            ))
        })
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Read<bool> {
        let Given::Flag(flag) = self.value else {
            return Err(self.wrong("`true` or `false`"));
        };
        Ok(*flag)
    }

    /// A whole number within these bounds.
    pub fn integer(&self, bounds: RangeInclusive<u64>) -> Read<u64> {
        let number = if let Given::Integer(number) = self.value {
            u64::try_from(*number).ok()
        } else {
            None
        };
        number
            .filter(|number| bounds.contains(number))
            .ok_or_else(|| {
                let (least, most) = (bounds.start(), bounds.end());
                self.wrong(&format!("a whole number from {least} to {most}"))
            })
    }

    /// A point in time.
    pub fn time(&self) -> Read<Timestamp> {
        Timestamp::from_rfc3339(self.text()?)
            .ok_or_else(|| self.refused("is no time, one as `2026-11-23T08:30:00Z` was expected"))
    }

    /// A number of seconds within these bounds, with fractions or without, in microseconds.
    pub fn seconds(&self, bounds: RangeInclusive<i64>) -> Read<i64> {
        let (least, most) = (*bounds.start(), *bounds.end());
        let wrong = || self.wrong(&format!("a number of seconds from {least} to {most}"));
        match self.value {
            Given::Integer(number) => i64::try_from(*number)
                .ok()
                .filter(|seconds| bounds.contains(seconds))
                .map(|seconds| seconds.saturating_mul(1_000_000))
                .ok_or_else(wrong),
            Given::Float(number) => {
                let micros = (number * 1e6).round();
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "what is too large becomes the largest number, which is no bound"
                )]
                let whole = micros as i64;
                let (least, most) = (
                    least.saturating_mul(1_000_000),
                    most.saturating_mul(1_000_000),
                );
                (!number.is_nan() && (least..=most).contains(&whole))
                    .then_some(whole)
                    .ok_or_else(wrong)
            }
            Given::Nothing | Given::Flag(_) | Given::Text(_) | Given::List(_) | Given::Map(_) => {
                Err(wrong())
            }
        }
    }

    /// A number from 0 to 1.
    pub fn fraction(&self) -> Read<f64> {
        let number = match self.value {
            Given::Float(number) => Some(*number),
            Given::Integer(0) => Some(0.0),
            Given::Integer(1) => Some(1.0),
            Given::Nothing
            | Given::Flag(_)
            | Given::Integer(_)
            | Given::Text(_)
            | Given::List(_)
            | Given::Map(_) => None,
        };
        number
            .filter(|number| (0.0..=1.0).contains(number))
            .ok_or_else(|| self.wrong("a number from 0 to 1"))
    }
}

/// What was perhaps meant, as a part of a sentence, or nothing.
pub fn suggestion<'c>(text: &str, candidates: impl Iterator<Item = &'c str>) -> String {
    nearest(text, candidates)
        .map_or_else(String::new, |near| format!(", perhaps `{near}` was meant"))
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
    fn what_is_wrong_is_told_with_its_place() {
        let given = map(&[(
            "match",
            map(&[("nth", Given::List(vec![1.into(), Given::Float(0.5)]))]),
        )]);
        let rule = Reading::of("rule", &given);
        let nth = rule.get("match").unwrap().get("nth").unwrap();
        let items = nth.items().unwrap();
        assert_eq!(items[0].integer(1..=9), Ok(1));
        assert_eq!(
            items[1].integer(1..=9).unwrap_err().to_string(),
            "`match.nth[1]`: is the number `0.5`, a whole number from 1 to 9 was expected"
        );
        assert_eq!(
            rule.only(&["name", "math"]).unwrap_err().to_string(),
            "`match`: is not known here, perhaps `math` was meant; expected were: `name`, `math`"
        );
        assert_eq!(
            rule.text().unwrap_err().to_string(),
            "`rule`: is an object, a text was expected"
        );
        assert_eq!(
            rule.need("effect", "what happens").unwrap_err().to_string(),
            "`effect`: is missing, what happens was expected"
        );
    }

    #[test]
    fn nothing_counts_as_not_given() {
        let given = map(&[("name", Given::Nothing)]);
        let rule = Reading::of("rule", &given);
        assert!(rule.get("name").is_none());
        assert_eq!(rule.only(&["name"]), Ok(()));
    }

    #[test]
    fn seconds_are_read_with_fractions() {
        let check = |given: Given, expected: Option<i64>| {
            let read = Reading::of("x", &given).seconds(-2..=10).ok();
            assert_eq!(read, expected, "{given:?}");
        };
        check(Given::Integer(3), Some(3_000_000));
        check(Given::Integer(-2), Some(-2_000_000));
        check(Given::Float(0.25), Some(250_000));
        check(Given::Float(10.0), Some(10_000_000));
        check(Given::Float(10.1), None);
        check(Given::Float(f64::NAN), None);
        check(Given::Float(f64::INFINITY), None);
        check(Given::Integer(i128::MAX), None);
        check("3".into(), None);
        let given = Given::Integer(11);
        assert_eq!(
            Reading::of("x", &given)
                .seconds(0..=10)
                .unwrap_err()
                .to_string(),
            "`x`: is the number `11`, a number of seconds from 0 to 10 was expected"
        );
    }

    #[test]
    fn numbers_have_bounds() {
        let reading = |given: Given| {
            let whole = Reading::of("x", &given);
            (whole.integer(1..=3).is_ok(), whole.fraction().is_ok())
        };
        assert_eq!(reading(Given::Integer(0)), (false, true));
        assert_eq!(reading(Given::Integer(3)), (true, false));
        assert_eq!(reading(Given::Integer(-1)), (false, false));
        assert_eq!(reading(Given::Float(0.25)), (false, true));
        assert_eq!(reading(Given::Float(1.5)), (false, false));
        assert_eq!(reading(Given::Float(f64::NAN)), (false, false));
        assert_eq!(reading("1".into()), (false, false));
    }
}
