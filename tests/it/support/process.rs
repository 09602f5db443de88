//! The built binary as a child process that never outlives its test.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// The binary under test.
pub(crate) const SLAPMASTER: &str = env!("CARGO_BIN_EXE_slapmaster");

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// The binary, in an environment without settings.
pub(crate) fn command<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let mut command = Command::new(SLAPMASTER);
    command
        .args(arguments)
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SLAPMASTER_") {
            command.env_remove(name);
        }
    }
    command
}

/// What a command that ended said.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Outcome {
    /// The last line on standard error, which explains a failure.
    pub(crate) fn error(&self) -> &str {
        self.stderr.lines().last().unwrap_or_default()
    }
}

/// Runs a command that ends by itself.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let mut child = Running::spawn(command);
    let code = child.wait().code().expect("ended by a signal");
    let (stdout, stderr) = (child.stdout.rest(), child.stderr.rest());
    Outcome {
        code,
        stdout,
        stderr,
    }
}

/// Runs slapmaster with these arguments, to its own end.
pub(crate) fn slapmaster(arguments: &[&str]) -> Outcome {
    run(&mut command(arguments))
}

/// Lines as they come in.
#[derive(Debug)]
pub(crate) struct Lines(mpsc::Receiver<String>);

impl Lines {
    fn of(source: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self(receiver)
    }

    /// The next line.
    pub(crate) fn next(&self) -> String {
        self.0.recv_timeout(PATIENCE).expect("a line")
    }

    /// The next line that contains `part`.
    pub(crate) fn find(&self, part: &str) -> String {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let line = self.next();
            if line.contains(part) {
                return line;
            }
        }
        panic!("no line with {part}");
    }

    /// All lines until the other side closes.
    pub(crate) fn rest(&self) -> String {
        self.0.iter().map(|line| line + "\n").collect()
    }
}

/// A child process; killed when it goes out of scope.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// What it writes to standard output.
    pub(crate) stdout: Lines,
    /// What it writes to standard error.
    pub(crate) stderr: Lines,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts the command.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdout = Lines::of(child.stdout.take().unwrap());
        let stderr = Lines::of(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal by its short name, as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Closes its standard input.
    pub(crate) fn close_stdin(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not end");
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -{name} {pid}")])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// A running server with a directory of its own, ready.
#[derive(Debug)]
pub(crate) struct Server {
    /// The process.
    pub(crate) process: Running,
    /// What it announced, in order.
    pub(crate) urls: Vec<String>,
    directory: TempDir,
}

impl Server {
    /// A server on a free port, with its ready file and database in its directory.
    pub(crate) fn start() -> Self {
        Self::start_with(&["--listen", "http://127.0.0.1:0"])
    }

    /// A server with these arguments. `DIR` in one stands for the server's directory.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_str().unwrap();
        let arguments: Vec<_> = arguments
            .iter()
            .map(|argument| argument.replace("DIR", path))
            .collect();
        let mut process = Running::spawn(command(&["serve"]).args(arguments));
        let mut urls = Vec::new();
        loop {
            let Ok(line) = process.stdout.0.recv_timeout(PATIENCE) else {
                let status = process.wait();
                panic!("not ready, {status}: {}", process.stderr.rest());
            };
            match line.strip_prefix("listening on ") {
                Some(url) => urls.push(url.to_owned()),
                None if line.starts_with("ready in ") => break,
                None => panic!("unexpected announcement: {line}"),
            }
        }
        Self {
            process,
            urls,
            directory,
        }
    }

    /// The server's directory.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A path in the server's directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory().join(name)
    }

    /// The address of its first listener.
    pub(crate) fn address(&self) -> SocketAddr {
        address(&self.urls[0])
    }

    /// Asks it to stop and returns the exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.process.signal("TERM");
        self.process.wait().code()
    }
}

/// The address in an announced URL.
pub(crate) fn address(url: &str) -> SocketAddr {
    let (scheme, address) = url.split_once("://").unwrap();
    assert!(matches!(scheme, "http" | "https"), "{url}");
    address.parse().unwrap()
}
