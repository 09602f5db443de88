//! How long worlds take: `cargo bench --bench worlds [-- ROUNDS]`.
//!
//! A world is made from nothing, from a fixture of one computer, from one of ten computers with ten
//! instances, and as a copy of that; kept, restored and reset. Each is asked for over HTTP on one
//! kept-alive connection, quiet and while two clients load another world with polls and changes; p50
//! and p99 of many, and what the process spent on each (user and system time, quiet). Asked for:
//! below 5 ms.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement that cannot go on fails, and says what it measured"
)]

mod server;

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use server::{Client, Server};

/// What the clients of the other world do: polls, and a change for each so many of them.
const POLLS_A_CHANGE: u64 = 20;
const CLIENTS: u64 = 2;
/// How many of the worlds that are made are there at a time, as those of so many tests that run side
/// by side: each is deleted when it is over.
const LIVING: usize = 8;

fn main() {
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let rounds: usize = rounds.unwrap_or(200);
    let server = Server::start(&[]);
    let mut client = server.connect();
    let wish_of = |fixture: &str| format!("{{\"fixture\": {}}}", quoted(fixture));
    let wish = wish_of(&fixture());
    let one = wish_of("computers:\n  - {reference: COMP-1, partitions: 10}\n");
    client.json("PUT", "/_mock/v1/worlds/loaded", &wish, 201);
    client.json("PUT", "/_mock/v1/worlds/ten", &wish, 201);
    client.json("PUT", "/w/ten/_mock/v1/snapshots/s", "{}", 200);
    for load in [false, true] {
        let done = Arc::new(AtomicBool::new(false));
        let calls = Arc::new(AtomicU64::new(0));
        let clients = if load { CLIENTS } else { 0 };
        let began = Instant::now();
        let callers: Vec<_> = (0..clients)
            .map(|_| {
                let client = server.connect();
                let (done, calls) = (Arc::clone(&done), Arc::clone(&calls));
                thread::spawn(move || burden(client, &done, &calls))
            })
            .collect();
        println!(
            "{}:",
            if load {
                "beside a loaded world"
            } else {
                "quiet"
            }
        );
        // What is done after a round is not measured, but for what is left of it afterwards.
        let mut measure = |what: &str,
                           ask: &mut dyn FnMut(&mut Client, usize),
                           after: &mut dyn FnMut(&mut Client, usize)| {
            let spent = server.cpu();
            let mut times: Vec<Duration> = (0..rounds)
                .map(|round| {
                    let began = Instant::now();
                    ask(&mut client, round);
                    let took = began.elapsed();
                    after(&mut client, round);
                    took
                })
                .collect();
            let spent = server.cpu().saturating_sub(spent) / u32::try_from(rounds).unwrap();
            times.sort();
            let cpu = if load {
                String::new()
            } else {
                format!(", CPU {spent:.2?}")
            };
            println!(
                "  {what}: p50 {:.2?}, p99 {:.2?}{cpu}",
                times[rounds / 2],
                times[(rounds * 99 / 100).min(rounds - 1)],
            );
        };
        for (what, wish) in [
            ("from nothing", "{}"),
            ("from a fixture of one computer", one.as_str()),
            ("from a fixture of ten computers", wish.as_str()),
            ("as a copy of it", r#"{"copy_of": "ten"}"#),
        ] {
            let path = |round: usize| format!("/_mock/v1/worlds/m{round}");
            measure(
                what,
                &mut |client, round| {
                    client.json("PUT", &path(round), wish, 201);
                },
                &mut |client, round| {
                    if let Some(over) = round.checked_sub(LIVING) {
                        client.json("DELETE", &path(over), "", 204);
                    }
                },
            );
            for round in rounds.saturating_sub(LIVING)..rounds {
                server.connect().json("DELETE", &path(round), "", 204);
            }
        }
        let nothing = &mut |_: &mut Client, _| {};
        let keep = &mut |client: &mut Client, round| {
            let path = format!("/w/ten/_mock/v1/snapshots/s{}", round % 50);
            client.json("PUT", &path, "{}", 200);
        };
        measure("a snapshot", keep, nothing);
        for (what, path) in [
            ("a restore", "/w/ten/_mock/v1/snapshots/s/restore"),
            ("a reset", "/w/ten/_mock/v1/reset"),
        ] {
            let back = &mut |client: &mut Client, _| client.json("POST", path, "{}", 200);
            measure(what, back, nothing);
        }
        done.store(true, Ordering::Relaxed);
        for caller in callers {
            caller.join().unwrap();
        }
        if load {
            let rate = calls.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
            println!("  the load meanwhile: {rate:.0} calls a second");
        }
    }
    idle(&server, &mut client);
}

/// What an idle world takes in memory.
fn idle(server: &Server, client: &mut Client) {
    const WORLDS: usize = 200;
    let before = server.memory_kib();
    for number in 0..WORLDS {
        client.json("PUT", &format!("/_mock/v1/worlds/idle{number}"), "{}", 201);
    }
    let each = (server.memory_kib() - before) / WORLDS as f64;
    println!("an idle world: {each:.0} KiB");
}

/// Polls and changes another world until it is done.
fn burden(mut client: Client, done: &AtomicBool, calls: &AtomicU64) {
    let poll = "/w/loaded/getFullComputerInformation?computer_id=COMP-1";
    while !done.load(Ordering::Relaxed) {
        for _ in 0..POLLS_A_CHANGE {
            client.json("GET", poll, "", 200);
        }
        let token = r#"{"purpose": "user"}"#;
        client.json("POST", "/w/loaded/_mock/v1/tokens", token, 201);
        calls.fetch_add(POLLS_A_CHANGE + 1, Ordering::Relaxed);
    }
}

/// Ten computers with ten partitions each, and an instance on each computer.
fn fixture() -> String {
    let mut text = "computers:\n".to_owned();
    for number in 1..=10 {
        writeln!(text, "  - {{reference: COMP-{number}, partitions: 10}}").unwrap();
    }
    text.push_str("trees:\n");
    for number in 1..=10 {
        write!(
            text,
            "  - title: web-{number}\n    release: https://sr.example.org/software.cfg\n    \
             on: {{computer: COMP-{number}, partition: slappart0}}\n    \
             parameters: {{size: \"{number}\"}}\n"
        )
        .unwrap();
    }
    text
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n"))
}
