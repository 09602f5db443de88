//! The syntax of configuration files as Python's `configparser` reads it, which is what
//! `slapos.cfg` is written for.
//!
//! No crate reads it: continuation lines by their indentation, comments within them, `:` beside
//! `=`, `[DEFAULT]`, `%(name)s`, and every error that Python makes of them. What is wrong is told
//! with its line. Start with [`Ini::parse`]; values are substituted when a section is looked at,
//! so that an error in one that nobody looks at is nobody's.

use std::{collections::BTreeMap, fmt};

/// How deep a value may refer to others, as in Python.
const MOST_SUBSTITUTIONS: usize = 10;

/// The section whose options every other has too.
const DEFAULT: &str = "DEFAULT";

/// A configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ini {
    defaults: BTreeMap<String, RawOption>,
    sections: Vec<Section>,
}

/// A section, its values not substituted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name, as written.
    pub name: String,
    /// The line of its header.
    pub line: usize,
    options: BTreeMap<String, RawOption>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct RawOption {
    line: usize,
    /// The lines of the value until the file was read; then one text.
    value: String,
}

/// An option of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IniOption {
    /// Its name, in lower case.
    pub name: String,
    /// The line that it begins in.
    pub line: usize,
    /// Its value; lines of it are separated by line feeds.
    pub value: String,
    /// Whether the section has it from `[DEFAULT]`.
    pub inherited: bool,
}

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct IniError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: IniProblem,
}

/// What can be wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IniProblem {
    /// An option before any section.
    NoSection,
    /// A line that is neither a section nor an option.
    NoOption(String),
    /// A section for the second time.
    SectionTwice(String),
    /// An option for the second time in its section.
    OptionTwice(String),
    /// A `%` that is followed by neither `%` nor `(name)s`.
    Percent(String),
    /// A reference to an option that is not there.
    NoSuchOption {
        /// The option that refers.
        option: String,
        /// The name that it refers to.
        name: String,
    },
    /// References that go too deep, or in a circle.
    TooDeep(String),
}

impl fmt::Display for IniProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSection => write!(f, "an option stands before the first `[section]`"),
            Self::NoOption(line) => write!(
                f,
                "`{line}` is neither a `[section]` nor an option, which is written `name = value`"
            ),
            Self::SectionTwice(name) => write!(f, "section `[{name}]` is there twice"),
            Self::OptionTwice(name) => write!(f, "option `{name}` is there twice in its section"),
            Self::Percent(option) => write!(
                f,
                "`{option}`: after a `%` comes `%` or `(name)s`; write a single one as `%%`"
            ),
            Self::NoSuchOption { option, name } => write!(
                f,
                "`{option}` refers to `%({name})s`, which is neither in its section nor in `[DEFAULT]`"
            ),
            Self::TooDeep(option) => {
                write!(f, "`{option}` refers to others too deep, or to itself")
            }
        }
    }
}

impl Ini {
    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Self, IniError> {
        let mut reading = Reading::default();
        for (number, line) in (1..).zip(lines(text)) {
            reading.line(number, line)?;
        }
        Ok(reading.done())
    }

    /// The sections in the order of the file, without `[DEFAULT]`.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The options of a section by name, those of `[DEFAULT]` included, their values substituted.
    pub fn options(&self, section: &Section) -> Result<Vec<IniOption>, IniError> {
        let mut known = self.defaults.clone();
        known.extend(section.options.clone());
        known
            .iter()
            .map(|(name, option)| {
                let mut value = String::new();
                substitute(&known, name, &option.value, 1, &mut value).map_err(|problem| {
                    IniError {
                        line: option.line,
                        problem,
                    }
                })?;
                Ok(IniOption {
                    name: name.clone(),
                    line: option.line,
                    value,
                    inherited: !section.options.contains_key(name),
                })
            })
            .collect()
    }
}

/// The lines of a text, whatever ends them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
        .flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// Where options go.
#[derive(Debug, Clone, Copy, Default)]
enum Current {
    /// No section was seen yet.
    #[default]
    Nowhere,
    Defaults,
    /// The last section.
    Last,
}

#[derive(Debug, Default)]
struct Reading {
    ini: Ini,
    current: Current,
    /// The option that lines further in belong to.
    open: Option<String>,
    indent: usize,
}

