//! What the switches change for a client, each value of each (`semantics.md` appendix C).
//!
//! A switch that decides how one call is answered is shown with that call; here are those whose
//! effect is seen over several.

mod allocation;
mod life;
mod looks;
mod requests;
