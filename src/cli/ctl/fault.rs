//! `slapmaster ctl fault`: rules by which calls go wrong.

use serde_json::Value;

use super::{
    super::Failure,
    ask::{Ask, Object, Plan, Show},
    declare::{
        Argument, Line, Topic, Verb, needed, number, perhaps, switch, time, value, values, word,
    },
    written,
};

const RULE: Argument = perhaps(
    "RULE",
    "The rule in YAML or JSON: the text itself, the name of a file, or - for standard input",
);
/// The keys of a rule that have a flag, for rules that are made in a hurry.
const FLAGS: &[Argument] = &[
    values(
        "call",
        "NAME",
        "For calls of this name; with a * at its end, of all that begin so; repeatable",
    ),
    word(
        "dialect",
        &["slap", "json-rpc", "web", "hateoas"],
        "For calls of this dialect",
    ),
    value("caller", "REF", "For calls by this caller"),
    word(
        "caller-kind",
        &["anonymous", "user", "computer", "instance"],
        "For calls by such a caller",
    ),
    value("computer", "REF", "For calls about this computer"),
    value("partition", "REF", "For calls about this partition"),
    value(
        "title",
        "TITLE",
        "For calls about the instance of this title",
    ),
    values("nth", "N", "For the nth of the calls that fit; repeatable"),
    value(
        "delay-ms",
        "MS",
        "Delay the answer; A-B for a delay between the two",
    ),
    value("status", "CODE", "Answer with this status"),
    values(
        "header",
        "NAME=VALUE",
        "Answer with this header; repeatable",
    ),
    value("body", "TEXT", "Answer with this body"),
    switch("not-ready", "Answer that it is not ready yet"),
    switch(
        "cold-cache",
        "Answer 503 to whoever asks for the first time",
    ),
    switch("drop", "End the connection without an answer"),
    value(
        "cut-after-bytes",
        "N",
        "End the connection within the answer",
    ),
    switch("stale", "Give the answer of before, once"),
    word(
        "when",
        &["before", "after"],
        "Before the call is carried out, or after",
    ),
    value("count", "N", "For so many calls"),
    value(
        "sequence",
        "WORDS",
        "What happens to its first call, its second and so on: fail,fail,pass",
    ),
    value("probability", "P", "For this part of the calls: 0.5"),
    value(
        "from",
        "TIME",
        "From this time of the world's clock: 2026-11-23T08:30:00Z",
    ),
    value("until", "TIME", "Until this time of the world's clock"),
    time("lifetime", "For so long by the world's clock"),
];

const MORE: &str = "\
The flags are for the common cases, and take the place of what the rule says. All keys are explained \
in docs/faults.md.

Examples:
  slapmaster ctl fault add --call requestComputerPartition --status 503 --count 2
  slapmaster ctl fault add '{match: {call: get*}, effect: {cold_cache: true}}'";

/// The topic.
pub(super) const TOPIC: Topic = Topic {
    name: "fault",
    about: "Rules by which calls go wrong",
    verbs: &[
        Verb {
            name: "list",
            about: "Every rule, in the order in which they are asked",
            more: "",
            takes: &[],
            plan: |_| {
                let columns = &[
                    ("name", "name"),
                    ("match", "match"),
                    ("effect", "effect"),
                    ("when", "when"),
                    ("count", "count"),
                    ("matched", "matched"),
                    ("applied", "applied"),
                ];
                let ask = Ask::get(&["v1", "faults"]);
                Ok(Plan::new(
                    ask,
                    Show::Table("faults", columns, "no rule is set"),
                ))
            },
        },
        Verb {
            name: "add",
            about: "Set a rule behind all others",
            more: MORE,
            takes: &[
                &[
                    RULE,
                    value("name", "NAME", "Its name, which no other may have"),
                ],
                FLAGS,
            ],
            plan: |line| {
                let rule = Object(rule(line)?).put("name", line.text("name"));
                Ok(Plan::new(Ask::post(&["v1", "faults"], rule), Show::Facts))
            },
        },
        Verb {
            name: "set",
            about: "Set the rule of this name, in the place of the one that has it",
            more: MORE,
            takes: &[&[needed("NAME", "Its name"), RULE], FLAGS],
            plan: |line| {
                let path = ["v1", "faults", line.needed("NAME")];
                Ok(Plan::new(Ask::put(&path, rule(line)?), Show::Facts))
            },
        },
        Verb {
            name: "show",
            about: "One rule, and how often it was applied",
            more: "",
            takes: &[&[needed("NAME", "Its name")]],
            plan: |line| {
                let path = ["v1", "faults", line.needed("NAME")];
                Ok(Plan::new(Ask::get(&path), Show::Facts))
            },
        },
        Verb {
            name: "remove",
            about: "Remove one rule",
            more: "",
            takes: &[&[needed("NAME", "Its name")]],
            plan: |line| {
                let path = ["v1", "faults", line.needed("NAME")];
                Ok(Plan::new(Ask::delete(&path), Show::Facts))
            },
        },
        Verb {
            name: "clear",
            about: "Remove every rule",
            more: "",
            takes: &[],
            plan: |_| Ok(Plan::new(Ask::delete(&["v1", "faults"]), Show::Facts)),
        },
    ],
};

