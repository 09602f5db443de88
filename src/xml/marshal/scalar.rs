//! Values that hold no other.

use std::borrow::Cow;

use crate::xml::document::clip;

use super::{
    MarshalError, Value,
    number::{self, NumberError},
};

/// The kind of such a value, as its element says.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar {
    Text,
    Int,
    Long,
    Float,
    Bool,
    None,
    Complex,
}

impl Scalar {
    /// The kind that an element of this name holds.
    pub(super) fn of_element(name: &str) -> Option<Self> {
        Some(match name {
            "string" | "unicode" => Self::Text,
            "int" => Self::Int,
            "long" => Self::Long,
            "float" => Self::Float,
            "bool" => Self::Bool,
            "none" => Self::None,
            "complex" => Self::Complex,
            _ => return None,
        })
    }

    /// The value that the element's text stands for.
    pub(super) fn read(
        self,
        text: String,
        position: usize,
    ) -> Result<Value<'static>, MarshalError> {
        let (value, expected) = match self {
            Self::None => return Ok(Value::None),
            Self::Text => return Ok(Value::Text(Cow::Owned(unescape(text)))),
            Self::Int => (number::integer(&text), "an integer"),
            Self::Long => (number::long(&text), "an integer"),
            Self::Bool => (number::boolean(&text).map(Value::Bool), "a boolean"),
            Self::Float => (number::float(&text).map(Value::Float), "a float"),
            Self::Complex => (
                number::complex(&text).map(|(real, imaginary)| Value::Complex(real, imaginary)),
                "a complex number",
            ),
        };
        value.map_err(|error| match error {
            NumberError::TooManyDigits => MarshalError::TooManyDigits { position },
            NumberError::Malformed => MarshalError::BadNumber {
                position,
                text: clip(&text),
                expected,
            },
        })
    }
}

/// Undoes the second level of escaping (`marshalling.md` 1.3).
fn unescape(text: String) -> String {
    if text.contains('&') {
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&")
    } else {
        text
    }
}
