//! The flags and environment variables of the settings, made from their one list.

use clap::{Arg, ArgAction, ArgMatches, Command, builder::ValueParser, parser::ValueSource};

use crate::config::{Given, Raw, SETTINGS, Setting, Settings, Shape, Source, split_values};

use super::Failure;

/// `command`, taking every setting.
pub(super) fn with_settings(command: Command) -> Command {
    command.args(SETTINGS.iter().map(argument))
}

fn argument(setting: &'static Setting) -> Arg {
    let argument = Arg::new(setting.name)
        .long(setting.name)
        .env(setting.variable)
        .hide_env_values(true)
        .value_parser(ValueParser::string())
        .help(setting.help);
    let argument = match setting.shape {
        Shape::Value(value) | Shape::Secret(value) => {
            argument.value_name(value).action(ArgAction::Set)
        }
        Shape::Values(value) => argument.value_name(value).action(ArgAction::Append),
        // A value may follow an equals sign, as it may stand in the variable.
        Shape::Switch => argument
            .value_name("BOOL")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
    };
    if setting.default.is_empty() {
        argument
    } else {
        argument.default_value(setting.default)
    }
}

/// The settings as they were written.
pub(super) fn raw(matches: &ArgMatches) -> Raw {
    SETTINGS
        .iter()
        .map(|setting| (setting.name, given(matches, setting)))
        .collect()
}

fn given(matches: &ArgMatches, setting: &Setting) -> Given {
    let written: Vec<String> = matches
        .get_many::<String>(setting.name)
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let (values, source) = match matches.value_source(setting.name) {
        Some(ValueSource::CommandLine) => (written, Source::Flag),
        // Where variables are inherited, as in a container, emptying one is the way to unset it.
        Some(ValueSource::EnvVariable) if written.iter().all(String::is_empty) => {
            (default_values(setting), Source::Default)
        }
        Some(ValueSource::EnvVariable) => match setting.shape {
            Shape::Values(_) => (
                written
                    .iter()
                    .flat_map(|value| split_values(value))
                    .map(str::to_owned)
                    .collect(),
                Source::Variable,
            ),
            Shape::Value(_) | Shape::Secret(_) | Shape::Switch => (written, Source::Variable),
        },
        Some(_) | None => (written, Source::Default),
    };
    Given { values, source }
}

fn default_values(setting: &Setting) -> Vec<String> {
    Some(setting.default)
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
        .into_iter()
        .collect()
}

/// The checked settings.
pub(super) fn resolve(matches: &ArgMatches) -> Result<Settings, Failure> {
    Ok(Settings::resolve(&raw(matches))?)
}
