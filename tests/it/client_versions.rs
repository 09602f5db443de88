//! The main flow with a client of nearly every year, and the table of `COMPATIBILITY.md` that tells of it.
//!
//! The table is made here: [`clients_of_every_year_run_the_main_flow`] runs `main_flow.py` with each of
//! [`CLIENTS`] against a server of its own, and compares what came of it with the committed rows. With
//! `UPDATE_CLIENT_VERSIONS=1` it writes them instead. A client whose Python is not at hand is said to be
//! skipped on standard error, and its row is left as it is.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use crate::support::{process::Server, python};

/// A client that the main flow is run with.
struct Client {
    version: &'static str,
    released: &'static str,
    python: Python,
}

/// What an environment for a client is made of.
enum Python {
    /// `clients/<version>.txt`, on Python 2.
    Two,
    /// `clients/<version>.txt`, on Python 3.
    Three,
    /// An environment that other tests have too.
    Shared(fn() -> PathBuf),
}

/// The clients, by age. The last one is what the others are compared with.
const CLIENTS: [Client; 7] = [
    Client {
        version: "1.4.8",
        released: "June 2018",
        python: Python::Two,
    },
    Client {
        version: "1.4.16",
        released: "January 2019",
        python: Python::Three,
    },
    Client {
        version: "1.6.10",
        released: "May 2021",
        python: Python::Three,
    },
    Client {
        version: "1.8.3",
        released: "October 2022",
        python: Python::Shared(python::old_client_python),
    },
    Client {
        version: "1.11.0",
        released: "January 2024",
        python: Python::Three,
    },
    Client {
        version: "1.18.0",
        released: "July 2025",
        python: Python::Three,
    },
    Client {
        version: "1.26.1",
        released: "October 2026",
        python: Python::Shared(python::python),
    },
];

/// What came of the main flow.
struct Ran {
    /// How many steps worked.
    worked: usize,
    /// The step that failed, and why.
    failed: Option<String>,
    /// The calls that the server was asked, by name.
    calls: BTreeSet<String>,
}

impl Client {
    /// Its major version of Python, as the table says it.
    fn python(&self) -> &'static str {
        match self.python {
            Python::Two => "2.7",
            Python::Three | Python::Shared(_) => "3",
        }
    }

    /// Runs the main flow; or says why there is no Python for it.
    fn run(&self) -> Result<Ran, &'static str> {
        let python = match self.python {
            Python::Two => python::library_python_2(self.version)?,
            Python::Three => python::library_python(self.version),
            Python::Shared(environment) => environment(),
        };
        let mut server = Server::start();
        let output = Command::new(python)
            .args(["-W", "ignore"])
            .arg(python::scripts().join("main_flow.py"))
            .arg(&server.urls[0])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        assert_eq!(server.stop(), Some(0));
        let log = server.process.stderr.rest();
        assert!(!log.contains("panicked"), "{log}");

        let told = String::from_utf8(output.stdout).unwrap();
        let why = String::from_utf8_lossy(&output.stderr);
        let mut lines = told.lines();
        let name = format!("slapos.core {} on Python {}", self.version, self.python());
        let first = lines.next().unwrap_or_default();
        assert!(
            first.starts_with(&name),
            "`{first}` is not `{name}`:\n{why}"
        );
        let mut ran = Ran {
            worked: 0,
            failed: None,
            calls: log.lines().filter_map(call).map(str::to_owned).collect(),
        };
        for line in lines {
            if line.ends_with(": ok") {
                ran.worked += 1;
            } else if !line.contains(": left out, ") && line != "the main flow works" {
                let reason = why.lines().last().unwrap_or("no word of why");
                ran.failed = Some(format!("`{line}` fails: `{reason}`"));
            }
        }
        assert_eq!(output.status.success(), ran.failed.is_none(), "{told}{why}");
        Ok(ran)
    }
}

/// The call that a line of the server's log tells of.
fn call(line: &str) -> Option<&str> {
    line.split_once(" call=\"")?.1.split('"').next()
}

/// A row of the table.
fn row(client: &Client, ran: &Ran, today: &Ran) -> String {
    let worked = match &ran.failed {
        None => format!("all {} steps", ran.worked),
        Some(failed) => format!("{} steps, then {failed}", ran.worked),
    };
    let list = |calls: Vec<&String>| match calls.as_slice() {
        [] => "–".to_owned(),
        calls => calls
            .iter()
            .map(|call| format!("`{call}`"))
            .collect::<Vec<_>>()
            .join(", "),
    };
    format!(
        "| {} | {} | {} | {worked} | {} | {} |",
        client.version,
        client.released,
        client.python(),
        list(ran.calls.difference(&today.calls).collect()),
        list(today.calls.difference(&ran.calls).collect()),
    )
}

/// Takes `COMPATIBILITY.md` apart: before the rows, the rows, after them.
fn around_the_rows(document: &str) -> (&str, Vec<&str>, &str) {
    let section = document.find("\n## Client versions\n").unwrap();
    let rule = section + document[section..].find("\n|---").unwrap() + 1;
    let start = rule + document[rule..].find('\n').unwrap() + 1;
    let length: usize = document[start..]
        .split_inclusive('\n')
        .take_while(|line| line.starts_with('|'))
        .map(str::len)
        .sum();
    let (before, rest) = document.split_at(start);
    let (rows, after) = rest.split_at(length);
    (before, rows.lines().collect(), after)
}

#[test]
fn clients_of_every_year_run_the_main_flow() {
    let outcomes: Vec<_> = thread::scope(|scope| {
        let runs = CLIENTS
            .each_ref()
            .map(|client| scope.spawn(|| client.run()));
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let today = outcomes.last().unwrap().as_ref().unwrap();

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("COMPATIBILITY.md");
    let document = fs::read_to_string(&path).unwrap();
    let (before, committed, after) = around_the_rows(&document);
    let mut rows = Vec::new();
    for (client, outcome) in CLIENTS.iter().zip(&outcomes) {
        match outcome {
            Ok(ran) => rows.push(row(client, ran, today)),
            Err(reason) => {
                // Not by a macro: the words of a test that passes would not be shown.
                let says = format!("skipped: the client {}: {reason}\n", client.version);
                std::io::stderr().write_all(says.as_bytes()).unwrap();
                let its = format!("| {} |", client.version);
                let row = committed.iter().find(|row| row.starts_with(&its));
                rows.extend(row.map(|row| (*row).to_owned()));
            }
        }
    }

    if std::env::var_os("UPDATE_CLIENT_VERSIONS").is_some_and(|value| value == "1") {
        fs::write(&path, format!("{before}{}\n{after}", rows.join("\n"))).unwrap();
        return;
    }
    assert_eq!(
        committed, rows,
        "COMPATIBILITY.md tells something else of these clients (left) than they do (right): if that is meant, \
         write the table anew with UPDATE_CLIENT_VERSIONS=1 and look at the difference"
    );
}
