//! The root document, from which clients take every link.

use axum::response::Response;
use serde_json::{Value, json};

use crate::{
    domain::certificate::CertificateSubject,
    front::document::{computer_path, instance_path, user_path},
};

use super::{Call, accept::HAL, document, links};

/// `GET …` without a mode or with `mode=root`.
///
/// Quirk: every link begins with the URL by which the client asked, because `slapos computer
/// token` of slapos.core 1.26.1 fails unless `self` begins with the URL in its configuration.
/// Source: `hateoas.md` A.3.
pub(super) fn root(call: &Call) -> Response {
    document(HAL, &root_document(call))
}

fn root_document(call: &Call) -> Value {
    let me = match &call.who {
        CertificateSubject::User(reference) => user_path(reference),
        CertificateSubject::Computer(reference) => computer_path(reference),
        CertificateSubject::Instance(reference) => instance_path(reference),
    };
    let mode = |mode: &str| call.mode_url(Some(&format!("mode={mode}")));
    let mut links = links(&call.root);
    links.extend([
        (
            "raw_search".to_owned(),
            json!({
                "href": mode("search{&query,select_list*,limit*,group_by*,sort_on*,local_roles*,selection_domain*}"),
                "name": "Raw Search",
                "templated": true,
            }),
        ),
        (
            "traverse".to_owned(),
            json!({
                "href": mode("traverse{&relative_url,view}"),
                "name": "Traverse",
                "templated": true,
            }),
        ),
        ("me".to_owned(), json!({ "href": format!("urn:jio:get:{me}") })),
    ]);
    json!({
        "_debug": "root",
        "title": "SlapOS Hateoas",
        "default_view": "view",
        "_links": links,
        "_actions": {
            "add": { "href": mode("newContent"), "method": "POST", "name": "New Content" },
            "bulk": { "href": mode("bulk"), "method": "POST", "name": "Bulk" },
        },
    })
}
