//! The states of the model, each by the words of the protocol.

macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every value, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it, in the store and in settings.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::domain::state::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::domain::state::UnknownWord { found: text.to_owned(), expected: &[$($text),+] }),
                }
            }
        }
    };
}

pub(crate) use states;

/// A word that is none of those expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is none of: {}", expected.join(", "))]
pub struct UnknownWord {
    /// What was found.
    pub found: String,
    /// The words that would have been understood.
    pub expected: &'static [&'static str],
}

states! {
    /// What is wanted of an instance or a tree: its slap state (`semantics.md` 2.1).
    RequestedState {
        /// `start_requested`: it should run.
        Started = "started",
        /// `stop_requested`: it should keep its data and not run.
        Stopped = "stopped",
        /// `destroy_requested`: it should go; terminal in the real master.
        Destroyed = "destroyed",
    }
}

states! {
    /// Whether a record still counts: every look-up by title, reference or URL sees live
    /// records only, and nothing is ever deleted (`semantics.md` 1.2).
    Validation {
        /// Named by something else, but not yet known: a computer for which software was
        /// supplied before it was formatted (`supply.unknown_computer`).
        Draft = "draft",
        /// It counts.
        Validated = "validated",
        /// It ended, or, for a partition, it is no longer listed by its computer.
        Invalidated = "invalidated",
    }
}

states! {
    /// The slap state of a partition (`semantics.md` 2.4).
    PartitionState {
        /// Ready for an instance.
        Free = "free",
        /// Holds an instance, or still has one linked to it.
        Busy = "busy",
        /// Was free when its computer stopped listing it.
        Inactive = "inactive",
    }
}

states! {
    /// What is wanted of a software installation (`semantics.md` 6).
    InstallationState {
        /// It should be built and kept.
        Available = "available",
        /// It should be removed.
        Destroyed = "destroyed",
    }
}

states! {
    /// Whether an instance runs in a partition of its own or is served by another.
    InstanceKind {
        /// A software instance, with a partition of its own.
        Software = "software",
        /// A shared instance ("slave"), served by a software instance.
        Shared = "shared",
    }
}

states! {
    /// A computer's allocation scope, the policy that a human sets (`semantics.md` 2.5).
    AllocationScope {
        /// Instances may be allocated on it.
        Open = "open",
        /// Closed for good.
        CloseForever = "close/forever",
        /// Closed: it is being given up.
        CloseTermination = "close/termination",
        /// Closed: it is outdated.
        CloseOutdated = "close/outdated",
        /// Closed for maintenance.
        CloseMaintenance = "close/maintenance",
        /// Closed: no allocation wanted.
        CloseNoAllocation = "close/noallocation",
    }
}

states! {
    /// A computer's capacity scope, which the capacity check sets (`semantics.md` 2.5).
    CapacityScope {
        /// There is room.
        Open = "open",
        /// Silent, failing or full.
        Close = "close",
    }
}

states! {
    /// Subscription of a tree, computer or instance (`semantics.md` 13).
    Subscription {
        /// Everything is allowed.
        Subscribed = "subscribed",
        /// Neither propagated nor allocated.
        NotSubscribed = "not_subscribed",
        /// As not subscribed: the bill is open.
        NotPaid = "nopaid",
    }
}

/// The slap state as the model and HATEOAS spell it: `start_requested` and so on.
impl RequestedState {
    /// The slap state's own word.
    pub const fn slap_state(self) -> &'static str {
        match self {
            Self::Started => "start_requested",
            Self::Stopped => "stop_requested",
            Self::Destroyed => "destroy_requested",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_as_its_state() {
        for state in RequestedState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        let error = "foo".parse::<RequestedState>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`foo` is none of: started, stopped, destroyed"
        );
    }
}
