//! The Python environments that the conformance tests run the real client in.
//!
//! Each is a virtual environment under `<target>/conformance`, made on first use from a file of
//! pinned requirements and kept for later runs. Its name holds a hash of what it was made from, so a
//! changed pin or another interpreter makes a new one. Start at [`python`].
//!
//! Invariant: an environment without its `.complete` mark is never used; it is thrown away and made
//! again. A file lock lets one test make it while the others, in this process or another, wait.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// What a person without a usable Python is told.
const WHAT_TO_INSTALL: &str = "the conformance tests need Python 3.9 or later with its `venv` module: \
     install it (Debian: `apt-get install python3 python3-venv`) or name one in TEST_PYTHON";

/// The interpreters looked for, the best first: on 3.12 and later every command of the client loads.
const CANDIDATES: [&str; 7] = [
    "python3.12",
    "python3.13",
    "python3.11",
    "python3.14",
    "python3.10",
    "python3.9",
    "python3",
];

/// A Python in which today's client (`requirements.txt`) is installed.
pub(crate) fn python() -> PathBuf {
    static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| environment("py", "requirements.txt"));
    PYTHON.clone()
}

/// A Python in which a client of 2022 (`requirements-2022.txt`) is installed.
pub(crate) fn old_client_python() -> PathBuf {
    static PYTHON: LazyLock<PathBuf> =
        LazyLock::new(|| environment("py-2022", "requirements-2022.txt"));
    PYTHON.clone()
}

/// Where the Python side of the conformance tests lives.
pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// A Python of the machine: the command to call it by, and what `sys.version` says.
struct Interpreter {
    command: PathBuf,
    version: String,
}

/// Finds the interpreter to make environments with.
fn interpreter() -> Interpreter {
    if let Some(named) = std::env::var_os("TEST_PYTHON") {
        return look_at(&named).unwrap_or_else(|| {
            panic!(
                "TEST_PYTHON={} will not do: {WHAT_TO_INSTALL}",
                named.display()
            )
        });
    }
    CANDIDATES
        .iter()
        .find_map(|name| look_at(OsStr::new(name)))
        .unwrap_or_else(|| panic!("{WHAT_TO_INSTALL}"))
}

/// Asks a command whether it is a Python that can make environments.
///
/// `ensurepip` is asked for because Debian's `python3` without `python3-venv` has a `venv` module
/// that fails half-way.
fn look_at(command: &OsStr) -> Option<Interpreter> {
    let question = "import sys, venv, ensurepip; assert sys.version_info >= (3, 9); \
                    print(sys.executable); print(sys.version)";
    let answer = Command::new(command).args(["-c", question]).output().ok()?;
    if !answer.status.success() {
        return None;
    }
    let text = String::from_utf8(answer.stdout).ok()?;
    let (executable, version) = text.split_once('\n')?;
    Some(Interpreter {
        command: PathBuf::from(executable),
        version: version.to_owned(),
    })
}

/// The Python of the environment made from a requirements file, which is made now if need be.
fn environment(name: &str, requirements: &str) -> PathBuf {
    let requirements = scripts().join(requirements);
    let pins = fs::read_to_string(&requirements)
        .unwrap_or_else(|error| panic!("cannot read `{}`: {error}", requirements.display()));
    let interpreter = interpreter();

    let mut hasher = DefaultHasher::new();
    (&pins, &interpreter.command, &interpreter.version).hash(&mut hasher);
    let parent = parent();
    let folder = parent.join(format!("{name}-{:016x}", hasher.finish()));
    let python = folder.join("bin/python");
    let complete = folder.join(".complete");

    fs::create_dir_all(&parent)
        .unwrap_or_else(|error| panic!("cannot make `{}`: {error}", parent.display()));
    let lock_path = folder.with_extension("lock");
    let lock = File::create(&lock_path)
        .unwrap_or_else(|error| panic!("cannot make `{}`: {error}", lock_path.display()));
    // Held until `lock` is dropped, or the process ends.
    lock.lock()
        .unwrap_or_else(|error| panic!("cannot lock `{}`: {error}", lock_path.display()));
    // `exists` follows the link: an environment whose interpreter was uninstalled is made anew.
    if complete.exists() && python.exists() {
        return python;
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .unwrap_or_else(|error| panic!("cannot remove `{}`: {error}", folder.display()));
    }

    run(
        Command::new(&interpreter.command)
            .args(["-m", "venv"])
            .arg(&folder),
        WHAT_TO_INSTALL,
    );
    // What builds the packages comes first, pinned too: a build of its own would fetch the newest.
    let builders = folder.join("builders.txt");
    let first: Vec<&str> = pins.lines().take_while(|line| !line.is_empty()).collect();
    fs::write(&builders, first.join("\n"))
        .unwrap_or_else(|error| panic!("cannot write `{}`: {error}", builders.display()));
    let reachable = "the conformance tests install the real client on first use: a Python package index must be \
                     reachable by `pip` (its own settings, such as PIP_INDEX_URL, apply)";
    let pip = [
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        "--no-deps",
        "--requirement",
    ];
    run(Command::new(&python).args(pip).arg(&builders), reachable);
    run(
        Command::new(&python)
            .args(pip)
            .arg(&requirements)
            .arg("--no-build-isolation"),
        reachable,
    );
    fs::write(&complete, &interpreter.version)
        .unwrap_or_else(|error| panic!("cannot write `{}`: {error}", complete.display()));
    python
}

/// The folder of all environments: it outlives `cargo test`, and goes with `cargo clean`.
fn parent() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().unwrap_or(temporary).join("conformance")
}

/// Runs a command to its end; a failure panics with `advice` before the command's own words.
fn run(command: &mut Command, advice: &str) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{advice}\n`{command:?}` did not start: {error}"));
    assert!(
        output.status.success(),
        "{advice}\n`{command:?}`: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
