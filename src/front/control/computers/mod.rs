//! Computers: what there is, and those that the mock master plays itself.
//!
//! `shape.rs` says what is taken and told, for the description of this surface and for who reads.

mod shape;
mod shown;

use axum::{
    extract::{Path, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use serde_json::{Value, json};

use crate::{
    domain::{
        computer::Occupied,
        given::{Given, Read, Reading, WrongValue},
        identifier::{ComputerReference, PartitionReference, SoftwareReleaseUri},
        text::InvalidValue,
    },
    fixture,
    front::State,
    master::{FailureOrder, Master, MasterError, Missing, Scale, Scaled, Turn, WhatFailed},
    mock::simulate::{MOST_COUNTED, MOST_ORDERED, MOST_TEXT_BYTES, Part, Rules},
};

pub(super) use self::shape::{
    END, FAIL, HOLD, LIST, MAKE, ONE, RECOVER, RELEASE, SCALE, SIMULATE, SIMULATION,
};
use self::{
    shape::{
        FAIL_KEYS, HOLD_KEYS, MOST_SCALED, MOST_SCALED_IN_ALL, MOST_SCALED_PARTITIONS,
        RECOVER_KEYS, SCALE_KEYS,
    },
    shown::{computer, one as shown_one, simulation as shown_simulation},
};
use super::{
    problem::Problem,
    read::{Json, Query},
    render,
};

/// The computer in the path.
type Named = Result<Path<String>, PathRejection>;

fn reference(named: Named) -> Result<ComputerReference, InvalidValue> {
    let Path(text) = named.map_err(|_| InvalidValue::new("reference", "is not UTF-8"))?;
    ComputerReference::parse("reference", &text)
}

/// `GET /_mock/v1/computers`: every computer, in natural order; `{"computers": […]}`.
pub(super) async fn list(State(master): State<Master>, query: Query) -> Result<Response, Problem> {
    query.only(LIST.query)?;
    let found = master.listed_computers().await?;
    let computers: Vec<Value> = found.iter().map(computer).collect();
    let answer = json!({ "computers": computers });
    Ok(render::json(StatusCode::OK, &answer))
}

/// `POST /_mock/v1/computers` with what a fixture says of a computer: 201 and the computer.
///
/// A reference that another computer has, or a project that is not there: 409.
pub(super) async fn make(
    State(master): State<Master>,
    Json(given): Json,
) -> Result<Response, Problem> {
    let seed = fixture::seed_of_computer(&given, master.computer_count().await?)?;
    let made = seed
        .computers
        .iter()
        .map(|made| made.format.reference.clone());
    let made: Vec<ComputerReference> = made.collect();
    master.seed(seed).await?;
    match made.first() {
        Some(reference) => answer(&master, StatusCode::CREATED, reference).await,
        None => Err(InvalidValue::new("computer", "is missing").into()),
    }
}

/// `GET /_mock/v1/computers/{reference}`: one computer, and what it is at, if it is simulated.
/// Unknown: 404.
pub(super) async fn one(State(master): State<Master>, named: Named) -> Result<Response, Problem> {
    answer(&master, StatusCode::OK, &reference(named)?).await
}

/// `GET /_mock/v1/computers/{reference}/simulate`: how it is simulated. Unknown: 404; not simulated:
/// 409, as in all that follows.
pub(super) async fn simulation(
    State(master): State<Master>,
    named: Named,
) -> Result<Response, Problem> {
    let reference = reference(named)?;
    let (view, _) = master.listed_computer(&reference).await?;
    let rules = view.rules.ok_or_else(|| not_simulated(reference))?;
    Ok(render::json(StatusCode::OK, &shown_simulation(&rules)))
}

/// `PUT /_mock/v1/computers/{reference}/simulate` with how it is simulated from now on: the same.
/// Unknown: 404.
pub(super) async fn simulate(
    State(master): State<Master>,
    named: Named,
    Json(given): Json,
) -> Result<Response, Problem> {
    let reference = reference(named)?;
    let rules = Rules::read(&given)?;
    let shown = shown_simulation(&rules);
    master.simulate(reference, rules).await?;
    Ok(render::json(StatusCode::OK, &shown))
}

/// `DELETE /_mock/v1/computers/{reference}/simulate`: `{"removed": 1}`. Unknown: 404.
pub(super) async fn end(State(master): State<Master>, named: Named) -> Result<Response, Problem> {
    let reference = reference(named)?;
    if !master.end_simulation(reference.clone()).await? {
        return Err(not_simulated(reference));
    }
    Ok(render::json(StatusCode::OK, &json!({ "removed": 1 })))
}

/// `POST /_mock/v1/computers/{reference}/hold` with `{}` or `{"what": "software"|"instances"}`:
/// the computer. Unknown: 404.
pub(super) async fn hold(
    State(master): State<Master>,
    named: Named,
    Json(given): Json,
) -> Result<Response, Problem> {
    turn(&master, Turn::Hold, named, &given).await
}

/// `POST /_mock/v1/computers/{reference}/release`, as `hold`: what stood still goes on.
pub(super) async fn release(
    State(master): State<Master>,
    named: Named,
    Json(given): Json,
) -> Result<Response, Problem> {
    turn(&master, Turn::Release, named, &given).await
}

async fn turn(
    master: &Master,
    turn: Turn,
    named: Named,
    given: &Given,
) -> Result<Response, Problem> {
    let reference = reference(named)?;
    master.turn(reference.clone(), turn, parts(given)?).await?;
    answer(master, StatusCode::OK, &reference).await
}

/// `POST /_mock/v1/computers/{reference}/fail` with `{"release" or "partition", "text", "count"}`,
/// all of which may be left out: the computer.
///
/// Unknown, or no such partition: 404. One failure too many that has not come
/// yet: 409.
pub(super) async fn fail(
    State(master): State<Master>,
    named: Named,
    Json(given): Json,
) -> Result<Response, Problem> {
    let reference = reference(named)?;
    let whole = Reading::of("body", &given);
    only(&whole, FAIL_KEYS)?;
    let text = whole.get("text").map(|given| {
        let text = given.short_text(MOST_TEXT_BYTES)?;
        crate::domain::text::check_legal("text", text)
            .map_err(|invalid| given.refused(invalid.reason))?;
        Ok::<_, WrongValue>(text.to_owned())
    });
    let count = whole
        .get("count")
        .map(|given| given.integer(1..=MOST_COUNTED));
    let order = FailureOrder {
        of: what_fails(&whole)?,
        text: text
            .transpose()?
            .unwrap_or_else(|| "simulated: it was ordered to fail".to_owned()),
        count: count.transpose()?.unwrap_or(1),
    };
    if !master.order_failure(reference.clone(), order).await? {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            format!(
                "{MOST_ORDERED} failures of computer `{reference}` have not come yet, which is \
                 the most: let it recover first."
            ),
        ));
    }
    answer(&master, StatusCode::OK, &reference).await
}

