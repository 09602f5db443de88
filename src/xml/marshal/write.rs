//! From a value to its XML, in exactly the form that clients themselves emit.

use std::fmt::Write as _;

use crate::{domain::text::is_xml_legal, xml::python};

use super::{Class, Object, Value};

/// The document of a value (`marshalling.md` 1.1 to 1.5).
///
/// ASCII only, no declaration, keys in code point order, containers numbered in document order,
/// no `reference`. Characters that XML 1.0 forbids are dropped from texts. One pass into one
/// string.
pub fn write(value: &Value<'_>) -> String {
    let mut writer = Writer {
        out: String::with_capacity(32 + size_guess(value)),
        last_id: 1,
    };
    writer.out.push_str("<marshal>");
    writer.value(value);
    writer.out.push_str("</marshal>");
    writer.out
}

struct Writer {
    out: String,
    last_id: u32,
}

impl Writer {
    fn value(&mut self, value: &Value<'_>) {
        match value {
            Value::None => self.out.push_str("<none/>"),
            Value::Bool(true) => self.out.push_str("<bool>1</bool>"),
            Value::Bool(false) => self.out.push_str("<bool>0</bool>"),
            Value::Int(number) => self.display("int", number),
            Value::BigInt(digits) => {
                let element = if is_long(digits) { "long" } else { "int" };
                // Anything but digits would be a caller's mistake: it must not become markup.
                self.display(element, digits.replace(['&', '<', '>'], ""));
            }
            Value::Float(number) => self.display("float", python::Float(*number)),
            Value::Complex(real, imaginary) => {
                let (real, imaginary) = (python::Float(*real), python::Float(*imaginary));
                self.display("complex", format_args!("{real} {imaginary}"));
            }
            Value::Text(text) => self.text(text),
            Value::List(items) => self.sequence("list", items),
            Value::Set(items) => self.sequence("set", items),
            Value::Tuple(items) => self.tuple(items),
            Value::Dictionary(pairs) => {
                if self.start("dictionary", pairs.is_empty()) {
                    in_key_order(pairs, |(key, value)| {
                        self.value(key);
                        self.value(value);
                    });
                    self.out.push_str("</dictionary>");
                }
            }
            Value::Object(object) => self.object(object),
        }
    }

    fn object(&mut self, object: &Object<'_>) {
        self.last_id += 1;
        let (id, module, class) = (self.last_id, Class::MODULE, object.class.name());
        self.display_raw(format_args!(
            r#"<object id="i{id}" module="{module}" class="{class}">"#
        ));
        self.tuple(&object.arguments);
        // Quirk: the library writes an object without attributes in a way that it cannot read
        // back; an empty dictionary is what its reader wants (`marshalling.md` 1.5).
        if self.start("dictionary", object.attributes.is_empty()) {
            let mut attributes: Vec<_> = object.attributes.iter().collect();
            attributes.sort_by(|(left, _), (right, _)| left.cmp(right));
            for (name, value) in attributes {
                self.text(name);
                self.value(value);
            }
            self.out.push_str("</dictionary>");
        }
        self.out.push_str("</object>");
    }

