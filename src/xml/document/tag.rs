//! The inside of tags: names, attributes and references.

use std::{borrow::Cow, collections::HashSet, rc::Rc};

use crate::domain::text::is_xml_legal;

use super::error::{XmlError, clip, not_well_formed};

/// One attribute of an element.
#[derive(Debug)]
pub(in crate::xml) struct Attribute<'a> {
    /// What stands before the colon, if there is one.
    pub(super) prefix: Option<&'a str>,
    /// The name without its prefix.
    pub(in crate::xml) name: &'a str,
    /// The namespace that the prefix stands for.
    pub(in crate::xml) namespace: Option<Rc<str>>,
    /// The value, references resolved and white space made spaces.
    pub(in crate::xml) value: Cow<'a, str>,
}

/// Reads ` a="1" b='2' `; `position` is where the tag starts, for errors.
pub(super) fn parse_attributes(
    text: &str,
    position: usize,
) -> Result<Vec<Attribute<'_>>, XmlError> {
    let error = |reason| not_well_formed(position, reason);
    let mut attributes = Vec::new();
    let mut seen = HashSet::new();
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches(SPACE);
        if trimmed.is_empty() {
            return Ok(attributes);
        }
        if trimmed.len() == rest.len() {
            return Err(error("no white space before an attribute"));
        }
        let Some((qualified, after)) = trimmed.split_once('=') else {
            return Err(error("an attribute without a value"));
        };
        let qualified = qualified.trim_end_matches(SPACE);
        let Some((prefix, name)) = split_name(qualified) else {
            return Err(error("an attribute with a wrong name"));
        };
        if !seen.insert(qualified) {
            return Err(error("the same attribute twice"));
        }
        let after = after.trim_start_matches(SPACE);
        let quoted = after
            .strip_prefix('"')
            .map(|value| value.split_once('"'))
            .or_else(|| after.strip_prefix('\'').map(|value| value.split_once('\'')));
        let Some(Some((raw, next))) = quoted else {
            return Err(error("an attribute value without quotes"));
        };
        attributes.push(Attribute {
            prefix,
            name,
            namespace: None,
            value: attribute_value(raw, position)?,
        });
        rest = next;
    }
}

const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

fn attribute_value(raw: &str, position: usize) -> Result<Cow<'_, str>, XmlError> {
    if raw.contains('<') {
        return Err(not_well_formed(position, "`<` in an attribute value"));
    }
    if !raw.contains(['&', '\t', '\n', '\r']) {
        return Ok(Cow::Borrowed(raw));
    }
    let spaced = raw.replace("\r\n", " ").replace(['\t', '\n', '\r'], " ");
    let mut value = String::with_capacity(spaced.len());
    let mut pieces = spaced.split('&');
    value.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let Some((name, rest)) = piece.split_once(';') else {
            return Err(not_well_formed(position, "`&` without `;`"));
        };
        value.push(resolve_reference(name, position)?);
        value.push_str(rest);
    }
    Ok(Cow::Owned(value))
}

/// The character that `&name;` stands for.
pub(super) fn resolve_reference(name: &str, position: usize) -> Result<char, XmlError> {
    match name {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => {}
    }
    let Some(number) = name.strip_prefix('#') else {
        return Err(XmlError::UnknownEntity {
            position,
            name: clip(name),
        });
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(not_well_formed(position, "a wrong numeric reference"));
    }
    // Only a number beyond 32 bits fails here.
    let code = u32::from_str_radix(digits, radix).unwrap_or(u32::MAX);
    char::from_u32(code)
        .filter(|character| is_xml_legal(*character))
        .ok_or(XmlError::ForbiddenCharacter { position, code })
}

/// Splits a qualified name into its prefix and local name, if it is one.
pub(super) fn split_name(qualified: &str) -> Option<(Option<&str>, &str)> {
    let (prefix, local) = match qualified.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, qualified),
    };
    (prefix.is_none_or(is_name) && is_name(local)).then_some((prefix, local))
}

/// Whether the text is an XML name without a colon.
pub(super) fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_name_character)
}

const fn is_name_start(character: char) -> bool {
    matches!(character,
        'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}'
        | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}'
        | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

const fn is_name_character(character: char) -> bool {
    is_name_start(character)
        || matches!(character,
            '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}
