//! `updateComputerPartitionRelatedInstanceList`.

use axum::{http::StatusCode, response::Response};

use crate::domain::text::InvalidValue;

use super::{Call, answer, error::SlapError};

/// `POST /updateComputerPartitionRelatedInstanceList`: which instances a partition requested
/// during its last run.
///
/// Empty, and without effect: production switched it off and checks no right, but slapgrid fails
/// the partition on anything except success and 404. Source: `slap.md` 5.10.
pub(super) async fn update_related_instances(call: &Call) -> Result<Response, SlapError> {
    const FIELD: &str = "instance_reference_xml";
    call.admitted().await?;
    call.form.partition()?;
    let value = call.form.required_value(FIELD)?;
    let is_list_of_text = value
        .as_list()
        .is_some_and(|items| items.iter().all(|item| item.as_text().is_some()));
    if !is_list_of_text {
        let reason = format!("is {}, a list of texts was expected", value.kind());
        return Err(InvalidValue::new(FIELD, reason).into());
    }
    Ok(answer::plain(StatusCode::OK, ""))
}
