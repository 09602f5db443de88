//! Usage reports: what a computer says that its instances consumed (`slap.md` 5.15).
//!
//! The structure is checked element by element against the table of that section; nothing of the
//! report is kept but its text and one reference.

use crate::domain::usage::UsageReport;

use super::{
    XmlError,
    document::{Attribute, DeclaredEncoding, Document, Element, Event, clip, is_space},
};

/// A usage report that was refused; the sender is at fault.
///
/// Positions are in bytes of the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsumptionError {
    /// The report is not a document that we read.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// An element that may not stand there.
    #[error("found element `{found}` at byte {position}, expected {expected}")]
    UnexpectedElement {
        /// Where it starts.
        position: usize,
        /// Its name, shortened.
        found: String,
        /// Which elements may stand there.
        expected: String,
    },
    /// An element that ends before all that must be in it.
    #[error("`{element}` ends at byte {position}, expected {expected}")]
    Incomplete {
        /// Where its end tag starts.
        position: usize,
        /// The element.
        element: &'static str,
        /// Which elements may stand there.
        expected: String,
    },
    /// Text where only elements may stand.
    #[error("found text in `{element}` at byte {position}, expected elements only")]
    UnexpectedText {
        /// Where the text starts.
        position: usize,
        /// The element that it is in.
        element: &'static str,
    },
    /// An attribute that the element does not have.
    #[error("found attribute `{found}` of `{element}` at byte {position}, expected none such")]
    UnexpectedAttribute {
        /// Where the element starts.
        position: usize,
        /// The element.
        element: &'static str,
        /// The attribute's name, shortened.
        found: String,
    },
    /// A required attribute that is missing.
    #[error("`{element}` at byte {position} has no attribute `{attribute}`")]
    MissingAttribute {
        /// Where the element starts.
        position: usize,
        /// The element.
        element: &'static str,
        /// The attribute.
        attribute: &'static str,
    },
    /// A quantity or price that is not an XML Schema float.
    #[error("found `{found}` in `{element}` before byte {position}, expected a number")]
    NotANumber {
        /// Where the end tag starts.
        position: usize,
        /// The element.
        element: &'static str,
        /// What was found, shortened.
        found: String,
    },
}

/// What may be in an element.
enum Content {
    /// Any text, no element.
    Text,
    /// An XML Schema float, no element.
    Float,
    /// Elements in this order, no text.
    Elements(&'static [Part]),
}

/// A kind of element.
struct Model {
    name: &'static str,
    /// Whether it has the attribute `type`, which is then required and any text.
    typed: bool,
    content: Content,
}

/// How often an element stands at its place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Times {
    Once,
    AtMostOnce,
    AnyNumber,
    AtLeastOnce,
}

struct Part(Times, Model);

const fn text(times: Times, name: &'static str) -> Part {
    leaf(times, name, Content::Text)
}

const fn leaf(times: Times, name: &'static str, content: Content) -> Part {
    Part(
        times,
        Model {
            name,
            typed: false,
            content,
        },
    )
}

use Times::{AnyNumber, AtLeastOnce, AtMostOnce, Once};

static JOURNAL: Model = Model {
    name: "journal",
    typed: false,
    content: Content::Elements(&[Part(
        AtLeastOnce,
        Model {
            name: "transaction",
            typed: true,
            content: Content::Elements(&[
                text(AtMostOnce, "title"),
                text(Once, "start_date"),
                text(Once, "stop_date"),
                text(Once, "reference"),
                text(Once, "currency"),
                text(Once, "payment_mode"),
                text(AnyNumber, "category"),
                Part(
                    AtLeastOnce,
                    Model {
                        name: "arrow",
                        typed: true,
                        content: Content::Elements(&[
                            text(AtMostOnce, "source"),
                            text(AtMostOnce, "destination"),
                        ]),
                    },
                ),
                Part(
                    AtLeastOnce,
                    Model {
                        name: "movement",
                        typed: false,
                        content: Content::Elements(&[
                            text(Once, "resource"),
                            text(AtMostOnce, "title"),
                            text(AtMostOnce, "reference"),
                            leaf(Once, "quantity", Content::Float),
                            leaf(Once, "price", Content::Float),
                            text(Once, "VAT"),
                            text(AnyNumber, "category"),
                        ]),
                    },
                ),
            ]),
        },
    )]),
};

/// Checks a report and takes its reference, that of the first transaction, which may be empty
/// (`slap.md` 5.15).
///
/// Errors: one variant per rule of that section. A document type is refused; a declared encoding
/// is ignored.
pub fn read(document: &str) -> Result<UsageReport, ConsumptionError> {
    let mut reader = Document::new(document, DeclaredEncoding::Ignored)?;
    let mut frames: Vec<Frame> = Vec::new();
    let mut transaction_reference: Option<String> = None;
    loop {
        let event = reader.next()?;
        let position = reader.position();
        match event {
            Event::Start(element) => {
                let model = match frames.last_mut() {
                    Some(frame) => frame.child(&element, position)?,
                    None if is(&JOURNAL, &element) => &JOURNAL,
                    None => return Err(unexpected(&element, position, "`journal`".to_owned())),
                };
                check_attributes(model, &element, position)?;
                frames.push(Frame::new(model));
            }
            Event::Text(piece) => {
                if let Some(frame) = frames.last_mut() {
                    frame.text(&piece, position)?;
                }
            }
            Event::End => {
                let Some(frame) = frames.pop() else { continue };
                let model = frame.model;
                let text = frame.finish(position)?;
                let in_transaction = frames.last().is_some_and(|f| f.model.name == "transaction");
                if in_transaction && model.name == "reference" && transaction_reference.is_none() {
                    transaction_reference = Some(text);
                }
            }
            Event::Aside => {}
            Event::Eof => {
                return Ok(UsageReport {
                    transaction_reference: transaction_reference.unwrap_or_default(),
                    document: document.to_owned(),
                });
            }
        }
    }
}