/// `POST /_mock/v1/computers/{reference}/recover` with `{}`, or with `release` or `partition`:
/// the computer. Unknown: 404.
pub(super) async fn recover(
    State(master): State<Master>,
    named: Named,
    Json(given): Json,
) -> Result<Response, Problem> {
    let reference = reference(named)?;
    let whole = Reading::of("body", &given);
    only(&whole, RECOVER_KEYS)?;
    master
        .recover(reference.clone(), what_fails(&whole)?)
        .await?;
    answer(&master, StatusCode::OK, &reference).await
}

/// `POST /_mock/v1/computers/scale` with `{"prefix", "count", "partitions", "simulate"}`, of which
/// `count` alone is needed: `{"made": 3, "removed": 0, "computers": 5}`.
///
/// An instance on one that would have to be taken away: 409, and nothing is changed.
pub(super) async fn scale(
    State(master): State<Master>,
    Json(given): Json,
) -> Result<Response, Problem> {
    let scale = read_scale(&given)?;
    let count = scale.count;
    match master.scale(scale).await? {
        Scaled::Done { made, removed } => {
            let answer = json!({ "made": made, "removed": removed, "computers": count });
            Ok(render::json(StatusCode::OK, &answer))
        }
        Scaled::Occupied(occupied) => Err(still_there(&occupied)),
    }
}

