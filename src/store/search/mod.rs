//! Documents to choose from, in the order of their rows: what a search begins with.
//!
//! Each kind of rows has its paths, which are the indexes that it can be read by. A path gives at
//! least what it is asked for; whether a document is meant and may be shown is not decided here.

pub(crate) mod computer;
pub(crate) mod installation;
pub(crate) mod instance;
pub(crate) mod tree;

use crate::domain::{document::Document, permission::ObjectFacts};

/// A document, and what rights on it follow from.
#[derive(Debug)]
pub(crate) struct Candidate {
    /// Row.
    pub(crate) id: i64,
    /// The document.
    pub(crate) document: Document,
    /// What rights on it follow from.
    pub(crate) object: ObjectFacts,
}

/// Which part of the candidates is read: those after a row, the first so many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// The row before the first one.
    pub(crate) after: i64,
    /// How many.
    pub(crate) most: i64,
}

/// Values to look for, as a JSON list.
#[derive(Debug)]
pub(crate) struct AnyOf(String);

impl<'a> FromIterator<&'a str> for AnyOf {
    fn from_iter<I: IntoIterator<Item = &'a str>>(values: I) -> Self {
        let values: Vec<&str> = values.into_iter().collect();
        Self(serde_json::Value::from(values).to_string())
    }
}

impl FromIterator<i64> for AnyOf {
    fn from_iter<I: IntoIterator<Item = i64>>(values: I) -> Self {
        let values: Vec<i64> = values.into_iter().collect();
        Self(serde_json::Value::from(values).to_string())
    }
}
