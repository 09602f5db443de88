//! `slapmaster ctl fixture`: what describes a world, put into it and taken out of it.

use serde_json::Value;

use super::{
    ask::{Ask, Plan, Show},
    declare::{Topic, Verb, needed},
    show::{Page, in_words},
    written,
};

/// The topic.
pub(super) const TOPIC: Topic = Topic {
    name: "fixture",
    about: "What describes a world",
    verbs: &[
        Verb {
            name: "load",
            about: "Add what a fixture describes, all of it or nothing",
            more: "",
            takes: &[&[needed(
                "FILE",
                "The fixture, in YAML or JSON; - for standard input",
            )]],
            plan: |line| {
                let text = written::file(line.needed("FILE"))?;
                Ok(Plan::new(
                    Ask::post_yaml(&["v1", "fixture"], text),
                    Show::Page(|answer, page| summary("added", answer, page)),
                ))
            },
        },
        Verb {
            name: "check",
            about: "Whether a fixture could be loaded; nothing changes",
            more: "",
            takes: &[&[needed(
                "FILE",
                "The fixture, in YAML or JSON; - for standard input",
            )]],
            plan: |line| {
                let text = written::file(line.needed("FILE"))?;
                Ok(Plan::new(
                    Ask::post_yaml(&["v1", "fixture", "check"], text),
                    Show::Page(|answer, page| summary("accepted", answer, page)),
                ))
            },
        },
        Verb {
            name: "export",
            about: "The world as a fixture: in YAML, or in JSON with --json",
            more: "",
            takes: &[],
            plan: |line| {
                let kind = if line.is_set("json") {
                    "application/json"
                } else {
                    "application/yaml"
                };
                Ok(Plan::new(
                    Ask::get(&["v1", "fixture"]).accept(kind),
                    Show::Raw,
                ))
            },
        },
    ],
};

/// What became of a fixture, in a line.
fn summary(what: &str, answer: &Value, page: &mut Page) {
    let summary = answer.get("summary").map_or(String::new(), in_words);
    page.line(&format!("{what}: {summary}"));
}
