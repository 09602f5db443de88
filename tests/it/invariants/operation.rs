//! What a sequence is made of.

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use slapmaster::{
    domain::{
        caller::Caller, computer::ComputerFormat, identifier::PartitionAddress, request::Requester,
        software::SoftwareReport,
    },
    master::{ComputerReader, InstanceReport, MasterError, ReportOutcome, RequestOutcome, Result},
};

use crate::support::world::{
    RELEASE, Request, TestWorld, at, computer, computer_format, partition, route,
};

use super::snapshot::Snapshot;

/// The computers; the third is unknown until it is formatted.
const COMPUTERS: [&str; 3] = ["COMP-1", "COMP-2", "COMP-3"];
const RELEASES: [&str; 2] = [RELEASE, "other.cfg"];
const TYPES: [&str; 2] = ["default", "other"];
/// The last two are mostly those of shared instances.
const TITLES: [&str; 5] = ["a", "b", "c", "s", "t"];
const STATES: [&str; 3] = ["started", "stopped", "destroyed"];
const SLAS: [(&str, &str); 9] = [
    ("computer_guid", "COMP-1"),
    ("computer_guid", "COMP-2"),
    ("capability", "x"),
    ("foo", "1"),
    ("port", "1"),
    ("retention_delay", "7.0"),
    ("mode", "unique_by_network"),
    ("network_guid", "NET-1"),
    ("instance_guid", "SOFTINST-1"),
];

