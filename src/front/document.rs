//! Where documents are, in the words of the production master: `compute_node_module/7`.
//!
//! No client takes such a path apart; some hand it back.

use crate::{
    domain::{
        identifier::{
            ComputerReference, InstallationReference, InstanceReference, TreeReference,
            UserReference,
        },
        status::PortalType,
    },
    master::DocumentName,
};

const TREES: Module = Module("instance_tree_module", "HOSTSUBS-");
const INSTANCES: Module = Module("software_instance_module", "SOFTINST-");
const COMPUTERS: Module = Module("compute_node_module", "COMP-");
const INSTALLATIONS: Module = Module("software_installation_module", "SOFTINSTALL-");
const PEOPLE: Module = Module("person_module", "");

/// The path of a computer.
pub(super) fn computer_path(reference: &ComputerReference) -> String {
    COMPUTERS.path(reference.as_str())
}

/// The path of an instance.
pub(super) fn instance_path(reference: &InstanceReference) -> String {
    INSTANCES.path(reference.as_str())
}

/// The path of a person.
pub(super) fn user_path(reference: &UserReference) -> String {
    PEOPLE.path(reference.as_str())
}

/// The path of an instance tree.
pub(super) fn tree_path(reference: &TreeReference) -> String {
    TREES.path(reference.as_str())
}

/// The path of a document of this kind.
pub(super) fn path(portal_type: PortalType, reference: &str) -> String {
    Module::of(portal_type).path(reference)
}

/// The last part of the path of a document of this kind.
pub(super) fn id(portal_type: PortalType, reference: &str) -> String {
    Module::of(portal_type).id(reference)
}

/// The reference of the document of this kind whose path ends with `id`.
pub(super) fn reference(portal_type: PortalType, id: &str) -> Option<String> {
    Module::of(portal_type).reference(id)
}

/// The document at a path, if any document could have that path.
pub(super) fn name(path: &str) -> Option<DocumentName> {
    let (module, id) = path.split_once('/')?;
    let reference = |of: Module| of.reference(id);
    Some(if module == TREES.0 {
        DocumentName::Tree(TreeReference::trusted(reference(TREES)?))
    } else if module == INSTANCES.0 {
        DocumentName::Instance(InstanceReference::trusted(reference(INSTANCES)?))
    } else if module == COMPUTERS.0 {
        DocumentName::Computer(ComputerReference::trusted(reference(COMPUTERS)?))
    } else if module == INSTALLATIONS.0 {
        let reference = reference(INSTALLATIONS)?;
        DocumentName::Installation(InstallationReference::trusted(reference))
    } else if module == PEOPLE.0 {
        DocumentName::Person(UserReference::trusted(reference(PEOPLE)?))
    } else {
        return None;
    })
}

/// Where the documents of a kind are, and what begins the references that the master gives them.
#[derive(Clone, Copy)]
struct Module(&'static str, &'static str);

impl Module {
    const fn of(portal_type: PortalType) -> Self {
        match portal_type {
            PortalType::InstanceTree => TREES,
            PortalType::SoftwareInstance | PortalType::SlaveInstance => INSTANCES,
            PortalType::ComputeNode => COMPUTERS,
            PortalType::SoftwareInstallation => INSTALLATIONS,
        }
    }

    fn path(self, reference: &str) -> String {
        format!("{}/{}", self.0, self.id(reference))
    }

    /// A reference that the master gave is named by its number; any other, which its module
    /// cannot count, by itself.
    fn id(self, reference: &str) -> String {
        use std::fmt::Write as _;
        let number = reference.strip_prefix(self.1);
        if let Some(number) = number.filter(|number| !self.1.is_empty() && is_number(number)) {
            return number.to_owned();
        }
        let mut id = String::new();
        // What looks like a number must not be taken for one.
        let escaped = usize::from(!self.1.is_empty() && is_number(reference));
        for (place, byte) in reference.bytes().enumerate() {
            let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            if is_plain && place >= escaped {
                id.push(char::from(byte));
            } else {
                // Writing to a text cannot fail.
                let _ = write!(id, "%{byte:02X}");
            }
        }
        id
    }

    /// The reference that is named so; there is one way to name each.
    fn reference(self, id: &str) -> Option<String> {
        let reference = if !self.1.is_empty() && is_number(id) {
            format!("{}{id}", self.1)
        } else {
            unescaped(id)?
        };
        (!reference.is_empty() && self.id(&reference) == id).then_some(reference)
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn unescaped(id: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(id.len());
    let mut pieces = id.split('%');
    bytes.extend_from_slice(pieces.next()?.as_bytes());
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_named_by_its_number_or_by_itself() {
        let computer = |text: &str| computer_path(&ComputerReference::trusted(text.to_owned()));
        assert_eq!(computer("COMP-7"), "compute_node_module/7");
        assert_eq!(computer("COMP-07"), "compute_node_module/COMP-07");
        assert_eq!(computer("COMP-"), "compute_node_module/COMP-");
        assert_eq!(computer("a/b é"), "compute_node_module/a%2Fb%20%C3%A9");
        let instance = InstanceReference::trusted("SOFTINST-4".to_owned());
        assert_eq!(instance_path(&instance), "software_instance_module/4");
        let user = UserReference::trusted("default-user".to_owned());
        assert_eq!(user_path(&user), "person_module/default-user");
        let tree = TreeReference::trusted("HOSTSUBS-2".to_owned());
        assert_eq!(tree_path(&tree), "instance_tree_module/2");
    }

    #[test]
    fn a_document_is_found_by_the_one_path_that_it_has() {
        for text in [
            "COMP-7", "7", "77", "07", "COMP-07", "COMP-", "a/b é%", "%", "-1",
        ] {
            let reference = ComputerReference::trusted(text.to_owned());
            let path = computer_path(&reference);
            assert_eq!(
                name(&path),
                Some(DocumentName::Computer(reference)),
                "{path}"
            );
        }
        let tree = TreeReference::trusted("HOSTSUBS-2".to_owned());
        assert_eq!(
            name("instance_tree_module/2"),
            Some(DocumentName::Tree(tree))
        );
        let installation = InstallationReference::trusted("SOFTINSTALL-1".to_owned());
        let found = name("software_installation_module/1");
        assert_eq!(found, Some(DocumentName::Installation(installation)));
        let user = UserReference::trusted("12".to_owned());
        assert_eq!(name("person_module/12"), Some(DocumentName::Person(user)));
        for path in [
            "",
            "/",
            "instance_tree_module",
            "instance_tree_module/",
            "instance_tree_module/HOSTSUBS-2",
            "instance_tree_module/2/3",
            "instance_tree_module/%",
            "instance_tree_module/%4",
            "instance_tree_module/%zz",
            "instance_tree_module/%FF",
            "instance_tree_module/%41",
            "instance_tree_module/%é",
            "/instance_tree_module/2",
            "project_module/2",
        ] {
            assert_eq!(name(path), None, "{path}");
        }
    }
}
