//! Access statuses ("news"): the last thing that was reported of a computer, an instance or a
//! software installation (`semantics.md` 7).

use super::{
    identifier::{ComputerReference, SoftwareReleaseUri},
    state::InstanceKind,
    text::{last_characters, without_illegal},
    time::Timestamp,
};

/// How many characters of an error log a status keeps.
const ERROR_LOG_CHARACTERS: usize = 80;
/// Age in microseconds from which `no_data_since_15_minutes` is 1: 0.005 day, despite the name.
const OLD_MICROS: i64 = 432_000_000;
/// Age in microseconds from which `no_data_since_5_minutes` is 1: 0.0025 day, despite the name.
const AGEING_MICROS: i64 = 216_000_000;

super::state::states! {
    /// The first word of a status, after the `#`.
    StatusKind {
        /// All is well.
        Access = "access",
        /// Something failed.
        Error = "error",
        /// Software is being built.
        Building = "building",
    }
}

super::state::states! {
    /// What a status is about.
    StatusSubject {
        /// A computer.
        Computer = "computer",
        /// An instance, software or shared.
        Instance = "instance",
        /// A software installation.
        Installation = "installation",
    }
}

/// A status to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    /// Its first word.
    pub kind: StatusKind,
    /// What follows it.
    pub message: String,
    /// The new state word; `None` keeps the old one.
    pub state: Option<&'static str>,
}

impl StatusReport {
    fn new(kind: StatusKind, message: impl AsRef<str>, state: Option<&'static str>) -> Self {
        Self {
            kind,
            message: without_illegal(message.as_ref()),
            state,
        }
    }

    /// A computer asked for its information.
    pub fn contact(computer: &ComputerReference) -> Self {
        Self::new(StatusKind::Access, computer.as_str(), None)
    }

    /// A computer was banged; an empty message leaves only the word.
    pub fn computer_bang(message: &str) -> Self {
        let text = if message.is_empty() {
            "bang".to_owned()
        } else {
            format!("bang: {message}")
        };
        Self::new(StatusKind::Error, text, None)
    }

    /// An instance was reported started.
    pub fn started() -> Self {
        Self::new(
            StatusKind::Access,
            "Instance correctly started",
            Some("started"),
        )
    }

    /// An instance was reported stopped.
    pub fn stopped() -> Self {
        Self::new(
            StatusKind::Access,
            "Instance correctly stopped",
            Some("stopped"),
        )
    }

    /// An instance failed; the status keeps the end of the log. The spelling is the protocol's.
    pub fn instance_error(log: &str) -> Self {
        let log = without_illegal(log);
        let end = last_characters(&log, ERROR_LOG_CHARACTERS);
        Self::new(
            StatusKind::Error,
            format!("while instanciating: {end}"),
            None,
        )
    }

    /// An instance was banged.
    pub fn instance_bang(message: &str) -> Self {
        Self::new(StatusKind::Error, format!("bang called: {message}"), None)
    }

    /// A software release is being built.
    pub fn building(release: &SoftwareReleaseUri) -> Self {
        Self::new(
            StatusKind::Building,
            format!("software release {release}"),
            Some("building"),
        )
    }

    /// A software release was built.
    pub fn available(release: &SoftwareReleaseUri) -> Self {
        let message = format!("software release {release} available");
        Self::new(StatusKind::Access, message, Some("available"))
    }

    /// A software release could not be built.
    pub fn software_error(release: &SoftwareReleaseUri) -> Self {
        Self::new(
            StatusKind::Error,
            format!("while installing {release}"),
            None,
        )
    }

    /// Software could not be built, in the words of a report that tells them.
    pub fn software_error_message(message: &str) -> Self {
        Self::new(
            StatusKind::Error,
            format!("while installing: {message}"),
            None,
        )
    }
}

/// The status of something, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessStatus {
    /// Reference of who reported it.
    pub user: String,
    /// First word.
    pub kind: StatusKind,
    /// What follows it.
    pub message: String,
    /// State word; empty until a report gives one.
    pub state: String,
    /// When it was last reported.
    pub created_at: Timestamp,
    /// Since when its kind is the same.
    pub since: Timestamp,
}

impl AccessStatus {
    /// The status after `report`, given the one before it (one that was not yet forgotten).
    pub fn after(
        previous: Option<&Self>,
        report: &StatusReport,
        user: &str,
        now: Timestamp,
    ) -> Self {
        let since = match previous {
            Some(previous) if previous.kind == report.kind => previous.since,
            Some(_) | None => now,
        };
        let state = match (report.state, previous) {
            (Some(state), _) => state.to_owned(),
            (None, Some(previous)) => previous.state.clone(),
            (None, None) => String::new(),
        };
        Self {
            user: user.to_owned(),
            kind: report.kind,
            message: report.message.clone(),
            state,
            created_at: now,
            // A clock that was moved back must not make a status begin after its last report.
            since: since.min(now),
        }
    }

