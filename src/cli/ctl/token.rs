//! `slapmaster ctl token`: with what a new computer or a person obtains a certificate.

use super::{
    ask::{Ask, Object, Plan, Show},
    declare::{Topic, Verb, switch, time, value, word},
};

/// The topic.
pub(super) const TOPIC: Topic = Topic {
    name: "token",
    about: "Tokens with which a new computer or a person obtains a certificate",
    verbs: &[
        Verb {
            name: "list",
            about: "Every token, oldest first",
            more: "",
            takes: &[],
            plan: |_| {
                let columns = &[
                    ("value", "value"),
                    ("purpose", "purpose"),
                    ("user", "user"),
                    ("project", "project"),
                    ("expires at", "expires_at"),
                    ("used at", "used_at"),
                    ("reusable", "reusable"),
                ];
                let ask = Ask::get(&["v1", "tokens"]);
                Ok(Plan::new(
                    ask,
                    Show::Table("tokens", columns, "there is no token"),
                ))
            },
        },
        Verb {
            name: "make",
            about: "Make a token",
            more: "",
            takes: &[&[
                word(
                    "purpose",
                    &["computer", "user"],
                    "Whom it is for; without it, a computer",
                ),
                value("user", "REF", "Whose it is; without it, the default user's"),
                value("project", "REF", "Of which project"),
                time("lifetime", "How long it counts; without it, a day"),
                value(
                    "value",
                    "TEXT",
                    "What it is; without it, something that nobody can guess",
                ),
                switch("reusable", "It may be used again and again"),
            ]],
            plan: |line| {
                let body = Object::default()
                    .put("purpose", Some(line.text("purpose").unwrap_or("computer")))
                    .put("user", line.text("user"))
                    .put("project", line.text("project"))
                    .put("lifetime_s", line.seconds("lifetime"))
                    .put("value", line.text("value"))
                    .put("reusable", line.is_set("reusable").then_some(true));
                Ok(Plan::new(Ask::post(&["v1", "tokens"], body), Show::Facts))
            },
        },
    ],
};
