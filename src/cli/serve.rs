//! `slapmaster serve`: the server.

use std::time::Instant;

use clap::Command;

use crate::{
    app::{self, descriptors, logging},
    config::Settings,
};

use super::Failure;

pub(super) fn command() -> Command {
    Command::new("serve").about("Serve a mock master until SIGINT or SIGTERM")
}

pub(super) fn run(settings: Settings, began: Instant) -> Result<(), Failure> {
    descriptors::make_room();
    let log = logging::start(settings.log_level.0, settings.log_format);
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                1,
                format!("cannot start threads: {error}; raise the limit on them"),
            )
        })?;
    let outcome = runtime.block_on(app::run(settings, began));
    // What still runs now was given its time.
    runtime.shutdown_background();
    log.flush();
    outcome.map_err(|error| Failure::new(error.exit_code(), error))
}
