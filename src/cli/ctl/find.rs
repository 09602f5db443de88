//! Where the server is that a command asks, and by what it is believed.
//!
//! A URL that is written on the command line wins, then a ready file that is, then the variables in
//! the same order, then the default address. Over https the server's certificate has to be of the
//! ready file's authority or of `--ca`: the control token is not told to just anybody.

use std::{fs, path::Path};

use clap::{Arg, ArgAction, ArgMatches, Command, builder::ValueParser, parser::ValueSource};
use hyper::{Uri, header::HeaderValue};

use super::{
    super::{Failure, ready::Ready},
    UNREACHABLE,
    ask::Ask,
    declare::Line,
};
use crate::net::{
    Endpoint,
    outgoing::{Authorities, Remote},
};

const DEFAULT_URL: &str = "http://127.0.0.1:5000";

/// `command` with what every command takes, at any place behind it.
pub(super) fn with_arguments(command: Command) -> Command {
    let value = |name: &'static str, called: &'static str, variable: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(called)
            .env(variable)
            .hide_env_values(true)
            .global(true)
            .value_parser(ValueParser::string())
            .help_heading("The server")
    };
    let switch = |name: &'static str| {
        Arg::new(name)
            .long(name)
            .global(true)
            .action(ArgAction::SetTrue)
    };
    command
        .arg(value("url", "URL", "SLAPMASTER_URL").help(
            "Where it is: http://HOST:PORT, https://HOST:PORT or unix:/PATH; with /w/NAME behind \
             it, that world of it",
        ))
        .arg(value("ready-file", "PATH", "SLAPMASTER_READY_FILE").help(
            "Its ready file, which says where it is and whom to believe; else http://127.0.0.1:5000",
        ))
        .arg(
            value("world", "NAME", "SLAPMASTER_WORLD")
                .help("Which of its worlds is meant, if not the default one"),
        )
        .arg(
            value("control-token", "TOKEN", "SLAPMASTER_CONTROL_TOKEN")
                .help("What it wants to know, if it was given a control token"),
        )
        .arg(value("ca", "FILE", "SLAPMASTER_CA").help(
            "The PEM certificate of the authority that its certificate is of, for https",
        ))
        .arg(
            switch("insecure")
                .help_heading("The server")
                .help("Talk to whoever answers over https"),
        )
        .arg(
            switch("json")
                .help_heading("Output")
                .help("Print what the server answers, as it is"),
        )
}

/// The server, and the world that is meant.
#[derive(Debug)]
pub(super) struct Server {
    /// The server.
    pub(super) remote: Remote,
    /// Its URL, for words.
    pub(super) url: String,
    world: Option<String>,
    bearer: Option<HeaderValue>,
}

impl Server {
    /// The server that the command line and the variables lead to.
    pub(super) fn find(line: Line<'_>) -> Result<Self, Failure> {
        let usage = |reason: String| Failure::new(Failure::USAGE, reason);
        let ready = || -> Result<Option<Ready>, Failure> {
            let path = given(line.0, "ready-file").map(|(path, _)| Path::new(path));
            let ready = path.map(Ready::read).transpose();
            ready.map_err(|why| Failure::new(UNREACHABLE, why))
        };
        let (url, ready) = match (given(line.0, "url"), given(line.0, "ready-file")) {
            (Some((url, by_url)), file) => {
                let file_first = file.is_some_and(|(_, by_file)| {
                    by_file == ValueSource::CommandLine && by_url != ValueSource::CommandLine
                });
                let ready = ready();
                match (file_first, ready) {
                    (true, ready) => of_ready(ready?)?,
                    // It is asked for no more than whom to believe.
                    (false, ready) => (url.to_owned(), ready.ok().flatten()),
                }
            }
            (None, Some(_)) => of_ready(ready()?)?,
            (None, None) => (DEFAULT_URL.to_owned(), None),
        };
        let (root, in_url) = split_world(&url);
        let world = given(line.0, "world").map(|(world, _)| world.to_owned());
        let world = world.or_else(|| in_url.map(str::to_owned));
        let mut remote = remote(root).map_err(usage)?;
        if remote.is_tls() && !line.is_set("insecure") {
            remote = remote.issued_by(authorities(line, ready.as_ref())?);
        }
        let bearer = given(line.0, "control-token").map(|(token, _)| {
            HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
                usage("--control-token: has a character that no token can have".to_owned())
            })
        });
        let mut bearer = bearer.transpose()?;
        if let Some(bearer) = &mut bearer {
            bearer.set_sensitive(true);
        }
        Ok(Self {
            remote,
            url: root.to_owned(),
            world,
            bearer,
        })
    }

    /// The request for what is asked.
    pub(super) fn request(&self, ask: Ask) -> Result<hyper::Request<bytes::Bytes>, Failure> {
        let path = self.path(&ask);
        let uri: Uri = path.parse().map_err(|_| {
            let reason = format!("`{path}` is too long, or no path; give shorter names");
            Failure::new(Failure::USAGE, reason)
        })?;
        Ok(ask.request(uri, self.bearer.clone()))
    }

    /// The path at which something is asked.
    pub(super) fn path(&self, ask: &Ask) -> String {
        match &self.world {
            Some(world) if !ask.of_process => {
                let world = Ask::get(&["w", world]).path;
                format!("{world}/_mock{}", ask.path)
            }
            Some(_) | None => format!("/_mock{}", ask.path),
        }
    }
}

