//! Why a text is not a marshalled value.

use super::{MAX_BYTES, MAX_DEPTH, MAX_DIGITS};
use crate::xml::XmlError;

/// A marshalled field that was refused (`marshalling.md` 1.6 and 1.7), or an answer of another
/// master.
///
/// The sender is at fault in every case. Of a field, [`MarshalError::TooLarge`] is answered 413,
/// all others 400. Positions are in bytes of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarshalError {
    /// The text is longer than [`MAX_BYTES`].
    #[error("the value has {size} bytes, at most {MAX_BYTES} are read")]
    TooLarge {
        /// Its length in bytes.
        size: usize,
    },
    /// The text is not a document that we read.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// An element that has no meaning, or none at this place.
    #[error("found element `{found}` at byte {position}, expected {expected}")]
    UnexpectedElement {
        /// Where it starts.
        position: usize,
        /// Its local name, shortened.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// Text where only elements may stand.
    #[error("found text at byte {position}, expected elements only")]
    UnexpectedText {
        /// Where the text starts.
        position: usize,
    },
    /// The root holds no value.
    #[error("found an empty `marshal`, expected one value in it")]
    NoValue,
    /// An element that could make objects or code, which is never read.
    #[error("element `{element}` at byte {position} is refused")]
    Refused {
        /// Where it starts.
        position: usize,
        /// `object` or `code`.
        element: &'static str,
    },
    /// An object of a class that the client's library does not accept.
    #[error("the object at byte {position} is of class `{found}`, which nobody reads")]
    UnknownClass {
        /// Where it starts.
        position: usize,
        /// Module and name of the class, shortened.
        found: String,
    },
    /// An object that is not a tuple of arguments, then a dictionary of attributes.
    #[error(
        "the object that ends at byte {position} is malformed, expected a tuple and a dictionary \
         with texts for keys"
    )]
    MalformedObject {
        /// Where its end tag starts.
        position: usize,
    },
    /// The text of a number is not one, as Python reads numbers.
    #[error("`{text}` at byte {position} is not the text of {expected}")]
    BadNumber {
        /// Where the element starts.
        position: usize,
        /// What was found, shortened.
        text: String,
        /// What was expected.
        expected: &'static str,
    },
    /// An integer with more than [`MAX_DIGITS`] digits.
    #[error("the integer at byte {position} has more than {MAX_DIGITS} digits")]
    TooManyDigits {
        /// Where the element starts.
        position: usize,
    },
    /// More than [`MAX_DEPTH`] containers inside each other, references resolved.
    #[error("more than {MAX_DEPTH} nested containers at byte {position}")]
    TooDeep {
        /// Where the first container too many starts.
        position: usize,
    },
    /// The value is too big once its references are resolved.
    #[error("the value has more than {limit} {unit} once its references are resolved")]
    TooBig {
        /// How many there may be.
        limit: usize,
        /// Of what.
        unit: &'static str,
    },
    /// A dictionary that ends after a key.
    #[error("the dictionary that ends at byte {position} has a key without value")]
    KeyWithoutValue {
        /// Where its end tag starts.
        position: usize,
    },
    /// A list, dictionary or set where Python wants a value that never changes.
    #[error("the container that ends at byte {position} has {found} as key or member of a set")]
    Unhashable {
        /// Where its end tag starts.
        position: usize,
        /// What was found.
        found: &'static str,
    },
    /// A reference that leads nowhere, or to a container that is still open.
    #[error("the reference `{id}` at byte {position} {reason}")]
    BadReference {
        /// Where it starts.
        position: usize,
        /// What it refers to, shortened.
        id: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}
