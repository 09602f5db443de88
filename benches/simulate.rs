//! What a fleet of simulated computers costs: `cargo bench --bench simulate [COMPUTERS]`.
//!
//! 10,000 computers with ten instances each. How long the fixture takes to load; how long, with all
//! work done as it becomes due, until every instance is started; and at rest, with the background
//! running as in a server, how much of a core it takes and how much memory the process has. The
//! clock is the machine's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement that cannot go on fails, and says what it measured"
)]

use std::{
    fmt::Write as _,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use slapmaster::{
    domain::identifier::ComputerReference,
    fixture::Fixture,
    master::{InstanceWork, Master, WorldSettings},
    mock::simulate::Phase,
};

const COMPUTERS: usize = 10_000;
const PARTITIONS: usize = 10;
/// How many computers are in one file.
const PER_FILE: usize = 500;
/// How long the fleet is looked at while it is at rest.
const REST: Duration = Duration::from_secs(20);
/// Nothing is due for so long while it is at rest: instances are looked at once a day.
const REST_US: i64 = 3_600_000_000;
/// How long the background gathers what is due, as a server's does.
const GATHER: Duration = Duration::from_millis(10);
/// How long it sleeps where it has nothing to do; a server's then sleeps until it is woken.
const IDLE: Duration = Duration::from_millis(100);
/// Ticks of the kernel in a second, in which processes count their time.
const TICKS: f64 = 100.0;

#[tokio::main]
async fn main() {
    let asked = std::env::args().skip(1).find_map(|text| text.parse().ok());
    let computers = asked.unwrap_or(COMPUTERS);
    let began = Instant::now();
    let numbers: Vec<usize> = (1..=computers).collect();
    // In parts, so that no file is in memory whole while it is read.
    let files: Vec<(PathBuf, String)> = numbers
        .chunks(PER_FILE)
        .map(|numbers| (PathBuf::from("fleet.yaml"), fleet(numbers)))
        .collect();
    let fixture = Fixture::parse(&files).unwrap();
    let master = Master::open(WorldSettings::default()).await.unwrap();
    fixture.apply(&master).await.unwrap();
    drop((files, fixture));
    println!("{computers} computers with {PARTITIONS} instances each");
    println!("loaded after {:.1?}, {} MB", began.elapsed(), resident_mb());

    let background = master.clone();
    let background = tokio::spawn(async move {
        loop {
            let rest = background.background_rest().unwrap_or(IDLE);
            tokio::time::sleep(rest.clamp(GATHER, IDLE)).await;
            background.background_tick().await.unwrap();
        }
    });
    let (began, used) = (Instant::now(), cpu_seconds());
    // While some are looked at none may be due: they are at rest once that stays so.
    let mut quiet = 0;
    while quiet < 10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = master.clock().now();
        let due = master.simulated_due();
        let at_rest = due.is_none_or(|due| due.micros_since(now) > REST_US);
        quiet = if at_rest { quiet + 1 } else { 0 };
    }
    println!(
        "all started after {:.1?} ({:.1} s of processor time), {} MB",
        began.elapsed(),
        cpu_seconds() - used,
        resident_mb()
    );

    let (began, used) = (Instant::now(), cpu_seconds());
    tokio::time::sleep(REST).await;
    let share = (cpu_seconds() - used) / began.elapsed().as_secs_f64();
    let memory = resident_mb();
    println!("at rest: {:.2} % of a core, {memory} MB", share * 100.0);
    background.abort();
    assert!(share < 0.5, "at rest it takes {share} of a core");
    assert!(memory < 500, "it takes {memory} MB");
    for number in 1..=computers {
        let reference = ComputerReference::trusted(format!("SIM-{number}"));
        let (_, work) = master.listed_computer(&reference).await.unwrap();
        let instances = work.unwrap().instances;
        let started = |one: &InstanceWork| matches!(one.work, Some((_, Phase::Done, _)));
        assert_eq!(
            instances.iter().filter(|one| started(one)).count(),
            PARTITIONS
        );
    }
    master.close().await;
}

/// A fixture of the computers of these numbers, each full.
fn fleet(numbers: &[usize]) -> String {
    let mut text = String::from("computers:\n");
    for number in numbers {
        writeln!(
            text,
            "- {{reference: SIM-{number}, partitions: {PARTITIONS}, software: [sr], simulate: \
             {{build_s: 2, start_s: [1, 5], publish: {{url: 'http://[{{ipv6}}]/'}}}}}}"
        )
        .unwrap();
    }
    text.push_str("trees:\n");
    for number in numbers {
        for partition in 0..PARTITIONS {
            writeln!(
                text,
                "- {{title: t{number}-{partition}, release: sr, on: {{computer: SIM-{number}, \
                 partition: slappart{partition}}}}}"
            )
            .unwrap();
        }
    }
    text
}

fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().to_owned()
}

/// The memory of this process that is in use, in megabytes.
fn resident_mb() -> u64 {
    field("/proc/self/status", "VmRSS:").parse::<u64>().unwrap() / 1024
}

/// How long this process had a processor, in its own name and in the system's.
fn cpu_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    let behind = text.rsplit(')').next().unwrap();
    let fields: Vec<&str> = behind.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).unwrap().parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / TICKS
}
