//! Where documents are, in the words of the production master: `compute_node_module/7`.
//!
//! No client takes such a path apart; some hand it back.

use crate::domain::identifier::{ComputerReference, InstanceReference, UserReference};

/// The path of a computer.
pub(super) fn computer_path(reference: &ComputerReference) -> String {
    path("compute_node_module", "COMP-", reference.as_str())
}

/// The path of an instance.
pub(super) fn instance_path(reference: &InstanceReference) -> String {
    path("software_instance_module", "SOFTINST-", reference.as_str())
}

/// The path of a person.
pub(super) fn user_path(reference: &UserReference) -> String {
    path("person_module", "", reference.as_str())
}

/// A reference that the master gave is named by its number; any other, which its module cannot
/// count, by itself.
fn path(module: &str, prefix: &str, reference: &str) -> String {
    use std::fmt::Write as _;
    let number = reference.strip_prefix(prefix).filter(|number| {
        !prefix.is_empty()
            && !number.is_empty()
            && !number.starts_with('0')
            && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let mut path = format!("{module}/");
    if let Some(number) = number {
        path.push_str(number);
        return path;
    }
    for byte in reference.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
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
    }
}
