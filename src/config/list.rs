//! The list of all settings: their flags, variables, defaults and help.

/// What every environment variable of ours begins with.
pub const VARIABLE_PREFIX: &str = "SLAPMASTER_";

/// How a setting is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// With one value.
    Value(&'static str),
    /// With a value, any number of times; in the environment, values stand between commas or
    /// blanks.
    Values(&'static str),
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
        help: "Where to listen: http://ADDRESS:PORT (port 0: a free one) or unix:/PATH; repeatable",
    },
    Setting {
        name: "control-listen",
        variable: "SLAPMASTER_CONTROL_LISTEN",
        shape: Shape::Values("URL"),
        default: "",
        help: "Serve /_mock here, and no longer where the protocol is served; repeatable",
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
