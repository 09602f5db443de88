//! `slapmaster ctl clock` and `ctl background`: the world's time, and what happens by itself.

use super::{
    super::{Failure, duration},
    ask::{Ask, Object, Plan, Show},
    declare::{Topic, Verb, needed, perhaps, switch, time, value},
    patient,
};

const CLOCK: [&str; 2] = ["v1", "clock"];
const BACKGROUND: [&str; 2] = ["v1", "background"];
/// How long may be worked through what is due, in seconds.
const WORK_S: u64 = 600;

/// `slapmaster ctl clock`.
pub(super) const TOPIC: Topic = Topic {
    name: "clock",
    about: "The world's clock: freeze it, set it, move it on",
    verbs: &[
        Verb {
            name: "show",
            about: "What it shows, and how far it is ahead of the machine's",
            more: "",
            takes: &[],
            plan: |_| Ok(Plan::new(Ask::get(&CLOCK), Show::Facts)),
        },
        Verb {
            name: "freeze",
            about: "Let it stand",
            more: "",
            takes: &[&[value(
                "at",
                "TIME",
                "At this time: 2026-11-23T08:30:00Z; without it, where it is",
            )]],
            plan: |line| {
                let change = Object::default()
                    .put("mode", Some("frozen"))
                    .put("now", line.text("at"));
                Ok(working(Ask::put(&CLOCK, change)))
            },
        },
        Verb {
            name: "run",
            about: "Let it go on from where it stands",
            more: "",
            takes: &[&[switch("real", "From the machine's time")]],
            plan: |line| {
                let change = Object::default()
                    .put("mode", Some("running"))
                    .put("offset_s", line.is_set("real").then_some(0));
                Ok(working(Ask::put(&CLOCK, change)))
            },
        },
        Verb {
            name: "set",
            about: "Set it; forward, through all that becomes due meanwhile",
            more: "",
            takes: &[&[needed("TIME", "What it shows then: 2026-11-23T08:30:00Z")]],
            plan: |line| {
                let change = Object::default().put("now", line.text("TIME"));
                Ok(working(Ask::put(&CLOCK, change)))
            },
        },
        Verb {
            name: "advance",
            about: "Move it on, through all that becomes due meanwhile",
            more: "\
Examples:
  slapmaster ctl clock advance 3h
  slapmaster ctl clock advance --to 2027-01-01T00:00:00Z",
            takes: &[&[
                perhaps("TIME", "By so much: 90s, 3h, 2d"),
                value("to", "TIME", "To this time instead: 2026-11-23T08:30:00Z"),
            ]],
            plan: |line| {
                let by = line.text("TIME").map(seconds).transpose()?;
                let to = line.text("to");
                if by.is_some() == to.is_some() {
                    let reason = "either a time like 3h or --to was expected";
                    return Err(Failure::new(Failure::USAGE, reason));
                }
                let advance = Object::default().put("seconds", by).put("to", to);
                Ok(working(Ask::post(&["v1", "clock", "advance"], advance)))
            },
        },
    ],
};

/// `slapmaster ctl background`.
pub(super) const OF_BACKGROUND: Topic = Topic {
    name: "background",
    about: "What the world does by itself: allocation, cascades, simulated work",
    verbs: &[
        Verb {
            name: "show",
            about: "How it works, and when it does next",
            more: "",
            takes: &[],
            plan: |_| Ok(Plan::new(Ask::get(&BACKGROUND), Show::Facts)),
        },
        Verb {
            name: "mode",
            about: "Whether it works by itself (timer), or when it is told to (manual)",
            more: "",
            takes: &[&[needed("MODE", "timer or manual")]],
            plan: |line| {
                let change = Object::default().put("mode", line.text("MODE"));
                Ok(Plan::new(Ask::put(&BACKGROUND, change), Show::Facts))
            },
        },
        Verb {
            name: "allocation",
            about: "Whether instances that wait are allocated (running), or not (paused)",
            more: "",
            takes: &[&[needed("MODE", "running or paused")]],
            plan: |line| {
                let change = Object::default().put("allocation", line.text("MODE"));
                Ok(Plan::new(Ask::put(&BACKGROUND, change), Show::Facts))
            },
        },
        Verb {
            name: "round",
            about: "Run one round",
            more: "",
            takes: &[],
            plan: |_| {
                let path = ["v1", "background", "round"];
                Ok(working(Ask::post(&path, Object::default())))
            },
        },
        Verb {
            name: "settle",
            about: "Run rounds until one finds nothing to do",
            more: "Exit code 1 if there was still something to do after the last.",
            takes: &[&[
                value("most-rounds", "N", "At most so many: 100"),
                time(
                    "advance-up-to",
                    "Move the clock on to what is due, so far at most: 0s",
                ),
            ]],
            plan: |line| {
                let body = Object::default()
                    .put("most_rounds", line.number("most-rounds")?)
                    .put("advance_up_to_s", line.seconds("advance-up-to"));
                let ask = Ask::post(&["v1", "background", "settle"], body);
                Ok(Plan {
                    holds: Some("settled"),
                    ..working(ask)
                })
            },
        },
    ],
};

/// A plan whose answer comes when work is done.
fn working(ask: Ask) -> Plan {
    Plan {
        patience: patient(WORK_S),
        ..Plan::new(ask, Show::Facts)
    }
}

/// A time in seconds, with what is below one.
fn seconds(text: &str) -> Result<serde_json::Value, Failure> {
    let time = duration::parse(text)
        .map_err(|expected| Failure::new(Failure::USAGE, format!("`{text}`: {expected}")))?;
    Ok(if time.subsec_nanos() == 0 {
        time.as_secs().into()
    } else {
        time.as_secs_f64().into()
    })
}
