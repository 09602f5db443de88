//! What the calls about computers take and tell.

use axum::http::StatusCode;

use crate::{
    domain::state::{AllocationScope, CapacityScope, Subscription},
    mock::simulate::{MOST_COUNTED, MOST_PUBLISHED, MOST_RULES, Profile},
};

use super::super::openapi::{Answer, Body, Key, Kind, Operation, may, need};

/// How many computers one call makes there be.
pub(super) const MOST_SCALED: usize = 10_000;
/// How many partitions all of them have together.
pub(super) const MOST_SCALED_IN_ALL: usize = 100_000;
/// How many partitions a computer has that is made so.
pub(super) const MOST_SCALED_PARTITIONS: usize = 1_000;

const COUNT: Kind = Kind::Integer(0..=i64::MAX);
const COUNTED: Kind = Kind::Integer(1..=MOST_COUNTED.cast_signed());
const PROFILE: Kind = Kind::Word(&PROFILES);
const PROFILES: [&str; Profile::ALL.len()] = {
    let mut words = [""; Profile::ALL.len()];
    let mut place = 0;
    while place < words.len() {
        #[expect(clippy::indexing_slicing, reason = "the lists are equally long")]
        {
            words[place] = Profile::ALL[place].as_str();
        }
        place += 1;
    }
    words
};
/// A number of seconds, or the least and the most.
const SPREAD: Kind = Kind::Either(&[Kind::Seconds, Kind::Items(&Kind::Seconds, 2..=2)]);
const FAILURE: &[Key] = &[
    need("text", Kind::Text),
    may("count", COUNTED),
    may("probability", Kind::Fraction),
];
const BREAKDOWN: &[Key] = &[need("after_s", SPREAD), need("text", Kind::Text)];
const FAILS: Kind = Kind::Either(&[Kind::Object(FAILURE), Kind::Flag]);
const BREAKS: Kind = Kind::Either(&[Kind::Object(BREAKDOWN), Kind::Flag]);

/// The keys of a simulation, with others around them.
macro_rules! simulation_keys {
    ([$($before:expr),*] [$($behind:expr),*]) => {
        &[
            $($before,)*
            may("build_s", SPREAD),
            may("remove_s", SPREAD),
            may("start_s", SPREAD),
            may("stop_s", SPREAD),
            may("destroy_s", SPREAD),
            may("retry_s", SPREAD),
            may("needs_software", Kind::Flag),
            may("build_failure", FAILS),
            may("start_failure", FAILS),
            may("breakdown", BREAKS),
            may("publish", Kind::TextsOrNumbers(MOST_PUBLISHED)),
            may("publish_shared", Kind::TextsOrNumbers(MOST_PUBLISHED)),
            $($behind,)*
        ]
    };
}

const RULE: &[Key] = simulation_keys!([may("release", Kind::Text), may("type", Kind::Text)] []);
/// How a computer is simulated.
const SIMULATE_KEYS: &[Key] = simulation_keys!(
    [may("profile", PROFILE)][may("rules", Kind::Items(&Kind::Object(RULE), 0..=MOST_RULES))]
);
/// The same, or a profile alone.
const SIMULATED: Kind = Kind::Either(&[PROFILE, Kind::Object(SIMULATE_KEYS)]);

