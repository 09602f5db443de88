//! The Python environments that the conformance tests run the real client in.
//!
//! Each is a virtual environment under `<target>/conformance` (for Python 2, what comes nearest), made
//! on first use from a file of pinned requirements and kept for later runs. Its name holds a hash of
//! what it was made from, so a changed pin or another interpreter makes a new one. Start at [`python`].
//!
//! Invariant: an environment without its `.complete` mark is never used; it is thrown away and made
//! again. A file lock lets one test make it while the others, in this process or another, wait.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// Which Pythons of the machine will do for an environment.
struct Wanted {
    /// The versions that will do, as Python says it of itself.
    versions: &'static str,
    /// How an environment is made with it.
    by: By,
    /// The commands looked for, the best first.
    candidates: &'static [&'static str],
    /// The environment variable in which a person may name one instead.
    variable: &'static str,
    /// What a person without any is told.
    what_to_install: &'static str,
}

/// How an environment is made.
#[derive(Clone, Copy)]
enum By {
    /// With the module `venv`.
    Venv,
    /// Python 2 has no such module: its packages are those of a user whose folder this is.
    UserBase,
}

impl By {
    /// The modules of Python that it takes.
    ///
    /// `ensurepip` is asked for because Debian's `python3` without `python3-venv` has a `venv` module
    /// that fails half-way.
    fn modules(self) -> &'static str {
        match self {
            Self::Venv => "venv, ensurepip",
            Self::UserBase => "pip",
        }
    }
}

/// For a client: on 3.12 and later every command of it loads.
const FOR_A_CLIENT: Wanted = Wanted {
    versions: "sys.version_info >= (3, 9)",
    by: By::Venv,
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
    versions: "sys.version_info >= (3, 12)",
    by: By::Venv,
    candidates: &["python3.12", "python3.13", "python3.14", "python3"],
    variable: "TEST_NODE_PYTHON",
    what_to_install: "the conformance tests with a real node need Python 3.12 or later with its `venv` module, \
         on PATH or among pyenv's versions: install it (Debian 13, Ubuntu 24.04: `apt-get install python3 \
         python3-venv`; elsewhere: `pyenv install 3.12`) or name one in TEST_NODE_PYTHON",
};

/// For a client of before 2019, which runs on nothing newer.
const FOR_A_CLIENT_OF_PYTHON_2: Wanted = Wanted {
    versions: "sys.version_info[:2] == (2, 7)",
    by: By::UserBase,
    candidates: &["python2.7", "python2"],
    variable: "TEST_PYTHON2",
    what_to_install: "it needs Python 2.7 with its `pip` module, on PATH or among pyenv's versions: install it \
         (`pyenv install 2.7`) or name one in TEST_PYTHON2",
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

/// A Python in which the library of an old client (`clients/<version>.txt`) is installed.
pub(crate) fn library_python(version: &str) -> PathBuf {
    environment(
        &FOR_A_CLIENT,
        &format!("py-{version}"),
        &format!("clients/{version}.txt"),
    )
}

/// A Python 2 in which the library of an old client is installed; or why there is none.
pub(crate) fn library_python_2(version: &str) -> Result<PathBuf, &'static str> {
    let wanted = &FOR_A_CLIENT_OF_PYTHON_2;
    let interpreter = wanted.find().ok_or(wanted.what_to_install)?;
    let requirements = format!("clients/{version}.txt");
    Ok(environment_of(
        &interpreter,
        wanted,
        &format!("py2-{version}"),
        &requirements,
    ))
}

/// A Python in which a whole node (`requirements-node.txt`) is installed: slapgrid with its
/// supervisor and its buildout, and slapproxy.
pub(crate) fn node_python() -> PathBuf {
    static PYTHON: LazyLock<PathBuf> =
        LazyLock::new(|| environment(&FOR_A_NODE, "py-node", "requirements-node.txt"));
    PYTHON.clone()
}

/// A Python in which people's own suites run (`requirements-suite.txt`): the client, pytest with its workers,
/// and schemathesis.
pub(crate) fn suite_python() -> PathBuf {
    static PYTHON: LazyLock<PathBuf> =
        LazyLock::new(|| environment(&FOR_A_NODE, "py-suite", "requirements-suite.txt"));
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
    /// The interpreter to make an environment with.
    fn interpreter(&self) -> Interpreter {
        self.find()
            .unwrap_or_else(|| panic!("{}", self.what_to_install))
    }

    /// Looks for the interpreter to make an environment with.
    fn find(&self) -> Option<Interpreter> {
        if let Some(named) = std::env::var_os(self.variable) {
            let found = self.look_at(&named);
            assert!(
                found.is_some(),
                "{}={} will not do: {}",
                self.variable,
                named.display(),
                self.what_to_install
            );
            return found;
        }
        let on_path = self.candidates.iter().map(OsString::from);
        on_path
            .chain(self.of_pyenv())
            .find_map(|command| self.look_at(&command))
    }

    /// Asks a command whether it is a Python that can make environments.
    fn look_at(&self, command: &OsStr) -> Option<Interpreter> {
        let question = format!(
            "import sys, {}; assert {}; print(sys.executable); print(sys.version)",
            self.by.modules(),
            self.versions
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
    environment_of(&wanted.interpreter(), wanted, name, requirements)
}

/// The same, with the interpreter that was found.
fn environment_of(
    interpreter: &Interpreter,
    wanted: &Wanted,
    name: &str,
    requirements: &str,
) -> PathBuf {
    let requirements = scripts().join(requirements);
    let pins = fs::read_to_string(&requirements)
        .unwrap_or_else(|error| panic!("cannot read `{}`: {error}", requirements.display()));

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

    match wanted.by {
        By::Venv => run(
            Command::new(&interpreter.command)
                .args(["-m", "venv"])
                .arg(&folder),
            wanted.what_to_install,
        ),
        By::UserBase => make_user_base(&interpreter.command, &folder),
    }
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

/// Makes a command in a folder by which a Python finds its packages there first, and installs them
/// there.
fn make_user_base(interpreter: &Path, folder: &Path) {
    let command = folder.join("bin/python");
    let text = format!(
        "#!/bin/sh\n\
         export PYTHONUSERBASE='{}' PIP_USER=1 PIP_IGNORE_INSTALLED=1 PIP_NO_WARN_SCRIPT_LOCATION=1\n\
         exec '{}' \"$@\"\n",
        folder.display(),
        interpreter.display()
    );
    fs::create_dir_all(folder.join("bin"))
        .and_then(|()| fs::write(&command, text))
        .and_then(|()| fs::set_permissions(&command, fs::Permissions::from_mode(0o755)))
        .unwrap_or_else(|error| panic!("cannot make `{}`: {error}", command.display()));
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
