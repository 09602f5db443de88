//! How a command of `ctl` is declared: a name, what it takes, and what it asks the server for.
//!
//! Everything is a table, from which clap's commands are made; every value is a text, read where
//! it is used. Start with [`Entry`].

use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, builder::ValueParser};

use super::{super::duration, Failure, ask::Plan};

/// A command of `ctl`, or a topic with commands of its own.
pub(super) enum Entry {
    /// `slapmaster ctl VERB`.
    Verb(Verb),
    /// `slapmaster ctl TOPIC VERB`.
    Topic(Topic),
}

/// A topic.
pub(super) struct Topic {
    /// Its word.
    pub(super) name: &'static str,
    /// What it is for.
    pub(super) about: &'static str,
    /// Its commands. The first is meant where none is named, if it needs nothing.
    pub(super) verbs: &'static [Verb],
}

/// A command.
pub(super) struct Verb {
    /// Its word.
    pub(super) name: &'static str,
    /// What it does.
    pub(super) about: &'static str,
    /// What is said below the help, or nothing.
    pub(super) more: &'static str,
    /// What it takes, in groups.
    pub(super) takes: &'static [&'static [Argument]],
    /// What it asks the server for.
    pub(super) plan: fn(Line<'_>) -> Result<Plan, Failure>,
}

/// Something that a command takes.
pub(super) struct Argument {
    /// Its name: that of the flag, or in capitals of what stands in its place.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) shape: Shape,
    /// What it means.
    pub(super) help: &'static str,
}

/// What an argument is.
pub(super) enum Shape {
    /// A word that has to be there.
    Needed,
    /// A word that may be there.
    Perhaps,
    /// A flag alone.
    Switch,
    /// A flag with a value, called so.
    Value(&'static str),
    /// A flag with a value, any number of times.
    Values(&'static str),
    /// A flag with one of these words.
    Word(&'static [&'static str]),
    /// A flag with a time like `30s`.
    Time,
}

/// A positional argument that has to be there.
pub(super) const fn needed(name: &'static str, help: &'static str) -> Argument {
    let shape = Shape::Needed;
    Argument { name, shape, help }
}

/// A positional argument that may be there.
pub(super) const fn perhaps(name: &'static str, help: &'static str) -> Argument {
    let shape = Shape::Perhaps;
    Argument { name, shape, help }
}

/// A flag alone.
pub(super) const fn switch(name: &'static str, help: &'static str) -> Argument {
    let shape = Shape::Switch;
    Argument { name, shape, help }
}

/// A flag with a value.
pub(super) const fn value(
    name: &'static str,
    called: &'static str,
    help: &'static str,
) -> Argument {
    let shape = Shape::Value(called);
    Argument { name, shape, help }
}

/// A flag with a value, any number of times.
pub(super) const fn values(
    name: &'static str,
    called: &'static str,
    help: &'static str,
) -> Argument {
    let shape = Shape::Values(called);
    Argument { name, shape, help }
}

/// A flag with one of a few words.
pub(super) const fn word(
    name: &'static str,
    words: &'static [&'static str],
    help: &'static str,
) -> Argument {
    let shape = Shape::Word(words);
    Argument { name, shape, help }
}

/// A flag with a time.
pub(super) const fn time(name: &'static str, help: &'static str) -> Argument {
    let shape = Shape::Time;
    Argument { name, shape, help }
}

impl Argument {
    fn of_clap(&self) -> Arg {
        let argument = Arg::new(self.name)
            .help(self.help)
            .value_parser(ValueParser::string());
        let flag = |called: &'static str| argument.clone().long(self.name).value_name(called);
        match self.shape {
            Shape::Needed | Shape::Perhaps => argument
                .clone()
                .required(matches!(self.shape, Shape::Needed)),
            Shape::Switch => Arg::new(self.name)
                .help(self.help)
                .long(self.name)
                .action(ArgAction::SetTrue),
            Shape::Value(called) => flag(called),
            Shape::Values(called) => flag(called).action(ArgAction::Append),
            Shape::Word(words) => flag("WORD").value_parser(words.to_vec()),
            Shape::Time => flag("TIME").value_parser(duration::parse),
        }
    }
}