const ADDRESS: &[Key] = &[
    need("address", Kind::Text),
    may("netmask", Kind::Text),
    may("interface", Kind::Text),
    may("gateway", Kind::Text),
    may("network", Kind::Text),
];
const ROUTE: &[Key] = &[
    need("address", Kind::Text),
    need("netmask", Kind::Text),
    need("gateway", Kind::Text),
    need("network", Kind::Text),
];
const PARTITION: &[Key] = &[
    need("reference", Kind::Text),
    may("tap", Kind::Text),
    may(
        "addresses",
        Kind::Many(&Kind::Either(&[Kind::Text, Kind::Object(ADDRESS)])),
    ),
    may("route", Kind::Object(ROUTE)),
    may("capabilities", Kind::Texts),
];
const SOFTWARE: &[Key] = &[
    need("release", Kind::Text),
    may("state", Kind::Word(&["available", "destroyed"])),
    may(
        "reported",
        Kind::Either(&[
            Kind::Word(&["building", "available", "error", "none"]),
            Kind::Object(&[need("error", Kind::Text)]),
        ]),
    ),
];
const ALLOCATION_SCOPES: [&str; AllocationScope::ALL.len()] = words_of_allocation();
const fn words_of_allocation() -> [&'static str; AllocationScope::ALL.len()] {
    let mut words = [""; AllocationScope::ALL.len()];
    let mut place = 0;
    while place < words.len() {
        #[expect(clippy::indexing_slicing, reason = "the lists are equally long")]
        {
            words[place] = AllocationScope::ALL[place].as_str();
        }
        place += 1;
    }
    words
}
/// What a computer is made of, as in a fixture.
const MADE_OF: &[Key] = &[
    need("reference", Kind::Text),
    may("title", Kind::Text),
    may("project", Kind::Text),
    may("network", Kind::Text),
    may("categories", Kind::Scalars),
    may("allocation_scope", Kind::Word(&ALLOCATION_SCOPES)),
    may(
        "capacity_scope",
        Kind::Word(&[CapacityScope::Open.as_str(), CapacityScope::Close.as_str()]),
    ),
    may("capacity_quantity", COUNT),
    may(
        "subscription",
        Kind::Word(&[
            Subscription::Subscribed.as_str(),
            Subscription::NotSubscribed.as_str(),
            Subscription::NotPaid.as_str(),
        ]),
    ),
    may(
        "partitions",
        Kind::Either(&[
            Kind::Integer(0..=10_000),
            Kind::Many(&Kind::Object(PARTITION)),
        ]),
    ),
    may(
        "software",
        Kind::Many(&Kind::Either(&[Kind::Text, Kind::Object(SOFTWARE)])),
    ),
    may(
        "reported",
        Kind::Either(&[
            Kind::Word(&["contact", "bang", "none"]),
            Kind::Object(&[need("bang", Kind::Text)]),
        ]),
    ),
    may("simulate", SIMULATED),
];

/// What is told of a computer.
const SHOWN: &[Key] = &[
    need("reference", Kind::Text),
    need("title", Kind::Text),
    need("partitions", COUNT),
    need("busy", COUNT),
    need("status", Kind::Text),
    need(
        "simulate",
        Kind::Either(&[Kind::Object(SIMULATE_KEYS), Kind::Null]),
    ),
];
const PHASE: Kind = Kind::Word(&["idle", "working", "done", "failed"]);
const GOAL: Kind = Kind::Either(&[
    Kind::Word(&["available", "started", "stopped", "destroyed"]),
    Kind::Null,
]);
const ORDERED: &[Key] = &[
    may("release", Kind::Text),
    may("partition", Kind::Text),
    need("text", Kind::Text),
    need("left", COUNT),
];
const SOFTWARE_WORK: &[Key] = &[
    need("release", Kind::Text),
    need("phase", PHASE),
    need("goal", GOAL),
    need("due", Kind::TimeOrNull),
];
const INSTANCE_WORK: &[Key] = &[
    need("partition", Kind::Text),
    need("title", Kind::Text),
    need("wanted", Kind::Word(&["started", "stopped", "destroyed"])),
    need("phase", PHASE),
    need("goal", GOAL),
    need("due", Kind::TimeOrNull),
];
const WORK: &[Key] = &[
    need("software_held_at", Kind::TimeOrNull),
    need("instances_held_at", Kind::TimeOrNull),
    need("failures", Kind::List(ORDERED)),
    need("software", Kind::List(SOFTWARE_WORK)),
    need("instances", Kind::List(INSTANCE_WORK)),
];
const SHOWN_WORK: &[Key] = &[need(
    "work",
    Kind::Either(&[Kind::Object(WORK), Kind::Null]),
)];
const COMPUTER: Answer = Answer::Json(StatusCode::OK, &[SHOWN, SHOWN_WORK]);

/// What `hold` and `release` take.
pub(super) const HOLD_KEYS: &[Key] = &[may("what", Kind::Word(&["software", "instances"]))];
/// What `fail` takes.
pub(super) const FAIL_KEYS: &[Key] = &[
    may("release", Kind::Text),
    may("partition", Kind::Text),
    may("text", Kind::Text),
    may("count", COUNTED),
];
/// What `recover` takes.
pub(super) const RECOVER_KEYS: &[Key] = &[may("release", Kind::Text), may("partition", Kind::Text)];
/// What `scale` takes.
pub(super) const SCALE_KEYS: &[Key] = &[
    may("prefix", Kind::Text),
    need("count", Kind::Integer(0..=MOST_SCALED.cast_signed() as i64)),
    may(
        "partitions",
        Kind::Integer(1..=MOST_SCALED_PARTITIONS.cast_signed() as i64),
    ),
    may("simulate", SIMULATED),
];

