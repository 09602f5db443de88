//! Query texts: `portal_type:"Instance Tree" AND validation_state:validated` and the like
//! (`hateoas.md` A.4, query grammar).
//!
//! [`read`] makes a [`Search`] of one, or says where it is at fault. It never guesses: production
//! takes a text that it cannot parse for words to look for, which turns a broken query into a
//! wrong answer.

mod parse;
#[cfg(test)]
mod tests;

use crate::domain::search::Search;

pub(super) use parse::QueryError;

/// What old clients call two kinds of documents, and what these are called.
///
/// Quirk: as production, the quoted words are replaced wherever they stand in the text.
const OLD_NAMES: [(&str, &str); 2] = [
    ("\"Hosting Subscription\"", "\"Instance Tree\""),
    ("\"Computer\"", "\"Compute Node\""),
];

/// The query in the words of today.
pub(super) fn in_present_words(query: &str) -> String {
    OLD_NAMES
        .iter()
        .fold(query.to_owned(), |query, (old, new)| {
            query.replace(old, new)
        })
}

/// Reads a query; an empty one means every document.
pub(super) fn read(query: &str) -> Result<Search, QueryError> {
    parse::Parser::new(query).query()
}
