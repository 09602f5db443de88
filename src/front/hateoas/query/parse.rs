//! The grammar, by recursive descent: one function a rule.

use crate::{domain::search::Search, front::hateoas::column::Column};

/// How deep parentheses and negations may be nested.
const DEEPEST: usize = 50;

/// What is wrong with a query, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {position}: {reason}")]
pub(in crate::front::hateoas) struct QueryError {
    /// Place of the character at fault, counted from 1; one past the last at the end.
    pub(super) position: usize,
    /// What is wrong there.
    pub(super) reason: String,
}

type Result<T> = std::result::Result<T, QueryError>;

pub(super) struct Parser<'q> {
    whole: &'q str,
    rest: &'q str,
    depth: usize,
}

impl<'q> Parser<'q> {
    pub(super) const fn new(query: &'q str) -> Self {
        Self {
            whole: query,
            rest: query,
            depth: 0,
        }
    }

    /// The whole text.
    pub(super) fn query(mut self) -> Result<Search> {
        self.skip_spaces();
        if self.rest.is_empty() {
            return Ok(Search::everything());
        }
        let search = self.any()?;
        if self.rest.is_empty() {
            Ok(search)
        } else {
            self.fault("this `)` has no `(`")
        }
    }

    /// `or`; ends before a `)` or at the end of the text.
    fn any(&mut self) -> Result<Search> {
        let mut searches = vec![self.all()?];
        while self.take_keyword("OR") {
            searches.push(self.all()?);
        }
        let follows_text = self.follows_text();
        self.skip_spaces();
        if self.rest.is_empty() || self.rest.starts_with(')') {
            Ok(one_or(searches, Search::Any))
        } else if follows_text {
            self.fault(AFTER_TEXT)
        } else {
            self.fault("` AND `, ` OR `, `)` or the end was expected")
        }
    }

    /// `and`.
    fn all(&mut self) -> Result<Search> {
        let mut searches = vec![self.not()?];
        while self.take_keyword("AND") {
            searches.push(self.not()?);
        }
        Ok(one_or(searches, Search::All))
    }

    /// `not`.
    fn not(&mut self) -> Result<Search> {
        match self.rest.strip_prefix("NOT") {
            Some(rest) if rest.starts_with(is_space) => {
                self.rest = rest;
                self.skip_spaces();
                Ok(Search::Not(Box::new(self.primary()?)))
            }
            Some(_) | None => self.primary(),
        }
    }

    /// `prim`.
    fn primary(&mut self) -> Result<Search> {
        if !self.take("(") {
            return self.term();
        }
        self.skip_spaces();
        let search = self.deeper(Self::any)?;
        if self.take(")") {
            Ok(search)
        } else {
            self.fault("a `)` was expected")
        }
    }

