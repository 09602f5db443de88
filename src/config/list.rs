//! The list of all settings: their flags, variables, defaults and help.

/// What every environment variable of ours begins with.
pub const VARIABLE_PREFIX: &str = "SLAPMASTER_";

/// The variables of `slapmaster ctl` that are no settings of a server: where it is, which of its
/// worlds is meant, and whom its certificate has to be of. Its other ones have the name and the
/// meaning that they have for a server.
pub const CTL_VARIABLES: [&str; 3] = ["SLAPMASTER_URL", "SLAPMASTER_WORLD", "SLAPMASTER_CA"];

/// How a setting is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// With one value.
    Value(&'static str),
    /// With a value, any number of times; in the environment, values stand between commas or
    /// blanks.
    Values(&'static str),
    /// With one value that is never shown.
    Secret(&'static str),
    /// Alone.
    Switch,
}

/// One setting, as users meet it.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The flag, without its dashes.
    pub name: &'static str,
    /// The environment variable.
    pub variable: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// The default, as it could be written; empty if there is none.
    pub default: &'static str,
    /// What it is for.
    pub help: &'static str,
}

/// Every setting, in the order of the help.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "listen",
        variable: "SLAPMASTER_LISTEN",
        shape: Shape::Values("URL"),
        default: "http://127.0.0.1:5000",
        help: "Where to listen: http://ADDRESS:PORT (port 0: a free one), https://ADDRESS:PORT or unix:/PATH; repeatable",
    },
    Setting {
        name: "control-listen",
        variable: "SLAPMASTER_CONTROL_LISTEN",
        shape: Shape::Values("URL"),
        default: "",
        help: "Serve /_mock here, and no longer where the protocol is served; repeatable",
    },
    Setting {
        name: "control-token",
        variable: "SLAPMASTER_CONTROL_TOKEN",
        shape: Shape::Secret("TOKEN"),
        default: "",
        help: "What callers of /_mock have to know; without it, nothing",
    },
    Setting {
        name: "ca-dir",
        variable: "SLAPMASTER_CA_DIR",
        shape: Shape::Value("DIR"),
        default: "",
        help: "A folder with the certificate authority, made there if it is empty; without it, the world has its own",
    },
    Setting {
        name: "tls-name",
        variable: "SLAPMASTER_TLS_NAME",
        shape: Shape::Values("NAME"),
        default: "",
        help: "A further DNS name or IP address that https listeners have; repeatable",
    },
    Setting {
        name: "tls-cert",
        variable: "SLAPMASTER_TLS_CERT",
        shape: Shape::Value("FILE"),
        default: "",
        help: "The PEM certificate (and chain) of https listeners, instead of one that the authority issues",
    },
    Setting {
        name: "tls-key",
        variable: "SLAPMASTER_TLS_KEY",
        shape: Shape::Value("FILE"),
        default: "",
        help: "The PEM key of --tls-cert",
    },
    Setting {
        name: "client-certificate",
        variable: "SLAPMASTER_CLIENT_CERTIFICATE",
        shape: Shape::Value("WORD"),
        default: "optional",
        help: "Whether https clients have to show a certificate in the handshake: optional or required",
    },
    Setting {
        name: "access",
        variable: "SLAPMASTER_ACCESS",
        shape: Shape::Value("WORD"),
        default: "by-listener",
        help: "Where callers have to prove who they are: by-listener (on https), open (nowhere) or certificate (everywhere)",
    },
    Setting {
        name: "trust-identity-header",
        variable: "SLAPMASTER_TRUST_IDENTITY_HEADER",
        shape: Shape::Value("NAME"),
        default: "",
        help: "Believe the common name that a proxy in front hands over in this header",
    },
    Setting {
        name: "slapos-cfg",
        variable: "SLAPMASTER_SLAPOS_CFG",
        shape: Shape::Value("FILE"),
        default: "",
        help: "The slapos.cfg of a slapproxy to stand in for: sets --listen, --database, --default-computer and --preset slapproxy, unless they are given",
    },
    Setting {
        name: "database",
        variable: "SLAPMASTER_DATABASE",
        shape: Shape::Value("PATH"),
        default: "",
        help: "The SQLite file that keeps the world; without it, a temporary one",
    },
    Setting {
        name: "fixture",
        variable: "SLAPMASTER_FIXTURE",
        shape: Shape::Values("FILE"),
        default: "",
        help: "A YAML file that describes what to start with; repeatable",
    },
    Setting {
        name: "fixture-dir",
        variable: "SLAPMASTER_FIXTURE_DIR",
        shape: Shape::Value("PATH"),
        default: "",
        help: "A directory whose *.yaml, *.yml and *.json files are read before the other fixtures, by name",
    },
    Setting {
        name: "preset",
        variable: "SLAPMASTER_PRESET",
        shape: Shape::Value("NAME"),
        default: "default",
        help: "Which master to be like: default, real or slapproxy",
    },
    Setting {
        name: "default-computer",
        variable: "SLAPMASTER_DEFAULT_COMPUTER",
        shape: Shape::Value("REF"),
        default: "",
        help: "A computer that exists without being formatted",
    },
    Setting {
        name: "external-url",
        variable: "SLAPMASTER_EXTERNAL_URL",
        shape: Shape::Value("URL"),
        default: "",
        help: "What absolute URLs in answers begin with, instead of the request's Host",
    },
    Setting {
        name: "trust-forwarded",
        variable: "SLAPMASTER_TRUST_FORWARDED",
        shape: Shape::Switch,
        default: "false",
        help: "Believe the X-Forwarded-* headers of a proxy in front",
    },
    Setting {
        name: "log-level",
        variable: "SLAPMASTER_LOG_LEVEL",
        shape: Shape::Value("LEVEL"),
        default: "info",
        help: "What to log: off, error, warn, info (a line a request), debug or trace",
    },
    Setting {
        name: "log-format",
        variable: "SLAPMASTER_LOG_FORMAT",
        shape: Shape::Value("FORMAT"),
        default: "text",
        help: "How to log and announce: text or json",
    },
    Setting {
        name: "journal-entries",
        variable: "SLAPMASTER_JOURNAL_ENTRIES",
        shape: Shape::Value("NUMBER"),
        default: "10000",
        help: "How many calls and events the journal of a world keeps",
    },
    Setting {
        name: "journal-bytes",
        variable: "SLAPMASTER_JOURNAL_BYTES",
        shape: Shape::Value("NUMBER"),
        default: "16777216",
        help: "How many bytes they may take",
    },
    Setting {
        name: "journal-without-bodies",
        variable: "SLAPMASTER_JOURNAL_WITHOUT_BODIES",
        shape: Shape::Switch,
        default: "false",
        help: "Keep calls without what was sent and answered",
    },
    Setting {
        name: "ready-file",
        variable: "SLAPMASTER_READY_FILE",
        shape: Shape::Value("PATH"),
        default: "",
        help: "A JSON file written once ready, with pid, URLs and more; removed at the end",
    },
    Setting {
        name: "exit-with-parent",
        variable: "SLAPMASTER_EXIT_WITH_PARENT",
        shape: Shape::Switch,
        default: "false",
        help: "Stop when the process that started this one ends",
    },
    Setting {
        name: "seed",
        variable: "SLAPMASTER_SEED",
        shape: Shape::Value("NUMBER"),
        default: "0",
        help: "What every random choice of the world follows from",
    },
];
