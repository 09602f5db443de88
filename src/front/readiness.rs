//! Whether a world holds what it is to start with, and the wait for that.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{http::Request, response::Response};
use tokio::sync::Notify;
use tower::{Service, service_fn};

/// Set once, when the fixtures are in. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    ready: AtomicBool,
    reached: Notify,
}

impl Readiness {
    /// From now on, ready.
    pub fn set(&self) {
        self.0.ready.store(true, Ordering::Release);
        self.0.reached.notify_waiters();
    }

    /// Whether it was set.
    pub fn is_set(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }

    /// Returns once it is set.
    pub async fn wait(&self) {
        loop {
            let reached = self.0.reached.notified();
            if self.is_set() {
                return;
            }
            reached.await;
        }
    }
}

/// `inner`, whose calls wait until the world is ready, so that nobody ever sees or changes half a
/// fixture. Health, which is asked meanwhile, answers at once.
pub fn held_until_ready<S, B>(
    inner: S,
    readiness: Readiness,
) -> impl Service<Request<B>, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static
where
    S: Service<Request<B>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    B: Send + 'static,
{
    service_fn(move |request: Request<B>| {
        let mut inner = inner.clone();
        let readiness = readiness.clone();
        async move {
            if !readiness.is_set() && !request.uri().path().starts_with("/_mock/health/") {
                readiness.wait().await;
            }
            inner.call(request).await
        }
    })
}
