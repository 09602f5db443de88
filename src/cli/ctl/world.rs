//! `slapmaster ctl world`, `ctl reset` and `ctl snapshot`: worlds, and the way back to what they were.

use serde_json::Value;

use super::{
    ask::{Ask, Object, Plan, Show},
    declare::{Argument, Topic, Verb, needed, time, value, word},
    show::{Page, in_words},
    written,
};

/// `slapmaster ctl world`.
pub(super) const TOPIC: Topic = Topic {
    name: "world",
    about: "The worlds of the process",
    verbs: &[
        Verb {
            name: "list",
            about: "Every world: the default one, then the others by name",
            more: "",
            takes: &[],
            plan: |_| {
                let columns = &[
                    ("name", "name"),
                    ("url", "url"),
                    ("created at", "created_at"),
                    ("now", "now"),
                    ("idle ttl (s)", "idle_ttl_s"),
                    ("copy of", "copy_of"),
                    ("snapshots", "snapshots"),
                ];
                let ask = Ask::get(&["v1", "worlds"]).of_process();
                Ok(Plan::new(
                    ask,
                    Show::Table("worlds", columns, "there is no world"),
                ))
            },
        },
        Verb {
            name: "create",
            about: "Make a world, unless it is there, made of the same",
            more: "\
Examples:
  slapmaster ctl world create ci-7 --fixture world.yaml --idle-ttl 1h
  slapmaster ctl world create ci-8 --copy-of default --snapshot ready",
            takes: &[&[
                needed("NAME", "Its name: letters, digits, `.`, `_`, `-`"),
                value(
                    "fixture",
                    "FILE",
                    "What it begins with, in YAML or JSON; - for standard input",
                ),
                value("copy-of", "WORLD", "A copy of this world"),
                value("snapshot", "NAME", "As it was in this snapshot"),
                word(
                    "preset",
                    &["default", "real", "slapproxy"],
                    "Which master it is like",
                ),
                value("seed", "N", "What every random choice follows from"),
                time("idle-ttl", "It ends when it was left alone for so long"),
            ]],
            plan: |line| {
                let fixture = line.text("fixture").map(written::file).transpose()?;
                let body = Object::default()
                    .put("fixture", fixture)
                    .put("copy_of", line.text("copy-of"))
                    .put("snapshot", line.text("snapshot"))
                    .put("preset", line.text("preset"))
                    .put("seed", line.number("seed")?)
                    .put("idle_ttl_s", line.seconds("idle-ttl"));
                let ask = Ask::put(&["v1", "worlds", line.needed("NAME")], body).of_process();
                Ok(Plan::new(ask, Show::Page(made)))
            },
        },
        Verb {
            name: "show",
            about: "One world, with the certificate of its authority",
            more: "",
            takes: &[&[needed("NAME", "Its name")]],
            plan: |line| {
                let ask = Ask::get(&["v1", "worlds", line.needed("NAME")]).of_process();
                Ok(Plan::new(ask, Show::Facts))
            },
        },
        Verb {
            name: "delete",
            about: "End a world",
            more: "",
            takes: &[&[needed("NAME", "Its name")]],
            plan: |line| {
                let ask = Ask::delete(&["v1", "worlds", line.needed("NAME")]).of_process();
                Ok(Plan::new(ask, Show::Facts))
            },
        },
    ],
};

/// `slapmaster ctl reset`.
pub(super) const RESET: Verb = Verb {
    name: "reset",
    about: "Take the world back to what its fixtures made",
    more: "",
    takes: &[],
    plan: |_| {
        Ok(Plan::new(
            Ask::post(&["v1", "reset"], Object::default()),
            Show::Facts,
        ))
    },
};

const NAME: &[Argument] = &[needed("NAME", "Its name")];

/// `slapmaster ctl snapshot`.
pub(super) const SNAPSHOTS: Topic = Topic {
    name: "snapshot",
    about: "What the world was, kept under a name",
    verbs: &[
        Verb {
            name: "list",
            about: "Every snapshot",
            more: "",
            takes: &[],
            plan: |_| {
                let columns = &[
                    ("name", "name"),
                    ("taken at", "taken_at"),
                    ("really at", "created_at"),
                    ("bytes", "bytes"),
                ];
                let ask = Ask::get(&["v1", "snapshots"]);
                Ok(Plan::new(
                    ask,
                    Show::Table("snapshots", columns, "there is no snapshot"),
                ))
            },
        },
        Verb {
            name: "take",
            about: "Keep the world as it is",
            more: "",
            takes: &[NAME],
            plan: |line| {
                let path = ["v1", "snapshots", line.needed("NAME")];
                Ok(Plan::new(Ask::put(&path, Object::default()), Show::Facts))
            },
        },
        Verb {
            name: "show",
            about: "One snapshot",
            more: "",
            takes: &[NAME],
            plan: |line| {
                let path = ["v1", "snapshots", line.needed("NAME")];
                Ok(Plan::new(Ask::get(&path), Show::Facts))
            },
        },
        Verb {
            name: "restore",
            about: "Take the world back to it",
            more: "",
            takes: &[NAME],
            plan: |line| {
                let path = ["v1", "snapshots", line.needed("NAME"), "restore"];
                Ok(Plan::new(Ask::post(&path, Object::default()), Show::Facts))
            },
        },
        Verb {
            name: "delete",
            about: "Forget it",
            more: "",
            takes: &[NAME],
            plan: |line| {
                let path = ["v1", "snapshots", line.needed("NAME")];
                Ok(Plan::new(Ask::delete(&path), Show::Facts))
            },
        },
        Verb {
            name: "diff",
            about: "What is otherwise since then, or in another snapshot",
            more: "",
            takes: &[
                NAME,
                &[value(
                    "to",
                    "NAME",
                    "The other one; without it, the world as it is",
                )],
            ],
            plan: |line| {
                let path = ["v1", "snapshots", line.needed("NAME"), "difference"];
                let ask = Ask::get(&path).query("to", line.text("to"));
                Ok(Plan::new(ask, Show::Page(difference)))
            },
        },
    ],
};

/// A world, without what is long.
fn made(world: &Value, page: &mut Page) {
    let mut facts = world.clone();
    if let Some(facts) = facts.as_object_mut() {
        facts.shift_remove("ca_certificate");
    }
    page.facts(&facts);
}

/// What differs, a line each.
fn difference(answer: &Value, page: &mut Page) {
    let text = |value: &Value, key: &str| value.get(key).map_or(String::new(), in_words);
    let all = answer.get("differences").and_then(Value::as_array);
    for one in all.into_iter().flatten() {
        let change = text(one, "change");
        let sign = match change.as_str() {
            "added" => "+",
            "removed" => "-",
            _ => "~",
        };
        let mut words = format!("{sign} {} {}", text(one, "kind"), text(one, "name"));
        let fields = one.get("fields").and_then(Value::as_object);
        if sign == "~" {
            let fields = fields.into_iter().flatten().map(|(field, value)| {
                let (before, after) = (text(value, "before"), text(value, "after"));
                format!("{field}: {before} -> {after}")
            });
            words.push_str("  ");
            words.push_str(&fields.collect::<Vec<_>>().join("; "));
        }
        page.line(&words);
    }
    let left_out = answer.get("left_out").and_then(Value::as_u64).unwrap_or(0);
    if left_out > 0 {
        page.line(&format!("({left_out} more)"));
    }
    let counts = ["added", "removed", "changed"].map(|key| format!("{} {key}", text(answer, key)));
    page.line(&counts.join(", "));
}
