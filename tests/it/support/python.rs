//! The Python environments that the conformance tests run the real client in.
//!
//! Each is a virtual environment under `<target>/conformance`, made on first use from a file of
//! pinned requirements and kept for later runs. Its name holds a hash of what it was made from, so a
//! changed pin or another interpreter makes a new one. Start at [`python`].
//!
//! Invariant: an environment without its `.complete` mark is never used; it is thrown away and made
//! again. A file lock lets one test make it while the others, in this process or another, wait.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// Which Pythons of the machine will do for an environment.
struct Wanted {
    /// The oldest minor version of Python 3 that will do.
    minor: u32,
    /// The commands looked for, the best first.
    candidates: &'static [&'static str],
    /// The environment variable in which a person may name one instead.
    variable: &'static str,
    /// What a person without any is told.
    what_to_install: &'static str,
}

/// For a client: on 3.12 and later every command of it loads.
const FOR_A_CLIENT: Wanted = Wanted {
    minor: 9,
    candidates: &[
        "python3.12",
        "python3.13",
        "python3.11",
        "python3.14",
        "python3.10",
        "python3.9",
        "python3",
    ],
    variable: "TEST_PYTHON",
    what_to_install: "the conformance tests need Python 3.9 or later with its `venv` module: \
         install it (Debian: `apt-get install python3 python3-venv`) or name one in TEST_PYTHON",
};

/// For a node: on 3.11 and earlier, `slapos node software` and its like do not load.
const FOR_A_NODE: Wanted = Wanted {
    minor: 12,
    candidates: &["python3.12", "python3.13", "python3.14", "python3"],
    variable: "TEST_NODE_PYTHON",
    what_to_install: "the conformance tests with a real node need Python 3.12 or later with its `venv` module, \
         on PATH or among pyenv's versions: install it (Debian 13, Ubuntu 24.04: `apt-get install python3 \
         python3-venv`; elsewhere: `pyenv install 3.12`) or name one in TEST_NODE_PYTHON",
};

/// A Python in which today's client (`requirements.txt`) is installed.
pub(crate) fn python() -> PathBuf {
    static PYTHON: LazyLock<PathBuf> =
        LazyLock::new(|| environment(&FOR_A_CLIENT, "py", "requirements.txt"));
    PYTHON.clone()
}

/// A Python in which a client of 2022 (`requirements-2022.txt`) is installed.
pub(crate) fn old_client_python() -> PathBuf {
    static PYTHON: LazyLock<PathBuf> =
        LazyLock::new(|| environment(&FOR_A_CLIENT, "py-2022", "requirements-2022.txt"));
    PYTHON.clone()
}

/// A Python in which a whole node (`requirements-node.txt`) is installed: slapgrid with its
/// supervisor and its buildout, and slapproxy.
pub(crate) fn node_python() -> PathBuf {
    static PYTHON: LazyLock<PathBuf> =
        LazyLock::new(|| environment(&FOR_A_NODE, "py-node", "requirements-node.txt"));
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

impl Wanted {
    /// Finds the interpreter to make an environment with.
    fn interpreter(&self) -> Interpreter {
        if let Some(named) = std::env::var_os(self.variable) {
            return self.look_at(&named).unwrap_or_else(|| {
                panic!(
                    "{}={} will not do: {}",
                    self.variable,
                    named.display(),
                    self.what_to_install
                )
            });
        }
        let on_path = self.candidates.iter().map(OsString::from);
        on_path
            .chain(self.of_pyenv())
            .find_map(|command| self.look_at(&command))
            .unwrap_or_else(|| panic!("{}", self.what_to_install))
    }

    /// Asks a command whether it is a Python that can make environments.
    ///
    /// `ensurepip` is asked for because Debian's `python3` without `python3-venv` has a `venv` module
    /// that fails half-way.
    fn look_at(&self, command: &OsStr) -> Option<Interpreter> {
        let question = format!(
            "import sys, venv, ensurepip; assert sys.version_info >= (3, {}); \
             print(sys.executable); print(sys.version)",
            self.minor
        );
        let answer = Command::new(command)
            .args(["-c", &question])
            .output()
            .ok()?;
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

    /// The commands looked for, where pyenv installed them.
    ///
    /// Its `python3.12` on PATH refuses to run as long as nobody chose that version.
    fn of_pyenv(&self) -> Vec<OsString> {
        let root = std::env::var_os("PYENV_ROOT")
            .map(PathBuf::from)
            .or_else(|| Some(std::env::home_dir()?.join(".pyenv")));
        let Some(versions) = root.and_then(|root| fs::read_dir(root.join("versions")).ok()) else {
            return Vec::new();
        };
        let mut versions: Vec<PathBuf> = versions.flatten().map(|entry| entry.path()).collect();
        versions.sort();
        let mut commands = Vec::new();
        for name in self.candidates {
            let of_each = versions
                .iter()
                .map(|version| version.join("bin").join(name));
            commands.extend(of_each.map(PathBuf::into_os_string));
        }
        commands
    }
}

/// The Python of the environment made from a requirements file, which is made now if need be.
fn environment(wanted: &Wanted, name: &str, requirements: &str) -> PathBuf {
    let requirements = scripts().join(requirements);
    let pins = fs::read_to_string(&requirements)
        .unwrap_or_else(|error| panic!("cannot read `{}`: {error}", requirements.display()));
    let interpreter = wanted.interpreter();

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
        wanted.what_to_install,
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
