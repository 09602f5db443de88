//! The rules of `request()`: what a request asks for and what it does to what is there
//! (`semantics.md` 3).

use super::{
    behaviour::{AfterDestroy, Behaviour, CascadeDestroy, CascadeStop, LockRelease, StateNone},
    identifier::{PartitionAddress, ProjectReference, SoftwareReleaseUri, SoftwareType, Title},
    instance::{Instance, InstanceTree, MOST_CHILDREN, Wanted},
    parameters::Parameters,
    state::{InstanceKind, RequestedState, UnknownWord},
};

/// The software type for which a filter gets a retention delay.
const PULL_BACKUP: &str = "pull-backup";

/// In whose name a request is made, as far as the wire says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Requester {
    /// Whoever calls: a person's request is for a tree and its root, an instance's for a child.
    Caller,
    /// The instance on the partition that the `X-SlapPartition` header names.
    Header(PartitionAddress),
    /// The instance on the partition that the form names.
    Form(PartitionAddress),
}

/// `request`: there shall be an instance of this title that looks like this.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestInstance {
    /// In whose name.
    pub requester: Requester,
    /// Title of the instance; of a root, also of its tree.
    pub title: Title,
    /// Software or shared.
    pub kind: InstanceKind,
    /// The software release.
    pub release: SoftwareReleaseUri,
    /// The software type.
    pub software_type: SoftwareType,
    /// Instance parameters; they replace those that are there.
    pub parameters: Parameters,
    /// SLA filter; replaces the one that is there.
    pub sla: Parameters,
    /// The state's word as the caller sent it, or none.
    pub state: Option<String>,
    /// The project, where the caller names one.
    pub project: Option<ProjectReference>,
}

/// Adds the default retention delay of a `pull-backup` request that has none.
///
/// The classic dialect does so where a filter was sent, JSON-RPC always (`semantics.md` 3.1).
pub fn add_retention_delay(software_type: &SoftwareType, sla: &mut Parameters) {
    if software_type.as_str() == PULL_BACKUP && !sla.contains("retention_delay") {
        sla.insert("retention_delay", "7.0");
    }
}

/// A value that the model refuses; the caller can mend it (C.54: classic 404, with the reason).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedValue {
    /// The state's word is not known.
    #[error("unknown state: {0}")]
    UnknownState(#[from] UnknownWord),
    /// A child asked for the root of its tree.
    #[error("`{0}` is the root instance of the tree: only the tree's owner may request it")]
    RootOfTree(Title),
    /// The title is taken in the tree.
    #[error("the title `{0}` is used by another live instance of the tree")]
    TitleInTree(Title),
    /// The title is taken among the owner's trees.
    #[error("the title `{0}` is used by another live instance tree of the owner")]
    TitleOfTree(Title),
    /// Software is reported gone that nobody asked to remove.
    #[error("software release `{0}` is not asked to be destroyed")]
    NotAskedToBeDestroyed(SoftwareReleaseUri),
}

/// A rule that the request breaks (C.53: classic 500, with the reason).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenRule {
    /// An instance never changes between software and shared.
    #[error("`{title}` is a {} instance and cannot become a {} one", found.as_str(), wanted.as_str())]
    KindChange {
        /// The instance.
        title: Title,
        /// What it is.
        found: InstanceKind,
        /// What was asked for.
        wanted: InstanceKind,
    },
    /// The release or type of a root is locked (`request.lock_release`).
    #[error("the software release and type of the instance tree `{0}` are not allowed to change")]
    LockedRelease(Title),
    /// The tree would have a cycle.
    #[error("`{0}` cannot be requested by one of its own descendants")]
    Cycle(Title),
    /// The requester has as many children as it may have.
    #[error("the requester has {MOST_CHILDREN} children, which is the most it may have")]
    TooManyChildren,
    /// It is to be destroyed and was not yet reported so.
    #[error("`{0}` is being destroyed: it cannot be {1} until its destruction is reported")]
    BeingDestroyed(Title, &'static str),
    /// Several computers have the title by which one is meant.
    #[error("several computers of project `{project}` are titled `{title}`")]
    AmbiguousComputer {
        /// The title.
        title: Title,
        /// The project.
        project: ProjectReference,
    },
    /// The tree belongs to another project.
    #[error("the instance tree `{title}` belongs to project `{found}`")]
    OtherProject {
        /// The tree.
        title: Title,
        /// Its project.
        found: ProjectReference,
    },
}

/// The state that the caller's word asks for, given the present one.
pub fn wanted_state(
    word: Option<&str>,
    present: Option<RequestedState>,
    none: StateNone,
) -> Result<RequestedState, RefusedValue> {
    match (word, none, present) {
        (Some(word), _, _) => Ok(word.parse()?),
        (None, StateNone::Keep, Some(present)) => Ok(present),
        (None, StateNone::Started | StateNone::Keep, _) => Ok(RequestedState::Started),
    }
}

/// The state that a child really gets, given its tree's (C.45).
///
/// A stopped tree forces its children to be stopped, whatever was asked, destroyed included;
/// with `cascade.stop` at `request` a child that exists takes its root's state instead. Where the
/// destruction of a tree reaches its instances at once, it reaches new ones too.
pub fn child_state(
    wanted: RequestedState,
    tree: RequestedState,
    exists: bool,
    behaviour: &Behaviour,
) -> RequestedState {
    match (tree, behaviour.cascade_stop) {
        (RequestedState::Destroyed, _) if behaviour.cascade_destroy == CascadeDestroy::AtOnce => {
            RequestedState::Destroyed
        }
        (RequestedState::Stopped, CascadeStop::AtOnce | CascadeStop::Round) => {
            RequestedState::Stopped
        }
        (RequestedState::Stopped | RequestedState::Destroyed, CascadeStop::Request) if exists => {
            tree
        }
        _ => wanted,
    }
}

