//! `slapmaster ctl wait` and `ctl verify`: until something is so, and whether it was.

use super::{
    ask::{Ask, Object, Plan, Show},
    declare::{Argument, Verb, switch, time, value, values, word},
    journal::{FILTERS, entries, filter},
    patient,
    show::in_words,
    written,
};

/// How long the server waits unless it is told otherwise, in seconds.
const USUAL_WAIT_S: u64 = 30;

const WAIT_FLAGS: &[Argument] = &[
    word(
        "is",
        &[
            "allocated",
            "started",
            "stopped",
            "error",
            "destroyed",
            "available",
            "building",
            "seen",
            "nothing_waiting",
        ],
        "Wait for this to be so: of --instance, of --release on --computer, of --computer, or of all",
    ),
    values(
        "connection",
        "KEY=VALUE",
        "Wait until --instance has published this; repeatable",
    ),
    value(
        "count",
        "N",
        "Wait until there were so many such entries: 1",
    ),
    value("after", "N", "Only entries behind this number count"),
    switch("from-now", "Only entries that are still to come count"),
    time(
        "timeout",
        "How long to wait: 30s, at most 5m; by the clock on the wall",
    ),
];

/// `slapmaster ctl wait`.
pub(super) const WAIT: Verb = Verb {
    name: "wait",
    about: "Wait until something is so (--is), or has happened",
    more: "\
With --is or --connection, for a state to hold; it may be so already. Without, for entries of the \
journal that pass every filter. Exit code 1 if the time is over before.

Examples:
  slapmaster ctl wait --is started --instance web --timeout 90s
  slapmaster ctl wait --is available --computer COMP-1 --release https://example.org/software.cfg
  slapmaster ctl wait --is nothing_waiting
  slapmaster ctl wait --event instance_error --count 2",
    takes: &[WAIT_FLAGS, FILTERS],
    plan: |line| {
        let mut body = Object::default();
        let connection: Vec<&str> = line.texts("connection").collect();
        if line.text("is").is_some() || !connection.is_empty() {
            let mut published = Object::default();
            for pair in connection {
                let (key, value) = written::pair("connection", pair)?;
                published = published.put(key, Some(value));
            }
            // What else was given goes with it, for the server to refuse by name.
            let state = filter(line)
                .put("is", line.text("is"))
                .put_object("connection", published);
            body = body.put("state", Some(state));
        } else {
            body = body.put("entry", Some(filter(line)));
        }
        let timeout_s = line.seconds("timeout");
        let body = body
            .put("count", line.number("count")?)
            .put("after", line.number("after")?)
            .put("from_now", line.is_set("from-now").then_some(true))
            .put("timeout_s", timeout_s);
        Ok(Plan {
            unfulfilled: &[408],
            patience: patient(timeout_s.unwrap_or(USUAL_WAIT_S)),
            ..Plan::new(
                Ask::post(&["v1", "journal", "wait"], body),
                Show::Page(|answer, page| match answer.get("seen") {
                    Some(seen) => {
                        for words in seen.as_array().into_iter().flatten() {
                            page.line(&in_words(words));
                        }
                    }
                    None => entries(answer, page),
                }),
            )
        })
    },
};

/// `slapmaster ctl verify`.
pub(super) const VERIFY: Verb = Verb {
    name: "verify",
    about: "Whether something happened as often as it should",
    more: "\
Without a number, at least once. Exit code 1 if it is not so; what was found instead, and what came \
near, is said then.

Examples:
  slapmaster ctl verify --event instance_started --instance web --exactly 1
  slapmaster ctl verify --status 5xx --none",
    takes: &[
        &[
            value("exactly", "N", "So often"),
            value("at-least", "N", "So often, or oftener"),
            value("at-most", "N", "So often, or less"),
            switch("none", "Never"),
            value("after", "N", "Only entries behind this number count"),
        ],
        FILTERS,
    ],
    plan: |line| {
        let body = Object::default()
            .put("entry", Some(filter(line)))
            .put("exactly", line.number("exactly")?)
            .put("at_least", line.number("at-least")?)
            .put("at_most", line.number("at-most")?)
            .put("none", line.is_set("none").then_some(true))
            .put("after", line.number("after")?);
        Ok(Plan {
            unfulfilled: &[409],
            ..Plan::new(
                Ask::post(&["v1", "journal", "verify"], body),
                Show::Page(|answer, page| {
                    let matched = answer.get("matched").map_or(String::new(), in_words);
                    page.line(&format!("{matched} matched"));
                    if matched != "0" {
                        entries(answer, page);
                    }
                }),
            )
        })
    },
};
