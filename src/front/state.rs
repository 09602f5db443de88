//! What handlers work with, and how they get it.
//!
//! A handler takes its world from the request, so that one router serves any number of worlds:
//! whoever passes a request on to the router says by [`Served`] which world it is for. Start with
//! [`State`].

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{StatusCode, request::Parts},
};

use crate::{domain::secret::Secret, master::Master};

use super::{
    address::PublicAddress, auth::Access, forward::Forwarder, json_rpc::JsonRpcState,
    readiness::Readiness, slap::SlapState, worlds::Seat,
};

/// One world as it is served.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The world that is served.
    pub master: Master,
    /// Whether the world holds its fixtures yet.
    pub readiness: Readiness,
    /// How the listener learns who is calling.
    pub access: Access,
    /// What a caller of the control surface has to know; without it, nothing.
    pub control_token: Option<Secret>,
    /// What absolute URLs in answers begin with.
    pub address: PublicAddress,
    /// What the classic dialect keeps rendered of the world.
    pub slap: SlapState,
    /// What the JSON-RPC dialect keeps rendered of the world.
    pub json_rpc: JsonRpcState,
    /// Carries requests to other masters.
    pub forwarder: Forwarder,
}

impl AppState {
    /// The state of a world that is not ready yet, on an open listener of plain HTTP, with a
    /// control surface for everybody. Whoever needs another sets the fields.
    pub fn new(master: Master) -> Self {
        Self {
            master,
            readiness: Readiness::default(),
            access: Access::default(),
            control_token: None,
            address: PublicAddress::default(),
            slap: SlapState::default(),
            json_rpc: JsonRpcState::default(),
            forwarder: Forwarder::default(),
        }
    }
}

impl FromRef<AppState> for Master {
    fn from_ref(state: &AppState) -> Self {
        state.master.clone()
    }
}

impl FromRef<AppState> for Readiness {
    fn from_ref(state: &AppState) -> Self {
        state.readiness.clone()
    }
}

impl FromRef<AppState> for PublicAddress {
    fn from_ref(state: &AppState) -> Self {
        state.address.clone()
    }
}

/// The world that a request is for; an extension of each request that reaches a handler.
#[derive(Debug, Clone)]
pub(super) struct Served {
    /// The world as it is when the request comes, which is what it is answered from.
    pub(super) state: Arc<AppState>,
    /// Its seat, which may hold another moment of it before the request is answered.
    pub(super) seat: Arc<Seat>,
}

/// The part `T` of the state of the world that a request is for.
#[derive(Debug)]
pub(super) struct State<T>(pub(super) T);

impl<S: Sync, T: FromRef<AppState>> FromRequestParts<S> for State<T> {
    /// A request that was passed on without its world; no client can cause that.
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let Some(Served { state, .. }) = parts.extensions.get() else {
            tracing::error!("a request reached a handler without its world");
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        };
        Ok(Self(T::from_ref(state)))
    }
}