/// The rule that was written, with what the flags say in it.
fn rule(line: Line<'_>) -> Result<serde_json::Map<String, Value>, Failure> {
    let mut rule = match line.text("RULE").map(written::value).transpose()? {
        None => serde_json::Map::new(),
        Some(Value::Object(rule)) => rule,
        Some(_) => {
            let reason = "RULE: is no rule; keys with their values were expected, as in \
                          `{effect: {status: 503}}`";
            return Err(Failure::new(Failure::USAGE, reason));
        }
    };
    merge(&mut rule, "match", matched(line)?)?;
    merge(&mut rule, "effect", effect(line)?)?;
    let sequence = line.text("sequence");
    let sequence = sequence.map(|words| words.split(',').map(str::trim).collect::<Vec<_>>());
    let others = Object::default()
        .put("when", line.text("when"))
        .put("count", line.number("count")?)
        .put("sequence", sequence)
        .put(
            "probability",
            line.text("probability").map(fraction).transpose()?,
        )
        .put("from", line.text("from"))
        .put("until", line.text("until"))
        .put("lifetime_s", line.seconds("lifetime"));
    rule.extend(others.0);
    Ok(rule)
}

/// Puts what the flags say into the object under a key of the rule.
fn merge(
    rule: &mut serde_json::Map<String, Value>,
    key: &str,
    flags: Object,
) -> Result<(), Failure> {
    if flags.0.is_empty() {
        return Ok(());
    }
    let there = rule.entry(key).or_insert_with(|| Object::default().into());
    let Value::Object(members) = there else {
        let reason = format!("RULE: `{key}` has no keys, which the flags could go with");
        return Err(Failure::new(Failure::USAGE, reason));
    };
    members.extend(flags.0);
    Ok(())
}

fn matched(line: Line<'_>) -> Result<Object, Failure> {
    let calls: Vec<&str> = line.texts("call").collect();
    let nth = line.texts("nth").map(|text| number("nth", text));
    let nth = nth.collect::<Result<Vec<u64>, _>>()?;
    let caller = Object::default()
        .put("kind", line.text("caller-kind"))
        .put("reference", line.text("caller"));
    Ok(Object::default()
        .put("call", (!calls.is_empty()).then_some(calls))
        .put("dialect", line.text("dialect"))
        .put_object("caller", caller)
        .put("computer", line.text("computer"))
        .put("partition", line.text("partition"))
        .put("title", line.text("title"))
        .put("nth", (!nth.is_empty()).then_some(nth)))
}

fn effect(line: Line<'_>) -> Result<Object, Failure> {
    let delay = match line.text("delay-ms") {
        None => None,
        Some(text) => Some(match text.split_once('-') {
            None => Value::from(number("delay-ms", text)?),
            Some((least, most)) => {
                vec![number("delay-ms", least)?, number("delay-ms", most)?].into()
            }
        }),
    };
    let mut headers = Object::default();
    for header in line.texts("header") {
        let (name, value) = written::pair("header", header)?;
        headers = headers.put(name, Some(value));
    }
    let flag = |name: &str| line.is_set(name).then_some(true);
    Ok(Object::default()
        .put("delay_ms", delay)
        .put("status", line.number("status")?)
        .put_object("headers", headers)
        .put("body", line.text("body"))
        .put("not_ready", flag("not-ready"))
        .put("cold_cache", flag("cold-cache"))
        .put("drop", flag("drop"))
        .put("cut_after_bytes", line.number("cut-after-bytes")?)
        .put("stale", flag("stale")))
}

fn fraction(text: &str) -> Result<f64, Failure> {
    text.parse().map_err(|_| {
        let reason = format!("--probability: `{text}` is no number, as 0.5 is");
        Failure::new(Failure::USAGE, reason)
    })
}

#[cfg(test)]
mod tests {
    use crate::fixture::KEYS;

    use super::*;

    #[test]
    fn every_key_of_a_rule_has_a_flag() {
        let flags: Vec<&str> = FLAGS.iter().map(|flag| flag.name).collect();
        for (_, keys) in KEYS.iter().filter(|(what, _)| OF_A_RULE.contains(what)) {
            for key in keys {
                let flag = match *key {
                    // The name stands in its place; these hold others.
                    "name" | "match" | "effect" | "record" => continue,
                    "headers" => "header".to_owned(),
                    "lifetime_s" => "lifetime".to_owned(),
                    "kind" => "caller-kind".to_owned(),
                    "reference" => "caller".to_owned(),
                    key => key.replace('_', "-"),
                };
                assert!(flags.contains(&flag.as_str()), "`{key}` has no flag");
            }
        }
    }

    const OF_A_RULE: [&str; 4] = [
        "fault rule",
        "match of a fault rule",
        "caller in a match",
        "effect of a fault rule",
    ];

    #[test]
    fn the_keys_of_rules_are_found_among_those_of_fixtures() {
        for what in OF_A_RULE {
            assert!(KEYS.iter().any(|(known, _)| *known == what), "{what}");
        }
    }
}
