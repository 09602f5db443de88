//! Instance trees with all their instances, for who draws them.

use super::{
    identifier::{
        InstanceReference, PartitionAddress, ProjectReference, SoftwareReleaseUri, SoftwareType,
        Title, TreeReference, UserReference,
    },
    state::{InstanceKind, RequestedState, Subscription, Validation},
    status::{AccessStatus, StatusKind},
    time::Timestamp,
};

/// Which trees are asked for: all of it has to be so at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeFilter {
    /// With this title.
    pub title: Option<Title>,
    /// Asked to be so.
    pub state: Option<RequestedState>,
    /// Of this person.
    pub owner: Option<UserReference>,
}

/// A tree and the instances in it that count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeRecord {
    /// `HOSTSUBS-n`.
    pub reference: TreeReference,
    /// Its title.
    pub title: Title,
    /// The person that it belongs to.
    pub owner: UserReference,
    /// The project that it belongs to.
    pub project: ProjectReference,
    /// Whether its root is a shared instance.
    pub kind: InstanceKind,
    /// The release that is wanted of its root.
    pub release: SoftwareReleaseUri,
    /// The software type that is wanted of its root.
    pub software_type: SoftwareType,
    /// The state that is wanted of its root.
    pub state: RequestedState,
    /// Live, or archived (`Invalidated`) while instances of it are still there.
    pub validation: Validation,
    /// Whether requests are propagated to the root.
    pub subscription: Subscription,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its live instances, oldest first.
    pub instances: Vec<InstanceInTree>,
}

/// A live instance of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceInTree {
    /// `SOFTINST-n`.
    pub reference: InstanceReference,
    /// Its title.
    pub title: Title,
    /// Its kind.
    pub kind: InstanceKind,
    /// The instance that requested it; a root was requested by its tree.
    pub parent: Option<InstanceReference>,
    /// Its release.
    pub release: SoftwareReleaseUri,
    /// Its software type.
    pub software_type: SoftwareType,
    /// What is wanted of it.
    pub state: RequestedState,
    /// Where it is; of a shared instance, where its host is.
    pub at: Option<PartitionAddress>,
    /// The software instance that serves it, of a shared instance that is somewhere.
    pub host: Option<InstanceReference>,
    /// Why it was not allocated when that was last tried; nothing once it is.
    pub waits_because: Option<String>,
    /// What was last reported of it, however old.
    pub status: Option<AccessStatus>,
}

impl InstanceInTree {
    /// How it was last reported to be: `started`, `stopped`, or `error` for what failed or was
    /// banged since; nothing where no state was ever reported.
    pub fn reported_state(&self) -> Option<&str> {
        let status = self.status.as_ref()?;
        match status.kind {
            StatusKind::Error => Some(StatusKind::Error.as_str()),
            StatusKind::Access | StatusKind::Building => {
                Some(status.state.as_str()).filter(|state| !state.is_empty())
            }
        }
    }
}
