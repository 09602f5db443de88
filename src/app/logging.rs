//! Logs, on standard error.
//!
//! Lines are collected in memory and written by a thread of their own, so that a request never
//! waits for whoever reads them: a test suite that starts a server with a pipe and never reads it
//! must not stop the server when the pipe is full. Then lines are lost instead, and counted.

use std::{
    io::{self, IsTerminal, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, filter::Targets, fmt::MakeWriter, layer::SubscriberExt};

use crate::config::LogFormat;

/// How much may wait to be written.
const BUFFER_BYTES: usize = 1024 * 1024;

/// How long the writer lets lines gather after it wrote some.
const GATHER_TIME: Duration = Duration::from_millis(10);

/// How long the end of the process waits for the last lines.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// Starts logging for the whole process. Keep what is returned, and [`LogSink::flush`] it at the
/// end.
pub fn start(level: LevelFilter, format: LogFormat) -> LogSink {
    let sink = LogSink::start(io::stderr());
    // What libraries say below a warning is for those who write them.
    let others = if level == LevelFilter::TRACE {
        level
    } else {
        level.min(LevelFilter::WARN)
    };
    let targets = Targets::new()
        .with_target("slapmaster", level)
        .with_default(others);
    let layer = tracing_subscriber::fmt::layer().with_writer(sink.clone());
    let layer = match format {
        LogFormat::Text => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            layer
                .with_ansi(!plain && io::stderr().is_terminal())
                .boxed()
        }
        LogFormat::Json => layer.json().flatten_event(true).with_ansi(false).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(layer).with(targets);
    // Only a second call in one process could fail, and then logs go where they went before.
    let _ = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!("{panic}");
    }));
    sink
}

/// Takes whole lines, without waiting. Clones are the same sink.
#[derive(Debug, Clone)]
pub struct LogSink(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    written: Condvar,
}

#[derive(Debug, Default)]
struct State {
    buffer: Vec<u8>,
    lost: u64,
    /// The thread waits for the first line.
    idle: bool,
    /// The thread has taken lines that are not out yet.
    writing: bool,
    /// Somebody waits for the end: no gathering.
    hurry: bool,
}

impl LogSink {
    fn start(mut out: impl Write + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let sink = Self(Arc::clone(&shared));
        let writer = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || shared.write_for_ever(&mut out));
        // Without the thread there would be no logs; the server serves all the same.
        drop(writer);
        sink
    }

    /// Waits until all lines are out, for a second at most.
    pub fn flush(&self) {
        let mut state = self.0.lock();
        state.hurry = true;
        self.0.wake.notify_all();
        let _ = self
            .0
            .written
            .wait_timeout_while(state, FLUSH_TIME, |state| {
                state.writing || !state.buffer.is_empty()
            });
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_for_ever(&self, out: &mut impl Write) {
        let mut lines = Vec::new();
        loop {
            let mut state = self.lock();
            state.idle = true;
            let mut state = self
                .wake
                .wait_while(state, |state| state.buffer.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            state.idle = false;
            state.writing = true;
            mem::swap(&mut lines, &mut state.buffer);
            let lost = mem::take(&mut state.lost);
            drop(state);

            // Standard error may be closed; there is nobody to tell.
            let _ = out.write_all(&lines);
            if lost > 0 {
                let _ = writeln!(out, "{lost} log lines were lost: they were read too slowly");
            }
            let _ = out.flush();
            lines.clear();

            let mut state = self.lock();
            state.writing = false;
            self.written.notify_all();
            if !state.hurry {
                drop(state);
                thread::sleep(GATHER_TIME);
            }
        }
    }
}

impl Write for LogSink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.0.lock();
        if state.buffer.len() + line.len() > BUFFER_BYTES {
            state.lost += 1;
        } else {
            state.buffer.extend_from_slice(line);
            if state.idle {
                self.0.wake.notify_one();
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogSink {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Hands on what is written, when it is asked to.
    struct Gate(mpsc::Sender<Vec<u8>>, mpsc::Receiver<()>);

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.1.recv();
            let _ = self.0.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_nobody_reads_are_counted_and_hold_up_nobody() {
        let (lines, written) = mpsc::channel();
        let (open, gate) = mpsc::channel();
        let mut sink = LogSink::start(Gate(lines, gate));
        let line = [b'x'; 1000];
        let count = 5000;
        for _ in 0..count {
            sink.write_all(&line).unwrap();
        }
        drop(open);
        LogSink::flush(&sink);
        let all: Vec<u8> = written.try_iter().flatten().collect();
        let text = String::from_utf8(all).unwrap();
        let kept = text.matches('x').count() / line.len();
        let notes = text.replace('x', "");
        let lost: usize = notes
            .lines()
            .map(|note| note.split(' ').next().unwrap().parse::<usize>().unwrap())
            .sum();
        assert!(kept >= BUFFER_BYTES / line.len(), "{kept}");
        assert!(lost > 0, "{notes}");
        assert_eq!(kept + lost, count, "{notes}");
    }
}
