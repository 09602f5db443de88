//! A world to test the model with: operations called directly, no dialect in between.
//!
//! ```ignore
//! let world = TestWorld::start().await;
//! world.format("COMP-1", 3).await;
//! let web = world.request("web").on().await;
//! let db = world.request("db").child_of(&web.at).param("size", "3").on().await;
//! assert_ne!(web.reference, db.reference);
//! ```
//!
//! The clock is manual. What no operation tells is read, and what no operation sets is set, by a
//! connection of the test's own ([`TestWorld::texts`], [`TestWorld::sql`]).

mod certificate;
mod read;
mod request;

use std::path::Path;

use slapmaster::{
    domain::{
        behaviour::{Behaviour, Preset},
        caller::Caller,
        computer::{ComputerDetails, ComputerFormat, PartitionFormat, Route},
        identifier::{
            ComputerReference, PartitionAddress, PartitionReference, SoftwareReleaseUri, Title,
        },
        instance::InstanceName,
        parameters::Parameters,
        software::{SoftwareReport, Supply},
        time::Timestamp,
    },
    fixture::Fixture,
    master::{
        AuthoritySource, ComputerView, InstanceReport, Master, ReportOutcome, Result, WorldSettings,
    },
    mock::clock::Clock,
};

use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::Mutex;

pub(crate) use certificate::token;
pub(crate) use read::dump_of;
pub(crate) use request::Request;

/// The release that tests ask for unless they say otherwise.
pub(crate) const RELEASE: &str = "https://sr.example.org/demo/software.cfg";
/// When every test begins: 2026-11-23 08:30:00.
const START: Timestamp = Timestamp::from_seconds(1_795_422_600);

/// A world and its clock.
#[derive(Debug)]
pub(crate) struct TestWorld {
    /// The world, for operations that have no helper.
    pub(crate) master: Master,
    clock: Clock,
    dump_query: String,
    reader: Mutex<Option<SqliteConnection>>,
}

/// How a world shall be.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    settings: WorldSettings,
}

impl Setup {
    /// Sets one switch by its name in fixtures.
    pub(crate) fn switch(mut self, name: &str, value: &str) -> Self {
        self.settings.behaviour.set(name, value).unwrap();
        self
    }

    /// A computer that exists without being formatted.
    pub(crate) fn default_computer(mut self, reference: &str) -> Self {
        self.settings.default_computer = Some(computer(reference));
        self
    }

    /// Where randomness begins.
    pub(crate) fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// A database that outlives the world.
    pub(crate) fn database(mut self, path: &Path) -> Self {
        self.settings.database = Some(path.to_owned());
        self
    }

    /// The preset and the switches of a fixture, and its certificate authority.
    pub(crate) fn fixture(mut self, fixture: &Fixture) -> Self {
        self.settings.behaviour = fixture.behaviour(self.settings.behaviour);
        if let Some(authority) = fixture.authority() {
            self.settings.authority = AuthoritySource::Given(authority.clone());
        }
        self
    }

    /// A clock to share with another world.
    pub(crate) fn clock(mut self, clock: &Clock) -> Self {
        self.settings.clock = clock.clone();
        self
    }

    /// Opens the world.
    pub(crate) async fn start(self) -> TestWorld {
        TestWorld::of(Master::open(self.settings).await.unwrap()).await
    }
}

/// A clock that stands at the time when tests begin.
pub(crate) fn standing_clock() -> Clock {
    Clock::frozen(START)
}

/// A computer's reference.
pub(crate) fn computer(reference: &str) -> ComputerReference {
    ComputerReference::parse("computer", reference).unwrap()
}

/// A release.
pub(crate) fn release(uri: &str) -> SoftwareReleaseUri {
    SoftwareReleaseUri::parse("release", uri).unwrap()
}

/// A title.
pub(crate) fn title(text: &str) -> Title {
    Title::parse("title", text).unwrap()
}

/// A partition of a computer.
pub(crate) fn at(computer_reference: &str, partition: &str) -> PartitionAddress {
    PartitionAddress {
        computer: computer(computer_reference),
        partition: PartitionReference::parse("partition", partition).unwrap(),
    }
}

