//! Simulation in fixtures.

use slapmaster::fixture::Fixture;

#[test]
fn a_malformed_simulation_is_refused_where_it_stands() {
    for (text, expected) in [
        (
            "computers:\n- reference: COMP-1\n  simulate: helthy\n",
            "3:13: `simulate`: is `helthy`, perhaps `healthy` was meant",
        ),
        (
            "computers:\n- reference: COMP-1\n  simulate:\n    publish: {url: 'http://{ip}/'}\n",
            "4:20: `publish.url`: names `ip`, which is not known",
        ),
        (
            "computers:\n- reference: COMP-1\n  simulate:\n    rules: [{release: x, releas: y}]\n",
            "4:34: `rules[0].releas`: is not known here, perhaps `release` was meant",
        ),
    ] {
        let files = [("world.yaml".into(), text.to_owned())];
        let refused = Fixture::parse(&files).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}
