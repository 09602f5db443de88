//! The control surface: certificates, tokens, its description, and how its calls are refused.

mod certificates;
mod fixture;
mod journal;
mod metrics;
mod openapi;
mod surface;
mod tokens;
mod trees;
