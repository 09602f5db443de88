//! The root document, from which clients take every link.

use axum::response::Response;
use serde_json::{Value, json};

use crate::{
    domain::certificate::CertificateSubject,
    front::document::{computer_path, instance_path, user_path},
};

use super::{Call, accept::HAL, document, error::HateoasError};

/// `GET /hateoas`, `/hateoas/` and `/hateoas/ERP5Document_getHateoas` without a mode or with
/// `mode=root`.
///
/// Quirk: every link begins with the URL by which the client asked, because `slapos computer
/// token` of slapos.core 1.26.1 fails unless `self` begins with the URL in its configuration
/// (`hateoas.md` A.3). The modes `search` and `traverse` are not served: 501. Source:
/// `hateoas.md` A.3, A.7.
pub(super) async fn root(call: &Call) -> Result<Response, HateoasError> {
    if !call.takes_hal {
        return Err(HateoasError::NotAcceptable);
    }
    match call.query.not_empty("mode")? {
        None | Some("root") => Ok(document(HAL, &links(call))),
        Some(mode @ ("search" | "traverse")) => Err(HateoasError::NotServed(mode.to_owned())),
        Some(mode) => Err(HateoasError::UnknownMode(mode.to_owned())),
    }
}

fn links(call: &Call) -> Value {
    let me = match &call.who {
        CertificateSubject::User(reference) => user_path(reference),
        CertificateSubject::Computer(reference) => computer_path(reference),
        CertificateSubject::Instance(reference) => instance_path(reference),
    };
    let mode = |mode: &str| format!("{}/ERP5Document_getHateoas?mode={mode}", call.root);
    json!({
        "_debug": "root",
        "title": "SlapOS Hateoas",
        "default_view": "view",
        "_links": {
            "self": { "href": call.root },
            "site_root": {
                "href": "urn:jio:get:web_site_module/hateoas",
                "name": "SlapOS Hateoas",
            },
            "portal": { "href": "urn:jio:get:erp5", "name": "Mock master" },
            "raw_search": {
                "href": mode("search{&query,select_list*,limit*,group_by*,sort_on*,local_roles*,selection_domain*}"),
                "name": "Raw Search",
                "templated": true,
            },
            "traverse": {
                "href": mode("traverse{&relative_url,view}"),
                "name": "Traverse",
                "templated": true,
            },
            "me": { "href": format!("urn:jio:get:{me}") },
        },
        "_actions": {
            "add": { "href": mode("newContent"), "method": "POST", "name": "New Content" },
            "bulk": { "href": mode("bulk"), "method": "POST", "name": "Bulk" },
        },
    })
}
