//! What asks the server to stop: SIGINT, SIGTERM, and the end of the parent process.

use std::{io, os::unix::process::parent_id, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often the parent is looked at. There is no signal for its end without unsafe code.
const PARENT_INTERVAL: Duration = Duration::from_millis(200);

/// Waits for whatever comes first, any number of times.
#[derive(Debug)]
pub(super) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    /// The parent at the start, if its end matters and was not taken for a reason yet.
    parent: Option<u32>,
}

impl StopSignals {
    /// From now on, signals are kept for [`StopSignals::asked`] and no longer end the process.
    pub(super) fn install(exit_with_parent: bool) -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            parent: exit_with_parent.then(parent_id),
        })
    }

    /// Returns once for each reason to stop.
    pub(super) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => tracing::info!("received SIGINT"),
            _ = self.terminate.recv() => tracing::info!("received SIGTERM"),
            () = parent_ended(self.parent) => {
                self.parent = None;
                tracing::info!("the parent process ended");
            }
        }
    }
}

async fn parent_ended(parent: Option<u32>) {
    let Some(parent) = parent else {
        return std::future::pending().await;
    };
    while parent_id() == parent {
        tokio::time::sleep(PARENT_INTERVAL).await;
    }
}
