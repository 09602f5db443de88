//! `registerComputerPartition`.

use axum::response::Response;
use bytes::Bytes;

use super::{
    Call,
    answer::{self, MaxAge},
    cache::Page,
    error::{Answered, CallKind, SlapError},
    render,
};

/// `GET /registerComputerPartition`: what one partition is told.
///
/// Here the parameters are called `computer_reference` and `computer_partition_reference`.
/// Unknown computer or partition: 404 (C.66, C.67). Source: `slap.md` 5.2.
pub(super) async fn register(call: &Call) -> Result<Response, SlapError> {
    let at = call
        .form
        .partition_at("computer_reference", "computer_partition_reference")?;
    call.master
        .admit_to_partition(&call.calling.of_itself(), &at)
        .await
        .answered(CallKind::PartitionRead, &call.master)?;
    let computer = call.form.required("computer_reference")?;
    let partition = call.form.required("computer_partition_reference")?;
    let revision = call.master.revision(computer);
    let page = Page::Partition(partition);
    let body = if let Some(body) = call.state.page(computer, revision, page) {
        body
    } else {
        let view = call
            .master
            .partition_information(&at)
            .await
            .answered(CallKind::PartitionRead, &call.master)?;
        let body = Bytes::from(render::partition(&view, call.style()));
        call.state.keep_page(computer, revision, page, body.clone());
        body
    };
    let modified = call.last_modified();
    Ok(answer::cacheable_xml(body, MaxAge::OneSecond, modified))
}
