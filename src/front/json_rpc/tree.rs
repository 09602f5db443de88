//! Instance trees.

use axum::response::Response;
use serde_json::json;

use crate::domain::{behaviour::JsonRpcWords, identifier::Title, state::InstanceKind};

use super::{
    Call, answer,
    error::{Answered as _, CallKind, JsonRpcError},
    render,
};

/// `get.v0.instance_tree`: the root instance of the caller's tree of this title.
///
/// No such tree: 403 `INSTANCE-TREE-NOT-FOUND`; one without a root: the not-ready body. Source:
/// `json-rpc.md` 5.11.
pub(super) async fn root(call: &Call) -> Result<Response, JsonRpcError> {
    let title = Title::trusted(call.arguments.text("title").to_owned());
    let root = call
        .master
        .tree_root(&call.calling.of_itself(), &title)
        .await
        .answered(CallKind::Tree, &call.master)?;
    Ok(match root {
        Some(view) => answer::result(&render::instance(&view, call.style())),
        None => answer::not_ready(),
    })
}

/// `allDocs.v0.instance_tree_list`: the titles of the caller's trees, in their order; slapproxy
/// tells shared ones after the others (C.89). Source: `json-rpc.md` 5.10.
pub(super) async fn list(call: &Call) -> Result<Response, JsonRpcError> {
    let mut trees = call
        .master
        .trees(&call.calling.of_itself())
        .await
        .answered(CallKind::Server, &call.master)?;
    match call.behaviour().json_rpc_words {
        JsonRpcWords::Production => {}
        JsonRpcWords::Proxy => trees.sort_by_key(|(kind, _)| *kind == InstanceKind::Shared),
    }
    let rows = trees
        .iter()
        .map(|(_, title)| json!({ "title": title.as_str() }));
    Ok(answer::list(rows))
}
