//! Fault rules: what they do to calls, in which dialect, on which socket; and how they are set.

mod control;
mod effects;
mod fixtures;
mod matching;
mod record;
mod sockets;

use serde_json::Value;
use slapmaster::{
    domain::call::{self, Dialect},
    front::{self, Route},
};

use crate::support::master::TestMaster;

const FAULTS: &str = "/_mock/v1/faults";

impl TestMaster {
    /// Sets a fault rule.
    async fn fault(&self, rule: &Value) {
        self.post_json(FAULTS, rule).await.expect(201);
    }

    /// How many calls a rule fitted, and how many it was applied to.
    async fn counts(&self, name: &str) -> (u64, u64) {
        let rule = self.read(&format!("{FAULTS}/{name}"), &[]).await;
        let rule = rule.expect(200).json();
        let count = |key: &str| rule[key].as_u64().unwrap();
        (count("matched"), count("applied"))
    }
}

#[test]
fn rules_know_every_call_by_its_name() {
    for (dialect, routes) in [
        (Dialect::Slap, front::slap::ROUTES),
        (Dialect::JsonRpc, front::json_rpc::ROUTES),
        (Dialect::Web, front::web::ROUTES),
        (Dialect::Hateoas, front::hateoas::ROUTES),
    ] {
        let mut expected: Vec<&str> = routes.iter().map(Route::name).collect();
        expected.dedup();
        assert_eq!(call::names(dialect), expected, "{dialect}");
    }
}
