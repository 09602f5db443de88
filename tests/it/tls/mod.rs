//! https listeners: the room `net` with limits of a test's own, and the process as users run it.

mod certificates;
mod clients;
mod handshakes;
mod process;
mod server;
