//! Instance XML: the stored form of a flat dictionary, which decides what a value looks like
//! after a round trip (`marshalling.md` 2).
//!
//! [`write()`] gives the canonical text, byte for byte what the client's library writes; [`read`]
//! takes everything that the library takes, except what is dangerous.

use std::collections::HashMap;

use crate::domain::{parameters::Parameters, text::is_xml_legal};

use super::{
    XmlError,
    document::{DeclaredEncoding, Document, Element, Event},
};

/// A text that is not instance XML: it is not well-formed, or holds what is never read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct InstanceXmlError(#[from] XmlError);

/// The stored form of the parameters (`marshalling.md` 2.1).
///
/// UTF-8 and raw characters, two spaces of indent, keys in code point order, a line feed at the
/// end. Characters that XML 1.0 forbids are dropped.
pub fn write(parameters: &Parameters) -> String {
    let mut out = String::from("<?xml version='1.0' encoding='utf-8'?>\n");
    if parameters.is_empty() {
        out.push_str("<instance/>\n");
        return out;
    }
    out.push_str("<instance>\n");
    for (key, value) in parameters.iter() {
        out.push_str("  <parameter id=\"");
        escape(&mut out, key, Place::Attribute);
        out.push_str("\">");
        escape(&mut out, value.unwrap_or_default(), Place::Text);
        out.push_str("</parameter>\n");
    }
    out.push_str("</instance>\n");
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    Attribute,
}

fn escape(out: &mut String, text: &str, place: Place) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '\n' if place == Place::Attribute => out.push_str("&#10;"),
            '\t' if place == Place::Attribute => out.push_str("&#9;"),
            '"' if place == Place::Attribute => out.push_str("&quot;"),
            _ if is_xml_legal(character) => out.push(character),
            _ => {}
        }
    }
}

/// Reads stored parameters (`marshalling.md` 2.2).
///
/// An empty text is an empty dictionary. The root may have any name; of its children only
/// `parameter` with an `id` counts, and in it only the text before the first child, comment or
/// instruction. The same `id` twice joins the values with a space.
pub fn read(text: &str) -> Result<Parameters, InstanceXmlError> {
    let mut values: HashMap<String, Option<String>> = HashMap::new();
    if text.is_empty() {
        return Ok(Parameters::new());
    }
    let mut document = Document::new(text, DeclaredEncoding::Ignored)?;
    let mut depth = 0_usize;
    let mut open: Option<OpenParameter> = None;
    loop {
        match document.next()? {
            Event::Start(element) => {
                depth += 1;
                if depth == 2 {
                    open = OpenParameter::of(&element);
                } else if let Some(parameter) = &mut open {
                    parameter.complete = true;
                }
            }
            Event::End => {
                if depth == 2
                    && let Some(parameter) = open.take()
                {
                    parameter.store(&mut values);
                }
                depth = depth.saturating_sub(1);
            }
            Event::Text(piece) => {
                if let Some(parameter) = open.as_mut().filter(|parameter| !parameter.complete) {
                    parameter.text.push_str(&piece);
                }
            }
            Event::Aside => {
                if let Some(parameter) = &mut open {
                    parameter.complete = true;
                }
            }
            Event::Eof => return Ok(values.into_iter().collect()),
        }
    }
}

/// A parameter whose end was not seen yet.
struct OpenParameter {
    id: String,
    text: String,
    /// Whether no further text counts.
    complete: bool,
}

impl OpenParameter {
    fn of(element: &Element<'_>) -> Option<Self> {
        if element.name != "parameter" || element.namespace.is_some() {
            return None;
        }
        let id = element
            .attributes
            .iter()
            .find(|attribute| attribute.name == "id" && attribute.namespace.is_none())?;
        Some(Self {
            id: id.value.to_string(),
            text: String::new(),
            complete: false,
        })
    }

