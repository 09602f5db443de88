//! Certificates: what was issued, issuing more, and revoking.

use axum::{
    extract::{Path, rejection::PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};

use crate::{
    domain::{
        certificate::{CertificateSerial, CertificateStatus, CertificateSubject},
        identifier::{ComputerReference, InstanceReference, UserReference},
        text::{InvalidValue, nearest},
    },
    front::State,
    master::{CertificateFilter, CertificateView, Master, Revoke},
};

use super::{
    openapi::{Answer, Body, Key, Kind, Operation, may, need},
    problem::Problem,
    read::{Object, Query},
    render::{self, time},
};

/// Whose a certificate can be: a key each.
const SUBJECTS: [&str; 3] = ["computer", "instance", "user"];
const STATUSES: [CertificateStatus; 4] = [
    CertificateStatus::Valid,
    CertificateStatus::NotYetValid,
    CertificateStatus::Expired,
    CertificateStatus::Revoked,
];
const STATUS: Kind = Kind::Word(&[
    CertificateStatus::Valid.as_str(),
    CertificateStatus::NotYetValid.as_str(),
    CertificateStatus::Expired.as_str(),
    CertificateStatus::Revoked.as_str(),
]);
/// Whose a new certificate is.
const OWNER: &[Key] = &[
    may("computer", Kind::Text),
    may("instance", Kind::Text),
    may("user", Kind::Text),
];
/// What is told of a certificate.
const SHOWN: &[Key] = &[
    need("serial", Kind::Text),
    need("kind", Kind::Word(&SUBJECTS)),
    need("common_name", Kind::Text),
    need("status", STATUS),
    need("not_before", Kind::Time),
    need("not_after", Kind::Time),
    need("issued_at", Kind::Time),
    need("revoked_at", Kind::TimeOrNull),
];

/// `GET /_mock/v1/certificates`.
pub(super) static LIST: Operation = Operation {
    summary: "What was issued, oldest first",
    query: &[
        may("computer", Kind::Text),
        may("instance", Kind::Text),
        may("user", Kind::Text),
        may("status", STATUS),
    ],
    body: Body::None,
    answer: Answer::Json(
        StatusCode::OK,
        &[&[need("certificates", Kind::List(SHOWN))]],
    ),
};
/// `GET /_mock/v1/certificates/{serial}`.
pub(super) static ONE: Operation = Operation::read(
    "One certificate",
    Answer::Json(StatusCode::OK, &[SHOWN, &[need("pem", Kind::Text)]]),
);
/// `POST /_mock/v1/certificates`.
pub(super) static ISSUE: Operation = Operation {
    summary: "Issue a certificate; its key is told once",
    query: &[],
    body: Body::OneOf(OWNER),
    answer: Answer::Json(
        StatusCode::CREATED,
        &[&[
            need("serial", Kind::Text),
            need("kind", Kind::Word(&SUBJECTS)),
            need("common_name", Kind::Text),
            need("not_before", Kind::Time),
            need("not_after", Kind::Time),
            need("certificate", Kind::Text),
            need("key", Kind::Text),
        ]],
    ),
};
/// What is revoked: a certificate, or all of someone.
const REVOKED: &[Key] = &[
    may("serial", Kind::Text),
    may("computer", Kind::Text),
    may("instance", Kind::Text),
    may("user", Kind::Text),
];
/// `POST /_mock/v1/certificates/revoke`.
pub(super) static REVOKE: Operation = Operation {
    summary: "Revoke a certificate, or all of someone",
    query: &[],
    body: Body::OneOf(REVOKED),
    answer: Answer::Json(StatusCode::OK, &[&[need("revoked", Kind::List(SHOWN))]]),
};

/// `GET /_mock/v1/certificates?computer=…|instance=…|user=…&status=…`: what was issued, oldest
/// first; `{"certificates": […]}`.
pub(super) async fn list(State(master): State<Master>, query: Query) -> Result<Response, Problem> {
    query.only(LIST.query)?;
    let subject = subject(|key| query.text(key))?;
    let filter = CertificateFilter {
        kind: subject.as_ref().map(CertificateSubject::kind),
        subject: subject.map(|subject| subject.reference().to_owned()),
        status: query.text("status")?.map(status).transpose()?,
    };
    let found = master.certificates(&filter).await?;
    let certificates: Vec<Value> = found.iter().map(shown).collect();
    let answer = json!({ "certificates": certificates });
    Ok(render::json(StatusCode::OK, &answer))
}

/// `GET /_mock/v1/certificates/{serial}`: one certificate, with its PEM text. Unknown: 404.
pub(super) async fn one(
    State(master): State<Master>,
    serial: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(serial) = serial.map_err(|_| InvalidValue::new("serial", "is not UTF-8"))?;
    let serial = CertificateSerial::parse("serial", &serial)?;
    let found = master
        .certificate(&serial)
        .await?
        .ok_or_else(|| unknown(&serial))?;
    let mut answer = shown(&found);
    if let Value::Object(members) = &mut answer {
        members.insert("pem".to_owned(), found.pem.into());
    }
    Ok(render::json(StatusCode::OK, &answer))
}

/// `POST /_mock/v1/certificates` with `{"computer": "COMP-1"}`, `{"instance": …}` or
/// `{"user": …}`: 201, a new certificate and its key, which is not told again.
///
/// Unknown subject: 404. A computer or an instance that has a valid one: 409.
pub(super) async fn issue(
    State(master): State<Master>,
    object: Object,
) -> Result<Response, Problem> {
    object.only(OWNER)?;
    let subject = subject(|key| object.text(key))?.ok_or_else(|| nobody(OWNER))?;
    let issued = master.issue_certificate(subject.clone()).await?;
    let certificate = match &subject {
        CertificateSubject::Computer(_) => issued.certificate_with_text(),
        CertificateSubject::Instance(_) | CertificateSubject::User(_) => {
            issued.certificate_pem.clone()
        }
    };
    let answer = json!({
        "serial": issued.serial.as_str(),
        "kind": subject.kind().as_str(),
        "common_name": issued.common_name,
        "not_before": time(issued.validity.not_before),
        "not_after": time(issued.validity.not_after),
        "certificate": certificate,
        "key": issued.key_pem.expose(),
    });
    let mut response = render::json(StatusCode::CREATED, &answer);
    let location = format!("/_mock/v1/certificates/{}", issued.serial);
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `POST /_mock/v1/certificates/revoke` with `{"serial": …}` or a subject: what is revoked by it,
/// `{"revoked": […]}`. Again: nothing more happens. Unknown: 404.
pub(super) async fn revoke(
    State(master): State<Master>,
    object: Object,
) -> Result<Response, Problem> {
    object.only(REVOKED)?;
    let subject = subject(|key| object.text(key))?;
    let serial = object.text("serial")?;
    let which = match (serial, subject) {
        (Some(serial), None) => Revoke::Serial(CertificateSerial::parse("serial", serial)?),
        (None, Some(subject)) => Revoke::Subject(subject),
        (None, None) => return Err(nobody(REVOKED).into()),
        (Some(_), Some(subject)) => return Err(too_many("serial", subject.kind().as_str()).into()),
    };
    let revoked = master.revoke_certificates(which.clone()).await?;
    if let Revoke::Serial(serial) = which
        && revoked.is_empty()
    {
        return Err(unknown(&serial));
    }
    let revoked: Vec<Value> = revoked.iter().map(shown).collect();
    Ok(render::json(StatusCode::OK, &json!({ "revoked": revoked })))
}

fn unknown(serial: &CertificateSerial) -> Problem {
    let detail = format!("certificate `{serial}` is not known");
    Problem::new(StatusCode::NOT_FOUND, detail)
}

/// The one subject among the values of the keys, if there is one.
fn subject<'v>(
    value: impl Fn(&'static str) -> Result<Option<&'v str>, InvalidValue>,
) -> Result<Option<CertificateSubject>, InvalidValue> {
    let mut found: Option<CertificateSubject> = None;
    for key in SUBJECTS {
        let Some(text) = value(key)? else { continue };
        if let Some(first) = found {
            return Err(too_many(first.kind().as_str(), key));
        }
        found = Some(match key {
            "computer" => CertificateSubject::Computer(ComputerReference::parse(key, text)?),
            "instance" => CertificateSubject::Instance(InstanceReference::parse(key, text)?),
            _ => CertificateSubject::User(UserReference::parse(key, text)?),
        });
    }
    Ok(found)
}

fn nobody(keys: &[Key]) -> InvalidValue {
    let keys: Vec<&str> = keys.iter().map(|key| key.name).collect();
    let expected = format!("names nothing, one of `{}` was expected", keys.join("`, `"));
    InvalidValue::new("body", expected)
}

fn too_many(first: &str, second: &str) -> InvalidValue {
    let reason = format!("was given with `{first}`, one of the two was expected");
    InvalidValue::new(second, reason)
}

/// Reads a status as it is shown; a query may write `_` for its spaces.
fn status(text: &str) -> Result<CertificateStatus, InvalidValue> {
    let words = STATUSES.map(CertificateStatus::as_str);
    let found = text.replace('_', " ");
    STATUSES
        .into_iter()
        .find(|status| status.as_str() == found)
        .ok_or_else(|| {
            let suggestion = nearest(&found, words.into_iter())
                .map_or_else(String::new, |near| format!(", perhaps `{near}` was meant"));
            let expected = words.join("`, `");
            let reason = format!("is `{text}`{suggestion}; expected was one of `{expected}`");
            InvalidValue::new("status", reason)
        })
}

/// What is told of a certificate; its text is long, and told for one alone.
fn shown(view: &CertificateView) -> Value {
    json!({
        "serial": view.serial.as_str(),
        "kind": view.kind.as_str(),
        "common_name": view.common_name,
        "status": view.status.as_str(),
        "not_before": time(view.validity.not_before),
        "not_after": time(view.validity.not_after),
        "issued_at": time(view.issued_at),
        "revoked_at": view.revoked_at.map(time),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_as_it_is_shown() {
        assert_eq!(status("valid"), Ok(CertificateStatus::Valid));
        assert_eq!(status("not yet valid"), Ok(CertificateStatus::NotYetValid));
        assert_eq!(status("not_yet_valid"), Ok(CertificateStatus::NotYetValid));
        assert_eq!(
            status("revokd").unwrap_err().to_string(),
            "`status`: is `revokd`, perhaps `revoked` was meant; expected was one of `valid`, \
             `not yet valid`, `expired`, `revoked`"
        );
    }
}
