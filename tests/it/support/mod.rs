//! What the integration tests share.

pub(crate) mod certificates;
pub(crate) mod http;
pub(crate) mod master;
pub(crate) mod process;
pub(crate) mod python;
pub(crate) mod tls;
pub(crate) mod world;