impl Reading {
    fn line(&mut self, number: usize, line: &str) -> Result<(), IniError> {
        let text = line.trim();
        if text.starts_with(['#', ';']) {
            return Ok(());
        }
        if text.is_empty() {
            // It may stand within a value.
            if let Some(option) = self.open_option() {
                option.value.push('\n');
            }
            return Ok(());
        }
        let indent = line
            .chars()
            .take_while(|character| character.is_whitespace())
            .count();
        if indent > self.indent
            && let Some(option) = self.open_option()
        {
            option.value.push('\n');
            option.value.push_str(text);
            return Ok(());
        }
        self.indent = indent;
        let refused = |problem| IniError {
            line: number,
            problem,
        };
        if let Some(name) = header(text) {
            return self.begin_section(name, number).map_err(refused);
        }
        if matches!(self.current, Current::Nowhere) {
            return Err(refused(IniProblem::NoSection));
        }
        let (name, value) = text
            .split_once(['=', ':'])
            .map(|(name, value)| (name.trim(), value.trim()))
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| refused(IniProblem::NoOption(text.to_owned())))?;
        let name = name.to_lowercase();
        let option = RawOption {
            line: number,
            value: value.to_owned(),
        };
        let options = self
            .options()
            .ok_or_else(|| refused(IniProblem::NoSection))?;
        if options.contains_key(&name) {
            return Err(refused(IniProblem::OptionTwice(name)));
        }
        options.insert(name.clone(), option);
        self.open = Some(name);
        Ok(())
    }

    fn begin_section(&mut self, name: &str, line: usize) -> Result<(), IniProblem> {
        self.open = None;
        if name == DEFAULT {
            self.current = Current::Defaults;
            return Ok(());
        }
        if self.ini.sections.iter().any(|known| known.name == name) {
            return Err(IniProblem::SectionTwice(name.to_owned()));
        }
        self.current = Current::Last;
        self.ini.sections.push(Section {
            name: name.to_owned(),
            line,
            options: BTreeMap::new(),
        });
        Ok(())
    }

    fn options(&mut self) -> Option<&mut BTreeMap<String, RawOption>> {
        match self.current {
            Current::Nowhere => None,
            Current::Defaults => Some(&mut self.ini.defaults),
            Current::Last => self
                .ini
                .sections
                .last_mut()
                .map(|section| &mut section.options),
        }
    }

    fn open_option(&mut self) -> Option<&mut RawOption> {
        let open = self.open.clone()?;
        self.options()?.get_mut(&open)
    }

    fn done(mut self) -> Ini {
        let sections = self.ini.sections.iter_mut();
        let options = sections.flat_map(|section| section.options.values_mut());
        for option in options.chain(self.ini.defaults.values_mut()) {
            option.value.truncate(option.value.trim_end().len());
        }
        self.ini
    }
}

/// The name in a section's header; what follows the last bracket is not looked at.
fn header(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let (name, _) = inner.rsplit_once(']')?;
    (!name.is_empty()).then_some(name)
}

/// Writes a value with every reference in it replaced.
fn substitute(
    known: &BTreeMap<String, RawOption>,
    option: &str,
    value: &str,
    depth: usize,
    out: &mut String,
) -> Result<(), IniProblem> {
    if depth > MOST_SUBSTITUTIONS {
        return Err(IniProblem::TooDeep(option.to_owned()));
    }
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (name, after) = after
            .strip_prefix('(')
            .and_then(|after| after.split_once(')'))
            .and_then(|(name, after)| Some((name, after.strip_prefix('s')?)))
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| IniProblem::Percent(option.to_owned()))?;
        let referred = known
            .get(&name.to_lowercase())
            .ok_or_else(|| IniProblem::NoSuchOption {
                option: option.to_owned(),
                name: name.to_lowercase(),
            })?;
        if referred.value.contains('%') {
            substitute(known, option, &referred.value, depth + 1, out)?;
        } else {
            out.push_str(&referred.value);
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, section: &str, expected: &[(&str, &str)]) {
        let ini = Ini::parse(text).unwrap();
        let found = ini.sections().iter().find(|known| known.name == section);
        let options = ini.options(found.unwrap()).unwrap();
        let pairs: Vec<_> = options
            .iter()
            .map(|option| (option.name.as_str(), option.value.as_str()))
            .collect();
        assert_eq!(pairs, expected, "{text}");
    }

    #[test]
    fn options_are_read_as_python_reads_them() {
        check(
            "[a]\nX = 1 ; no comment\ny: 2=3\nz=\n",
            "a",
            &[("x", "1 ; no comment"), ("y", "2=3"), ("z", "")],
        );
        check(
            "[a]\np =\n  x\n  # a comment\n\n  y\n\nq=1",
            "a",
            &[("p", "\nx\n\ny"), ("q", "1")],
        );
        check(
            "[a]\n  p=1\nq=2\n r=3\n",
            "a",
            &[("p", "1"), ("q", "2\nr=3")],
        );
        check("[a]\r\np=1\r\n", "a", &[("p", "1")]);
        check("[a] behind\np=1\n", "a", &[("p", "1")]);
        check("[b]]\np=1\n", "b]", &[("p", "1")]);
    }

    #[test]
    fn values_refer_to_others_and_to_the_defaults() {
        check(
            "[DEFAULT]\nroot=/srv\n[a]\np=%(ROOT)s/x%%\nq=<%(p)s>\n",
            "a",
            &[("p", "/srv/x%"), ("q", "</srv/x%>"), ("root", "/srv")],
        );
        let ini = Ini::parse("[a]\nb=%q\n[c]\nd=1\n").unwrap();
        assert!(ini.options(&ini.sections()[0]).is_err());
        assert!(ini.options(&ini.sections()[1]).is_ok());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        #[track_caller]
        fn check(text: &str, line: usize, expected: &str) {
            let refused = Ini::parse(text).and_then(|ini| {
                ini.sections()
                    .iter()
                    .try_for_each(|section| ini.options(section).map(|_| ()))
            });
            let error = refused.unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.to_string().contains(expected), "{error}");
        }
        check("x=1\n[a]\n", 1, "before the first `[section]`");
        check("[a]\nx\n", 2, "`x` is neither");
        check("[a]\n=1\n", 2, "`=1` is neither");
        check("[a]\n[b]\n[a]\n", 3, "`[a]` is there twice");
        check("[a]\nX=1\nx=2\n", 3, "`x` is there twice");
        check("[a]\n\nx=100%\n", 3, "write a single one as `%%`");
        check("[a]\nx=%(y)d\n", 2, "write a single one as `%%`");
        check("[a]\nx=%(y)s\n", 2, "`x` refers to `%(y)s`");
        check("[a]\nx=%(y)s\ny=%(x)s\n", 2, "or to itself");
    }
}