/// A dictionary.
pub(crate) fn parameters(pairs: &[(&str, &str)]) -> Parameters {
    pairs.iter().map(|(k, v)| (*k, Some(*v))).collect()
}

/// What a computer says of one partition: a tap `tap-<reference>` and one address made from
/// `number`, to be changed where a test is about that.
pub(crate) fn partition(reference: &str, number: usize) -> PartitionFormat {
    PartitionFormat {
        reference: PartitionReference::parse("partition", reference).unwrap(),
        tap_name: format!("tap-{reference}"),
        addresses: vec![(format!("2001:db8::{number:x}"), "ffff::".to_owned())],
        route: None,
        described: None,
        capabilities: Vec::new(),
    }
}

/// The route of a tap.
pub(crate) fn route(address: &str) -> Route {
    Route {
        address: address.to_owned(),
        netmask: "255.255.0.0".to_owned(),
        gateway: "10.8.0.1".to_owned(),
        network: "10.8.0.0".to_owned(),
    }
}

/// What a computer says of itself.
pub(crate) fn computer_format(reference: &str, partitions: Vec<PartitionFormat>) -> ComputerFormat {
    ComputerFormat {
        reference: computer(reference),
        details: Some(ComputerDetails {
            address: Some("2001:db8::1".to_owned()),
            netmask: Some("ffff::".to_owned()),
            ..ComputerDetails::default()
        }),
        partitions,
        document: "{}".to_owned(),
    }
}

impl TestWorld {
    /// A world that is open.
    pub(crate) async fn of(master: Master) -> Self {
        let mut world = Self {
            clock: master.clock().clone(),
            master,
            dump_query: String::new(),
            reader: Mutex::new(None),
        };
        world.dump_query = world.text(read::DUMP).await;
        world
    }

    /// A world with the default preset.
    pub(crate) async fn start() -> Self {
        Self::preset(Preset::Default).start().await
    }

    /// A world with another preset, to be started.
    pub(crate) fn preset(preset: Preset) -> Setup {
        Setup {
            settings: WorldSettings {
                database: None,
                behaviour: Behaviour::preset(preset),
                default_computer: None,
                seed: 1,
                clock: standing_clock(),
                ..WorldSettings::default()
            },
        }
    }

    /// A world of the default preset with one switch set otherwise.
    pub(crate) async fn with(switch: &str, value: &str) -> Self {
        Self::preset(Preset::Default)
            .switch(switch, value)
            .start()
            .await
    }

    /// Ends the world in good order.
    pub(crate) async fn close(self) {
        let reader = self.reader.lock().await.take();
        if let Some(reader) = reader {
            reader.close().await.unwrap();
        }
        self.master.close().await;
    }

