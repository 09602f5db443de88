//! How slapmaster behaves as a process: what it announces, how it ends, what it takes.

mod exit;
mod health;
mod logs;
mod settings;
mod start;
mod temporary;
