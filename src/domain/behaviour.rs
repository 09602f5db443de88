//! The named switches by which masters differ, and the three presets that set them all.
//!
//! One field a switch, each read at the one place where its decision is made. The rows of the
//! table of differences are quoted as `C.17` (`semantics.md` appendix C); `COMPATIBILITY.md` shows
//! what a client sees of each.

use std::{fmt, str::FromStr};

use super::state::UnknownWord;

/// Which master to be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Preset {
    /// Production's rules, answered at once; helpful where production is odd.
    #[default]
    Default,
    /// As the production master, with its delays and its odd statuses.
    Real,
    /// A drop-in for `slapos proxy`.
    Slapproxy,
}

impl Preset {
    /// Every preset.
    pub const ALL: &'static [Self] = &[Self::Default, Self::Real, Self::Slapproxy];

    /// The preset's name in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Real => "real",
            Self::Slapproxy => "slapproxy",
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Preset {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .iter()
            .copied()
            .find(|preset| preset.as_str() == text)
            .ok_or_else(|| UnknownWord {
                found: text.to_owned(),
                expected: &["default", "real", "slapproxy"],
            })
    }
}

/// A setting of the behaviour that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BehaviourError {
    /// No switch has this name.
    #[error("there is no switch `{0}`")]
    UnknownSwitch(String),
    /// The switch has no such value.
    #[error("switch `{switch}`: {source}")]
    UnknownValue {
        /// The switch.
        switch: &'static str,
        /// The word, and those that it knows.
        #[source]
        source: UnknownWord,
    },
}

