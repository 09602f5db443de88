//! A strict pull reader, under all formats of this room.
//!
//! quick-xml finds where tags and texts end; this module adds what makes a document well-formed
//! and safe: legal characters and names, one root, attributes given once, bound prefixes, no
//! document type and no entity but the five predefined. Time and memory stay proportional to
//! the input. Start with [`Document::next`].

mod error;
mod namespaces;
mod tag;

use std::{borrow::Cow, rc::Rc};

use quick_xml::{Reader, events};

use crate::domain::text::is_xml_legal;

pub use error::XmlError;
pub(super) use error::clip;
pub(super) use tag::Attribute;

use error::not_well_formed;
use namespaces::Namespaces;
use tag::{is_name, parse_attributes, resolve_reference, split_name};

/// What a document is made of, in its order.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// An element starts; its end follows, also for `<a/>`.
    Start(Element<'a>),
    /// The innermost open element ends.
    End,
    /// A piece of text: plain, CDATA or one resolved reference. One text may come in pieces.
    Text(Cow<'a, str>),
    /// A comment or a processing instruction.
    Aside,
    /// The document is complete.
    Eof,
}

/// The start of an element.
#[derive(Debug)]
pub(super) struct Element<'a> {
    /// The name without its prefix.
    pub(super) name: &'a str,
    /// The namespace that the element is in.
    pub(super) namespace: Option<Rc<str>>,
    /// The attributes, without namespace declarations.
    pub(super) attributes: Vec<Attribute<'a>>,
}

/// Which declared encodings are fine for a text that is UTF-8 already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeclaredEncoding {
    /// Only UTF-8 and its subset ASCII.
    MustBeUtf8,
    /// Whatever is declared is ignored.
    Ignored,
}

/// A document being read.
pub(super) struct Document<'a> {
    source: &'a str,
    reader: Reader<&'a [u8]>,
    encoding: DeclaredEncoding,
    namespaces: Namespaces<'a>,
    depth: usize,
    root_seen: bool,
    /// How many bytes a byte order mark took before `source`.
    base: usize,
    /// Where the last event started, in bytes of `source`.
    start: usize,
}

impl<'a> Document<'a> {
    /// Starts reading `text`; a byte order mark is allowed.
    pub(super) fn new(text: &'a str, encoding: DeclaredEncoding) -> Result<Self, XmlError> {
        let source = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let base = text.len() - source.len();
        check_characters(source, base)?;
        if source.starts_with('\u{FEFF}') {
            return Err(not_well_formed(base, "text before the root element"));
        }
        let mut reader = Reader::from_str(source);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = true;
        Ok(Self {
            source,
            reader,
            encoding,
            namespaces: Namespaces::default(),
            depth: 0,
            root_seen: false,
            base,
            start: 0,
        })
    }

    /// Where the last event started, in bytes of the given text.
    pub(super) fn position(&self) -> usize {
        self.base + self.start
    }