/// What an argument says, and where it was written; an empty one says nothing.
fn given<'m>(matches: &'m ArgMatches, name: &str) -> Option<(&'m str, ValueSource)> {
    let value = matches.get_one::<String>(name)?;
    let source = matches.value_source(name)?;
    (!value.is_empty()).then_some((value.as_str(), source))
}

fn of_ready(ready: Option<Ready>) -> Result<(String, Option<Ready>), Failure> {
    let ready = ready.ok_or_else(|| Failure::new(UNREACHABLE, "there is no ready file"))?;
    Ok((ready.control.to_connect().to_string(), Some(ready)))
}

/// The URL without the world that it ends in, and that world.
fn split_world(url: &str) -> (&str, Option<&str>) {
    let url = url.trim_end_matches('/');
    match url.rsplit_once("/w/") {
        Some((root, world)) if !world.is_empty() && !world.contains('/') && !is_unix(url) => {
            (root, Some(world))
        }
        Some(_) | None => (url, None),
    }
}

fn is_unix(url: &str) -> bool {
    url.starts_with("unix:")
}

fn remote(url: &str) -> Result<Remote, String> {
    if is_unix(url) {
        let endpoint: Endpoint = url.parse().map_err(|error| format!("--url: {error}"))?;
        return Ok(Remote::from(&endpoint));
    }
    url.parse()
        .map_err(|error| format!("--url: `{url}` is no URL of a server; {error}, or `unix:/PATH`"))
}

/// Who has to have issued the server's certificate.
fn authorities(line: Line<'_>, ready: Option<&Ready>) -> Result<Authorities, Failure> {
    let refused = |what: &str, why: &dyn std::fmt::Display| {
        Failure::new(Failure::USAGE, format!("cannot take {what}: {why}"))
    };
    if let Some((path, _)) = given(line.0, "ca") {
        let what = format!("--ca `{path}`");
        let pem = fs::read(path).map_err(|error| refused(&what, &error))?;
        return Authorities::from_pem(&pem).map_err(|error| refused(&what, &error));
    }
    if let Some(pem) = ready.and_then(|ready| ready.authority.as_ref()) {
        return Authorities::from_pem(pem.as_bytes())
            .map_err(|error| refused("the authority in the ready file", &error));
    }
    Err(Failure::new(
        Failure::USAGE,
        "over https the server has to prove who it is: give its --ready-file, or the certificate \
         of its authority with --ca; --insecure talks to whoever answers",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_may_end_in_a_world() {
        assert_eq!(
            split_world("http://127.0.0.1:5000/w/ci-7/"),
            ("http://127.0.0.1:5000", Some("ci-7"))
        );
        assert_eq!(split_world("https://a/x/w/b"), ("https://a/x", Some("b")));
        for whole in [
            "http://127.0.0.1:5000",
            "http://a/w",
            "http://a/w/b/c",
            "unix:/w/s",
        ] {
            assert_eq!(split_world(whole), (whole, None));
        }
    }
}
