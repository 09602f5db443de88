//! Who may do what: every route by every kind of caller, in certificate mode
//! (`semantics.md` 10).
//!
//! Whoever is refused must have changed nothing; whoever is let in gets a world of their own, so
//! that no case depends on another. A route without a row fails
//! [`every_route_has_a_row`]: add the row, do not add to the list of exceptions.

mod cast;
mod json_rpc;
mod rows;
mod rules;

use std::collections::BTreeSet;

use slapmaster::front;

use self::{
    cast::{CALLERS, Caller, Cast},
    rows::{Row, rows},
};

/// Routes that have no row yet: this list may only shrink.
const MISSING: &[(&str, &str)] = &[];

#[test]
fn every_route_has_a_row() {
    let routes = front::slap::ROUTES
        .iter()
        .chain(front::json_rpc::ROUTES)
        .chain(front::web::ROUTES)
        .chain(front::hateoas::ROUTES)
        .chain(front::control::ROUTES);
    let asked: BTreeSet<(String, String)> = rows()
        .iter()
        .map(|row| (row.method.to_string(), row.route.to_owned()))
        .collect();
    let missing: Vec<(String, String)> = routes
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .filter(|route| !asked.contains(route))
        .collect();
    let missing: Vec<(&str, &str)> = missing
        .iter()
        .map(|(method, path)| (method.as_str(), path.as_str()))
        .collect();
    assert_eq!(
        missing, MISSING,
        "a route without a row of expected answers: say in rows.rs who may call it"
    );
}

#[tokio::test]
async fn every_route_answers_every_kind_of_caller_as_the_table_says() {
    let rows = rows();
    let mut wrong = Vec::new();
    let mut cases = 0;
    let refusing = Cast::new().await;
    for row in &rows {
        for caller in CALLERS {
            cases += 1;
            let expected = row.expected(*caller);
            let answer = if Row::is_refusal(expected) {
                let before = refusing.master.dump().await;
                let answer = refusing.call(row, *caller).await;
                if refusing.master.dump().await != before {
                    wrong.push(format!("{} as {caller:?} changed something", row.name));
                }
                answer
            } else {
                Cast::new().await.call(row, *caller).await
            };
            if answer.status != expected {
                wrong.push(format!(
                    "{} as {caller:?}: expected {expected}, got {}: {}",
                    row.name,
                    answer.status,
                    answer.body.lines().next().unwrap_or_default()
                ));
            }
        }
    }
    assert_eq!(cases, rows.len() * CALLERS.len());
    println!(
        "{cases} cases: {} rows by {} callers",
        rows.len(),
        CALLERS.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn an_open_listener_is_open_to_everybody() {
    for row in &rows() {
        let cast = Cast::new().await;
        let answer = cast.call_openly(row).await;
        let refused = [401, 403].contains(&answer.status.as_u16());
        assert_eq!(
            refused,
            row.is_refused_openly(),
            "{}: {}",
            row.name,
            answer.body
        );
    }
}

#[tokio::test]
async fn a_refusal_says_what_is_wrong_with_the_credential() {
    let cast = Cast::new().await;
    let rows = rows();
    let row = rows
        .iter()
        .find(|row| row.name == "computer status")
        .unwrap();
    for (caller, words) in [
        (Caller::Nobody, "no client certificate"),
        (Caller::Garbage, "not issued by this master"),
        (Caller::OtherAuthority, "not issued by this master"),
        (Caller::Expired, "expired"),
        (Caller::Revoked, "revoked"),
        (
            Caller::OtherComputer,
            "computer `COMP-2` may not read computer `COMP-1`",
        ),
    ] {
        let answer = cast.call(row, caller).await.expect(401);
        assert!(answer.body.contains(words), "{caller:?}: {}", answer.body);
    }
}
