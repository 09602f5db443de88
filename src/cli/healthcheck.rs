//! `slapmaster healthcheck`: asks a running server whether it is ready, without curl.
//!
//! Follows the settings of `serve`: the same flags and variables lead to the same server. A plain
//! listener is preferred. Over https the server's certificate is not looked at: it may be one of an
//! authority that only the server's database knows, or made out to the name that others call it by.
//! Where every listener demands one of the client, that demand is all that can be learnt: it counts
//! as alive, and as ready where a ready file says so or none is written.

use std::{
    error::Error,
    io,
    time::{Duration, Instant},
};

use bytes::Bytes;
use clap::{Arg, ArgMatches, Command};
use hyper::{Request, Uri};
use rustls::AlertDescription;

use crate::{
    config::Settings,
    net::{
        ClientCertificates, Endpoint,
        outgoing::{self, CallError, CallLimits, Remote},
    },
};

use super::{
    Failure, duration,
    ready::{Ready, plain_first},
    settings,
};

/// How long one attempt may take, and how much of an answer is read.
const ATTEMPT: CallLimits = CallLimits {
    time: Duration::from_secs(3),
    body_bytes: 64 * 1024,
};

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) fn command() -> Command {
    Command::new("healthcheck")
        .about("Ask the server with these settings whether it is ready")
        .arg(
            Arg::new("wait")
                .long("wait")
                .value_name("TIME")
                .default_value("0s")
                .value_parser(duration::parse)
                .help("Keep asking for so long, for example 30s or 500ms"),
        )
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let settings = settings::resolve(matches)?;
    let wait = matches
        .get_one::<Duration>("wait")
        .copied()
        .unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(1, format!("cannot start: {error}; raise the limits")))?;
    runtime
        .block_on(ask_until(&settings, Instant::now() + wait))
        .map_err(|why| Failure::new(1, why))
}

async fn ask_until(settings: &Settings, until: Instant) -> Result<(), String> {
    loop {
        let why = match ask(settings).await {
            Ok(()) => return Ok(()),
            Err(why) => why,
        };
        if Instant::now() + PAUSE > until {
            return Err(why);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn ask(settings: &Settings) -> Result<(), String> {
    let endpoint = find(settings)?.to_connect();
    match status(&endpoint).await {
        Ok(200) => Ok(()),
        Ok(503) => Err(format!(
            "{endpoint} is up and not ready: its fixtures are still being read; try --wait 30s"
        )),
        Ok(other) => Err(format!(
            "{endpoint} answers {other} and is no slapmaster: check --listen, or SLAPMASTER_LISTEN"
        )),
        Err(error) if demands_certificate(&error) => without_certificate(settings, &endpoint),
        Err(error) => {
            let why = error
                .source()
                .map_or(error.to_string(), ToString::to_string);
            Err(format!(
                "{endpoint} does not answer: {why}; start `slapmaster serve`, or give --listen as \
                 it was given to it"
            ))
        }
    }
}

/// Asks, and tells the answer's status.
async fn status(endpoint: &Endpoint) -> Result<u16, CallError> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = Uri::from_static("/_mock/health/ready");
    let answer = outgoing::call(&Remote::from(endpoint), None, request, ATTEMPT).await?;
    Ok(answer.status().as_u16())
}

/// Whether a server ended the connection because it wants a client certificate.
fn demands_certificate(error: &CallError) -> bool {
    let demand = rustls::Error::AlertReceived(AlertDescription::CertificateRequired);
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = source {
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(|error| error.get_ref());
        if inner.and_then(|inner| inner.downcast_ref()) == Some(&demand) {
            return true;
        }
        source = error.source();
    }
    false
}

/// What is known of a server that lets nobody in without a certificate.
fn without_certificate(settings: &Settings, endpoint: &Endpoint) -> Result<(), String> {
    if settings.client_certificates == ClientCertificates::Optional {
        return Err(format!(
            "{endpoint} demands a client certificate: give --client-certificate required, as it \
             was given to the server"
        ));
    }
    match &settings.ready_file {
        Some(path) if !path.exists() => Err(format!(
            "{endpoint} is up, and the ready file `{}` is not there yet; try --wait 30s",
            path.display()
        )),
        Some(_) | None => Ok(()),
    }
}

/// The listener that serves health; one without TLS, if there is one.
fn find(settings: &Settings) -> Result<Endpoint, String> {
    let endpoints = if settings.control_listen.is_empty() {
        &settings.listen
    } else {
        &settings.control_listen
    };
    let known = endpoints
        .iter()
        .filter(|endpoint| !endpoint.has_free_port());
    match plain_first(known) {
        Some(endpoint) => Ok(endpoint.clone()),
        None => match &settings.ready_file {
            Some(path) => Ok(Ready::read(path)?.control),
            None => Err(
                "the port is 0, so only the server knows it: give both commands the same \
                 --ready-file"
                    .to_owned(),
            ),
        },
    }
}
