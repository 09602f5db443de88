//! Computers as they are told.

use serde_json::{Value, json};

use crate::{
    domain::{given::Given, time::Timestamp},
    master::{SimulatedView, WorkView},
    mock::simulate::{Goal, Phase, Rules},
};

use super::super::render::{json_of, time};

/// A computer in the list.
pub(super) fn computer(view: &SimulatedView) -> Value {
    json!({
        "reference": view.reference.as_str(),
        "title": view.title,
        "partitions": view.partitions,
        "busy": view.busy,
        "status": view.status,
        "simulate": view.rules.as_deref().map(simulation),
    })
}

/// A computer with what it is at.
pub(super) fn one(view: &SimulatedView, at: Option<&WorkView>) -> Value {
    let mut value = computer(view);
    if let Value::Object(members) = &mut value {
        members.insert("work".to_owned(), at.map_or(Value::Null, work));
    }
    value
}

/// How a computer is simulated, always as an object.
pub(super) fn simulation(rules: &Rules) -> Value {
    if let Given::Text(profile) = rules.written() {
        return json!({ "profile": profile });
    }
    json_of(rules.written().clone())
}

fn work(at: &WorkView) -> Value {
    let when = |at: Option<Timestamp>| at.map_or(Value::Null, time);
    let failures: Vec<Value> = at
        .ordered
        .iter()
        .map(|ordered| {
            let mut value = json!({ "text": ordered.text, "left": ordered.left });
            if let Value::Object(members) = &mut value {
                let places = [
                    ("release", &ordered.release),
                    ("partition", &ordered.partition),
                ];
                for (key, place) in places {
                    if let Some(place) = place {
                        members.insert(key.to_owned(), place.as_str().into());
                    }
                }
            }
            value
        })
        .collect();
    let software: Vec<Value> = at
        .software
        .iter()
        .map(|one| {
            let (phase, goal, due) = state(one.work);
            json!({ "release": one.release.as_str(), "phase": phase, "goal": goal, "due": due })
        })
        .collect();
    let instances: Vec<Value> = at
        .instances
        .iter()
        .map(|one| {
            let (phase, goal, due) = state(one.work);
            json!({
                "partition": one.partition.as_str(),
                "title": one.title.as_str(),
                "wanted": one.wanted.as_str(),
                "phase": phase,
                "goal": goal,
                "due": due,
            })
        })
        .collect();
    json!({
        "software_held_at": when(at.software_held_at),
        "instances_held_at": when(at.instances_held_at),
        "failures": failures,
        "software": software,
        "instances": instances,
    })
}

fn state(work: Option<(Goal, Phase, Option<Timestamp>)>) -> (&'static str, Value, Value) {
    match work {
        None => (Phase::Idle.as_str(), Value::Null, Value::Null),
        Some((goal, phase, due)) => (
            phase.as_str(),
            goal.as_str().into(),
            due.map_or(Value::Null, time),
        ),
    }
}
