//! Who may do what, once who calls is proven (`semantics.md` 10.1 to 10.3).
//!
//! The one table of rights. [`Identity`] is who calls, with what rights follow from; its methods
//! answer for each kind of object. On an open listener nobody asks here.

use super::{
    identifier::{ComputerReference, InstanceReference, UserReference},
    state::UnknownWord,
};

/// What a person does in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    /// Owns instance trees.
    Customer,
    /// Looks after computers and instances; production's "staff".
    ProductionAgent,
    /// Looks after computers and instances, and is responsible for them.
    ProductionManager,
}

impl Function {
    /// Every function.
    pub const ALL: &'static [Self] = &[
        Self::Customer,
        Self::ProductionAgent,
        Self::ProductionManager,
    ];

    /// What a person does in the default project where nothing else is said.
    pub const USUAL: &'static [Self] = &[Self::Customer, Self::ProductionManager];

    /// The function's word in fixtures and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::ProductionAgent => "production_agent",
            Self::ProductionManager => "production_manager",
        }
    }
}

impl std::str::FromStr for Function {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .iter()
            .copied()
            .find(|function| function.as_str() == text)
            .ok_or_else(|| UnknownWord {
                found: text.to_owned(),
                expected: &["customer", "production_agent", "production_manager"],
            })
    }
}

/// Who calls, proven. The numbers are rows: they mean something to the master alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A person.
    User {
        /// Row.
        id: i64,
        /// Reference.
        reference: UserReference,
        /// What the person does, by project.
        functions: Vec<(i64, Function)>,
    },
    /// A computer.
    Computer {
        /// Row.
        id: i64,
        /// Reference.
        reference: ComputerReference,
    },
    /// A software instance.
    Instance {
        /// Row.
        id: i64,
        /// Reference.
        reference: InstanceReference,
        /// Its tree.
        tree_id: i64,
        /// Its tree's project.
        project_id: i64,
    },
}

/// How far somebody may go with an object. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Not at all.
    None,
    /// Read it.
    Read,
    /// Change it, and act on it.
    Modify,
}

/// What rights on a computer follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComputerFacts {
    /// Row.
    pub id: i64,
    /// Its project.
    pub project_id: i64,
}

/// What rights on an instance follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceFacts {
    /// Row.
    pub id: i64,
    /// Its tree.
    pub tree_id: i64,
    /// Who owns the tree.
    pub owner_id: i64,
    /// The tree's project.
    pub project_id: i64,
    /// The computer that it is on; of a shared instance, that its host is on.
    pub computer_id: Option<i64>,
    /// Of a shared instance, the software instance that serves it.
    pub host_id: Option<i64>,
}

/// What rights on an instance tree follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeFacts {
    /// Row.
    pub id: i64,
    /// Who owns it.
    pub owner_id: i64,
    /// Its project.
    pub project_id: i64,
}

/// What rights on a document follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectFacts {
    /// On an instance tree.
    Tree(TreeFacts),
    /// On an instance.
    Instance(InstanceFacts),
    /// On a computer.
    Computer(ComputerFacts),
    /// On a release that is asked for on this computer.
    Software(ComputerFacts),
}

impl Identity {
    /// The reference by which statuses and logs name who it is.
    pub fn reference(&self) -> &str {
        match self {
            Self::User { reference, .. } => reference.as_str(),
            Self::Computer { reference, .. } => reference.as_str(),
            Self::Instance { reference, .. } => reference.as_str(),
        }
    }

