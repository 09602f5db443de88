//! From a value to the type that a call expects.

use crate::{
    domain::{parameters::Parameters, text::InvalidValue},
    xml::python,
};

use super::Value;

impl Value<'_> {
    /// What it is, in words, for messages: `a list`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::BigInt(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Tuple(_) => "a tuple",
            Self::Set(_) => "a set",
            Self::Dictionary(_) => "a dictionary",
            Self::Complex(..) => "a complex number",
            Self::Object(_) => "an object",
        }
    }

    /// Whether it is nothing.
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The boolean; an integer counts as true unless it is zero, as in Python.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self {
            Some(*value)
        } else if let Self::Int(value) = self {
            Some(*value != 0)
        } else {
            None
        }
    }

    /// The integer, if it is one of 64 bits.
    pub const fn as_int(&self) -> Option<i64> {
        if let Self::Int(value) = self {
            Some(*value)
        } else {
            None
        }
    }

    /// The items of a list or a tuple, between which senders make no difference.
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(items) | Self::Tuple(items) = self {
            Some(items)
        } else {
            None
        }
    }

    /// The value of a text key, if this is a dictionary that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Dictionary(pairs) = self else {
            return None;
        };
        pairs
            .iter()
            .find(|(candidate, _)| candidate.as_text() == Some(key))
            .map(|(_, value)| value)
    }

    /// The text of `field`, or nothing; anything else is refused.
    pub fn into_optional_text(self, field: &str) -> Result<Option<String>, InvalidValue> {
        match self {
            Self::Text(text) => Ok(Some(text.into_owned())),
            Self::None => Ok(None),
            other @ (Self::Bool(_)
            | Self::Int(_)
            | Self::BigInt(_)
            | Self::Float(_)
            | Self::List(_)
            | Self::Tuple(_)
            | Self::Set(_)
            | Self::Dictionary(_)
            | Self::Complex(..)
            | Self::Object(_)) => Err(other.refused(field, "a text")),
        }
    }

    /// The text of `field`; anything else, nothing too, is refused.
    pub fn into_text(self, field: &str) -> Result<String, InvalidValue> {
        if let Self::Text(text) = self {
            Ok(text.into_owned())
        } else {
            Err(self.refused(field, "a text"))
        }
    }

    /// The boolean of `field` (nothing is false); anything else is refused.
    pub fn into_bool(self, field: &str) -> Result<bool, InvalidValue> {
        if self.is_none() {
            return Ok(false);
        }
        self.as_bool()
            .ok_or_else(|| self.refused(field, "a boolean"))
    }

    /// The flat dictionary of `field`: text keys only; a value that is not a text becomes what
    /// Python's `str` makes of it (`marshalling.md` 2.1), so that nothing becomes `None`.
    pub fn into_parameters(self, field: &str) -> Result<Parameters, InvalidValue> {
        let Self::Dictionary(pairs) = self else {
            return Err(self.refused(field, "a dictionary"));
        };
        let mut parameters = Parameters::new();
        for (key, value) in pairs {
            let Self::Text(key) = key else {
                return Err(InvalidValue::new(
                    field,
                    format!("a key is {}, a text was expected", key.kind()),
                ));
            };
            let text = if let Self::Text(text) = value {
                text.into_owned()
            } else {
                python::str(&value)
            };
            parameters.insert(key, text);
        }
        Ok(parameters)
    }

    fn refused(&self, field: &str, expected: &str) -> InvalidValue {
        InvalidValue::new(
            field,
            format!("is {}, {expected} was expected", self.kind()),
        )
    }
}
