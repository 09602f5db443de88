//! What the journal and the faults take of polls: `cargo bench --bench polls [-- ROUNDS]`.
//!
//! A node of 100 partitions asks `getFullComputerInformation` on one kept-alive connection, in turns
//! of a server as it is by default, without a fault rule, and of one that keeps no journal
//! (`--journal-entries 0`). What is told is the median of the rounds: a poll's time seen by the
//! client, and what the server spent on it (user and system time). Asked for: the rate falls by at
//! most a tenth.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement that cannot go on fails, and says what it measured"
)]

mod server;

use std::{io::Write as _, path::Path, time::Instant};

use server::{Client, Server};
use tempfile::NamedTempFile;

const POLLS: u32 = 4_000;
const POLL: &str = "/getFullComputerInformation?computer_id=COMP-1";

fn main() {
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let rounds: usize = rounds.unwrap_or(25);
    let mut fixture = NamedTempFile::with_suffix(".yaml").unwrap();
    writeln!(
        fixture,
        "computers: [{{reference: COMP-1, partitions: 100}}]"
    )
    .unwrap();
    writeln!(fixture, "trees:").unwrap();
    for number in 0..100 {
        let release = "https://sr.example.org/software.cfg";
        writeln!(fixture, "- {{title: web {number}, release: '{release}'}}").unwrap();
    }
    let fixture = fixture.path();
    let mut sides = [
        Side::start("with journal and faults", fixture, &[]),
        Side::start("without a journal", fixture, &["--journal-entries", "0"]),
    ];
    for round in 0..=rounds {
        for side in &mut sides {
            let (time, spent) = side.polls();
            // The first one fills the journal.
            if round > 0 {
                side.times.push(time);
                side.spent.push(spent);
            }
        }
    }
    let [with, without] = sides.map(|side| {
        let (time, spent) = (median(side.times), median(side.spent));
        println!(
            "a poll {}: {time:.1} us, the server's CPU {spent:.1} us, {:.0} polls a second",
            side.what,
            1e6 / time
        );
        (time, spent)
    });
    println!(
        "journal and faults take {:.1} % of the rate, and add {:.1} % of the CPU",
        (1.0 - without.0 / with.0) * 100.0,
        (with.1 / without.1 - 1.0) * 100.0
    );
}

struct Side {
    what: &'static str,
    server: Server,
    client: Client,
    times: Vec<f64>,
    spent: Vec<f64>,
}

impl Side {
    fn start(what: &'static str, fixture: &Path, settings: &[&str]) -> Self {
        let mut settings = settings.to_vec();
        settings.extend(["--fixture", fixture.to_str().unwrap()]);
        let server = Server::start(&settings);
        let client = server.connect();
        Self {
            what,
            server,
            client,
            times: Vec::new(),
            spent: Vec::new(),
        }
    }

    /// The time of a poll and what the server spends on it, in microseconds.
    fn polls(&mut self) -> (f64, f64) {
        let (spent, began) = (self.server.cpu(), Instant::now());
        for _ in 0..POLLS {
            self.client.json("GET", POLL, "", 200);
        }
        let time = began.elapsed().as_secs_f64();
        let spent = self.server.cpu().checked_sub(spent).unwrap().as_secs_f64();
        (
            time * 1e6 / f64::from(POLLS),
            spent * 1e6 / f64::from(POLLS),
        )
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
