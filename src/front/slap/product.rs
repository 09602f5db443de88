//! `getSoftwareReleaseListFromSoftwareProduct`.

use axum::response::Response;

use crate::{
    domain::{
        identifier::{ProductReference, ProjectReference, SoftwareReleaseUri},
        product::ProductQuery,
        text::InvalidValue,
    },
    xml::marshal::{self, Value},
};

use super::{
    Call, answer,
    error::{Answered, CallKind, SlapError},
};

/// `GET /getSoftwareReleaseListFromSoftwareProduct`: the releases of a product, newest first;
/// the product is named by its reference or by one of its releases.
///
/// Unknown product: an empty list. Unknown release or project: 404. Source: `slap.md` 5.21.
pub(super) async fn release_list(call: &Call) -> Result<Response, SlapError> {
    const PRODUCT: &str = "software_product_reference";
    const RELEASE: &str = "software_release_url";
    let product = call.form.not_empty(PRODUCT)?;
    let release = call.form.not_empty(RELEASE)?;
    let query = match (product, release) {
        (Some(product), None) => ProductQuery::Product(ProductReference::parse(PRODUCT, product)?),
        (None, Some(release)) => {
            ProductQuery::Release(SoftwareReleaseUri::parse(RELEASE, release)?)
        }
        (None, None) => {
            let reason = format!("is missing, it or `{RELEASE}` was expected");
            return Err(InvalidValue::new(PRODUCT, reason).into());
        }
        (Some(_), Some(_)) => {
            let reason = format!("was sent with `{RELEASE}`, one of the two was expected");
            return Err(InvalidValue::new(PRODUCT, reason).into());
        }
    };
    let project = call
        .form
        .not_empty("project_reference")?
        .map(|project| ProjectReference::parse("project_reference", project))
        .transpose()?;
    let releases = call
        .master
        .product_releases(&call.calling.of_itself(), project, query)
        .await
        .answered(CallKind::ProductRead, &call.master)?;
    let list = Value::list(releases.iter().map(SoftwareReleaseUri::as_str));
    Ok(answer::xml(marshal::write(&list)))
}