    fn store(self, values: &mut HashMap<String, Option<String>>) {
        let text = Some(self.text).filter(|text| !text.is_empty());
        let value = values.entry(self.id).or_default();
        match (value.as_mut(), text) {
            (Some(first), Some(second)) => {
                first.push(' ');
                first.push_str(&second);
            }
            (Some(_), None) => {}
            (None, text) => *value = text,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, option, prelude::*};

    use super::*;
    use crate::domain::text::without_illegal;

    fn parameters(pairs: &[(&str, Option<&str>)]) -> Parameters {
        pairs.iter().copied().collect()
    }

    #[test]
    fn parameters_are_written_in_the_canonical_form() {
        #[track_caller]
        fn check(pairs: &[(&str, Option<&str>)], expected: &str) {
            let document = write(&parameters(pairs));
            let expected = format!("<?xml version='1.0' encoding='utf-8'?>\n{expected}\n");
            assert_eq!(document, expected);
            assert_eq!(read(&document), Ok(parameters(pairs)));
        }
        check(&[], "<instance/>");
        check(
            &[
                ("a", Some("1")),
                ("_", Some(r#"{"k": [1, null, "\u00e9"]}"#)),
            ],
            "<instance>\n  <parameter id=\"_\">{\"k\": [1, null, \"\\u00e9\"]}</parameter>\n  \
             <parameter id=\"a\">1</parameter>\n</instance>",
        );
        check(
            &[("g", None)],
            "<instance>\n  <parameter id=\"g\"></parameter>\n</instance>",
        );
        check(
            &[("&<>\"'\n\t\ré", Some("&<>\"'\n\t\ré😀"))],
            "<instance>\n  <parameter id=\"&amp;&lt;&gt;&quot;'&#10;&#9;&#13;é\">\
             &amp;&lt;&gt;\"'\n\t&#13;é😀</parameter>\n</instance>",
        );
    }

    /// The rows of `marshalling.md` 2.2.
    #[test]
    fn odd_documents_read_as_the_library_reads_them() {
        #[track_caller]
        fn check(document: &str, expected: &[(&str, Option<&str>)]) {
            assert_eq!(read(document), Ok(parameters(expected)), "{document}");
        }
        check("", &[]);
        check("<instance/>", &[]);
        check("<any><other id='a'>1</other></any>", &[]);
        check(
            "<any><parameter id='a'>1</parameter></any>",
            &[("a", Some("1"))],
        );
        check("<parameter id='a'>1</parameter>", &[]);
        check("<i><x><parameter id='a'>1</parameter></x></i>", &[]);
        check(
            "<i><parameter id='a'/><parameter id='b'></parameter></i>",
            &[("a", None), ("b", None)],
        );
        check(
            "<i><parameter id='a'>1</parameter><parameter id='a'>2</parameter></i>",
            &[("a", Some("1 2"))],
        );
        check(
            "<i><parameter id='a'/><parameter id='a'>2</parameter></i>",
            &[("a", Some("2"))],
        );
        check(
            "<i><parameter id='a'>1</parameter><parameter id='a'/></i>",
            &[("a", Some("1"))],
        );
        check("<i><parameter>1</parameter></i>", &[]);
        check("<i xmlns='u'><parameter id='a'>1</parameter></i>", &[]);
        check(
            "<i><parameter id='a'>1<b>2</b>3</parameter></i>",
            &[("a", Some("1"))],
        );
        check(
            "<i><parameter id='a'>1<!-- 2 -->3</parameter></i>",
            &[("a", Some("1"))],
        );
        check("<i><parameter id='a'><b/>3</parameter></i>", &[("a", None)]);
        check(
            "<i><parameter id='a'><parameter id='b'>1</parameter></parameter></i>",
            &[("a", None)],
        );
        check(
            "<i><parameter id='a'><![CDATA[<1>]]>&#13;&amp;</parameter></i>",
            &[("a", Some("<1>\r&"))],
        );
        check(
            "<i><parameter id='a'>1\r\n2</parameter></i>",
            &[("a", Some("1\n2"))],
        );
        check(
            "<i><parameter id='a'> </parameter></i>",
            &[("a", Some(" "))],
        );
        check(
            "<?xml version='1.0' encoding='iso-8859-1'?><i><parameter id='é'>é</parameter></i>",
            &[("é", Some("é"))],
        );
    }

    #[test]
    fn what_is_not_instance_xml_is_refused() {
        for (document, expected) in [
            ("x", "not well-formed"),
            ("<i>", "inside an element"),
            ("<!DOCTYPE i><i/>", "document type"),
            ("<i><parameter id='a'>&x;</parameter></i>", "entity `x`"),
            ("<i>\u{1b}</i>", "U+001B"),
        ] {
            let error = read(document).unwrap_err().to_string();
            assert!(error.contains(expected), "{document}: {error}");
        }
    }

    proptest! {
        #[test]
        fn parameters_survive_a_round_trip(
            pairs in btree_map(any::<String>(), option::of(any::<String>()), 0..8)
        ) {
            let parameters: Parameters = pairs
                .into_iter()
                .map(|(key, value)| {
                    (without_illegal(&key), value.map(|text| without_illegal(&text)))
                })
                .collect();
            prop_assert_eq!(read(&write(&parameters)), Ok(parameters));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>(), tags in "[<>/&;'\"= !a-c-]{0,40}") {
            let _ = read(&text);
            let _ = read(&format!("<i><parameter id='a'>{tags}</parameter>{text}</i>"));
        }
    }
}
