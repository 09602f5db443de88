//! What a text must be to travel in this protocol: every character legal in XML 1.0.

/// A value that was refused, and what was expected in its place.
///
/// Every front turns it into its own "malformed input" answer (classic: 400).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {reason}")]
pub struct InvalidValue {
    /// The field as the caller named it.
    pub field: String,
    /// What is wrong with it and what was expected.
    pub reason: String,
}

impl InvalidValue {
    /// A refusal of `field`, with the `reason` in words.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            reason: reason.into(),
        }
    }
}

/// Whether XML 1.0 allows the character.
///
/// One stored character that it forbids would make every later answer unreadable, which is why
/// texts are checked where they come in (`semantics.md` 3.11).
pub const fn is_xml_legal(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// The text without the characters that XML 1.0 forbids (`marshalling.md` 1.3).
///
/// For texts that are only shown, such as an error log with terminal colours in it.
pub fn without_illegal(text: &str) -> String {
    text.chars().filter(|c| is_xml_legal(*c)).collect()
}

/// Checks that the text is not empty and that XML 1.0 allows every character of it.
pub fn check_legal(field: &str, text: &str) -> Result<(), InvalidValue> {
    if text.is_empty() {
        return Err(InvalidValue::new(field, "is empty, a text was expected"));
    }
    match text.chars().position(|c| !is_xml_legal(c)) {
        None => Ok(()),
        Some(index) => Err(InvalidValue::new(
            field,
            format!("the character at position {index} is not allowed in XML 1.0"),
        )),
    }
}

/// The candidate that is spelt most like `text`, if any is close: a suggestion for who mistyped.
pub fn nearest<'c>(text: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(text, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// The last `count` characters of the text, whole characters only.
pub fn last_characters(text: &str, count: usize) -> &str {
    match text.char_indices().rev().nth(count.saturating_sub(1)) {
        Some((start, _)) if count > 0 => text.get(start..).unwrap_or(text),
        _ if count == 0 => "",
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_is_legal_and_backspace_is_not() {
        assert!(check_legal("title", "a\tb").is_ok());
        let refused = check_legal("title", "a\u{8}b").unwrap_err();
        assert_eq!(refused.field, "title");
        assert!(refused.reason.contains("position 1"));
        assert!(check_legal("title", "").is_err());
        assert!(!is_xml_legal('\u{FFFE}') && !is_xml_legal('\0'));
    }

    #[test]
    fn the_nearest_word_is_found_if_any_is_near() {
        let words = ["computer", "instance", "user"];
        let check = |text, expected| assert_eq!(nearest(text, words.into_iter()), expected);
        check("computr", Some("computer"));
        check("instanc", Some("instance"));
        check("serial", None);
    }

    #[test]
    fn last_characters_never_splits_one() {
        assert_eq!(last_characters("aé€", 2), "é€");
        assert_eq!(last_characters("ab", 80), "ab");
        assert_eq!(last_characters("ab", 0), "");
        assert_eq!(last_characters("", 3), "");
    }
}