    /// The kind's word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::Computer { .. } => "computer",
            Self::Instance { .. } => "instance",
        }
    }

    /// The right on a computer and its partitions.
    pub fn on_computer(&self, computer: ComputerFacts) -> Right {
        match self {
            Self::User { .. } => self.in_project(computer.project_id),
            Self::Computer { id, .. } if *id == computer.id => Right::Modify,
            Self::Instance { project_id, .. } if *project_id == computer.project_id => Right::Read,
            Self::Computer { .. } | Self::Instance { .. } => Right::None,
        }
    }

    /// The right on the software that is asked for on a computer.
    pub fn on_software(&self, computer: ComputerFacts) -> Right {
        match self {
            Self::User { .. } | Self::Computer { .. } => self.on_computer(computer),
            Self::Instance { .. } => Right::None,
        }
    }

    /// The right on an instance, software or shared.
    pub fn on_instance(&self, instance: InstanceFacts) -> Right {
        let all = match self {
            Self::User { id, .. } => {
                *id == instance.owner_id || self.is_production(instance.project_id)
            }
            Self::Computer { id, .. } => Some(*id) == instance.computer_id,
            Self::Instance { id, tree_id, .. } => {
                *tree_id == instance.tree_id || Some(*id) == instance.host_id
            }
        };
        if all { Right::Modify } else { Right::None }
    }

    /// The right on an instance tree.
    pub fn on_tree(&self, tree: TreeFacts) -> Right {
        let all = match self {
            Self::User { id, .. } => *id == tree.owner_id || self.is_production(tree.project_id),
            Self::Computer { .. } => false,
            Self::Instance { tree_id, .. } => *tree_id == tree.id,
        };
        if all { Right::Modify } else { Right::None }
    }

    /// The right on a document.
    pub fn on(&self, object: ObjectFacts) -> Right {
        match object {
            ObjectFacts::Tree(tree) => self.on_tree(tree),
            ObjectFacts::Instance(instance) => self.on_instance(instance),
            ObjectFacts::Computer(computer) => self.on_computer(computer),
            ObjectFacts::Software(computer) => self.on_software(computer),
        }
    }

    /// Whether a search shows a document.
    ///
    /// It shows what may be read, with one exception: who owns trees in a project is not shown
    /// those of others there, because clients take a title for unique (`hateoas.md` A.4).
    pub fn is_shown(&self, object: ObjectFacts) -> bool {
        let (owner_id, project_id) = match object {
            ObjectFacts::Tree(tree) => (tree.owner_id, tree.project_id),
            ObjectFacts::Instance(instance) => (instance.owner_id, instance.project_id),
            ObjectFacts::Computer(_) | ObjectFacts::Software(_) => {
                return self.on(object) >= Right::Read;
            }
        };
        match self {
            Self::User { id, .. } if self.may_make_tree(project_id) => *id == owner_id,
            Self::User { .. } | Self::Computer { .. } | Self::Instance { .. } => {
                self.on(object) >= Right::Read
            }
        }
    }

    /// Whether a person is shown no trees but its own, whatever the project.
    pub fn is_shown_own_trees_only(&self) -> bool {
        self.projects()
            .into_iter()
            .all(|project| self.may_make_tree(project) || !self.is_production(project))
    }

    /// Whether it may make computers in a project, and ask for software on them.
    pub fn may_equip(&self, project_id: i64) -> bool {
        self.is_production(project_id)
    }

    /// Whether it may make instance trees in a project.
    pub fn may_make_tree(&self, project_id: i64) -> bool {
        self.has(project_id, |function| function == Function::Customer)
    }

    /// The projects in which a person does something, each once.
    pub fn projects(&self) -> Vec<i64> {
        let Self::User { functions, .. } = self else {
            return Vec::new();
        };
        let mut projects: Vec<i64> = functions.iter().map(|(project, _)| *project).collect();
        projects.sort_unstable();
        projects.dedup();
        projects
    }

    /// What a person's functions in a project let do with what belongs to it.
    fn in_project(&self, project_id: i64) -> Right {
        if self.is_production(project_id) {
            Right::Modify
        } else if self.may_make_tree(project_id) {
            Right::Read
        } else {
            Right::None
        }
    }

    fn is_production(&self, project_id: i64) -> bool {
        self.has(project_id, |function| match function {
            Function::ProductionAgent | Function::ProductionManager => true,
            Function::Customer => false,
        })
    }

    fn has(&self, project_id: i64, wanted: impl Fn(Function) -> bool) -> bool {
        let Self::User { functions, .. } = self else {
            return false;
        };
        functions
            .iter()
            .any(|(project, function)| *project == project_id && wanted(*function))
    }
}

/// Why who calls counts as nobody. Every dialect: 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialRefused {
    /// Nothing was shown.
    #[error("no client certificate was presented, and this address asks for one")]
    Missing,
    /// The world's authority did not issue it.
    #[error("the client certificate was not issued by this master's authority")]
    Foreign,
    /// The authority issued it for another world, or a proxy names somebody who has none.
    #[error("the client certificate is not known to this master")]
    Unknown,
    /// Its time has not come.
    #[error("the client certificate is not yet valid")]
    NotYetValid,
    /// Its time is over.
    #[error("the client certificate is expired")]
    Expired,
    /// It was revoked.
    #[error("the client certificate is revoked")]
    Revoked,
    /// Whose it is does not exist any more.
    #[error("the client certificate is of something that does not exist any more")]
    SubjectGone,
}

/// Somebody known wants what is not theirs. Classic: 401, which is production's word for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{caller} may not {what}")]
pub struct Forbidden {
    /// Who, for example ``computer `COMP-2` ``.
    pub caller: String,
    /// What, for example ``modify computer `COMP-1` ``.
    pub what: String,
}

