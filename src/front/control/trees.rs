//! Instance trees with all their instances: what is wanted, what was reported, and where it is.

use std::ops::RangeInclusive;

use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

use crate::{
    domain::{
        forest::{InstanceInTree, TreeFilter, TreeRecord},
        identifier::{InstanceReference, Title, TreeReference, UserReference},
        state::{InstanceKind, RequestedState, Subscription, Validation},
        status::AccessStatus,
        text::InvalidValue,
    },
    front::State,
    master::Master,
};

use super::{
    openapi::{Answer, Body, Key, Kind, Operation, may, need},
    problem::Problem,
    read::{self, Query},
    render::{self, time},
};

/// How many trees an answer has, unless it is told otherwise.
const LIMIT: usize = 100;
/// How many it may have.
const LIMITS: RangeInclusive<i64> = 1..=1000;
/// What can be wanted.
const STATES: [&str; 3] = [
    RequestedState::Started.as_str(),
    RequestedState::Stopped.as_str(),
    RequestedState::Destroyed.as_str(),
];
const STATE: Kind = Kind::Word(&STATES);
const KIND: Kind = Kind::Word(&[
    InstanceKind::Software.as_str(),
    InstanceKind::Shared.as_str(),
]);
/// What is told of an instance.
const INSTANCE: &[Key] = &[
    need("reference", Kind::Text),
    need("title", Kind::Text),
    need("kind", KIND),
    need("parent", Kind::TextOrNull),
    need("release", Kind::Text),
    need("software_type", Kind::Text),
    need("requested_state", STATE),
    need("reported_state", Kind::TextOrNull),
    need("reported", Kind::TextOrNull),
    need("reported_at", Kind::TimeOrNull),
    need("computer", Kind::TextOrNull),
    need("partition", Kind::TextOrNull),
    need("host", Kind::TextOrNull),
    need("waits_because", Kind::TextOrNull),
];
/// What is told of a tree.
const TREE: &[Key] = &[
    need("reference", Kind::Text),
    need("title", Kind::Text),
    need("state", STATE),
    need("owner", Kind::Text),
    need("project", Kind::Text),
    need("kind", KIND),
    need("release", Kind::Text),
    need("software_type", Kind::Text),
    need("archived", Kind::Flag),
    need(
        "subscription",
        Kind::Word(&[
            Subscription::Subscribed.as_str(),
            Subscription::NotSubscribed.as_str(),
            Subscription::NotPaid.as_str(),
        ]),
    ),
    need("created_at", Kind::Time),
    need("instances", Kind::List(INSTANCE)),
];

/// `GET /_mock/v1/trees`.
pub(super) static LIST: Operation = Operation {
    summary: "Instance trees with all their instances, oldest first",
    query: &[
        may("title", Kind::Text),
        may("state", STATE),
        may("owner", Kind::Text),
        may("after", Kind::Text),
        may("limit", Kind::Integer(LIMITS)),
    ],
    body: Body::None,
    answer: Answer::Json(
        StatusCode::OK,
        &[&[need("trees", Kind::List(TREE)), may("next", Kind::Text)]],
    ),
};

/// `GET /_mock/v1/trees?title=…&state=…&owner=…`: the trees that count or of which an instance is
/// still there, oldest first, each with all its live instances; `{"trees": […], "next": …}`.
///
/// At most `limit` (100) trees behind the one that `after` refers to; `next` is there when there
/// may be more, and is the `after` of the next call.
pub(super) async fn list(State(master): State<Master>, query: Query) -> Result<Response, Problem> {
    query.only(LIST.query)?;
    let filter = TreeFilter {
        title: query
            .text("title")?
            .map(|title| Title::parse("title", title))
            .transpose()?,
        state: query.text("state")?.map(state).transpose()?,
        owner: query
            .text("owner")?
            .map(|owner| UserReference::parse("owner", owner))
            .transpose()?,
    };
    let after = query
        .text("after")?
        .map(|after| TreeReference::parse("after", after))
        .transpose()?;
    let limit = query
        .integer_in("limit", &LIMITS)?
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(LIMIT);
    let found = master.forest(&filter, after.as_ref(), limit).await?;
    let trees: Vec<Value> = found.iter().map(tree).collect();
    let mut answer = json!({ "trees": trees });
    if let (Some(last), Value::Object(answer)) = (found.last(), &mut answer)
        && found.len() == limit
    {
        answer.insert("next".to_owned(), last.reference.as_str().into());
    }
    Ok(render::json(StatusCode::OK, &answer))
}

fn state(text: &str) -> Result<RequestedState, InvalidValue> {
    let word = read::word("state", text, &STATES)?;
    word.parse()
        .map_err(|_| InvalidValue::new("state", format!("is `{text}`, a state was expected")))
}

fn tree(tree: &TreeRecord) -> Value {
    let instances: Vec<Value> = tree.instances.iter().map(instance).collect();
    json!({
        "reference": tree.reference.as_str(),
        "title": tree.title.as_str(),
        "state": tree.state.as_str(),
        "owner": tree.owner.as_str(),
        "project": tree.project.as_str(),
        "kind": tree.kind.as_str(),
        "release": tree.release.as_str(),
        "software_type": tree.software_type.as_str(),
        "archived": tree.validation == Validation::Invalidated,
        "subscription": tree.subscription.as_str(),
        "created_at": time(tree.created_at),
        "instances": instances,
    })
}

fn instance(instance: &InstanceInTree) -> Value {
    let at = instance.at.as_ref();
    json!({
        "reference": instance.reference.as_str(),
        "title": instance.title.as_str(),
        "kind": instance.kind.as_str(),
        "parent": instance.parent.as_ref().map(InstanceReference::as_str),
        "release": instance.release.as_str(),
        "software_type": instance.software_type.as_str(),
        "requested_state": instance.state.as_str(),
        "reported_state": instance.reported_state(),
        "reported": instance.status.as_ref().map(AccessStatus::text),
        "reported_at": instance.status.as_ref().map(|status| time(status.created_at)),
        "computer": at.map(|at| at.computer.as_str()),
        "partition": at.map(|at| at.partition.as_str()),
        "host": instance.host.as_ref().map(InstanceReference::as_str),
        "waits_because": instance.waits_because,
    })
}
