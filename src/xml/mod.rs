//! Values as XML: the text formats that the classic protocol carries.
//!
//! Five parts: [`marshal`] (every structured request field and almost every answer),
//! [`instance`] (the stored form of a flat dictionary), [`consumption`] (usage reports), [`json`]
//! (the same values in JSON) and [`python`] (what a value looks like once Python made a text of
//! it). All of them read through
//! one strict reader that refuses what a hostile sender could use: document types, entities,
//! characters that XML 1.0 forbids. Nothing here knows a call, a status or a rule; start with
//! [`marshal::Value`].

pub mod consumption;
mod document;
pub mod instance;
pub mod json;
pub mod marshal;
pub mod python;

pub use document::XmlError;
