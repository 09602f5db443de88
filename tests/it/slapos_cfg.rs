//! `slapos.cfg` as a setting: what it sets, what wins over it, and that its syntax is Python's.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use slapmaster::config::slapos_cfg::ini::Ini;

use crate::support::{
    process::{Outcome, command, run, slapmaster},
    python,
};

const WHOLE: &str = "\
[slapos]
computer_id = local_computer
[slapproxy]
host = 127.0.0.1
port = 5001
database_uri = /srv/slapproxy.db
software_product_list =
  kvm https://example.org/kvm.cfg
[multimaster/http://other.example.org]
software_release_list = /some/path
";

/// `slapmaster config` for a file of this text, and the path of the file.
fn config(text: &str, arguments: &[&str]) -> (Outcome, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slapos.cfg");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let outcome = run(command(&["config", "--slapos-cfg", path]).args(arguments));
    (outcome, path.to_owned())
}

/// The lines of `slapmaster config` about a setting, in single blanks.
fn lines(outcome: &Outcome, name: &str) -> Vec<String> {
    assert_eq!(outcome.code, 0, "{outcome:?}");
    outcome
        .stdout
        .lines()
        .filter(|line| line.split(' ').next() == Some(name))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[track_caller]
fn refused(outcome: &Outcome, parts: &[&str]) {
    assert_eq!(outcome.code, 2, "{outcome:?}");
    for part in parts {
        assert!(outcome.error().contains(part), "`{part}`: {outcome:?}");
    }
}

#[test]
fn it_sets_what_nothing_else_sets() {
    let (outcome, path) = config(WHOLE, &[]);
    for (name, expected) in [
        ("listen", "listen http://127.0.0.1:5001 (slapos.cfg)"),
        (
            "database",
            "database /srv/slapproxy.db.slapmaster (slapos.cfg)",
        ),
        (
            "default-computer",
            "default-computer local_computer (slapos.cfg)",
        ),
        ("preset", "preset slapproxy (slapos.cfg)"),
        (
            "database_uri",
            "database_uri /srv/slapproxy.db (slapos.cfg)",
        ),
        (
            "local_software_release_root",
            "local_software_release_root / (slapos.cfg)",
        ),
        (
            "software_product_list",
            "software_product_list kvm https://example.org/kvm.cfg (slapos.cfg)",
        ),
        (
            "multimaster",
            "multimaster http://other.example.org /some/path (slapos.cfg)",
        ),
    ] {
        assert_eq!(lines(&outcome, name), [expected]);
    }
    let named = format!("slapos-cfg {path} (command line, --slapos-cfg)");
    assert_eq!(lines(&outcome, "slapos-cfg"), [named]);
}

#[test]
fn flags_and_variables_win_over_it() {
    let (outcome, path) = config(
        WHOLE,
        &["--listen", "http://127.0.0.1:0", "--preset", "default"],
    );
    assert_eq!(
        lines(&outcome, "listen"),
        ["listen http://127.0.0.1:0 (command line, --listen)"]
    );
    assert_eq!(
        lines(&outcome, "preset"),
        ["preset default (command line, --preset)"]
    );
    drop(path);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slapos.cfg");
    fs::write(&path, WHOLE).unwrap();
    let outcome = run(command(&["config"])
        .env("SLAPMASTER_SLAPOS_CFG", &path)
        .env("SLAPMASTER_DATABASE", "/srv/own.db"));
    assert_eq!(
        lines(&outcome, "database"),
        ["database /srv/own.db (environment, SLAPMASTER_DATABASE)"]
    );
    assert_eq!(
        lines(&outcome, "listen"),
        ["listen http://127.0.0.1:5001 (slapos.cfg)"]
    );
}

#[test]
fn what_slapproxy_would_not_start_without_has_to_be_somewhere() {
    for (option, flag, value) in [
        ("port", "listen", "http://127.0.0.1:0"),
        ("database_uri", "database", "/srv/own.db"),
        ("computer_id", "default-computer", "COMP-1"),
    ] {
        let without: String = WHOLE
            .split_inclusive('\n')
            .filter(|line| !line.starts_with(option))
            .collect();
        let (outcome, path) = config(&without, &[]);
        let expected =
            format!("`{path}`: neither `[slapproxy]` nor `[slapos]` has an option `{option}`");
        refused(&outcome, &[&expected, &format!("or give --{flag}")]);
        let (outcome, _) = config(&without, &[&format!("--{flag}"), value]);
        assert_eq!(lines(&outcome, flag).len(), 1);
    }
}

#[test]
fn what_is_wrong_in_it_stops_the_start_with_file_and_line() {
    let (outcome, path) = config("[slapproxy]\n\nport = many\n", &[]);
    refused(
        &outcome,
        &[&format!("{path}:3: port: `many`: expected a port")],
    );
    let (outcome, path) = config("[slapproxy]\ndatabse_uri = x\n", &[]);
    refused(
        &outcome,
        &[
            &format!("{path}:2: "),
            "no option `databse_uri`, perhaps `database_uri`",
        ],
    );
    let (outcome, _) = config("[slapformat]\n", &[]);
    refused(
        &outcome,
        &["neither a section `[slapproxy]` nor a section `[slapos]`"],
    );
    let (outcome, path) = config("[slapproxy\n", &[]);
    refused(&outcome, &[&format!("{path}:1: ")]);
    let missing = slapmaster(&["serve", "--slapos-cfg", "/no/such/slapos.cfg"]);
    refused(
        &missing,
        &["cannot read `/no/such/slapos.cfg`", "No such file"],
    );
    let (outcome, _) = config(WHOLE, &["--slapos-cfg", ""]);
    assert_eq!(outcome.code, 2, "{outcome:?}");
}

#[test]
fn what_has_no_effect_is_warned_of() {
    let text = WHOLE.replace(
        "port = 5001",
        "port = 5001\npublic_directory_path = /srv/public",
    );
    let (outcome, path) = config(&text, &[]);
    assert_eq!(outcome.code, 0);
    assert_eq!(
        outcome.stderr,
        format!(
            "warning: {path}:6: `public_directory_path` has no effect: no public directory is served\n"
        )
    );
}

/// Reads texts with Python's own `configparser`: the sections with their options, or null.
const PARSER: &str = "
import configparser, io, json, sys

def read(text):
    parser = configparser.ConfigParser()
    try:
        # As a file that is opened for text, whatever ends its lines.
        parser.read_file(io.StringIO(text, newline=None))
        return [[name, dict(parser.items(name))] for name in parser.sections()]
    except configparser.Error:
        return None

json.dump([read(text) for text in json.load(sys.stdin.buffer)], sys.stdout)
";

fn by_python(texts: &[String]) -> Vec<Value> {
    let mut process = Command::new(python::python())
        .args(["-c", PARSER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin
        .write_all(json!(texts).to_string().as_bytes())
        .unwrap();
    drop(stdin);
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn by_us(text: &str) -> Value {
    let read = || {
        let ini = Ini::parse(text)?;
        ini.sections()
            .iter()
            .map(|section| {
                let options = ini.options(section)?;
                let options: serde_json::Map<String, Value> = options
                    .into_iter()
                    .map(|option| (option.name, option.value.into()))
                    .collect();
                Ok(json!([section.name, options]))
            })
            .collect::<Result<Vec<Value>, slapmaster::config::slapos_cfg::ini::IniError>>()
    };
    read().map_or(Value::Null, Value::from)
}

/// Lines that make a file, each the more telling the more often it meets the others.
fn line() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "[a]",
        "[b]",
        "[A]",
        "[DEFAULT]",
        "[a] x",
        "[]",
        "[]]",
        "[a",
        "x",
        "X",
        "y",
        " ",
        "  ",
        "\t",
        "=",
        " = ",
        ":",
        " : ",
        "1",
        "2",
        "#",
        ";",
        "# c",
        "; c",
        "%",
        "%%",
        "%(x)s",
        "%(Y)s",
        "%(z)s",
        "%(x)d",
        "é",
        "\r",
        "x=1",
        "y=%(x)s",
        "x = 1",
        "  x",
        "  # c",
        "a;b",
        "multimaster/http://[::1]:1/",
    ]);
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

#[test]
fn files_are_read_as_python_reads_them() {
    let mut texts: Vec<String> = [
        WHOLE,
        "[a]\nx = 1 ; c\n  # c\n  more\n\n  evenmore\ny: 2=3\n",
        "[a]\nx =\n  one\n\n  two\n\n\ny = 1\n",
        "[a]\n x = 1\n  y = 2\nz = 3\n",
        "[DEFAULT]\nroot = /srv\n[a]\nx = %(root)s/%%\n[b]\nroot = %(x)s\n",
        "[a]\nx=%(y)s\ny=%(x)s\n",
        "[DEFAULT]\nx=1\n[DEFAULT]\ny=2\n[a]\n",
        "x=1\n",
        "",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        prop::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    let file = prop::collection::vec(line(), 0..8).prop_map(|lines| lines.join("\n"));
    // Many have no section to begin with: a file like that is dull.
    let file = (file, any::<bool>()).prop_map(
        |(text, headed)| {
            if headed { format!("[a]\n{text}") } else { text }
        },
    );
    for _ in 0..4000 {
        texts.push(file.new_tree(&mut runner).unwrap().current());
    }
    let mut read = 0;
    for (text, expected) in texts.iter().zip(by_python(&texts)) {
        assert_eq!(by_us(text), expected, "{text:?}");
        read += usize::from(!expected.is_null());
    }
    assert!(read > 500, "only {read} files were worth reading");
}

#[test]
fn the_example_of_slapos_core_is_read() {
    let script =
        "import os, slapos; print(os.path.join(slapos.__path__[0], 'slapos-proxy.cfg.example'))";
    let output = Command::new(python::python())
        .args(["-c", script])
        .output()
        .unwrap();
    let example = String::from_utf8(output.stdout).unwrap();
    let example = Path::new(example.trim());
    let outcome = run(command(&["config", "--slapos-cfg"]).arg(example));
    assert_eq!(outcome.stderr, "");
    assert_eq!(
        lines(&outcome, "listen"),
        ["listen http://127.0.0.1:5000 (slapos.cfg)"]
    );
    assert_eq!(lines(&outcome, "software_product_list").len(), 7);
}
