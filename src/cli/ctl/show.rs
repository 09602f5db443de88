//! What people are shown: aligned tables, facts, and colour where the terminal has it.
//!
//! Whatever comes from a server goes through [`plain`]: a title cannot move the cursor.

use serde_json::Value;

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

/// What the place can show that is written to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether there is colour.
    pub(super) colour: bool,
    /// Whether lines can be drawn with Unicode.
    pub(super) unicode: bool,
}

/// A column: its heading, and where its value is, as a JSON pointer without the first slash.
pub(super) type Column = (&'static str, &'static str);

/// What is to be written.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) look: Look,
    pub(super) text: String,
}

impl Page {
    pub(super) const fn new(look: Look) -> Self {
        Self {
            look,
            text: String::new(),
        }
    }

    /// A line.
    pub(super) fn line(&mut self, text: &str) {
        self.text.push_str(&plain(text));
        self.text.push('\n');
    }

    /// A line of words, each in the colour of what it says.
    pub(super) fn words(&mut self, words: &[&str]) {
        let words: Vec<String> = words.iter().map(|word| self.toned(word)).collect();
        self.text.push_str(&words.join("  "));
        self.text.push('\n');
    }

    /// Objects as a table; the words if there are none.
    pub(super) fn table(&mut self, rows: &[Value], columns: &[Column], none: &str) {
        if rows.is_empty() {
            self.line(none);
            return;
        }
        let cell = |row: &Value, place: &str| {
            row.pointer(&format!("/{place}"))
                .map_or(String::new(), in_words)
        };
        let cells = rows
            .iter()
            .map(|row| columns.iter().map(|(_, place)| cell(row, place)).collect())
            .collect();
        let heads: Vec<&str> = columns.iter().map(|(head, _)| *head).collect();
        self.rows(&heads, cells);
    }

    /// Rows under headings. A column in which nothing is stays away.
    pub(super) fn rows(&mut self, heads: &[&str], rows: Vec<Vec<String>>) {
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .map(|row| row.iter().map(|cell| plain(cell)).collect())
            .collect();
        let shown: Vec<(usize, &str, usize)> = heads
            .iter()
            .enumerate()
            .filter_map(|(place, head)| {
                let cells = rows.iter().filter_map(|row| row.get(place));
                let widest = cells.map(|cell| cell.chars().count()).max()?;
                (widest > 0).then(|| (place, *head, widest.max(head.chars().count())))
            })
            .collect();
        let heading: Vec<String> = shown
            .iter()
            .map(|(_, head, width)| format!("{head:width$}"))
            .collect();
        let heading = self.coloured(heading.join("  ").trim_end(), BOLD);
        self.text.push_str(&heading);
        self.text.push('\n');
        for row in &rows {
            let mut line = String::new();
            let mut owed = 0;
            for (place, _, width) in &shown {
                let cell = row.get(*place).map_or("", String::as_str);
                // What stands between is written before the next cell, so that no line ends in it.
                if !cell.is_empty() {
                    line.extend(std::iter::repeat_n(' ', owed));
                    owed = 0;
                    line.push_str(&self.toned(cell));
                }
                owed += width - cell.chars().count() + 2;
            }
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// The members of an object, a line each; a text of several lines stands below its name.
    pub(super) fn facts(&mut self, value: &Value) {
        let Value::Object(members) = value else {
            self.line(&in_words(value));
            return;
        };
        let width = members.keys().map(|key| key.chars().count()).max();
        for (key, value) in members {
            let words = in_words(value);
            if words.contains('\n') {
                self.line(&format!("{key}:"));
                for line in words.lines() {
                    self.line(line);
                }
            } else {
                let name = format!("{:width$}", plain(key), width = width.unwrap_or(0));
                let name = self.coloured(&name, DIM);
                let words = self.toned(&words);
                self.text.push_str(format!("{name}  {words}").trim_end());
                self.text.push('\n');
            }
        }
    }

    /// A word in the colour of what it says.
    pub(super) fn toned(&self, text: &str) -> String {
        let text = plain(text);
        let code = match text.as_str() {
            "started" | "available" | "valid" | "running" | "live" | "healthy" => GREEN,
            "error" | "revoked" | "expired" | "failed" => RED,
            "stopped" | "building" | "waiting" | "destroyed" | "frozen" | "held" => YELLOW,
            "-" => DIM,
            _ => return text,
        };
        self.coloured(&text, code)
    }

    fn coloured(&self, text: &str, code: &str) -> String {
        if self.look.colour && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// A value in words: `-` for nothing, members as `key=value`.
pub(super) fn in_words(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(in_words).collect();
            items.join(",")
        }
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| {
                let words = in_words(value);
                if value.is_object() {
                    format!("{key}({words})")
                } else {
                    format!("{key}={words}")
                }
            };
            let members: Vec<String> = members.iter().map(member).collect();
            members.join(" ")
        }
    }
}

/// A text without characters that steer a terminal.
pub(super) fn plain(text: &str) -> String {
    if !text.chars().any(steers) {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if steers(character) {
            plain.extend(character.escape_unicode());
        } else {
            plain.push(character);
        }
    }
    plain
}

/// Control characters, and those that turn the direction of a text.
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(colour: bool) -> Page {
        Page::new(Look {
            colour,
            unicode: false,
        })
    }

    #[test]
    fn a_table_is_aligned_and_has_no_empty_column() {
        let mut page = page(false);
        let rows = [
            json!({ "name": "a", "state": "started", "more": { "at": "x" }, "none": "" }),
            json!({ "name": "longer", "state": null, "more": {}, "none": "" }),
        ];
        let columns = [
            ("name", "name"),
            ("state", "state"),
            ("none", "none"),
            ("at", "more/at"),
        ];
        page.table(&rows, &columns, "nothing");
        assert_eq!(
            page.text,
            "name    state    at\na       started  x\nlonger  -\n"
        );
    }

    #[test]
    fn a_table_without_rows_says_so() {
        let mut page = page(false);
        page.table(&[], &[("name", "name")], "no rules");
        assert_eq!(page.text, "no rules\n");
    }

    #[test]
    fn colour_is_around_the_word_and_counts_for_nothing_in_the_width() {
        let mut page = page(true);
        let rows = [json!({ "a": "error", "b": "x" })];
        page.table(&rows, &[("a", "a"), ("b", "b")], "");
        assert_eq!(
            page.text,
            "\u{1b}[1ma      b\u{1b}[0m\n\u{1b}[31merror\u{1b}[0m  x\n"
        );
    }

    #[test]
    fn facts_are_a_line_each() {
        let mut page = page(false);
        page.facts(
            &json!({ "name": "x", "match": { "call": "a", "nth": [1, 2] }, "pem": "-\n+\n" }),
        );
        assert_eq!(page.text, "name   x\nmatch  call=a nth=1,2\npem:\n-\n+\n");
    }

    #[test]
    fn no_text_of_a_server_steers_the_terminal() {
        assert_eq!(
            plain("a\u{1b}[2Jb\nc\u{202e}"),
            "a\\u{1b}[2Jb\\u{a}c\\u{202e}"
        );
        assert_eq!(plain("web-ü"), "web-ü");
    }
}