/// An open element.
struct Frame {
    model: &'static Model,
    text: String,
    /// The part that the last child was, and how many of it there were in a row.
    place: usize,
    count: usize,
}

impl Frame {
    const fn new(model: &'static Model) -> Self {
        Self {
            model,
            text: String::new(),
            place: 0,
            count: 0,
        }
    }

    fn parts(&self) -> &'static [Part] {
        match self.model.content {
            Content::Elements(parts) => parts,
            Content::Text | Content::Float => &[],
        }
    }

    /// Which parts may come next, the one at the current place included if it may be repeated;
    /// whether the element may also end is the second answer.
    fn next_parts(&self) -> (Vec<(usize, &'static Part)>, bool) {
        let mut next = Vec::new();
        for (index, part) in self.parts().iter().enumerate().skip(self.place) {
            let Part(times, _) = part;
            let count = if index == self.place { self.count } else { 0 };
            if count == 0 || matches!(times, AnyNumber | AtLeastOnce) {
                next.push((index, part));
            }
            if count == 0 && matches!(times, Once | AtLeastOnce) {
                return (next, false);
            }
        }
        (next, true)
    }

    fn child(
        &mut self,
        element: &Element<'_>,
        position: usize,
    ) -> Result<&'static Model, ConsumptionError> {
        let (next, may_end) = self.next_parts();
        let Some((index, Part(_, model))) = next.iter().find(|(_, Part(_, m))| is(m, element))
        else {
            let expected = self.expected(&next, may_end);
            return Err(unexpected(element, position, expected));
        };
        if *index != self.place {
            self.place = *index;
            self.count = 0;
        }
        self.count += 1;
        Ok(model)
    }

    fn text(&mut self, piece: &str, position: usize) -> Result<(), ConsumptionError> {
        match self.model.content {
            Content::Text | Content::Float => {
                self.text.push_str(piece);
                Ok(())
            }
            Content::Elements(_) if is_space(piece) => Ok(()),
            Content::Elements(_) => Err(ConsumptionError::UnexpectedText {
                position,
                element: self.model.name,
            }),
        }
    }

    /// Checks that nothing is missing; the element's text.
    fn finish(self, position: usize) -> Result<String, ConsumptionError> {
        let element = self.model.name;
        let (next, may_end) = self.next_parts();
        if !may_end {
            let expected = self.expected(&next, may_end);
            return Err(ConsumptionError::Incomplete {
                position,
                element,
                expected,
            });
        }
        if matches!(self.model.content, Content::Float) && !is_float(&self.text) {
            return Err(ConsumptionError::NotANumber {
                position,
                element,
                found: clip(&self.text),
            });
        }
        Ok(self.text)
    }

    fn expected(&self, next: &[(usize, &'static Part)], may_end: bool) -> String {
        let mut names: Vec<_> = next
            .iter()
            .map(|(_, Part(_, model))| format!("`{}`", model.name))
            .collect();
        if may_end {
            names.push(format!("the end of `{}`", self.model.name));
        }
        names.join(" or ")
    }
}

fn is(model: &Model, element: &Element<'_>) -> bool {
    element.namespace.is_none() && element.name == model.name
}

fn unexpected(element: &Element<'_>, position: usize, expected: String) -> ConsumptionError {
    let found = match &element.namespace {
        Some(namespace) => clip(&format!("{{{namespace}}}{}", element.name)),
        None => clip(element.name),
    };
    ConsumptionError::UnexpectedElement {
        position,
        found,
        expected,
    }
}

fn check_attributes(
    model: &Model,
    element: &Element<'_>,
    position: usize,
) -> Result<(), ConsumptionError> {
    let mut found_type = false;
    for attribute in &element.attributes {
        if model.typed && attribute.name == "type" && attribute.namespace.is_none() {
            found_type = true;
        } else if !is_schema_hint(attribute) {
            return Err(ConsumptionError::UnexpectedAttribute {
                position,
                element: model.name,
                found: clip(attribute.name),
            });
        }
    }
    if model.typed && !found_type {
        return Err(ConsumptionError::MissingAttribute {
            position,
            element: model.name,
            attribute: "type",
        });
    }
    Ok(())
}

/// Whether the attribute only says where a schema is: XML Schema allows that on any element.
fn is_schema_hint(attribute: &Attribute<'_>) -> bool {
    attribute.namespace.as_deref() == Some("http://www.w3.org/2001/XMLSchema-instance")
        && matches!(
            attribute.name,
            "schemaLocation" | "noNamespaceSchemaLocation"
        )
}

/// Whether the text is an XML Schema float, surrounding white space aside.
fn is_float(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    if matches!(text, "INF" | "-INF" | "NaN") {
        return true;
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let all_digits = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
    let unsigned = |number: &str| number.strip_prefix(['+', '-']).unwrap_or(number).to_owned();
    let mantissa = unsigned(mantissa);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((&mantissa, ""));
    let mantissa_is_fine =
        !(whole.is_empty() && fraction.is_empty()) && all_digits(whole) && all_digits(fraction);
    let exponent_is_fine = exponent.is_none_or(|exponent| {
        let digits = unsigned(exponent);
        !digits.is_empty() && all_digits(&digits)
    });
    mantissa_is_fine && exponent_is_fine
}

#[cfg(test)]
mod tests;