    /// `term`.
    fn term(&mut self) -> Result<Search> {
        let length = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let (name, after) = self.rest.split_at(length);
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return self.fault("a field was expected, such as `title:`");
        }
        if !after.starts_with(':') {
            self.rest = after;
            return self.fault(format!("a `:` was expected after `{name}`"));
        }
        let Some(column) = Column::named(name) else {
            return self.fault(format!("there is no field `{name}`"));
        };
        if !column.is_searchable() {
            return self.fault(format!("the field `{name}` cannot be searched by"));
        }
        self.rest = after;
        self.take(":");
        let exact = self.take("=");
        self.skip_spaces();
        let values = self.value()?;
        let searches = values
            .iter()
            .map(|value| column.search(exact, value))
            .collect();
        Ok(one_or(searches, Search::Any))
    }

    /// `value`: the texts of which one is asked for.
    fn value(&mut self) -> Result<Vec<String>> {
        match self.rest.chars().next() {
            Some('(') => self.deeper(Self::list),
            Some('"') => Ok(vec![self.string()?]),
            Some('<' | '>' | '!') => {
                self.fault("a value was expected: there are no comparisons but `:` and `:=`")
            }
            _ => Ok(vec![self.word()?]),
        }
    }

    /// A `value` in parentheses.
    fn list(&mut self) -> Result<Vec<String>> {
        self.take("(");
        self.skip_spaces();
        let mut values = self.value()?;
        loop {
            let is_separated = self.rest.starts_with(is_space);
            let follows_text = self.follows_text();
            if !self.take_keyword("OR") {
                self.skip_spaces();
                if self.take(")") {
                    break;
                }
                if self.take(",") {
                    self.skip_spaces();
                } else if self.rest.is_empty() {
                    return self.fault("a `)` was expected");
                } else if !is_separated {
                    let reason = if follows_text {
                        AFTER_TEXT
                    } else {
                        "`,`, a space or `)` was expected"
                    };
                    return self.fault(reason);
                }
            }
            values.extend(self.value()?);
        }
        // Quirk: `("")` is how the monitoring application writes a list without values.
        values.retain(|value| !value.is_empty());
        Ok(values)
    }

    /// `string`.
    fn string(&mut self) -> Result<String> {
        let opening = self.rest;
        self.take("\"");
        let mut text = String::new();
        loop {
            let plain = self.rest.find(['"', '\\']).unwrap_or(self.rest.len());
            let (before, rest) = self.rest.split_at(plain);
            text.push_str(before);
            self.rest = rest;
            if self.take("\"") {
                return Ok(text);
            } else if self.take("\\\"") {
                text.push('"');
            } else if self.take("\\\\") {
                text.push('\\');
            } else if self.rest.is_empty() {
                self.rest = opening;
                return self.fault("the text that begins here has no end");
            } else {
                return self.fault("`\\\"` or `\\\\` was expected");
            }
        }
    }

    /// `word`.
    fn word(&mut self) -> Result<String> {
        let length = self
            .rest
            .find(|c| is_space(c) || "\"(),:=".contains(c))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(length);
        if word.is_empty() {
            return self.fault("a value was expected");
        }
        self.rest = rest;
        Ok(word.to_owned())
    }

    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == DEEPEST {
            return self.fault(format!("nested more than {DEEPEST} times"));
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    /// Takes what stands next, if it is this.
    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes a keyword with the spaces around it, if it stands next.
    fn take_keyword(&mut self, keyword: &str) -> bool {
        let start = self.rest.trim_start_matches(is_space);
        let rest = start
            .strip_prefix(keyword)
            .filter(|rest| rest.is_empty() || rest.starts_with(is_space))
            .filter(|_| start.len() < self.rest.len());
        if let Some(rest) = rest {
            self.rest = rest.trim_start_matches(is_space);
        }
        rest.is_some()
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start_matches(is_space);
    }

    /// Whether a text in quotes has just ended, and something stands right after it.
    fn follows_text(&self) -> bool {
        let read = self.whole.len() - self.rest.len();
        let ended = self
            .whole
            .get(..read)
            .is_some_and(|read| read.ends_with('"'));
        ended && !self.rest.starts_with(is_space)
    }

    /// Says what is wrong with what stands next.
    fn fault<T>(&self, reason: impl Into<String>) -> Result<T> {
        let before = self.whole.chars().count() - self.rest.chars().count();
        Err(QueryError {
            position: before + 1,
            reason: reason.into(),
        })
    }
}

/// The client puts titles into queries as they are.
const AFTER_TEXT: &str =
    "nothing was expected right after a text in quotes: a `\"` within one is written `\\\"`";

fn is_space(character: char) -> bool {
    character.is_ascii_whitespace()
}

/// The search, if it is one; otherwise their combination.
fn one_or(mut searches: Vec<Search>, combine: fn(Vec<Search>) -> Search) -> Search {
    if searches.len() == 1
        && let Some(search) = searches.pop()
    {
        return search;
    }
    combine(searches)
}