    fn sequence(&mut self, element: &str, items: &[Value<'_>]) {
        if self.start(element, items.is_empty()) {
            for item in items {
                self.value(item);
            }
            self.display_raw(format_args!("</{element}>"));
        }
    }

    fn tuple(&mut self, items: &[Value<'_>]) {
        if items.is_empty() {
            self.out.push_str("<tuple/>");
            return;
        }
        self.out.push_str("<tuple>");
        for item in items {
            self.value(item);
        }
        self.out.push_str("</tuple>");
    }

    /// Writes the start tag of a numbered container; whether content and end tag must follow.
    fn start(&mut self, element: &str, empty: bool) -> bool {
        self.last_id += 1;
        let id = self.last_id;
        let end = if empty { "/>" } else { ">" };
        self.display_raw(format_args!(r#"<{element} id="i{id}"{end}"#));
        !empty
    }

    fn display(&mut self, element: &str, content: impl std::fmt::Display) {
        self.display_raw(format_args!("<{element}>{content}</{element}>"));
    }

    fn display_raw(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.out.write_fmt(arguments);
    }

    fn text(&mut self, text: &str) {
        self.out.push_str("<string>");
        self.escaped_twice(text);
        self.out.push_str("</string>");
    }

    /// `marshalling.md` 1.3.
    fn escaped_twice(&mut self, text: &str) {
        let is_special = |character: char| {
            matches!(character, '&' | '<' | '>' | '\r' | '\u{7F}'..)
                || (character < ' ' && !matches!(character, '\t' | '\n'))
        };
        let mut rest = text;
        while let Some(index) = rest.find(is_special) {
            let (plain, from) = rest.split_at(index);
            self.out.push_str(plain);
            let mut characters = from.chars();
            match characters.next() {
                Some('&') => self.out.push_str("&amp;amp;"),
                Some('<') => self.out.push_str("&amp;lt;"),
                Some('>') => self.out.push_str("&amp;gt;"),
                Some('\u{7F}') => self.out.push('\u{7F}'),
                Some(character) if is_xml_legal(character) => {
                    self.display_raw(format_args!("&#{};", u32::from(character)));
                }
                _ => {}
            }
            rest = characters.as_str();
        }
        self.out.push_str(rest);
    }
}

/// Calls `each` with the pairs in the order of their keys: text by code point, numbers by value,
/// and mixed keys by their Python `repr`.
fn in_key_order<'p, 'v: 'p>(
    pairs: &'p [(Value<'v>, Value<'v>)],
    mut each: impl FnMut(&'p (Value<'v>, Value<'v>)),
) {
    let mut sorted: Vec<&(Value<'v>, Value<'v>)> = pairs.iter().collect();
    if pairs.iter().all(|(key, _)| matches!(key, Value::Text(_))) {
        sorted.sort_by(|(left, _), (right, _)| left.as_text().cmp(&right.as_text()));
    } else if pairs.iter().all(|(key, _)| matches!(key, Value::Int(_))) {
        sorted.sort_by_key(|(key, _)| key.as_int());
    } else {
        sorted.sort_by_cached_key(|(key, _)| python::repr(key));
    }
    for pair in sorted {
        each(pair);
    }
}

/// Whether clients call the integer `long`: they compare it with the float 1e24, which is a
/// little less than the integer.
fn is_long(digits: &str) -> bool {
    const FLOAT_1E24: &str = "999999999999999983222784";
    let digits = digits.strip_prefix('-').unwrap_or(digits);
    (digits.len(), digits) >= (FLOAT_1E24.len(), FLOAT_1E24)
}

/// About how many bytes the value takes; a guess too low costs a reallocation, no more.
fn size_guess(value: &Value<'_>) -> usize {
    fn all<'v>(items: impl IntoIterator<Item = &'v Value<'v>>) -> usize {
        items.into_iter().map(size_guess).sum::<usize>() + 32
    }
    match value {
        Value::None => 7,
        Value::Bool(_) => 14,
        Value::Int(_) | Value::BigInt(_) | Value::Float(_) | Value::Complex(..) => 32,
        // A little more for escapes.
        Value::Text(text) => 18 + text.len() + text.len() / 8,
        Value::List(items) | Value::Tuple(items) | Value::Set(items) => all(items),
        Value::Dictionary(pairs) => {
            pairs
                .iter()
                .map(|(k, v)| size_guess(k) + size_guess(v))
                .sum::<usize>()
                + 40
        }
        Value::Object(object) => {
            140 + all(&object.arguments)
                + object
                    .attributes
                    .iter()
                    .map(|(name, value)| 17 + name.len() + size_guess(value))
                    .sum::<usize>()
        }
    }
}
