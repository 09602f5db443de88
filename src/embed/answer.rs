//! What a master answers: awaited, or waited for.

use std::{
    fmt,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use serde_json::Value;
use tokio::{runtime::Handle, sync::oneshot};

/// What is said where the master is no longer there.
pub(super) const ENDED: &str = "the master ended before it answered";

/// What a master answers to what it was asked. It was asked already: to be answered this is
/// awaited, in any async runtime, or [waited for](Answer::get).
#[derive(Debug)]
#[must_use = "whether it was done is in the answer: `.await` it, or `.get()` it"]
pub struct Answer<T>(oneshot::Receiver<Result<T, Refused>>);

impl<T: Send + 'static> Answer<T> {
    pub(super) fn of(
        runtime: &Handle,
        work: impl Future<Output = Result<T, Refused>> + Send + 'static,
    ) -> Self {
        let (sender, receiver) = oneshot::channel();
        drop(runtime.spawn(async move {
            // Whoever no longer waits is told nothing.
            drop(sender.send(work.await));
        }));
        Self(receiver)
    }

    /// Waits for the answer and blocks this thread meanwhile; the master has its own.
    pub fn get(self) -> Result<T, Refused> {
        // Within a task of tokio, polling too often is answered with "not yet" for ever.
        block_on(tokio::task::unconstrained(self))
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, Refused>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|answer| answer.unwrap_or_else(|_| Err(Refused::without_answer(ENDED))))
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    struct Parked(Thread);

    impl Wake for Parked {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Why something was not done, in the words of the control surface.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    status: Option<u16>,
    detail: String,
    problem: Value,
}

impl Refused {
    pub(super) fn told(status: u16, problem: Value) -> Self {
        let detail = problem.get("detail").and_then(Value::as_str);
        Self {
            status: Some(status),
            detail: detail.map_or_else(|| format!("answered {status}"), str::to_owned),
            problem,
        }
    }

    pub(super) fn without_answer(detail: &str) -> Self {
        Self {
            status: None,
            detail: detail.to_owned(),
            problem: Value::Null,
        }
    }

    /// The status of the refusal; none where there was no answer.
    pub const fn status(&self) -> Option<u16> {
        self.status
    }

    /// What was wrong, or what was seen instead.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The whole problem (RFC 9457): what is beside the detail depends on the call.
    pub const fn problem(&self) -> &Value {
        &self.problem
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Refused {}
