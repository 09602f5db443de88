//! `slapmaster ctl computer`: computers, and those that the master plays itself.

use serde_json::Value;

use super::{
    super::Failure,
    ask::{Ask, Object, Plan, Show},
    declare::{Argument, Line, Topic, Verb, needed, number, perhaps, switch, value, word},
    show::Page,
    written,
};

const REFERENCE: Argument = needed("REFERENCE", "Its reference, as COMP-1");
/// How a computer is simulated, as a flag.
const SIMULATE: Argument = value(
    "simulate",
    "HOW",
    "Simulate it: a profile's name, or rules in YAML or JSON, as text, file or - for standard input",
);
const SOFTWARE_OR_INSTANCES: Argument = word(
    "what",
    &["software", "instances"],
    "Of these alone; without it, of both",
);
const WHICH: [Argument; 2] = [
    value("release", "URL", "The build of this software release"),
    value("partition", "REF", "The instance on this partition"),
];

/// The topic.
pub(super) const TOPIC: Topic = Topic {
    name: "computer",
    about: "Computers, and those that the master plays itself",
    verbs: &[
        Verb {
            name: "list",
            about: "Every computer",
            more: "",
            takes: &[],
            plan: |_| {
                let columns = &[
                    ("reference", "reference"),
                    ("title", "title"),
                    ("partitions", "partitions"),
                    ("busy", "busy"),
                    ("simulate", "simulate"),
                    ("status", "status"),
                ];
                let ask = Ask::get(&["v1", "computers"]);
                Ok(Plan::new(ask, Show::Table("computers", columns, "there is no computer")))
            },
        },
        Verb {
            name: "show",
            about: "One computer, and what it is at, if it is simulated",
            more: "",
            takes: &[&[REFERENCE]],
            plan: |line| Ok(shown(Ask::get(&path(line, None)))),
        },
        Verb {
            name: "add",
            about: "Make a computer",
            more: "\
The flags are for the common cases, and take the place of what COMPUTER says. All keys are those of \
a computer in a fixture.

Examples:
  slapmaster ctl computer add --reference COMP-7 --partitions 10 --simulate healthy
  slapmaster ctl computer add '{reference: COMP-8, partitions: 2, categories: {region: asia}}'",
            takes: &[&[
                perhaps(
                    "COMPUTER",
                    "The computer in YAML or JSON: the text itself, the name of a file, or - for \
                     standard input",
                ),
                value("reference", "REF", "Its reference"),
                value("title", "TITLE", "Its title"),
                value("project", "REF", "Its project"),
                value("partitions", "N", "How many partitions it has"),
                SIMULATE,
            ]],
            plan: |line| {
                let computer = object("COMPUTER", line.text("COMPUTER"))?
                    .put("reference", line.text("reference"))
                    .put("title", line.text("title"))
                    .put("project", line.text("project"))
                    .put("partitions", line.number("partitions")?)
                    .put("simulate", line.text("simulate").map(how).transpose()?);
                Ok(shown(Ask::post(&["v1", "computers"], computer)))
            },
        },
        Verb {
            name: "simulate",
            about: "Play a computer from now on, say how it is played, or leave it alone (--off)",
            more: "",
            takes: &[&[
                REFERENCE,
                perhaps(
                    "HOW",
                    "A profile's name, or rules in YAML or JSON, as text, file or - for standard \
                     input; without it, the present rules are shown",
                ),
                switch("off", "Play it no longer"),
            ]],
            plan: |line| {
                let path = path(line, Some("simulate"));
                let ask = match line.text("HOW") {
                    Some(_) if line.is_set("off") => {
                        let reason = "HOW and --off: one of the two was expected";
                        return Err(Failure::new(Failure::USAGE, reason));
                    }
                    Some(text) => Ask::put(&path, how(text)?),
                    None if line.is_set("off") => Ask::delete(&path),
                    None => Ask::get(&path),
                };
                Ok(Plan::new(ask, Show::Facts))
            },
        },
        Verb {
            name: "hold",
            about: "Let its work stand still",
            more: "",
            takes: &[&[REFERENCE, SOFTWARE_OR_INSTANCES]],
            plan: |line| {
                let body = Object::default().put("what", line.text("what"));
                Ok(shown(Ask::post(&path(line, Some("hold")), body)))
            },
        },
        Verb {
            name: "release",
            about: "Let its work go on",
            more: "",
            takes: &[&[REFERENCE, SOFTWARE_OR_INSTANCES]],
            plan: |line| {
                let body = Object::default().put("what", line.text("what"));
                Ok(shown(Ask::post(&path(line, Some("release")), body)))
            },
        },
        Verb {
            name: "fail",
            about: "Let a build or an instance fail",
            more: "",
            takes: &[
                &[
                    REFERENCE,
                    value("text", "TEXT", "What it says of it"),
                    value("count", "N", "How often: 1"),
                ],
                &WHICH,
            ],
            plan: |line| {
                let body = which(line)
                    .put("text", line.text("text"))
                    .put("count", line.number("count")?);
                Ok(shown(Ask::post(&path(line, Some("fail")), body)))
            },
        },
        Verb {
            name: "recover",
            about: "Let what failed succeed",
            more: "",
            takes: &[&[REFERENCE], &WHICH],
            plan: |line| Ok(shown(Ask::post(&path(line, Some("recover")), which(line)))),
        },
        Verb {
            name: "scale",
            about: "Let there be so many simulated computers: make more, or take the last ones away",
            more: "\
Example:
  slapmaster ctl computer scale 1000 --partitions 10 --simulate healthy
  slapmaster ctl computer scale 10",
            takes: &[&[
                needed("COUNT", "How many there shall be"),
                value("prefix", "TEXT", "What their references begin with: SIM-"),
                value("partitions", "N", "How many partitions each has that is made: 10"),
                SIMULATE,
            ]],
            plan: |line| {
                let body = Object::default()
                    .put("count", Some(number("COUNT", line.needed("COUNT"))?))
                    .put("prefix", line.text("prefix"))
                    .put("partitions", line.number("partitions")?)
                    .put("simulate", line.text("simulate").map(how).transpose()?);
                let ask = Ask::post(&["v1", "computers", "scale"], body);
                Ok(Plan::new(ask, Show::Facts))
            },
        },
    ],
};