impl Verb {
    fn command(&self) -> Command {
        let takes = self.takes.iter().copied().flatten();
        let command = Command::new(self.name)
            .about(self.about)
            .args(takes.map(Argument::of_clap));
        if self.more.is_empty() {
            command
        } else {
            command.after_help(self.more)
        }
    }

    fn needs_nothing(&self) -> bool {
        let mut takes = self.takes.iter().copied().flatten();
        takes.all(|argument| !matches!(argument.shape, Shape::Needed))
    }
}

impl Topic {
    /// The command that is meant where none is named.
    fn usual(&self) -> Option<&Verb> {
        self.verbs.first().filter(|verb| verb.needs_nothing())
    }
}

impl Entry {
    const fn name(&self) -> &'static str {
        match self {
            Self::Verb(verb) => verb.name,
            Self::Topic(topic) => topic.name,
        }
    }

    /// The command as clap knows it.
    pub(super) fn command(&self) -> Command {
        match self {
            Self::Verb(verb) => verb.command(),
            Self::Topic(topic) => Command::new(topic.name)
                .about(topic.about)
                .subcommand_required(topic.usual().is_none())
                .subcommands(topic.verbs.iter().map(Verb::command)),
        }
    }
}

/// The command that was meant, and what was written behind it.
pub(super) fn meant<'m>(
    entries: &'static [Entry],
    matches: &'m ArgMatches,
) -> Option<(&'static Verb, Line<'m>)> {
    let (name, matches) = matches.subcommand()?;
    match entries.iter().find(|entry| entry.name() == name)? {
        Entry::Verb(verb) => Some((verb, Line(matches))),
        Entry::Topic(topic) => match matches.subcommand() {
            None => Some((topic.usual()?, Line(matches))),
            Some((name, matches)) => {
                let verb = topic.verbs.iter().find(|verb| verb.name == name)?;
                Some((verb, Line(matches)))
            }
        },
    }
}

/// What was written on the command line.
#[derive(Clone, Copy)]
pub(super) struct Line<'m>(pub(super) &'m ArgMatches);

impl<'m> Line<'m> {
    /// The value of an argument, if it is there.
    pub(super) fn text(self, name: &str) -> Option<&'m str> {
        let value = self.0.try_get_one::<String>(name).ok().flatten();
        value.map(String::as_str)
    }

    /// The value of an argument that clap lets nobody leave out.
    pub(super) fn needed(self, name: &str) -> &'m str {
        self.text(name).unwrap_or_default()
    }

    /// Every value of a flag.
    pub(super) fn texts(self, name: &str) -> impl Iterator<Item = &'m str> + use<'m> {
        let values = self.0.try_get_many::<String>(name).ok().flatten();
        values.into_iter().flatten().map(String::as_str)
    }

    /// Whether a flag is there.
    pub(super) fn is_set(self, name: &str) -> bool {
        matches!(self.0.try_get_one::<bool>(name), Ok(Some(true)))
    }

    /// A time, if it is there.
    pub(super) fn time(self, name: &str) -> Option<Duration> {
        let value = self.0.try_get_one::<Duration>(name).ok().flatten();
        value.copied()
    }

    /// A time in whole seconds, if it is there; what is left over counts as one more.
    pub(super) fn seconds(self, name: &str) -> Option<u64> {
        self.time(name).map(whole_seconds)
    }

    /// A whole number, if it is there.
    pub(super) fn number(self, name: &str) -> Result<Option<u64>, Failure> {
        self.text(name).map(|text| number(name, text)).transpose()
    }
}

/// A whole number, as the value of an argument.
pub(super) fn number(name: &str, text: &str) -> Result<u64, Failure> {
    text.parse().map_err(|_| {
        let dashes = if name.starts_with(char::is_uppercase) {
            ""
        } else {
            "--"
        };
        let reason = format!("{dashes}{name}: `{text}` is no whole number, which was expected");
        Failure::new(Failure::USAGE, reason)
    })
}

/// A time in seconds; what is left over counts as one more.
pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
