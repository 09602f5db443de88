//! Why a text is not a document that we read.

/// A text that was refused before its meaning was looked at (`marshalling.md` 1.1 and 1.7).
///
/// Positions are in bytes of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// The text breaks a rule of XML.
    #[error("not well-formed XML at byte {position}: {reason}")]
    NotWellFormed {
        /// Where it was noticed.
        position: usize,
        /// Which rule.
        reason: String,
    },
    /// A character that XML 1.0 forbids, raw or as a numeric reference.
    #[error("U+{code:04X} at byte {position} is not allowed in XML 1.0")]
    ForbiddenCharacter {
        /// Where it is.
        position: usize,
        /// Its number, which may be beyond Unicode.
        code: u32,
    },
    /// A document type: it could declare entities, so none is read.
    #[error("a document type declaration at byte {position}: none is allowed")]
    DocumentType {
        /// Where it starts.
        position: usize,
    },
    /// An entity that is not predefined.
    #[error(
        "entity `{name}` at byte {position}: only `amp`, `lt`, `gt`, `quot` and `apos` are known"
    )]
    UnknownEntity {
        /// Where the text or tag that holds it starts.
        position: usize,
        /// Its name, shortened.
        name: String,
    },
    /// The document declares an encoding that it is not sent in.
    #[error("declared encoding `{found}`: only UTF-8 is read")]
    Encoding {
        /// The declared encoding, shortened.
        found: String,
    },
}

/// A refusal at `position`.
pub(super) fn not_well_formed(position: usize, reason: &str) -> XmlError {
    XmlError::NotWellFormed {
        position,
        reason: reason.to_owned(),
    }
}

/// The start of a text, short enough for a message.
pub(in crate::xml) fn clip(text: &str) -> String {
    const LENGTH: usize = 60;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
