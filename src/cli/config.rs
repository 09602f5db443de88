//! `slapmaster config`: the effective settings, and where each came from.

use std::io::{self, Write};

use clap::{ArgMatches, Command};

use crate::config::{SETTINGS, Settings, Shape, Source, Written, slapos_cfg::SlaposCfg};

use super::{Failure, settings};

pub(super) fn command() -> Command {
    Command::new("config")
        .about("Print the effective settings, and where each came from")
        .after_help("Takes the flags of `serve`, and checks them as it does.")
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let written = Written::complete(&settings::raw(matches))?;
    let settings = Settings::of(&written)?;
    for warning in &settings.warnings {
        let _ = writeln!(io::stderr().lock(), "warning: {warning}");
    }
    let mut out = io::stdout().lock();
    for setting in SETTINGS {
        let Some(given) = written.raw.get(setting.name) else {
            continue;
        };
        let value = match setting.shape {
            _ if given.values.is_empty() => "-".to_owned(),
            Shape::Secret(_) => "[secret]".to_owned(),
            Shape::Value(_) | Shape::Values(_) | Shape::Switch => given.values.join(" "),
        };
        let origin = match given.source {
            Source::Flag => format!("{}, --{}", given.source, setting.name),
            Source::Variable => format!("{}, {}", given.source, setting.variable),
            Source::SlaposCfg | Source::Default => given.source.to_string(),
        };
        // A reader that stops early, as `head`, is no failure.
        let _ = writeln!(out, "{:<22} {value}  ({origin})", setting.name);
    }
    for (option, value) in written.slapos_cfg.iter().flat_map(SlaposCfg::shown) {
        let _ = writeln!(out, "{option:<22} {value}  ({})", Source::SlaposCfg);
    }
    Ok(())
}
