//! Which calls rules are applied to, as tables; and that they are the same for the same seed.

use proptest::prelude::*;

use super::*;
use crate::domain::{call::CallerKind, given::Given, text::InvalidValue};

const START: Timestamp = Timestamp::from_seconds(1_795_422_600);

/// `key: value` pairs, the values as they are written: numbers, `true`, lists, objects, texts.
fn given(text: &str) -> Given {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    of_json(value)
}

fn of_json(value: serde_json::Value) -> Given {
    use serde_json::Value;
    match value {
        Value::Null => Given::Nothing,
        Value::Bool(flag) => Given::Flag(flag),
        Value::Number(number) => number.as_i64().map_or_else(
            || Given::Float(number.as_f64().unwrap()),
            |whole| Given::Integer(whole.into()),
        ),
        Value::String(text) => Given::Text(text),
        Value::Array(items) => Given::List(items.into_iter().map(of_json).collect()),
        Value::Object(pairs) => {
            let pairs = pairs.into_iter();
            Given::Map(pairs.map(|(key, value)| (key, of_json(value))).collect())
        }
    }
}

fn written(text: &str) -> WrittenRule {
    WrittenRule::read(&given(text)).unwrap()
}

fn faults(rules: &[&str]) -> Faults {
    let faults = Faults::new(7);
    for rule in rules {
        faults.add(written(rule), START).unwrap();
    }
    faults
}

fn call() -> Call {
    Call {
        dialect: Dialect::Slap,
        name: "requestComputerPartition",
        caller_kind: CallerKind::User,
        caller_references: vec!["default-user".to_owned()],
        computer: Some("COMP-1".to_owned()),
        partition: Some("slappart0".to_owned()),
        title: Some("web".to_owned()),
        content: 1,
    }
}

/// The names of the rules that are applied to so many calls, one after the other; `-` for none.
fn applied(faults: &Faults, calls: usize) -> String {
    let names = (0..calls).map(|_| applied_to(faults, &call(), START));
    names.collect::<Vec<_>>().join(" ")
}

fn applied_to(faults: &Faults, call: &Call, now: Timestamp) -> String {
    let decision = faults.judge(call, now).decision;
    decision.map_or_else(|| "-".to_owned(), |decision| decision.rule.to_string())
}