fn path<'l>(line: Line<'l>, what: Option<&'static str>) -> Vec<&'l str> {
    let mut path = vec!["v1", "computers", line.needed("REFERENCE")];
    path.extend(what);
    path
}

fn which(line: Line<'_>) -> Object {
    Object::default()
        .put("release", line.text("release"))
        .put("partition", line.text("partition"))
}

/// How something is simulated: a word, or rules.
fn how(text: &str) -> Result<Value, Failure> {
    let is_word = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_word && text != "-" {
        return Ok(text.into());
    }
    written::value(text)
}

/// Keys with their values, as they were written.
fn object(what: &str, given: Option<&str>) -> Result<Object, Failure> {
    match given.map(written::value).transpose()? {
        None => Ok(Object::default()),
        Some(Value::Object(members)) => Ok(Object(members)),
        Some(_) => {
            let reason = format!("{what}: keys with their values were expected");
            Err(Failure::new(Failure::USAGE, reason))
        }
    }
}

/// A plan whose answer is a computer.
fn shown(ask: Ask) -> Plan {
    Plan::new(ask, Show::Page(page))
}

/// A computer: its facts, then what it is at.
fn page(computer: &Value, page: &mut Page) {
    let mut facts = computer.clone();
    let work = facts
        .as_object_mut()
        .and_then(|facts| facts.shift_remove("work"));
    let mut lists = Vec::new();
    for (key, value) in work.iter().filter_map(Value::as_object).flatten() {
        if let Value::Array(items) = value {
            lists.push((key, items));
        } else if let (Some(facts), false) = (facts.as_object_mut(), value.is_null()) {
            facts.insert(key.clone(), value.clone());
        }
    }
    page.facts(&facts);
    for (key, items) in lists {
        let columns = match key.as_str() {
            "software" => &[
                ("release", "release"),
                ("phase", "phase"),
                ("goal", "goal"),
                ("due", "due"),
            ][..],
            "instances" => &[
                ("partition", "partition"),
                ("title", "title"),
                ("wanted", "wanted"),
                ("phase", "phase"),
                ("goal", "goal"),
                ("due", "due"),
            ],
            _ => &[
                ("release", "release"),
                ("partition", "partition"),
                ("text", "text"),
                ("left", "left"),
            ],
        };
        if !items.is_empty() {
            page.line("");
            page.line(&format!("{key}:"));
            page.table(items, columns, "");
        }
    }
}