/// Whether an owner may ask `tree` for this kind, release and type (`semantics.md` 3.3, C.36, C.37).
pub fn check_tree(
    tree: &InstanceTree,
    kind: InstanceKind,
    release: &SoftwareReleaseUri,
    software_type: &SoftwareType,
    lock: LockRelease,
) -> Result<(), BrokenRule> {
    check_kind(&tree.title, tree.kind, kind)?;
    let changed = tree.wanted.release != *release || tree.wanted.software_type != *software_type;
    match (lock, changed) {
        (LockRelease::On, true) => Err(BrokenRule::LockedRelease(tree.title.clone())),
        (LockRelease::On | LockRelease::Off, _) => Ok(()),
    }
}

/// The kind of an instance never changes.
pub fn check_kind(
    title: &Title,
    found: InstanceKind,
    wanted: InstanceKind,
) -> Result<(), BrokenRule> {
    if found == wanted {
        Ok(())
    } else {
        Err(BrokenRule::KindChange {
            title: title.clone(),
            found,
            wanted,
        })
    }
}

/// What a request changes on an instance that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says of one thing whether it differs, and any may"
)]
pub struct Change {
    /// The requested state differs.
    pub state: bool,
    /// Release, type, parameters or SLA differ.
    pub values: bool,
    /// Release or type differ: another kind of shared instance may find its host in it.
    pub software: bool,
    /// The requester is another than before.
    pub parent: bool,
}

impl Change {
    /// Whether nothing differs.
    pub const fn is_none(self) -> bool {
        !self.state && !self.values && !self.parent
    }

    /// Whether only parameters or SLA differ.
    pub const fn is_values_only(self) -> bool {
        self.values && !self.software && !self.state && !self.parent
    }

    /// Whether the instance's timestamp moves: not for another requester only
    /// (`semantics.md` 3.5).
    pub const fn bumps(self) -> bool {
        self.state || self.values
    }
}

/// Decides what a request changes, or that a destroyed instance refuses it (`semantics.md` 2.1, C.44).
pub fn change(
    instance: &Instance,
    wanted: &Wanted,
    parent: Option<i64>,
    after_destroy: AfterDestroy,
) -> Result<Change, BrokenRule> {
    let present = &instance.wanted;
    if present.state == RequestedState::Destroyed && after_destroy == AfterDestroy::New {
        let title = instance.title.clone();
        return Err(BrokenRule::BeingDestroyed(title, "requested again"));
    }
    let software =
        present.release != wanted.release || present.software_type != wanted.software_type;
    Ok(Change {
        state: present.state != wanted.state,
        software,
        values: software || present.parameters != wanted.parameters || present.sla != wanted.sla,
        parent: instance.parent_id != parent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::behaviour::Preset;
    use RequestedState::{Destroyed, Started, Stopped};

    #[test]
    fn no_state_asks_for_started_or_keeps_the_present_one() {
        let check = |word, present, none, expected| {
            assert_eq!(wanted_state(word, present, none).ok(), expected);
        };
        check(None, Some(Stopped), StateNone::Started, Some(Started));
        check(None, Some(Stopped), StateNone::Keep, Some(Stopped));
        check(None, None, StateNone::Keep, Some(Started));
        check(Some("stopped"), None, StateNone::Keep, Some(Stopped));
        check(Some("foo"), None, StateNone::Started, None);
    }

    #[test]
    fn a_stopped_tree_forces_its_children() {
        for preset in [Preset::Default, Preset::Real] {
            let behaviour = Behaviour::preset(preset);
            let state = |wanted, tree, exists| child_state(wanted, tree, exists, &behaviour);
            assert_eq!(state(Started, Stopped, false), Stopped);
            assert_eq!(state(Destroyed, Stopped, true), Stopped);
            assert_eq!(state(Started, Started, true), Started);
            let at_once = preset == Preset::Default;
            let expected = if at_once { Destroyed } else { Started };
            assert_eq!(state(Started, Destroyed, false), expected);
        }
        let proxy = Behaviour::preset(Preset::Slapproxy);
        let state = |tree, exists| child_state(Started, tree, exists, &proxy);
        assert_eq!(state(Stopped, false), Started);
        assert_eq!(state(Stopped, true), Stopped);
        assert_eq!(state(Destroyed, false), Started);
        assert_eq!(state(Destroyed, true), Destroyed);
    }

    #[test]
    fn only_a_pull_backup_gets_a_retention_delay() {
        let mut sla = Parameters::new();
        add_retention_delay(&SoftwareType::trusted("default".to_owned()), &mut sla);
        assert!(sla.is_empty());
        add_retention_delay(&SoftwareType::trusted(PULL_BACKUP.to_owned()), &mut sla);
        assert_eq!(sla.get("retention_delay"), Some("7.0"));
        sla.insert("retention_delay", "1");
        add_retention_delay(&SoftwareType::trusted(PULL_BACKUP.to_owned()), &mut sla);
        assert_eq!(sla.get("retention_delay"), Some("1"));
    }
}
