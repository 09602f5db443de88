//! The dialects of a SlapOS master, side by side, and the wire formats that they share.
//!
//! A front translates: who is calling, the wire into a command, the outcome back into the wire.
//! It decides nothing; rules are in `domain`, operations in `master`.

pub mod xml;