/// How many instances a refusal names.
const MOST_NAMED: usize = 5;

fn still_there(occupied: &[Occupied]) -> Problem {
    let mut named: Vec<String> = occupied
        .iter()
        .take(MOST_NAMED)
        .map(|one| {
            let (computer, partition) = (&one.at.computer, &one.at.partition);
            let (title, guid) = (&one.title, &one.instance);
            format!("computer `{computer}` has instance `{title}` ({guid}) on `{partition}`")
        })
        .collect();
    if let Some(more) = occupied.len().checked_sub(MOST_NAMED + 1) {
        named.push(format!("{} more", more + 1));
    }
    Problem::new(
        StatusCode::CONFLICT,
        format!(
            "Nothing was taken away: {}. Have them destroyed first, or keep more computers.",
            named.join(", ")
        ),
    )
}

fn read_scale(given: &Given) -> Result<Scale, Problem> {
    let whole = Reading::of("body", given);
    only(&whole, SCALE_KEYS)?;
    let prefix = match whole.get("prefix") {
        None => "SIM-",
        Some(given) => {
            let text = given.short_text(100)?;
            ComputerReference::parse("prefix", text)?;
            text
        }
    };
    let number = |given: Reading<'_>, least: u64, most: usize| -> Read<usize> {
        let number = given.integer(least..=most as u64)?;
        Ok(usize::try_from(number).unwrap_or(most))
    };
    let count = whole.need("count", "how many there shall be")?;
    let count = number(count, 0, MOST_SCALED)?;
    let partitions = whole
        .get("partitions")
        .map(|given| number(given, 1, MOST_SCALED_PARTITIONS));
    let partitions = partitions.transpose()?.unwrap_or(10);
    if count.saturating_mul(partitions) > MOST_SCALED_IN_ALL {
        let reason = format!(
            "of {count} computers with {partitions} partitions each is too much, \
             {MOST_SCALED_IN_ALL} partitions in all were expected at most"
        );
        return Err(InvalidValue::new("count", reason).into());
    }
    let rules = whole
        .get("simulate")
        .map(|given| Rules::read_part(&given))
        .transpose()?;
    Ok(Scale {
        prefix: prefix.to_owned(),
        count,
        partitions,
        rules,
    })
}

/// Refuses keys that are not among those that are described.
fn only(whole: &Reading<'_>, keys: &[super::openapi::Key]) -> Read<()> {
    let names: Vec<&'static str> = keys.iter().map(|key| key.name).collect();
    whole.only(&names)
}

fn parts(given: &Given) -> Result<Vec<Part>, InvalidValue> {
    let whole = Reading::of("body", given);
    only(&whole, HOLD_KEYS)?;
    let Some(what) = whole.get("what") else {
        return Ok(vec![Part::Software, Part::Instances]);
    };
    match what.text()? {
        "software" => Ok(vec![Part::Software]),
        "instances" => Ok(vec![Part::Instances]),
        other => {
            let reason = format!("is `{other}`; one of `software`, `instances` was expected");
            Err(what.refused(reason).into())
        }
    }
}

fn what_fails(whole: &Reading<'_>) -> Result<WhatFailed, InvalidValue> {
    match (whole.get("release"), whole.get("partition")) {
        (None, None) => Ok(WhatFailed::Anything),
        (Some(release), None) => Ok(WhatFailed::Build(SoftwareReleaseUri::parse(
            "release",
            release.text()?,
        )?)),
        (None, Some(partition)) => Ok(WhatFailed::Instance(PartitionReference::parse(
            "partition",
            partition.text()?,
        )?)),
        (Some(_), Some(partition)) => Err(partition
            .refused("stands beside `release`, one of the two was expected")
            .into()),
    }
}

async fn answer(
    master: &Master,
    status: StatusCode,
    reference: &ComputerReference,
) -> Result<Response, Problem> {
    let (view, work) = master.listed_computer(reference).await?;
    Ok(render::json(status, &shown_one(&view, work.as_ref())))
}

fn not_simulated(reference: ComputerReference) -> Problem {
    MasterError::from(Missing::Simulation(reference)).into()
}