#[test]
fn limits_say_to_which_calls_a_rule_is_applied() {
    let check = |limits: &str, expected: &str| {
        let rule = format!(r#"{{"name": "x", "effect": {{"status": 500}}, {limits}}}"#);
        assert_eq!(applied(&faults(&[&rule]), 6), expected, "{limits}");
    };
    check(r#""count": 2"#, "x x - - - -");
    check(r#""match": {"nth": 3}"#, "- - x - - -");
    check(r#""match": {"nth": [1, 4]}"#, "x - - x - -");
    check(r#""sequence": ["fail", "pass", "fail"]"#, "x - x - - -");
    check(
        r#""sequence": ["fail", "fail", "pass", "fail"], "count": 2"#,
        "x x - - - -",
    );
    check(
        r#""sequence": ["fail", "fail", "pass"], "match": {"nth": [2, 3, 4]}"#,
        "- x - - - -",
    );
    check(r#""probability": 0"#, "- - - - - -");
    check(r#""probability": 1"#, "x x x x x x");
    check(
        r#""probability": 1, "count": 1, "match": {"nth": [2, 5]}"#,
        "- x - - - -",
    );
}

#[test]
fn the_first_rule_that_is_due_is_applied_and_every_rule_that_fits_counts() {
    let rules = faults(&[
        r#"{"name": "a", "effect": {"status": 500}, "match": {"nth": 2}}"#,
        r#"{"name": "b", "effect": {"drop": true}, "sequence": ["fail", "fail", "fail"]}"#,
        r#"{"name": "c", "effect": {"drop": true}, "match": {"title": "db"}}"#,
        r#"{"name": "d", "effect": {"delay_ms": 1}, "match": {"nth": [2, 4]}}"#,
    ]);
    assert_eq!(applied(&rules, 5), "b a b d -");
    let counts = |faults: &Faults| {
        let all = faults.all(START).into_iter();
        all.map(|rule| (rule.matched, rule.applied))
            .collect::<Vec<_>>()
    };
    assert_eq!(counts(&rules), [(5, 1), (5, 2), (0, 0), (5, 1)]);
    // One that is set again begins anew, in its place.
    let again = written(r#"{"effect": {"status": 503}}"#);
    let name = RuleName::parse("a").unwrap();
    let standing = rules.put(name, again.rule, START).unwrap();
    assert_eq!(standing.matched, 0);
    assert_eq!(applied(&rules, 1), "a");
    assert_eq!(counts(&rules), [(1, 1), (6, 2), (0, 0), (6, 1)]);
}

#[test]
fn a_rule_is_for_the_calls_that_its_match_describes() {
    let check = |matching: &str, expected: bool| {
        let rule = format!(r#"{{"effect": {{"drop": true}}, "match": {matching}}}"#);
        let decision = faults(&[&rule]).judge(&call(), START).decision;
        assert_eq!(decision.is_some(), expected, "{matching}");
    };
    check("{}", true);
    check(r#"{"call": "requestComputerPartition"}"#, true);
    check(r#"{"call": "request*"}"#, true);
    check(r#"{"call": "*"}"#, true);
    check(r#"{"call": ["supplySupply", "request*"]}"#, true);
    check(r#"{"call": "requestComputer"}"#, false);
    check(r#"{"call": ["supplySupply", "get*"]}"#, false);
    check(r#"{"dialect": "slap"}"#, true);
    check(r#"{"dialect": "json-rpc"}"#, false);
    check(r#"{"caller": {"kind": "user"}}"#, true);
    check(
        r#"{"caller": {"kind": "user", "reference": "default-user"}}"#,
        true,
    );
    check(r#"{"caller": {"reference": "default-user"}}"#, true);
    check(r#"{"caller": {"kind": "computer"}}"#, false);
    check(
        r#"{"caller": {"kind": "user", "reference": "alice"}}"#,
        false,
    );
    check(
        r#"{"computer": "COMP-1", "partition": "slappart0", "title": "web"}"#,
        true,
    );
    check(r#"{"computer": "COMP-2"}"#, false);
    check(r#"{"partition": "slappart1"}"#, false);
    check(r#"{"computer": "COMP-1", "title": "db"}"#, false);
}

#[test]
fn a_window_and_a_lifetime_are_of_the_worlds_clock() {
    let rules = faults(&[
        r#"{"name": "w", "effect": {"drop": true}, "match": {"nth": [1, 2]},
            "from": "2026-11-23T08:31:00Z", "until": "2026-11-23T08:32:00Z"}"#,
        r#"{"name": "l", "effect": {"drop": true}, "lifetime_s": 200, "match": {"nth": [5]}}"#,
    ]);
    let at = |seconds: i64| applied_to(&rules, &call(), START.plus_micros(seconds * 1_000_000));
    // Calls outside the window are not counted.
    let found: Vec<_> = [0, 59, 60, 119, 120].map(at).into();
    assert_eq!(found, ["-", "-", "w", "w", "l"]);
    let end = START.plus_micros(200_000_000);
    assert_eq!(rules.all(end.plus_micros(-1)).len(), 2);
    assert_eq!(rules.all(end).len(), 1);
    assert!(!rules.is_empty());
    assert!(rules.remove("w", end));
    assert!(!rules.remove("w", end));
    assert!(rules.is_empty());
}

#[test]
fn a_cold_cache_is_cold_once_for_each_caller_and_thing() {
    let rules = faults(&[r#"{"name": "cold", "effect": {"cold_cache": true}}"#]);
    let of = |computer: &str, caller: &str| {
        let call = Call {
            computer: Some(computer.to_owned()),
            caller_references: vec![caller.to_owned()],
            ..call()
        };
        applied_to(&rules, &call, START)
    };
    assert_eq!(of("COMP-1", "a"), "cold");
    assert_eq!(of("COMP-1", "a"), "-");
    assert_eq!(of("COMP-2", "a"), "cold");
    assert_eq!(of("COMP-1", "b"), "cold");
    assert_eq!(of("COMP-2", "a"), "-");
    for computer in 0..MOST_COLD {
        of(&format!("COMP-{computer}"), "many");
    }
    let [rule] = rules.all(START).try_into().unwrap();
    assert_eq!(rule.warm.len(), MOST_COLD);
    assert_eq!(rule.applied, MOST_COLD as u64);
}

#[test]
fn a_stale_answer_is_the_one_before_the_change_once() {
    let rules = faults(&[
        r#"{"name": "s", "effect": {"stale": true}, "count": 2}"#,
        r#"{"name": "after", "effect": {"drop": true}, "match": {"nth": 100}}"#,
    ]);
    let ask = |body: &'static str| {
        let judgement = rules.judge(&call(), START);
        let stale = judgement.decision.map(|decision| decision.rule);
        if !judgement.is_remembered {
            return body.to_owned();
        }
        let told = Told {
            status: 200,
            headers: Vec::new(),
            body: bytes::Bytes::from_static(body.as_bytes()),
        };
        let before = rules.told(1, told, stale.as_ref(), START);
        let body = before.map_or(body.as_bytes().to_vec(), |before| before.body.to_vec());
        String::from_utf8(body).unwrap()
    };
    let answers = ["a", "a", "b", "b", "c", "d", "d"].map(ask);
    assert_eq!(answers, ["a", "a", "a", "b", "b", "d", "d"]);
    assert_eq!(rules.find("s", START).unwrap().applied, 2);
    assert_eq!(rules.find("s", START).unwrap().matched, 7);
}

#[test]
fn what_has_to_be_known_depends_on_the_rules_for_such_calls() {
    let rules = faults(&[
        r#"{"effect": {"drop": true}, "match": {"call": "get*", "title": "web"}}"#,
        r#"{"effect": {"drop": true}, "match": {"call": "getRunId", "caller": {"kind": "user"}}}"#,
        r#"{"effect": {"stale": true}, "match": {"dialect": "hateoas"}}"#,
    ]);
    let check = |dialect, name, expected| {
        assert_eq!(rules.interest(dialect, name, START), expected, "{name}");
    };
    let (none, yes) = (Interest::default(), true);
    check(Dialect::Slap, "supplySupply", None);
    let instance = Interest {
        instance: yes,
        ..none
    };
    check(Dialect::Slap, "getComputerStatus", Some(instance));
    check(
        Dialect::Slap,
        "getRunId",
        Some(Interest {
            caller: yes,
            ..instance
        }),
    );
    check(
        Dialect::Hateoas,
        "hateoas",
        Some(Interest {
            content: yes,
            ..none
        }),
    );
}

#[test]
fn what_was_kept_is_restored_whole() {
    let rules = faults(&[
        r#"{"name": "x", "effect": {"drop": true}, "count": 2}"#,
        r#"{"effect": {"delay_ms": 1}}"#,
    ]);
    assert_eq!(applied(&rules, 1), "x");
    let kept = rules.state(START);
    assert_eq!(applied(&rules, 3), "x fault-1 fault-1");
    assert_eq!(rules.clear(START), 2);
    assert!(rules.is_empty());
    rules.restore(&kept);
    assert_eq!(applied(&rules, 3), "x fault-1 fault-1");
    rules.restore(&FaultsState::default());
    assert!(rules.is_empty());
}

#[test]
fn rules_are_bounded_and_have_names_of_their_own() {
    let rules = faults(&[r#"{"name": "fault-2", "effect": {"drop": true}}"#]);
    let rule = written(r#"{"effect": {"drop": true}}"#);
    let taken = written(r#"{"name": "fault-2", "effect": {"drop": true}}"#);
    assert_eq!(rules.add(taken, START).unwrap_err(), SetError::NameTaken);
    for expected in ["fault-1", "fault-3"] {
        let standing = rules.add(rule.clone(), START).unwrap();
        assert_eq!(standing.name.as_str(), expected);
    }
    let unnamed = rule.clone();
    let later = written(r#"{"name": "fault-1", "effect": {"drop": true}}"#);
    let others = Faults::new(7);
    others
        .replace(&[unnamed.into(), later.clone().into()], 0, START)
        .unwrap();
    let names: Vec<_> = others
        .all(START)
        .into_iter()
        .map(|rule| rule.name.to_string())
        .collect();
    assert_eq!(names, ["fault-2", "fault-1"]);
    let twice = others.replace(&[later.clone().into(), later.into()], 0, START);
    assert_eq!(twice, Err(SetError::NameTaken));
    assert_eq!(others.all(START).len(), 2, "nothing was changed");
    while rules.all(START).len() < MOST_RULES {
        rules.add(rule.clone(), START).unwrap();
    }
    assert_eq!(
        rules.add(rule.clone(), START).unwrap_err(),
        SetError::TooMany
    );
    let other = RuleName::parse("other").unwrap();
    let refused = rules.put(other, rule.rule, START).unwrap_err();
    assert_eq!(refused, SetError::TooMany);
}

#[test]
fn a_malformed_rule_is_refused_at_its_place() {
    let check = |text: &str, expected: &str| {
        let refused = WrittenRule::read(&given(text)).unwrap_err();
        assert_eq!(refused.to_string(), expected, "{text}");
        assert_eq!(InvalidValue::from(refused).to_string(), expected);
    };
    let effect = |effect: &str| format!(r#"{{"effect": {effect}}}"#);
    let matching = |of: &str| format!(r#"{{"effect": {{"drop": true}}, "match": {of}}}"#);
    let rule = |rest: &str| format!(r#"{{"effect": {{"drop": true}}, {rest}}}"#);
    check("7", "`rule`: is the number `7`, an object was expected");
    check(
        "{}",
        "`effect`: is missing, what the rule does was expected",
    );
    check(
        &rule(r#""matches": {}"#),
        "`matches`: is not known here, perhaps `match` was meant; expected were: `name`, `match`, \
         `effect`, `when`, `count`, `sequence`, `probability`, `from`, `until`, `lifetime_s`",
    );
    check(
        &matching(r#"{"call": "requestComputerPartitio"}"#),
        "`match.call`: is `requestComputerPartitio`, which is no call, perhaps \
         `requestComputerPartition` was meant; the name of a call was expected, or its beginning \
         and `*`",
    );
    check(
        &matching(r#"{"call": ["getRunId", "x*"]}"#),
        "`match.call[1]`: is `x*`, which is no call; the name of a call was expected, or its \
         beginning and `*`",
    );
    check(
        &matching(r#"{"call": "getRunId", "dialect": "web"}"#),
        "`match.call`: is `getRunId`, which is no call of the dialect `web`; the name of a call \
         was expected, or its beginning and `*`",
    );
    check(
        &matching(r#"{"call": []}"#),
        "`match.call`: has 0 items, 1 to 1000 were expected",
    );
    check(
        &matching(r#"{"dialect": "slapp"}"#),
        "`match.dialect`: is `slapp`, perhaps `slap` was meant; one of `slap`, `json-rpc`, `web`, \
         `hateoas` was expected",
    );
    check(
        &matching(r#"{"caller": "alice"}"#),
        "`match.caller`: is a text, an object was expected",
    );
    check(
        &matching(r#"{"caller": {}}"#),
        "`match.caller`: says nothing, `kind` or `reference` was expected",
    );
    check(
        &matching(r#"{"nth": 0}"#),
        "`match.nth`: is the number `0`, a whole number from 1 to 1000000000 was expected",
    );
    check(
        &matching(r#"{"title": ""}"#),
        "`match.title`: is empty, a text was expected",
    );
    check(
        &effect("{}"),
        "`effect`: does nothing, `delay_ms` or one of `status`, `not_ready`, `cold_cache`, \
         `drop`, `cut_after_bytes`, `stale` was expected",
    );
    check(
        &effect(r#"{"drop": false}"#),
        "`effect`: does nothing, `delay_ms` or one of `status`, `not_ready`, `cold_cache`, \
         `drop`, `cut_after_bytes`, `stale` was expected",
    );
    check(
        &effect(r#"{"drop": true, "status": 500}"#),
        "`effect.drop`: is there beside `status`, one was expected",
    );
    check(
        &effect(r#"{"drop": "yes"}"#),
        "`effect.drop`: is a text, `true` or `false` was expected",
    );
    check(
        &effect(r#"{"delay_ms": 600001}"#),
        "`effect.delay_ms`: is the number `600001`, a whole number from 0 to 600000 was expected",
    );
    let range = "is no range, a number of milliseconds or a list of the least and the most was \
                 expected";
    for wrong in ["[2, 1]", "[1]", "[1, 2, 3]", "[]"] {
        let text = effect(&format!(r#"{{"delay_ms": {wrong}}}"#));
        check(&text, &format!("`effect.delay_ms`: {range}"));
    }
    check(
        &effect(r#"{"status": 199}"#),
        "`effect.status`: is the number `199`, a whole number from 200 to 599 was expected",
    );
    check(
        &effect(r#"{"drop": true, "body": "x"}"#),
        "`effect.body`: is there without `status`, both were expected",
    );
    check(
        &effect(r#"{"status": 500, "headers": {"Content-Length": "1"}}"#),
        "`effect.headers.Content-Length`: cannot be set: it says where an answer ends, or which \
         it is",
    );
    check(
        &effect(r#"{"status": 500, "headers": {"X-A": "a\nb"}}"#),
        "`effect.headers.X-A`: is no value of a header, at most 4096 printable ASCII characters \
         were expected",
    );
    check(
        &effect(r#"{"status": 500, "headers": {"X A": "a"}}"#),
        "`effect.headers.X A`: is no name of a header",
    );
    check(
        &effect(&format!(
            r#"{{"status": 500, "body": "{}"}}"#,
            "x".repeat(32769)
        )),
        "`effect.body`: has 32769 bytes, at most 32768 were expected",
    );
    check(
        &effect(r#"{"cut_after_bytes": -1}"#),
        "`effect.cut_after_bytes`: is the number `-1`, a whole number from 0 to 1073741824 was \
         expected",
    );
    check(
        r#"{"effect": {"stale": true}, "when": "before"}"#,
        "`when`: is `before`, `after` was expected: the effect is made of the call's own answer",
    );
    check(
        &rule(r#""when": "later""#),
        "`when`: is `later`, perhaps `after` was meant; one of `before`, `after` was expected",
    );
    check(
        &rule(r#""probability": 1.1"#),
        "`probability`: is the number `1.1`, a number from 0 to 1 was expected",
    );
    check(
        &rule(r#""sequence": ["fail", "faild"]"#),
        "`sequence[1]`: is `faild`, perhaps `fail` was meant; one of `fail`, `pass` was expected",
    );
    check(
        &rule(r#""from": "today""#),
        "`from`: is no time, one as `2026-11-23T08:30:00Z` was expected",
    );
    check(
        &rule(r#""from": "2026-11-23T08:30:00Z", "until": "2026-11-23T08:30:00Z""#),
        "`until`: is not after `from`, a later time was expected",
    );
    check(
        &rule(r#""name": "a b""#),
        "`name`: is no name: 1 to 100 letters, digits, `.`, `_` and `-` were expected",
    );
}

#[test]
fn what_is_drawn_is_spread_over_its_range() {
    let rules =
        faults(&[r#"{"name": "x", "effect": {"delay_ms": [10, 29]}, "probability": 0.25}"#]);
    let mut delays = std::collections::BTreeMap::new();
    for _ in 0..4000 {
        if let Some(decision) = rules.judge(&call(), START).decision {
            *delays.entry(decision.delay.as_millis()).or_insert(0) += 1;
        }
    }
    let applied = rules.find("x", START).unwrap().applied;
    assert!((900..1100).contains(&applied), "{applied}");
    assert_eq!(delays.len(), 20);
    assert_eq!(
        (delays.keys().min(), delays.keys().max()),
        (Some(&10), Some(&29))
    );
    let (least, most) = (delays.values().min(), delays.values().max());
    assert!(least > Some(&25) && most < Some(&85), "{least:?} {most:?}");
}

/// Any rule that can be written, but for texts, which are a few.
fn any_rule() -> impl Strategy<Value = Rule> {
    let text = || proptest::option::of("[ab]".prop_map(String::from));
    let calls = proptest::collection::vec(
        proptest::sample::select(vec![("requestComputerPartition", false), ("get", true)]),
        0..3,
    );
    let caller = proptest::option::of((
        proptest::option::of(proptest::sample::select(CallerKind::ALL)),
        "[ab]",
    ));
    let matching = (
        calls,
        caller,
        text(),
        text(),
        text(),
        proptest::collection::vec(1..9_u64, 0..3),
    );
    let matching = matching.prop_map(|(calls, caller, computer, partition, title, nth)| Match {
        calls: calls
            .into_iter()
            .map(|(name, is_beginning)| CallPattern {
                name: name.to_owned(),
                is_beginning,
            })
            .collect(),
        dialect: None,
        caller: caller.map(|(kind, reference)| CallerMatch {
            kind,
            reference: Some(reference),
        }),
        computer,
        partition,
        title,
        nth,
    });
    let answer = prop_oneof![
        Just(Replacement::NotReady),
        Just(Replacement::ColdCache),
        Just(Replacement::Drop),
        Just(Replacement::Stale),
        (0..99_u64).prop_map(|after_bytes| Replacement::Cut { after_bytes }),
        (
            200..600_u16,
            text(),
            proptest::collection::vec("[a-z ]{0,3}", 0..2)
        )
            .prop_map(|(status, body, headers)| Replacement::Status {
                status,
                headers: (0..)
                    .zip(headers)
                    .map(|(number, value)| (format!("x-{number}"), value))
                    .collect(),
                body,
            }),
    ];
    let delay = (0..600_u64, 0..600_u64).prop_map(|(least, more)| least..=least + more);
    let effect = (delay, proptest::option::of(answer)).prop_map(|(delay, answer)| Effect {
        delay_ms: Some(delay),
        answer,
    });
    let limits = (
        proptest::option::of(1..9_u64),
        proptest::option::of(proptest::collection::vec(
            proptest::sample::select(Turn::ALL),
            1..5,
        )),
        proptest::option::of(0.0..1.0),
        proptest::option::of((0..999_i64).prop_map(Timestamp::from_seconds)),
        proptest::option::of((1000..9999_i64).prop_map(Timestamp::from_seconds)),
        proptest::option::of(1..999_u64),
    );
    (matching, effect, limits, any::<bool>()).prop_map(
        |(matching, effect, (count, sequence, probability, from, until, lifetime_s), after)| Rule {
            when: if after
                || effect
                    .answer
                    .as_ref()
                    .is_some_and(Replacement::needs_answer)
            {
                When::After
            } else {
                When::Before
            },
            matching,
            effect,
            count,
            sequence,
            probability,
            from,
            until,
            lifetime_s,
        },
    )
}

proptest! {
    #[test]
    fn a_rule_is_read_as_it_was_written(rule in any_rule()) {
        let name = RuleName::parse("some.rule_1").unwrap();
        let written = WrittenRule::read(&rule.written(&name)).unwrap();
        prop_assert_eq!(written, WrittenRule { name: Some(name), rule });
    }

    #[test]
    fn the_same_seed_and_calls_give_the_same_faults(
        seed in any::<u64>(),
        rules in proptest::collection::vec(any_rule(), 1..5),
        calls in proptest::collection::vec(("[ab]", "[ab]", 0..3_i64), 1..40),
        other in any_rule(),
    ) {
        let run = |faults: &Faults| {
            let mut now = Timestamp::from_seconds(0);
            calls.iter().map(|(computer, title, seconds)| {
                now = now.plus_micros(seconds * 300_000_000);
                let call = Call {
                    computer: Some(computer.clone()),
                    title: Some(title.clone()),
                    ..call()
                };
                faults.judge(&call, now).decision
            }).collect::<Vec<_>>()
        };
        let set = |faults: &Faults, rules: &[Rule]| {
            for (number, rule) in rules.iter().enumerate() {
                let name = RuleName::parse(&format!("r{number}")).unwrap();
                faults.put(name, rule.clone(), Timestamp::from_seconds(0)).unwrap();
            }
        };
        let (one, two) = (Faults::new(seed), Faults::new(seed));
        set(&one, &rules);
        set(&two, &rules);
        let kept = one.state(Timestamp::from_seconds(0));
        let decisions = run(&one);
        prop_assert_eq!(&decisions, &run(&two));
        one.restore(&kept);
        prop_assert_eq!(&decisions, &run(&one));
        // A rule behind the others changes nothing but what they let pass.
        let three = Faults::new(seed);
        set(&three, &rules);
        let last = RuleName::parse("last").unwrap();
        three.put(last, other, Timestamp::from_seconds(0)).unwrap();
        for (without, with) in decisions.iter().zip(run(&three)) {
            prop_assert!(without.is_none() || *without == with);
        }
    }
}