    /// Moves the clock on.
    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance_micros(seconds * 1_000_000);
    }

    /// Runs one background round.
    pub(crate) async fn round(&self) {
        self.master.run_round().await.unwrap();
    }

    /// Runs rounds until one changes nothing.
    pub(crate) async fn settle(&self) {
        for _ in 0..200 {
            let before = self.dump().await;
            self.round().await;
            if self.dump().await == before {
                return;
            }
        }
        panic!("two hundred rounds did not settle the world");
    }

    /// Formats a computer with the partitions `slappart0`, `slappart1` and so on.
    pub(crate) async fn format(&self, reference: &str, partitions: usize) {
        let names: Vec<String> = (0..partitions).map(|n| format!("slappart{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.format_named(reference, &names).await;
    }

    /// Formats a computer with partitions of these names.
    pub(crate) async fn format_named(&self, reference: &str, partitions: &[&str]) {
        let partitions = (1..)
            .zip(partitions)
            .map(|(number, name)| partition(name, number))
            .collect();
        self.try_format(computer_format(reference, partitions))
            .await
            .unwrap();
    }

    /// Formats a computer.
    pub(crate) async fn try_format(&self, format: ComputerFormat) -> Result<()> {
        let caller = Caller::Computer(format.reference.clone());
        self.master.format_computer(caller, format).await
    }

    /// Asks for a release on a computer, or for its removal.
    pub(crate) async fn supply(&self, reference: &str, uri: &str, state: &str) -> Result<()> {
        let supply = Supply {
            computer: computer(reference),
            release: release(uri),
            state: state.to_owned(),
        };
        self.master
            .supply(Caller::DefaultUser, supply)
            .await
            .map(drop)
    }

    /// Reports on software in the name of its computer.
    pub(crate) async fn report_software(
        &self,
        reference: &str,
        uri: &str,
        report: SoftwareReport,
    ) -> Result<()> {
        let caller = Caller::Computer(computer(reference));
        self.master
            .report_software(caller, computer(reference), release(uri), report)
            .await
    }

    /// Reports on the instance on a partition.
    pub(crate) async fn report(
        &self,
        at: &PartitionAddress,
        report: InstanceReport,
    ) -> Result<ReportOutcome> {
        self.master
            .report_instance(Caller::Instance(None), at.clone(), report)
            .await
    }

    /// Reports on a shared instance, by the reference that the instance on a partition is told.
    pub(crate) async fn report_shared(
        &self,
        at: &PartitionAddress,
        shared: &str,
        report: InstanceReport,
    ) -> Result<ReportOutcome> {
        let name = InstanceName::HostedOn(at.clone(), shared.to_owned());
        self.master
            .report_instance(Caller::Instance(None), name, report)
            .await
    }

    /// Reports that the instance on a partition is gone.
    pub(crate) async fn report_destroyed(&self, at: &PartitionAddress) {
        let outcome = self.report(at, InstanceReport::Destroyed).await.unwrap();
        assert_eq!(outcome, ReportOutcome::Taken);
    }

    /// Reports an error of the instance on a partition.
    pub(crate) async fn report_error(&self, at: &PartitionAddress, log: &str) {
        let report = InstanceReport::Error {
            log: log.to_owned(),
        };
        self.report(at, report).await.unwrap();
    }

    /// Publishes connection parameters of the instance on a partition.
    pub(crate) async fn publish(&self, at: &PartitionAddress, pairs: &[(&str, &str)]) {
        self.try_publish(at, None, pairs).await.unwrap();
    }

    /// Publishes connection parameters, of a shared instance where one is named.
    pub(crate) async fn try_publish(
        &self,
        at: &PartitionAddress,
        shared: Option<&str>,
        pairs: &[(&str, &str)],
    ) -> Result<()> {
        let caller = Caller::Instance(None);
        let name = InstanceName::on(at.clone(), shared.map(str::to_owned));
        self.master
            .publish_connection(caller, name, parameters(pairs))
            .await
            .map(drop)
    }

    /// Renames the instance on a partition.
    pub(crate) async fn rename(&self, at: &PartitionAddress, name: &str) -> Result<()> {
        self.rename_shared(at, None, name).await
    }

    /// Renames the instance on a partition, or a shared one that it hosts.
    pub(crate) async fn rename_shared(
        &self,
        at: &PartitionAddress,
        shared: Option<&str>,
        name: &str,
    ) -> Result<()> {
        let instance = InstanceName::on(at.clone(), shared.map(str::to_owned));
        self.master
            .rename_instance(Caller::Instance(None), instance, title(name))
            .await
    }

    /// Bangs the instance on a partition.
    pub(crate) async fn bang(&self, at: &PartitionAddress, message: &str) -> Result<()> {
        self.master
            .bang_instance(Caller::Instance(None), at.clone(), message.to_owned())
            .await
    }

    /// Bangs a computer.
    pub(crate) async fn bang_computer(&self, reference: &str, message: &str) {
        let computer = computer(reference);
        self.master
            .bang_computer(
                Caller::Computer(computer.clone()),
                computer,
                message.to_owned(),
            )
            .await
            .unwrap();
    }

    /// The computer asks for its information, as a node does.
    pub(crate) async fn poll(&self, reference: &str) -> ComputerView {
        let view = self.computer(reference).await;
        assert!(self.master.note_contact(&computer(reference)));
        view
    }
}
