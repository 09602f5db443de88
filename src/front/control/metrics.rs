//! What is counted, for Prometheus.
//!
//! Counters are those of the process, whichever of its worlds is asked; gauges of certificates and
//! of the journal are those of the world that is asked. No label names a world: a thousand of them
//! would be a thousand times as many lines.

use std::fmt::Write as _;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    domain::event::EventKind,
    front::State,
    master::Master,
    mock::metrics::{DURATION_BOUNDS_US, Metrics, OUTCOMES},
};

use super::{
    openapi::{Answer, Operation},
    problem::Problem,
    read::Query,
};

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /_mock/metrics`.
pub(super) static METRICS: Operation = Operation::read(
    "What is counted, in the text format of Prometheus",
    Answer::Other(StatusCode::OK, TEXT),
);

/// `GET /_mock/metrics`: what is counted, in the text format of Prometheus. `docs/metrics.md` says
/// what each of them is.
pub(super) async fn metrics(
    State(master): State<Master>,
    query: Query,
) -> Result<Response, Problem> {
    query.only(METRICS.query)?;
    let valid = master.count_valid_certificates().await?;
    let journal = master.journal().size();
    let metrics = master.metrics();
    let mut page = Page::default();
    page.one(
        "build_info",
        "gauge",
        "The version that runs.",
        &[(format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1)],
    );
    calls(&mut page, metrics);
    durations(&mut page, metrics);
    let plain = |value: i64| [(String::new(), value)];
    page.one(
        "calls_in_flight",
        "gauge",
        "Calls that are being answered, this one included.",
        &plain(metrics.calls_under_way()),
    );
    let events: Vec<_> = EventKind::ALL
        .iter()
        .map(|kind| {
            (
                format!("{{event=\"{kind}\"}}"),
                signed(metrics.events(*kind)),
            )
        })
        .collect();
    page.one(
        "events_total",
        "counter",
        "What happened in all worlds, by kind.",
        &events,
    );
    page.one(
        "certificates_issued_total",
        "counter",
        "Certificates that were issued in all worlds.",
        &plain(signed(metrics.events(EventKind::CertificateIssued))),
    );
    page.one(
        "certificates_revoked_total",
        "counter",
        "Certificates that were revoked in all worlds.",
        &plain(signed(metrics.events(EventKind::CertificateRevoked))),
    );
    page.one(
        "certificates_valid",
        "gauge",
        "Certificates of this world that are valid by its clock.",
        &plain(valid),
    );
    let interferences: Vec<_> = metrics
        .interferences()
        .into_iter()
        .map(|(effect, count)| (format!("{{effect=\"{effect}\"}}"), signed(count)))
        .collect();
    page.one(
        "faults_injected_total",
        "counter",
        "How often a rule interfered with a call, by its effect.",
        &interferences,
    );
    page.one(
        "worlds",
        "gauge",
        "Worlds that are open.",
        &plain(metrics.worlds()),
    );
    page.one(
        "journal_entries",
        "gauge",
        "Entries that the journal of this world keeps.",
        &plain(signed(journal.entries as u64)),
    );
    page.one(
        "journal_bytes",
        "gauge",
        "Bytes that they take.",
        &plain(signed(journal.bytes as u64)),
    );
    page.one(
        "journal_entries_gone_total",
        "counter",
        "Entries of this world that made room for others.",
        &plain(signed(journal.gone)),
    );
    let headers = [
        (header::CONTENT_TYPE, TEXT),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, page.0).into_response())
}

fn calls(page: &mut Page, metrics: &Metrics) {
    let mut samples = Vec::new();
    for count in metrics.calls() {
        for (outcome, times) in OUTCOMES.iter().zip(count.outcomes) {
            if times > 0 {
                let (dialect, call) = (count.dialect, count.call);
                let labels =
                    format!("{{dialect=\"{dialect}\",call=\"{call}\",outcome=\"{outcome}\"}}");
                samples.push((labels, signed(times)));
            }
        }
    }
    page.one(
        "calls_total",
        "counter",
        "Calls by dialect, name and class of status.",
        &samples,
    );
}

fn durations(page: &mut Page, metrics: &Metrics) {
    const NAME: &str = "call_duration_seconds";
    page.head(NAME, "histogram", "How long calls took.");
    for count in metrics.calls() {
        let labels = format!("dialect=\"{}\",call=\"{}\"", count.dialect, count.call);
        let mut up_to = 0;
        for (bound, times) in DURATION_BOUNDS_US.iter().zip(count.within) {
            up_to += times;
            let bound = seconds(*bound);
            page.sample(&format!("{NAME}_bucket{{{labels},le=\"{bound}\"}}"), up_to);
        }
        // Whatever was counted while the others were read.
        let all = count.outcomes.iter().sum::<u64>().max(up_to);
        page.sample(&format!("{NAME}_bucket{{{labels},le=\"+Inf\"}}"), all);
        page.sample(
            &format!("{NAME}_sum{{{labels}}}"),
            count.total.as_secs_f64(),
        );
        page.sample(&format!("{NAME}_count{{{labels}}}"), all);
    }
}

/// Microseconds as seconds, in as few digits as it takes.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The page as it grows. Labels are words of this program, so that none needs escaping.
#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "# HELP slapmaster_{name} {help}");
        let _ = writeln!(self.0, "# TYPE slapmaster_{name} {kind}");
    }

    fn sample(&mut self, name: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "slapmaster_{name} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, samples: &[(String, i64)]) {
        self.head(name, kind, help);
        for (labels, value) in samples {
            self.sample(&format!("{name}{labels}"), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_written_as_seconds() {
        let bounds = [50, 2_500, 1_000_000, 30_000_000];
        assert_eq!(bounds.map(seconds), ["0.00005", "0.0025", "1", "30"]);
    }
}