const fn asked(summary: &'static str, keys: &'static [Key]) -> Operation {
    Operation {
        summary,
        query: &[],
        body: Body::Keys(keys),
        answer: COMPUTER,
    }
}

/// `GET /_mock/v1/computers`.
pub(in super::super) static LIST: Operation = Operation::read(
    "Every computer, in natural order",
    Answer::Json(StatusCode::OK, &[&[need("computers", Kind::List(SHOWN))]]),
);
/// `POST /_mock/v1/computers`.
pub(in super::super) static MAKE: Operation = Operation {
    summary: "Make a computer, of what a fixture makes one of",
    query: &[],
    body: Body::Keys(MADE_OF),
    answer: Answer::Json(StatusCode::CREATED, &[SHOWN, SHOWN_WORK]),
};
/// `GET /_mock/v1/computers/{reference}`.
pub(in super::super) static ONE: Operation = Operation::read(
    "One computer, and what it is at, if it is simulated",
    COMPUTER,
);
/// `GET /_mock/v1/computers/{reference}/simulate`.
pub(in super::super) static SIMULATION: Operation = Operation::read(
    "How a computer is simulated",
    Answer::Json(StatusCode::OK, &[SIMULATE_KEYS]),
);
/// `PUT /_mock/v1/computers/{reference}/simulate`.
pub(in super::super) static SIMULATE: Operation = Operation {
    summary: "Simulate a computer, or otherwise than before",
    query: &[],
    body: Body::Keys(SIMULATE_KEYS),
    answer: Answer::Json(StatusCode::OK, &[SIMULATE_KEYS]),
};
/// `DELETE /_mock/v1/computers/{reference}/simulate`.
pub(in super::super) static END: Operation = Operation::read(
    "Simulate a computer no more",
    Answer::Json(StatusCode::OK, &[&[need("removed", COUNT)]]),
);
/// `POST /_mock/v1/computers/{reference}/hold`.
pub(in super::super) static HOLD: Operation = asked(
    "Let what a simulated computer works on stand still",
    HOLD_KEYS,
);
/// `POST /_mock/v1/computers/{reference}/release`.
pub(in super::super) static RELEASE: Operation = asked(
    "Let what a simulated computer works on go on where it stood",
    HOLD_KEYS,
);
/// `POST /_mock/v1/computers/{reference}/fail`.
pub(in super::super) static FAIL: Operation = asked(
    "Let the next builds or starts of a simulated computer fail, or an instance that runs",
    FAIL_KEYS,
);
/// `POST /_mock/v1/computers/{reference}/recover`.
pub(in super::super) static RECOVER: Operation = asked(
    "Let what failed on a simulated computer be tried again at once, and succeed",
    RECOVER_KEYS,
);
/// `POST /_mock/v1/computers/scale`.
pub(in super::super) static SCALE: Operation = Operation {
    summary: "Let there be so many simulated computers: make more, or take some away",
    query: &[],
    body: Body::Keys(SCALE_KEYS),
    answer: Answer::Json(
        StatusCode::OK,
        &[&[
            need("made", COUNT),
            need("removed", COUNT),
            need("computers", COUNT),
        ]],
    ),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, mock::simulate};

    #[test]
    fn every_key_that_is_read_is_described() {
        let names = |keys: &[Key]| keys.iter().map(|key| key.name).collect::<Vec<_>>();
        assert_eq!(names(SIMULATE_KEYS), simulate::SIMULATE_KEYS);
        assert_eq!(names(RULE), simulate::SIMULATE_RULE_KEYS);
        assert_eq!(names(FAILURE), simulate::FAILURE_KEYS);
        assert_eq!(names(BREAKDOWN), simulate::BREAKDOWN_KEYS);
        let keys_of = |what: &str| {
            let found = fixture::KEYS.iter().find(|(known, _)| *known == what);
            let mut keys = found.unwrap().1.clone();
            // What another world kept is for fixtures alone.
            keys.retain(|key| *key != "record");
            keys
        };
        for (what, keys) in [
            ("computer", MADE_OF),
            ("partition", PARTITION),
            ("address", ADDRESS),
            ("route", ROUTE),
            ("software", SOFTWARE),
        ] {
            assert_eq!(names(keys), keys_of(what), "{what}");
        }
    }
}