/// One operation. Places are chosen among the partitions that hold an instance when it is played.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Format(Format),
    Supply(&'static str, &'static str, &'static str),
    Software(&'static str, &'static str, SoftwareReport),
    Request(Wanted),
    /// To the instance on one of the partitions that hold one.
    On(Index, Deed),
    BangComputer(&'static str),
    /// Gives a computer a certificate.
    Generate(&'static str),
    /// Revokes a computer's.
    Revoke(&'static str),
    Poll(&'static str),
    Advance(i64),
    Round,
    Settle,
}

/// What is done to an instance, or to a shared one that it hosts.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    Report(Reported),
    Publish(Option<Index>, Option<&'static str>),
    Rename(Option<Index>, &'static str),
    Bang,
}

/// A format: for each of four partitions, whether it is sent and how.
#[derive(Debug, Clone)]
pub(super) struct Format {
    computer: &'static str,
    partitions: Vec<(usize, usize, bool, usize)>,
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    child_of: Option<Index>,
    title: &'static str,
    shared: bool,
    release: &'static str,
    software_type: &'static str,
    pub(super) state: &'static str,
    parameter: Option<&'static str>,
    sla: Option<(&'static str, &'static str)>,
}

/// A report on an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reported {
    Started,
    Stopped,
    Destroyed,
    Error,
    SharedError,
    Preparing,
}

/// What became of an operation.
#[derive(Debug)]
pub(super) enum Outcome {
    Done,
    Refused(MasterError),
    /// There was nothing to do it to.
    Skipped,
    Requested(RequestOutcome, PlayedRequest),
    Formatted(ComputerFormat),
    /// It was done to the instance on this partition.
    To(PartitionAddress),
}

/// A request as it was made, to be made again.
#[derive(Debug, Clone)]
pub(super) struct PlayedRequest {
    requester: Option<PartitionAddress>,
    wanted: Wanted,
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let child_of = prop_oneof![1 => Just(None), 1 => any::<Index>().prop_map(Some)];
    let weighted = (
        prop::bool::weighted(0.1),
        prop_oneof![9 => Just(RELEASES[0]), 1 => Just(RELEASES[1])],
        prop_oneof![9 => Just(TYPES[0]), 1 => Just(TYPES[1])],
        prop_oneof![5 => Just(STATES[0]), 2 => Just(STATES[1]), 2 => Just(STATES[2])],
    );
    let sla = prop_oneof![3 => Just(None), 2 => select(&SLAS[..]).prop_map(Some)];
    let parameter = prop::option::of(select(&["1", "2"][..]));
    (child_of, select(&TITLES[..]), weighted, parameter, sla).prop_map(
        |(child_of, title, (other_kind, release, software_type, state), parameter, sla)| Wanted {
            child_of,
            title,
            shared: matches!(title, "s" | "t") != other_kind,
            release,
            software_type,
            state,
            parameter,
            sla,
        },
    )
}

fn format() -> impl Strategy<Value = Format> {
    let partition = (0..4_usize, 0..3_usize, any::<bool>(), 0..4_usize);
    (select(&COMPUTERS[..]), vec(partition, 0..5)).prop_map(|(computer, mut partitions)| {
        let mut seen = std::collections::BTreeSet::new();
        partitions.retain(|partition| seen.insert(partition.0));
        Format {
            computer,
            partitions,
        }
    })
}

fn software_report() -> impl Strategy<Value = SoftwareReport> {
    prop_oneof![
        Just(SoftwareReport::Building),
        Just(SoftwareReport::Available),
        Just(SoftwareReport::Destroyed),
        Just(SoftwareReport::Error {
            log: "broken".to_owned()
        }),
    ]
}

/// Any operation; requests and reports are the most frequent.
pub(super) fn operation() -> impl Strategy<Value = Operation> {
    let reported = select(
        &[
            Reported::Started,
            Reported::Stopped,
            Reported::Destroyed,
            Reported::Destroyed,
            Reported::Error,
            Reported::SharedError,
            Reported::Preparing,
        ][..],
    );
    let shared = || prop_oneof![2 => Just(None), 1 => any::<Index>().prop_map(Some)];
    let deed = prop_oneof![
        5 => reported.prop_map(Deed::Report),
        3 => (shared(), prop::option::of(select(&["1", "2"][..])))
            .prop_map(|(shared, url)| Deed::Publish(shared, url)),
        2 => (shared(), select(&TITLES[..])).prop_map(|(shared, title)| Deed::Rename(shared, title)),
        1 => Just(Deed::Bang),
    ];
    prop_oneof![
        12 => wanted().prop_map(Operation::Request),
        11 => (any::<Index>(), deed).prop_map(|(place, deed)| Operation::On(place, deed)),
        3 => format().prop_map(Operation::Format),
        1 => (select(&COMPUTERS[..]), select(&RELEASES[..]), select(&["available", "destroyed"][..]))
            .prop_map(|(computer, release, state)| Operation::Supply(computer, release, state)),
        1 => (select(&COMPUTERS[..]), select(&RELEASES[..]), software_report())
            .prop_map(|(computer, release, report)| Operation::Software(computer, release, report)),
        1 => select(&COMPUTERS[..]).prop_map(Operation::BangComputer),
        2 => select(&COMPUTERS[..]).prop_map(Operation::Generate),
        2 => select(&COMPUTERS[..]).prop_map(Operation::Revoke),
        2 => select(&COMPUTERS[..]).prop_map(Operation::Poll),
        1 => select(&[1_i64, 300, 700, 90_000][..]).prop_map(Operation::Advance),
        1 => Just(Operation::Round),
        2 => Just(Operation::Settle),
    ]
}

impl Format {
    fn made(&self) -> ComputerFormat {
        let partitions = self
            .partitions
            .iter()
            .map(|(number, addresses, routed, capabilities)| {
                let mut made = partition(&format!("slappart{number}"), *number);
                made.addresses = (0..*addresses)
                    .map(|n| (format!("10.0.{number}.{n}"), "255.0.0.0".to_owned()))
                    .collect();
                made.route = routed.then(|| route(&format!("10.0.{number}.1")));
                // Rarely, or most instances would find no room.
                made.capabilities = match capabilities {
                    0 => vec!["x".to_owned(), "y".to_owned()],
                    _ => Vec::new(),
                };
                made
            })
            .collect();
        computer_format(self.computer, partitions)
    }
}

impl PlayedRequest {
    fn made<'w>(&self, world: &'w TestWorld) -> Request<'w> {
        let wanted = &self.wanted;
        let mut request = world
            .request(wanted.title)
            .release(wanted.release)
            .software_type(wanted.software_type)
            .state(wanted.state);
        if wanted.shared {
            request = request.shared();
        }
        if let Some(parameter) = wanted.parameter {
            request = request.param("size", parameter);
        }
        if let Some((key, value)) = wanted.sla {
            request = request.sla(key, value);
        }
        match &self.requester {
            Some(at) => request.requester(Requester::Form(at.clone())),
            None => request,
        }
    }

    /// Makes the request again.
    pub(super) async fn again(&self, world: &TestWorld) -> Result<RequestOutcome> {
        self.made(world).answer().await
    }

    /// What it asks for.
    pub(super) fn state(&self) -> &'static str {
        self.wanted.state
    }
}

fn done<T>(result: Result<T>, outcome: Outcome) -> Outcome {
    match result {
        Ok(_) => outcome,
        Err(error) => Outcome::Refused(error),
    }
}

impl Operation {
    /// Does it.
    pub(super) async fn run(&self, world: &TestWorld, before: &Snapshot) -> Outcome {
        match self {
            Self::Format(format) => {
                let format = format.made();
                let result = world.try_format(format.clone()).await;
                done(result, Outcome::Formatted(format))
            }
            Self::Supply(computer, release, state) => {
                done(world.supply(computer, release, state).await, Outcome::Done)
            }
            Self::Software(computer, release, report) => {
                let report = report.clone();
                let result = world.report_software(computer, release, report).await;
                done(result, Outcome::Done)
            }
            Self::Request(wanted) => request(world, before, wanted).await,
            Self::BangComputer(reference) => {
                let caller = Caller::Computer(computer(reference));
                let message = "kernel".to_owned();
                let banged = world
                    .master
                    .bang_computer(caller, computer(reference), message);
                done(banged.await, Outcome::Done)
            }
            Self::Generate(reference) => done(world.generate(reference).await, Outcome::Done),
            Self::Revoke(reference) => done(world.revoke(reference).await, Outcome::Done),
            Self::Poll(reference) => {
                let told = world
                    .master
                    .computer_information(ComputerReader::Itself, &computer(reference))
                    .await;
                if told.is_ok() {
                    world.master.note_contact(&computer(reference));
                }
                done(told, Outcome::Done)
            }
            Self::Advance(seconds) => {
                world.advance(*seconds);
                Outcome::Done
            }
            Self::Round => {
                world.round().await;
                Outcome::Done
            }
            Self::Settle => {
                world.settle().await;
                Outcome::Done
            }
            Self::On(place, deed) => match before.place(*place) {
                Some(at) => deed.run(world, before, &at).await,
                None => Outcome::Skipped,
            },
        }
    }
}

impl Deed {
    /// Does it to the instance on a partition.
    async fn run(&self, world: &TestWorld, before: &Snapshot, at: &PartitionAddress) -> Outcome {
        let shared = |index: &Option<Index>| index.and_then(|index| before.shared_on(at, index));
        let result = match self {
            Self::Report(reported) => report(world, before, at, *reported).await,
            Self::Publish(index, url) => {
                let shared = shared(index);
                let pairs: Vec<_> = url.iter().map(|url| ("url", *url)).collect();
                world.try_publish(at, shared.as_deref(), &pairs).await
            }
            Self::Rename(index, title) => {
                let shared = shared(index);
                world.rename_shared(at, shared.as_deref(), title).await
            }
            Self::Bang => world.bang(at, "again").await,
        };
        done(result, Outcome::To(at.clone()))
    }
}

async fn report(
    world: &TestWorld,
    before: &Snapshot,
    at: &PartitionAddress,
    reported: Reported,
) -> Result<()> {
    let report = match reported {
        Reported::Started => InstanceReport::Started,
        Reported::Stopped => InstanceReport::Stopped,
        Reported::Destroyed => InstanceReport::Destroyed,
        Reported::Preparing => InstanceReport::Preparing,
        Reported::Error | Reported::SharedError => InstanceReport::Error {
            log: "broken".to_owned(),
        },
    };
    let outcome = match reported {
        Reported::SharedError => {
            let shared = before.first_shared_on(at);
            let shared = shared.as_deref().unwrap_or("SOFTINST-0");
            world.report_shared(at, shared, report).await?
        }
        Reported::Started
        | Reported::Stopped
        | Reported::Destroyed
        | Reported::Error
        | Reported::Preparing => world.report(at, report).await?,
    };
    assert_eq!(outcome, ReportOutcome::Taken);
    Ok(())
}

async fn request(world: &TestWorld, before: &Snapshot, wanted: &Wanted) -> Outcome {
    let requester = wanted.child_of.map(|index| {
        before
            .place(index)
            .unwrap_or_else(|| at("COMP-1", "slappart0"))
    });
    let played = PlayedRequest {
        requester,
        wanted: wanted.clone(),
    };
    match played.made(world).answer().await {
        Ok(outcome) => Outcome::Requested(outcome, played),
        Err(error) => Outcome::Refused(error),
    }
}
