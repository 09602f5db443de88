//! The classic protocol, a file a call: every call with its main outcomes, as clients see them.
//!
//! Snapshots show status, headers and body. What a call *does* is mostly shown by what the next
//! one answers; the rules themselves are tested where they are decided.

mod addresses;
mod bang;
mod certificate;
mod connection;
mod fake_frontend;
mod format;
mod information;
mod input;
mod partition;
mod product;
mod register;
mod related;
mod rename;
mod report;
mod request;
mod server;
mod software;
mod status;
mod supply;
mod surface;
mod switches;
mod usage;
