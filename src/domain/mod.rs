//! The model of a SlapOS master: identifiers, states and rules, as plain values and functions.
//!
//! What is decided here is decided once, for every dialect. The room knows no SQL, no HTTP, no
//! XML or JSON shape and reads no clock: "now" is always an argument. Start with
//! [`request::RequestInstance`], the protocol's central verb, and [`behaviour::Behaviour`], the
//! named switches by which masters differ.

pub mod allocation;
pub mod behaviour;
pub mod call;
pub mod caller;
pub mod certificate;
pub mod computer;
pub mod difference;
pub mod document;
pub mod event;
pub mod forest;
pub mod forwarding;
pub mod given;
pub mod guid;
pub mod identifier;
pub mod instance;
pub mod local_release;
pub mod natural;
pub mod news;
pub mod parameters;
pub mod permission;
pub mod product;
pub mod record;
pub mod request;
pub mod request_id;
pub mod search;
pub mod secret;
pub mod seed;
pub mod software;
pub mod standing;
pub mod state;
pub mod status;
pub mod text;
pub mod time;
pub mod token;
pub mod usage;
