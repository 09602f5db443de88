//! `getHostingSubscriptionIpList`.

use axum::response::Response;

use super::{
    Call,
    answer::{self, MaxAge},
    error::{Answered, CallKind, SlapError},
    render,
};

/// `GET /getHostingSubscriptionIpList`: every address of every instance of the tree, as pairs;
/// slapgrid's firewall lets them through.
///
/// Empty when the asking instance is to be destroyed; nothing on the partition: 404. Source:
/// `slap.md` 5.18.
pub(super) async fn tree_addresses(call: &Call) -> Result<Response, SlapError> {
    let at = call.form.partition()?;
    let addresses = call
        .master
        .tree_addresses(&call.calling.about_instance(), &at)
        .await
        .answered(CallKind::TreeRead, &call.master)?;
    let body = render::address_pairs(&addresses);
    let modified = call.last_modified();
    Ok(answer::cacheable_xml(body, MaxAge::OneSecond, modified))
}