macro_rules! switches {
    ($(
        $(#[$doc:meta])*
        $field:ident: $type:ident = $name:literal {
            $($(#[$value_doc:meta])* $value:ident = $text:literal),+ $(,)?
        } default $default:ident, real $real:ident, slapproxy $proxy:ident;
    )+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub enum $type { $($(#[$value_doc])* $value),+ }

            impl $type {
                /// The value's word in fixtures.
                pub const fn as_str(self) -> &'static str {
                    match self { $(Self::$value => $text),+ }
                }
            }

            impl FromStr for $type {
                type Err = UnknownWord;

                fn from_str(text: &str) -> Result<Self, UnknownWord> {
                    match text {
                        $($text => Ok(Self::$value),)+
                        _ => Err(UnknownWord { found: text.to_owned(), expected: &[$($text),+] }),
                    }
                }
            }
        )+

        /// Every switch of a world.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Behaviour {
            $($(#[$doc])* pub $field: $type,)+
            /// `status.expiry` (C.73): after how many seconds without a report a status is
            /// forgotten. Two days in every preset.
            pub status_expiry_s: i64,
            /// `auth.stale_window` (C.7): how many seconds a revoked certificate still counts
            /// under `auth.revoked` at `stale`. One minute in every preset.
            pub auth_stale_window_s: i64,
        }

        impl Behaviour {
            /// The switches as a preset sets them.
            pub const fn preset(preset: Preset) -> Self {
                match preset {
                    Preset::Default => Self { $($field: $type::$default,)+ status_expiry_s: 172_800, auth_stale_window_s: 60 },
                    Preset::Real => Self { $($field: $type::$real,)+ status_expiry_s: 172_800, auth_stale_window_s: 60 },
                    Preset::Slapproxy => Self { $($field: $type::$proxy,)+ status_expiry_s: 172_800, auth_stale_window_s: 60 },
                }
            }

            /// Sets one switch by the names that fixtures use, for example `cascade.stop` to
            /// `round`.
            pub fn set(&mut self, switch: &str, value: &str) -> Result<(), BehaviourError> {
                match switch {
                    $($name => {
                        self.$field = value.parse().map_err(|source| {
                            BehaviourError::UnknownValue { switch: $name, source }
                        })?;
                    })+
                    "status.expiry" => {
                        self.status_expiry_s = read_seconds("status.expiry", value)?;
                    }
                    "auth.stale_window" => {
                        self.auth_stale_window_s = read_seconds("auth.stale_window", value)?;
                    }
                    _ => return Err(BehaviourError::UnknownSwitch(switch.to_owned())),
                }
                Ok(())
            }

            /// Every switch with its value, by the names that fixtures use.
            pub fn switches(&self) -> Vec<(&'static str, String)> {
                vec![
                    $(($name, self.$field.as_str().to_owned()),)+
                    ("status.expiry", self.status_expiry_s.to_string()),
                    ("auth.stale_window", self.auth_stale_window_s.to_string()),
                ]
            }
        }
    };
}

switches! {
    /// The project of a root request that names none (C.3), and whether a named one is looked
    /// at (C.5).
    request_project: RequestProject = "request.project" {
        /// The default project; an unknown one is not found.
        Default = "default",
        /// Guessed as production does, else not found; an unknown one is not found.
        Guess = "guess",
        /// The default project, whatever is named.
        Ignore = "ignore",
    } default Default, real Guess, slapproxy Ignore;

    /// A request in the name of an unknown or free partition (C.9, C.10).
    unknown_requester: UnknownRequester = "request.unknown_requester" {
        /// Not found.
        Refuse = "refuse",
        /// In the form, or free: a root request. In the header and unknown: malformed.
        Proxy = "proxy",
    } default Refuse, real Refuse, slapproxy Proxy;

    /// Formatting an unknown computer (C.11).
    format_unknown_computer: FormatUnknownComputer = "format.unknown_computer" {
        /// Makes it.
        Create = "create",
        /// Not found.
        Refuse = "refuse",
    } default Create, real Refuse, slapproxy Create;

    /// Partitions that a computer no longer sends (C.12).
    format_missing: FormatMissing = "format.missing" {
        /// Kept and no longer listed.
        Deactivate = "deactivate",
        /// Deleted, busy ones with their instances.
        Delete = "delete",
    } default Deactivate, real Deactivate, slapproxy Delete;

    /// Supplying to an unknown computer (C.14).
    supply_unknown_computer: SupplyUnknownComputer = "supply.unknown_computer" {
        /// Not found.
        Refuse = "refuse",
        /// Kept under that reference, listed once such a computer exists.
        Accept = "accept",
    } default Refuse, real Refuse, slapproxy Accept;

    /// Asking for the removal of software that was never supplied (C.94).
    supply_unknown_release: SupplyUnknownRelease = "supply.unknown_release" {
        /// Does nothing.
        Nothing = "nothing",
        /// Lists it as one to be removed: the node may have it from before.
        List = "list",
    } default Nothing, real Nothing, slapproxy List;

    /// A report that software is gone which nobody asked to remove (C.16).
    report_software_destroyed: ReportSoftwareDestroyed = "report.software_destroyed" {
        /// Not found.
        Checked = "checked",
        /// Taken.
        Always = "always",
    } default Checked, real Checked, slapproxy Always;

    /// When instances are allocated, and partitions freed after a right report (C.18, C.49).
    allocation_moment: AllocationMoment = "allocation.moment" {
        /// Inside the call that makes it possible.
        Request = "request",
        /// By a background round, once a second by the world's clock.
        Round = "round",
        /// By a round, when one is asked for.
        Manual = "manual",
    } default Request, real Round, slapproxy Request;

    /// The outcome of a request for which there is no room, or no host (C.19).
    nothing_free: NothingFree = "allocation.nothing_free" {
        /// Not ready: the instance waits for room.
        NotReady = "not_ready",
        /// Not found: nothing is kept.
        NotFound = "not_found",
    } default NotReady, real NotReady, slapproxy NotFound;

    /// Whether an instance that was never started is allocated (C.20).
    allocate_stopped: AllocateStopped = "allocation.stopped" {
        /// It is.
        On = "on",
        /// It waits until it is started.
        Off = "off",
    } default On, real Off, slapproxy On;

    /// Whether a computer must have been supplied with the release first (C.21).
    require_supply: RequireSupply = "allocation.require_supply" {
        /// It must: asked for, not necessarily built.
        On = "on",
        /// It need not.
        Off = "off",
    } default Off, real On, slapproxy Off;

    /// Whether release and type must belong to a product of the project (C.22).
    require_product: RequireProduct = "allocation.require_product" {
        /// They must.
        On = "on",
        /// They need not.
        Off = "off",
    } default Off, real Off, slapproxy Off;

    /// Which computers are candidates when the SLA names none (C.23).
    allocation_candidates: AllocationCandidates = "allocation.candidates" {
        /// All open ones: the lowest reference first, then the order of the format.
        Ordered = "ordered",
        /// All open ones, at random (by the world's seed).
        Random = "random",
        /// The default computer; where there is none, as `ordered`.
        DefaultComputer = "default_computer",
    } default Ordered, real Random, slapproxy DefaultComputer;

    /// What the SLA restricts (C.24, C.25).
    allocation_sla: AllocationSla = "allocation.sla" {
        /// Every key that production knows; an unknown one is never satisfied.
        Full = "full",
        /// `computer_guid`, and `instance_guid` for shared instances; nothing else, and
        /// capabilities do not exist.
        Ignore = "ignore",
    } default Full, real Full, slapproxy Ignore;

    /// The SLA keys `partition_type` and `port`, which the client's interface names (C.26).
    interface_keys: InterfaceKeys = "allocation.interface_keys" {
        /// Recorded; they restrict nothing.
        Record = "record",
        /// Unknown keys like any other.
        Block = "block",
    } default Record, real Block, slapproxy Record;

    /// Whether silent, failing or full computers are closed for allocation (C.29).
    capacity_check: CapacityCheck = "allocation.capacity_check" {
        /// They are.
        On = "on",
        /// They are not.
        Off = "off",
    } default Off, real On, slapproxy Off;

    /// Which instances may host a shared one (C.31).
    shared_host: SharedHost = "shared.host" {
        /// Any live one with that release and type, on any computer; the SLA applies.
        Any = "any",
        /// The first with that release and type on the target computer.
        TargetComputer = "target_computer",
    } default Any, real Any, slapproxy TargetComputer;

    /// The shared instances of a host that ends (C.95).
    shared_host_gone: SharedHostGone = "shared.host_gone" {
        /// They stay where they are, and the partition is not free until they end.
        Keep = "keep",
        /// They end with it.
        End = "end",
    } default Keep, real Keep, slapproxy End;

    /// Whether slapproxy's two invented frontends are answered (C.32).
    fake_frontend: FakeFrontend = "shared.fake_frontend" {
        /// They are.
        On = "on",
        /// They are software like any other.
        Off = "off",
    } default Off, real Off, slapproxy On;

    /// Whether the owner may change the release or type of a root (C.37).
    lock_release: LockRelease = "request.lock_release" {
        /// No: the request is refused.
        On = "on",
        /// Yes: it is applied to the tree and its root.
        Off = "off",
    } default Off, real On, slapproxy Off;

    /// A request without a state (C.39).
    state_none: StateNone = "request.state_none" {
        /// Asks for `started`.
        Started = "started",
        /// Keeps the state; a new instance is started.
        Keep = "keep",
    } default Started, real Started, slapproxy Keep;

    /// The answer to a request for state destroyed (C.42), also for an unknown title (C.43).
    destroyed_answer: DestroyedAnswer = "request.destroyed_answer" {
        /// Not ready; an unknown title makes nothing.
        NotReady = "not_ready",
        /// The instance; an unknown title makes one.
        Instance = "instance",
    } default NotReady, real NotReady, slapproxy Instance;

    /// A destroyed instance that was not yet reported, asked for again (C.44).
    after_destroy: AfterDestroy = "request.after_destroy" {
        /// A root: a new tree. A child: refused.
        New = "new",
        /// The same instance comes back to life; a tree ends when its root is freed.
        Revive = "revive",
    } default New, real New, slapproxy Revive;

    /// How a stop of the tree reaches its children (C.45, C.46).
    cascade_stop: CascadeStop = "cascade.stop" {
        /// In the same call.
        AtOnce = "at_once",
        /// By background rounds, one level each.
        Round = "round",
        /// At their next request.
        Request = "request",
    } default AtOnce, real Round, slapproxy Request;

    /// How the destruction of the tree reaches its children (C.47).
    cascade_destroy: CascadeDestroy = "cascade.destroy" {
        /// In the same call.
        AtOnce = "at_once",
        /// By background rounds, one level each.
        Round = "round",
        /// At the root's destroyed report, which is refused until they are gone.
        Report = "report",
    } default AtOnce, real Round, slapproxy Report;

    /// A destroyed report of an instance that is wanted (C.48).
    destroyed_frees: DestroyedFrees = "report.destroyed_frees" {
        /// Frees its partition.
        On = "on",
        /// Is ignored.
        Off = "off",
    } default Off, real Off, slapproxy On;

    /// What renaming the root instance does to its tree (C.50).
    rename_root: RenameRoot = "rename.root" {
        /// The tree takes the new title too.
        Tree = "tree",
        /// The tree keeps its title and gets a fresh root by the next round.
        Recreate = "recreate",
    } default Tree, real Recreate, slapproxy Tree;

    /// How references of instances are shown (C.55 to C.57, C.60).
    guid_style: GuidStyle = "guid.style" {
        /// `SOFTINST-n`.
        Reference = "reference",
        /// As slapproxy makes them up: `<computer>-<partition>`, `<root title>_<title>`.
        Proxy = "proxy",
    } default Reference, real Reference, slapproxy Proxy;

    /// How the classic dialect writes timestamps (C.58).
    timestamp_format: TimestampFormat = "timestamp.format" {
        /// Integer microseconds.
        Micros = "micros",
        /// Text of float seconds.
        FloatText = "float_text",
    } default Micros, real Micros, slapproxy FloatText;

    /// What a bang on an instance reaches (C.62).
    bang_instance: BangInstance = "bang.instance" {
        /// Its whole tree.
        Tree = "tree",
        /// The instance and its ancestors.
        Ancestors = "ancestors",
    } default Tree, real Ancestors, slapproxy Tree;

    /// What a bang on a computer reaches (C.63).
    bang_computer: BangComputer = "bang.computer" {
        /// Every start- or stop-requested instance on it, each with its tree.
        All = "all",
        /// One instance a tree.
        OnePerTree = "one_per_tree",
        /// No instance.
        None = "none",
    } default All, real OnePerTree, slapproxy None;

    /// How calls about unknown things are answered (C.66 to C.70, C.72).
    errors_unknown: ErrorsUnknown = "errors.unknown" {
        /// Not found.
        Plain = "plain",
        /// As production: 500, 401 or 404 by the call.
        Production = "production",
        /// As slapproxy: reads fail, reports are taken and forgotten.
        Proxy = "proxy",
    } default Plain, real Production, slapproxy Proxy;

    /// How the JSON-RPC dialect answers what a rule or a value refuses (C.53, C.54).
    errors: Errors = "errors" {
        /// 403, with a type that says what.
        Plain = "plain",
        /// 500, as production.
        Production = "production",
    } default Plain, real Production, slapproxy Plain;

    /// The words of the JSON-RPC dialect, and the order of its list of trees (C.89).
    json_rpc_words: JsonRpcWords = "json_rpc.words" {
        /// Symbolic types of errors, production's titles.
        Production = "production",
        /// Reason phrases as types, slapproxy's titles.
        Proxy = "proxy",
    } default Production, real Production, slapproxy Proxy;

    /// How a revoked, expired or foreign certificate is refused (C.7).
    auth_revoked: AuthRevoked = "auth.revoked" {
        /// By the answer 401, at the next request.
        Status = "status",
        /// By a TLS alert at the next handshake; on a connection that is open, by the answer 401.
        Handshake = "handshake",
        /// As `status`, but a revocation counts only after `auth.stale_window`.
        Stale = "stale",
    } default Status, real Status, slapproxy Status;

    /// Whether `getHateoasUrl` names a URL (C.81).
    hateoas_url: HateoasUrl = "hateoas.url" {
        /// It does.
        On = "on",
        /// It is not found.
        Off = "off",
    } default On, real On, slapproxy On;

    /// How HATEOAS documents write what is wanted of a tree or an instance (C.84).
    hateoas_states: HateoasStates = "hateoas.states" {
        /// `start_requested` and so on.
        Slap = "slap",
        /// `started` and so on.
        Plain = "plain",
    } default Slap, real Slap, slapproxy Plain;

    /// What becomes of a request for a computer's token (C.85).
    hateoas_token: HateoasToken = "hateoas.token" {
        /// A token is made.
        Issue = "issue",
        /// The call is gone.
        Gone = "gone",
    } default Issue, real Gone, slapproxy Issue;
}

/// The shortest and longest number of seconds that a setting of the behaviour can have.
const SECONDS: std::ops::RangeInclusive<i64> = 1..=i64::MAX;

fn read_seconds(switch: &'static str, value: &str) -> Result<i64, BehaviourError> {
    value
        .parse()
        .ok()
        .filter(|seconds| SECONDS.contains(seconds))
        .ok_or_else(|| BehaviourError::UnknownValue {
            switch,
            source: UnknownWord {
                found: value.to_owned(),
                expected: &["a number of seconds above 0"],
            },
        })
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::preset(Preset::Default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_can_be_set_to_its_own_value_by_name() {
        for preset in Preset::ALL {
            let expected = Behaviour::preset(*preset);
            let mut behaviour = Behaviour::default();
            for (name, value) in expected.switches() {
                behaviour.set(name, &value).unwrap();
            }
            assert_eq!(behaviour, expected, "{preset}");
        }
    }

    #[test]
    fn unknown_names_and_values_are_refused_with_what_was_expected() {
        let mut behaviour = Behaviour::default();
        assert_eq!(
            behaviour.set("cascade.halt", "round"),
            Err(BehaviourError::UnknownSwitch("cascade.halt".to_owned()))
        );
        let refused = behaviour.set("cascade.stop", "later").unwrap_err();
        let BehaviourError::UnknownValue { switch, source } = refused else {
            panic!("{refused}");
        };
        assert_eq!(switch, "cascade.stop");
        assert_eq!(source.expected, ["at_once", "round", "request"]);
        assert!(behaviour.set("status.expiry", "-1").is_err());
        assert_eq!(behaviour, Behaviour::default());
    }
}
