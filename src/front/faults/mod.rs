//! Fault rules at work: what a dialect's calls look like to them, and what they do to answers.
//!
//! [`around`] stands before every call in the tables of routes; a dialect tells by its [`Forms`]
//! what its calls name and how it says "no". Where there is no rule, a call is passed on after one
//! look at a flag. The control surface does not ask: no rule can keep anybody from removing it.

mod describe;
mod effect;

use axum::{
    body::{Bytes, to_bytes},
    extract::Request,
    http::{HeaderValue, StatusCode, request::Parts},
    response::Response,
};

use crate::{
    domain::{call::Dialect, instance::InstanceName},
    mock::faults::{Decision, Judgement, Replacement, RuleName, When},
};

use super::{AppState, log::InterferenceKind::Answered};

/// What a dialect tells of its calls and of its answers.
#[derive(Debug)]
pub(super) struct Forms {
    /// Which it is.
    pub(super) dialect: Dialect,
    /// What a call of this name names, as far as it can be read.
    pub(super) named: fn(&str, &Parts, &Bytes) -> Named,
    /// "Not ready".
    pub(super) not_ready: fn() -> Response,
    /// A refusal with this status and sentence.
    pub(super) refusal: fn(StatusCode, &str) -> Response,
    /// The type of a body that a rule gives without saying what it is.
    pub(super) content_type: HeaderValue,
}

/// What a call names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// A computer.
    pub(super) computer: Option<String>,
    /// A partition.
    pub(super) partition: Option<String>,
    /// The title of the instance that it is about.
    pub(super) title: Option<String>,
    /// The instance that it is about, where it does not name its title.
    pub(super) instance: Option<InstanceName>,
    /// Whether it is the computer that calls, where nobody proves anything (`semantics.md` 10.5).
    pub(super) by_computer: bool,
}

/// Carries out a call of this name by `pass`, or not, as the fault rules of the world say.
pub(super) async fn around<F>(
    forms: &'static Forms,
    call: &'static str,
    app: AppState,
    request: Request,
    pass: impl FnOnce(AppState, Request) -> F + Send,
) -> Response
where
    F: Future<Output = Response> + Send,
{
    if app.master.faults().is_empty() {
        return pass(app, request).await;
    }
    // Boxed, so that it takes no room in a call without rules.
    Box::pin(judged(forms, call, app, request, pass)).await
}

async fn judged<F>(
    forms: &Forms,
    call: &'static str,
    app: AppState,
    request: Request,
    pass: impl FnOnce(AppState, Request) -> F + Send,
) -> Response
where
    F: Future<Output = Response> + Send,
{
    let app = &app;
    let pass = |request| pass(app.clone(), request);
    let faults = app.master.faults();
    let now = || app.master.clock().now();
    let dialect = forms.dialect;
    let Some(interest) = faults.interest(dialect, call, now()) else {
        return pass(request).await;
    };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        let sentence = "The body cannot be read to its end.";
        return (forms.refusal)(StatusCode::BAD_REQUEST, sentence);
    };
    let asked = describe::Asked {
        app,
        forms,
        call,
        parts: &parts,
        body: &body,
    };
    let description = asked.described(interest).await;
    let Judgement {
        decision,
        is_remembered,
    } = faults.judge(&description, now());
    let facts = asked.facts(&description);
    let request = Request::from_parts(parts, body.into());
    let carry_out = async |rule: Option<&RuleName>| {
        let response = pass(request).await;
        if !is_remembered {
            return response;
        }
        let (response, told) = effect::told(response).await;
        let before = faults.told(description.content, told, rule, now());
        match (before, rule) {
            (Some(before), Some(rule)) => {
                effect::marked(effect::answer_of(before, response), rule, Answered)
            }
            _ => response,
        }
    };
    let Some(Decision {
        rule,
        when,
        delay,
        answer,
    }) = decision
    else {
        return carry_out(None).await;
    };
    match (when, answer) {
        (When::Before, None) => {
            tokio::time::sleep(delay).await;
            effect::marked(carry_out(None).await, &rule, Answered)
        }
        (When::Before, Some(answer)) => {
            tokio::time::sleep(delay).await;
            let mut nothing = Response::default();
            nothing.extensions_mut().insert(facts);
            effect::replaced(forms, &rule, &answer, nothing).await
        }
        (When::After, Some(Replacement::Stale)) => {
            let response = carry_out(Some(&rule)).await;
            tokio::time::sleep(delay).await;
            response
        }
        (When::After, answer) => {
            let response = carry_out(None).await;
            tokio::time::sleep(delay).await;
            match answer {
                None => effect::marked(response, &rule, Answered),
                Some(answer) => effect::replaced(forms, &rule, &answer, response).await,
            }
        }
    }
}
