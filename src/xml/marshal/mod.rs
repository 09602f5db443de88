//! Marshal XML: every structured request field and almost every answer of the classic protocol
//! (`marshalling.md` 1).
//!
//! [`Value`] is what travels, [`read`] (what clients send), [`read_answer`] (what other masters
//! answer) and [`write`] are the two directions. Two things to keep in mind: texts are escaped
//! twice, and an object is never referred to, only repeated.

mod error;
mod key;
mod number;
mod read;
mod scalar;
mod typed;
mod value;
mod write;

pub use error::MarshalError;
pub use read::{MAX_BYTES, MAX_DEPTH, MAX_DIGITS, MAX_NODES, read, read_answer};
pub use value::{Class, Object, Value};
pub use write::write;

#[cfg(test)]
mod limits;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
