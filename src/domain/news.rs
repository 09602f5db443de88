//! News: what is told of an instance or a tree beside, or instead of, its access status
//! (`hateoas.md` A.6).

use super::{
    identifier::{ComputerReference, InstanceReference},
    parameters::Parameters,
    state::{InstanceKind, RequestedState},
    status::StatusReading,
};

/// What is told of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceNews {
    /// The computer that it is on is closed for maintenance.
    Maintenance(ComputerReference),
    /// It is a shared instance, of which nothing is reported.
    Shared,
    /// It shall not run.
    Stopped,
    /// It shall go.
    Destroyed,
    /// What was last reported of it.
    Reported(StatusReading),
}

impl InstanceNews {
    /// What is told of an instance of this kind, of which this is wanted, instead of what was
    /// reported; the first that applies.
    pub fn instead(
        in_maintenance: Option<&ComputerReference>,
        kind: InstanceKind,
        state: RequestedState,
    ) -> Option<Self> {
        match (in_maintenance, kind, state) {
            (Some(computer), _, _) => Some(Self::Maintenance(computer.clone())),
            (None, InstanceKind::Shared, _) => Some(Self::Shared),
            (None, InstanceKind::Software, RequestedState::Stopped) => Some(Self::Stopped),
            (None, InstanceKind::Software, RequestedState::Destroyed) => Some(Self::Destroyed),
            (None, InstanceKind::Software, RequestedState::Started) => None,
        }
    }
}

/// What is told of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeNews {
    /// Its root is a shared instance.
    Shared,
    /// It shall not run.
    Stopped,
    /// It shall go.
    Destroyed,
    /// Of each of its software instances, oldest first.
    Instances(Vec<MemberNews>),
}

impl TreeNews {
    /// What is told of a tree whose root is of this kind, and of which this is wanted, instead of
    /// the news of its instances.
    pub const fn instead(kind: InstanceKind, state: RequestedState) -> Option<Self> {
        match (kind, state) {
            (InstanceKind::Shared, _) => Some(Self::Shared),
            (InstanceKind::Software, RequestedState::Stopped) => Some(Self::Stopped),
            (InstanceKind::Software, RequestedState::Destroyed) => Some(Self::Destroyed),
            (InstanceKind::Software, RequestedState::Started) => None,
        }
    }
}

/// An instance in the news of its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberNews {
    /// Its reference.
    pub reference: InstanceReference,
    /// What it published.
    pub connection: Parameters,
    /// What is told of it.
    pub news: InstanceNews,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_to_tell_something_else_is_told() {
        use InstanceKind::{Shared, Software};
        use RequestedState::{Destroyed, Started, Stopped};
        let computer = ComputerReference::trusted("COMP-1".to_owned());
        let closed = Some(&computer);
        let maintenance = Some(InstanceNews::Maintenance(computer.clone()));
        let check = |closed, kind, state, expected: Option<InstanceNews>| {
            assert_eq!(InstanceNews::instead(closed, kind, state), expected);
        };
        check(closed, Shared, Stopped, maintenance.clone());
        check(closed, Software, Started, maintenance);
        check(None, Shared, Destroyed, Some(InstanceNews::Shared));
        check(None, Software, Stopped, Some(InstanceNews::Stopped));
        check(None, Software, Destroyed, Some(InstanceNews::Destroyed));
        check(None, Software, Started, None);
        assert_eq!(TreeNews::instead(Shared, Stopped), Some(TreeNews::Shared));
        assert_eq!(
            TreeNews::instead(Software, Stopped),
            Some(TreeNews::Stopped)
        );
        let destroyed = TreeNews::instead(Software, Destroyed);
        assert_eq!(destroyed, Some(TreeNews::Destroyed));
        assert_eq!(TreeNews::instead(Software, Started), None);
    }
}