    /// The next event; after an error or [`Event::Eof`], nothing sensible follows.
    pub(super) fn next(&mut self) -> Result<Event<'a>, XmlError> {
        self.start = self.offset();
        let event = match self.reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(self.refusal(&error)),
        };
        match event {
            events::Event::Start(_) => self.start_element().map(Event::Start),
            // Never sent: empty elements are expanded.
            events::Event::Empty(_) => Err(self.error("an unexpected empty element")),
            events::Event::End(_) => {
                self.namespaces.leave(self.depth);
                self.depth = self.depth.saturating_sub(1);
                Ok(Event::End)
            }
            events::Event::Text(_) => self.text(self.token()),
            events::Event::CData(data) if self.depth > 0 => Ok(Event::Text(data.xml10_content())),
            events::Event::CData(_) => Err(self.error("text outside the root element")),
            events::Event::Comment(_) => Ok(Event::Aside),
            events::Event::Decl(_) => self.declaration(),
            events::Event::PI(instruction) => {
                let target = instruction.target();
                if is_name(target) && !target.eq_ignore_ascii_case("xml") {
                    Ok(Event::Aside)
                } else {
                    Err(self.error("a processing instruction with a wrong name"))
                }
            }
            events::Event::DocType(_) => Err(XmlError::DocumentType {
                position: self.position(),
            }),
            events::Event::GeneralRef(_) if self.depth == 0 => {
                Err(self.error("text outside the root element"))
            }
            events::Event::GeneralRef(_) => {
                let token = self.token();
                let name = token
                    .strip_prefix('&')
                    .and_then(|rest| rest.strip_suffix(';'))
                    .unwrap_or(token);
                let mut text = String::new();
                text.push(resolve_reference(name, self.position())?);
                Ok(Event::Text(Cow::Owned(text)))
            }
            events::Event::Eof if self.depth > 0 => {
                Err(self.error("the document ends inside an element"))
            }
            events::Event::Eof if !self.root_seen => Err(self.error("there is no root element")),
            events::Event::Eof => Ok(Event::Eof),
        }
    }

    fn offset(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    /// The characters of the last event, as they are in the source.
    fn token(&self) -> &'a str {
        self.source
            .get(self.start..self.offset())
            .unwrap_or_default()
    }

    fn text(&self, raw: &'a str) -> Result<Event<'a>, XmlError> {
        if self.depth == 0 {
            if !is_space(raw) {
                return Err(self.error("text outside the root element"));
            }
            return Ok(Event::Aside);
        }
        if raw.contains("]]>") {
            return Err(self.error("`]]>` in a text"));
        }
        Ok(Event::Text(normalize_line_ends(raw)))
    }

    fn start_element(&mut self) -> Result<Element<'a>, XmlError> {
        if self.depth == 0 && self.root_seen {
            return Err(self.error("a second root element"));
        }
        self.root_seen = true;
        self.depth += 1;
        let token = self.token();
        let content = token
            .strip_prefix('<')
            .and_then(|rest| rest.strip_suffix('>'))
            .unwrap_or(token);
        let content = content.strip_suffix('/').unwrap_or(content);
        let (qualified, rest) = match content.find([' ', '\t', '\n', '\r']) {
            Some(end) => content.split_at(end),
            None => (content, ""),
        };
        let position = self.position();
        let Some((prefix, name)) = split_name(qualified) else {
            return Err(self.error("an element with a wrong name"));
        };
        let mut attributes = parse_attributes(rest, position)?;
        self.namespaces
            .declare(self.depth, &mut attributes, position)?;
        let namespace = self.namespaces.of_element(prefix, position)?;
        for attribute in &mut attributes {
            attribute.namespace = self.namespaces.of_attribute(attribute.prefix, position)?;
        }
        Ok(Element {
            name,
            namespace,
            attributes,
        })
    }

    fn declaration(&self) -> Result<Event<'a>, XmlError> {
        if self.start > 0 {
            return Err(self.error("an XML declaration that is not at the start"));
        }
        let content = self
            .token()
            .strip_prefix("<?xml")
            .and_then(|rest| rest.strip_suffix("?>"))
            .unwrap_or_default();
        let attributes = parse_attributes(content, self.position())?;
        let mut expected = ["version", "encoding", "standalone"].iter();
        for attribute in &attributes {
            if attribute.prefix.is_some() || !expected.any(|name| *name == attribute.name) {
                return Err(self.error("a wrong XML declaration"));
            }
            let value: &str = &attribute.value;
            let fine = match attribute.name {
                "version" => value.strip_prefix("1.").is_some_and(|minor| {
                    !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit())
                }),
                "standalone" => matches!(value, "yes" | "no"),
                _ => true,
            };
            if !fine {
                return Err(self.error("a wrong XML declaration"));
            }
            if attribute.name == "encoding"
                && self.encoding == DeclaredEncoding::MustBeUtf8
                && !["utf-8", "ascii", "us-ascii"]
                    .iter()
                    .any(|name| value.eq_ignore_ascii_case(name))
            {
                return Err(XmlError::Encoding { found: clip(value) });
            }
        }
        if attributes.first().is_none_or(|a| a.name != "version") {
            return Err(self.error("an XML declaration without version"));
        }
        Ok(Event::Aside)
    }

    fn error(&self, reason: &str) -> XmlError {
        not_well_formed(self.position(), reason)
    }

    fn refusal(&self, error: &quick_xml::Error) -> XmlError {
        let rest = self.source.get(self.start..).unwrap_or_default();
        if rest.starts_with("<!") && !rest.starts_with("<!--") && !rest.starts_with("<![") {
            return XmlError::DocumentType {
                position: self.position(),
            };
        }
        let position = usize::try_from(self.reader.error_position()).unwrap_or(self.start);
        not_well_formed(self.base + position, &clip(&error.to_string()))
    }
}

/// Whether the text is XML white space only.
pub(super) fn is_space(text: &str) -> bool {
    text.bytes()
        .all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
}

/// A raw carriage return is a line feed, alone or with the line feed that follows it.
fn normalize_line_ends(raw: &str) -> Cow<'_, str> {
    if raw.contains('\r') {
        Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(raw)
    }
}

fn check_characters(source: &str, base: usize) -> Result<(), XmlError> {
    // Suspect bytes first: control characters, and the first byte of U+FFFE and U+FFFF.
    let mut suspects = source
        .bytes()
        .enumerate()
        .filter(|(_, byte)| *byte < 0x20 || *byte == 0xEF);
    match suspects.find_map(|(index, _)| {
        let character = source.get(index..)?.chars().next()?;
        (!is_xml_legal(character)).then_some((index, character))
    }) {
        None => Ok(()),
        Some((index, character)) => Err(XmlError::ForbiddenCharacter {
            position: base + index,
            code: character.into(),
        }),
    }
}

#[cfg(test)]
mod tests;