impl Forbidden {
    /// `identity` may not do `what`.
    pub fn new(identity: &Identity, what: impl Into<String>) -> Self {
        Self {
            caller: format!("{} `{}`", identity.kind(), identity.reference()),
            what: what.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: i64 = 1;
    const OTHER_PROJECT: i64 = 2;
    const OWNER: i64 = 10;
    const NODE: i64 = 20;
    const TREE: i64 = 30;
    const HOST: i64 = 40;

    fn user(id: i64, functions: &[(i64, Function)]) -> Identity {
        Identity::User {
            id,
            reference: UserReference::trusted(format!("user-{id}")),
            functions: functions.to_vec(),
        }
    }

    fn computer(id: i64) -> Identity {
        Identity::Computer {
            id,
            reference: ComputerReference::trusted(format!("COMP-{id}")),
        }
    }

    fn instance(id: i64, tree_id: i64, project_id: i64) -> Identity {
        Identity::Instance {
            id,
            reference: InstanceReference::trusted(format!("SOFTINST-{id}")),
            tree_id,
            project_id,
        }
    }

    // The table of `semantics.md` 10.2, row by row.
    #[test]
    fn rights_are_those_of_the_table() {
        use Function::{Customer, ProductionAgent, ProductionManager};
        use Right::{Modify, None, Read};
        let node = ComputerFacts {
            id: NODE,
            project_id: PROJECT,
        };
        let software = InstanceFacts {
            id: 41,
            tree_id: TREE,
            owner_id: OWNER,
            project_id: PROJECT,
            computer_id: Some(NODE),
            host_id: Option::None,
        };
        let shared = InstanceFacts {
            id: 42,
            host_id: Some(HOST),
            ..software
        };
        // Who, on the computer, on its software, on a software instance, on a shared one, may
        // equip the project, may make trees in it.
        for (who, on_node, on_software, on_instance, on_shared, equips, makes) in [
            (
                user(OWNER, &[(PROJECT, Customer)]),
                Read,
                Read,
                Modify,
                Modify,
                false,
                true,
            ),
            (
                user(11, &[(PROJECT, Customer)]),
                Read,
                Read,
                None,
                None,
                false,
                true,
            ),
            (
                user(11, &[(PROJECT, ProductionAgent)]),
                Modify,
                Modify,
                Modify,
                Modify,
                true,
                false,
            ),
            (
                user(11, &[(PROJECT, ProductionManager)]),
                Modify,
                Modify,
                Modify,
                Modify,
                true,
                false,
            ),
            (
                user(11, &[(OTHER_PROJECT, ProductionManager)]),
                None,
                None,
                None,
                None,
                false,
                false,
            ),
            (user(OWNER, &[]), None, None, Modify, Modify, false, false),
            (computer(NODE), Modify, Modify, Modify, Modify, false, false),
            (computer(21), None, None, None, None, false, false),
            (
                instance(43, TREE, PROJECT),
                Read,
                None,
                Modify,
                Modify,
                false,
                false,
            ),
            (
                instance(HOST, 31, PROJECT),
                Read,
                None,
                None,
                Modify,
                false,
                false,
            ),
            (
                instance(44, 32, OTHER_PROJECT),
                None,
                None,
                None,
                None,
                false,
                false,
            ),
        ] {
            assert_eq!(who.on_computer(node), on_node, "{who:?}");
            assert_eq!(who.on_software(node), on_software, "{who:?}");
            assert_eq!(who.on_instance(software), on_instance, "{who:?}");
            assert_eq!(who.on_instance(shared), on_shared, "{who:?}");
            assert_eq!(who.may_equip(PROJECT), equips, "{who:?}");
            assert_eq!(who.may_make_tree(PROJECT), makes, "{who:?}");
        }
    }

    #[test]
    fn a_tree_is_its_owners_its_instances_and_the_staffs() {
        use Function::{Customer, ProductionAgent, ProductionManager};
        let tree = TreeFacts {
            id: TREE,
            owner_id: OWNER,
            project_id: PROJECT,
        };
        let here = |functions: &[Function]| -> Vec<(i64, Function)> {
            functions.iter().map(|f| (PROJECT, *f)).collect()
        };
        // Who, whether it may change the tree, whether a search shows it.
        for (who, all, shown) in [
            (user(OWNER, &here(&[Customer])), true, true),
            (user(OWNER, &[]), true, true),
            (user(11, &here(&[Customer])), false, false),
            (user(11, &here(&[ProductionAgent])), true, true),
            (user(11, &here(&[Customer, ProductionManager])), true, false),
            (
                user(11, &[(OTHER_PROJECT, ProductionManager)]),
                false,
                false,
            ),
            (computer(NODE), false, false),
            (instance(41, TREE, PROJECT), true, true),
            (instance(41, TREE + 1, PROJECT), false, false),
        ] {
            let expected = if all { Right::Modify } else { Right::None };
            assert_eq!(who.on_tree(tree), expected, "{who:?}");
            assert_eq!(who.is_shown(ObjectFacts::Tree(tree)), shown, "{who:?}");
        }
        let own_only =
            |functions: &[(i64, Function)]| user(11, functions).is_shown_own_trees_only();
        assert!(own_only(&[]));
        assert!(own_only(&here(&[Customer, ProductionManager])));
        assert!(!own_only(&here(&[ProductionAgent])));
        assert!(!own_only(&[
            (PROJECT, Customer),
            (OTHER_PROJECT, ProductionAgent)
        ]));
    }

    #[test]
    fn what_is_forbidden_is_said_in_words() {
        let refused = Forbidden::new(&computer(2), "modify computer `COMP-1`");
        assert_eq!(
            refused.to_string(),
            "computer `COMP-2` may not modify computer `COMP-1`"
        );
    }
}
