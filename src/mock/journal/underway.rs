//! Which request is under way, for what happens because of it.
//!
//! Operations know nothing of requests, and most have no other business with one; so this goes
//! with the task that answers, not through their arguments.

use crate::domain::request_id::RequestId;

tokio::task_local! {
    static REQUEST: Option<RequestId>;
}

/// Answers a request: what happens meanwhile is noted under its id.
pub fn of_request<F: Future>(id: Option<RequestId>, answer: F) -> impl Future<Output = F::Output> {
    REQUEST.scope(id, answer)
}

/// The request under way in this task.
pub fn request() -> Option<RequestId> {
    REQUEST.try_with(|id| *id).ok().flatten()
}