    /// `#kind message`, as it is shown.
    pub fn text(&self) -> String {
        format!("#{} {}", self.kind, self.message)
    }

    /// Whether it has reached the age at which a status is forgotten.
    pub fn is_forgotten(&self, now: Timestamp, expiry_s: i64) -> bool {
        now.micros_since(self.created_at) >= expiry_s.saturating_mul(1_000_000)
    }
}

/// The text of a status that is not known.
pub fn no_data_text(reference: &str) -> String {
    format!("#error no data found for {reference}")
}

/// What kind of document something is, in the protocol's words. A tree has no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortalType {
    /// An instance tree.
    InstanceTree,
    /// A computer.
    ComputeNode,
    /// A software instance.
    SoftwareInstance,
    /// A shared instance.
    SlaveInstance,
    /// A software installation.
    SoftwareInstallation,
}

impl PortalType {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::InstanceTree,
        Self::SoftwareInstance,
        Self::SlaveInstance,
        Self::ComputeNode,
        Self::SoftwareInstallation,
    ];

    /// The words that clients see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InstanceTree => "Instance Tree",
            Self::ComputeNode => "Compute Node",
            Self::SoftwareInstance => "Software Instance",
            Self::SlaveInstance => "Slave Instance",
            Self::SoftwareInstallation => "Software Installation",
        }
    }
}

impl From<InstanceKind> for PortalType {
    fn from(kind: InstanceKind) -> Self {
        match kind {
            InstanceKind::Software => Self::SoftwareInstance,
            InstanceKind::Shared => Self::SlaveInstance,
        }
    }
}

/// A status as it is read: known or not, and how old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReading {
    /// Reference of the subject.
    pub reference: String,
    /// What the subject is.
    pub portal_type: PortalType,
    /// Whether there is a subject at all: a partition may have no instance, a release may not be
    /// supplied (C.72).
    pub subject_exists: bool,
    /// The status, unless there is none or it is forgotten.
    pub status: Option<AccessStatus>,
    /// When it was read.
    pub read_at: Timestamp,
}

impl StatusReading {
    /// Whether the status is old enough for `no_data_since_15_minutes`.
    pub fn is_old(&self) -> bool {
        self.older_than(OLD_MICROS)
    }

    /// Whether the status is old enough for `no_data_since_5_minutes`.
    pub fn is_ageing(&self) -> bool {
        self.older_than(AGEING_MICROS)
    }

    fn older_than(&self, micros: i64) -> bool {
        self.status
            .as_ref()
            .is_some_and(|status| self.read_at.micros_since(status.created_at) > micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    /// `semantics.md` B.94 and B.95.
    #[test]
    fn since_moves_with_the_kind_and_the_state_is_kept() {
        let first = AccessStatus::after(None, &StatusReport::started(), "COMP-1", at(0));
        let second = AccessStatus::after(Some(&first), &StatusReport::started(), "COMP-1", at(60));
        assert_eq!((second.since, second.created_at), (at(0), at(60)));
        let failed = AccessStatus::after(
            Some(&second),
            &StatusReport::instance_error("x"),
            "COMP-1",
            at(90),
        );
        assert_eq!((failed.since, failed.state.as_str()), (at(90), "started"));
        assert_eq!(failed.text(), "#error while instanciating: x");
    }

    /// `semantics.md` B.96.
    #[test]
    fn an_error_keeps_the_last_80_characters_of_its_log() {
        let log = format!("{}\u{1b}[31m{}", "a".repeat(420), "é".repeat(80));
        let report = StatusReport::instance_error(&log);
        assert_eq!(
            report.message,
            format!("while instanciating: {}", "é".repeat(80))
        );
    }

    /// `semantics.md` B.97 and B.98.
    #[test]
    fn a_status_ages() {
        let status = AccessStatus::after(None, &StatusReport::started(), "COMP-1", at(0));
        let flags = |seconds| {
            let reading = StatusReading {
                reference: "SOFTINST-1".to_owned(),
                portal_type: PortalType::SoftwareInstance,
                subject_exists: true,
                status: Some(status.clone()),
                read_at: at(seconds),
            };
            (reading.is_ageing(), reading.is_old())
        };
        assert_eq!(flags(216), (false, false));
        assert_eq!(flags(240), (true, false));
        assert_eq!(flags(480), (true, true));
        assert!(!status.is_forgotten(at(172_799), 172_800));
        assert!(status.is_forgotten(at(172_800), 172_800));
    }
}
