//! The names by which things are known on the wire, one type each, so that none is taken for
//! another.

use std::{borrow::Borrow, fmt};

use super::text::{InvalidValue, check_legal};

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Reads the value of `field`: not empty, and legal in XML 1.0.
            pub fn parse(field: &str, text: &str) -> Result<Self, InvalidValue> {
                check_legal(field, text)?;
                Ok(Self(text.to_owned()))
            }

            /// A text that was checked before: one that the master made or the store kept.
            pub const fn trusted(text: String) -> Self {
                Self(text)
            }

            /// The text as it travels.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

identifier! {
    /// A computer's reference, for example `COMP-7`; sent as `computer_id`, `computer_guid` and
    /// `computer_reference`.
    ComputerReference
}
identifier! {
    /// A partition's reference on its computer, for example `slappart3`.
    PartitionReference
}
identifier! {
    /// An instance's reference, for example `SOFTINST-4`; sent as `instance_guid`, and as
    /// `slave_reference` for a shared instance.
    InstanceReference
}
identifier! {
    /// An instance tree's reference, for example `HOSTSUBS-2`.
    TreeReference
}
identifier! {
    /// A software installation's reference, for example `SOFTINSTALL-5`.
    InstallationReference
}
identifier! {
    /// A person's reference.
    UserReference
}
identifier! {
    /// A project's reference, for example `PROJ-1`.
    ProjectReference
}
identifier! {
    /// A network's reference, for example `NET-1`.
    NetworkReference
}
identifier! {
    /// The title of an instance or an instance tree: unique in its tree, or among its owner's
    /// trees, matched exactly. Sent as `partition_reference`.
    Title
}
identifier! {
    /// A software release: the URL or path of a software profile, compared as text.
    SoftwareReleaseUri
}
identifier! {
    /// A software type of a release, for example `default`.
    SoftwareType
}
identifier! {
    /// A software product's reference.
    ProductReference
}

/// A partition as the wire names it: by its computer and its own reference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PartitionAddress {
    /// The computer.
    pub computer: ComputerReference,
    /// The partition on it.
    pub partition: PartitionReference,
}

impl fmt::Display for PartitionAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.partition, self.computer)
    }
}
