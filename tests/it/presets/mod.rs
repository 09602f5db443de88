//! What each switch of the behaviour decides, value by value, where the decision is made
//! (`semantics.md` appendix C).
//!
//! [`TABLE`] says for each switch what each preset sets and what is to be observed under each of
//! its values; [`observe`] makes the observation in a world of the default preset with that one
//! switch set.

mod observe;

use std::collections::BTreeSet;

use slapmaster::domain::behaviour::{Behaviour, BehaviourError, Preset};

use crate::support::world::TestWorld;

/// A switch, its values under `default`, `real` and `slapproxy`, and what is observed under each.
struct Row(
    &'static str,
    [&'static str; 3],
    &'static [(&'static str, &'static str)],
);

/// The switches that decide what the model does.
const TABLE: &[Row] = &[
    Row(
        "request.project",
        ["default", "guess", "ignore"],
        &[
            (
                "default",
                "none: on COMP-1, unknown: not found, again: on COMP-1",
            ),
            (
                "guess",
                "none: not found, unknown: not found, again: not found",
            ),
            (
                "ignore",
                "none: on COMP-1, unknown: on COMP-1, again: on COMP-1",
            ),
        ],
    ),
    Row(
        "request.unknown_requester",
        ["refuse", "refuse", "proxy"],
        &[
            (
                "refuse",
                "free: unknown requester, unknown: unknown requester",
            ),
            ("proxy", "free: on COMP-1, unknown: on COMP-1"),
        ],
    ),
    Row(
        "format.unknown_computer",
        ["create", "refuse", "create"],
        &[("create", "done"), ("refuse", "not found")],
    ),
    Row(
        "format.missing",
        ["deactivate", "deactivate", "delete"],
        &[
            (
                "deactivate",
                "busy invalidated, inactive invalidated; started validated",
            ),
            ("delete", "; destroyed invalidated"),
        ],
    ),
    Row(
        "supply.unknown_computer",
        ["refuse", "refuse", "accept"],
        &[
            ("refuse", "not found, before: not found, after: 0"),
            ("accept", "done, before: not found, after: 1"),
        ],
    ),
    Row(
        "supply.unknown_release",
        ["nothing", "nothing", "list"],
        &[
            ("nothing", "nothing"),
            (
                "list",
                "destroyed https://sr.example.org/demo/software.cfg; once gone: 0 left",
            ),
        ],
    ),
    Row(
        "report.software_destroyed",
        ["checked", "checked", "always"],
        &[
            ("checked", "refused value, 1 left"),
            ("always", "done, 0 left"),
        ],
    ),
    Row(
        "allocation.moment",
        ["request", "round", "request"],
        &[
            (
                "request",
                "on COMP-1, a second later: on COMP-1, after a round: on COMP-1",
            ),
            (
                "round",
                "not ready, a second later: on COMP-1, after a round: on COMP-1",
            ),
            (
                "manual",
                "not ready, a second later: not ready, after a round: on COMP-1",
            ),
        ],
    ),
    Row(
        "allocation.nothing_free",
        ["not_ready", "not_ready", "not_found"],
        &[("not_ready", "not ready"), ("not_found", "nothing free")],
    ),
    Row(
        "allocation.stopped",
        ["on", "off", "on"],
        &[
            ("on", "on COMP-1"),
            ("off", "not ready, once started: on COMP-1"),
        ],
    ),
    Row(
        "allocation.require_supply",
        ["off", "on", "off"],
        &[
            ("off", "on COMP-1"),
            ("on", "not ready, once supplied: on COMP-1"),
        ],
    ),
    Row(
        "allocation.require_product",
        ["off", "off", "off"],
        &[
            ("off", "on COMP-1"),
            ("on", "not ready, once in a product: on COMP-1"),
        ],
    ),
    Row(
        "allocation.candidates",
        ["ordered", "random", "default_computer"],
        &[
            ("ordered", "in order from COMP-1"),
            ("random", "in another order"),
            ("default_computer", "in order from COMP-2"),
        ],
    ),
    Row(
        "allocation.sla",
        ["full", "full", "ignore"],
        &[
            (
                "full",
                "foo: not ready, capability: not ready, computer_guid: not ready",
            ),
            (
                "ignore",
                "foo: on COMP-1, capability: on COMP-1, computer_guid: not ready",
            ),
        ],
    ),
    Row(
        "allocation.interface_keys",
        ["record", "block", "record"],
        &[("record", "on COMP-1"), ("block", "not ready")],
    ),
    Row(
        "allocation.capacity_check",
        ["off", "on", "off"],
        &[
            ("off", "on COMP-1"),
            ("on", "not ready, once seen: on COMP-1"),
        ],
    ),
    Row(
        "shared.host",
        ["any", "any", "target_computer"],
        &[("any", "on COMP-1"), ("target_computer", "not ready")],
    ),
    Row(
        "shared.host_gone",
        ["keep", "keep", "end"],
        &[
            ("keep", "busy validated, front: validated"),
            (
                "end",
                "free validated, front: invalidated, asked for again: another",
            ),
        ],
    ),
    Row(
        "request.lock_release",
        ["off", "on", "off"],
        &[("off", "on COMP-1"), ("on", "broken rule")],
    ),
    Row(
        "request.state_none",
        ["started", "started", "keep"],
        &[
            ("started", "started, new: started"),
            ("keep", "stopped, new: started"),
        ],
    ),
    Row(
        "request.destroyed_answer",
        ["not_ready", "not_ready", "instance"],
        &[
            ("not_ready", "not ready, unknown: not ready"),
            ("instance", "on COMP-1, unknown: on COMP-1"),
        ],
    ),
    Row(
        "request.after_destroy",
        ["new", "new", "revive"],
        &[("new", "another"), ("revive", "the same")],
    ),
    Row(
        "cascade.stop",
        ["at_once", "round", "request"],
        &[
            (
                "at_once",
                "stopped, after rounds: stopped, after a request: stopped",
            ),
            (
                "round",
                "started, after rounds: stopped, after a request: stopped",
            ),
            (
                "request",
                "started, after rounds: started, after a request: stopped",
            ),
        ],
    ),
    Row(
        "cascade.destroy",
        ["at_once", "round", "report"],
        &[
            (
                "at_once",
                "destroyed, after rounds: destroyed, root's report: Taken",
            ),
            (
                "round",
                "started, after rounds: destroyed, root's report: Taken",
            ),
            (
                "report",
                "started, after rounds: started, root's report: ChildrenLeft([Title(\"b\")])",
            ),
        ],
    ),
    Row(
        "report.destroyed_frees",
        ["off", "off", "on"],
        &[("off", "busy validated"), ("on", "free validated")],
    ),
    Row(
        "rename.root",
        ["tree", "recreate", "tree"],
        &[("tree", "site: the same"), ("recreate", "web: another")],
    ),
    Row(
        "bang.instance",
        ["tree", "ancestors", "tree"],
        &[("tree", "web b c"), ("ancestors", "web b")],
    ),
    Row(
        "bang.computer",
        ["all", "one_per_tree", "none"],
        &[
            ("all", "web b c other"),
            ("one_per_tree", "web other"),
            ("none", ""),
        ],
    ),
    Row(
        "status.expiry",
        ["172800", "172800", "172800"],
        &[("172800", "known"), ("60", "forgotten")],
    ),
];

/// The switches that decide how a front answers: shown there, in `slap_calls`.
const OF_FRONTS: &[(&str, [&str; 3])] = &[
    ("shared.fake_frontend", ["off", "off", "on"]),
    ("guid.style", ["reference", "reference", "proxy"]),
    ("timestamp.format", ["micros", "micros", "float_text"]),
    ("errors", ["plain", "production", "plain"]),
    ("json_rpc.words", ["production", "production", "proxy"]),
    ("errors.unknown", ["plain", "production", "proxy"]),
    ("auth.revoked", ["status", "status", "status"]),
    ("auth.stale_window", ["60", "60", "60"]),
    ("hateoas.url", ["on", "on", "on"]),
    ("hateoas.states", ["slap", "slap", "plain"]),
    ("hateoas.token", ["issue", "gone", "issue"]),
];

#[tokio::test]
async fn every_value_of_every_switch_decides_what_it_says() {
    for Row(switch, _, values) in TABLE {
        for (value, expected) in *values {
            let setup = TestWorld::preset(Preset::Default).switch(switch, value);
            let found = observe::observe(switch, setup).await;
            assert_eq!(found, *expected, "{switch} at {value}");
        }
    }
}

#[test]
fn every_preset_sets_every_switch_as_the_table_of_differences_says() {
    let presets = [Preset::Default, Preset::Real, Preset::Slapproxy];
    for (place, preset) in presets.into_iter().enumerate() {
        let mut switches = Behaviour::preset(preset).switches();
        switches.sort();
        let of_model = TABLE.iter().map(|Row(switch, values, _)| (*switch, values));
        let of_fronts = OF_FRONTS.iter().map(|(switch, values)| (*switch, values));
        let mut expected: Vec<(&str, String)> = of_model
            .chain(of_fronts)
            .map(|(switch, values)| (switch, values[place].to_owned()))
            .collect();
        expected.sort();
        assert_eq!(switches, expected, "{preset}");
    }
}

#[test]
fn every_value_of_a_switch_is_observed() {
    for Row(switch, _, values) in TABLE {
        let refused = Behaviour::default().set(switch, "?").unwrap_err();
        let BehaviourError::UnknownValue { source, .. } = refused else {
            panic!("{refused}");
        };
        let observed: BTreeSet<&str> = values.iter().map(|(value, _)| *value).collect();
        if *switch != "status.expiry" {
            let expected = source.expected.iter().copied().collect();
            assert_eq!(observed, expected, "{switch}");
        }
    }
}

#[tokio::test]
async fn random_choice_is_the_same_for_the_same_seed() {
    let order = async |seed| {
        let setup = TestWorld::preset(Preset::Default)
            .switch("allocation.candidates", "random")
            .seed(seed);
        observe::order(&setup.start().await).await
    };
    let first = order(5).await;
    assert_eq!(order(5).await, first);
    assert_ne!(order(6).await, first);
}
